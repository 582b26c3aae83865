"""W3 with levada."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

from ...cases import case
from ...material import VALUES
from .model import FixedStreamModel, chain


def events(size: int, version: Literal["v1", "v2"]) -> Callable[[], Awaitable[int]]:
    steps = chain(FixedStreamModel(tokens=size))

    async def run() -> int:
        seen = 0
        async for _ in steps.astream_events(VALUES, version=version):
            seen += 1
        return seen

    return run


@case("events.v2")
def events_v2(size: int) -> Callable[[], Awaitable[int]]:
    return events(size, "v2")


@case("events.v1")
def events_v1(size: int) -> Callable[[], Awaitable[int]]:
    return events(size, "v1")
