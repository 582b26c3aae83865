"""A bounded buffer between those who produce beside a generator and the one who reads it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from typing import Generic, TypeVar

import anyio
import anyio.lowlevel

from ._closing import in_trio

__all__ = ["Pipe", "TaskWaiter", "_Closed", "helper_context"]

T = TypeVar("T")


class _Closed(BaseException):
    """Raised in a worker thread whose output nobody reads any more: it is cancelled by this."""


class Pipe(Generic[T]):
    """A buffer that tasks and threads fill and one task of the loop it was made on empties.

    Or, with `in_thread`, one thread, which waits by `ready_in_thread`.

    The reader's loop, written out where every microsecond counts:

        while pipe.items or await pipe.ready():
            item = pipe.items.popleft()
            if pipe.full and len(pipe.items) == pipe.low:
                pipe.let_writers_go_on()

    `put` never blocks and never loses an item: the limit is kept by those who wait for `room`
    (tasks) or `room_in_thread` (worker threads) while it is `full`. Waking another task costs
    microseconds, so it is only done when somebody waits, and a writer that was held back goes on
    when half is read.

    Attributes:
        items: What was put and not yet taken.
        full: Whether a writer should ask for room before it puts more; so it should in a closed
            one, where that lets it be cancelled.
        closed: Whether nothing more will come, or nobody reads any more.
        low: With how many items left a pipe that was full has room again.
    """

    __slots__ = (
        "_limit",
        "_lock",
        "_reader",
        "_thread",
        "_writers",
        "closed",
        "full",
        "items",
        "low",
    )

    def __init__(self, limit: int, *, in_thread: bool = False) -> None:
        self.items: deque[T] = deque()
        self.closed = False
        self.full = False
        self._limit = limit
        self.low = limit // 2
        self._thread = 0 if in_thread else threading.get_ident()
        # Held to wait, to wake and to become full, not to put and to take: an item is always in
        # `items` before its writer looks for a waiting reader, and a reader looks again at `items`
        # once it can be found, so that no wake-up is lost.
        self._lock = threading.Lock()
        self._reader: TaskWaiter | _ThreadWaiter | None = None
        self._writers: list[TaskWaiter | _ThreadWaiter] = []

    def put(self, item: T) -> None:
        """Add an item. Callable from any thread."""
        if self.closed:
            return
        items = self.items
        items.append(item)
        if len(items) >= self._limit and not self.full:
            with self._lock:
                self.full = self.closed or len(items) >= self._limit
        if self._reader is not None:
            self._wake_reader()

    def close(self) -> None:
        """Say that nothing more will come, and let all who wait go on. Callable from any thread."""
        with self._lock:
            self.closed = True
        self._wake_reader()
        self.let_writers_go_on()

    async def ready(self) -> bool:
        """Wait until there is an item (True), or none will come any more (False)."""
        while not self.items:
            waiter = TaskWaiter()
            wait = self._announced(waiter)
            try:
                if wait:
                    await waiter.wait()
            finally:
                self._reader = None
            if self.closed and not self.items:
                return False
        return True

    def ready_in_thread(self) -> bool:
        """Wait, as a thread that reads in place of a task; see `ready`."""
        while not self.items:
            waiter = _ThreadWaiter()
            wait = self._announced(waiter)
            try:
                if wait:
                    waiter.wait()
            finally:
                self._reader = None
            if self.closed and not self.items:
                return False
        return True

    def _announced(self, reader: TaskWaiter | _ThreadWaiter) -> bool:
        """Let the reader be found by those who put, and say whether it has to wait."""
        with self._lock:
            self._reader = reader
            wait = not self.items and not self.closed
        if self.full:  # it became so when the last items were being taken
            self.let_writers_go_on()
        return wait

    async def room(self) -> None:
        """Wait, as a task of any loop, until there is room; once closed, be cancelled if asked.

        Raises:
            _Closed: The pipe is closed, and the caller is of another loop, where nobody asks.
        """
        if self.closed and threading.get_ident() == self._thread:
            await anyio.lowlevel.checkpoint()
            if not in_trio():
                _raise_if_cancelled()
        while self.full and not self.closed:
            waiter = TaskWaiter()
            if self._queued(waiter):
                await waiter.wait()
        if self.closed and threading.get_ident() != self._thread:
            raise _Closed

    def room_in_thread(self) -> None:
        """Wait, as a worker thread, until there is room.

        Raises:
            _Closed: The pipe is closed.
        """
        if self._thread == threading.get_ident() or self._thread in _waiting_threads.get():
            return  # waiting here would stop the reader itself
        while self.full and not self.closed:
            waiter = _ThreadWaiter()
            if self._queued(waiter):
                waiter.wait()
        if self.closed:
            raise _Closed

    def _queued(self, waiter: TaskWaiter | _ThreadWaiter) -> bool:
        with self._lock:
            if not self.full or self.closed:
                return False
            self._writers.append(waiter)
            return True

    def _wake_reader(self) -> None:
        with self._lock:
            waiter, self._reader = self._reader, None  # once: more may come before it runs
        if waiter is not None:
            waiter.wake()

    def let_writers_go_on(self) -> None:
        """Say that there is room again."""
        with self._lock:
            self.full = self.closed
            writers, self._writers = self._writers, []
        for waiter in writers:
            waiter.wake()


class TaskWaiter:
    """A task that waits, and how to wake it from any thread."""

    __slots__ = ("_call_soon", "_thread", "event")

    def __init__(self) -> None:
        self.event: anyio.Event = anyio.Event()
        self._thread = threading.get_ident()
        self._call_soon = _call_soon_in_this_loop()

    async def wait(self) -> None:
        await self.event.wait()

    def wake(self) -> None:
        if threading.get_ident() == self._thread:
            self.event.set()
        else:
            with contextlib.suppress(RuntimeError):  # its loop has ended, and the task with it
                self._call_soon(self.event.set)


class _ThreadWaiter:
    """A thread that waits."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = threading.Event()

    def wait(self) -> None:
        self._event.wait()

    def wake(self) -> None:
        self._event.set()


def _raise_if_cancelled() -> None:
    """Raise the cancellation that a task of asyncio was told of once, and may have swallowed."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


_waiting_threads: ContextVar[frozenset[int]] = ContextVar("levada_waiting", default=frozenset())
"""The threads that wait until the caller's work is done."""


def helper_context() -> Context:
    """Give the context for a helper thread that this thread waits for."""
    context = copy_context()
    waiting = _waiting_threads.get() | {threading.get_ident()}
    context.run(_waiting_threads.set, waiting)
    return context


def _call_soon_in_this_loop() -> Callable[[Callable[[], None]], object]:
    if in_trio():
        import trio  # only there if the caller has it

        return trio.lowlevel.current_trio_token().run_sync_soon
    return asyncio.get_running_loop().call_soon_threadsafe
