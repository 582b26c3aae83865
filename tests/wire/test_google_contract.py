"""ChatGoogle through the contract of all chat models; the answers are put on the wire."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from chat_model_contract import ChatModelContract

import google_wire as wire
from levada.chat_models import BaseChatModel, ChatGoogle
from levada.messages import AIMessage
from scripted_server import Received, Reply, ScriptedServer


class TestChatGoogle(ChatModelContract):
    provider = "ChatGoogle"

    @pytest.fixture(autouse=True)
    def _server(self, scripted: ScriptedServer) -> None:
        self.server = scripted

    def model(self, *answers: AIMessage, **settings: Any) -> BaseChatModel:
        for answer in answers:
            self.server.answers(_reply(answer))
        given = {"max_retries": 0, **settings}
        return ChatGoogle(model="gemini-x", base_url=self.server.url, api_key="secret", **given)

    def sent(self) -> str | None:
        return self.server.requests[-1].body.decode()


def _reply(answer: AIMessage) -> Any:
    """Give what plays the answer, streamed or not, as it is asked for."""
    used = answer.usage_metadata or {"input_tokens": 10, "output_tokens": 3, "total_tokens": 13}
    usage = {
        "promptTokenCount": used["input_tokens"],
        "candidatesTokenCount": used["output_tokens"],
        "totalTokenCount": used["total_tokens"],
    }
    parts = [
        wire.text(block["reasoning"], thought=True)
        for block in answer.content_blocks
        if block["type"] == "reasoning"
    ]
    parts += [wire.text(word) for word in re.findall(r"\S+\s*", answer.text)]
    parts += [wire.call(call["name"], call["args"], call["id"]) for call in answer.tool_calls]
    likely = answer.response_metadata.get("logprobs", {}).get("content", [])
    chosen = [{"token": one["token"], "logProbability": one["logprob"]} for one in likely]
    more = {"logprobsResult": {"chosenCandidates": chosen}} if chosen else {}

    def play(request: Received) -> Reply:
        if "streamGenerateContent" not in request.path:
            return Reply(json.dumps(wire.whole(*parts, usage=usage, **more)).encode())
        pieces = [wire.piece(part) for part in parts]
        return wire.stream(*pieces, wire.piece(wire.text(""), reason="STOP", usage=usage, **more))

    return play
