"""The connections of ChatOpenAI and AzureChatOpenAI, and who they say that they are."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from connection_contract import ConnectionContract

import openai_wire as wire
from levada.chat_models import AzureChatOpenAI, ChatOpenAI
from levada.errors import AuthenticationError, ConfigError, MissingExtraError
from scripted_server import Reply, ScriptedServer, sse

AZURE = {"azure_deployment": "mine", "api_version": "2024-10-21"}


class TestConnectionsOfChatOpenAI(ConnectionContract):
    text = "Goldfish é🐟."

    def at(self, url: str, **settings: Any) -> ChatOpenAI:
        return ChatOpenAI(model="gpt-x", base_url=url, api_key="sekrit", **settings)

    def streamed(self, **how: Any) -> Reply:
        whole = [b"".join(wire.PLAIN)] if how.get("framing") == "length" else wire.PLAIN
        return sse(*whole, **how)

    def begun(self) -> Reply:
        return sse(*wire.PLAIN[:-3], end="stall")

    def whole(self) -> Reply:
        return Reply(json.dumps(wire.completion({"content": self.text})).encode())


class TestConnectionsOfResponses(TestConnectionsOfChatOpenAI):
    def at(self, url: str, **settings: Any) -> ChatOpenAI:
        return super().at(url, use_responses_api=True, **settings)

    def streamed(self, **how: Any) -> Reply:
        events = wire.RESPONSES_PLAIN
        return sse(*([b"".join(events)] if how.get("framing") == "length" else events), **how)

    def begun(self) -> Reply:
        return sse(*wire.RESPONSES_PLAIN[:-2], end="stall")

    def whole(self) -> Reply:
        return Reply(json.dumps(wire.response([wire.FISH])).encode())


# Clients of the user's own.


def test_a_client_of_the_user_is_used_and_stays_open(scripted: ScriptedServer) -> None:
    import httpx2

    scripted.always_answers(sse(*wire.PLAIN))
    with httpx2.Client(headers={"x-mine": "yes"}) as lent:
        with ChatOpenAI(model="x", base_url=scripted.url, api_key="k", http_client=lent) as chat:
            list(chat.stream("Hi"))
        assert not lent.is_closed
        list(chat.stream("Hi"))
    assert scripted.connections == 1
    assert [request.headers["x-mine"] for request in scripted.requests] == ["yes", "yes"]


@pytest.mark.anyio
async def test_an_async_client_of_the_user_stays_open_too(scripted: ScriptedServer) -> None:
    import httpx2

    scripted.always_answers(Reply(json.dumps(wire.completion({"content": "Hi"})).encode()))
    async with httpx2.AsyncClient() as lent:
        chat = ChatOpenAI(
            model="x", base_url=scripted.url, api_key="k", http_async_client=lent, max_retries=0
        )
        async with chat:
            await chat.ainvoke("Hi")
        assert not lent.is_closed
        await chat.ainvoke("Hi")
    assert scripted.connections == 1


# Who asks.


def test_key_and_server_are_found_in_the_environment(
    scripted: ScriptedServer, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.answers(sse(*wire.PLAIN))
    monkeypatch.setenv("OPENAI_API_KEY", "from-outside")
    monkeypatch.setenv("OPENAI_BASE_URL", scripted.url)
    run.stream(ChatOpenAI(model_name="gpt-x", organization="us"), "Hi")
    (request,) = scripted.requests
    assert request.headers["authorization"] == "Bearer from-outside"
    assert request.headers["openai-organization"] == "us"


def test_a_server_of_ones_own_needs_no_key(scripted: ScriptedServer, run: Any) -> None:
    scripted.answers(sse(*wire.PLAIN))
    assert len(run.stream(ChatOpenAI(model="x", base_url=scripted.url), "Hi")) == 4


def test_without_a_key_the_call_says_where_to_put_it(run: Any) -> None:
    with pytest.raises(AuthenticationError, match="OPENAI_API_KEY"):
        run.invoke(ChatOpenAI(model="gpt-x"), "Hi")


def test_a_key_may_come_from_a_function_when_it_is_needed(
    scripted: ScriptedServer, run: Any
) -> None:
    keys = iter(["one", "two"])
    scripted.always_answers(sse(*wire.PLAIN))
    chat = ChatOpenAI(model="x", base_url=scripted.url, api_key=lambda: next(keys))
    for _ in range(2):
        run.stream(chat, "Hi")
    told = [request.headers["authorization"] for request in scripted.requests]
    assert told == ["Bearer one", "Bearer two"]


def test_a_key_may_come_from_an_async_function(scripted: ScriptedServer) -> None:
    async def key() -> str:
        await anyio.lowlevel.checkpoint()
        return "later"

    async def main() -> None:
        async for _ in chat.astream("Hi"):
            pass

    scripted.always_answers(sse(*wire.PLAIN))
    chat = ChatOpenAI(model="x", base_url=scripted.url, api_key=key)
    for backend in ("asyncio", "trio"):
        anyio.run(main, backend=backend)
    assert {r.headers["authorization"] for r in scripted.requests} == {"Bearer later"}


def test_without_the_sdk_the_class_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'levada\[openai\]'"):
        ChatOpenAI(model="x", api_key="k")


# Azure.


@pytest.mark.parametrize("responses", [False, True])
def test_azure_is_asked_by_deployment_and_version(
    scripted: ScriptedServer, run: Any, responses: bool
) -> None:
    chat = AzureChatOpenAI(
        azure_endpoint=scripted.url, api_key="sekrit", use_responses_api=responses, **AZURE
    )
    scripted.answers(sse(*(wire.RESPONSES_PLAIN if responses else wire.PLAIN)))
    assert "".join(c.text for c in run.stream(chat, "Hi", max_tokens=5)) == "Goldfish é🐟."
    (request,) = scripted.requests
    path = "responses" if responses else "deployments/mine/chat/completions"
    assert request.path == f"/openai/{path}?api-version=2024-10-21"
    assert request.headers["api-key"] == "sekrit"
    assert request.json["model"] == "mine"
    assert request.json["max_output_tokens" if responses else "max_completion_tokens"] == 5


def test_azure_takes_tokens_of_entra_id(scripted: ScriptedServer, run: Any) -> None:
    tokens = iter(["one", "two"])
    scripted.always_answers(sse(*wire.PLAIN))
    given = {"azure_endpoint": scripted.url, **AZURE}
    provided = AzureChatOpenAI(azure_ad_token_provider=lambda: next(tokens), **given)
    for chat in (provided, provided, AzureChatOpenAI(azure_ad_token="three", **given)):
        run.stream(chat, "Hi")
        assert "three" not in repr(chat)
    told = [request.headers["authorization"] for request in scripted.requests]
    assert told == ["Bearer one", "Bearer two", "Bearer three"]


def test_azure_may_have_another_provider_of_tokens_for_async_calls(
    scripted: ScriptedServer, run: Any
) -> None:
    async def token() -> str:
        return "async"

    scripted.always_answers(sse(*wire.PLAIN))
    chat = AzureChatOpenAI(
        azure_endpoint=scripted.url,
        azure_ad_token_provider=lambda: "sync",
        azure_ad_async_token_provider=token,
        **AZURE,
    )
    run.stream(chat, "Hi")
    expected = "Bearer sync" if run.sync else "Bearer async"
    assert scripted.requests[0].headers["authorization"] == expected


def test_azure_says_what_is_missing(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_VERSION", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_AD_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="azure_deployment"):
        AzureChatOpenAI(api_key="k")
    with pytest.raises(ConfigError, match="OPENAI_API_VERSION"):
        run.invoke(AzureChatOpenAI(model="x", api_key="k"), "Hi")
    with pytest.raises(ConfigError, match="AZURE_OPENAI_ENDPOINT"):
        run.invoke(AzureChatOpenAI(model="x", api_key="k", api_version="1"), "Hi")
    nobody = AzureChatOpenAI(model="x", api_version="1", azure_endpoint="http://127.0.0.1:9")
    with pytest.raises(AuthenticationError, match="AZURE_OPENAI_API_KEY"):
        run.invoke(nobody, "Hi")
