"""Closing of generators, whoever opened them and however they end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable, Iterator
from types import AsyncGeneratorType, GeneratorType
from typing import Any, TypeVar

import anyio

__all__ = ["aclose", "as_async_generator", "as_generator"]

T = TypeVar("T")


async def aclose(*streams: AsyncGenerator[Any, None] | AsyncIterator[Any]) -> None:
    """Close the streams in this order, also when the caller is being cancelled."""
    for stream in streams:
        if isinstance(stream, AsyncGeneratorType) and stream.ag_frame is None:
            continue  # it has ended, and a cancel scope costs microseconds
        close = getattr(stream, "aclose", None)
        if close is not None:
            with anyio.CancelScope(shield=True):
                await close()


def as_generator(stream: Iterable[T]) -> Generator[T, None, None]:
    """Give the stream as a generator, which can be closed and has a frame."""
    return stream if isinstance(stream, GeneratorType) else _generated(iter(stream))


def as_async_generator(stream: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """Give the stream as a generator, which can be closed and has a frame."""
    return stream if isinstance(stream, AsyncGeneratorType) else _agenerated(stream)


def _generated(stream: Iterator[T]) -> Generator[T, None, None]:
    try:
        yield from stream
    finally:
        close = getattr(stream, "close", None)
        if close is not None:
            close()


async def _agenerated(stream: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    try:
        async for item in stream:
            yield item
    finally:
        await aclose(stream)
