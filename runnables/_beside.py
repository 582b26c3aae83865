"""Work beside a generator: tasks and threads that it owns, on asyncio and on trio.

An async generator must not yield inside a task group (PEP 789), and must also stop its helpers
when it is closed by a bare `async for` that was left. So its tasks are started outside any group,
by this module alone, and `Beside.stop` cancels them and waits until they have ended.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextvars import copy_context
from functools import partial
from typing import Protocol, TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread

from ._pipe import Pipe, in_trio

__all__ = ["Beside", "iterate_from_thread", "iterate_in_thread"]

T = TypeVar("T")

# How many chunks a producer in another task or thread may be ahead of its reader.
CHUNKS_AHEAD = 64


class _Task(Protocol):
    def cancel(self) -> object: ...

    async def wait(self) -> None: ...


class Beside:
    """The tasks of one generator."""

    __slots__ = ("_tasks",)

    def __init__(self) -> None:
        self._tasks: list[_Task] = []

    def start(self, work: Callable[[], Awaitable[object]]) -> None:
        """Start a task, in a copy of the current context. It must deal with its own errors."""
        self._tasks.append(_TrioTask(work) if in_trio() else _AsyncioTask(work))

    async def stop(self) -> None:
        """Cancel the tasks that still run, and wait for all of them."""
        for task in self._tasks:
            task.cancel()
        with anyio.CancelScope(shield=True):
            for task in self._tasks:
                await task.wait()


class _AsyncioTask:
    __slots__ = ("_task",)

    def __init__(self, work: Callable[[], Awaitable[object]]) -> None:
        async def main() -> None:
            await work()

        self._task = asyncio.get_running_loop().create_task(main())

    def cancel(self) -> None:
        self._task.cancel()

    async def wait(self) -> None:
        if not self._task.done():
            await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.exception()  # looked at, else asyncio reports that nobody did


class _TrioTask:
    __slots__ = ("_done", "_scope")

    def __init__(self, work: Callable[[], Awaitable[object]]) -> None:
        import trio

        self._scope = trio.CancelScope()
        self._done = trio.Event()

        async def main() -> None:
            try:
                with self._scope:
                    await work()
            finally:
                self._done.set()

        trio.lowlevel.spawn_system_task(main, context=copy_context())

    def cancel(self) -> None:
        self._scope.cancel()

    async def wait(self) -> None:
        await self._done.wait()


async def iterate_in_thread(make: Callable[[], Iterable[T]]) -> AsyncGenerator[T, None]:
    """Iterate in a worker thread, and give the items to the caller's task.

    The thread runs at most `CHUNKS_AHEAD` items ahead. Closing this generator stops it at its next
    item, closes the iterator in its own thread, and waits for that.
    """
    pipe: Pipe[T] = Pipe(CHUNKS_AHEAD)
    failures: list[BaseException] = []
    beside = Beside()
    beside.start(
        partial(
            anyio.to_thread.run_sync,
            partial(_pump, make, pipe, failures),
            # The thread lives as long as the stream: it must not use up the common threads, which
            # a stage before it may be waiting for.
            limiter=anyio.CapacityLimiter(math.inf),
        )
    )
    try:
        while pipe.items or await pipe.ready():
            yield pipe.items.popleft()
            if pipe.full:
                pipe.drain()
    finally:
        pipe.close()
        await beside.stop()
    if failures:
        raise failures[0]


def _pump(make: Callable[[], Iterable[T]], pipe: Pipe[T], failures: list[BaseException]) -> None:
    try:
        items = make()
        try:
            for item in items:
                pipe.put(item)
                pipe.room_in_thread()
                if pipe.closed:
                    return
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()
    except BaseException as exc:
        failures.append(exc)
    finally:
        pipe.close()


def iterate_from_thread(chunks: AsyncIterator[T]) -> Iterator[T]:
    """Iterate, in a worker thread of `iterate_in_thread`, what belongs to the event loop."""
    while True:
        try:
            chunk = anyio.from_thread.run(_next, chunks)
        except StopAsyncIteration:
            return
        yield chunk


async def _next(chunks: AsyncIterator[T]) -> T:
    return await anext(chunks)
