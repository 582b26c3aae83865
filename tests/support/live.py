"""Models that show whether events are live and bounded: they stop, or they count."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio

from levada.runnables import Runnable

TOKENS = ["one", "two", "three"]


class Model(Runnable[Any, str]):
    """Makes the next token only when the test has seen the event of the one before."""

    __slots__ = ("_made", "name", "seen")
    _kind = "chat_model"
    _style = "through"

    def __init__(self) -> None:
        self.name = "model"
        self.seen = 0  # tokens whose events the test has seen

    async def _atransform(self, chunks: AsyncIterator[Any], run: Any) -> AsyncIterator[str]:
        async for _ in chunks:
            pass
        for i, token in enumerate(TOKENS):
            while self.seen < i:  # noqa: ASYNC110  # set by the test from whatever loop it runs in
                await anyio.sleep(0.001)
            yield token

    def _transform(self, chunks: Iterator[Any], run: Any) -> Iterator[str]:
        for _ in chunks:
            pass
        for i, token in enumerate(TOKENS):
            for _ in range(4000):
                if self.seen >= i:
                    break
                threading.Event().wait(0.001)
            else:
                raise TimeoutError("the test did not see the token before this one")
            yield token

    def _live(self, value: Any, run: Any, options: Any) -> Any:
        return self._transform(iter([value]), run)

    def _alive(self, value: Any, run: Any, options: Any) -> Any:
        return self._atransform(_one(value), run)


async def _one(value: Any) -> AsyncIterator[Any]:
    yield value


class Endless(Runnable[Any, int]):
    """Gives numbers without end, and counts them."""

    __slots__ = ("end", "made", "name")
    _kind = "chat_model"
    _style = "through"

    def __init__(self, end: int = 20_000) -> None:
        self.name = "endless"
        self.end = end
        self.made = iter(range(end))

    def _transform(self, chunks: Iterator[Any], run: Any) -> Iterator[int]:
        for _ in chunks:
            pass
        yield from self.made

    async def _atransform(self, chunks: AsyncIterator[Any], run: Any) -> AsyncIterator[int]:
        async for _ in chunks:
            pass
        for number in self.made:
            yield number

    def _live(self, value: Any, run: Any, options: Any) -> Any:
        return self._transform(iter([value]), run)

    def _alive(self, value: Any, run: Any, options: Any) -> Any:
        return self._atransform(_one(value), run)

    @property
    def count(self) -> int:
        return self.end - self.made.__length_hint__()
