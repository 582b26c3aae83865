"""W7 with levada: sequences of functions that give back what they get."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import reduce
from operator import or_
from typing import Any

from levada.runnables import Runnable, RunnableLambda

from ...cases import case


def same(value: int) -> int:
    return value


async def asame(value: int) -> int:
    return value


def sequence(function: Callable[[int], Any], size: int, **how: Any) -> Runnable[int, int]:
    steps: Runnable[int, int] = reduce(or_, [RunnableLambda(function, **how) for _ in range(size)])
    return steps


@case("steps.sync")
def steps_sync(size: int) -> Callable[[], int]:
    steps = sequence(same, size)
    return lambda: steps.invoke(size)


@case("steps.async")
def steps_async(size: int) -> Callable[[], Awaitable[int]]:
    steps = sequence(asame, size)

    async def run() -> int:
        return await steps.ainvoke(size)

    return run


@case("steps.inline")
def steps_inline(size: int) -> Callable[[], Awaitable[int]]:
    steps = sequence(same, size, inline=True)

    async def run() -> int:
        return await steps.ainvoke(size)

    return run


@case("steps.events")
def steps_events(size: int) -> Callable[[], Awaitable[int]]:
    steps = sequence(asame, size)

    async def run() -> int:
        seen = 0
        async for _ in steps.astream_events(size):
            seen += 1
        return seen

    return run
