"""The connections of ChatGoogle."""

from __future__ import annotations

import json
from typing import Any

import pytest
from connection_contract import ConnectionContract

import google_wire as wire
from levada.chat_models import ChatGoogle
from levada.errors import AuthenticationError, ConfigError, MissingExtraError
from scripted_server import Reply, ScriptedServer


class TestConnectionsOfChatGoogle(ConnectionContract):
    text = "Goldfish é🐟."

    def at(self, url: str, **settings: Any) -> ChatGoogle:
        return ChatGoogle(model="gemini-x", base_url=url, api_key="sekrit", **settings)

    def streamed(self, **how: Any) -> Reply:
        whole = [b"".join(wire.PLAIN)] if how.get("framing") == "length" else wire.PLAIN
        return wire.stream(*whole, **how)

    def begun(self) -> Reply:
        return wire.stream(*wire.PLAIN[:-1], end="stall")

    def whole(self) -> Reply:
        return Reply(json.dumps(wire.whole(wire.text(self.text))).encode())


@pytest.mark.parametrize("name", ["GOOGLE_API_KEY", "GEMINI_API_KEY"])
def test_the_key_is_found_in_the_environment(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    scripted.answers(wire.stream(*wire.PLAIN))
    monkeypatch.setenv(name, "from-outside")
    list(ChatGoogle(model_name="gemini-x", base_url=scripted.url).stream("Hi"))
    assert scripted.requests[0].headers["x-goog-api-key"] == "from-outside"


def test_without_a_key_the_call_says_where_to_put_it(scripted: ScriptedServer, run: Any) -> None:
    chat = ChatGoogle(model="gemini-x", base_url=scripted.url)
    with pytest.raises(AuthenticationError, match="GOOGLE_API_KEY"):
        run.invoke(chat, "Hi")
    assert scripted.requests == []


def test_a_project_without_vertex_is_refused(run: Any) -> None:
    chat = ChatGoogle(model="gemini-x", api_key="k", project="p")
    with pytest.raises(ConfigError, match="project/location"):
        run.invoke(chat, "Hi")


class Credentials:
    """Stands for those of google-auth: a token that does not expire."""

    token = "vertex-token"
    expired = False
    quota_project_id = None


@pytest.mark.parametrize("verb", ["invoke", "stream"])
def test_vertex_has_a_token_and_paths_of_its_own(
    scripted: ScriptedServer, run: Any, verb: str
) -> None:
    scripted.answers(
        TestConnectionsOfChatGoogle().whole() if verb == "invoke" else wire.stream(*wire.PLAIN)
    )
    chat = ChatGoogle(
        model="gemini-x",
        vertexai=True,
        project="proj",
        location="europe-west1",
        credentials=Credentials(),
        base_url=scripted.url,
        default_headers={"X-Mine": "yes"},
    )
    getattr(run, verb)(chat, "Hi")
    (request,) = scripted.requests
    verb = {"invoke": "generateContent", "stream": "streamGenerateContent?alt=sse"}[verb]
    path = "projects/proj/locations/europe-west1/publishers/google/models/gemini-x"
    assert request.path == f"/v1beta1/{path}:{verb}"
    assert request.headers["authorization"] == "Bearer vertex-token"
    assert request.headers["x-mine"] == "yes"


def test_without_the_sdk_the_class_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_spec(name: str) -> None:
        if "." in name:
            raise ModuleNotFoundError(name)

    for missing in (find_spec, lambda name: None):
        monkeypatch.setattr("importlib.util.find_spec", missing)
        with pytest.raises(MissingExtraError, match=r"pip install 'levada\[google\]'"):
            ChatGoogle(model="gemini-x")
