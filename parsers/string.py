"""`StrOutputParser`: the text of an answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import ClassVar

from ..messages import BaseMessage
from ..runnables import Run
from .base import BaseTransformOutputParser, text_of

__all__ = ["StrOutputParser"]


class StrOutputParser(BaseTransformOutputParser[str]):
    """Give the text of a message: its content, or the text blocks of it joined."""

    _calls_out: ClassVar[bool] = False

    def parse(self, text: str) -> str:
        return text

    # Most chains end here, token by token: a content that is text is not worth two calls.

    def _invoke(self, value: BaseMessage | str, run: Run) -> str:
        text = getattr(value, "content", None)
        return self.parse(text if type(text) is str else text_of(value))

    async def _ainvoke(self, value: BaseMessage | str, run: Run) -> str:
        text = getattr(value, "content", None)
        return self.parse(text if type(text) is str else text_of(value))

    def _transform(self, chunks: Iterator[BaseMessage | str], run: Run) -> Iterator[str]:
        if type(self).parse is not StrOutputParser.parse:
            yield from super()._transform(chunks, run)
            return
        for chunk in chunks:
            text = getattr(chunk, "content", None)
            yield text if type(text) is str else text_of(chunk)

    async def _atransform(
        self, chunks: AsyncIterator[BaseMessage | str], run: Run
    ) -> AsyncGenerator[str, None]:
        parse = None if type(self).parse is StrOutputParser.parse else self.parse
        async for chunk in chunks:
            text = getattr(chunk, "content", None)
            text = text if type(text) is str else text_of(chunk)
            yield text if parse is None else parse(text)
