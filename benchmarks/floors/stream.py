"""W2 by hand: two generators, the model's tokens and their text, in a sync and an async form.

Per token: one `Message`, two resumed generators, and the consumer's loop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

from ..cases import case
from ..material import VALUES, words
from .invoke import prompt
from .objects import Message


def tokens(messages: list[Message], count: int) -> Iterator[Message]:
    for word in words(count):
        yield Message(role="ai", content=word, id="run-1")


def texts(chunks: Iterator[Message]) -> Iterator[str]:
    for chunk in chunks:
        yield chunk.content


async def atokens(messages: list[Message], count: int) -> AsyncIterator[Message]:
    for word in words(count):
        yield Message(role="ai", content=word, id="run-1")


async def atexts(chunks: AsyncIterator[Message]) -> AsyncIterator[str]:
    async for chunk in chunks:
        yield chunk.content


@case("stream.sync")
def stream_sync(size: int) -> Callable[[], int]:
    def run() -> int:
        seen = 0
        for _ in texts(tokens(prompt(VALUES), size)):
            seen += 1
        return seen

    return run


@case("stream.async")
def stream_async(size: int) -> Callable[[], Awaitable[int]]:
    async def run() -> int:
        seen = 0
        async for _ in atexts(atokens(prompt(VALUES), size)):
            seen += 1
        return seen

    return run
