"""ChatOllama through the contract of all chat models; the answers are put on the wire."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from chat_model_contract import ChatModelContract

import ollama_wire as wire
from levada.chat_models import BaseChatModel, ChatOllama
from levada.messages import AIMessage
from scripted_server import Received, Reply, ScriptedServer


class TestChatOllama(ChatModelContract):
    provider = "ChatOllama"

    @pytest.fixture(autouse=True)
    def _server(self, scripted: ScriptedServer) -> None:
        self.server = scripted

    def model(self, *answers: AIMessage, **settings: Any) -> BaseChatModel:
        for answer in answers:
            self.server.answers(_reply(answer))
        given = {"max_retries": 0, **settings}
        return ChatOllama(model="llama-x", base_url=self.server.url, api_key="secret", **given)

    def sent(self) -> str | None:
        return self.server.requests[-1].body.decode()


def _reply(answer: AIMessage) -> Any:
    """Give what plays the answer, streamed or not, as it is asked for."""
    used = answer.usage_metadata or {"input_tokens": 10, "output_tokens": 3}
    counts = {"prompt_eval_count": used["input_tokens"], "eval_count": used["output_tokens"]}
    likely = answer.response_metadata.get("logprobs", {}).get("content")
    said = {"logprobs": likely} if likely else {}
    calls = [wire.call(call["name"], call["args"], call["id"]) for call in answer.tool_calls]
    thoughts = [b["reasoning"] for b in answer.content_blocks if b["type"] == "reasoning"]

    def play(request: Received) -> Reply:
        if not request.json["stream"]:
            more = {"thinking": "".join(thoughts)} if thoughts else {}
            more.update({"tool_calls": calls} if calls else {})
            whole = wire.whole(answer.text, more=more, **counts, **said)
            return Reply(json.dumps(whole).encode())
        lines = [wire.said(thinking=thought) for thought in thoughts]
        lines += [wire.said(word, more=said) for word in re.findall(r"\S+\s*", answer.text)]
        lines += [wire.said(tool_calls=[call]) for call in calls]
        return wire.lines(*lines, wire.done(**counts))

    return play
