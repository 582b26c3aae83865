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

    # Most chains end here, token by token: a text content is not worth a call.

    def _invoke(self, value: BaseMessage | str, run: Run) -> str:
        text = getattr(value, "content", None)
        return text if type(text) is str else text_of(value)

    def _transform(self, chunks: Iterator[BaseMessage | str], run: Run) -> Iterator[str]:
        for chunk in chunks:
            text = getattr(chunk, "content", None)
            yield text if type(text) is str else text_of(chunk)

    async def _atransform(
        self, chunks: AsyncIterator[BaseMessage | str], run: Run
    ) -> AsyncGenerator[str, None]:
        async for chunk in chunks:
            text = getattr(chunk, "content", None)
            yield text if type(text) is str else text_of(chunk)
