"""Messages and options in the shapes of Ollama's chat API."""

from __future__ import annotations

from typing import Any

import pytest

from levada.chat_models._ollama_request import written_messages, written_options
from levada.errors import ConfigError, MessageError
from levada.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

TOOL = {"type": "function", "function": {"name": "look", "description": "", "parameters": {}}}


def written(message: BaseMessage) -> dict[str, Any]:
    (one,) = written_messages([message])
    return one


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (SystemMessage("Be kind."), {"role": "system", "content": "Be kind."}),
        (HumanMessage("Hi"), {"role": "user", "content": "Hi"}),
        (AIMessage("Hello"), {"role": "assistant", "content": "Hello"}),
        (ChatMessage("Order!", role="control"), {"role": "control", "content": "Order!"}),
        (
            ToolMessage("12", tool_call_id="c1"),
            {"role": "tool", "content": "12", "tool_call_id": "c1"},
        ),
        (
            AIMessage(
                [
                    {"type": "text", "text": "A sen"},
                    {"type": "thinking", "thinking": "hm"},
                    {"type": "text", "text": "tence."},
                ]
            ),
            {"role": "assistant", "content": "A sentence.", "thinking": "hm"},
        ),
    ],
)
def test_each_message_has_its_counterpart(message: BaseMessage, expected: Any) -> None:
    assert written(message) == expected


def test_a_call_that_could_not_be_read_is_named_for_its_result() -> None:
    invalid = {"name": "look", "args": "[", "id": "c1", "error": None}
    message = AIMessage("", invalid_tool_calls=[invalid])
    function = {"index": 0, "name": "look", "arguments": {}}
    assert written(message)["tool_calls"] == [{"id": "c1", "function": function}]


@pytest.mark.parametrize(
    "picture",
    [
        {"type": "image", "base64": "QUJD", "mime_type": "image/png"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}},
    ],
    ids=["standard", "openai", "anthropic"],
)
def test_pictures_stand_beside_the_text(picture: Any) -> None:
    message = HumanMessage(["What is this?", picture, {"type": "text", "text": "And this?"}])
    assert written(message) == {
        "role": "user",
        "content": "What is this?\nAnd this?",
        "images": ["QUJD"],
    }


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "url": "https://fish.example/a.png"},
        {"type": "audio", "base64": "QUJD", "mime_type": "audio/wav"},
        {"type": "file", "file_id": "f1"},
        {"type": "odd"},
    ],
)
def test_a_block_that_it_cannot_see_is_refused(block: Any) -> None:
    with pytest.raises(MessageError, match="Ollama takes no block like"):
        written(HumanMessage([block]))


def test_a_document_of_text_is_text() -> None:
    block = {"type": "text-plain", "text": "On fish", "mime_type": "text/plain"}
    assert written(HumanMessage([block]))["content"] == "On fish"


def test_what_has_no_place_is_refused() -> None:
    with pytest.raises(MessageError, match="no place for FunctionMessage"):
        written(FunctionMessage("1", name="f"))
    with pytest.raises(MessageError, match="at least one message"):
        written_messages([])


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"think": True, "top_k": 3}, {"think": True, "options": {"top_k": 3}}),
        ({"tools": [TOOL], "tool_choice": "none"}, {"options": {}}),
        ({"tools": [TOOL]}, {"tools": [TOOL], "options": {}}),
        (
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "look"}}},
            {"tools": [TOOL], "options": {}},
        ),
        ({"response_format": {"type": "json_object"}}, {"format": "json", "options": {}}),
        ({"format": {"type": "array"}}, {"format": {"type": "array"}, "options": {}}),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": {"a": 1}}}},
            {"format": {"a": 1}, "options": {}},
        ),
    ],
)
def test_options_stand_where_the_api_has_them(said: Any, expected: Any) -> None:
    assert written_options(said) == expected


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"tools": [TOOL], "tool_choice": "see"}, "no tool of the call has that name"),
        ({"tools": [TOOL], "tool_choice": 5}, "Write 'auto', 'any', 'none'"),
        ({"response_format": "xml"}, "response_format is 'xml'"),
    ],
)
def test_what_it_cannot_do_is_refused(said: Any, error: str) -> None:
    with pytest.raises(ConfigError, match=error):
        written_options(said)
