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

    # The step that most chains end in: nothing is wrapped in a message to be unwrapped again.

    def _invoke(self, value: BaseMessage | str, run: Run) -> str:
        return self.parse(text_of(value))

    async def _ainvoke(self, value: BaseMessage | str, run: Run) -> str:
        return self.parse(text_of(value))

    def _transform(self, chunks: Iterator[BaseMessage | str], run: Run) -> Iterator[str]:
        if type(self).parse is not StrOutputParser.parse:
            for chunk in chunks:
                yield self.parse(text_of(chunk))
        else:
            for chunk in chunks:
                yield text_of(chunk)

    async def _atransform(
        self, chunks: AsyncIterator[BaseMessage | str], run: Run
    ) -> AsyncGenerator[str, None]:
        if type(self).parse is not StrOutputParser.parse:
            async for chunk in chunks:
                yield self.parse(text_of(chunk))
        else:
            async for chunk in chunks:
                yield text_of(chunk)
