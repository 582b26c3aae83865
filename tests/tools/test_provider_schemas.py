"""Schemas of forty functions and classes, against what the SDKs of OpenAI and Anthropic accept."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, Optional, Union

import anyio
import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict, get_type_hints, is_typeddict

from levada.chat_models._openai_responses_request import _flat
from levada.errors import ConfigError
from levada.messages import ToolCall
from levada.tools import (
    InjectedToolArg,
    InjectedToolCallId,
    StructuredTool,
    convert_to_anthropic_tool,
    convert_to_openai_function,
    convert_to_openai_tool,
    tool,
)

pytest.importorskip("docstring_parser")
chat = pytest.importorskip("openai.types.chat")
responses = pytest.importorskip("openai.types.responses")
shared_params = pytest.importorskip("openai.types.shared_params")
anthropic = pytest.importorskip("anthropic.types")


def closed(kind: Any) -> TypeAdapter[Any]:
    """Give what checks a dict as the SDK types it, and refuses keys that the type does not have."""
    keys = get_type_hints(kind, include_extras=True)
    copied = TypedDict(kind.__name__, keys, total=False)  # type: ignore[operator]
    return TypeAdapter(with_config(ConfigDict(extra="forbid"))(copied))


CHAT_TOOL = closed(chat.ChatCompletionFunctionToolParam)
CHAT_FUNCTION = closed(shared_params.FunctionDefinition)
RESPONSES_TOOL = closed(responses.FunctionToolParam)
ANTHROPIC_TOOL = closed(anthropic.ToolParam)


# --- what is made into tools ---


class Unit(enum.Enum):
    METRE = "m"
    FOOT = "ft"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Place(BaseModel):
    """Somewhere."""

    city: str
    country: str = "NO"


class Stay(BaseModel):
    """A stay somewhere."""

    place: Place = Field(description="Where.")
    nights: int = Field(default=1, ge=1, le=30)


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str] = []


class Pet(BaseModel):
    """Keep a pet."""

    pet: Annotated[Cat | Dog, Field(discriminator="kind")]


class Folder(BaseModel):
    """Make a folder."""

    name: str
    inside: list[Folder] = Field(default=[], description="What is in it.")


class Person(BaseModel):
    """Add a person."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    full_name: str = Field(alias="fullName", min_length=1, description="First and last.")
    age: int | None = Field(default=None, ge=0, description="In years.")


class Shop(BaseModel):
    """Order."""

    by: Person
    lines: list[Stay]
    note: str = ""


class Point(TypedDict):
    """A point."""

    x: Annotated[float, ..., "To the right."]
    y: Annotated[float, ..., "Up."]


class Marked(TypedDict):
    """Mark a point."""

    at: Point
    label: NotRequired[str]


class Fewer(TypedDict, total=False):
    """Filter."""

    city: str
    most: int


@dataclass
class Size:
    """Measure.

    Attributes:
        width: How wide.
        unit: In what.
    """

    width: float
    unit: Unit = Unit.METRE


@dataclass
class Box:
    """Pack."""

    size: Size
    labels: list[str] = field(default_factory=list)


def plain(text: str, times: int, share: float, loud: bool) -> None:
    """Say."""


def defaults(text: str = "a", times: int = 2, share: float = 0.5, loud: bool = False) -> None:
    """Say."""


def optional_old(city: Optional[str] = None) -> None:  # noqa: UP045
    """Look up."""


def optional_required(city: str | None) -> None:
    """Look up."""


def union(value: int | str) -> None:
    """Set."""


def union_old(value: Union[int, list[int]]) -> None:  # noqa: UP007
    """Set."""


def enums(unit: Unit, level: Level = Level.LOW) -> None:
    """Measure."""


def literals(mode: Literal["fast", "slow"], step: Literal[1, 2] = 1) -> None:
    """Go."""


def one_literal(mode: Literal["only"]) -> None:
    """Go."""


def lists(names: list[str], grid: list[list[int]]) -> None:
    """Sort."""


def sets(tags: set[str]) -> None:
    """Tag."""


def even_tuple(at: tuple[float, float]) -> None:
    """Go to."""


def long_tuple(values: tuple[int, ...]) -> None:
    """Sum."""


def uneven_tuple(pair: tuple[str, int]) -> None:
    """Set."""


def open_dict(counts: dict[str, int]) -> None:
    """Count."""


def anything(value: Any) -> None:
    """Set."""


def unannotated(value, other=1):  # type: ignore[no-untyped-def]
    """Set."""


def bare_list(values: list) -> None:  # type: ignore[type-arg]
    """Set."""


def times(
    at: dt.datetime, day: dt.date | None = None, length: dt.timedelta = dt.timedelta(1)
) -> None:
    """Plan."""


def ids(order: uuid.UUID, amount: Decimal) -> None:
    """Pay."""


def paths(file: Path) -> None:
    """Read."""


def constrained(
    name: Annotated[str, Field(min_length=2, max_length=5, pattern="^[a-z]+$")],
    share: Annotated[float, Field(gt=0, lt=1, multiple_of=0.25)],
    tags: Annotated[list[str], Field(min_length=1, max_length=2)],
) -> None:
    """Set."""


def annotated(city: Annotated[str, "Where."], days: Annotated[int, "How many."] = 1) -> None:
    """Forecast."""


def google(city: str, days: int = 1) -> None:
    """Forecast.

    Args:
        city: Where.
        days: How many.

    Returns:
        Nothing.
    """


def numpy(city: str, days: int = 1) -> None:
    """Forecast.

    Parameters
    ----------
    city : str
        Where.
    days : int
        How many.
    """


def sphinx(city: str, days: int = 1) -> None:
    """Forecast.

    :param city: Where.
    :param days: How many.
    """


def nested(stay: Stay, other: Stay | None = None) -> None:
    """Book."""


def list_of_models(stays: list[Stay]) -> None:
    """Book."""


def model_default(place: Place = Place(city="Oslo")) -> None:  # noqa: B008
    """Go."""


def typed_dict(point: Point) -> None:
    """Draw."""


def with_dataclass(size: Size) -> None:
    """Cut."""


def tree(folder: Folder) -> None:
    """Make."""


def injected(
    item: str,
    user: Annotated[str, InjectedToolArg] = "me",
    call: Annotated[str, InjectedToolCallId] = "",
) -> None:
    """Order."""


async def asynchronous(city: str) -> None:
    """Fetch."""


def generator(n: int) -> Iterator[str]:
    """Count."""
    yield str(n)


def by_name(city: str, *, days: int = 1) -> None:
    """Forecast."""


def positional(a: int, /, b: int) -> None:
    """Add."""


def rest(*cities: str) -> None:
    """Visit."""


@dataclass
class Case:
    """A tool, and arguments: right ones, and wrong ones.

    Attributes:
        told: What the tool is made of.
        right: Arguments that the schema and the tool take.
        wrong: Arguments that neither takes.
        loose: Why it cannot be strict, as the error says; None: it can.
    """

    told: Any
    right: dict[str, Any]
    wrong: dict[str, Any]
    loose: str | None = None


OSLO = {"city": "Oslo"}
STAY = {"place": OSLO, "nights": 2}
NO_STAY = {"place": {"country": "NO"}}
SIZE = {"width": 2.5, "unit": "ft"}
SAID = {"text": "a", "times": 1, "share": 0.1, "loud": True}
ANY_KEYS = "a dict of any keys"
ANYTHING = "can be anything"

CASES = [
    Case(plain, SAID, SAID | {"times": "many"}),
    Case(defaults, {"times": 3}, {"share": "half"}),
    Case(optional_old, {"city": None}, {"city": 1}),
    Case(optional_required, {"city": None}, {}),
    Case(union, {"value": "a"}, {"value": [1]}),
    Case(union_old, {"value": [1, 2]}, {"value": ["a"]}),
    Case(enums, {"unit": "ft", "level": 2}, {"unit": "mile"}),
    Case(literals, {"mode": "slow", "step": 2}, {"mode": "slow", "step": 3}),
    Case(one_literal, {"mode": "only"}, {"mode": "other"}),
    Case(lists, {"names": ["a"], "grid": [[1], []]}, {"names": ["a"], "grid": [1]}),
    Case(sets, {"tags": ["a", "b"]}, {"tags": "a"}),
    Case(even_tuple, {"at": [1.5, 2]}, {"at": [1]}),
    Case(long_tuple, {"values": [1, 2, 3]}, {"values": ["a"]}),
    Case(uneven_tuple, {"pair": ["a", 1]}, {"pair": ["a"]}, "a tuple of different"),
    Case(open_dict, {"counts": {"a": 1}}, {"counts": {"a": "b"}}, ANY_KEYS),
    Case(anything, {"value": [1, {"a": None}]}, {}, ANYTHING),
    Case(unannotated, {"value": "a", "other": 2}, {"other": 2}, ANYTHING),
    Case(bare_list, {"values": [1, "a"]}, {"values": {"a": 1}}, ANYTHING),
    Case(times, {"at": "2026-11-25T15:00:00Z", "length": "P1D"}, {"at": [1]}),
    Case(ids, {"order": str(uuid.UUID(int=1)), "amount": "1.50"}, {"order": 1, "amount": 2}),
    Case(paths, {"file": "a/b.txt"}, {"file": 1}),
    Case(
        constrained,
        {"name": "abc", "share": 0.25, "tags": ["a"]},
        {"name": "ABC", "share": 0.3, "tags": []},
    ),
    Case(annotated, OSLO, {"days": 1}),
    Case(google, OSLO | {"days": 2}, OSLO | {"days": "x"}),
    Case(numpy, OSLO | {"days": 2}, OSLO | {"days": "x"}),
    Case(sphinx, OSLO | {"days": 2}, OSLO | {"days": "x"}),
    Case(nested, {"stay": STAY, "other": None}, {"stay": NO_STAY}),
    Case(list_of_models, {"stays": [STAY, STAY]}, {"stays": [STAY, NO_STAY]}),
    Case(model_default, {"place": {"city": "Bergen"}}, {"place": {}}),
    Case(typed_dict, {"point": {"x": 1, "y": 2.5}}, {"point": {"x": 1}}),
    Case(with_dataclass, {"size": SIZE}, {"size": SIZE | {"unit": "mile"}}),
    Case(
        tree,
        {"folder": {"name": "a", "inside": [{"name": "b", "inside": []}]}},
        {"folder": {"name": "a", "inside": [{"inside": []}]}},
    ),
    Case(injected, {"item": "pear"}, {"item": 1}),
    Case(asynchronous, OSLO, {"city": 1}),
    Case(generator, {"n": 3}, {"n": "x"}),
    Case(by_name, OSLO, {"days": 1}),
    Case(positional, {"a": 1, "b": 2}, {"a": 1}),
    Case(rest, {"cities": ["Oslo", "Bergen"]}, {"cities": [1]}),
    Case(Place, OSLO, {"city": 1}),
    Case(Stay, STAY, STAY | {"nights": 31}),
    Case(Pet, {"pet": {"kind": "cat", "lives": 9}}, {"pet": {"kind": "cow", "lives": 9}}),
    Case(Folder, {"name": "a", "inside": [{"name": "b"}]}, {"name": "a", "inside": [{}]}),
    Case(Person, {"fullName": "Ann", "age": 3}, {"fullName": "Ann", "weight": 1}),
    Case(
        Shop,
        {"by": {"fullName": "Ann"}, "lines": [STAY]},
        {"by": {"fullName": ""}, "lines": [STAY]},
    ),
    Case(Point, {"x": 1, "y": 2.5}, {"x": "right", "y": 0}),
    Case(Marked, {"at": {"x": 1, "y": 2}}, {"at": {"x": 1}, "label": "a"}),
    Case(Fewer, {"most": 3}, {"most": "few"}),
    Case(Size, SIZE, {"unit": "m"}),
    Case(Box, {"size": SIZE, "labels": ["a"]}, {"size": SIZE, "labels": [1]}),
]
each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.told.__name__)


def test_there_are_forty_at_least() -> None:
    assert len({case.told for case in CASES}) >= 40


@each
@pytest.mark.parametrize("strict", [None, False])
def test_the_sdks_take_every_tool(case: Case, strict: bool | None) -> None:
    check_by_the_sdks(case.told, strict)


def check_by_the_sdks(told: Any, strict: bool | None) -> None:
    """Check a tool in each form against the type that the SDK has for it."""
    openai = convert_to_openai_tool(told, strict=strict)
    CHAT_TOOL.validate_python(openai)
    CHAT_FUNCTION.validate_python(openai["function"])
    # The Responses API wants the key; None leaves it to the server, as a missing one did.
    RESPONSES_TOOL.validate_python({"strict": None, **_flat(openai)})
    ANTHROPIC_TOOL.validate_python(convert_to_anthropic_tool(told, strict=strict))


@pytest.mark.parametrize("extra", [{}, {"colour": "red"}])
def test_the_checks_by_the_sdks_can_fail(extra: dict[str, Any]) -> None:
    for adapter in (CHAT_TOOL, CHAT_FUNCTION, RESPONSES_TOOL, ANTHROPIC_TOOL):
        with pytest.raises(ValidationError):
            adapter.validate_python(extra)
    with pytest.raises(ValidationError, match="colour"):
        CHAT_FUNCTION.validate_python({"name": "a", "colour": "red"})


@each
def test_the_schema_says_which_arguments_are_right(case: Case) -> None:
    schema = convert_to_openai_function(case.told)["parameters"]
    Draft202012Validator.check_schema(schema)
    assert schema == convert_to_anthropic_tool(case.told)["input_schema"]
    validator = Draft202012Validator(schema)
    assert [error.message for error in validator.iter_errors(case.right)] == []
    assert not validator.is_valid(case.wrong)


@each
def test_the_tool_takes_what_its_schema_says(case: Case) -> None:
    call(case.told, case.right)
    with pytest.raises(ValidationError):
        call(case.told, case.wrong)


def call(told: Any, arguments: dict[str, Any]) -> None:
    """Call a tool; what is a class and no arguments of a function is made of them."""
    if is_typeddict(told) or is_dataclass(told):
        TypeAdapter(told).validate_python(arguments)
        return
    asked = ToolCall(name=told.__name__, args=arguments, id="c1", type="tool_call")
    if isinstance(told, type):
        made = StructuredTool.from_function(
            lambda **_: None, name=told.__name__, description="Take.", args_schema=told
        )
    else:
        made = tool(told)
    assert anyio.run(made.ainvoke, asked).tool_call_id == "c1"


# What OpenAI lists under "Supported schemas" of structured outputs; all else is refused there.
STRICT = frozenset(
    {"type", "description", "properties", "required", "additionalProperties", "items", "enum"}
    | {"const", "anyOf", "$ref", "$defs", "pattern", "format", "multipleOf", "minimum", "maximum"}
    | {"exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems"}
)
FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)


def offences(schema: Mapping[str, Any], at: str = "") -> Iterator[str]:
    """Say where a schema breaks the rules of OpenAI's strict mode."""
    if unknown := schema.keys() - STRICT:
        yield f"{at}: has {sorted(unknown)}"
    if not schema.keys() & {"type", "anyOf", "enum", "const", "$ref"}:
        yield f"{at}: can be anything"
    if "$ref" in schema and schema.keys() - {"$ref", "$defs"}:
        yield f"{at}: has something beside $ref"
    if schema.get("format", "date") not in FORMATS:
        yield f"{at}: has the format {schema['format']}"
    properties = schema.get("properties", {})
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            yield f"{at}: is not closed"
        if set(schema.get("required", ())) != set(properties):
            yield f"{at}: does not require all of its keys"
    if schema.get("type") == "array" and "items" not in schema:
        yield f"{at}: has items of anything"
    for key in ("properties", "$defs"):
        for name, part in schema.get(key, {}).items():
            yield from offences(part, f"{at}/{name}")
    for part in [*schema.get("anyOf", ()), *filter(None, [schema.get("items")])]:
        yield from offences(part, f"{at}/*")


@each
def test_a_strict_tool_keeps_to_the_rules_of_strict_mode(case: Case) -> None:
    if case.loose is not None:
        with pytest.raises(ConfigError, match=case.loose):
            convert_to_openai_tool(case.told, strict=True)
        return
    check_by_the_sdks(case.told, strict=True)
    schema = convert_to_openai_function(case.told, strict=True)["parameters"]
    Draft202012Validator.check_schema(schema)
    assert schema["type"] == "object"
    assert list(offences(schema)) == []


def test_the_rules_of_strict_mode_can_be_broken() -> None:
    loose = [case.told for case in CASES if case.loose is not None]
    for told in [*loose, plain, nested, sets, constrained]:
        assert list(offences(convert_to_openai_function(told)["parameters"]))


def test_what_is_injected_is_in_no_schema() -> None:
    assert list(convert_to_openai_function(injected)["parameters"]["properties"]) == ["item"]
    assert list(convert_to_openai_function(tool(injected))["parameters"]["properties"]) == ["item"]


@pytest.mark.parametrize("told", [annotated, google, numpy, sphinx], ids=lambda f: f.__name__)
def test_every_style_describes_the_arguments(told: Any) -> None:
    properties = convert_to_openai_function(told)["parameters"]["properties"]
    assert [p["description"] for p in properties.values()] == ["Where.", "How many."]
