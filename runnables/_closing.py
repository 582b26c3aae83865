"""How work ends: closing generators, telling a cancellation from a failure, raising failures."""

from __future__ import annotations

import math
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable, Iterator
from contextlib import suppress
from types import AsyncGeneratorType, GeneratorType, TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from .._lazy import later
from ..errors import CompositionError

if TYPE_CHECKING or not later(globals(), "asyncio"):
    import asyncio

__all__ = [
    "Ending",
    "aclose",
    "as_async_generator",
    "as_generator",
    "close",
    "in_trio",
    "is_asked_for",
    "is_cancellation",
    "raise_first",
]

T = TypeVar("T")


def close(*streams: Iterable[Any]) -> None:
    """Close the streams in this order, all of them even if one raises."""
    for i, stream in enumerate(streams):
        closing = getattr(stream, "close", None)
        if closing is None:
            continue
        try:
            with Ending(stream):
                closing()
        except BaseException:
            close(*streams[i + 1 :])
            raise


async def aclose(*streams: AsyncGenerator[Any, None] | AsyncIterator[Any]) -> None:
    """Close the streams in this order, all of them even if one raises.

    Also when the caller is being cancelled: the clean-up of a stream may wait.
    """
    for i, stream in enumerate(streams):
        if getattr(stream, "ag_frame", stream) is None:
            continue  # it has ended, and a cancel scope costs microseconds
        closing = getattr(stream, "aclose", None)
        if closing is None:
            continue
        try:
            with anyio.CancelScope(shield=True), Ending(stream):
                await closing()
        except BaseException:
            await aclose(*streams[i + 1 :])
            raise


class Ending:
    """A context in which a generator is read or closed, which must end when it is closed.

    Raises:
        CompositionError: It gives something instead, and so is still there.
    """

    __slots__ = ("_stream",)

    def __init__(self, stream: object) -> None:
        self._stream = stream

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if not isinstance(exc, RuntimeError):
            return
        stream = self._stream
        # One that has raised this error, or let it through, has no frame any more.
        frame = getattr(stream, "gi_frame", None) or getattr(stream, "ag_frame", None)
        if frame is None:
            return
        closing = getattr(stream, "close", None)
        if closing is not None:
            with suppress(RuntimeError):
                closing()  # most give one thing too much
        raise CompositionError(
            f"{getattr(stream, '__qualname__', 'a generator')} gave a chunk after it was closed, "
            f"in line {frame.f_lineno}: it yields in `finally`, or where it catches GeneratorExit. "
            f"There it may only clean up; yield the last chunks before, and catch `Exception` "
            f"instead of everything"
        ) from exc


def as_generator(stream: Iterable[T]) -> Generator[T, None, None]:
    """Give the stream as a generator, which can be closed and has a frame."""
    if not isinstance(stream, GeneratorType):
        return _generated(iter(stream))
    return stream  # pyright: ignore[reportUnknownVariableType]  # what can be sent to it


def as_async_generator(stream: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """Give the stream as a generator, which can be closed and has a frame."""
    if not isinstance(stream, AsyncGeneratorType):
        return _agenerated(stream)
    return stream  # pyright: ignore[reportUnknownVariableType]  # what can be sent to it


def _generated(stream: Iterator[T]) -> Generator[T, None, None]:
    try:
        yield from stream
    finally:
        close(stream)


async def _agenerated(stream: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    try:
        async for item in stream:
            yield item
    finally:
        await aclose(stream)


def is_cancellation(exc: BaseException) -> bool:
    """Whether this says that a run was closed or cancelled, rather than that it failed."""
    if isinstance(exc, GeneratorExit):
        return True
    # What has not been imported has raised nothing.
    if "asyncio" in sys.modules and isinstance(exc, asyncio.CancelledError):
        return True
    trio = sys.modules.get("trio")
    return trio is not None and isinstance(exc, trio.Cancelled)


def is_asked_for(exc: BaseException) -> bool:
    """Whether this is a cancellation of the caller: of its task, or of a scope around it.

    A task of the user's that was cancelled lets the same exception out; that is a failure.
    """
    if not is_cancellation(exc):
        return False
    if anyio.current_effective_deadline() == -math.inf:
        return True
    task = None if in_trio() else asyncio.current_task()
    return task is not None and task.cancelling() > 0


def raise_first(failures: list[BaseException]) -> None:
    """Raise the first failure, if there is one, with the others as notes."""
    if not failures:
        return
    first, *others = failures
    for other in others:
        first.add_note(f"at the same time failed: {type(other).__name__}: {other}")
    try:
        raise first
    finally:
        failures.clear()  # else the traceback's frame and the exception hold each other


def in_trio() -> bool:
    """Whether the caller runs in a trio task; if not, it runs in asyncio."""
    trio = sys.modules.get("trio")
    return trio is not None and bool(trio.lowlevel.in_trio_task())
