"""Growth in items with levada: inputs from an iterator, results as they come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import repeat

from ...cases import case
from ...material import VALUES, WORKERS
from .model import FixedModel, chain


@case("items.sync")
def items_sync(size: int) -> Callable[[], int]:
    steps = chain(FixedModel())

    def run() -> int:
        source = repeat(VALUES, size)
        return sum(1 for _ in steps.batch_as_completed(source, {"max_concurrency": WORKERS}))

    return run


@case("items.async")
def items_async(size: int) -> Callable[[], Awaitable[int]]:
    steps = chain(FixedModel(waits=True))

    async def run() -> int:
        seen = 0
        source = repeat(VALUES, size)
        async for _ in steps.abatch_as_completed(source, {"max_concurrency": WORKERS}):
            seen += 1
        return seen

    return run
