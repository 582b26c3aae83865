"""What OpenAI's two APIs say, as bytes: made after their reference, and played by tests.

Sources: OpenAI API reference, "Chat completion chunks", "Responses" and "Streaming events", and
the documentation of the servers that follow them; November 2026.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from scripted_server import Reply, event

Block = dict[str, Any]

MODEL = "gpt-x-2026-01-01"
DONE = event(None, "[DONE]")


# Chat completions.


def chunk(delta: Mapping[str, Any] | None = None, **more: Any) -> bytes:
    """Write a chunk; `more` is of its choice, such as a finish_reason."""
    choice = {"index": 0, "delta": delta or {}, "logprobs": None, "finish_reason": None, **more}
    return bare_chunk(choices=[choice])


def bare_chunk(**fields: Any) -> bytes:
    """Write a chunk with these fields, and those that all have."""
    return event(None, {**_head("chat.completion.chunk"), "choices": [], "usage": None, **fields})


def words(*pieces: str) -> list[bytes]:
    """Write the chunks of some text."""
    return [chunk({"content": piece}) for piece in pieces]


def finished(reason: str = "stop", usage: Mapping[str, Any] | None = None) -> list[bytes]:
    """Write what ends an answer."""
    return [chunk(finish_reason=reason), bare_chunk(usage=usage or USAGE), DONE]


def call_piece(index: int, args: str, id: str | None = None, name: str | None = None) -> bytes:
    """Write a chunk with a piece of a call; the first has its id and name."""
    function = {"arguments": args} if name is None else {"name": name, "arguments": args}
    first = {} if id is None else {"id": id, "type": "function"}
    return chunk({"tool_calls": [{"index": index, **first, "function": function}]})


def completion(
    message: Mapping[str, Any], reason: str = "stop", usage: Any = None, **more: Any
) -> Block:
    """Give a whole completion; `more` is of its choice."""
    said = {"role": "assistant", "content": None, "refusal": None, **message}
    choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": reason, **more}
    return {**_head("chat.completion"), "choices": [choice], "usage": usage or USAGE}


def _head(kind: str) -> Block:
    return {
        "id": "chatcmpl-1",
        "object": kind,
        "created": 1700000000,
        "model": MODEL,
        "service_tier": "default",
        "system_fingerprint": "fp_1",
    }


USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 3,
    "total_tokens": 23,
    "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 2},
}

BEGIN = chunk({"role": "assistant", "content": "", "refusal": None})

PLAIN = [BEGIN, *words("Gold", "fish é", "🐟."), *finished()]

THOUGHT = [
    BEGIN,
    chunk({"content": None, "reasoning_content": "Fish "}),
    chunk({"reasoning": "swim."}),
    *words("They ", "swim."),
    *finished(),
]

PARALLEL_TOOLS = [
    chunk({"role": "assistant", "content": None}),
    call_piece(0, "", "call_1", "weather"),
    call_piece(0, '{"city": "Os'),
    call_piece(0, 'lo"}'),
    call_piece(1, "", "call_2", "clock"),
    call_piece(1, "{}"),
    *finished("tool_calls"),
]

REFUSED = [BEGIN, chunk({"refusal": "I "}), chunk({"refusal": "won't."}), *finished()]

URL_CITATION = {
    "type": "url_citation",
    "url_citation": {"url": "https://fish.example", "title": "Fish", "start_index": 0},
}

CITED = [BEGIN, *words("Fish swim"), chunk({"annotations": [URL_CITATION]}), *finished()]


def likely(token: str) -> Block:
    """Give the logprobs of one token."""
    return {"token": token, "logprob": -0.5, "bytes": [*token.encode()], "top_logprobs": []}


LIKELY = [
    BEGIN,
    *(
        chunk({"content": word}, logprobs={"content": [likely(word)], "refusal": None})
        for word in ("Yes", ".")
    ),
    *finished(),
]


# Errors of both.


def error(message: str, status: int, code: Any = None, kind: str = "x", **headers: str) -> Reply:
    """Give the reply to a request that is refused."""
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps(body).encode(), status, {"x-request-id": "req_1", **told})


# The Responses API.


def said(name: str, /, **fields: Any) -> bytes:
    """Write an event."""
    return event(name, {"type": name, "sequence_number": 1, **fields})


def response(output: Sequence[Block] = (), **more: Any) -> Block:
    """Give a whole response."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1700000000,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "model": MODEL,
        "output": [*output],
        "usage": RESPONSES_USAGE,
        **more,
    }


RESPONSES_USAGE = {
    "input_tokens": 20,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 3,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 23,
}


def started() -> bytes:
    """Write the events that begin an answer."""
    begun = response(status="in_progress", usage=None)
    return said("response.created", response=begun) + said("response.in_progress", response=begun)


def completed(*output: Block, **more: Any) -> bytes:
    """Write the event that ends an answer."""
    return said("response.completed", response=response(output, **more))


def message(text: str, annotations: Sequence[Block] = (), id: str = "msg_1") -> Block:
    """Give an item with text."""
    part = {"type": "output_text", "text": text, "annotations": [*annotations], "logprobs": []}
    return {
        "type": "message",
        "id": id,
        "status": "completed",
        "role": "assistant",
        "content": [part],
    }


def text(index: int, item: Block, *pieces: str, logprobs: Sequence[Block] = ()) -> list[bytes]:
    """Write the events of an item with one text, in these pieces."""
    (part,) = item["content"]
    place = {"item_id": item["id"], "output_index": index, "content_index": 0}
    empty = {**part, "text": "", "annotations": []}
    return [
        said("response.output_item.added", output_index=index, item={**item, "content": []}),
        said("response.content_part.added", **place, part=empty),
        *(
            said("response.output_text.delta", **place, delta=piece, logprobs=[*logprobs])
            for piece in pieces
        ),
        *(
            said(
                "response.output_text.annotation.added",
                **place,
                annotation_index=i,
                annotation=annotation,
            )
            for i, annotation in enumerate(part["annotations"])
        ),
        said("response.output_text.done", **place, text=part["text"], logprobs=[]),
        said("response.content_part.done", **place, part=part),
        said("response.output_item.done", output_index=index, item=item),
    ]


def reasoning(*summary: str, id: str = "rs_1", **more: Any) -> Block:
    """Give an item with thoughts."""
    parts = [{"type": "summary_text", "text": text} for text in summary]
    return {"type": "reasoning", "id": id, "summary": parts, **more}


def thoughts(index: int, item: Block) -> list[bytes]:
    """Write the events of an item with thoughts, each summary in two pieces."""
    place = {"item_id": item["id"], "output_index": index}
    begun = {"type": "reasoning", "id": item["id"], "summary": []}
    events = [said("response.output_item.added", output_index=index, item=begun)]
    for i, part in enumerate(item["summary"]):
        for piece in (part["text"][:3], part["text"][3:]):
            events.append(
                said("response.reasoning_summary_text.delta", **place, summary_index=i, delta=piece)
            )
    for i, part in enumerate(item.get("content") or ()):
        delta = part["text"]
        events.append(said("response.reasoning_text.delta", **place, content_index=i, delta=delta))
    return [*events, said("response.output_item.done", output_index=index, item=item)]


def function_call(id: str, name: str, arguments: str) -> Block:
    """Give an item with a call."""
    return {
        "type": "function_call",
        "id": f"fc_{id}",
        "call_id": id,
        "name": name,
        "arguments": arguments,
        "status": "completed",
    }


def calling(index: int, item: Block, *pieces: str) -> list[bytes]:
    """Write the events of a call, whose arguments come in these pieces."""
    place = {"item_id": item["id"], "output_index": index}
    done = {"name": item["name"], "arguments": item["arguments"]}
    return [
        said("response.output_item.added", output_index=index, item={**item, "arguments": ""}),
        *(said("response.function_call_arguments.delta", **place, delta=p) for p in pieces),
        said("response.function_call_arguments.done", **place, **done),
        said("response.output_item.done", output_index=index, item=item),
    ]


def ran(index: int, item: Block) -> list[bytes]:
    """Write the events of a tool that the provider runs."""
    return [
        said(
            "response.output_item.added", output_index=index, item={**item, "status": "searching"}
        ),
        said("response.web_search_call.searching", output_index=index, item_id=item["id"]),
        said("response.output_item.done", output_index=index, item=item),
    ]


FISH = message("Goldfish é🐟.")
RESPONSES_PLAIN = [
    started(),
    *text(0, FISH, "Gold", "fish é", "🐟."),
    said("response.something_new", about=["what", "is", "not", "known"]),
    completed(FISH),
]

SEALED = reasoning("Fish swim.", "Still.", encrypted_content="aGlkZGVu")
SWIM = message("They swim.")
RESPONSES_THOUGHT = [
    started(),
    *thoughts(0, SEALED),
    *text(1, SWIM, "They ", "swim."),
    completed(SEALED, SWIM),
]

CALLS = [
    function_call("call_1", "weather", '{"city": "Oslo"}'),
    function_call("call_2", "clock", "{}"),
]
LOOK = message("Let me look.")
RESPONSES_TOOLS = [
    started(),
    *text(0, LOOK, "Let me look."),
    *calling(1, CALLS[0], '{"city": "Os', 'lo"}'),
    *calling(2, CALLS[1], "{}"),
    completed(LOOK, *CALLS),
]

ANNOTATION = {
    "type": "url_citation",
    "url": "https://fish.example",
    "title": "Fish",
    "start_index": 0,
    "end_index": 9,
}
FILE_ANNOTATION = {
    "type": "file_citation",
    "file_id": "file_1",
    "filename": "fish.pdf",
    "index": 9,
}
SEARCH = {
    "type": "web_search_call",
    "id": "ws_1",
    "status": "completed",
    "action": {"type": "search", "query": "fish"},
}
FOUND = message("Fish swim", [ANNOTATION, FILE_ANNOTATION])
RESPONSES_SEARCHED = [
    started(),
    *ran(0, SEARCH),
    *text(1, FOUND, "Fish ", "swim"),
    completed(SEARCH, FOUND),
]

REFUSAL = {
    **message(""),
    "content": [{"type": "refusal", "refusal": "I won't."}],
}
_REFUSING = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
RESPONSES_REFUSED = [
    started(),
    said("response.output_item.added", output_index=0, item={**REFUSAL, "content": []}),
    said("response.refusal.delta", **_REFUSING, delta="I "),
    said("response.refusal.delta", **_REFUSING, delta="won't."),
    said("response.refusal.done", **_REFUSING, refusal="I won't."),
    said("response.output_item.done", output_index=0, item=REFUSAL),
    completed(REFUSAL),
]
