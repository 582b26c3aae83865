"""What Anthropic's Messages API sends, written from its reference: "Streaming messages", "Errors".

Each transcript is a list of events, as bytes; `scripted_server.sse` makes a reply of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from scripted_server import Reply, event

__all__ = [
    "CITATION",
    "CITED",
    "PARALLEL_TOOLS",
    "PLAIN",
    "SEARCHED",
    "THOUGHT",
    "error",
    "error_event",
    "message",
    "said",
    "stopped",
    "text",
]


def said(kind: str, **fields: Any) -> bytes:
    """Write one event, whose name is its type."""
    return event(kind, {"type": kind, **fields})


def message(content: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """Give a message, as it comes whole."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-x",
        "content": content,
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 3},
        **fields,
    }


def started(**usage: Any) -> bytes:
    """Write the event that begins a message."""
    usage = {"input_tokens": 10, "output_tokens": 1, **usage}
    return said("message_start", message=message([], stop_reason=None, usage=usage))


def block(index: int, first: dict[str, Any], *deltas: dict[str, Any]) -> list[bytes]:
    """Write the events of one content block."""
    return [
        said("content_block_start", index=index, content_block=first),
        *(said("content_block_delta", index=index, delta=delta) for delta in deltas),
        said("content_block_stop", index=index),
    ]


def text(index: int, *pieces: str) -> list[bytes]:
    """Write the events of a block of text."""
    deltas = [{"type": "text_delta", "text": piece} for piece in pieces]
    return block(index, {"type": "text", "text": ""}, *deltas)


def call(kind: str, id: str, name: str) -> dict[str, Any]:
    """Give the block that begins the call of a tool."""
    return {"type": kind, "id": id, "name": name}


def json_of(index: int, first: dict[str, Any], *pieces: str) -> list[bytes]:
    """Write the events of a block whose input comes as pieces of JSON."""
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    return block(index, {**first, "input": {}}, *deltas)


def stopped(reason: str = "end_turn", usage: Mapping[str, Any] | None = None, **more: Any) -> bytes:
    """Write the events that end a message."""
    delta = {"stop_reason": reason, "stop_sequence": None, **more}
    told = said("message_delta", delta=delta, usage={"output_tokens": 3, **(usage or {})})
    return told + said("message_stop")


def error(kind: str, words: str, status: int, **headers: str) -> Reply:
    """Give the reply to a request that is refused."""
    body = {"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_1"}
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps(body).encode(), status, {"request-id": "req_1", **told})


def error_event(kind: str, words: str) -> bytes:
    """Write the event of a request that fails when it has begun to be answered."""
    return said("error", error={"type": kind, "message": words})


PLAIN = [
    started(cache_read_input_tokens=4, cache_creation_input_tokens=6),
    said("ping"),
    *text(0, "Gold", "fish é", "🐟."),
    said("something_new", about=["what", "is", "not", "known"]),
    stopped(),
]

THOUGHT = [
    started(),
    *block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "Fish "},
        {"type": "thinking_delta", "thinking": "swim."},
        {"type": "signature_delta", "signature": "c2ln"},
    ),
    *block(1, {"type": "redacted_thinking", "data": "aGlkZGVu"}),
    *text(2, "They ", "swim."),
    stopped(usage={"output_tokens_details": {"thinking_tokens": 2}}),
]

PARALLEL_TOOLS = [
    started(),
    *text(0, "Let me look."),
    *json_of(1, call("tool_use", "toolu_1", "weather"), "", '{"city": "Os', 'lo"}'),
    *json_of(2, call("tool_use", "toolu_2", "clock"), ""),
    stopped("tool_use"),
]

CITATION = {
    "type": "char_location",
    "cited_text": "Fish swim.",
    "document_index": 0,
    "document_title": "On fish",
    "start_char_index": 0,
    "end_char_index": 10,
}

CITED = [
    started(),
    *text(0, "It is said that "),
    *block(
        1,
        {"type": "text", "text": "", "citations": []},
        {"type": "text_delta", "text": "fish swim"},
        {"type": "citations_delta", "citation": {**CITATION, "file_id": None}},
    ),
    stopped(),
]

FOUND = {
    "type": "web_search_result",
    "url": "https://fish.example",
    "title": "Fish",
    "encrypted_content": "ZW5j",
    "page_age": None,
}

SEARCHED = [
    started(),
    *json_of(0, call("server_tool_use", "srvtoolu_1", "web_search"), '{"query": ', '"fish"}'),
    *block(1, {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [FOUND]}),
    *text(2, "Found."),
    stopped(usage={"server_tool_use": {"web_search_requests": 1}}),
]
