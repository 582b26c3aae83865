"""W5 with levada."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from ...cases import case
from ...material import TOKENS_PER_STREAM, VALUES
from .model import FixedStreamModel, chain


async def read(chunks: AsyncIterator[Any]) -> int:
    seen = 0
    async for _ in chunks:
        seen += 1
    return seen


@case("concurrent.stream")
def concurrent_stream(size: int) -> Callable[[], Awaitable[int]]:
    steps = chain(FixedStreamModel(tokens=TOKENS_PER_STREAM, waits=True))

    async def run() -> int:
        return sum(await asyncio.gather(*(read(steps.astream(VALUES)) for _ in range(size))))

    return run


@case("concurrent.events")
def concurrent_events(size: int) -> Callable[[], Awaitable[int]]:
    steps = chain(FixedStreamModel(tokens=TOKENS_PER_STREAM, waits=True))

    async def run() -> int:
        streams = (steps.astream_events(VALUES) for _ in range(size))
        return sum(await asyncio.gather(*map(read, streams)))

    return run
