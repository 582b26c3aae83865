"""`RunnableWithTimeout`: a step that has so much time, and no more."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import anyio

from ..errors import ConfigError, StepTimeoutError, shown
from ._around import Around
from ._closing import aclose
from ._execute import aexecute, aopen_stream_of, execute, open_stream_of
from ._lane import Lane, _Late
from ._leaving import Leave
from ._merge import acollect, collect
from ._threads import leave_if, leaving
from .base import Input, Output, Runnable

if TYPE_CHECKING:
    from ._run import Run

__all__ = ["RunnableWithTimeout"]

_END: Any = object()


class RunnableWithTimeout(Around[Input, Output]):
    """A step that raises `StepTimeoutError` when it takes too long; made by `with_timeout`.

    The time is its own: it takes its whole input first. Async steps are cancelled and closed before
    the error is raised. A plain function cannot be stopped: the error is raised in time, and the
    thread of the function goes on until its call, or the chunk that it is at, is done. To those who
    watch, what took too long was stopped, and its run has ended by then.

    Args:
        bound: The step.
        seconds: How long a whole call may take.
        first_chunk: How long a stream may take to its first chunk.
        between_chunks: How long a stream may take from one chunk to the next, or to its end.

    Raises:
        ConfigError: No time is given, or one is no positive number.
        StepTimeoutError: On a call, which is also a `TimeoutError`.
    """

    __slots__ = ("between_chunks", "first_chunk", "seconds")
    _calls_out = False
    _shown_as_child = False
    _style = "through"

    def __init__(
        self,
        *,
        bound: Runnable[Input, Output],
        seconds: float | None = None,
        first_chunk: float | None = None,
        between_chunks: float | None = None,
    ) -> None:
        times = {"seconds": seconds, "first_chunk": first_chunk, "between_chunks": between_chunks}
        if all(given is None for given in times.values()):
            raise ConfigError("with_timeout takes a time; write with_timeout(30)")
        for name, given in times.items():
            if given is not None:
                check_seconds(name, given)
        super().__init__(bound)
        self.seconds: float | None = seconds
        self.first_chunk: float | None = first_chunk
        self.between_chunks: float | None = between_chunks

    def _invoke(self, value: Any, run: Run, /, **options: Any) -> Output:
        if self.seconds is None:
            return execute(self.bound, value, run, options=options)
        leave, lane = Leave(run), Lane()
        try:
            return lane.call(
                lambda: execute(self.bound, value, leave.place, options=options), self.seconds
            )
        except _Late:
            raise self._late("seconds") from None
        finally:
            lane.end()
            leave.leave()

    async def _ainvoke(self, value: Any, run: Run, /, **options: Any) -> Output:
        if self.seconds is None:
            return await aexecute(self.bound, value, run, options=options)
        leave = Leave(run)
        with anyio.move_on_after(self.seconds) as scope:
            token = leave_if(_passed(scope))
            try:
                return await aexecute(self.bound, value, leave.place, options=options)
            finally:
                leaving.reset(token)
        leave.leave()
        raise self._late("seconds")

    def _transform(
        self, chunks: Iterator[Any], run: Run, /, **options: Any
    ) -> Generator[Output, None, None]:
        value = collect(chunks)
        leave, lane, clock = Leave(run), Lane(), _Clock(self)
        stream = open_stream_of(self.bound, value, leave.place, options=options)
        try:
            while True:
                limit, seconds = clock.allowed()
                try:
                    chunk = lane.call(lambda: next(stream, _END), seconds)
                except _Late:
                    raise self._late(limit) from None
                if chunk is _END:
                    return
                yield chunk
                clock.chunk_came()
        finally:
            lane.end(stream.close)
            leave.leave()

    async def _atransform(
        self, chunks: AsyncIterator[Any], run: Run, /, **options: Any
    ) -> AsyncGenerator[Output, None]:
        value = await acollect(chunks)
        leave, clock = Leave(run), _Clock(self)
        stream = aopen_stream_of(self.bound, value, leave.place, options=options)
        try:
            while True:
                limit, seconds = clock.allowed()
                chunk = _END
                # A scope for each chunk: none may be open where a generator yields (PEP 789).
                with anyio.move_on_after(seconds) as scope:
                    token = leave_if(_passed(scope))
                    try:
                        chunk = await anext(stream, _END)
                    finally:
                        leaving.reset(token)
                if scope.cancelled_caught:
                    leave.leave()
                    raise self._late(limit)
                if chunk is _END:
                    return
                yield chunk
                clock.chunk_came()
        finally:
            await aclose(stream)

    def _late(self, limit: str) -> StepTimeoutError:
        what = {
            "seconds": f"took longer than {self.seconds:g} s" if self.seconds else "",
            "first_chunk": f"gave no first chunk within {self.first_chunk} s",
            "between_chunks": f"gave no further chunk within {self.between_chunks} s",
        }
        return StepTimeoutError(f"{self.get_name()} {what[limit]}")


class _Clock:
    """How much time a stream has to its next chunk."""

    __slots__ = ("_began", "_first", "_step")

    def __init__(self, step: RunnableWithTimeout[Any, Any]) -> None:
        self._step = step
        self._began = time.monotonic()
        self._first = True

    def chunk_came(self) -> None:
        self._first = False

    def allowed(self) -> tuple[str, float | None]:
        """Give the limit that is reached first, and the time until then."""
        limit = "first_chunk" if self._first else "between_chunks"
        seconds = self._step.first_chunk if self._first else self._step.between_chunks
        if self._step.seconds is not None:
            left = max(0.0, self._began + self._step.seconds - time.monotonic())
            if seconds is None or left < seconds:
                return "seconds", left
        return limit, seconds


def _passed(scope: anyio.CancelScope) -> Callable[[], bool]:
    return lambda: scope.cancel_called


def check_seconds(name: str, given: object) -> None:
    """Refuse what is no time.

    Raises:
        ConfigError: It is no positive number.
    """
    if isinstance(given, bool) or not isinstance(given, int | float) or not given > 0:
        raise ConfigError(f"{name} takes a number of seconds greater than 0; got {shown(given)}")
