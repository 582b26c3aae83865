"""Growth in items with levada: a batch whose inputs come from an iterator."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import repeat

from ...cases import case
from ...material import VALUES, WORKERS
from .model import FixedModel, chain


@case("items.sync")
def items_sync(size: int) -> Callable[[], int]:
    steps = chain(FixedModel())

    return lambda: len(steps.batch(repeat(VALUES, size), {"max_concurrency": WORKERS}))


@case("items.async")
def items_async(size: int) -> Callable[[], Awaitable[int]]:
    steps = chain(FixedModel(waits=True))

    async def run() -> int:
        return len(await steps.abatch(repeat(VALUES, size), {"max_concurrency": WORKERS}))

    return run
