"""The connections of ChatAnthropic."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from connection_contract import ConnectionContract

import anthropic_wire as wire
from levada.chat_models import ChatAnthropic
from levada.errors import AuthenticationError, MissingExtraError
from scripted_server import Reply, ScriptedServer, sse


class TestConnectionsOfChatAnthropic(ConnectionContract):
    text = "Goldfish é🐟."

    def at(self, url: str, **settings: Any) -> ChatAnthropic:
        return ChatAnthropic(model="claude-x", base_url=url, api_key="sekrit", **settings)

    def streamed(self, **how: Any) -> Reply:
        whole = [b"".join(wire.PLAIN)] if how.get("framing") == "length" else wire.PLAIN
        return sse(*whole, **how)

    def begun(self) -> Reply:
        return sse(*wire.PLAIN[:-1], end="stall")

    def whole(self) -> Reply:
        answer = wire.message([{"type": "text", "text": self.text}])
        return Reply(json.dumps(answer).encode())


@pytest.fixture
def chat(scripted: ScriptedServer) -> Iterator[ChatAnthropic]:
    """Give a model at the scripted server that tries once."""
    with ChatAnthropic(
        model="claude-x", base_url=scripted.url, api_key="sekrit", max_retries=0
    ) as chat:
        yield chat


def test_a_server_that_does_not_end_its_answer_does_not_hold_it(
    scripted: ScriptedServer, chat: ChatAnthropic, run: Any
) -> None:
    scripted.always_answers(sse(*wire.PLAIN, end="stall"))
    for _ in range(2):
        assert run.stream(chat, "Hi")[-1].chunk_position == "last"
    assert scripted.connections == 2


def test_a_connection_that_is_used_again_gives_all_chunks(
    scripted: ScriptedServer, chat: ChatAnthropic, run: Any
) -> None:
    scripted.always_answers(sse(*wire.PLAIN))
    for _ in range(3):
        assert len(run.stream(chat, "Hi")) == 4


@pytest.mark.anyio
async def test_an_async_with_statement_closes_the_pool_of_a_long_answer_too(
    scripted: ScriptedServer, chat: ChatAnthropic
) -> None:
    scripted.always_answers(sse(*wire.PLAIN))
    async with chat:
        await chat.ainvoke("Hi", max_tokens=64_000)
    await chat.ainvoke("Hi", max_tokens=64_000)
    assert scripted.connections == 2


def test_the_key_is_found_in_the_environment(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.answers(sse(*wire.PLAIN))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "from-outside")
    list(ChatAnthropic(model_name="claude-x", anthropic_api_url=scripted.url).stream("Hi"))
    assert "from-outside" in scripted.requests[0].headers["authorization"]


@pytest.mark.parametrize(
    ("home", "says"), [("HOME", "ANTHROPIC_API_KEY"), ("ANTHROPIC_CONFIG_DIR", "default.json")]
)
def test_without_a_key_the_call_says_where_to_put_it(
    scripted: ScriptedServer,
    run: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
    home: str,
    says: str,
) -> None:
    monkeypatch.setenv(home, str(tmp_path))
    chat = ChatAnthropic(model="claude-x", base_url=scripted.url)
    with pytest.raises(AuthenticationError, match=says):
        run.invoke(chat, "Hi")
    assert scripted.requests == []


def test_without_the_sdk_the_class_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'levada\[anthropic\]'"):
        ChatAnthropic(model="claude-x", api_key="k")
