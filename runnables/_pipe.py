"""A bounded buffer between those who produce beside a generator and the one who reads it."""

from __future__ import annotations

import threading
from contextvars import Context, ContextVar, copy_context
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from .._lazy import later
from ._closing import in_trio
from ._waiter import TaskWaiter, new_waiter

if TYPE_CHECKING or not later(globals(), "asyncio", "anyio.lowlevel"):
    import asyncio

    from anyio import lowlevel

__all__ = ["Pipe", "_Closed", "helper_context"]

T = TypeVar("T")


# On asyncio a scope of anyio does not cancel a task that has just been woken, and the reader of a
# writer that never really waits always has: it must look for itself, which costs microseconds.
_LOOK_AFTER: Final = 16


class _Closed(BaseException):
    """Raised in a worker thread whose output nobody reads any more: it is cancelled by this."""


class Pipe(Generic[T]):
    """A buffer that tasks and threads fill and one task of the loop it was made on empties.

    Or, with `in_thread`, one thread, which takes by `take_in_thread`. The reader's loop:

        while batch := await pipe.take():
            for item in batch:
                ...

    `put` never blocks and never loses an item: the limit is kept by those who wait for `room`
    (tasks) or `room_in_thread` (worker threads) while it is `full`. Waking another task costs
    microseconds, so it is only done when somebody waits, and a writer that was held back goes on
    when all is read.

    Attributes:
        items: What was put and not yet taken.
        full: Whether a writer should ask for room before it puts more; so it should in a closed
            one, where that lets it be cancelled.
        closed: Whether nothing more will come, or nobody reads any more.
    """

    __slots__ = (
        "_free",
        "_limit",
        "_lock",
        "_reader",
        "_thread",
        "_waiter",
        "_waits",
        "_writers",
        "closed",
        "full",
        "items",
    )

    def __init__(self, limit: int, *, in_thread: bool = False) -> None:
        self.items: list[T] = []
        self.closed = False
        self.full = False
        self._limit = limit
        self._free = limit  # how many there may be besides the batch that is being read
        self._waits = 0
        self._thread = 0 if in_thread else threading.get_ident()
        # Held to become full and to make room, not to put and to take: an item is always in `items`
        # before its writer looks for a waiting reader, and a reader looks again at `items` once it
        # can be found, so that no wake-up is lost.
        self._lock = threading.Lock()
        self._waiter: TaskWaiter | None = None  # of the task that reads, made when it first waits
        self._reader: TaskWaiter | _ThreadWaiter | None = None
        self._writers: list[TaskWaiter | _ThreadWaiter] = []

    def put(self, item: T) -> None:
        """Add an item. Callable from any thread."""
        if self.closed:
            return
        items = self.items
        items.append(item)
        if len(items) >= self._free and not self.full:
            with self._lock:
                self.full = self.closed or len(items) >= self._free
        reader = self._reader
        if reader is not None and not reader.woken:
            reader.wake()

    def close(self) -> None:
        """Say that nothing more will come, and let all who wait go on. Callable from any thread."""
        with self._lock:
            self.closed = True
        reader = self._reader
        if reader is not None:
            reader.wake()
        self.let_writers_go_on()

    async def take(self) -> list[T]:
        """Wait for items and give all that are there; none if no more will come.

        They count as unread until the next call.
        """
        while not self.items:
            self._all_read()
            waiter = self._waiter = self._waiter or new_waiter()
            waiter.again()
            self._reader = waiter
            try:
                closed = self.closed  # looked at first: items may be put before it is closed
                if self.items or closed:
                    break
                await waiter.wait()
            finally:
                self._reader = None
            self._waits += 1
            if self._waits % _LOOK_AFTER == 0:
                await lowlevel.checkpoint_if_cancelled()
        return self._batch()

    def take_in_thread(self) -> list[T]:
        """Wait, as a thread that reads in place of a task; see `take`."""
        while not self.items:
            self._all_read()
            self._reader = waiter = _ThreadWaiter()
            try:
                closed = self.closed  # looked at first: items may be put before it is closed
                if self.items or closed:
                    break
                waiter.wait()
            finally:
                self._reader = None
        return self._batch()

    def _batch(self) -> list[T]:
        items = self.items
        batch = items[:]
        del items[: len(batch)]  # more may have come meanwhile
        self._free = max(1, self._limit - len(batch))
        return batch

    def _all_read(self) -> None:
        self._free = self._limit
        if self.full:
            self.let_writers_go_on()

    async def room(self) -> None:
        """Wait, as a task of any loop, until there is room; once closed, be cancelled if asked.

        Raises:
            _Closed: The pipe is closed, and the caller is of another loop, where nobody asks.
        """
        if self.closed and threading.get_ident() == self._thread:
            await lowlevel.checkpoint()
            if not in_trio():
                _raise_if_cancelled()
        while self.full and not self.closed:
            waiter = new_waiter()
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

    def let_writers_go_on(self) -> None:
        """Say that there is room again."""
        with self._lock:
            self.full = self.closed
            writers, self._writers = self._writers, []
        for waiter in writers:
            waiter.wake()


class _ThreadWaiter:
    """A thread that waits."""

    __slots__ = ("_event", "woken")

    def __init__(self) -> None:
        self.woken = False
        self._event = threading.Event()

    def wait(self) -> None:
        self._event.wait()

    def wake(self) -> None:
        self.woken = True
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
