"""What Google's generateContent sends, written from the Gemini API reference.

Each transcript is a list of pieces, each a whole response; `stream` makes a reply of it.
"""

from __future__ import annotations

import json
from typing import Any

from scripted_server import Piece, Reply, event, sse

__all__ = ["PLAIN", "THOUGHT", "TOOLS", "call", "error", "piece", "stream", "text", "whole"]

USAGE = {
    "promptTokenCount": 10,
    "candidatesTokenCount": 3,
    "totalTokenCount": 13,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 10}],
}


def text(words: str, **more: Any) -> dict[str, Any]:
    """Give a part of text."""
    return {"text": words, **more}


def call(name: str, args: dict[str, Any], id: str | None = None, **more: Any) -> dict[str, Any]:
    """Give a part that calls a function."""
    made: dict[str, Any] = {"name": name, "args": args}
    return {"functionCall": {**({"id": id} if id else {}), **made}, **more}


def whole(
    *parts: dict[str, Any], reason: str | None = "STOP", usage: Any = None, **candidate: Any
) -> dict[str, Any]:
    """Give a response; without a reason it is one that goes on."""
    ended = {"finishReason": reason} if reason else {}
    made = {"content": {"parts": [*parts], "role": "model"}, **ended, "index": 0, **candidate}
    return {
        "candidates": [made],
        "usageMetadata": {**USAGE, **(usage or {})},
        "modelVersion": "gemini-x-001",
        "responseId": "resp_1",
    }


def piece(*parts: dict[str, Any], reason: str | None = None, **more: Any) -> bytes:
    """Write one piece of a stream."""
    return event(None, whole(*parts, reason=reason, **more))


def stream(*pieces: Piece, **how: Any) -> Reply:
    """Give a reply that streams these pieces; `how` is as of Reply."""
    return sse(*pieces, **how)


def error(status: int, code: str, words: str, *details: Any, **headers: str) -> Reply:
    """Give the reply to a request that is refused."""
    told = {"code": status, "message": words, "status": code}
    body = {"error": {**told, **({"details": [*details]} if details else {})}}
    return Reply(
        json.dumps(body).encode(), status, {k.replace("_", "-"): v for k, v in headers.items()}
    )


PLAIN = [
    piece(text("Gold"), usage={"candidatesTokenCount": 1, "totalTokenCount": 11}),
    piece(text("fish é")),
    piece(text("🐟."), reason="STOP", usage={"cachedContentTokenCount": 4}),
]

THOUGHT = [
    piece(text("Fish ", thought=True)),
    piece(text("swim.", thought=True)),
    piece(text("They ")),
    piece(text("swim.")),
    piece(text("", thoughtSignature="c2ln"), reason="STOP", usage={"thoughtsTokenCount": 5}),
]

TOOLS = [
    piece(text("Let me look.")),
    piece(
        call("weather", {"city": "Oslo"}, "fc_1", thoughtSignature="c2ln"),
        call("clock", {}, "fc_2"),
    ),
    piece(text(""), reason="STOP"),
]
