from __future__ import annotations

import pytest

from levada.errors import MessageError
from levada.messages import (
    AIMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
    convert_to_messages,
    convert_to_openai_data_block,
    convert_to_openai_image_block,
    convert_to_openai_messages,
)

PNG = {"type": "image", "base64": "aGk=", "mime_type": "image/png"}
PNG_URL = "data:image/png;base64,aGk="


@pytest.mark.parametrize(
    ("message", "openai"),
    [
        (HumanMessage("hi", name="Ann"), {"role": "user", "name": "Ann", "content": "hi"}),
        (SystemMessage("hi"), {"role": "system", "content": "hi"}),
        (("developer", "hi"), {"role": "developer", "content": "hi"}),
        (ChatMessage("hi", role="judge"), {"role": "judge", "content": "hi"}),
        (FunctionMessage("3", name="f"), {"role": "function", "name": "f", "content": "3"}),
        (
            ToolMessage("x", tool_call_id="1"),
            {"role": "tool", "tool_call_id": "1", "content": "x"},
        ),
        (
            AIMessage("", tool_calls=[{"name": "f", "args": {"a": "ü"}, "id": "1"}]),
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "type": "function",
                        "id": "1",
                        "function": {"name": "f", "arguments": '{"a": "ü"}'},
                    }
                ],
                "content": "",
            },
        ),
        (
            AIMessage([{"type": "tool_use", "name": "f", "input": {"a": 1}, "id": "1"}, "hi"]),
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "type": "function",
                        "id": "1",
                        "function": {"name": "f", "arguments": '{"a": 1}'},
                    }
                ],
                "content": "hi",
            },
        ),
        (
            AIMessage("", additional_kwargs={"refusal": "No."}),
            {"role": "assistant", "refusal": "No.", "content": ""},
        ),
    ],
)
def test_a_message_becomes_what_openai_takes(message, openai):
    assert convert_to_openai_messages([message]) == [openai]


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (PNG, {"type": "image_url", "image_url": {"url": PNG_URL}}),
        (
            {"type": "image_url", "image_url": {"url": "u", "detail": "low"}},
            {"type": "image_url", "image_url": {"url": "u", "detail": "low"}},
        ),
        (
            {"type": "image_url", "image_url": "u"},
            {"type": "image_url", "image_url": {"url": "u"}},
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "u"}},
            {"type": "image_url", "image_url": {"url": "u"}},
        ),
        (
            {"type": "audio", "base64": "aGk=", "mime_type": "audio/wav"},
            {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
            {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
        ),
        (
            {
                "type": "file",
                "base64": "aGk=",
                "mime_type": "application/pdf",
                "extras": {"filename": "a.pdf"},
            },
            {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,aGk="},
            },
        ),
        (
            {"type": "file", "base64": "aGk=", "mime_type": "a/b", "filename": "b.pdf"},
            {"type": "file", "file": {"filename": "b.pdf", "file_data": "data:a/b;base64,aGk="}},
        ),
        ({"type": "file", "file_id": "f"}, {"type": "file", "file": {"file_id": "f"}}),
        ({"type": "text-plain", "text": "hi"}, {"type": "text", "text": "hi"}),
        ({"json": {"a": "ü"}}, {"type": "text", "text": '{"a": "ü"}'}),
        ({"type": "json", "json": {"a": 1}}, {"type": "text", "text": '{"a": 1}'}),
        ({"type": "reasoning", "reasoning": "Hm."}, {"type": "reasoning", "reasoning": "Hm."}),
        ({"type": "mystery"}, {"type": "mystery"}),
    ],
)
def test_a_block_becomes_a_part(block, part):
    text = {"type": "text", "text": "look"}
    [message] = convert_to_openai_messages([HumanMessage(["look", block])], text_format="block")
    assert message["content"] == [text, part]


def test_texts_are_joined_or_listed():
    blocks = ["a", {"type": "text", "text": "b", "citations": []}]
    assert convert_to_openai_messages(HumanMessage(blocks))["content"] == "a\nb"
    as_blocks = convert_to_openai_messages(
        [HumanMessage("a"), HumanMessage("")], text_format="block"
    )
    assert [message["content"] for message in as_blocks] == [[{"type": "text", "text": "a"}], []]


def test_one_message_gives_one_dictionary():
    assert convert_to_openai_messages("hi") == {"role": "user", "content": "hi"}
    assert convert_to_openai_messages([]) == []


def test_ids_are_left_out_unless_wanted():
    message = HumanMessage("hi", id="1")
    assert "id" not in convert_to_openai_messages(message)
    assert convert_to_openai_messages(message, include_id=True)["id"] == "1"


def test_results_of_tools_among_the_blocks_become_messages():
    result = {"type": "tool_result", "tool_use_id": "1", "content": "ok"}
    tool = {"role": "tool", "tool_call_id": "1", "content": "ok"}
    assert convert_to_openai_messages([HumanMessage([result])]) == [tool]
    assert convert_to_openai_messages(HumanMessage([result, "hi"])) == [
        {"role": "user", "content": "hi"},
        tool,
    ]


def test_an_unknown_block_is_refused_if_wanted():
    with pytest.raises(MessageError, match=r"no block like {'type': 'mystery'}"):
        convert_to_openai_messages(
            [HumanMessage([{"type": "mystery"}])], pass_through_unknown_blocks=False
        )


def test_what_is_no_part_of_a_conversation_is_refused():
    with pytest.raises(MessageError, match="a RemoveMessage is no part of a conversation"):
        convert_to_openai_messages([RemoveMessage("1")])
    with pytest.raises(MessageError, match=r"no text_format 'text'. Write 'string' or 'block'"):
        convert_to_openai_messages([], text_format="text")


def test_a_conversation_survives_the_way_to_openai_and_back():
    messages = [
        SystemMessage("Be brief."),
        HumanMessage([{"type": "image_url", "image_url": {"url": "u"}}]),
        AIMessage("", tool_calls=[{"name": "f", "args": {"a": [1, None]}, "id": "1"}]),
        ToolMessage("x", tool_call_id="1"),
    ]
    assert convert_to_messages(convert_to_openai_messages(messages)) == messages


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (PNG, {"type": "input_image", "image_url": PNG_URL}),
        (
            {"type": "image_url", "image_url": {"url": "u", "detail": "low"}},
            {"type": "input_image", "image_url": "u", "detail": "low"},
        ),
        ({"type": "image", "file_id": "f"}, {"type": "input_image", "file_id": "f"}),
        ({"type": "file", "url": "u"}, {"type": "input_file", "file_url": "u"}),
        (
            {"type": "file", "base64": "aGk=", "mime_type": "application/pdf"},
            {
                "type": "input_file",
                "filename": "file",
                "file_data": "data:application/pdf;base64,aGk=",
            },
        ),
        ({"type": "text-plain", "text": "hi"}, {"type": "input_text", "text": "hi"}),
    ],
)
def test_a_block_becomes_a_part_of_the_responses_api(block, part):
    assert convert_to_openai_data_block(block, api="responses") == part


@pytest.mark.parametrize(
    "block",
    [
        {"type": "video", "url": "u"},
        {"type": "file", "url": "u"},
        {"type": "audio", "url": "u"},
        {"type": "text", "text": "hi"},
    ],
)
def test_a_block_that_openai_does_not_take_is_refused(block):
    with pytest.raises(MessageError, match=r"chat/completions API takes no block like .* Leave it"):
        convert_to_openai_data_block(block)


def test_an_image_needs_a_url_or_base64_with_its_type():
    assert convert_to_openai_image_block(PNG) == {
        "type": "image_url",
        "image_url": {"url": PNG_URL},
    }
    with pytest.raises(MessageError, match="it needs a url, or base64 and a mime_type"):
        convert_to_openai_image_block({"type": "image", "base64": "aGk="})
