"""Answers that are values: asked for by a tool, by a schema, or as any JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from levada.chat_models import BaseChatModel, GenericFakeChatModel
from levada.errors import OutputParserException, UnsupportedError
from levada.messages import AIMessage
from levada.runnables import RunnablePassthrough


class Song(BaseModel):
    """A song."""

    title: str
    verses: list[str]


class SongDict(TypedDict):
    """A song."""

    title: str
    verses: list[str]


@dataclass
class SongData:
    """A song."""

    title: str
    verses: list[str]


SCHEMA = {**Song.model_json_schema(), "title": "Song"}
PLAIN = {"title": "Moon", "verses": ["one fish", "two fish"]}
JSON = '{"title": "Moon", "verses": ["one fish", "two fish"]}'
WANTED = {
    Song: Song.model_validate(PLAIN),
    SongDict: PLAIN,
    SongData: SongData(**PLAIN),
    "schema": PLAIN,
}
METHODS = ["function_calling", "json_schema", "json_mode"]
SCHEMAS = pytest.mark.parametrize("schema", WANTED, ids=lambda s: getattr(s, "__name__", s))


def answer(name: str, method: str) -> AIMessage:
    if method != "function_calling":
        return AIMessage(JSON)
    call = {"name": name, "args": PLAIN, "id": "1", "type": "tool_call"}
    return AIMessage("", tool_calls=[call])


def structured(schema: Any, method: str, *answers: Any, **options: Any) -> Any:
    name = getattr(schema, "__name__", "Song")
    model = GenericFakeChatModel(messages=iter(answers or [answer(name, method)]))
    given = SCHEMA if schema == "schema" else schema
    return model.with_structured_output(given, method=method, **options)


@SCHEMAS
@pytest.mark.parametrize("method", METHODS)
def test_the_answer_is_a_value_of_the_schema(run, schema, method) -> None:
    value = run.invoke(structured(schema, method), "a song")
    assert value == WANTED[schema]
    assert type(value) is type(WANTED[schema])


@SCHEMAS
@pytest.mark.parametrize("method", METHODS)
def test_the_value_grows_while_it_comes(run, schema, method) -> None:
    values = run.stream(structured(schema, method), "a song")
    assert values[-1] == WANTED[schema]
    assert len(values) > 1
    assert all(type(v) is type(WANTED[schema]) for v in values)


@pytest.mark.parametrize("method", METHODS)
def test_the_raw_message_can_be_had_too(run, method) -> None:
    step = structured(Song, method, include_raw=True)
    whole = run.invoke(step, "a song")
    assert (whole["parsed"], whole["parsing_error"]) == (WANTED[Song], None)
    assert type(whole["raw"]) is AIMessage
    chunks = run.stream(structured(Song, method, include_raw=True), "a song")
    assert [*chunks[-1]] == ["parsed", "parsing_error"]
    total = chunks[0]
    for chunk in chunks[1:]:
        total = total + chunk
    assert total["parsed"] == WANTED[Song]
    assert total["raw"].content == whole["raw"].content


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("verb", ["invoke", "stream"])
def test_an_answer_that_is_none_raises_or_is_told_beside_the_raw_one(run, method, verb) -> None:
    with pytest.raises(OutputParserException):
        getattr(run, verb)(structured(Song, method, "I cannot sing"), "a song")
    step = structured(Song, method, "I cannot sing", include_raw=True)
    given = getattr(run, verb)(step, "a song")
    last = given if verb == "invoke" else given[-1]
    assert last["parsed"] is None
    assert isinstance(last["parsing_error"], OutputParserException)


@pytest.mark.parametrize("schema", [Song, SongDict, SongData])
def test_a_value_of_another_schema_is_refused(run, schema) -> None:
    call = {"name": schema.__name__, "args": {"title": 5}, "id": "1", "type": "tool_call"}
    wrong = AIMessage("", tool_calls=[call])
    with pytest.raises(OutputParserException, match="verses"):
        run.invoke(structured(schema, "function_calling", wrong), "a song")
    with pytest.raises(OutputParserException, match="verses"):
        run.invoke(structured(schema, "json_schema", '{"title": "a"}'), "a song")


def test_a_model_that_calls_something_else_is_told_so(run) -> None:
    call = {"name": "Poem", "args": PLAIN, "id": "1", "type": "tool_call"}
    step = structured(Song, "function_calling", AIMessage("", tool_calls=[call]))
    with pytest.raises(OutputParserException, match=r"was to call 'Song'.*'Poem'"):
        run.invoke(step, "a song")


# --- what the model is asked ---


class Listens(BaseChatModel):
    _binds_tools: ClassVar[bool] = True
    _structures_by: ClassVar[Any] = ("json_schema", "function_calling")

    heard: list[dict[str, Any]] = Field(default_factory=list)

    def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
        self.heard.append(kwargs)
        return answer("Song", "function_calling" if "tools" in kwargs else "json_schema")


@pytest.mark.parametrize("strict", [None, True])
def test_the_schema_is_said_as_a_response_format_or_a_tool(run, strict) -> None:
    model = Listens()
    run.invoke(model.with_structured_output(Song, strict=strict, seed=1), "hi")
    run.invoke(model.with_structured_output(Song, method="function_calling", strict=strict), "hi")
    by_format, by_tool = model.heard
    said = by_format["response_format"]["json_schema"]
    assert (by_format["response_format"]["type"], by_format["seed"]) == ("json_schema", 1)
    assert (said["name"], said.get("strict")) == ("Song", strict)
    assert said["schema"]["properties"].keys() == {"title", "verses"}
    (tool,) = by_tool["tools"]
    assert (tool["function"]["name"], tool["function"].get("strict")) == ("Song", strict)
    assert by_tool["tool_choice"] == "Song"


def test_a_method_that_a_class_does_not_have_is_refused_when_it_is_built() -> None:
    with pytest.raises(UnsupportedError, match="no structured output by method='json_mode'; it"):
        Listens().with_structured_output(Song, method="json_mode")


def test_the_parser_shows_in_the_events(run) -> None:
    chain = RunnablePassthrough() | structured(Song, "function_calling", include_raw=True)
    heads = run.heads(chain, "a song")
    assert ("on_chain_end", "WithRaw") in heads
    assert [h for h in heads if h[0].startswith("on_parser")] == [
        ("on_parser_start", "ToolCallParser"),
        ("on_parser_end", "ToolCallParser"),
    ]
