"""What all output parsers have in common: steps from a model's words to a value."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from pydantic import ValidationError

from ..errors import CompositionError, OutputParserException, shown
from ..messages import AIMessage, AnyMessage, BaseMessage, PromptValue
from ..runnables import Run, Runnable, RunnableSerializable
from ..runnables.events import Kind

__all__ = [
    "MAX_DEPTH",
    "BaseGenerationOutputParser",
    "BaseLLMOutputParser",
    "BaseOutputParser",
    "BaseTransformOutputParser",
    "OutputParserLike",
    "message_of",
    "parse_error",
    "text_of",
    "validation_problems",
]

T = TypeVar("T", covariant=True)
Value = TypeVar("Value")

MAX_DEPTH = 200
"""How deep an answer may be nested: what recurses into a value is safe, pydantic and repr too."""

_EXCERPT = 40  # characters on either side of what is wrong
_MAX_PROBLEMS = 10

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


def parse_error(message: str, text: str, pos: int) -> OutputParserException:
    """Make the exception that says what is wrong with a text, and where."""
    excerpt = text[max(0, pos - _EXCERPT) : pos + _EXCERPT]
    return OutputParserException(f"{message} at character {pos}, near {excerpt!r}", llm_output=text)


def validation_problems(error: ValidationError) -> str:
    """Give what pydantic found wrong in one line, for the model to read as well."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    told = [
        f"{'.'.join(map(str, problem['loc'])) or 'the value'}: {problem['msg']}"
        for problem in problems[:_MAX_PROBLEMS]
    ]
    if len(problems) > _MAX_PROBLEMS:
        told.append(f"and {len(problems) - _MAX_PROBLEMS} more")
    return "; ".join(told)


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

    _kind: ClassVar[Kind] = "parser"

    @property
    def InputType(self) -> Any:
        return str | AnyMessage

    def _message(self, answer: BaseMessage | str) -> BaseMessage:
        """Give what a model said as a message."""
        return message_of(answer)

    def _invoke(self, value: BaseMessage | str, run: Run) -> T:
        return self.parse_result([self._message(value)])

    async def _ainvoke(self, value: BaseMessage | str, run: Run) -> T:
        return await self.aparse_result([self._message(value)])


class BaseOutputParser(BaseGenerationOutputParser[T], abstract=True):
    """A parser of texts; an author writes `parse`.

    `parse` raises `OutputParserException` for a text that does not parse.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "_calls_out" not in cls.__dict__ and cls.__dict__.keys() & {"parse", "parse_result"}:
            cls._calls_out = True  # who knows what it calls

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
            yield self.parse_result([self._message(chunk)])

    async def _atransform(
        self, chunks: AsyncIterator[BaseMessage | str], run: Run
    ) -> AsyncGenerator[T, None]:
        async for chunk in chunks:
            yield await self.aparse_result([self._message(chunk)])
