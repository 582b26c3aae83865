"""What all output parsers have in common: steps from a model's words to a value."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from typing import Any, ClassVar, Generic, Literal, TypeAlias, TypeVar

from ..errors import CompositionError, shown
from ..messages import AIMessage, BaseMessage, PromptValue
from ..runnables import Run, Runnable, RunnableSerializable

__all__ = [
    "BaseGenerationOutputParser",
    "BaseLLMOutputParser",
    "BaseOutputParser",
    "BaseTransformOutputParser",
    "OutputParserLike",
    "message_of",
    "text_of",
]

T = TypeVar("T", covariant=True)
Value = TypeVar("Value")

OutputParserLike: TypeAlias = Runnable[BaseMessage | str, Value]
"""Any step that can stand behind a model."""


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


def message_of(value: BaseMessage | str) -> BaseMessage:
    """Give what a model said as a message.

    Raises:
        CompositionError: It is neither a message nor text.
    """
    return value if isinstance(value, BaseMessage) else AIMessage(text_of(value))


class BaseLLMOutputParser(ABC, Generic[T]):
    """Something that makes a value of what a model said."""

    @abstractmethod
    def parse_result(self, result: Sequence[BaseMessage], *, partial: bool = False) -> T:
        """Give the value of an answer.

        Args:
            result: The answer as a message; of several to choose from, the best first.
            partial: Whether more will follow: then what is missing is no error.
        """

    async def aparse_result(self, result: Sequence[BaseMessage], *, partial: bool = False) -> T:
        """Give the value of an answer; see `parse_result`, which this calls."""
        return self.parse_result(result, partial=partial)


class BaseGenerationOutputParser(
    BaseLLMOutputParser[T], RunnableSerializable[BaseMessage | str, T], abstract=True
):
    """A parser of whole messages; an author writes `parse_result`."""

    _kind: ClassVar[Literal["parser"]] = "parser"

    def _invoke(self, value: BaseMessage | str, run: Run) -> T:
        return self.parse_result([message_of(value)])

    async def _ainvoke(self, value: BaseMessage | str, run: Run) -> T:
        return await self.aparse_result([message_of(value)])


class BaseOutputParser(BaseGenerationOutputParser[T], abstract=True):
    """A parser of texts; an author writes `parse`.

    `parse` raises `OutputParserException` for a text that does not parse.
    """

    @abstractmethod
    def parse(self, text: str) -> T:
        """Give the value of a text."""

    async def aparse(self, text: str) -> T:
        """Give the value of a text; see `parse`, which this calls."""
        return self.parse(text)

    def parse_result(self, result: Sequence[BaseMessage], *, partial: bool = False) -> T:
        return self.parse(result[0].text)

    def parse_with_prompt(self, completion: str, prompt: PromptValue) -> Any:
        """Give the value of a text that answers `prompt`, which a parser may use to ask again."""
        return self.parse(completion)

    def get_format_instructions(self) -> str:
        """Give the words that tell a model how to answer so that this parses."""
        raise NotImplementedError(f"{self.get_name()} has no format instructions")


class BaseTransformOutputParser(BaseOutputParser[T], abstract=True):
    """A parser that works on every chunk by itself."""

    _shown_as_root: ClassVar[bool] = False

    def _transform(self, chunks: Iterator[BaseMessage | str], run: Run) -> Iterator[T]:
        for chunk in chunks:
            yield self.parse_result([message_of(chunk)])

    async def _atransform(
        self, chunks: AsyncIterator[BaseMessage | str], run: Run
    ) -> AsyncGenerator[T, None]:
        async for chunk in chunks:
            yield await self.aparse_result([message_of(chunk)])
