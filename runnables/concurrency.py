"""`RunnableWithConcurrency`: a step that runs a few times at once, whoever calls it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import ConfigError, shown
from ._around import Around
from ._closing import aclose
from ._execute import aexecute, aopen_stream, execute, open_stream
from ._pipe import _ThreadWaiter
from ._waiter import TaskWaiter, new_waiter
from .base import Input, Output, Runnable

if TYPE_CHECKING:
    from ._run import Run

__all__ = ["RunnableWithConcurrency"]

T = TypeVar("T")


class RunnableWithConcurrency(Around[Input, Output]):
    """A step that runs at most so many times at once; made by `with_concurrency`.

    The limit holds for this object wherever it is used in the process: threads, tasks and event
    loops wait for each other in the order in which they came. A stream counts from its first input
    until it ends or is closed. It has no run of its own, and waiting is part of no run. A step that
    calls itself below its own limit waits for itself.

    Args:
        bound: The step.
        limit: How many runs of it there are at once.

    Raises:
        ConfigError: `limit` is no whole number from 1.
    """

    __slots__ = ("_slots", "limit")
    _has_run = False
    _calls_out = False

    def __init__(self, *, bound: Runnable[Input, Output], limit: int) -> None:
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise ConfigError(f"with_concurrency takes a number from 1; got {shown(limit)}")
        super().__init__(bound)
        self.limit: int = limit
        self._slots = _Slots(limit)

    def _invoke(self, value: Any, run: Run, /, **options: Any) -> Output:
        self._slots.take()
        try:
            return execute(self.bound, value, run, options=options)
        finally:
            self._slots.give_back()

    async def _ainvoke(self, value: Any, run: Run, /, **options: Any) -> Output:
        await self._slots.atake()
        try:
            return await aexecute(self.bound, value, run, options=options)
        finally:
            self._slots.give_back()

    def _transform(
        self, chunks: Iterator[Any], run: Run, /, **options: Any
    ) -> Generator[Output, None, None]:
        first = list(next_or_nothing(chunks))  # what is before it is not waited for in a slot
        self._slots.take()
        try:
            yield from open_stream(self.bound, chain(first, chunks), run, options=options)
        finally:
            self._slots.give_back()

    async def _atransform(
        self, chunks: AsyncIterator[Any], run: Run, /, **options: Any
    ) -> AsyncGenerator[Output, None]:
        ahead = _Begun(chunks)
        await ahead.begin()
        await self._slots.atake()
        try:
            stream = aopen_stream(self.bound, ahead, run, options=options)
            try:
                async for chunk in stream:
                    yield chunk
            finally:
                await aclose(stream)
        finally:
            self._slots.give_back()


def next_or_nothing(chunks: Iterator[T]) -> Iterator[T]:
    """Give one item, or none if there is none."""
    for chunk in chunks:
        yield chunk
        return


class _Begun(AsyncIterator[T]):
    """Chunks of which the first may have been taken already. No generator: nobody closes it."""

    __slots__ = ("_chunks", "_first", "ag_frame")

    def __init__(self, chunks: AsyncIterator[T]) -> None:
        self._chunks = chunks
        self._first: list[T] = []
        self.ag_frame = getattr(chunks, "ag_frame", None)

    async def begin(self) -> None:
        async for chunk in self._chunks:
            self._first.append(chunk)
            return

    async def __anext__(self) -> T:
        return self._first.pop() if self._first else await anext(self._chunks)


class _Slots:
    """So many slots, for threads and tasks, given in the order in which they are asked for."""

    __slots__ = ("_free", "_lock", "_number", "_waiting")

    def __init__(self, number: int) -> None:
        self._number = number
        self._free = number
        self._lock = threading.Lock()
        self._waiting: deque[TaskWaiter | _ThreadWaiter] = deque()

    def __reduce__(self) -> tuple[type[_Slots], tuple[int]]:
        return _Slots, (self._number,)  # a copy, and another process, has slots of its own

    def take(self) -> None:
        if self._taken():
            return
        waiter = _ThreadWaiter()
        if self._queued(waiter):
            try:
                waiter.wait()
            except BaseException:
                self._leave(waiter)
                raise

    async def atake(self) -> None:
        if self._taken():
            return
        waiter = new_waiter()
        if self._queued(waiter):
            try:
                await waiter.wait()
            except BaseException:
                self._leave(waiter)
                raise

    def give_back(self) -> None:
        with self._lock:
            if not self._waiting:
                self._free += 1
                return
            waiter = self._waiting.popleft()  # the slot is handed on
        waiter.wake()

    def _taken(self) -> bool:
        with self._lock:
            if not self._free:
                return False
            self._free -= 1
            return True

    def _queued(self, waiter: TaskWaiter | _ThreadWaiter) -> bool:
        with self._lock:
            if self._free:
                self._free -= 1
                return False
            self._waiting.append(waiter)
            return True

    def _leave(self, waiter: TaskWaiter | _ThreadWaiter) -> None:
        """Wait no longer; a slot that was handed over meanwhile goes on to the next."""
        with self._lock:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
                return
        self.give_back()
