"""`RunnableWithHedge`: a second attempt for a step that is slow today.

Source: Dean and Barroso, "The Tail at Scale", Communications of the ACM 56(2), 2013.
"""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterator,
)
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from ._around import Around
from ._beside import iterate_in_task
from ._closing import aclose, is_asked_for, raise_first
from ._execute import aexecute, aopen_stream_of, execute, open_stream_of
from ._lane import Lane
from ._leaving import Leave
from ._merge import acollect, collect
from ._pipe import _Closed
from ._place import Place
from ._threads import leave_if, leaving
from .base import Input, Output, Runnable
from .timeout import check_seconds

if TYPE_CHECKING:
    from ._run import Run

__all__ = ["RunnableWithHedge"]

T = TypeVar("T")

_END: Any = object()
_PLACES = (Place("", "attempt 1"), Place("hedge:attempt:2", "attempt 2"))


class RunnableWithHedge(Around[Input, Output]):
    """A step that is called a second time if it is slow; made by `with_hedge`.

    If the first call has given nothing after some seconds, not a chunk of a stream either, a second
    one is made beside it. The first of the two that gives something wins; the other is cancelled
    and closed. A call that fails leaves the other one to it; if both fail, the first failure is
    raised with the other as a note. A failure before the second call is raised at once: to try
    again is what `with_retry` does.

    A plain function cannot be stopped: one that loses goes on in its thread until its call, or the
    chunk that it is at, is done, and nobody waits for it.

    Args:
        bound: The step; calling it twice must do no harm.
        after: How many seconds the first call has.

    Raises:
        ConfigError: `after` is no positive number.
    """

    __slots__ = ("after",)
    _calls_out = False
    _shown_as_child = False
    _style = "through"

    def __init__(self, *, bound: Runnable[Input, Output], after: float) -> None:
        check_seconds("after", after)
        super().__init__(bound)
        self.after: float = after

    # In threads.

    def _invoke(self, value: Any, run: Run, /, **options: Any) -> Output:
        leaves = (Leave(run), Leave(run))

        def attempt(i: int) -> Output:
            return execute(self.bound, value, leaves[i].place, _PLACES[i], options)

        race = _Race(self.after)
        try:
            return race.run(attempt)[1]
        finally:
            race.end({})
            for leave in leaves:
                leave.leave()

    def _transform(
        self, chunks: Iterator[Any], run: Run, /, **options: Any
    ) -> Generator[Output, None, None]:
        value = collect(chunks)
        leaves = (Leave(run), Leave(run))
        streams: dict[int, Generator[Output, None, None]] = {}

        def attempt(i: int) -> Output:
            streams[i] = open_stream_of(self.bound, value, leaves[i].place, _PLACES[i], options)
            return next(streams[i], _END)

        race = _Race(self.after)
        try:
            winner, chunk = race.run(attempt)
            leaves[1 - winner].leave()
            race.leave(1 - winner, streams)
            while chunk is not _END:
                yield chunk
                chunk = race.lanes[winner].call(lambda: next(streams[winner], _END))
        finally:
            race.end(streams)
            for leave in leaves:
                leave.leave()

    # In tasks.

    async def _ainvoke(self, value: Any, run: Run, /, **options: Any) -> Output:
        leaves = (Leave(run), Leave(run))

        async def attempt(i: int) -> Output:
            return await aexecute(self.bound, value, leaves[i].place, _PLACES[i], options)

        winner, output = await _arace(attempt, self.after)
        leaves[1 - winner].leave()
        return output

    async def _atransform(
        self, chunks: AsyncIterator[Any], run: Run, /, **options: Any
    ) -> AsyncGenerator[Output, None]:
        value = await acollect(chunks)
        leaves = (Leave(run), Leave(run))
        streams: dict[int, AsyncGenerator[Output, None]] = {}

        async def attempt(i: int) -> Output:
            stream = aopen_stream_of(self.bound, value, leaves[i].place, _PLACES[i], options)
            # Each in a task of its own: the winner is read on by another task than began it.
            streams[i] = iterate_in_task([stream])
            return await anext(streams[i], _END)

        try:
            winner, chunk = await _arace(attempt, self.after)
            leaves[1 - winner].leave()
            if 1 - winner in streams:
                await aclose(streams[1 - winner])
            while chunk is not _END:
                yield chunk
                chunk = await anext(streams[winner], _END)
        finally:
            await aclose(*streams.values())


class _Race:
    """Two threads at most, of which the first that is done wins."""

    def __init__(self, after: float) -> None:
        self._after = after
        self.lanes: list[Lane] = []

    def run(self, attempt: Callable[[int], T]) -> tuple[int, T]:
        """Give the number of the attempt that wins, and what it gives."""
        futures: list[Future[T]] = []
        failures: list[BaseException] = []
        done: set[Future[T]] = set()
        for i in range(2):
            self.lanes.append(Lane())
            futures.append(self.lanes[i].submit(lambda i=i: attempt(i)))  # type: ignore[misc]
            done, _ = wait(futures, self._after if i == 0 else None, FIRST_COMPLETED)
            if done:
                break
        pending = set(futures)
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for i, future in enumerate(futures):
                if future in done:
                    failure = future.exception()
                    if failure is None:
                        return i, future.result()
                    if isinstance(failure, _Closed):  # nobody waits for the other one either
                        raise failure
                    failures.append(failure)
        futures.clear()
        raise_first(failures)
        raise AssertionError  # one has won, or one has failed

    def leave(self, i: int, streams: dict[int, Generator[Any, None, None]]) -> None:
        """Let a thread end when it can, and close its stream then."""
        if i < len(self.lanes):
            self.lanes[i].end(lambda: streams[i].close() if i in streams else None)

    def end(self, streams: dict[int, Generator[Any, None, None]]) -> None:
        """Let both threads end, if they have not been left."""
        for i, lane in enumerate(self.lanes):
            if not lane.ended:
                self.leave(i, streams)


async def _arace(attempt: Callable[[int], Awaitable[T]], after: float) -> tuple[int, T]:
    """Give the number of the attempt that wins, and what it gives."""
    won: list[tuple[int, T]] = []
    failures: list[BaseException] = []
    something = anyio.Event()

    async def work(i: int) -> None:
        nonlocal something
        token = leave_if(lambda: bool(won) and won[0][0] != i)
        try:
            won.append((i, await attempt(i)))
        except BaseException as exc:
            if is_asked_for(exc):
                raise
            failures.append(exc)
        finally:
            leaving.reset(token)
            something.set()

    async with anyio.create_task_group() as group:
        group.start_soon(work, 0)
        with anyio.move_on_after(after):
            await something.wait()
        if not something.is_set():
            group.start_soon(work, 1)
            while not won and len(failures) < 2:
                something = anyio.Event()
                await something.wait()
        group.cancel_scope.cancel()
    if not won:
        raise_first(failures)
    return won[0]
