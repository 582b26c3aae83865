"""Properties of sums of chunks, over random messages cut at random places."""

from __future__ import annotations

import copy
import functools
import json
import operator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levada.messages import (
    AIMessage,
    AIMessageChunk,
    ToolCallChunk,
    UsageMetadata,
    message_chunk_to_message,
)
from work import calls_of

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
arguments = st.dictionaries(st.text(), json_values, max_size=4)
usages = st.builds(
    lambda i, o, cached, audio: UsageMetadata(
        input_tokens=i,
        output_tokens=o,
        total_tokens=i + o,
        input_token_details={"cache_read": cached},
        output_token_details={"audio": audio},
    ),
    *[st.integers(0, 1000)] * 4,
)
calls = st.builds(
    lambda name, args, id: {"name": name, "args": args, "id": id, "type": "tool_call"},
    st.text(min_size=1),
    arguments,
    st.text(min_size=1),
)


def cut(draw: Any, text: str) -> list[str]:
    """Cut a text at random places; pieces may be empty."""
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


def fragments(draw: Any, index: int, call: Any) -> list[ToolCallChunk]:
    """Cut a tool call as providers do: name and id first, then the arguments in pieces."""
    ascii_only = draw(st.booleans())
    pieces = cut(draw, json.dumps(call["args"], ensure_ascii=ascii_only))
    first = ToolCallChunk(name=call["name"], args="", id=call["id"], index=index)
    return [
        first,
        *(ToolCallChunk(name=None, args=piece, id=None, index=index) for piece in pieces),
    ]


def interleaved(draw: Any, streams: list[list[AIMessageChunk]]) -> list[AIMessageChunk]:
    """Shuffle streams into one, each in its own order."""
    order = draw(st.permutations([n for n, stream in enumerate(streams) for _ in stream]))
    iterators = [iter(stream) for stream in streams]
    return [next(iterators[n]) for n in order]


@st.composite
def messages_and_their_chunks(draw: Any) -> tuple[AIMessage, list[AIMessageChunk]]:
    text, wanted = draw(st.text()), draw(st.lists(calls, max_size=3))
    parts = draw(st.lists(usages, max_size=3))
    finish = draw(st.none() | st.text(min_size=1))
    metadata = {} if finish is None else {"finish_reason": finish}
    whole = AIMessage(
        text,
        id="msg-1",
        tool_calls=copy.deepcopy(wanted),
        usage_metadata=functools.reduce(add, parts) if parts else None,
        response_metadata=metadata,
    )
    streams = [[AIMessageChunk(piece, id="msg-1") for piece in cut(draw, text)]]
    streams += [
        [AIMessageChunk("", tool_call_chunks=[piece]) for piece in fragments(draw, n, call)]
        for n, call in enumerate(wanted)
    ]
    streams.append([AIMessageChunk("", usage_metadata=usage) for usage in parts])
    streams.append([AIMessageChunk("", response_metadata=metadata)])
    # Providers open their tool calls in order; only then do the fragments mix.
    opening = [stream.pop(0) for stream in streams[1 : 1 + len(wanted)]]
    chunks = opening + interleaved(draw, streams)
    return whole, [*chunks, AIMessageChunk("", chunk_position="last")]


def add(left: UsageMetadata, right: UsageMetadata) -> Any:
    return {
        key: add(value, right[key]) if isinstance(value, dict) else value + right[key]
        for key, value in left.items()
    }


@given(messages_and_their_chunks())
def test_the_chunks_of_a_message_add_up_to_it_however_it_was_cut(case):
    whole, chunks = case
    total = functools.reduce(operator.add, chunks)
    assert message_chunk_to_message(total) == whole
    assert total.chunk_position == "last"


# Chunks with the same few keys and indices, so that they meet each other.
keys = st.sampled_from(["a", "b", "id", "type", "index", "created"])
values = st.recursive(
    st.sampled_from([None, 0, 1, "", "x", "y"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=2),
    max_leaves=3,
)
metadata = st.dictionaries(keys, values, max_size=2)
blocks = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "tool_use"])},
    optional={
        "text": st.sampled_from(["", "x"]),
        "index": st.sampled_from([0, 1]),
        "id": st.sampled_from([None, "x", "y"]),
    },
)
pieces = st.fixed_dictionaries(
    {
        "name": st.sampled_from([None, "f"]),
        "args": st.sampled_from([None, "", '{"a"', ": 1}"]),
        "id": st.sampled_from([None, "x", "y"]),
        "index": st.sampled_from([None, 0, 1]),
    }
)
any_chunk = st.builds(
    AIMessageChunk,
    st.sampled_from(["", "x", "y"]) | st.lists(st.sampled_from(["", "x"]) | blocks, max_size=2),
    additional_kwargs=metadata,
    response_metadata=metadata,
    name=st.sampled_from([None, "Ann", "Bob"]),
    id=st.sampled_from([None, "run-1", "lc_2", "msg-3", "msg-4"]),
    tool_call_chunks=st.lists(pieces, max_size=2),
    usage_metadata=st.none() | usages,
    chunk_position=st.sampled_from([None, "last"]),
)
any_chunks = st.lists(any_chunk, min_size=1, max_size=4)


@given(any_chunks, st.booleans())
def test_the_accumulator_gives_what_adding_one_by_one_gives(chunks, ask_each_time):
    before = copy.deepcopy(chunks)
    total, expected = AIMessageChunk.accumulator(), chunks[0]
    total.add(expected)
    for chunk in chunks[1:]:
        try:
            expected = expected + chunk
        except TypeError:
            with pytest.raises(TypeError):
                total.add(chunk)
            break
        total.add(chunk)
        if ask_each_time:
            assert total.result() == expected
    else:
        assert total.result() == expected
    assert chunks == before


@given(any_chunks)
def test_a_sum_does_not_change_when_more_is_added_later(chunks):
    total, sums = AIMessageChunk.accumulator(), []
    try:
        for chunk in chunks:
            total.add(chunk)
            sums.append((total.result(), copy.deepcopy(total.result())))
    except TypeError:
        pass
    assert all(now == then for now, then in sums)


@given(st.lists(st.text()))
def test_text_adds_up_to_the_joined_text(texts):
    total = AIMessageChunk.accumulator()
    total.add(AIMessageChunk(""))
    for text in texts:
        total.add(AIMessageChunk(text))
    assert total.result() == AIMessageChunk("".join(texts))


# --- what adding up costs ---


def text_chunk(i: int) -> AIMessageChunk:
    return AIMessageChunk(content="word ", id="run-1")


def block_chunk(i: int) -> AIMessageChunk:
    return AIMessageChunk(content=[{"type": "text", "text": "word ", "index": 0}], id="run-1")


def call_chunk(i: int) -> AIMessageChunk:
    piece = {"name": None, "args": '"a", ' if i else '{"a": [', "id": None, "index": 0}
    return AIMessageChunk(
        content="", id="run-1", tool_call_chunks=[{**piece, "type": "tool_call_chunk"}]
    )


def usage_chunk(i: int) -> AIMessageChunk:
    usage = UsageMetadata(input_tokens=1, output_tokens=1, total_tokens=2)
    return AIMessageChunk(content="word ", id="run-1", usage_metadata=usage)


@pytest.mark.parametrize("make", [text_chunk, block_chunk, call_chunk, usage_chunk])
def test_the_work_of_adding_up_grows_with_the_number_of_chunks(make: Any) -> None:
    def work(count: int) -> int:
        chunks = [make(i) for i in range(count)]

        def add_up() -> None:
            total = AIMessageChunk.accumulator()
            for chunk in chunks:
                total.add(chunk)
            total.result()

        return calls_of(add_up)

    assert work(4000) < 2.2 * work(2000)
