from __future__ import annotations

import functools
import gc
import operator
import weakref

import pytest

from levada.errors import MessageError
from levada.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessageChunk,
    ChatMessageChunk,
    FunctionMessageChunk,
    HumanMessage,
    HumanMessageChunk,
    SystemMessageChunk,
    ToolMessage,
    ToolMessageChunk,
    message_chunk_to_message,
)


def test_the_sum_has_the_class_and_the_own_fields_of_the_left_chunk():
    class Rated(AIMessageChunk):
        rating: int = 0

    total = Rated("a", rating=5) + AIMessageChunk("b", usage_metadata=USAGE)
    assert total == Rated("ab", rating=5, usage_metadata=USAGE)
    assert HumanMessageChunk("a") + AIMessageChunk("b") == HumanMessageChunk("ab")
    assert AIMessageChunk("a") + HumanMessageChunk("b") == AIMessageChunk("ab")


USAGE = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}


def test_a_list_of_chunks_can_be_added_at_once():
    others = [AIMessageChunk("b"), AIMessageChunk("c")]
    assert AIMessageChunk("a") + others == AIMessageChunk("abc")


@pytest.mark.parametrize("other", ["text", 3, None, HumanMessage("whole"), ["text"]])
def test_what_is_no_chunk_cannot_be_added(other):
    with pytest.raises(TypeError, match="unsupported operand"):
        AIMessageChunk("a") + other


@pytest.mark.parametrize(
    ("left", "right", "kept"),
    [
        (None, None, None),
        (None, "run-1", "run-1"),
        ("run-1", None, "run-1"),
        ("run-1", "msg-1", "msg-1"),
        ("lc_1", "msg-1", "msg-1"),
        ("msg-1", "run-1", "msg-1"),
        ("msg-1", "msg-2", "msg-1"),
        ("run-1", "run-2", "run-1"),
    ],
)
def test_the_first_id_is_kept_and_that_of_the_provider_before_ours(left, right, kept):
    assert (AIMessageChunk("a", id=left) + AIMessageChunk("b", id=right)).id == kept


def test_the_first_name_is_kept():
    assert (AIMessageChunk("a") + AIMessageChunk("b", name="Ann")).name == "Ann"
    assert (AIMessageChunk("a", name="Ann") + AIMessageChunk("b", name="Bob")).name == "Ann"


def test_the_sum_is_last_if_one_of_its_chunks_is():
    last = AIMessageChunk("b", chunk_position="last")
    assert (AIMessageChunk("a") + last).chunk_position == "last"
    assert (last + AIMessageChunk("")).chunk_position == "last"


def test_chunks_of_different_speakers_do_not_add_up():
    with pytest.raises(MessageError, match="role is 'judge' in one and 'jury'"):
        ChatMessageChunk("a", role="judge") + ChatMessageChunk("b", role="jury")
    with pytest.raises(MessageError, match="tool_call_id is '1' in one and '2'"):
        ToolMessageChunk("a", tool_call_id="1") + ToolMessageChunk("b", tool_call_id="2")
    with pytest.raises(MessageError, match="name is 'f' in one and 'g'"):
        FunctionMessageChunk("a", name="f") + FunctionMessageChunk("b", name="g")


def test_a_tool_that_failed_in_one_chunk_failed():
    ok = ToolMessageChunk("a", tool_call_id="1", artifact={"rows": [1]})
    failed = ToolMessageChunk("b", tool_call_id="1", artifact={"rows": [2]}, status="error")
    total = ok + failed
    assert (total.content, total.status, total.artifact) == ("ab", "error", {"rows": [1, 2]})
    assert (failed + ok).status == "error"
    with pytest.raises(MessageError, match="tool_call_id is '1' in one and None"):
        ok + HumanMessageChunk("b")
    assert ok.artifact == {"rows": [1]}


def test_an_accumulator_without_chunks_has_no_result():
    with pytest.raises(MessageError, match=r"no chunks to sum up. Call add\(chunk\) first"):
        AIMessageChunk.accumulator().result()


def test_an_accumulator_begins_with_a_chunk_of_its_class():
    with pytest.raises(MessageError, match=r"Write AIMessageChunk.accumulator\(\)"):
        HumanMessageChunk.accumulator().add(AIMessageChunk("a"))


def test_one_chunk_is_its_own_sum():
    chunk = AIMessageChunk("a")
    total = AIMessageChunk.accumulator()
    total.add(chunk)
    assert total.result() is chunk


def test_the_accumulator_keeps_the_text_and_not_the_chunks():
    total = AIMessageChunk.accumulator()
    total.add(AIMessageChunk("a"))
    chunk = AIMessageChunk("b")
    alive = weakref.ref(chunk)
    total.add(chunk)
    del chunk
    gc.collect()
    assert alive() is None
    assert total.result().content == "ab"


@pytest.mark.parametrize(
    ("chunk", "whole"),
    [
        (AIMessageChunk("hi", id="1", chunk_position="last"), AIMessage("hi", id="1")),
        (
            AIMessageChunk("", tool_calls=[{"name": "f", "args": {"a": 1}, "id": "1"}]),
            AIMessage("", tool_calls=[{"name": "f", "args": {"a": 1}, "id": "1"}]),
        ),
        (HumanMessageChunk("hi", name="Ann"), HumanMessage("hi", name="Ann")),
        (
            ToolMessageChunk("x", tool_call_id="1", artifact=[1], status="error"),
            ToolMessage("x", tool_call_id="1", artifact=[1], status="error"),
        ),
        (HumanMessage("hi"), HumanMessage("hi")),
    ],
)
def test_a_chunk_becomes_the_whole_message(chunk, whole):
    assert message_chunk_to_message(chunk) == whole


def test_a_chunk_of_a_users_class_becomes_the_message_it_derives_from():
    class Rated(AIMessageChunk):
        rating: int = 0

    assert message_chunk_to_message(Rated("hi", rating=3)) == AIMessage("hi")


@pytest.mark.parametrize(
    "cls", [AIMessageChunk, HumanMessageChunk, SystemMessageChunk, ToolMessageChunk]
)
def test_every_chunk_class_adds_up(cls):
    more = {"tool_call_id": "1"} if cls is ToolMessageChunk else {}
    chunks: list[BaseMessageChunk] = [cls(text, **more) for text in "abc"]
    total = cls.accumulator()
    for chunk in chunks:
        total.add(chunk)
    assert total.result() == functools.reduce(operator.add, chunks) == cls("abc", **more)
