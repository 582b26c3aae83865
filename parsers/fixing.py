"""Parsers that ask a model again when its answer does not parse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import Field, SkipValidation

from ..errors import CompositionError, OutputParserException, shown
from ..messages import AIMessage, BaseMessage, HumanMessage, PromptValue
from ..runnables import Run, Runnable, RunnableLambda, RunnableSerializable
from ..runnables.events import Kind
from .base import BaseOutputParser, text_of

__all__ = ["OutputFixingParser", "RetryOutputParser"]

Input = TypeVar("Input", contravariant=True)
T = TypeVar("T", covariant=True)
Value = TypeVar("Value")


class _AskingParser(RunnableSerializable[Input, T], abstract=True):
    _kind: ClassVar[Kind] = "parser"

    parser: SkipValidation[Runnable[BaseMessage | str, T]]
    retry_chain: SkipValidation[Runnable[dict[str, Any], BaseMessage | str]]
    max_retries: int = Field(default=1, ge=0)

    def get_format_instructions(self) -> str:
        """Give those of the parser; none if it has none."""
        if isinstance(self.parser, BaseOutputParser | _AskingParser):
            try:
                return self.parser.get_format_instructions()
            except NotImplementedError:
                pass
        return ""

    def _parsed(self, answer: BaseMessage | str, prompt: PromptValue | None) -> T:
        for _ in range(self.max_retries):
            try:
                return self.parser.invoke(answer)
            except OutputParserException as error:
                given = self._given(answer, prompt, error)
            answer = self.retry_chain.invoke(given)
        return self.parser.invoke(answer)

    async def _aparsed(self, answer: BaseMessage | str, prompt: PromptValue | None) -> T:
        for _ in range(self.max_retries):
            try:
                return await self.parser.ainvoke(answer)
            except OutputParserException as error:
                given = self._given(answer, prompt, error)
            answer = await self.retry_chain.ainvoke(given)
        return await self.parser.ainvoke(answer)

    def _given(
        self, answer: BaseMessage | str, prompt: PromptValue | None, error: OutputParserException
    ) -> dict[str, Any]:
        told = error.send_to_llm
        return {
            "prompt": prompt,
            "completion": error.llm_output if told else text_of(answer),
            "error": error.observation if told else str(error),
            "instructions": self.get_format_instructions(),
        }


class OutputFixingParser(_AskingParser[BaseMessage | str, T]):
    """Parse an answer; if it does not parse, have a model write it again, and parse that.

        parser = OutputFixingParser.from_llm(model, JsonOutputParser())

    Attributes:
        parser: What an answer must parse with.
        retry_chain: What writes it again. It gets a dict with the keys `completion` (the bad
            answer), `error` (what is wrong), `instructions` (of the parser) and `prompt` (None).
        max_retries: How often to ask, at most.

    Raises:
        OutputParserException: The last answer does not parse either.
    """

    @classmethod
    def from_llm(
        cls,
        llm: Runnable[Any, BaseMessage | str],
        parser: Runnable[BaseMessage | str, Value],
        prompt: Runnable[dict[str, Any], Any] | None = None,
        max_retries: int = 1,
    ) -> OutputFixingParser[Value]:
        """Make one that asks `llm`.

        Args:
            llm: The model, or a chain that ends with one.
            parser: What an answer must parse with.
            prompt: What asks; see `retry_chain` for what it gets.
            max_retries: How often to ask, at most.
        """
        chain = (prompt or _ask_again) | llm
        return OutputFixingParser(parser=parser, retry_chain=chain, max_retries=max_retries)

    def parse(self, text: str) -> T:
        """Give the value of a text."""
        return self.invoke(text)

    async def aparse(self, text: str) -> T:
        """Give the value of a text."""
        return await self.ainvoke(text)

    def _invoke(self, value: BaseMessage | str, run: Run) -> T:
        return self._parsed(value, None)

    async def _ainvoke(self, value: BaseMessage | str, run: Run) -> T:
        return await self._aparsed(value, None)


class RetryOutputParser(_AskingParser[Mapping[str, Any], T]):
    """Parse an answer; if it does not parse, ask again what was asked, and parse that answer.

    It takes the answer and the prompt that it answers:

        RunnableParallel(completion=prompt | model, prompt_value=prompt)
        | RetryOutputParser.from_llm(model, JsonOutputParser())

    Attributes:
        parser: What an answer must parse with.
        retry_chain: What answers again. It gets a dict with the keys `completion` (the bad
            answer), `error` (what is wrong), `instructions` (of the parser) and `prompt`.
        max_retries: How often to ask, at most.

    Raises:
        OutputParserException: The last answer does not parse either.
    """

    @classmethod
    def from_llm(
        cls,
        llm: Runnable[Any, BaseMessage | str],
        parser: Runnable[BaseMessage | str, Value],
        prompt: Runnable[dict[str, Any], Any] | None = None,
        max_retries: int = 1,
    ) -> RetryOutputParser[Value]:
        """Make one that asks `llm`; see `OutputFixingParser.from_llm`."""
        chain = (prompt or _ask_again) | llm
        return RetryOutputParser(parser=parser, retry_chain=chain, max_retries=max_retries)

    def parse_with_prompt(self, completion: BaseMessage | str, prompt_value: PromptValue) -> T:
        """Give the value of an answer to a prompt."""
        return self.invoke({"completion": completion, "prompt_value": prompt_value})

    async def aparse_with_prompt(
        self, completion: BaseMessage | str, prompt_value: PromptValue
    ) -> T:
        """Give the value of an answer to a prompt."""
        return await self.ainvoke({"completion": completion, "prompt_value": prompt_value})

    def _invoke(self, value: Mapping[str, Any], run: Run) -> T:
        return self._parsed(*_completion_and_prompt(value))

    async def _ainvoke(self, value: Mapping[str, Any], run: Run) -> T:
        return await self._aparsed(*_completion_and_prompt(value))


def _completion_and_prompt(value: Mapping[str, Any]) -> tuple[BaseMessage | str, PromptValue]:
    if isinstance(value, Mapping) and value.keys() >= {"completion", "prompt_value"}:
        return value["completion"], value["prompt_value"]
    raise CompositionError(
        "a RetryOutputParser takes a dict with the keys 'completion' and 'prompt_value'; "
        f"got {shown(value)}. Make it with RunnableParallel(completion=..., prompt_value=...)."
    )


def _question(given: dict[str, Any]) -> list[BaseMessage]:
    """Ask for a better answer: in the conversation if there was one."""
    completion, prompt = given["completion"], given["prompt"]
    wrong = f"This answer could not be read: {given['error']}"
    rules = given["instructions"]
    if prompt is None:
        task = "Write the answer below again, so that it can be read. Do not change what it says."
        return [_told(wrong, task, rules, f"The answer:\n{completion}")]
    return [*prompt.to_messages(), AIMessage(completion), _told(wrong, "Answer again.", rules)]


def _told(*parts: str) -> HumanMessage:
    return HumanMessage("\n\n".join(filter(None, parts)))


_ask_again: Runnable[dict[str, Any], list[BaseMessage]] = RunnableLambda(
    _question, name="ask_again", inline=True
)
