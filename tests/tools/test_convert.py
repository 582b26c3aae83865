"""How a model is told of a tool: forms, names, descriptions, and what cannot be told."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal, NotRequired

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from levada.errors import CompositionError, ConfigError, SchemaAnnotationError
from levada.runnables import RunnableLambda
from levada.tools import (
    InjectedToolArg,
    convert_to_anthropic_tool,
    convert_to_openai_function,
    convert_to_openai_tool,
)

PARAMETERS = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "Where."},
        "days": {"type": "integer", "default": 1, "description": "How many."},
    },
    "required": ["city"],
}
TOLD = {"name": "weather", "description": "Forecast.", "parameters": PARAMETERS}


def weather(city: str, days: int = 1) -> str:
    """Forecast.

    Args:
        city: Where.
        days: How many.
    """
    return f"{city} {days}"


class WeatherModel(BaseModel):
    """Forecast."""

    model_config = {"title": "weather"}

    city: str = Field(description="Where.")
    days: int = Field(default=1, description="How many.")


class WeatherDict(TypedDict):
    """Forecast."""

    city: Annotated[str, ..., "Where."]
    days: Annotated[int, 1, "How many."]


@dataclass
class WeatherData:
    """Forecast.

    Attributes:
        city: Where.
        days: How many.
    """

    city: str
    days: int = 1


WeatherDict.__name__ = WeatherData.__name__ = "weather"


@pytest.mark.parametrize(
    "tool",
    [
        weather,
        WeatherModel,
        WeatherDict,
        WeatherData,
        TOLD,
        {"type": "function", "function": TOLD},
        {"type": "function", **TOLD},
        {"name": "weather", "description": "Forecast.", "input_schema": PARAMETERS},
        {"name": "weather", "description": "Forecast.", "inputSchema": PARAMETERS},
        {
            "toolSpec": {
                "name": "weather",
                "description": "Forecast.",
                "inputSchema": {"json": PARAMETERS},
            }
        },
        {"title": "weather", "description": "Forecast.", **PARAMETERS},
    ],
)
def test_every_form_of_a_tool_is_told_alike(tool: Any) -> None:
    assert convert_to_openai_function(tool) == TOLD
    assert convert_to_openai_tool(tool) == {"type": "function", "function": TOLD}
    assert convert_to_anthropic_tool(tool) == {
        "name": "weather",
        "description": "Forecast.",
        "input_schema": PARAMETERS,
    }


@pytest.mark.parametrize(
    "own", [{"type": "web_search_20250305", "name": "web_search"}, {"type": "code_interpreter"}]
)
def test_a_providers_own_tool_is_given_as_it_is(own: dict[str, Any]) -> None:
    assert convert_to_openai_tool(own) == own
    assert convert_to_anthropic_tool(own) == own


def test_what_anthropic_alone_knows_of_a_tool_is_kept() -> None:
    tool = {"name": "f", "input_schema": {"type": "object"}, "cache_control": {"type": "x"}}
    assert convert_to_anthropic_tool(tool) == tool


def test_a_function_without_arguments_has_an_empty_schema() -> None:
    def now() -> str:
        return ""

    assert convert_to_openai_function(now) == {
        "name": "now",
        "description": "",
        "parameters": {"type": "object", "properties": {}},
    }
    assert convert_to_anthropic_tool({"name": "now"}) == {
        "name": "now",
        "input_schema": {"type": "object", "properties": {}},
    }


def test_a_partial_is_named_by_its_function_and_its_arguments_may_stay_open() -> None:
    told = convert_to_openai_function(partial(weather, days=3))
    assert told["name"] == "weather"
    assert told["parameters"]["properties"]["days"]["default"] == 3


def test_a_callable_object_is_named_by_its_class() -> None:
    class Look:
        """Look."""

        def __call__(self, where: str) -> str:
            return where

    told = convert_to_openai_function(Look())
    assert (told["name"], told["description"]) == ("Look", "Look.")
    assert told["parameters"]["required"] == ["where"]


def test_injected_arguments_are_hidden() -> None:
    def save(what: str, connection: Annotated[object, InjectedToolArg]) -> None: ...

    class Save(BaseModel):
        what: str
        connection: Annotated[Callable[[], None], InjectedToolArg()]

    for tool in (save, Save):
        assert list(convert_to_openai_function(tool)["parameters"]["properties"]) == ["what"]


# --- strict ---


class Side(enum.Enum):
    LEFT = "left"
    RIGHT = "right"


class Point(BaseModel):
    x: float
    side: Side = Side.LEFT
    note: str | None = None


def test_strict_closes_every_object_and_requires_every_key() -> None:
    def draw(at: Point, kind: Literal["dot", "cross"] = "dot") -> None: ...

    told = convert_to_openai_function(draw, strict=True)
    assert told["strict"] is True
    assert told["parameters"]["required"] == ["at", "kind"]
    assert told["parameters"]["additionalProperties"] is False
    at = told["parameters"]["properties"]["at"]
    assert at["required"] == ["x", "side", "note"]
    assert at["additionalProperties"] is False


def test_strict_says_a_default_in_words() -> None:
    told = convert_to_openai_function(weather, strict=True)
    days = told["parameters"]["properties"]["days"]
    assert days == {"type": "integer", "description": "How many. Default: 1."}


def test_not_strict_changes_nothing_but_says_so() -> None:
    assert convert_to_openai_function(weather, strict=False) == {**TOLD, "strict": False}
    assert convert_to_anthropic_tool(weather, strict=False)["strict"] is False


def test_strict_refuses_a_dict_of_any_keys() -> None:
    def count(scores: dict[str, int]) -> None: ...

    with pytest.raises(ConfigError, match="'scores' of 'count' is a dict of any keys"):
        convert_to_openai_tool(count, strict=True)


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({}, "'a' of 't' can be anything"),
        (True, "'a' of 't' can be anything"),
        ({"type": "array"}, "an item of 'a' of 't' can be anything"),
        ({"anyOf": [{"type": "null"}, {"description": "Any."}]}, "'a' of 't' can be anything"),
        ({"type": "object", "properties": {"b": {}}}, "'b' of 'a' of 't' can be anything"),
        ({"type": ["object", "null"]}, "'a' of 't' is a dict of any keys"),
        ({"allOf": [{"type": "string"}]}, "'a' of 't' has 'allOf'"),
        ({"type": "string", "not": {"const": "x"}}, "'a' of 't' has 'not'"),
        ({"oneOf": [{"type": "null"}], "anyOf": [{"type": "null"}]}, "'oneOf' beside 'anyOf'"),
    ],
)
def test_strict_refuses_what_it_has_no_words_for(schema: Any, problem: str) -> None:
    tool = {"title": "t", "properties": {"a": schema}}
    with pytest.raises(ConfigError, match=problem):
        convert_to_openai_tool(tool, strict=True)


@pytest.mark.parametrize(
    ("schema", "closed"),
    [
        ({"type": "string", "minLength": 2, "examples": ["ab"]}, {"type": "string"}),
        ({"type": "string", "format": "binary"}, {"type": "string"}),
        ({"type": "string", "format": "date"}, {"type": "string", "format": "date"}),
        ({"oneOf": [{"type": "null"}]}, {"anyOf": [{"type": "null"}]}),
        (
            {"type": "array", "prefixItems": [{"type": "null"}] * 2, "minItems": 2},
            {"type": "array", "items": {"type": "null"}, "minItems": 2},
        ),
        ({"$ref": "#", "description": "Another.", "default": {}}, {"$ref": "#"}),
    ],
)
def test_strict_says_what_it_has_words_for(schema: dict[str, Any], closed: dict[str, Any]) -> None:
    tool = {"title": "t", "properties": {"a": schema}}
    told = convert_to_openai_function(tool, strict=True)
    assert told["parameters"]["properties"] == {"a": closed}


def test_a_dict_that_says_strict_is_not_contradicted() -> None:
    assert convert_to_openai_function({**TOLD, "strict": True}) == {**TOLD, "strict": True}
    assert convert_to_openai_function({**TOLD, "strict": True}, strict=True)["strict"] is True
    with pytest.raises(ConfigError, match="'weather' says strict=True; got strict=False"):
        convert_to_openai_function({**TOLD, "strict": True}, strict=False)


def test_converting_changes_nothing_in_a_dict() -> None:
    tool: dict[str, Any] = {"title": "t", "properties": {"a": {"type": "object", "default": 1}}}
    convert_to_openai_tool(tool)
    with pytest.raises(ConfigError):
        convert_to_openai_tool(tool, strict=True)
    assert tool == {"title": "t", "properties": {"a": {"type": "object", "default": 1}}}


# --- what cannot be told ---


def test_a_type_that_json_does_not_have_is_refused() -> None:
    def call(back: Callable[[int], int]) -> None: ...

    with pytest.raises(SchemaAnnotationError, match=r"'back' of 'call' is .*JSON cannot say"):
        convert_to_openai_tool(call)


def test_an_annotation_that_cannot_be_read_is_refused() -> None:
    def call(where: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(
        SchemaAnnotationError, match=r"annotation of 'call' cannot be read.*Nowhere"
    ):
        convert_to_openai_tool(call)


def test_a_builtin_without_a_signature_is_refused() -> None:
    with pytest.raises(SchemaAnnotationError, match="no signature"):
        convert_to_openai_tool(dict)


def test_a_class_that_is_no_object_is_refused() -> None:
    from pydantic import RootModel

    with pytest.raises(SchemaAnnotationError, match="takes arguments by name"):
        convert_to_openai_tool(RootModel[list[int]])


def test_a_runnable_says_how_to_make_it_a_tool() -> None:
    with pytest.raises(CompositionError, match="as_tool"):
        convert_to_openai_tool(RunnableLambda(len))  # type: ignore[arg-type]


def test_anything_else_is_refused() -> None:
    with pytest.raises(CompositionError, match=r"a tool is a function.*got 'weather'"):
        convert_to_openai_tool("weather")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="needs a 'name'"):
        convert_to_openai_tool({"properties": {}})


class Inner(TypedDict):
    """Inside."""

    n: NotRequired[Annotated[int, "A number."]]


class Outer(TypedDict, total=False):
    many: list[Inner]
    copy: Annotated[Inner | None, "May be left out."]


def test_typed_dicts_inside_are_described_too() -> None:
    told = convert_to_openai_function(Outer)["parameters"]
    inner = {
        "type": "object",
        "description": "Inside.",
        "properties": {"n": {"type": "integer", "description": "A number."}},
    }
    assert told["properties"] == {
        "many": {"type": "array", "items": inner},
        "copy": {"anyOf": [inner, {"type": "null"}], "description": "May be left out."},
    }
    assert "required" not in told
