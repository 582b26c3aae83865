"""What providers stream, as standard blocks: the same as `content_blocks` says of the sum."""

from __future__ import annotations

from typing import Any

import pytest

import anthropic_wire
import google_wire
import ollama_wire
from levada.chat_models import BaseChatModel, ChatAnthropic, ChatGoogle, ChatOllama
from levada.messages import AIMessageChunk, HumanMessage
from scripted_server import Reply, ScriptedServer, sse


def model(kind: str, url: str, **settings: Any) -> BaseChatModel:
    given = {"base_url": url, "api_key": "k", "max_retries": 0, **settings}
    if kind == "anthropic":
        thinking = {"type": "enabled", "budget_tokens": 1024}
        return ChatAnthropic(model="claude-x", thinking=thinking, **given)
    if kind == "google":
        return ChatGoogle(model="gemini-x", **given)
    return ChatOllama(model="llama-x", **given)


CODE = [
    google_wire.piece(google_wire.text("I count. ")),
    google_wire.piece({"executableCode": {"language": "PYTHON", "code": "2", "id": "x"}}),
    google_wire.piece({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2"}}),
    google_wire.piece(google_wire.text("Two."), google_wire.call("clock", {}, "fc_1")),
    google_wire.piece(reason="STOP"),
]


@pytest.mark.parametrize(
    ("kind", "reply"),
    [
        ("anthropic", sse(*anthropic_wire.PLAIN)),
        ("anthropic", sse(*anthropic_wire.THOUGHT)),
        ("anthropic", sse(*anthropic_wire.PARALLEL_TOOLS)),
        ("anthropic", sse(*anthropic_wire.CITED)),
        ("anthropic", sse(*anthropic_wire.SEARCHED)),
        ("google", google_wire.stream(*google_wire.PLAIN)),
        ("google", google_wire.stream(*google_wire.THOUGHT)),
        ("google", google_wire.stream(*google_wire.TOOLS)),
        ("google", google_wire.stream(*CODE)),
        ("ollama", ollama_wire.lines(*ollama_wire.PLAIN)),
        ("ollama", ollama_wire.lines(*ollama_wire.THOUGHT)),
        ("ollama", ollama_wire.lines(*ollama_wire.TOOLS)),
    ],
)
def test_blocks_add_up_to_the_same_and_go_back_as_the_same(
    scripted: ScriptedServer, run: Any, kind: str, reply: Reply
) -> None:
    scripted.always_answers(reply)
    sent: list[Any] = []
    said: list[list[dict[str, Any]]] = []
    for version in ("v0", "v1"):
        with model(kind, scripted.url, output_version=version) as chat:
            chunks = run.stream(chat, "Hi")
            total: AIMessageChunk = chunks[0] + chunks[1:]
            blocks: Any = total.content if version == "v1" else total.content_blocks
            said.append([{k: v for k, v in block.items() if k != "index"} for block in blocks])
            run.stream(chat, [HumanMessage("Hi"), total, HumanMessage("Go on")])
            sent.append(scripted.requests[-1].json)
    assert said[0] == said[1]
    assert said[0]
    assert sent[0] == sent[1]
