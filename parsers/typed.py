"""Parsers of JSON into types that pydantic knows."""

from __future__ import annotations

from typing import Any, TypeVar, overload

from pydantic import BaseModel, PrivateAttr, SkipValidation, TypeAdapter, ValidationError

from ..errors import OutputParserException
from ..messages import BaseMessage
from .base import validation_problems
from .cumulative import BaseCumulativeTransformOutputParser, DiffReader, Pace, Reader
from .json import JsonReader, json_instructions, parse_json

__all__ = ["CHARACTERS_PER_CHUNK", "SHORT", "PydanticOutputParser", "TypeAdapterOutputParser"]

T = TypeVar("T", covariant=True)
Model = TypeVar("Model", bound=BaseModel, covariant=True)

SHORT = 2_000
"""So many characters of JSON can be validated at every chunk."""

CHARACTERS_PER_CHUNK = 500
"""How many more each chunk pays for: some 10 us, and much more if they are small objects."""

_anything: TypeAdapter[Any] = TypeAdapter(Any)


class _TypedOutputParser(BaseCumulativeTransformOutputParser[T], abstract=True):
    """A parser of JSON that is validated.

    While it streams, it gives what has come when that is valid. As validation looks at the whole
    value, a long answer is not validated at every chunk: see `Pace`.
    """

    def _validated(self, value: Any, *, partial: bool) -> T:
        """Give the value, or raise a ValidationError."""
        raise NotImplementedError

    def _checked(self, value: Any, text: str) -> T:
        try:
            return self._validated(value, partial=False)
        except ValidationError as error:
            raise OutputParserException(
                f"the JSON of the answer is not valid: {validation_problems(error)}",
                llm_output=text,
            ) from error

    def parse(self, text: str) -> T:
        return self._checked(parse_json(text), text)

    def _reader(self) -> Reader[T]:
        return _Reader(self)

    def _diffs(self, reader: Reader[T]) -> Reader[Any]:
        return _JsonableDiffReader(reader)


class PydanticOutputParser(_TypedOutputParser[Model]):
    """Give the JSON of an answer as an object of a pydantic model.

    It streams the object once what has come makes a valid one, and then whenever it has grown.

    Attributes:
        pydantic_object: The model.

    Raises:
        OutputParserException: The answer has no JSON, or it is not valid.
    """

    pydantic_object: SkipValidation[type[Model]]

    @property
    def OutputType(self) -> Any:
        return self.pydantic_object

    def _validated(self, value: Any, *, partial: bool) -> Model:
        return self.pydantic_object.model_validate(value)

    def get_format_instructions(self) -> str:
        return json_instructions(self.pydantic_object.model_json_schema())


class TypeAdapterOutputParser(_TypedOutputParser[T]):
    """Give the JSON of an answer as a value of any type that pydantic knows.

        parser = TypeAdapterOutputParser(list[Item])

    It streams what has come, as far as it is valid: the last item of a list, or the last key of a
    dict, is left out until it is.

    Attributes:
        output_type: The type: a model, a dataclass, a TypedDict, a union, a list of one of these.

    Raises:
        OutputParserException: The answer has no JSON, or it is not valid.
    """

    output_type: SkipValidation[Any]
    _adapter: TypeAdapter[T] = PrivateAttr()

    @overload
    def __init__(
        self, output_type: type[T], *, name: str | None = None, diff: bool = False
    ) -> None: ...
    @overload
    def __init__(
        self, output_type: Any, *, name: str | None = None, diff: bool = False
    ) -> None: ...
    def __init__(self, output_type: Any, *, name: str | None = None, diff: bool = False) -> None:
        fields: dict[str, Any] = {"output_type": output_type, "name": name, "diff": diff}
        super().__init__(**fields)
        self._adapter = TypeAdapter(output_type)

    @property
    def OutputType(self) -> Any:
        return self.output_type

    def _validated(self, value: Any, *, partial: bool) -> T:
        return self._adapter.validate_python(
            value, experimental_allow_partial="trailing-strings" if partial else "off"
        )

    def get_format_instructions(self) -> str:
        return json_instructions(self._adapter.json_schema())


class _Reader(Reader[T]):
    """Reads one answer, chunk by chunk."""

    def __init__(self, parser: _TypedOutputParser[T]) -> None:
        super().__init__()
        self._parser = parser
        self._pace = Pace(CHARACTERS_PER_CHUNK)
        self._json = JsonReader(self._pace)

    def feed(self, chunk: BaseMessage | str) -> bool:
        if not self._json.feed(chunk):
            return False
        self._pace.spend(self._json.length - SHORT)
        try:
            value = self._parser._validated(self._json.plain_value(), partial=True)
        except ValidationError:
            return False
        return self.takes(value)

    def finish(self) -> bool:
        self._json.finish()
        return self.takes(self._parser._checked(self._json.plain_value(), self._json.text()))


class _JsonableDiffReader(DiffReader):
    def _current(self) -> Any:
        return _anything.dump_python(super()._current(), mode="json")
