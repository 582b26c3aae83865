from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from levada.errors import CompositionError, OutputParserException
from levada.messages import AIMessage, AIMessageChunk, HumanMessage, tool_call_chunk
from levada.parsers import (
    JsonOutputKeyToolsParser,
    JsonOutputToolsParser,
    PydanticToolsParser,
    make_invalid_tool_call,
    parse_tool_call,
    parse_tool_calls,
)


class Weather(BaseModel):
    city: str
    days: int = 1


class Search(BaseModel):
    model_config = ConfigDict(title="web_search")

    query: str


CALLS = AIMessage(
    "",
    tool_calls=[
        {"name": "Weather", "args": {"city": "Oslo"}, "id": "1"},
        {"name": "web_search", "args": {"query": "snow"}, "id": "2"},
    ],
)


def fragments(*arguments: str, name: str = "Weather", index: int = 0) -> list[AIMessageChunk]:
    """Give the chunks of one call: its name, then its arguments piece by piece."""
    first = tool_call_chunk(name=name, args="", id=f"id-{index}", index=index)
    rest = [tool_call_chunk(args=text, index=index) for text in arguments]
    return [AIMessageChunk("", tool_call_chunks=[fragment]) for fragment in (first, *rest)]


STREAM = [
    AIMessageChunk("Let me see."),
    *fragments('{"ci', 'ty": "Os', 'lo", "da', 'ys": 2}'),
    *fragments('{"query": "snow"}', name="web_search", index=1),
]


@pytest.mark.parametrize(
    ("parser", "expected"),
    [
        (
            JsonOutputToolsParser(),
            [
                {"type": "Weather", "args": {"city": "Oslo"}},
                {"type": "web_search", "args": {"query": "snow"}},
            ],
        ),
        (
            JsonOutputToolsParser(first_tool_only=True, return_id=True),
            {"type": "Weather", "args": {"city": "Oslo"}, "id": "1"},
        ),
        (JsonOutputKeyToolsParser(key_name="web_search"), [{"query": "snow"}]),
        (JsonOutputKeyToolsParser(key_name="Weather", first_tool_only=True), {"city": "Oslo"}),
        (JsonOutputKeyToolsParser(key_name="other", first_tool_only=True), None),
        (
            JsonOutputKeyToolsParser(key_name="web_search", return_id=True),
            [{"type": "web_search", "args": {"query": "snow"}, "id": "2"}],
        ),
        (
            PydanticToolsParser(tools=[Weather, Search]),
            [Weather(city="Oslo"), Search(query="snow")],
        ),
        (
            PydanticToolsParser(tools=[Weather, Search], first_tool_only=True),
            Weather(city="Oslo"),
        ),
    ],
)
def test_the_calls_of_a_message_are_given(run: Any, parser: Any, expected: Any) -> None:
    assert run.invoke(parser, CALLS) == expected
    assert run.transform(parser, [CALLS])[-1] == expected


@pytest.mark.parametrize("message", [AIMessage("none"), HumanMessage("none"), AIMessageChunk("")])
def test_a_message_without_calls_has_none(run: Any, message: Any) -> None:
    assert run.invoke(JsonOutputToolsParser(), message) == []
    assert run.invoke(JsonOutputToolsParser(first_tool_only=True), message) is None
    assert run.transform(JsonOutputToolsParser(), [message]) == [[]]
    assert run.transform(JsonOutputToolsParser(first_tool_only=True), [message]) == [None]


def test_calls_grow_while_they_stream(run: Any) -> None:
    first = [{}, {"city": "Os"}, {"city": "Oslo"}, {"city": "Oslo", "days": 2}]
    second = [{}, {"query": "snow"}]
    assert run.transform(JsonOutputToolsParser(), STREAM) == [
        [],
        *([{"type": "Weather", "args": args}] for args in first),
        *(
            [{"type": "Weather", "args": first[-1]}, {"type": "web_search", "args": args}]
            for args in second
        ),
    ]


def test_the_arguments_of_one_tool_stream_alone(run: Any) -> None:
    parser = JsonOutputKeyToolsParser(key_name="web_search", first_tool_only=True)
    assert run.transform(parser, STREAM) == [{}, {"query": "snow"}]


def test_objects_stream_once_they_are_valid(run: Any) -> None:
    parser = PydanticToolsParser(tools=[Weather, Search])
    assert run.transform(parser, STREAM) == [
        [],
        [Weather(city="Os")],
        [Weather(city="Oslo")],
        [Weather(city="Oslo", days=2)],
        [Weather(city="Oslo", days=2), Search(query="snow")],
    ]


def test_patches_of_calls(run: Any) -> None:
    patches = run.transform(JsonOutputToolsParser(diff=True), STREAM)
    assert patches[1:3] == [
        [{"op": "add", "path": "/0", "value": {"type": "Weather", "args": {}}}],
        [{"op": "add", "path": "/0/args/city", "value": "Os"}],
    ]


def test_fragments_belong_together_as_in_messages(run: Any) -> None:
    again = tool_call_chunk(name="Weather", args='{"city": "Rome"}', id="other", index=0)
    loose = tool_call_chunk(name="Weather", args='{"city": "Bern"}', id="3", index=None)
    chunks = [
        *fragments('{"city": "Oslo"}'),
        *(AIMessageChunk("", tool_call_chunks=[fragment]) for fragment in (again, loose)),
    ]
    total = sum(chunks[1:], start=chunks[0])
    parser = JsonOutputKeyToolsParser(key_name="Weather")
    expected = [{"city": "Oslo"}, {"city": "Rome"}, {"city": "Bern"}]
    assert run.transform(parser, chunks)[-1] == expected
    assert run.invoke(parser, total) == expected


def test_arguments_that_are_cut_off_count_as_far_as_they_go(run: Any) -> None:
    chunks = fragments('{"city": "Os')
    parser = JsonOutputKeyToolsParser(key_name="Weather")
    assert run.transform(parser, chunks)[-1] == [{"city": "Os"}]


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        (
            fragments('{"city": ', "?"),
            "the call of tool 'Weather' does not parse: expected a value",
        ),
        (
            fragments('["Oslo"]'),
            "expected an object at character 0; its arguments are '.\"Oslo\"]'",
        ),
        (fragments("nul", "l"), "expected an object at character 0"),
        (fragments("[" * 2000), "expected at most 200 levels"),
        (fragments('{"n": ' + "1" * 5000), "expected an integer of fewer digits"),
    ],
)
def test_what_is_wrong_with_arguments_is_told(run: Any, chunks: Any, message: str) -> None:
    with pytest.raises(OutputParserException, match=message) as caught:
        run.transform(JsonOutputToolsParser(), chunks)
    text = "".join(c.tool_call_chunks[0]["args"] or "" for c in chunks)
    assert caught.value.llm_output == text


def raw(arguments: str | None) -> dict[str, Any]:
    return {"id": "1", "type": "function", "function": {"name": "f", "arguments": arguments}}


def test_calls_that_the_message_could_not_read_are_read_again(run: Any) -> None:
    message = AIMessage("", additional_kwargs={"tool_calls": [raw('{"a": "two\nlines"}')]})
    assert message.invalid_tool_calls
    assert run.invoke(JsonOutputToolsParser(), message) == [
        {"type": "f", "args": {"a": "two\nlines"}}
    ]
    with pytest.raises(OutputParserException, match="Invalid control character"):
        run.invoke(JsonOutputToolsParser(strict=True), message)


@pytest.mark.parametrize("arguments", ['{"a": tru', "[1]", "[" * 100_000])
def test_calls_that_cannot_be_read_are_an_error(run: Any, arguments: str) -> None:
    message = AIMessage("", additional_kwargs={"tool_calls": [raw(arguments)]})
    with pytest.raises(OutputParserException, match="the call of tool 'f' does not parse"):
        run.invoke(JsonOutputToolsParser(), message)


def test_an_object_that_is_not_valid_is_an_error(run: Any) -> None:
    parser = PydanticToolsParser(tools=[Weather])
    with pytest.raises(OutputParserException, match="there is no such tool, there are 'Weather'"):
        run.invoke(parser, CALLS)
    wrong = AIMessage("", tool_calls=[{"name": "Weather", "args": {"days": "x"}, "id": "1"}])
    with pytest.raises(OutputParserException, match=r"city: Field required; days: Input should be"):
        run.invoke(parser, wrong)


def test_text_has_no_tool_calls(run: Any) -> None:
    with pytest.raises(OutputParserException, match="JsonOutputToolsParser reads the tool calls"):
        run.invoke(JsonOutputToolsParser(), "text")
    with pytest.raises(OutputParserException, match="Put it directly behind a chat model"):
        run.transform(JsonOutputToolsParser(), ["text"])
    with pytest.raises(CompositionError, match="takes a message or text; got 1"):
        run.invoke(JsonOutputToolsParser(), 1)


@pytest.mark.parametrize(
    ("call", "options", "expected"),
    [
        (raw('{"a": 1}'), {}, {"name": "f", "args": {"a": 1}, "id": "1", "type": "tool_call"}),
        (raw('{"a": 1}'), {"return_id": False}, {"name": "f", "args": {"a": 1}}),
        (raw(""), {"return_id": False}, {"name": "f", "args": {}}),
        (raw('{"a": "x'), {"partial": True, "return_id": False}, {"name": "f", "args": {"a": "x"}}),
        (raw(""), {"partial": True}, None),
        (raw(None), {"partial": True}, None),
        ({"id": "1"}, {}, None),
    ],
)
def test_a_call_of_a_provider_is_read(call: Any, options: Any, expected: Any) -> None:
    assert parse_tool_call(call, **options) == expected


def test_all_calls_that_cannot_be_read_are_named() -> None:
    assert [c["args"] for c in parse_tool_calls([raw("{}"), {"id": "1"}, raw('{"a": 1}')])] == [
        {},
        {"a": 1},
    ]
    with pytest.raises(OutputParserException, match=r"(?s)Expecting.*expected an object"):
        parse_tool_calls([raw("{}"), raw("{"), raw("[]")])
    invalid = make_invalid_tool_call(raw("{"), "bad")
    assert (invalid["name"], invalid["args"], invalid["error"]) == ("f", "{", "bad")


def test_the_last_of_a_stream_is_what_a_call_gives() -> None:
    document = json.dumps({"city": "Oslo " * 2000, "days": 3})
    pieces = [document[i:j] for i, j in pairwise([*range(0, len(document), 7), len(document)])]
    chunks = fragments(*pieces)
    for parser in (JsonOutputToolsParser(), PydanticToolsParser(tools=[Weather])):
        assert list(parser.transform(chunks))[-1] == parser.invoke(sum(chunks[1:], start=chunks[0]))
