from __future__ import annotations

import copy

import pytest

from levada.messages import (
    AIMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    merge_message_runs,
)

IMAGE = {"type": "image", "url": "u"}


@pytest.mark.parametrize(
    ("given", "merged"),
    [
        ([], []),
        (["a", "b", ("ai", "c")], [HumanMessage("a\nb"), AIMessage("c")]),
        ([SystemMessage("a"), SystemMessage("b")], [SystemMessage("a\nb")]),
        (["", "a", "", "b"], [HumanMessage("a\nb")]),
        (["a", HumanMessage([IMAGE]), "b"], [HumanMessage(["a", IMAGE, "b"])]),
        ([HumanMessage([IMAGE]), "a", "b"], [HumanMessage([IMAGE, "ab"])]),
        (
            [ToolMessage("a", tool_call_id="1"), ToolMessage("b", tool_call_id="1")],
            [ToolMessage("a", tool_call_id="1"), ToolMessage("b", tool_call_id="1")],
        ),
        (
            [ChatMessage(text, role=role) for text, role in [("a", "x"), ("b", "x"), ("c", "y")]],
            [ChatMessage("a\nb", role="x"), ChatMessage("c", role="y")],
        ),
        (
            [HumanMessage("a", id="1", name="Ann"), HumanMessage("b", id="2", name="Bob")],
            [HumanMessage("a\nb", id="1", name="Ann")],
        ),
    ],
)
def test_messages_in_a_row_are_joined(given, merged):
    before = copy.deepcopy(given)
    assert merge_message_runs(given) == merged
    assert given == before


def test_the_separator_can_be_chosen():
    assert merge_message_runs(["a", "b"], chunk_separator=" ") == [HumanMessage("a b")]


def test_tool_calls_and_usage_add_up_and_the_first_response_is_kept():
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    calls = [{"name": "f", "args": {"a": 1}, "id": "1"}, {"name": "g", "args": {}, "id": "2"}]
    messages = [
        AIMessage(
            "a",
            tool_calls=calls[:1],
            usage_metadata=usage,
            response_metadata={"finished": True},
        ),
        AIMessage(
            "b",
            tool_calls=calls[1:],
            usage_metadata=usage,
            response_metadata={"finished": False},
        ),
    ]
    assert merge_message_runs(messages) == [
        AIMessage(
            "a\nb",
            tool_calls=calls,
            usage_metadata={"input_tokens": 2, "output_tokens": 4, "total_tokens": 6},
            response_metadata={"finished": True},
        )
    ]
