"""`StrOutputParser`: the text of an answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator

from ..messages import BaseMessage
from ..runnables import Run
from .base import BaseTransformOutputParser, text_of

__all__ = ["StrOutputParser"]


class StrOutputParser(BaseTransformOutputParser[str]):
    """Give the text of a message: its content, or the text blocks of it joined."""

    def parse(self, text: str) -> str:
        return text

    # The step that every chain ends in: without the call of `parse` per token.

    def _transform(self, chunks: Iterator[BaseMessage | str], run: Run) -> Iterator[str]:
        for chunk in chunks:
            yield text_of(chunk)

    async def _atransform(
        self, chunks: AsyncIterator[BaseMessage | str], run: Run
    ) -> AsyncGenerator[str, None]:
        async for chunk in chunks:
            yield text_of(chunk)
