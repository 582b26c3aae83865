from __future__ import annotations

import copy

import pytest

from levada.errors import MessageError
from levada.messages import (
    AIMessage,
    AIMessageChunk,
    ChatMessage,
    ChatPromptValue,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    StringPromptValue,
    SystemMessage,
    ToolMessage,
    convert_to_messages,
)

IMAGE = [{"type": "image_url", "image_url": {"url": "u"}}]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("hi", HumanMessage("hi")),
        (SystemMessage("hi"), SystemMessage("hi")),
        (("user", "hi"), HumanMessage("hi")),
        (("human", IMAGE), HumanMessage(IMAGE)),
        (["ai", "hi"], AIMessage("hi")),
        (("assistant", "hi"), AIMessage("hi")),
        (("system", "hi"), SystemMessage("hi")),
        (
            ("developer", "hi"),
            SystemMessage("hi", additional_kwargs={"__openai_role__": "developer"}),
        ),
        (
            {"role": "user", "content": IMAGE, "name": "Ann"},
            HumanMessage(IMAGE, name="Ann"),
        ),
        (
            {"role": "assistant", "content": None, "refusal": None, "audio": {"id": "a"}},
            AIMessage("", additional_kwargs={"audio": {"id": "a"}}),
        ),
        (
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {
                        "type": "function",
                        "id": "1",
                        "function": {"name": "f", "arguments": '{"a": 1}'},
                    },
                    {"type": "function", "id": "2", "function": {"name": "g", "arguments": "?"}},
                ],
            },
            AIMessage(
                "",
                tool_calls=[{"name": "f", "args": {"a": 1}, "id": "1"}],
                invalid_tool_calls=[{"name": "g", "args": "?", "id": "2", "error": None}],
            ),
        ),
        (
            {"role": "tool", "content": "x", "tool_call_id": "1"},
            ToolMessage("x", tool_call_id="1"),
        ),
        (
            {"role": "tool", "content": 0, "tool_call_id": "1", "status": "error", "artifact": [1]},
            ToolMessage("0", tool_call_id="1", status="error", artifact=[1]),
        ),
        (
            {"role": "function", "content": "x", "name": "f"},
            FunctionMessage("x", name="f"),
        ),
        ({"role": "remove", "id": "1"}, RemoveMessage("1")),
        # Anthropic
        (
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}}],
            },
            AIMessage(
                [{"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}}],
                tool_calls=[{"name": "f", "args": {"a": 1}, "id": "1"}],
            ),
        ),
        # ours
        (
            {
                "type": "ai",
                "content": "hi",
                "tool_calls": [{"type": "tool_call", "name": "f", "args": {}, "id": "1"}],
                "response_metadata": {"a": 1},
                "example": False,
            },
            AIMessage(
                "hi",
                tool_calls=[{"name": "f", "args": {}, "id": "1"}],
                response_metadata={"a": 1},
            ),
        ),
        (
            {"type": "chat", "role": "judge", "content": "hi"},
            ChatMessage("hi", role="judge"),
        ),
        ({"role": "user", "type": "message", "content": "hi"}, HumanMessage("hi")),
        ({"type": "AIMessageChunk", "content": "hi"}, AIMessageChunk("hi")),
        (
            {"role": "user", "content": "hi", "additional_kwargs": {"a": 1}, "b": 2},
            HumanMessage("hi", additional_kwargs={"a": 1, "b": 2}),
        ),
    ],
)
def test_what_is_written_for_a_message_becomes_it(given, message):
    before = copy.deepcopy(given)
    assert convert_to_messages([given]) == [message]
    assert given == before


def test_results_of_tools_in_a_user_s_message_become_tool_messages():
    results = [
        {"type": "tool_result", "tool_use_id": "1", "content": "ok"},
        {"type": "tool_result", "tool_use_id": "2", "content": [], "is_error": True},
    ]
    text = {"type": "text", "text": "And now?"}
    messages = [
        ToolMessage("ok", tool_call_id="1"),
        ToolMessage("", tool_call_id="2", status="error"),
    ]
    assert convert_to_messages([{"role": "user", "content": results}]) == messages
    assert convert_to_messages([{"role": "user", "content": [*results, text]}]) == [
        *messages,
        HumanMessage([text]),
    ]


def test_every_message_is_itself_after_a_round_trip_through_its_dictionary():
    messages = [
        HumanMessage("hi", id="1"),
        AIMessage("hi", tool_calls=[{"name": "f", "args": {}, "id": "1"}]),
        ToolMessage("x", tool_call_id="1", artifact={"a": 1}),
        ChatMessage("hi", role="judge"),
        FunctionMessage("x", name="f"),
        RemoveMessage("1"),
        AIMessageChunk("tok", chunk_position="last"),
    ]
    assert convert_to_messages([message.model_dump() for message in messages]) == messages


def test_a_prompt_value_gives_its_messages():
    assert convert_to_messages(StringPromptValue(text="hi")) == [HumanMessage("hi")]
    messages = [SystemMessage("a"), HumanMessage("b")]
    assert convert_to_messages(ChatPromptValue(messages=messages)) == messages


def test_any_iterable_of_messages_will_do():
    assert convert_to_messages(text for text in ["a"]) == [HumanMessage("a")]


@pytest.mark.parametrize("given", ["hi", HumanMessage("hi"), {"role": "user"}, 3, None])
def test_one_message_is_not_a_list_of_messages(given):
    with pytest.raises(MessageError, match=r"is not a list of messages. Write \[\"Hello\""):
        convert_to_messages(given)


@pytest.mark.parametrize("given", [3, None, (), ("user",), ("user", "a", "b"), (3, "a")])
def test_what_is_no_message_is_refused_with_what_to_write(given):
    with pytest.raises(MessageError, match=r'is not a message. Write "Hello", \("user", "Hello"\)'):
        convert_to_messages([given])


@pytest.mark.parametrize(
    "given", [("judge", "hi"), {"role": "judge", "content": "hi"}, {"type": "judge", "content": ""}]
)
def test_an_unknown_role_is_refused_with_the_roles_there_are(given):
    with pytest.raises(
        MessageError, match=r"there is no role 'judge'. Write 'user', .*ChatMessage"
    ):
        convert_to_messages([given])


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"content": "hi"}, r"does not say who speaks. Write \{'role': 'user'"),
        ({"role": "user"}, r"does not say what is said. Write \{'role': 'user'"),
        (("tool", "x"), "does not make a ToolMessage: tool_call_id: Field required"),
        (("chat", "x"), "does not make a ChatMessage: role: Field required"),
        ({"role": "user", "content": 3}, r"does not make a HumanMessage: content"),
        ({"role": "assistant", "content": "", "tool_calls": "f"}, "AIMessage: tool_calls"),
        ({"role": "remove", "id": "1", "content": "x"}, "a RemoveMessage says nothing"),
    ],
)
def test_a_dictionary_that_lacks_something_is_refused(given, match):
    with pytest.raises(MessageError, match=match):
        convert_to_messages([given])
