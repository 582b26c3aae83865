"""Messages and options as Anthropic's Messages API takes them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from levada.chat_models._anthropic_request import (
    answers_in_blocks,
    written_messages,
    written_options,
)
from levada.errors import ConfigError, MessageError
from levada.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    tool_call_chunk,
)

CACHE = {"type": "ephemeral"}


def turns(*messages: BaseMessage) -> list[Any]:
    written: list[Any] = written_messages(messages)["messages"]
    return written


def block(one: Any) -> Any:
    """Give what becomes of one block of a user's message."""
    (turn,) = turns(HumanMessage([one, "?"]))
    *blocks, question = turn["content"]
    assert question == {"type": "text", "text": "?"}
    return blocks[0] if blocks else None


def answer(*blocks: Any, **fields: Any) -> Any:
    """Give what becomes of the blocks of an answer."""
    _, turn = turns(HumanMessage("Hi"), AIMessage(list(blocks), **fields))
    return turn["content"]


# Who speaks.


def test_text_is_sent_as_text() -> None:
    said = [SystemMessage("Be brief."), HumanMessage("Hi"), AIMessage("Hello"), HumanMessage("Bye")]
    assert written_messages(said) == {
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello"},
            {"role": "user", "content": "Bye"},
        ],
    }


def test_system_messages_at_the_beginning_are_one_and_later_ones_stay_in_their_place() -> None:
    cached = SystemMessage([{"type": "text", "text": "Two.", "cache_control": CACHE}])
    said = [SystemMessage("One."), cached, HumanMessage("Hi"), SystemMessage("Three.")]
    assert written_messages(said) == {
        "system": [
            {"type": "text", "text": "One."},
            {"type": "text", "text": "Two.", "cache_control": CACHE},
        ],
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "system", "content": "Three."},
        ],
    }


def test_what_the_same_side_says_in_a_row_is_one_turn() -> None:
    said = turns(
        HumanMessage("Hi"),
        ChatMessage("there", role="user"),
        AIMessage("", tool_calls=[{"name": "a", "args": {}, "id": "1"}]),
        ToolMessage("x", tool_call_id="1"),
        HumanMessage("And?"),
    )
    assert [turn["role"] for turn in said] == ["user", "assistant", "user"]
    assert [b["text"] for b in said[0]["content"]] == ["Hi", "there"]
    assert [b["type"] for b in said[2]["content"]] == ["tool_result", "text"]


@pytest.mark.parametrize(
    "message", [FunctionMessage("x", name="f"), ChatMessage("x", role="judge")]
)
def test_who_has_no_place_in_the_api_is_told_so(message: BaseMessage) -> None:
    with pytest.raises(MessageError, match="no place for"):
        turns(HumanMessage("Hi"), message)


@pytest.mark.parametrize("said", [[], [SystemMessage("Be brief.")], [AIMessage("")]])
def test_there_must_be_something_to_answer(said: list[BaseMessage]) -> None:
    with pytest.raises(MessageError, match="at least one message of the user"):
        written_messages(said)


def test_an_answer_in_which_nothing_is_said_is_left_out() -> None:
    said = turns(HumanMessage("Hi"), AIMessage(""), HumanMessage("Well?"))
    assert said == [
        {"role": "user", "content": "Hi"},
        {"role": "user", "content": "Well?"},
    ]


@pytest.mark.parametrize(
    "content", ["The answer is ", [{"type": "text", "text": "The answer is "}]]
)
def test_an_answer_to_continue_does_not_end_in_a_space(content: Any) -> None:
    said = turns(HumanMessage("Hi"), AIMessage(content))[-1]["content"]
    assert said in ("The answer is", [{"type": "text", "text": "The answer is"}])


# Blocks.


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (
            {"type": "image", "url": "https://x.example/a.png"},
            {"type": "image", "source": {"type": "url", "url": "https://x.example/a.png"}},
        ),
        (
            {"type": "image", "base64": "aGk=", "mime_type": "image/png", "id": "lc_1"},
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "aGk="},
            },
        ),
        (
            {"type": "image", "file_id": "f1", "extras": {"cache_control": CACHE}},
            {
                "type": "image",
                "source": {"type": "file", "file_id": "f1"},
                "cache_control": CACHE,
            },
        ),
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "aGk="},
            },
        ),
        (
            {
                "type": "file",
                "base64": "aGk=",
                "mime_type": "application/pdf",
                "title": "T",
                "citations": {"enabled": True},
            },
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="},
                "title": "T",
                "citations": {"enabled": True},
            },
        ),
        (
            {"type": "text-plain", "text": "Fish swim.", "title": "T", "context": "C"},
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "Fish swim."},
                "title": "T",
                "context": "C",
            },
        ),
        (
            {"type": "document", "source": {"type": "url", "url": "https://x.example/a.pdf"}},
            {"type": "document", "source": {"type": "url", "url": "https://x.example/a.pdf"}},
        ),
        (
            {"type": "text", "text": "Hi", "id": "lc_1", "cache_control": CACHE},
            {"type": "text", "text": "Hi", "cache_control": CACHE},
        ),
        ({"type": "text", "text": ""}, None),
        (
            {"type": "container_upload", "file_id": "f"},
            {"type": "container_upload", "file_id": "f"},
        ),
        (
            {"type": "non_standard", "value": {"type": "container_upload", "file_id": "f"}},
            {"type": "container_upload", "file_id": "f"},
        ),
    ],
)
def test_a_block_is_sent_as_the_api_has_it(given: Any, sent: Any) -> None:
    before = repr(given)
    assert block(given) == sent
    assert repr(given) == before


@pytest.mark.parametrize(
    "given",
    [
        {"type": "audio", "base64": "aGk=", "mime_type": "audio/wav"},
        {"type": "video", "url": "https://x.example/a.mp4"},
        {"type": "image", "base64": "aGk="},
        {"type": "server_tool_result", "tool_call_id": "1", "status": "success"},
    ],
)
def test_a_block_that_the_api_does_not_have_is_an_error(given: Any) -> None:
    with pytest.raises(MessageError, match=given["type"]):
        block(given)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (
            {"type": "reasoning", "reasoning": "Hm.", "extras": {"signature": "s"}},
            {"type": "thinking", "thinking": "Hm.", "signature": "s"},
        ),
        (
            {"type": "thinking", "thinking": "Hm.", "signature": "s", "index": 0},
            {"type": "thinking", "thinking": "Hm.", "signature": "s"},
        ),
        ({"type": "thinking", "thinking": "Cut o"}, None),
        ({"type": "reasoning", "reasoning": "Another provider's."}, None),
        (
            {"type": "server_tool_call", "id": "1", "name": "web_search", "args": {"q": 1}},
            {"type": "server_tool_use", "id": "1", "name": "web_search", "input": {"q": 1}},
        ),
        (
            {
                "type": "server_tool_result",
                "tool_call_id": "1",
                "status": "success",
                "output": [],
                "extras": {"block_type": "web_search_tool_result"},
            },
            {"type": "web_search_tool_result", "tool_use_id": "1", "content": []},
        ),
        (
            {
                "type": "text",
                "text": "Fish.",
                "annotations": [
                    {
                        "type": "citation",
                        "id": "lc_1",
                        "title": "T",
                        "cited_text": "fish",
                        "extras": {"type": "char_location", "document_index": 0},
                    }
                ],
            },
            {
                "type": "text",
                "text": "Fish.",
                "citations": [
                    {
                        "type": "char_location",
                        "cited_text": "fish",
                        "document_index": 0,
                        "document_title": "T",
                    }
                ],
            },
        ),
    ],
)
def test_an_answer_goes_back_as_it_came(given: Any, sent: Any) -> None:
    expected = [{"type": "text", "text": "So."}]
    assert answer(given, "So.") == ([sent, *expected] if sent else expected)


def test_tool_calls_are_sent_once() -> None:
    calls: Any = [{"name": "a", "args": {"x": 1}, "id": "1"}, {"name": "b", "args": {}, "id": "2"}]
    own = {"type": "tool_use", "id": "1", "name": "a", "input": {"x": 1}}
    assert answer(own, tool_calls=calls) == [
        own,
        {"type": "tool_use", "id": "2", "name": "b", "input": {}},
    ]
    standard: Any = {"type": "tool_call", "id": "1", "name": "a", "args": {"x": 1}}
    assert answer(standard, tool_calls=calls[:1]) == [own]


def test_a_call_that_could_not_be_read_is_named_for_its_result() -> None:
    broken = AIMessageChunk(
        "", tool_call_chunks=[tool_call_chunk(name="a", args="[1]", id="1", index=0)]
    )
    _, turn, result = turns(
        HumanMessage("Hi"), broken, ToolMessage("no JSON", tool_call_id="1", status="error")
    )
    assert turn["content"] == [{"type": "tool_use", "id": "1", "name": "a", "input": {}}]
    assert result["content"][0]["is_error"] is True


def test_a_result_may_hold_images_and_be_cached() -> None:
    image = {"type": "image", "url": "https://x.example/a.png"}
    call = AIMessage("", tool_calls=[{"name": "a", "args": {}, "id": "1"}])
    result = ToolMessage([image], tool_call_id="1", additional_kwargs={"cache_control": CACHE})
    assert turns(HumanMessage("Hi"), call, result)[-1]["content"] == [
        {
            "type": "tool_result",
            "tool_use_id": "1",
            "content": [
                {"type": "image", "source": {"type": "url", "url": "https://x.example/a.png"}}
            ],
            "cache_control": CACHE,
        }
    ]


# Options.

TOOL = {
    "type": "function",
    "function": {"name": "a", "description": "D", "parameters": {"type": "object"}},
}


def test_tools_are_sent_in_the_form_of_the_api() -> None:
    own = {"type": "web_search_20250305", "name": "web_search"}
    assert written_options({"tools": [TOOL, own]}) == {
        "tools": [{"name": "a", "description": "D", "input_schema": {"type": "object"}}, own]
    }


@pytest.mark.parametrize(
    ("choice", "parallel", "sent"),
    [
        (None, None, None),
        ("auto", None, {"type": "auto"}),
        ("any", None, {"type": "any"}),
        ("required", None, {"type": "any"}),
        (True, None, {"type": "any"}),
        ("none", False, {"type": "none"}),
        ("a", None, {"type": "tool", "name": "a"}),
        ({"type": "tool", "name": "a"}, None, {"type": "tool", "name": "a"}),
        ({"type": "function", "function": {"name": "a"}}, None, {"type": "tool", "name": "a"}),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        ("any", True, {"type": "any", "disable_parallel_tool_use": False}),
    ],
)
def test_a_choice_of_tools_is_sent_in_the_form_of_the_api(
    choice: Any, parallel: Any, sent: Any
) -> None:
    options = {"tools": [TOOL], "tool_choice": choice, "parallel_tool_calls": parallel}
    given = {key: value for key, value in options.items() if value is not None}
    assert written_options(given).get("tool_choice") == sent
    assert "parallel_tool_calls" not in written_options(given)


def test_a_choice_among_no_tools_is_not_sent() -> None:
    assert written_options({"tool_choice": "any", "parallel_tool_calls": False}) == {}


@pytest.mark.parametrize("choice", [3, {}, ["a"]])
def test_a_choice_that_means_nothing_is_an_error(choice: Any) -> None:
    with pytest.raises(ConfigError, match="'auto', 'any', 'none' or the name of a tool"):
        written_options({"tools": [TOOL], "tool_choice": choice})


class Fish(BaseModel):
    colour: str
    fins: int


def test_an_answer_by_a_schema_is_asked_for_with_closed_objects() -> None:
    schema = {"name": "Fish", "schema": Fish.model_json_schema()}
    wanted = {"type": "json_schema", "json_schema": schema}
    config = written_options({"response_format": wanted, "effort": "low"})["output_config"]
    assert config["effort"] == "low"
    assert config["format"]["type"] == "json_schema"
    assert config["format"]["schema"]["additionalProperties"] is False
    assert set(config["format"]["schema"]["properties"]) == {"colour", "fins"}


@pytest.mark.parametrize(
    "wanted", [{"type": "json_object"}, "json", {"type": "json_schema", "schema": {"title": "x"}}]
)
def test_an_answer_that_the_api_cannot_be_held_to_is_an_error(wanted: Any) -> None:
    with pytest.raises(ConfigError, match="Messages API"):
        written_options({"response_format": wanted})


@pytest.mark.parametrize(
    ("more", "in_blocks"),
    [
        ({}, False),
        ({"tools": [TOOL]}, True),
        ({"thinking": {"type": "adaptive"}}, True),
        ({"thinking": {"type": "disabled"}}, False),
        ({"mcp_servers": [{}]}, True),
    ],
)
def test_only_an_answer_that_is_more_than_text_streams_as_blocks(
    more: Any, in_blocks: bool
) -> None:
    assert answers_in_blocks({**written_messages([HumanMessage("Hi")]), **more}) is in_blocks
