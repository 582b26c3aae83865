"""Output parsers: steps from a model's words to a value."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any, ClassVar, Literal, TypeVar

from ..errors import CompositionError, shown
from ..messages import BaseMessage
from ..runnables import Run, RunnableSerializable

__all__ = ["BaseOutputParser", "BaseTransformOutputParser", "text_of"]

T = TypeVar("T", covariant=True)


def text_of(value: BaseMessage | str) -> str:
    """Give the text of what a model said.

    Raises:
        CompositionError: It is neither a message nor text.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, BaseMessage):
        return value.text
    raise CompositionError(f"an output parser takes a message or text; got {shown(value)}")


class BaseOutputParser(RunnableSerializable[BaseMessage | str, T], abstract=True):
    """A parser of a whole answer; an author writes `parse(text)`.

    `parse` raises `OutputParserException` for a text that does not parse.
    """

    _kind: ClassVar[Literal["parser"]] = "parser"
    _inline: ClassVar[bool] = True

    def parse(self, text: str) -> T:
        """Give the value of a text."""
        raise NotImplementedError

    def get_format_instructions(self) -> str:
        """Give the words that tell a model how to answer so that this parses."""
        raise NotImplementedError(f"{self.get_name()} has no format instructions")

    def _invoke(self, value: BaseMessage | str, run: Run) -> T:
        return self.parse(text_of(value))


class BaseTransformOutputParser(BaseOutputParser[T], abstract=True):
    """A parser that works on every chunk by itself."""

    _shown_as_root: ClassVar[bool] = False

    def _transform(self, chunks: Iterator[BaseMessage | str], run: Run) -> Iterator[T]:
        parse = self.parse
        for chunk in chunks:
            yield parse(text_of(chunk))

    async def _atransform(
        self, chunks: AsyncIterator[BaseMessage | str], run: Run
    ) -> AsyncGenerator[T, Any]:
        parse = self.parse
        async for chunk in chunks:
            yield parse(text_of(chunk))
