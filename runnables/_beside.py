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
from typing import TypeVar

import anyio
import anyio.from_thread
import anyio.to_thread

from ._pipe import Pipe, _Closed, in_trio
from ._together import raise_first

__all__ = ["Beside", "iterate_from_thread", "iterate_in_thread"]

T = TypeVar("T")

# How many chunks a producer in another task or thread may be ahead of its reader.
CHUNKS_AHEAD = 64


class Beside:
    """The tasks of one generator.

    A task that fails does not disturb the others; `raise_failure` raises what the first one left.
    """

    __slots__ = ("_failures", "_tasks")

    def __init__(self) -> None:
        self._tasks: list[tuple[anyio.CancelScope, anyio.Event]] = []
        self._failures: list[BaseException] = []

    def start(self, work: Callable[[], Awaitable[object]]) -> None:
        """Start a task, in a copy of the current context."""
        scope, done = anyio.CancelScope(), anyio.Event()
        self._tasks.append((scope, done))
        main = partial(self._main, work, scope, done)
        if in_trio():
            import trio  # only there if the caller has it

            trio.lowlevel.spawn_system_task(main, context=copy_context())
        else:
            _running.add(task := asyncio.get_running_loop().create_task(main()))
            task.add_done_callback(_running.discard)

    async def _main(
        self, work: Callable[[], Awaitable[object]], scope: anyio.CancelScope, done: anyio.Event
    ) -> None:
        try:
            # Cancelled by its scope, not by its task: a worker thread that it waits for is then
            # waited for, and told.
            with scope:
                try:
                    await work()
                except anyio.get_cancelled_exc_class() as exc:
                    if not scope.cancel_called:  # nobody asked for it: the work itself raised it
                        self._failures.append(exc)
                    raise
                except BaseException as exc:  # noqa: BLE001  # raised again where it is read
                    self._failures.append(exc)
        finally:
            done.set()

    async def stop(self) -> None:
        """Cancel the tasks that still run, and wait for all of them."""
        for scope, done in self._tasks:
            if not done.is_set():
                scope.cancel()
        if not all(done.is_set() for _, done in self._tasks):
            with anyio.CancelScope(shield=True):
                for _, done in self._tasks:
                    await done.wait()

    def raise_failure(self) -> None:
        """Raise the first failure, with the others as notes, if a task has failed."""
        raise_first(self._failures)


# The loop itself keeps no task alive.
_running: set[asyncio.Task[None]] = set()


async def iterate_in_thread(make: Callable[[], Iterable[T]]) -> AsyncGenerator[T, None]:
    """Iterate in a worker thread, and give the items to the caller's task.

    The thread runs at most `CHUNKS_AHEAD` items ahead. Closing this generator stops it at its next
    item, closes the iterator in its own thread, and waits for that.
    """
    pipe: Pipe[T] = Pipe(CHUNKS_AHEAD)
    beside = Beside()
    beside.start(
        partial(
            anyio.to_thread.run_sync,
            partial(_pump, make, pipe),
            # The thread lives as long as the stream: it must not use up the common threads, which
            # a stage before it may be waiting for.
            limiter=anyio.CapacityLimiter(math.inf),
        )
    )
    try:
        while pipe.items or await pipe.ready():
            yield pipe.items.popleft()
            if pipe.full and len(pipe.items) == pipe.low:
                pipe.let_writers_go_on()
    finally:
        pipe.close()
        await beside.stop()
    beside.raise_failure()


def _pump(make: Callable[[], Iterable[T]], pipe: Pipe[T]) -> None:
    try:
        items = make()
        try:
            for item in items:
                pipe.put(item)
                pipe.room_in_thread()
        except _Closed:
            pass
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()
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
