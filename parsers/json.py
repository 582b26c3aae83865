"""`JsonOutputParser`: the JSON in an answer, whole or as far as it has come."""

from __future__ import annotations

from json import JSONDecoder, dumps
from typing import Any, ClassVar

from pydantic import BaseModel, SkipValidation

from ..errors import OutputParserException
from ..messages import BaseMessage
from ..messages.partial_json import PartialJsonError, PartialJsonParser
from .base import MAX_DEPTH, text_of
from .cumulative import BaseCumulativeTransformOutputParser, GrowingList, Pace, Reader

__all__ = [
    "ITEMS_PER_CHUNK",
    "JsonOutputParser",
    "JsonReader",
    "json_instructions",
    "load_json",
    "parse_json",
]

ITEMS_PER_CHUNK = 1_250
"""So many items of a list are copied in some 2 us."""

_decode = {strict: JSONDecoder(strict=strict).decode for strict in (False, True)}


class JsonOutputParser(BaseCumulativeTransformOutputParser[Any]):
    """Give the value of the JSON in an answer.

    It streams: the value so far, whenever it has grown, and less often where something very wide
    grows (see `Pace`). An answer that is cut off counts as far as it goes. The JSON may stand in
    prose or in a fence of markdown; what follows it is not read.

    Attributes:
        pydantic_object: The class whose schema the format instructions show. The value stays plain:
            dicts, lists, texts and numbers.

    Raises:
        OutputParserException: The answer has no JSON, or it goes wrong, as soon as that is certain.
    """

    _calls_out: ClassVar[bool] = False

    pydantic_object: SkipValidation[type[BaseModel] | None] = None

    def parse(self, text: str) -> Any:
        return parse_json(text)

    def get_format_instructions(self) -> str:
        model = self.pydantic_object
        return json_instructions(None if model is None else model.model_json_schema())

    def _reader(self) -> Reader[Any]:
        return JsonReader()


class JsonReader(Reader[Any]):
    """Reads the JSON in an answer: it may stand in prose, or in a fence of markdown.

    Args:
        pace: When to look at the value.

    Attributes:
        length: How many characters have come.
    """

    def __init__(self, pace: Pace | None = None) -> None:
        super().__init__()
        self._parser = PartialJsonParser(markdown=True, max_depth=MAX_DEPTH, list_type=GrowingList)
        self.length: int = 0
        self._texts: list[str] = []
        self._pace = pace or Pace(ITEMS_PER_CHUNK)
        self._stuck = False

    def feed(self, chunk: BaseMessage | str) -> bool:
        text = text_of(chunk)
        self._texts.append(text)
        self.length += len(text)
        try:
            self._parser.feed(text)
        except PartialJsonError as error:
            raise self._exception(error) from None
        if self._stuck or not (self._pace.due(len(text)) and self._parser.changed):
            return False
        try:
            self._value = self._parser.snapshot()
        except PartialJsonError:  # an integer of thousands of digits; it may yet become a float
            self._stuck = True
        self._pace.spend(self._parser.copied)
        return not self._stuck

    def finish(self) -> bool:
        before = self._value
        try:
            self._value = self._parser.finish()
        except PartialJsonError as error:
            raise self._exception(error) from None
        return self._value is not before

    def plain_value(self) -> Any:
        """Give the value for who does not pass it on in a stream."""
        return self._value

    def text(self) -> str:
        """Give what has been read."""
        return "".join(self._texts)

    def _exception(self, error: PartialJsonError) -> OutputParserException:
        return OutputParserException(f"the answer is not JSON: {error}", llm_output=self.text())


def parse_json(text: str) -> Any:
    """Give the value of the JSON in a text, which may have been cut off.

    Raises:
        OutputParserException: There is none, or it goes wrong before the text ends.
    """
    try:
        return load_json(text)
    except ValueError:
        pass  # the reader knows what is wrong and where, if anything is
    reader = JsonReader()
    reader.feed(text)
    reader.finish()
    return reader.plain_value()


def load_json(text: str, *, strict: bool = False) -> Any:
    """Give the value of a text that is JSON and nothing else, or raise a ValueError."""
    try:
        value = _decode[strict](text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_deep(value):
        raise ValueError("nested too deep")
    return value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            inside
            for outside in level
            if isinstance(outside, dict | list)
            for inside in (outside.values() if isinstance(outside, dict) else outside)
        ]
        if not level:
            return False
    return True


def json_instructions(schema: dict[str, Any] | None, kind: str = "JSON value") -> str:
    """Tell a model to answer in JSON, that fits a schema if there is one."""
    told = f"Answer with one {kind} and nothing else: no explanation, no markdown."
    if schema is None:
        return told
    return (
        f"{told} It must be valid under the following JSON Schema; do not answer with the schema "
        f"itself.\n{dumps(schema, ensure_ascii=False)}"
    )
