"""ChatOpenAI, by both of its APIs, and AzureChatOpenAI through the contract of all chat models."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from chat_model_contract import ChatModelContract

import openai_wire as wire
from levada.chat_models import AzureChatOpenAI, BaseChatModel, ChatOpenAI
from levada.errors import UnsupportedError
from levada.messages import AIMessage
from scripted_server import Received, Reply, ScriptedServer, sse


class OverTheWire(ChatModelContract):
    """Puts the answers on the wire."""

    __test__ = False

    @pytest.fixture(autouse=True)
    def _server(self, scripted: ScriptedServer) -> None:
        self.server = scripted

    def sent(self) -> str | None:
        return self.server.requests[-1].body.decode()


class TestChatOpenAI(OverTheWire):
    __test__ = True
    provider = "ChatOpenAI"

    def model(self, *answers: AIMessage, **settings: Any) -> BaseChatModel:
        self.server.answers(*map(_completion, answers))
        given: dict[str, Any] = {"max_retries": 0, **settings}
        return ChatOpenAI(model="gpt-x", base_url=self.server.url, api_key="secret", **given)


class TestResponses(OverTheWire):
    __test__ = True
    provider = "`ChatOpenAI`, Responses API"

    def model(self, *answers: AIMessage, **settings: Any) -> BaseChatModel:
        self.server.answers(*map(_response, answers))
        given: dict[str, Any] = {"max_retries": 0, "use_responses_api": True, **settings}
        return ChatOpenAI(model="gpt-x", base_url=self.server.url, api_key="secret", **given)


class TestAzureChatOpenAI(OverTheWire):
    __test__ = True
    provider = "AzureChatOpenAI"

    def model(self, *answers: AIMessage, **settings: Any) -> BaseChatModel:
        self.server.answers(*map(_completion, answers))
        given: dict[str, Any] = {"max_retries": 0, **settings}
        return AzureChatOpenAI(
            azure_deployment="mine",
            azure_endpoint=self.server.url,
            api_version="2024-10-21",
            api_key="secret",
            **given,
        )


def _words(text: str) -> list[str]:
    return re.findall(r"\S+\s*", text)


def _completion(answer: AIMessage) -> Any:
    """Give what plays the answer as a completion, streamed or not, as it is asked for."""
    used = answer.usage_metadata or {"input_tokens": 10, "output_tokens": 3}
    prompt, written = used["input_tokens"], used["output_tokens"]
    usage = {"prompt_tokens": prompt, "completion_tokens": written}
    usage["total_tokens"] = prompt + written
    why = "tool_calls" if answer.tool_calls else "stop"
    thoughts = [b["reasoning"] for b in answer.content_blocks if b["type"] == "reasoning"]
    likely = answer.response_metadata.get("logprobs")

    def play(request: Received) -> Reply:
        if not request.json.get("stream"):
            said = {"content": answer.text, "tool_calls": [_function(c) for c in answer.tool_calls]}
            if thoughts:
                said["reasoning_content"] = thoughts[0]
            whole = wire.completion(said, why, usage, logprobs=likely)
            return Reply(json.dumps(whole).encode())
        events = [wire.BEGIN]
        events += [wire.chunk({"reasoning_content": thought}) for thought in thoughts]
        events += wire.words(*_words(answer.text))
        for i, call in enumerate(answer.tool_calls):
            args = json.dumps(call["args"])
            events.append(wire.call_piece(i, args[:5], call["id"], call["name"]))
            events.append(wire.call_piece(i, args[5:]))
        return sse(*events, *wire.finished(why, usage))

    return play


def _function(call: Any) -> dict[str, Any]:
    function = {"name": call["name"], "arguments": json.dumps(call["args"])}
    return {"id": call["id"], "type": "function", "function": function}


def _response(answer: AIMessage) -> Any:
    """Give what plays the answer as a response, streamed or not, as it is asked for."""
    used = answer.usage_metadata or {"input_tokens": 10, "output_tokens": 3, "total_tokens": 13}
    usage = {**used}
    likely = answer.response_metadata.get("logprobs", {}).get("content", [])
    output: list[dict[str, Any]] = []
    events: list[bytes] = [wire.started()]
    for i, block in enumerate(answer.content_blocks):
        if block["type"] == "text":
            item = wire.message(block["text"])
            item["content"][0]["logprobs"] = likely
            events += wire.text(i, item, *_words(block["text"]), logprobs=likely)
        elif block["type"] == "reasoning":
            item = wire.reasoning(block["reasoning"])
            events += wire.thoughts(i, item)
        else:
            assert block["type"] == "tool_call"
            args = json.dumps(block["args"])
            item = wire.function_call(str(block["id"]), block["name"], args)
            events += wire.calling(i, item, args[:5], args[5:])
        output.append(item)

    def play(request: Received) -> Reply:
        if not request.json.get("stream"):
            return Reply(json.dumps(wire.response(output, usage=usage)).encode())
        return sse(*events, wire.completed(*output, usage=usage))

    return play


def test_stop_words_are_refused_where_the_api_has_none(scripted: ScriptedServer, run: Any) -> None:
    chat = ChatOpenAI(model="x", base_url=scripted.url, api_key="k", use_responses_api=True)
    with pytest.raises(UnsupportedError, match="Responses API has no 'stop'"):
        run.invoke(chat, "Hi", stop=["x"])
    assert scripted.requests == []
