from __future__ import annotations

import pytest
from pydantic import ValidationError

from levada.messages import (
    AIMessage,
    AIMessageChunk,
    UsageMetadata,
    add_ai_message_chunks,
    add_usage,
    message_chunk_to_message,
    subtract_usage,
)


def fragment(name=None, args=None, id=None, index=0):
    return {"name": name, "args": args, "id": id, "index": index, "type": "tool_call_chunk"}


@pytest.mark.parametrize(
    ("piece", "call"),
    [
        (
            fragment("get_weather", "", "call-1"),
            {"name": "get_weather", "args": {}, "id": "call-1"},
        ),
        (fragment("get_weather", None), {"name": "get_weather", "args": {}, "id": None}),
        (fragment(None, '{"city": "Os'), {"name": "", "args": {"city": "Os"}, "id": None}),
        (fragment(None, '{"b": '), {"name": "", "args": {}, "id": None}),
    ],
)
def test_a_fragment_is_read_as_far_as_it_goes(piece, call):
    chunk = AIMessageChunk("", tool_call_chunks=[piece])
    assert chunk.tool_calls == [{**call, "type": "tool_call"}]
    assert chunk.invalid_tool_calls == []


@pytest.mark.parametrize("args", ['lo", "days": 2}', "[1]", '"text"', "null", "}"])
def test_a_fragment_that_is_no_object_is_an_invalid_call(args):
    chunk = AIMessageChunk("", tool_call_chunks=[fragment(None, args)])
    assert chunk.tool_calls == []
    assert chunk.invalid_tool_calls == [
        {"name": None, "args": args, "id": None, "error": None, "type": "invalid_tool_call"}
    ]


def test_fragments_add_up_to_the_call():
    pieces = [
        fragment("get_weather", "", "call-1"),
        fragment(None, '{"city": "Os'),
        fragment(None, 'lo", "days": 2}'),
    ]
    chunks = [AIMessageChunk("", tool_call_chunks=[piece]) for piece in pieces]
    total = AIMessageChunk("Checking") + chunks
    assert total.content == "Checking"
    assert total.invalid_tool_calls == []
    assert total.tool_call_chunks == [
        fragment("get_weather", '{"city": "Oslo", "days": 2}', "call-1")
    ]
    assert total.tool_calls == [
        {
            "name": "get_weather",
            "args": {"city": "Oslo", "days": 2},
            "id": "call-1",
            "type": "tool_call",
        }
    ]


def test_fragments_without_an_index_and_of_different_indices_are_never_merged():
    pieces = [
        fragment("f", "{}", "1", None),
        fragment("g", "{}", "2", None),
        fragment("h", "{}", "3", 0),
        fragment("i", "{}", "4", 1),
        fragment("j", "{}", "5", 1),
    ]
    total = AIMessageChunk("") + [AIMessageChunk("", tool_call_chunks=[piece]) for piece in pieces]
    assert [call["name"] for call in total.tool_calls] == ["f", "g", "h", "i", "j"]


def test_whole_tool_calls_of_a_chunk_survive_merging():
    call = {"name": "f", "args": {"a": 1}, "id": "1"}
    wrong = {"name": "g", "args": "{", "id": "2", "error": "cut"}
    chunk = AIMessageChunk("", tool_calls=[call], invalid_tool_calls=[{**wrong, "args": "["}])
    assert [piece["args"] for piece in chunk.tool_call_chunks] == ['{"a": 1}', "["]
    total = chunk + AIMessageChunk("x")
    assert [each["name"] for each in total.tool_calls] == ["f"]
    assert [each["name"] for each in total.invalid_tool_calls] == ["g"]


def test_tool_calls_get_their_type_and_keep_what_a_provider_adds():
    message = AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "1", "thought": "x"}])
    assert message.tool_calls == [
        {"name": "f", "args": {}, "id": "1", "thought": "x", "type": "tool_call"}
    ]


def test_a_tool_call_without_its_name_is_refused():
    with pytest.raises(ValidationError, match="name"):
        AIMessage("", tool_calls=[{"args": {}, "id": "1"}])


def test_tool_calls_are_read_from_openai_s_own_shape():
    raw = [
        {"id": "1", "function": {"name": "f", "arguments": '{"a": 1}'}},
        {"id": "2", "function": {"name": "g", "arguments": "no json"}},
        {"id": "3", "function": {"name": "h", "arguments": "[" * 100_000}},
    ]
    message = AIMessage("", additional_kwargs={"tool_calls": raw})
    assert [call["args"] for call in message.tool_calls] == [{"a": 1}]
    assert [call["name"] for call in message.invalid_tool_calls] == ["g", "h"]
    odd = [{"id": "4"}, {"id": "5", "function": {"name": "i", "arguments": {"b": 2}}}]
    assert [
        call["args"] for call in AIMessage("", additional_kwargs={"tool_calls": odd}).tool_calls
    ] == [{"b": 2}]
    assert AIMessage("", additional_kwargs={"tool_calls": None}).tool_calls == []
    assert AIMessage("", additional_kwargs={"tool_calls": [{"function": {"name": "f"}}]}).tool_calls
    assert AIMessageChunk("", additional_kwargs={"tool_calls": [{"id": "1"}]}).tool_calls == []
    piece = {"index": 0, "id": "1", "function": {"name": "f", "arguments": '{"a'}}
    chunk = AIMessageChunk("", additional_kwargs={"tool_calls": [piece]})
    assert chunk.tool_call_chunks == [fragment("f", '{"a', "1")]
    assert chunk.tool_calls[0]["args"] == {}


def test_tool_calls_among_the_content_blocks_are_tool_calls():
    call = {"type": "tool_call", "name": "f", "args": {"a": 1}, "id": "1"}
    assert AIMessage(content_blocks=[call]).tool_calls == [call]


def usage(input_tokens, output_tokens, **details) -> UsageMetadata:
    return {
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens,
        **details,
    }


def test_usage_adds_up_with_its_details_and_those_of_the_provider():
    one = AIMessageChunk("", usage_metadata=usage(7, 0, input_token_details={"cache_read": 2}))
    two = AIMessageChunk("", usage_metadata=usage(0, 3, output_token_details={"reasoning": 1}))
    three = AIMessageChunk("", usage_metadata=usage(0, 1, input_token_details={"flex": 4}))
    assert (one + two + three + AIMessageChunk("x")).usage_metadata == usage(
        7,
        4,
        input_token_details={"cache_read": 2, "flex": 4},
        output_token_details={"reasoning": 1},
    )


def test_chunks_can_be_added_by_a_function():
    chunks = [AIMessageChunk("a"), AIMessageChunk("b"), AIMessageChunk("c")]
    assert add_ai_message_chunks(*chunks) == AIMessageChunk("abc")


def test_no_usage_counts_as_nothing():
    assert add_usage(None, None) == usage(0, 0)
    assert add_usage(usage(1, 2), None) == add_usage(None, usage(1, 2)) == usage(1, 2)
    assert subtract_usage(None, usage(1, 2)) == usage(0, 0)


def test_usage_subtracts_down_to_zero():
    left = usage(5, 5, input_token_details={"cache_read": 3})
    right = usage(2, 7, input_token_details={"cache_read": 1, "audio": 1})
    assert subtract_usage(left, right) == {
        "input_tokens": 3,
        "output_tokens": 0,
        "total_tokens": 1,
        "input_token_details": {"cache_read": 2, "audio": 0},
    }


def test_the_blocks_of_a_message_have_its_reasoning_first_and_its_calls_last():
    message = AIMessage(
        "Yes.",
        additional_kwargs={"reasoning_content": "Hm."},
        tool_calls=[{"name": "f", "args": {}, "id": "1"}],
        invalid_tool_calls=[{"name": "g", "args": "[", "id": "2", "error": None}],
    )
    assert [block["type"] for block in message.content_blocks] == [
        "reasoning",
        "text",
        "tool_call",
        "invalid_tool_call",
    ]


def test_a_call_that_is_a_block_already_is_not_listed_twice():
    call = {"type": "tool_use", "name": "f", "input": {"a": 1}, "id": "1"}
    text = {"type": "text", "text": "then"}
    message = AIMessage([call, text], tool_calls=[{"name": "f", "args": {"a": 1}, "id": "1"}])
    assert [block["type"] for block in message.content_blocks] == ["tool_call", "text"]


def test_fragments_of_a_call_that_the_server_runs_become_the_call():
    pieces = [
        {"type": "server_tool_call_chunk", "id": "1", "name": "search", "args": "", "index": 0},
        {"type": "server_tool_call_chunk", "args": '{"query"', "index": 0},
        {"type": "server_tool_call_chunk", "args": ': "x"}', "index": 0},
    ]
    total = AIMessageChunk("") + [AIMessageChunk([piece]) for piece in pieces]
    assert [block["type"] for block in total.content_blocks] == ["server_tool_call_chunk"]
    whole = {
        "type": "server_tool_call",
        "id": "1",
        "name": "search",
        "args": {"query": "x"},
        "index": 0,
    }
    assert message_chunk_to_message(total).content_blocks == [whole]
    assert (total + AIMessageChunk("", chunk_position="last")).content_blocks == [whole]
    broken = {"type": "server_tool_call_chunk", "args": "]"}
    assert AIMessage([broken]).content_blocks == [broken]


def test_the_blocks_of_a_chunk_are_fragments_until_the_last():
    pieces = [fragment("f", '{"a": 1}', "1")]
    chunk = AIMessageChunk([{"type": "tool_use", "id": "1", "name": "f"}], tool_call_chunks=pieces)
    assert chunk.content_blocks == pieces
    last = AIMessageChunk("", tool_call_chunks=pieces, chunk_position="last")
    assert last.content_blocks == last.tool_calls
