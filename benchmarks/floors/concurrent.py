"""W5 by hand: the streams of W2 and the events of W3, many at once, each token after a `sleep(0)`.

The pause is part of the work: the tokens of a real model arrive through the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from ..cases import case
from ..material import TOKENS_PER_STREAM, VALUES, words
from .events import program
from .invoke import prompt
from .objects import Message
from .stream import atexts


async def slow_tokens(messages: list[Message], count: int) -> AsyncIterator[Message]:
    for word in words(count):
        await asyncio.sleep(0)
        yield Message(role="ai", content=word, id="run-1")


async def read_texts() -> int:
    seen = 0
    async for _ in atexts(slow_tokens(prompt(VALUES), TOKENS_PER_STREAM)):
        seen += 1
    return seen


async def read_events() -> int:
    seen = 0
    async for _ in program(VALUES, TOKENS_PER_STREAM, slow_tokens):
        seen += 1
    return seen


@case("concurrent.stream")
def concurrent_stream(size: int) -> Callable[[], Awaitable[int]]:
    async def run() -> int:
        return sum(await asyncio.gather(*(read_texts() for _ in range(size))))

    return run


@case("concurrent.events")
def concurrent_events(size: int) -> Callable[[], Awaitable[int]]:
    async def run() -> int:
        return sum(await asyncio.gather(*(read_events() for _ in range(size))))

    return run
