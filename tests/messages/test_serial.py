from __future__ import annotations

import json

import pytest

from levada.errors import MessageError
from levada.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
    message_to_dict,
    messages_from_dict,
    messages_to_dict,
)


def test_messages_survive_the_way_through_json():
    messages = [
        SystemMessage("Be brief."),
        HumanMessage([{"type": "text", "text": "hi"}, "ü"], name="Ann", id="1"),
        AIMessage(
            "",
            tool_calls=[{"name": "f", "args": {"a": [1, None]}, "id": "1"}],
            usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
        ),
        AIMessageChunk("tok", chunk_position="last"),
        ToolMessage("x", tool_call_id="1", artifact={"a": 1}, status="error"),
        ChatMessage("hi", role="judge"),
        RemoveMessage("1"),
    ]
    written = json.loads(json.dumps(messages_to_dict(messages)))
    assert messages_from_dict(written) == messages


def test_the_dictionary_of_a_message_has_its_type_and_its_fields():
    assert message_to_dict(HumanMessage("hi")) == {
        "type": "human",
        "data": {
            "content": "hi",
            "additional_kwargs": {},
            "response_metadata": {},
            "type": "human",
            "name": None,
            "id": None,
        },
    }


def test_fields_of_lcel_that_are_not_ours_are_kept_if_they_say_anything():
    data = {"content": "hi", "example": False, "mood": "good"}
    assert messages_from_dict([{"type": "ai", "data": data}]) == [
        AIMessage("hi", additional_kwargs={"mood": "good"})
    ]


def test_what_is_nested_too_deep_or_too_large_is_refused():
    deep: dict[str, object] = {}
    for _ in range(200):
        deep = {"a": deep}
    around: dict[str, object] = {}
    around["a"] = around
    for content in ([deep], [around], [{"a": [0] * 1_000_001}]):
        with pytest.raises(MessageError, match="more than 100 levels deep, or hold more than"):
            messages_from_dict([{"type": "human", "data": {"content": content}}])


@pytest.mark.parametrize(
    ("written", "match"),
    [
        ({}, "was not written by messages_to_dict"),
        ({"type": "human"}, "was not written by messages_to_dict"),
        ({"type": "human", "data": []}, "was not written by messages_to_dict"),
        ({"data": {"content": "hi"}}, "was not written by messages_to_dict"),
        ({"type": "os.system", "data": {"content": "ls"}}, "no role 'os.system'"),
        ({"type": "human", "data": {}}, "does not make a HumanMessage: content: Field required"),
        ({"type": "ai", "data": {"content": "", "tool_calls": 3}}, "AIMessage: tool_calls"),
    ],
)
def test_what_is_no_written_message_is_refused(written, match):
    with pytest.raises(MessageError, match=match):
        messages_from_dict([written])
