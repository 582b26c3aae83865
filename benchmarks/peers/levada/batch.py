"""W4 with levada."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ...cases import case
from ...material import VALUES, WORKERS
from .model import FixedModel, chain


@case("batch.sync")
def batch_sync(size: int) -> Callable[[], int]:
    steps = chain(FixedModel())
    inputs = [VALUES] * size
    return lambda: len(steps.batch(inputs, {"max_concurrency": WORKERS}))


@case("batch.async")
def batch_async(size: int) -> Callable[[], Awaitable[int]]:
    steps = chain(FixedModel(waits=True))
    inputs = [VALUES] * size

    async def run() -> int:
        return len(await steps.abatch(inputs, {"max_concurrency": WORKERS}))

    return run
