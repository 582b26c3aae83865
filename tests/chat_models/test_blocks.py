"""Answers as standard blocks: `output_version="v1"`."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from levada.chat_models import BaseChatModel, GenericFakeChatModel, InMemoryCache
from levada.errors import CompositionError, OverloadedError
from levada.messages import AIMessage, AIMessageChunk, HumanMessage
from levada.runnables import RunnablePassthrough

CALL = {"name": "look", "args": {"city": "Oslo"}, "id": "c1", "type": "tool_call"}


class Plays(BaseChatModel):
    """Streams these chunks, which may be anything."""

    chunks: list[Any]
    output_version: Any = "v1"

    def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Iterator[AIMessageChunk]:
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield copy.deepcopy(chunk)


def total(chunks: list[Any]) -> Any:
    return chunks[0] + chunks[1:]


def fragment(args: str, index: int, name: str | None = None) -> AIMessageChunk:
    id = f"c{index}" if name else None
    return AIMessageChunk(
        "", tool_call_chunks=[{"name": name, "args": args, "id": id, "index": index}]
    )


def thought(text: str) -> AIMessageChunk:
    return AIMessageChunk("", additional_kwargs={"reasoning_content": text})


# Text without an index, and calls that are counted apart, as most providers stream them.
PLAIN = [
    thought("Fish "),
    thought("swim."),
    AIMessageChunk("They "),
    AIMessageChunk("swim."),
    fragment('{"city": ', 0, "look"),
    fragment('"Oslo"}', 0),
    fragment("[", 1, "clock"),
    AIMessageChunk("So."),
]
PLAIN_BLOCKS = [
    {"type": "reasoning", "reasoning": "Fish swim."},
    {"type": "text", "text": "They swim."},
    {"type": "tool_call", "name": "look", "args": {"city": "Oslo"}, "id": "c0"},
    {"type": "invalid_tool_call", "name": "clock", "args": "[", "id": "c1", "error": None},
    {"type": "text", "text": "So."},
]

# Blocks with an index of the provider's, one of them a call that it runs itself.
COUNTED = [
    AIMessageChunk([{"type": "thinking", "thinking": "Hm", "index": 0}]),
    AIMessageChunk([{"type": "thinking", "thinking": "", "signature": "s", "index": 0}]),
    AIMessageChunk([{"type": "server_tool_use", "id": "s1", "name": "search", "index": 1}]),
    AIMessageChunk([{"type": "input_json_delta", "partial_json": '{"q": ', "index": 1}]),
    AIMessageChunk([{"type": "input_json_delta", "partial_json": "1}", "index": 1}]),
    AIMessageChunk(
        [{"type": "tool_use", "id": "c1", "name": "look", "index": 2}],
        tool_call_chunks=[{"name": "look", "args": "", "id": "c1", "index": 2}],
    ),
    AIMessageChunk(
        [{"type": "input_json_delta", "partial_json": "{}", "index": 2}],
        tool_call_chunks=[{"name": None, "args": "{}", "id": None, "index": 2}],
    ),
    AIMessageChunk([{"type": "text", "text": "So", "index": 3}]),
    AIMessageChunk([{"type": "text", "text": ".", "index": 3}], chunk_position="last"),
]
COUNTED_BLOCKS = [
    {"type": "reasoning", "reasoning": "Hm", "extras": {"signature": "s"}},
    {"type": "server_tool_call", "name": "search", "args": {"q": 1}, "id": "s1"},
    {"type": "tool_call", "name": "look", "args": {}, "id": "c1"},
    {"type": "text", "text": "So."},
]


def without_index(content: list[Any]) -> list[Any]:
    return [{k: v for k, v in block.items() if k != "index"} for block in content]


@pytest.mark.parametrize(
    ("chunks", "blocks"),
    [(PLAIN, PLAIN_BLOCKS), (COUNTED, COUNTED_BLOCKS)],
    ids=["plain", "counted"],
)
def test_a_stream_adds_up_to_blocks_with_running_indexes(
    run: Any, chunks: Any, blocks: Any
) -> None:
    model = Plays(chunks=chunks)
    streamed = run.stream(model, "hi")
    assert all(isinstance(chunk.content, list) for chunk in streamed)
    whole = total(streamed)
    assert [block["index"] for block in whole.content] == list(range(len(blocks)))
    assert without_index(whole.content) == blocks
    assert whole.response_metadata["output_version"] == "v1"
    answer = run.invoke(model, "hi")
    assert type(answer) is AIMessage
    assert answer.content == answer.content_blocks == blocks
    assert answer.tool_calls == whole.tool_calls
    assert answer.text == whole.text


def test_events_tell_the_blocks(run: Any) -> None:
    events = run.events(RunnablePassthrough() | Plays(chunks=PLAIN), "hi")
    (end,) = [e for e in events if e["event"] == "on_chat_model_end"]
    assert without_index(end["data"]["output"].content) == PLAIN_BLOCKS


def test_blocks_come_one_piece_at_a_time(run: Any) -> None:
    first, second, *_ = run.stream(Plays(chunks=PLAIN), "hi")
    assert first.content == [{"type": "reasoning", "reasoning": "Fish ", "index": 0}]
    assert second.content == [{"type": "reasoning", "reasoning": "swim.", "index": 0}]


def test_an_answer_that_comes_whole_is_blocks_too(run: Any) -> None:
    class Answers(BaseChatModel):
        def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
            return AIMessage("hello", tool_calls=[CALL], response_metadata={"a": 1})

    for model, blocks in (
        (Answers(output_version="v1"), [{"type": "text", "text": "hello"}, CALL]),
        (Answers(output_version="v0"), "hello"),
        (Answers(), "hello"),
    ):
        for answer in (run.invoke(model, "hi"), run.stream(model, "hi")[0]):
            assert answer.content == blocks
            assert answer.tool_calls == [CALL]
            assert answer.response_metadata["a"] == 1


def test_an_old_answer_is_blocks_and_other_ones_are_others(run: Any) -> None:
    cache = InMemoryCache()
    messages = [AIMessage("one two", tool_calls=[CALL]), AIMessage("three")]
    model = GenericFakeChatModel(messages=iter(messages), cache=cache, output_version="v1")
    blocks = [{"type": "text", "text": "one two"}, CALL]
    first = total(run.stream(model, "hi"))
    assert without_index(first.content) == blocks
    again = run.invoke(model, "hi")
    assert again.response_metadata["cached"] is True
    assert again.content == blocks
    streamed = total(run.stream(model, "hi"))
    assert (without_index(streamed.content), streamed.tool_calls) == (blocks, [CALL])
    assert run.invoke(model.model_copy(update={"output_version": None}), "hi").content == "three"


def test_blocks_can_be_sent_back(run: Any) -> None:
    answer = run.invoke(Plays(chunks=PLAIN), "hi")
    again = run.invoke(Plays(chunks=[AIMessageChunk("yes")]), [HumanMessage("hi"), answer])
    assert again.content == [{"type": "text", "text": "yes"}]


def test_a_stream_that_fails_has_the_blocks_that_had_come(run: Any) -> None:
    with pytest.raises(OverloadedError) as raised:
        run.stream(Plays(chunks=[AIMessageChunk("a"), OverloadedError("cut")]), "hi")
    assert without_index(raised.value.partial.content) == [{"type": "text", "text": "a"}]


def test_what_is_no_chunk_is_refused(run: Any) -> None:
    with pytest.raises(CompositionError, match="must give AIMessageChunks"):
        run.stream(Plays(chunks=["a"]), "hi")


def test_leaving_a_stream_of_blocks_closes_the_model(run: Any) -> None:
    closed: list[bool] = []

    class Closes(Plays):
        def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Any:
            try:
                yield from super()._stream(messages, stop)
            finally:
                closed.append(True)

    assert len(run.stream(Closes(chunks=PLAIN), "hi", take=1)) == 1
    assert closed == [True]
