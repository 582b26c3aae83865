"""What Anthropic's Messages API answers, whole or event by event, as messages.

Source: Anthropic API reference, "Messages" and "Streaming messages", November 2026.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

from ..messages import (
    AIMessage,
    AIMessageChunk,
    InputTokenDetails,
    InvalidToolCall,
    OutputTokenDetails,
    ToolCall,
    ToolCallChunk,
    UsageMetadata,
    invalid_tool_call,
    tool_call,
    tool_call_chunk,
)
from ..messages.shapes import is_object, type_of
from ..messages.tool_calls import parse_arguments

__all__ = ["Answer", "read_message", "settled"]

Block: TypeAlias = dict[str, Any]

PROVIDER = "anthropic"
# What a message says of itself besides its content.
_ABOUT = ("stop_reason", "stop_sequence", "stop_details", "container", "context_management")


def read_message(message: Mapping[str, Any]) -> AIMessage:
    """Read a whole answer."""
    blocks = [_without_nulls(block) for block in message["content"]]
    calls: list[ToolCall] = []
    invalid: list[InvalidToolCall] = []
    for block in blocks:
        if type_of(block) == "tool_use":
            given = block.get("input")
            name, id = block.get("name"), block.get("id")
            args = given if is_object(given) else parse_arguments(given)
            if args is None:
                invalid.append(invalid_tool_call(name=name, args=str(given), id=id))
            else:
                calls.append(tool_call(name=name or "", args=args, id=id))
    usage: Block = message.get("usage") or {}
    return AIMessage(
        _plain(blocks),
        id=message.get("id"),
        tool_calls=calls,
        invalid_tool_calls=invalid,
        response_metadata=_about(message, message.get("model"), usage),
        usage_metadata=_read_usage(usage),
    )


def settled(message: AIMessage) -> AIMessage:
    """Give the sum of a stream as the same answer would be if it had come whole."""
    if isinstance(message.content, str):
        return message
    blocks = [
        {"type": "text", "text": item} if isinstance(item, str) else _settled_block(item)
        for item in message.content
    ]
    return message.model_copy(update={"content": _plain(blocks)})


def _settled_block(block: Block) -> Block:
    whole = {key: value for key, value in block.items() if key not in ("index", "partial_json")}
    if "partial_json" in block:
        whole["input"] = parse_arguments(block["partial_json"]) or {}
    return whole


def _plain(blocks: list[Block]) -> str | list[str | Block]:
    """Give text if the answer is nothing else."""
    if not blocks:
        return ""
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        return str(blocks[0]["text"])
    return [*blocks]


def _without_nulls(block: Mapping[str, Any]) -> Block:
    return {key: value for key, value in block.items() if value is not None}


class Answer:
    """Reads the events of one answer: `chunk` of each, until it `ended`.

    Args:
        in_blocks: Whether text comes as blocks, too; without that it is just text, up to the first
            block that is none.

    Attributes:
        ended: Whether the event that says so has come.
    """

    __slots__ = ("_about", "_block_kinds", "_id", "_in_blocks", "_model", "_usage", "ended")

    def __init__(self, *, in_blocks: bool) -> None:
        self._in_blocks = in_blocks
        self._id: str | None = None
        self._model: str | None = None
        self._usage: Block = {}
        self._about: Block = {}
        self._block_kinds: dict[int, str] = {}
        self.ended = False

    def chunk(self, event: Mapping[str, Any]) -> AIMessageChunk | None:
        """Give the piece of the message that an event brings, if it brings any.

        Events of a kind that is not known say nothing: new ones may be added to the API.
        """
        kind = event["type"]
        if kind == "content_block_delta":
            delta = event["delta"]
            if delta["type"] == "text_delta" and not self._in_blocks:
                return AIMessageChunk(delta["text"], id=self._id)
            return self._delta(event["index"], delta)
        if kind == "content_block_start":
            return self._start(event["index"], event["content_block"])
        if kind == "message_start":
            message = event["message"]
            self._id, self._model = message.get("id"), message.get("model")
            self._note(message)
        elif kind == "message_delta":
            self._note(event["delta"])
            self._note(event)
        elif kind == "message_stop":
            return self._last()
        return None

    def _note(self, said: Mapping[str, Any]) -> None:
        """Note what is said of the whole message; what comes later holds."""
        self._about.update({key: said[key] for key in _ABOUT if said.get(key) is not None})
        if is_object(usage := said.get("usage")):
            self._usage.update(_without_nulls(usage))

    def _start(self, index: int, given: Mapping[str, Any]) -> AIMessageChunk | None:
        block = _without_nulls(given)
        kind = self._block_kinds[index] = block["type"]
        if kind == "text":
            if block.keys() == {"type", "text"}:
                return self._text(index, block["text"]) if block["text"] else None
        elif kind == "thinking" and not block.get("thinking") and not block.get("signature"):
            return None
        if kind == "tool_use":
            # Some servers send all of the arguments here, the API itself none.
            args = json.dumps(block["input"]) if block.get("input") else ""
            fragment = tool_call_chunk(
                name=block.get("name"), args=args, id=block.get("id"), index=index
            )
            if args:
                block = {**block, "partial_json": args}
            return self._piece({**block, "index": index}, [fragment])
        return self._piece({**block, "index": index})

    def _delta(self, index: int, delta: Mapping[str, Any]) -> AIMessageChunk | None:
        kind = delta["type"]
        if kind == "text_delta":
            return self._text(index, delta["text"])
        if kind == "input_json_delta":
            text = delta["partial_json"]
            block = {"type": kind, "partial_json": text, "index": index}
            if self._block_kinds.get(index) != "tool_use":  # the provider calls that tool itself
                return self._piece(block)
            return self._piece(block, [tool_call_chunk(args=text, index=index)])
        if kind == "thinking_delta":
            thought = delta["thinking"]
            return self._piece({"type": "thinking", "thinking": thought, "index": index})
        if kind == "signature_delta":
            signature = delta["signature"]
            thought = {"type": "thinking", "thinking": "", "signature": signature}
            return self._piece({**thought, "index": index})
        if kind == "citations_delta":
            citation = _without_nulls(delta["citation"])
            cited = {"type": "text", "text": "", "citations": [citation], "index": index}
            return self._piece(cited)
        return None

    def _text(self, index: int, text: str) -> AIMessageChunk:
        if self._in_blocks:
            return self._piece({"type": "text", "text": text, "index": index})
        return AIMessageChunk(text, id=self._id)

    def _piece(self, block: Block, fragments: Sequence[ToolCallChunk] = ()) -> AIMessageChunk:
        self._in_blocks = True
        if fragments:
            return AIMessageChunk([block], id=self._id, tool_call_chunks=list(fragments))
        return AIMessageChunk([block], id=self._id)

    def _last(self) -> AIMessageChunk:
        self.ended = True
        return AIMessageChunk(
            [] if self._in_blocks else "",
            id=self._id,
            response_metadata=_about(self._about, self._model, self._usage),
            usage_metadata=_read_usage(self._usage),
            chunk_position="last",
        )


def _about(said: Mapping[str, Any], model: str | None, usage: Block) -> dict[str, Any]:
    about = {key: said[key] for key in _ABOUT if said.get(key) is not None}
    named = {"model_name": model} if model else {}
    return {"model_provider": PROVIDER, **named, **about, "usage": usage}


def _read_usage(usage: Mapping[str, Any]) -> UsageMetadata | None:
    """Read the usage. The API counts what is cached apart; here it is a part of the input."""
    if not usage:
        return None
    read = usage.get("cache_read_input_tokens") or 0
    created = usage.get("cache_creation_input_tokens") or 0
    given = (usage.get("input_tokens") or 0) + read + created
    written = usage.get("output_tokens") or 0
    details: dict[str, int] = {"cache_read": read, "cache_creation": created}
    if is_object(by_age := usage.get("cache_creation")):
        # How long they are kept for is what their price depends on.
        details.update({age: count for age, count in by_age.items() if count})
    counted = UsageMetadata(
        input_tokens=given,
        output_tokens=written,
        total_tokens=given + written,
        input_token_details=cast("InputTokenDetails", details),
    )
    thought = usage.get("output_tokens_details")
    if is_object(thought) and thought.get("thinking_tokens") is not None:
        counted["output_token_details"] = OutputTokenDetails(reasoning=thought["thinking_tokens"])
    return counted
