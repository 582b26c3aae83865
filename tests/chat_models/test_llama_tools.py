"""Tool calls of ChatLlamaCpp by a schema: on the real model, and its text, however it is cut."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from levada.chat_models._llama_engine import LlamaEngine
from levada.chat_models._llama_tools import (
    CallReader,
    answer_format,
    with_calls_as_text,
    with_tools_described,
)
from levada.chat_models.llama_cpp import ChatLlamaCpp
from levada.messages import (
    AIMessage,
    AIMessageChunk,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    add_ai_message_chunks,
)
from levada.tools import ToolExecutor, convert_to_openai_tool, tool


@tool
def get_weather(city: str) -> str:
    """Get the current weather of a city."""
    return f"Rain in {city}"


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


TOOLS = [get_weather, add]
SHOWN = [convert_to_openai_tool(one) for one in TOOLS]


@pytest.fixture(scope="module")
def chat(model_path: Path, engine: LlamaEngine) -> ChatLlamaCpp:
    """Give a model on the engine that all tests share."""
    return ChatLlamaCpp(model_path=model_path, n_ctx=512, temperature=0, max_tokens=60)


# On the model.


@pytest.mark.feature("tools", "ChatLlamaCpp")
@pytest.mark.timeout(90)
def test_it_calls_a_tool_and_answers_from_the_result(chat: ChatLlamaCpp, run: Any) -> None:
    able = chat.bind_tools(TOOLS)
    question = HumanMessage("What is 12 plus 30?")
    answer = run.invoke(able, [question])
    (call,) = answer.tool_calls
    assert (call["name"], call["args"]) == ("add", {"a": 12, "b": 30})
    assert answer.text == ""
    assert answer.response_metadata["finish_reason"] == "tool_calls"
    results = run.invoke(ToolExecutor(TOOLS), answer)
    assert [result.content for result in results] == ["42"]
    again = run.invoke(able, [question, answer, *results])
    assert (
        again.text or again.tool_calls
    )  # which of both is up to the model, and what its cache holds


@pytest.mark.timeout(90)
def test_the_arguments_come_in_fragments(chat: ChatLlamaCpp, run: Any) -> None:
    pieces = run.stream(chat.bind_tools(TOOLS), "What is the weather in Oslo?")
    assert sum(bool(piece.tool_call_chunks) for piece in pieces) > 3
    assert not any(piece.text for piece in pieces)
    whole = add_ai_message_chunks(*pieces)
    assert whole.tool_calls[0]["args"] == {"city": "Oslo"}
    assert pieces[-1].usage_metadata is not None


@pytest.mark.timeout(90)
@pytest.mark.parametrize(("choice", "called"), [("any", "add"), ("get_weather", "get_weather")])
def test_a_choice_is_kept_to(chat: ChatLlamaCpp, choice: str, called: str) -> None:
    answer = chat.bind_tools(TOOLS, tool_choice=choice).invoke("What is 12 plus 30?")
    assert [call["name"] for call in answer.tool_calls] == [called]


def test_without_a_choice_of_tools_it_answers_in_its_own_words(chat: ChatLlamaCpp) -> None:
    free = chat.model_copy(update={"max_tokens": 8})
    answer = free.bind_tools(TOOLS, tool_choice="none").invoke("What is 2 plus 3?")
    assert answer.text
    assert not answer.tool_calls


class Colour(BaseModel):
    colour: Literal["red", "blue"]


@pytest.mark.feature("structured output", "ChatLlamaCpp")
@pytest.mark.timeout(90)
@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_it_answers_with_a_value(chat: ChatLlamaCpp, run: Any, method: Any) -> None:
    asking = chat.with_structured_output(Colour, method=method)
    assert isinstance(run.invoke(asking, "Which colour has the sea?"), Colour)
    assert run.stream(asking, "Which colour has the sea?")[-1].colour in ("red", "blue")


@pytest.mark.timeout(90)
def test_an_answer_beside_tools_may_have_a_format(chat: ChatLlamaCpp) -> None:
    call = AIMessage("", tool_calls=[{"name": "add", "args": {"a": 1, "b": 2}, "id": "c1"}])
    messages = [HumanMessage("What is 1 plus 2?"), call, ToolMessage("3", tool_call_id="c1")]
    answer = chat.bind_tools(TOOLS, response_format=Colour).invoke(messages)
    if not answer.tool_calls:  # which of both it gives is up to the model
        assert set(json.loads(answer.text)) == {"colour"}


def test_a_call_that_is_cut_off_is_kept_as_it_came(chat: ChatLlamaCpp) -> None:
    short = chat.model_copy(update={"max_tokens": 14})
    answer = short.bind_tools(TOOLS, tool_choice="any").invoke("What is 12 plus 30?")
    assert answer.response_metadata["finish_reason"] == "length"
    assert answer.tool_calls or answer.invalid_tool_calls or answer.text


# What it is asked.


def test_an_answer_is_one_call_or_words() -> None:
    schema = answer_format(SHOWN, None, must_call=False)["json_schema"]["schema"]
    validator = Draft202012Validator(schema)
    assert validator.is_valid({"name": "add", "arguments": {"a": 1, "b": 2}})
    assert validator.is_valid({"answer": "Three."})
    assert not validator.is_valid({"name": "add", "arguments": {"city": "Oslo"}})
    assert not validator.is_valid({"name": "subtract", "arguments": {}})
    must = answer_format(SHOWN, None, must_call=True)["json_schema"]["schema"]
    assert not Draft202012Validator(must).is_valid({"answer": "Three."})


def test_tools_may_have_definitions_of_the_same_name() -> None:
    def function(name: str, kind: str) -> dict[str, Any]:
        tree = {"type": "object", "properties": {"value": {"type": kind}}, "required": ["value"]}
        tree["properties"] |= {"next": {"$ref": "#/$defs/Tree"}}
        parameters = {"$ref": "#/$defs/Tree", "$defs": {"Tree": tree}}
        return {"type": "function", "function": {"name": name, "parameters": parameters}}

    both = [function("count", "integer"), function("say", "string")]
    schema = answer_format(both, None, must_call=True)["json_schema"]["schema"]
    validator = Draft202012Validator(schema)
    inner = {"value": 1, "next": {"value": 2}}
    assert validator.is_valid({"name": "count", "arguments": inner})
    assert not validator.is_valid({"name": "say", "arguments": inner})
    assert validator.is_valid({"name": "say", "arguments": {"value": "a", "next": {"value": "b"}}})


def test_the_tools_are_described_at_the_beginning() -> None:
    (first, _) = with_tools_described([HumanMessage("Hi")], SHOWN, must_call=False)
    assert isinstance(first, SystemMessage)
    assert all(one.name in first.text for one in TOOLS)
    assert '"answer"' in first.text
    ours = [SystemMessage("Be brief."), HumanMessage("Hi")]
    (first, second) = with_tools_described(ours, SHOWN, must_call=True)
    assert first.text.startswith("Be brief.")
    assert '"answer"' not in first.text
    assert second is ours[1]


def test_earlier_calls_and_results_are_shown_as_text() -> None:
    calls = [{"name": "add", "args": {"a": 1, "b": 2}, "id": "c1"}]
    messages = [AIMessage("Well:", tool_calls=calls), ToolMessage("3", tool_call_id="c1")]
    called, result = with_calls_as_text(messages)
    assert called.text == 'Well:\n{"name":"add","arguments":{"a":1,"b":2}}'
    assert not called.tool_calls  # type: ignore[attr-defined]
    assert isinstance(result, HumanMessage)
    assert "3" in result.text


# How its text is read.


def read(pieces: Sequence[str], *, words: bool = True, cut_off: bool = False) -> AIMessageChunk:
    reader = CallReader(words=words)
    said = [reader.feed(piece) for piece in pieces]
    said.append(reader.end(cut_off=cut_off))
    return add_ai_message_chunks(AIMessageChunk(""), *[piece for piece in said if piece])


def every_cut(text: str) -> list[list[str]]:
    return [list(text), *([text[:i], text[i:]] for i in range(len(text) + 1))]


ARGUMENTS = {"a": {"b": '}}"{'}, "c": [{"d": "\\"}], "e": "ü\u2028🐟"}


@pytest.mark.parametrize("indent", [None, 2])
def test_a_call_is_read_however_it_is_cut(indent: int | None) -> None:
    text = json.dumps({"name": 'a"b', "arguments": ARGUMENTS}, indent=indent)
    for pieces in every_cut(text):
        (call,) = read(pieces).tool_calls
        assert (call["name"], call["args"]) == ('a"b', ARGUMENTS)


@pytest.mark.parametrize("ascii", [True, False])
def test_words_are_read_however_they_are_cut(ascii: bool) -> None:
    said = 'A "fish"}\n\\ 🐟 {"answer": 1}'
    for pieces in every_cut(json.dumps({"answer": said}, ensure_ascii=ascii)):
        message = read(pieces)
        assert message.text == said
        assert not message.tool_calls


def test_a_value_is_given_as_json_however_it_is_cut() -> None:
    for pieces in every_cut(json.dumps({"answer": ARGUMENTS}) + "\n"):
        assert json.loads(read(pieces, words=False).text) == ARGUMENTS


@pytest.mark.parametrize("length", range(1, 40))
def test_nothing_is_lost_of_a_call_that_is_cut_off(length: int) -> None:
    whole = '{"name": "add", "arguments": {"a": 1}}'
    message = read([whole[:length]], cut_off=True)
    shown = message.text + "".join(one["args"] or "" for one in message.tool_call_chunks)
    assert shown or message.tool_call_chunks
    assert whole[:length].endswith(shown)
