"""ChatLlamaCpp on the real model. What it says is nonsense: only the shape of it is asserted."""

from __future__ import annotations

import copy
import json
import pickle
import sys
import threading
from contextlib import aclosing
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from levada.chat_models._llama_engine import LlamaEngine
from levada.chat_models.llama_cpp import ChatLlamaCpp, _Answer
from levada.errors import (
    CompositionError,
    ConfigError,
    ContextLengthError,
    MessageError,
    MissingExtraError,
    WeightsError,
)
from levada.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage

TEMPLATE = Path(__file__).with_name("tools.jinja")
COUNT = "Count from one to ten."


@pytest.fixture(scope="module")
def chat(model_path: Path, engine: LlamaEngine) -> ChatLlamaCpp:
    """Give a model on the engine that all tests share."""
    return ChatLlamaCpp(model_path=model_path, n_ctx=512, temperature=0, max_tokens=8)


class Fish(BaseModel):
    colour: Literal["red", "blue"]
    fins: int = Field(ge=0, le=9)


def tool(name: str) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {"city": {"type": "string", "maxLength": 12}}}
    parameters["required"] = ["city"]
    about = {"name": name, "description": "Looks it up.", "parameters": parameters}
    return {"type": "function", "function": about}


# What comes.


@pytest.mark.feature("streams tokens", "ChatLlamaCpp")
def test_a_stream_is_pieces_of_text_and_then_why_it_ended(chat: ChatLlamaCpp, run: Any) -> None:
    *pieces, last = run.stream(chat, COUNT)
    assert len(pieces) > 3
    assert all(type(piece) is AIMessageChunk and piece.content for piece in pieces)
    assert last.content == ""
    assert last.chunk_position == "last"
    assert last.response_metadata == {
        "finish_reason": "length",
        "model_name": "SmolLM2-135M-Instruct.Q4_1",
    }
    assert last.usage_metadata["output_tokens"] == 8
    assert last.usage_metadata["input_tokens"] > 8
    assert {piece.id for piece in pieces} == {last.id}


@pytest.mark.feature("async", "ChatLlamaCpp")
def test_the_whole_answer_is_what_its_stream_adds_up_to(chat: ChatLlamaCpp, run: Any) -> None:
    whole = run.invoke(chat, COUNT)
    assert type(whole) is AIMessage
    assert whole.content == "".join(piece.content for piece in chat.stream(COUNT))
    assert whole.response_metadata["finish_reason"] == "length"
    assert whole.usage_metadata["total_tokens"] == whole.usage_metadata["input_tokens"] + 8


@pytest.mark.feature("usage", "ChatLlamaCpp")
def test_events_show_the_pieces_and_the_usage(chat: ChatLlamaCpp, run: Any) -> None:
    start, *pieces, end = run.events(chat, COUNT)
    assert start["event"] == "on_chat_model_start"
    assert {event["event"] for event in pieces} == {"on_chat_model_stream"}
    assert end["data"]["output"].usage_metadata["output_tokens"] == 8


def test_several_calls_wait_for_each_other(chat: ChatLlamaCpp, run: Any) -> None:
    one, *others = run.batch(chat, [COUNT] * 3)
    assert [other.content for other in others] == [one.content] * 2


def test_a_conversation_with_a_beginning_is_understood(chat: ChatLlamaCpp) -> None:
    said = [SystemMessage("Be brief."), HumanMessage("Hi"), AIMessage("Hello"), HumanMessage("Bye")]
    longer = chat.invoke(said, max_tokens=1).usage_metadata
    shorter = chat.invoke(said[:2], max_tokens=1).usage_metadata
    assert longer is not None
    assert shorter is not None
    assert longer["input_tokens"] > shorter["input_tokens"]


# What it is told.


def test_the_same_seed_gives_the_same_answer_and_another_seed_another(chat: ChatLlamaCpp) -> None:
    def say(seed: int) -> str:
        return chat.invoke("Tell me a story.", temperature=1.5, seed=seed).text

    assert say(1) == say(1)
    assert len({say(1), say(2), say(3)}) > 1


@pytest.mark.feature("stop", "ChatLlamaCpp")
def test_a_stop_text_ends_the_answer_before_it(chat: ChatLlamaCpp, run: Any) -> None:
    whole = chat.invoke(COUNT).text
    word = whole.split()[2]
    answer = run.invoke(chat, COUNT, stop=[word])
    assert answer.content == whole[: whole.index(word)]
    assert answer.response_metadata["finish_reason"] == "stop"
    same = chat.model_copy(update={"stop": [word]})
    assert same.invoke(COUNT).content == answer.content
    assert same.invoke(COUNT, stop=["\0"]).content == whole


@pytest.mark.feature("JSON schema", "ChatLlamaCpp")
@pytest.mark.parametrize("schema", [Fish, Fish.model_json_schema()], ids=["model", "schema"])
def test_a_schema_makes_the_answer_valid(chat: ChatLlamaCpp, schema: Any) -> None:
    answer = chat.invoke("Describe a fish.", response_format=schema, max_tokens=60)
    Fish.model_validate_json(answer.text)


def test_any_json_object_can_be_asked_for(chat: ChatLlamaCpp) -> None:
    answer = chat.invoke("Hi", response_format={"type": "json_object"}, max_tokens=16)
    assert answer.text.lstrip().startswith("{")


@pytest.mark.feature("reasoning", "ChatLlamaCpp")
def test_what_a_model_thinks_is_kept_apart() -> None:
    delta = {"reasoning_content": "Fish swim."}
    (piece,) = _Answer().pieces({"choices": [{"delta": delta, "finish_reason": None}]})
    assert piece.content == ""
    assert [block["type"] for block in piece.content_blocks] == ["reasoning"]


def test_an_answer_with_a_schema_is_streamed_too(chat: ChatLlamaCpp, run: Any) -> None:
    fish = chat.model_copy(update={"response_format": Fish, "max_tokens": 60})
    pieces = [piece.content for piece in run.stream(fish, "Describe a fish.")]
    assert len(pieces) > 5
    assert set(json.loads("".join(pieces))) == {"colour", "fins"}


@pytest.mark.timeout(90)
def test_tool_calls_come_in_fragments_and_are_whole_in_the_end(
    chat: ChatLlamaCpp, model_path: Path
) -> None:
    able = ChatLlamaCpp(
        model_path=model_path,
        n_ctx=512,
        chat_template=TEMPLATE.read_text(),
        temperature=0,
        max_tokens=60,
    )
    pieces = list(able.stream("Use weather for Paris", tools=[tool("weather")]))
    assert sum(bool(piece.tool_call_chunks) for piece in pieces) > 2
    whole = AIMessageChunk.accumulator()
    for piece in pieces:
        whole.add(piece)
    (call,) = whole.result().tool_calls
    assert call["name"] == "weather"
    assert set(call["args"]) == {"city"}
    assert whole.result().response_metadata["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("choice", "tools", "said"),
    [
        ("auto", ["one", "two"], "auto"),
        ("any", ["one", "two"], "required"),
        ("two", ["two"], "required"),
        ({"type": "function", "function": {"name": "one"}}, ["one"], "required"),
        ("none", [], None),
    ],
)
def test_a_tool_choice_leaves_out_the_other_tools(
    chat: ChatLlamaCpp, choice: Any, tools: list[str], said: str | None
) -> None:
    able = chat.model_copy(update={"calls_by": "template"})
    options = {"tools": [tool("one"), tool("two")], "tool_choice": choice}
    request, _ = able._request([HumanMessage("Hi")], None, options)
    assert [one["function"]["name"] for one in request.get("tools", [])] == tools
    assert request.get("tool_choice") == said


# How it stops.


@pytest.mark.anyio
async def test_closing_a_stream_of_events_stops_the_model(chat: ChatLlamaCpp) -> None:
    long = chat.model_copy(update={"max_tokens": 400})
    seen = []
    async with aclosing(long.astream_events(COUNT, version="v1")) as events:
        async for event in events:
            seen.append(event["event"])
            if len(seen) == 3:
                break
    assert seen == ["on_chat_model_start", *["on_chat_model_stream"] * 2]
    assert "levada-llama" not in {thread.name for thread in threading.enumerate()}


# What is shared and copied.


def test_instances_with_the_same_file_share_a_model(chat: ChatLlamaCpp, model_path: Path) -> None:
    chat.invoke("Hi", max_tokens=1)
    other = ChatLlamaCpp(model_path=model_path, n_ctx=512, temperature=1)
    other.invoke("Hi", max_tokens=1)
    assert other._engine() is chat._engine()


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda chat: pickle.loads(pickle.dumps(chat))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_answers_from_the_same_model(chat: ChatLlamaCpp, duplicate: Any) -> None:
    chat.invoke("Hi", max_tokens=1)
    twin = duplicate(chat)
    assert twin == chat
    assert twin.invoke(COUNT).content == chat.invoke(COUNT).content
    assert twin._engine() is chat._engine()


def test_a_copy_with_another_context_does_not_use_the_loaded_model(chat: ChatLlamaCpp) -> None:
    chat.invoke("Hi", max_tokens=1)
    assert chat._engine() is not None
    assert chat.model_copy(update={"n_ctx": 1024})._engine() is None


def test_it_prints_as_it_was_made(model_path: Path) -> None:
    chat = ChatLlamaCpp(model_path=model_path, n_ctx=512, seed=3)
    made = f"ChatLlamaCpp(seed=3, model_path={model_path!r}, n_ctx=512)"
    assert repr(chat) == made
    chat.invoke("Hi", max_tokens=1)
    assert repr(chat) == made


# What is refused.


def test_a_prompt_that_is_too_long_is_refused(chat: ChatLlamaCpp, run: Any) -> None:
    with pytest.raises(ContextLengthError, match=r"the context holds 512.*ChatLlamaCpp\(n_ctx="):
        run.invoke(chat, "word " * 600)


def test_no_messages_are_refused(chat: ChatLlamaCpp) -> None:
    with pytest.raises(MessageError, match=r"ChatLlamaCpp needs at least one message"):
        chat.invoke([])


def test_an_option_that_does_not_exist_is_refused_with_those_that_do(chat: ChatLlamaCpp) -> None:
    with pytest.raises(CompositionError, match=r"'temprature' in a call; did you mean 'temperatur"):
        chat.invoke("Hi", temprature=1)
    with pytest.raises(CompositionError, match=r"'n_ctx' in a call\. It takes temperature, top_p,"):
        chat.invoke("Hi", n_ctx=1024)


def test_an_option_with_a_wrong_value_is_refused(chat: ChatLlamaCpp) -> None:
    with pytest.raises(ConfigError, match=r"option 'top_p' of ChatLlamaCpp: .* equal to 1; got 7"):
        chat.invoke("Hi", top_p=7)


def test_a_tool_choice_that_names_no_tool_is_refused(chat: ChatLlamaCpp) -> None:
    with pytest.raises(ConfigError, match=r"tool_choice is 'three', but no tool of the call"):
        chat.invoke("Hi", tools=[tool("one")], tool_choice="three")


def test_a_tool_that_is_no_function_is_refused(chat: ChatLlamaCpp) -> None:
    with pytest.raises(ConfigError, match="calls functions, not"):
        chat.bind_tools([{"type": "web_search"}]).invoke("Hi")


def test_a_field_that_does_not_exist_is_refused(model_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"(?s)ChatLlamaCpp.*temprature"):
        ChatLlamaCpp(model_path=model_path, temprature=1)  # type: ignore[call-arg]


def test_a_file_that_is_no_model_is_refused_when_the_chain_is_built(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"cannot be read: No such file"):
        ChatLlamaCpp(model_path=tmp_path / "none.gguf")
    (tmp_path / "text.gguf").write_text("some text")
    with pytest.raises(WeightsError, match=r"not a GGUF file"):
        ChatLlamaCpp(model_path=tmp_path / "text.gguf")


def test_the_missing_extra_is_named_when_the_chain_is_built(
    model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'levada\[local\]'"):
        ChatLlamaCpp(model_path=model_path)
