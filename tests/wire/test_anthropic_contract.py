"""ChatAnthropic through the contract of all chat models; the answers are put on the wire."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from chat_model_contract import ChatModelContract

import anthropic_wire as wire
from levada.chat_models import BaseChatModel, ChatAnthropic
from levada.errors import UnsupportedError
from levada.messages import AIMessage
from scripted_server import Received, Reply, ScriptedServer, sse


class TestChatAnthropic(ChatModelContract):
    provider = "ChatAnthropic"

    @pytest.fixture(autouse=True)
    def _server(self, scripted: ScriptedServer) -> None:
        self.server = scripted

    def model(self, *answers: AIMessage, **settings: Any) -> BaseChatModel:
        if any("logprobs" in answer.response_metadata for answer in answers):
            raise UnsupportedError("the API does not tell how likely words were")
        for answer in answers:
            self.server.answers(_reply(answer))
        given = {"max_retries": 0, **settings}
        return ChatAnthropic(model="claude-x", base_url=self.server.url, api_key="secret", **given)

    def sent(self) -> str | None:
        return self.server.requests[-1].body.decode()


def _reply(answer: AIMessage) -> Any:
    """Give what plays the answer, streamed or not, as it is asked for."""
    blocks = _blocks(answer)

    def play(request: Received) -> Reply:
        used = answer.usage_metadata or {"input_tokens": 10, "output_tokens": 3}
        usage = {"input_tokens": used["input_tokens"], "output_tokens": used["output_tokens"]}
        why = "tool_use" if answer.tool_calls else "end_turn"
        if not request.json.get("stream"):
            whole = wire.message(blocks, usage=usage, stop_reason=why)
            return Reply(json.dumps(whole).encode())
        events = [wire.started(input_tokens=usage["input_tokens"])]
        for i, block in enumerate(blocks):
            events += _streamed(i, block)
        return sse(*events, wire.stopped(why, usage={"output_tokens": usage["output_tokens"]}))

    return play


def _blocks(answer: AIMessage) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    for block in answer.content_blocks:
        if block["type"] == "text":
            blocks.append({"type": "text", "text": block["text"]})
        elif block["type"] == "reasoning":
            thinking = block["reasoning"]
            blocks.append({"type": "thinking", "thinking": thinking, "signature": "c2ln"})
        else:
            call = {"id": block["id"], "name": block["name"], "input": block["args"]}
            blocks.append({"type": "tool_use", **call})
    return blocks


def _streamed(i: int, block: dict[str, Any]) -> list[bytes]:
    if block["type"] == "text":
        return wire.text(i, *re.findall(r"\S+\s*", block["text"]))
    if block["type"] == "thinking":
        empty = {"type": "thinking", "thinking": "", "signature": ""}
        thought = {"type": "thinking_delta", "thinking": block["thinking"]}
        return wire.block(i, empty, thought, {"type": "signature_delta", "signature": "c2ln"})
    call = wire.call("tool_use", block["id"], block["name"])
    text = json.dumps(block["input"])
    return wire.json_of(i, call, text[:5], text[5:])
