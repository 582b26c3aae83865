"""Answers that are values: how a model is asked for one, and how its answer is read."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, PrivateAttr, SkipValidation, TypeAdapter, ValidationError

from ..errors import OutputParserException
from ..messages import AIMessage, AIMessageChunk, BaseMessage, message_chunk_to_message
from ..parsers import (
    JsonOutputParser,
    JsonOutputToolsParser,
    PydanticOutputParser,
    TypeAdapterOutputParser,
)
from ..parsers.base import validation_problems
from ..parsers.calls import Call
from ..parsers.cumulative import NOTHING
from ..runnables import AddableDict, Run, Runnable
from ..tools import ToolLike, convert_to_openai_function
from .profile import StructureMethod

__all__ = ["Structure", "WithRaw"]


class Structure:
    """A schema that an answer is to have.

    Args:
        schema: A pydantic model, TypedDict or dataclass, or a dict with a JSON schema.
        strict: Whether the model is held to it; None: as the provider has it.

    Raises:
        CompositionError: It is nothing of these.
    """

    def __init__(self, schema: ToolLike, strict: bool | None = None) -> None:
        self.function: dict[str, Any] = convert_to_openai_function(schema, strict=strict)
        self.name: str = self.function["name"]
        self._type: Any = None if isinstance(schema, Mapping) else schema
        self._model: type[BaseModel] | None = None
        if isinstance(schema, type) and issubclass(schema, BaseModel):
            self._model = schema

    def tool(self) -> dict[str, Any]:
        """Give the tool whose arguments are such a value."""
        return {"type": "function", "function": self.function}

    def response_format(self, method: StructureMethod) -> dict[str, Any]:
        """Give the option of a call that asks for it."""
        if method == "json_mode":
            return {"type": "json_object"}
        said = {"name": self.name, "schema": self.function.get("parameters", {})}
        for key in ("description", "strict"):
            if key in self.function:
                said[key] = self.function[key]
        return {"type": "json_schema", "json_schema": said}

    def parser(self, method: StructureMethod) -> Runnable[Any, Any]:
        """Give what reads the answer."""
        if method == "function_calling":
            return ToolCallParser(self.name, self._type)
        if self._type is None:
            return JsonOutputParser()
        if self._model is not None:
            return PydanticOutputParser(pydantic_object=self._model)
        return TypeAdapterOutputParser(self._type)


class ToolCallParser(JsonOutputToolsParser):
    """Give the arguments of a call as a value of a type; a dict if there is no type.

    Attributes:
        tool: The name of the tool.
        output_type: The type.
    """

    first_tool_only: bool = True
    tool: str
    output_type: SkipValidation[Any] = None

    _adapter: TypeAdapter[Any] | None = PrivateAttr(default=None)

    def __init__(self, tool: str, output_type: Any) -> None:
        fields: dict[str, Any] = {"tool": tool, "output_type": output_type}
        super().__init__(**fields)
        if output_type is not None:
            self._adapter = TypeAdapter(output_type)

    @property
    def OutputType(self) -> Any:
        return dict[str, Any] if self.output_type is None else self.output_type

    def _value(self, call: Call, *, partial: bool) -> Any:
        if call.name != self.tool:
            return NOTHING
        if self._adapter is None:
            return call.args
        try:
            return self._adapter.validate_python(
                call.args, experimental_allow_partial="trailing-strings" if partial else "off"
            )
        except ValidationError as exc:
            if partial:  # more of it may come
                return NOTHING
            raise call.wrong(validation_problems(exc)) from exc

    def _chosen(self, calls: list[Call], *, partial: bool) -> Any:
        value = super()._chosen(calls, partial=partial)
        if value is None and not partial:
            raise OutputParserException(
                f"the model was to call {self.tool!r}, and did not: it called "
                f"{', '.join(repr(call.name) for call in calls) or 'nothing'}"
            )
        return value


class WithRaw(Runnable[AIMessage, dict[str, Any]]):
    """Gives `{"raw": the message, "parsed": the value or None, "parsing_error": None or why not}`.

    The message is streamed as it comes, and the rest follows it.
    """

    __slots__ = ("name", "parser")
    _inline: ClassVar[bool] = True

    def __init__(self, parser: Runnable[Any, Any]) -> None:
        self.name: str | None = None
        self.parser: Runnable[Any, Any] = parser

    def _invoke(self, value: AIMessage, run: Run, /) -> dict[str, Any]:
        return {"raw": value, **self._parsed(value)}

    def _transform(
        self, chunks: Iterator[AIMessage], run: Run, /
    ) -> Generator[dict[str, Any], None, None]:
        total = _Total()
        for chunk in chunks:
            total.add(chunk)
            yield AddableDict(raw=chunk)
        yield AddableDict(self._parsed(total.message()))

    async def _atransform(
        self, chunks: AsyncIterator[AIMessage], run: Run, /
    ) -> AsyncGenerator[dict[str, Any], None]:
        total = _Total()
        async for chunk in chunks:
            total.add(chunk)
            yield AddableDict(raw=chunk)
        yield AddableDict(self._parsed(total.message()))

    def _parsed(self, message: BaseMessage) -> dict[str, Any]:
        try:
            # A parser is computation: in async too it runs here.
            return {"parsed": self.parser.invoke(message), "parsing_error": None}
        except OutputParserException as exc:
            return {"parsed": None, "parsing_error": exc}


class _Total:
    """The message that chunks amount to, or the one that came whole."""

    def __init__(self) -> None:
        self._whole: AIMessage | None = None
        self._sum = AIMessageChunk.accumulator()

    def add(self, message: AIMessage) -> None:
        if isinstance(message, AIMessageChunk):
            self._sum.add(message)
        else:
            self._whole = message

    def message(self) -> BaseMessage:
        return self._whole or message_chunk_to_message(self._sum.result())
