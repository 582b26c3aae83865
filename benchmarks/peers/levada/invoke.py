"""W1 with levada."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ...cases import case
from ...material import VALUES
from .model import FixedModel, chain


@case("invoke.sync")
def invoke_sync(size: int) -> Callable[[], str]:
    steps = chain(FixedModel())
    return lambda: steps.invoke(VALUES)


@case("invoke.async")
def invoke_async(size: int) -> Callable[[], Awaitable[str]]:
    steps = chain(FixedModel())

    async def run() -> str:
        return await steps.ainvoke(VALUES)

    return run
