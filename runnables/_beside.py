"""Work beside a generator: tasks and threads that it owns, on asyncio and on trio.

An async generator must not yield inside a task group (PEP 789), and must also stop its helpers
when it is closed by a bare `async for` that was left. So its tasks are started outside any group,
by this module alone, and `Beside.stop` cancels them and waits until they have ended.
"""

from __future__ import annotations

import math
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import anyio

from .._lazy import later
from ._closing import aclose, close, in_trio, is_asked_for, raise_first
from ._pipe import Pipe, _Closed
from ._threads import AskedFor, call_in_thread
from ._waiter import new_waiter

if TYPE_CHECKING or not later(globals(), "asyncio"):
    import asyncio

__all__ = ["Beside", "iterate_in_task", "iterate_in_thread", "transform_in_thread"]

T = TypeVar("T")
Chunk = TypeVar("Chunk")
Work: TypeAlias = Callable[[], Awaitable[object]]


class Beside:
    """The tasks of one generator, or of one call.

    A task that fails does not disturb the others; `raise_failure` raises what the first one left.
    """

    __slots__ = ("_ended", "_failures", "_settled", "_tasks", "_working")

    def __init__(self) -> None:
        self._tasks: list[_Task] = []
        self._failures: list[BaseException] = []
        self._working = 0
        self._settled = new_waiter()
        self._ended = new_waiter()

    def start(self, work: Work) -> None:
        """Start a task, in a copy of the current context."""
        self._working += 1
        self._tasks.append(_Task(partial(self._main, work)))

    async def _main(self, work: Work) -> None:
        try:
            await work()
        except BaseException as exc:
            if is_asked_for(exc):
                raise
            self._failures.append(exc)  # raised again where it is read
        finally:
            self._working -= 1
            if self._failures or not self._working:
                self._settled.wake()
            if not self._working:
                self._ended.wake()

    async def settled(self) -> None:
        """Wait until all tasks have ended, or one has failed."""
        if self._working:
            await self._settled.wait()

    async def ended(self) -> None:
        """Wait until all tasks have ended by themselves, whoever cancels the caller."""
        if self._working:
            await self._ended.wait_out()

    async def stop(self) -> None:
        """Cancel the tasks that still run, and wait for all of them, whoever cancels the caller."""
        if self._working:
            for task in self._tasks:  # without effect on those that have ended
                task.cancel()
            await self._ended.wait_out()

    def raise_failure(self) -> None:
        """Raise the first failure, with the others as notes, if a task has failed."""
        raise_first(self._failures)


class _Task:
    """A task that is cancelled when it is in no shield, and on asyncio once.

    A task of asyncio that is cancelled natively is so within the shield of a clean-up too, and one
    that is cancelled by a scope is so at every `await` of a clean-up that has no shield.
    """

    __slots__ = ("_once", "_scope", "_task")

    def __init__(self, main: Work) -> None:
        self._scope = anyio.CancelScope()
        self._once = anyio.CancelScope()
        self._task: asyncio.Task[None] | None = None
        if in_trio():
            import trio  # only there if the caller has it

            trio.lowlevel.spawn_system_task(partial(self._run, main), context=copy_context())
        else:
            self._task = asyncio.get_running_loop().create_task(self._run(main))
            _running.add(self._task)
            self._task.add_done_callback(_running.discard)

    async def _run(self, main: Work) -> None:
        with self._scope, self._once:
            await main()

    def cancel(self) -> None:
        self._scope.cancel()
        if self._task is not None:
            self._not_again(self._task)

    def _not_again(self, task: asyncio.Task[None]) -> None:
        if task.cancelling():  # anyio has got through to it
            self._once.shield = True
        elif not task.done():
            asyncio.get_running_loop().call_soon(self._not_again, task)


# The loop itself keeps no task alive.
_running: set[asyncio.Task[None]] = set()


def iterate_in_task(streams: Sequence[AsyncGenerator[Any, None]]) -> AsyncGenerator[Any, None]:
    """Iterate the last of the streams, which the others feed, in a task of its own.

    Each item is made when it is asked for. The task closes the streams when it ends.
    """

    async def work(pipe: Pipe[Any]) -> None:
        try:
            async for item in streams[-1]:
                pipe.put(item)
                await pipe.room()
        finally:
            pipe.close()
            await aclose(*reversed(streams))

    return _one_by_one(lambda pipe: [partial(work, pipe)])


def iterate_in_thread(make: Callable[[], Iterable[T]]) -> AsyncGenerator[T, None]:
    """Iterate in a worker thread, and give the items to the caller's task.

    Each item is made when it is asked for. Closing this generator waits until the thread has made
    the item that it is at, and has closed the iterator.
    """
    return _one_by_one(lambda pipe: [_pumping(make, pipe)])


def transform_in_thread(
    make: Callable[[Iterator[Chunk]], Iterable[T]], chunks: AsyncIterator[Chunk]
) -> AsyncGenerator[T, None]:
    """Iterate in a worker thread what `make` makes of chunks that come from the loop."""

    def works(pipe: Pipe[T]) -> list[Work]:
        asked = AskedFor(chunks)
        return [_pumping(lambda: make(iter(asked)), pipe), asked.serve]

    return _one_by_one(works)


async def _one_by_one(works: Callable[[Pipe[T]], list[Work]]) -> AsyncGenerator[T, None]:
    """Give what the works put into a pipe, which has room again when the next item is asked for."""
    pipe: Pipe[T] = Pipe(1)
    beside = Beside()
    try:
        for work in works(pipe):
            beside.start(work)
        while batch := await pipe.take():
            yield batch[0]
    finally:
        pipe.close()
        await beside.stop()
        beside.raise_failure()  # also one of the clean-up, when this is closed


def _pumping(make: Callable[[], Iterable[T]], pipe: Pipe[T]) -> Work:
    # The thread lives as long as the stream: it must not use up the common threads, which a stage
    # before it may be waiting for.
    limiter = anyio.CapacityLimiter(math.inf)
    return partial(call_in_thread, partial(_pump, make, pipe), limiter=limiter)


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
            close(items)
    finally:
        pipe.close()
