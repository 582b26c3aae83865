"""What Ollama's chat API sends, written from its reference: docs/api.md and api/types.go.

Each transcript is a list of lines, as bytes; `lines` makes a reply of it.
"""

from __future__ import annotations

import json
from typing import Any

from scripted_server import Piece, Reply

__all__ = ["PLAIN", "THOUGHT", "TOOLS", "call", "done", "error", "lines", "said", "whole"]

CREATED = "2026-11-20T10:00:00.000000Z"
COUNTS = {
    "total_duration": 4_883_583_458,
    "load_duration": 1_334_875,
    "prompt_eval_count": 26,
    "prompt_eval_duration": 342_546_000,
    "eval_count": 282,
    "eval_duration": 4_535_599_000,
}


def said(content: str = "", *, more: dict[str, Any] | None = None, **message: Any) -> bytes:
    """Write one line; `message` is what the message has besides its content."""
    return _line(
        _answer({"role": "assistant", "content": content, **message}, done=False, **more or {})
    )


def done(content: str = "", *, reason: str = "stop", **more: Any) -> bytes:
    """Write the line that ends an answer."""
    return _line(whole(content, reason=reason, **more))


def whole(
    content: str = "", *, reason: str = "stop", more: Any = None, **counts: Any
) -> dict[str, Any]:
    """Give an answer as it comes when it is not streamed; `more` is the rest of its message."""
    message = {"role": "assistant", "content": content, **(more or {})}
    return _answer(message, done_reason=reason, done=True, **{**COUNTS, **counts})


def call(name: str, args: dict[str, Any], id: str | None = None, index: int = 0) -> dict[str, Any]:
    """Give the call of a tool."""
    function = {"index": index, "name": name, "arguments": args}
    return {"function": function} if id is None else {"id": id, "function": function}


def lines(*pieces: Piece, **how: Any) -> Reply:
    """Give a reply that streams these lines; `how` is as of Reply."""
    return Reply(pieces, headers={"content-type": "application/x-ndjson"}, **how)


def error(words: str, status: int, **headers: str) -> Reply:
    """Give the reply to a request that is refused."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps({"error": words}).encode(), status, told)


def _answer(message: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"model": "llama-x", "created_at": CREATED, "message": message, **more}


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


PLAIN = [said("Gold"), said("fish é"), said("🐟."), done()]

THOUGHT = [
    said(thinking="Fish "),
    said(thinking="swim."),
    said("They "),
    said("swim."),
    done(),
]

TOOLS = [
    said("Let me look."),
    said(tool_calls=[call("weather", {"city": "Oslo"}, "call_1")]),
    said(tool_calls=[call("clock", {}, "call_2")]),
    done(),
]
