"""Events as JSON: nothing is lost that JSON can hold, and nothing is run for what is read."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from levada.chat_models import GenericFakeChatModel
from levada.errors import DecodedError, EventError
from levada.event_json import decode_event, decode_sse, encode_event, encode_sse
from levada.messages import (
    AIMessage,
    AIMessageChunk,
    ChatPromptValue,
    HumanMessage,
    StringPromptValue,
    ToolCallChunk,
    ToolMessage,
)
from levada.parsers import StrOutputParser
from levada.prompts import ChatPromptTemplate
from levada.runnables import RunnableLambda


def event(data: Any, name: str = "on_chain_end") -> Any:
    return {
        "event": name,
        "name": "step",
        "run_id": "01990000-0000-7000-8000-000000000001",
        "parent_ids": [],
        "tags": ["t"],
        "metadata": {"m": 1},
        "data": data,
    }


def there_and_back(data: Any) -> Any:
    return decode_event(encode_event(event(data)))["data"]


def test_the_events_of_a_chain_come_back_as_they_were() -> None:
    prompt = ChatPromptTemplate.from_messages([("system", "Be brief."), ("human", "{question}")])
    model = GenericFakeChatModel(messages=iter(["Tides follow the moon."]))
    chain = prompt | model | StrOutputParser()
    for one in chain.stream_events({"question": "Why?"}, {"metadata": {"user": ("a", 1)}}):
        assert decode_event(encode_event(one)) == one


CALL = ToolCallChunk(type="tool_call_chunk", name="w", args='{"city": "Os', id="c", index=0)


@pytest.mark.parametrize(
    "value",
    [
        AIMessage("hi", id="1", tool_calls=[{"name": "f", "args": {"x": 1}, "id": "2"}]),
        AIMessageChunk(content="", id="1", tool_call_chunks=[CALL], chunk_position="last"),
        AIMessageChunk(content=[{"type": "text", "text": "a", "index": 0}]),
        ToolMessage("42", tool_call_id="2", artifact={"raw": (1, 2)}, status="error"),
        AIMessage("x", usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}),
        ChatPromptValue(messages=[HumanMessage("a"), AIMessage("b", name="n")]),
        StringPromptValue(text="words"),
        {"messages": [[HumanMessage("a")]], "a/b~c": (AIMessage("b"), [1])},
        (1, (2, "x"), None, True, 1.5),
        b"\x00\xff",
        10**30,
        -(2**63),
        2**63,
        "two\nlines\u2028 and \U0001f41f",
        # What only looks like something that was written as something else.
        {"type": "message", "content": "no message", "types": {"/data": "message"}},
        {"type": "ai", "data": {"content": "no message either"}},
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    back = there_and_back({"output": value})["output"]
    assert back == value
    assert type(back) is type(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(json_values)
def test_whatever_json_can_hold_comes_back(value: Any) -> None:
    line = encode_event(event(value))
    assert b"\n" not in line
    assert decode_event(line)["data"] == value


def test_numbers_that_json_does_not_have_come_back() -> None:
    back = there_and_back([math.inf, -math.inf, math.nan])
    assert back[:2] == [math.inf, -math.inf]
    assert math.isnan(back[2])


def test_an_exception_comes_back_with_the_name_of_its_class() -> None:
    def fails(x: Any) -> Any:
        raise KeyError("no such thing")

    events = []
    with pytest.raises(KeyError):
        for one in (RunnableLambda(str) | fails).stream_events(1):
            events.append(one)
    error = decode_event(encode_event(events[-1]))["data"]["error"]
    assert isinstance(error, DecodedError)
    assert (error.type_name, str(error)) == ("KeyError", "KeyError: 'no such thing'")
    assert error.__notes__ == ["in RunnableSequence > step 2: fails"]


class Point(BaseModel):
    x: int
    message: AIMessage | None = None


@dataclasses.dataclass
class Pair:
    left: int
    right: Any


class Unspeakable:
    def __repr__(self) -> str:
        raise ValueError("no words")


class Mute(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


def test_what_json_cannot_hold_is_written_all_the_same() -> None:
    around: list[Any] = [1]
    around.append(around)
    assert there_and_back(Point(x=1)) == {"x": 1, "message": None}
    assert there_and_back(Pair(1, AIMessage("a"))) == {"left": 1, "right": AIMessage("a")}
    assert there_and_back({1: "a", (2, 3): "b"}) == {"1": "a", "(2, 3)": "b"}
    assert there_and_back(around) == [1, "[1, [...]]"]
    assert there_and_back(Unspeakable()) == "<Unspeakable, whose repr raised ValueError>"
    assert there_and_back(Mute()).args == ("(its text raised ValueError)",)
    assert there_and_back("half \ud83d") == "half ?"
    assert there_and_back(object)[:7] == "<class "


def test_values_that_are_nested_too_deeply_are_cut() -> None:
    deep: Any = "bottom"
    for _ in range(5000):
        deep = [deep]
    back = there_and_back(deep)
    depth = 0
    while isinstance(back, list):
        back, depth = back[0], depth + 1
    assert depth == 100
    assert isinstance(back, str)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"nonsense",
        b"[]",
        b"{}",
        b'{"event": "on_chain_end"}',
        b"[" * 100_000,
        json.dumps({**event({}), "types": []}),
        json.dumps({**event({}), "types": {"/data/output": "message"}}),
        json.dumps({**event({"o": 1}), "types": {"/data/o": "message"}}),
        json.dumps({**event({"o": 1}), "types": {"/data/o": "os.system"}}),
        json.dumps({**event({"o": {"type": "os.system"}}), "types": {"/data/o": "message"}}),
        json.dumps({**event({"o": {"type": "os"}}), "types": {"/data/o": "prompt"}}),
        json.dumps({**event({"o": [1]}), "types": {"/data/o/5/6": "tuple"}}),
        json.dumps({**event({"o": "x"}), "types": {"/data/o/0": "tuple"}}),
        json.dumps({**event({"o": 1}), "types": {"/data/o": ["unhashable"]}}),
        json.dumps({**event({"o": 1}), "types": {"": "tuple"}}),
    ],
)
def test_what_is_no_event_is_refused(line: Any) -> None:
    with pytest.raises(EventError):
        decode_event(line)


@given(st.lists(st.text(), max_size=5), st.data())
def test_server_sent_events_may_be_cut_anywhere(texts: list[str], data: Any) -> None:
    events = [event({"chunk": text.encode("utf-8", "replace").decode()}) for text in texts]
    sent = b": hello\n\n" + b"".join(map(encode_sse, events))
    pieces = []
    while sent:
        size = data.draw(st.integers(1, len(sent)))
        pieces.append(sent[:size])
        sent = sent[size:]
    assert list(decode_sse(pieces)) == events


def test_a_server_sent_event_says_its_type() -> None:
    first, second, *rest = encode_sse(event({"output": "a\nb"})).split(b"\n")
    assert first == b"event: on_chain_end"
    assert second.startswith(b'data: {"event":"on_chain_end"')
    assert rest == [b"", b""]
