"""The connections of ChatOllama."""

from __future__ import annotations

import json
from typing import Any

import pytest
from connection_contract import ConnectionContract

import ollama_wire as wire
from levada.chat_models import ChatOllama
from levada.errors import MissingExtraError
from scripted_server import Reply, ScriptedServer


class TestConnectionsOfChatOllama(ConnectionContract):
    text = "Goldfish é🐟."

    def at(self, url: str, **settings: Any) -> ChatOllama:
        return ChatOllama(model="llama-x", base_url=url, api_key="sekrit", **settings)

    def streamed(self, **how: Any) -> Reply:
        whole = [b"".join(wire.PLAIN)] if how.get("framing") == "length" else wire.PLAIN
        return wire.lines(*whole, **how)

    def begun(self) -> Reply:
        return wire.lines(*wire.PLAIN[:-1], end="stall")

    def whole(self) -> Reply:
        return Reply(json.dumps(wire.whole(self.text)).encode())


def test_server_and_key_are_found_in_the_environment(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.answers(wire.lines(*wire.PLAIN))
    monkeypatch.setenv("OLLAMA_HOST", scripted.url)
    monkeypatch.setenv("OLLAMA_API_KEY", "from-outside")
    list(ChatOllama(model_name="llama-x", default_headers={"X-Mine": "yes"}).stream("Hi"))
    (request,) = scripted.requests
    assert request.headers["authorization"] == "Bearer from-outside"
    assert request.headers["x-mine"] == "yes"


def test_without_a_key_none_is_sent(scripted: ScriptedServer) -> None:
    scripted.answers(wire.lines(*wire.PLAIN))
    list(ChatOllama(model="llama-x", base_url=scripted.url).stream("Hi"))
    assert "authorization" not in scripted.requests[0].headers


def test_without_the_sdk_the_class_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'levada\[ollama\]'"):
        ChatOllama(model="llama-x")
