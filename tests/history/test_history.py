"""Stores of messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from levada.errors import MessageError
from levada.history import (
    BaseChatMessageHistory,
    FileChatMessageHistory,
    InMemoryChatMessageHistory,
)
from levada.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

SAID: list[BaseMessage] = [
    HumanMessage('Grüße\n"you"'),
    AIMessage("", tool_calls=[{"name": "f", "args": {"a": 1}, "id": "1", "type": "tool_call"}]),
    ToolMessage("2", tool_call_id="1"),
]


class OneByOne(BaseChatMessageHistory):
    """A store of a user's that takes one message at a time."""

    def __init__(self) -> None:
        self.kept: list[BaseMessage] = []

    @property
    def messages(self) -> list[BaseMessage]:
        return list(self.kept)

    def add_message(self, message: BaseMessage) -> None:
        self.kept.append(message)

    def clear(self) -> None:
        self.kept = []


@pytest.fixture(params=["memory", "file", "own"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BaseChatMessageHistory:
    if request.param == "memory":
        return InMemoryChatMessageHistory()
    return (
        FileChatMessageHistory(tmp_path / "said.jsonl") if request.param == "file" else OneByOne()
    )


def test_messages_are_kept_in_their_order(store: BaseChatMessageHistory) -> None:
    assert store.messages == []
    store.add_messages(SAID[:2])
    store.add_message(SAID[2])
    assert store.messages == SAID
    store.clear()
    assert store.messages == []
    store.clear()


def test_text_is_what_the_user_or_the_model_said(store: BaseChatMessageHistory) -> None:
    store.add_user_message("Hi")
    store.add_ai_message("Hello")
    store.add_user_message(HumanMessage("Bye"))
    store.add_ai_message(AIMessage("Bye!"))
    assert store.messages == [
        HumanMessage("Hi"),
        AIMessage("Hello"),
        HumanMessage("Bye"),
        AIMessage("Bye!"),
    ]
    assert str(store) == "Human: Hi\nAI: Hello\nHuman: Bye\nAI: Bye!"


@pytest.mark.anyio
async def test_it_is_used_from_async_code(store: BaseChatMessageHistory) -> None:
    await store.aadd_messages(SAID)
    assert await store.aget_messages() == SAID
    await store.aclear()
    assert await store.aget_messages() == []


def test_a_file_is_read_by_another_object(tmp_path: Path) -> None:
    FileChatMessageHistory(tmp_path / "a").add_messages(SAID)
    FileChatMessageHistory(str(tmp_path / "a")).add_user_message("more")
    assert FileChatMessageHistory(tmp_path / "a").messages == [*SAID, HumanMessage("more")]


@pytest.mark.parametrize("line", ["{", "[]", "3", '{"type": "human"}', '{"type": "x", "data": {}}'])
def test_a_line_that_is_no_message_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a"
    FileChatMessageHistory(path).add_user_message("Hi")
    with path.open("a") as file:
        file.write(line)
    with pytest.raises(MessageError, match=r"line 2 of .*a is no message: '"):
        _ = FileChatMessageHistory(path).messages


def test_a_store_that_adds_nothing_is_refused_when_its_class_is_made() -> None:
    with pytest.raises(TypeError, match="Nothing adds no messages; write add_messages"):

        class Nothing(BaseChatMessageHistory):
            messages: Any = ()

            def clear(self) -> None: ...


def test_messages_may_be_there_already() -> None:
    assert InMemoryChatMessageHistory(messages=SAID).messages == SAID
    assert "Grüße" in repr(InMemoryChatMessageHistory(SAID))
