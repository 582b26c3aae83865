from __future__ import annotations

import pytest

from levada.errors import MessageError
from levada.messages import (
    AIMessage,
    AIMessageChunk,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    filter_messages,
)

SYSTEM = SystemMessage("Be brief.", id="s", name="rules")
ANN = HumanMessage("hi", id="h", name="Ann")
REPLY = AIMessage("hello", id="a", name="bot")
CALLS = AIMessage(
    [
        {"type": "tool_use", "id": "1", "name": "f", "input": {}},
        {"type": "tool_use", "id": "2", "name": "g", "input": {}},
        "text",
    ],
    tool_calls=[{"name": "f", "args": {}, "id": "1"}, {"name": "g", "args": {}, "id": "2"}],
)
FIRST = ToolMessage("x", tool_call_id="1")
SECOND = ToolMessage("y", tool_call_id="2")
ALL = [SYSTEM, ANN, REPLY]


@pytest.mark.parametrize(
    ("which", "kept"),
    [
        ({}, ALL),
        ({"include_types": ["human"]}, [ANN]),
        ({"include_types": ["user", AIMessage]}, [ANN, REPLY]),
        ({"include_names": ["Ann"]}, [ANN]),
        ({"include_ids": ["a"]}, [REPLY]),
        ({"include_ids": ["a"], "include_types": ["system"]}, [SYSTEM, REPLY]),
        ({"exclude_types": [SystemMessage]}, [ANN, REPLY]),
        ({"exclude_names": ["Ann"], "exclude_ids": ["a"]}, [SYSTEM]),
        ({"include_types": ["human", "ai"], "exclude_names": ["bot"]}, [ANN]),
    ],
)
def test_messages_are_kept_that_are_included_and_not_excluded(which, kept):
    assert filter_messages(ALL, **which) == kept


def test_a_chunk_is_of_the_kind_of_its_message():
    chunk = AIMessageChunk("tok")
    assert filter_messages([chunk, ANN], include_types=["ai"]) == [chunk]


def test_an_unknown_type_is_refused():
    with pytest.raises(MessageError, match="there is no role 'robot'"):
        filter_messages(ALL, include_types=["robot"])


def test_everything_about_tool_calls_can_be_left_out():
    messages = [ANN, CALLS, FIRST, SECOND, REPLY]
    assert filter_messages(messages, exclude_tool_calls=True) == [ANN, REPLY]
    assert filter_messages(messages, exclude_tool_calls=False) == messages
    assert filter_messages(messages, exclude_tool_calls=["3"]) == messages
    assert filter_messages(messages, exclude_tool_calls=["1", "2"]) == [ANN, REPLY]


def test_single_tool_calls_can_be_left_out_wherever_they_are():
    kept = filter_messages([CALLS, FIRST, SECOND], exclude_tool_calls=["1"])
    assert kept == [
        AIMessage(CALLS.content[1:], tool_calls=CALLS.tool_calls[1:]),
        SECOND,
    ]
    assert len(CALLS.tool_calls) == 2
    text = AIMessage("text", tool_calls=CALLS.tool_calls)
    assert filter_messages([text], exclude_tool_calls=["1"])[0].content == "text"


def test_a_word_alone_is_one_word_and_not_its_letters():
    bob = HumanMessage("hi", name="b")
    assert filter_messages([bob, REPLY], include_names="bot") == [REPLY]
    assert filter_messages([bob, REPLY], exclude_ids="ha") == [bob, REPLY]
    assert filter_messages([FIRST, SECOND], exclude_tool_calls="12") == [FIRST, SECOND]
