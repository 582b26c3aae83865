"""Parsers of tool calls: what a model wants called, as plain values or as pydantic objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, SkipValidation, ValidationError

from ..errors import OutputParserException, shown
from ..messages import BaseMessage
from ..runnables.schema import either
from .base import message_of, validation_problems
from .calls import Call, Calls
from .cumulative import NOTHING, BaseCumulativeTransformOutputParser, Pace, Reader
from .json import ITEMS_PER_CHUNK
from .typed import CHARACTERS_PER_CHUNK, SHORT

__all__ = ["JsonOutputKeyToolsParser", "JsonOutputToolsParser", "PydanticToolsParser"]

_ITEMS_PER_CALL, _CHARACTERS_PER_CALL = 60, 200  # what a call takes whatever its arguments are


class JsonOutputToolsParser(BaseCumulativeTransformOutputParser[Any]):
    """Give the tool calls of a message, as a list of `{"type": name of the tool, "args": {...}}`.

    It streams: the calls so far, whenever they have grown. Arguments that are cut off count as far
    as they go.

    Attributes:
        strict: Refuse control characters, such as line ends, in the strings of arguments.
        return_id: Give the `id` of each call too.
        first_tool_only: Give the first call instead of a list; None if there is none.

    Raises:
        OutputParserException: The arguments of a call are not an object of JSON, or the answer is
            text instead of a message.
    """

    _calls_out: ClassVar[bool] = False

    strict: bool = False
    return_id: bool = False
    first_tool_only: bool = False

    def parse(self, text: str) -> Any:
        raise OutputParserException(
            f"{self.get_name()} reads the tool calls of a message, and got text: {shown(text)}. "
            "Put it directly behind a chat model.",
            llm_output=text,
        )

    def parse_result(self, result: Sequence[BaseMessage], *, partial: bool = False) -> Any:
        calls = Calls(strict=self.strict)
        calls.feed(result[0])
        if not partial:
            calls.finish()
        return self._chosen(calls.all, partial=partial)

    def _message(self, answer: BaseMessage | str) -> BaseMessage:
        return self.parse(answer) if isinstance(answer, str) else message_of(answer)

    def _reader(self) -> Reader[Any]:
        return _Reader(self, Pace(ITEMS_PER_CHUNK))

    def _work(self, calls: list[Call]) -> int:
        """Say how much it took to make values of the calls, in the unit of the pace."""
        return sum(_ITEMS_PER_CALL + call.copied for call in calls)

    def _chosen(self, calls: list[Call], *, partial: bool) -> Any:
        """Give what this parser makes of the calls."""
        values = [self._value(call, partial=partial) for call in calls]
        values = [value for value in values if value is not NOTHING]
        if self.first_tool_only:
            return values[0] if values else None
        return values

    def _value(self, call: Call, *, partial: bool) -> Any:
        """Give what this parser makes of one call, nothing if it leaves it out."""
        value: dict[str, Any] = {"type": call.name, "args": call.args}
        return {**value, "id": call.id} if self.return_id else value


class JsonOutputKeyToolsParser(JsonOutputToolsParser):
    """Give the arguments of the calls of one tool.

    Attributes:
        key_name: The name of the tool.
        return_id: Give `{"type": ..., "args": ..., "id": ...}` instead of the arguments alone.
    """

    key_name: str

    def _value(self, call: Call, *, partial: bool) -> Any:
        if call.name != self.key_name:
            return NOTHING
        return super()._value(call, partial=partial) if self.return_id else call.args


class PydanticToolsParser(JsonOutputToolsParser):
    """Give the tool calls of a message as objects of pydantic models.

    While it streams, a call is left out as long as what has come of its arguments is not valid, and
    long arguments are not validated anew with every token (see `Pace`).

    Attributes:
        tools: The models; a tool is named by the `title` in the config of its class, or the class.

    Raises:
        OutputParserException: A call is not valid, or there is no such tool.
    """

    tools: SkipValidation[list[type[BaseModel]]]

    @property
    def OutputType(self) -> Any:
        one: Any = either(self.tools)
        return one if self.first_tool_only else list[one]

    def _reader(self) -> Reader[Any]:
        return _Reader(self, Pace(CHARACTERS_PER_CHUNK))

    def _work(self, calls: list[Call]) -> int:
        return sum(_CHARACTERS_PER_CALL + call.length for call in calls) - SHORT

    def _value(self, call: Call, *, partial: bool) -> Any:
        tools = {tool.model_config.get("title") or tool.__name__: tool for tool in self.tools}
        if call.name in tools:
            try:
                return tools[call.name].model_validate(call.args)
            except ValidationError as error:
                what = validation_problems(error)
        else:
            what = f"there is no such tool, there are {', '.join(map(repr, tools))}"
        if partial:  # more of it may come
            return NOTHING
        raise call.wrong(what)


class _Reader(Reader[Any]):
    """Reads one answer, chunk by chunk."""

    def __init__(self, parser: JsonOutputToolsParser, pace: Pace) -> None:
        super().__init__()
        self._parser = parser
        self._calls = Calls(strict=parser.strict)
        self._pace = pace
        self._grown = True  # the first chunk gives [], also if there is no call in it

    def feed(self, chunk: BaseMessage | str) -> bool:
        length = self._calls.feed(self._parser._message(chunk))
        self._grown = self._grown or length > 0
        if not (self._pace.due(length) and self._grown):
            return False
        self._grown = False
        value = self._parser._chosen(self._calls.all, partial=True)
        self._pace.spend(self._parser._work(self._calls.all))
        return value is not None and self.takes(value)

    def finish(self) -> bool:
        self._calls.finish()
        return self.takes(self._parser._chosen(self._calls.all, partial=False))
