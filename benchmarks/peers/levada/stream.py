"""W2 with levada."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ...cases import case
from ...material import VALUES
from .model import FixedStreamModel, chain


@case("stream.sync")
def stream_sync(size: int) -> Callable[[], int]:
    steps = chain(FixedStreamModel(tokens=size))

    def run() -> int:
        seen = 0
        for _ in steps.stream(VALUES):
            seen += 1
        return seen

    return run


@case("stream.async")
def stream_async(size: int) -> Callable[[], Awaitable[int]]:
    steps = chain(FixedStreamModel(tokens=size))

    async def run() -> int:
        seen = 0
        async for _ in steps.astream(VALUES):
            seen += 1
        return seen

    return run
