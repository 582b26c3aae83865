"""What Ollama's chat API answers, whole or line by line, as messages.

Source: Ollama, "API reference" (docs/api.md) and `api/types.go`, 2026.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from ..messages import (
    AIMessage,
    AIMessageChunk,
    InvalidToolCall,
    ToolCall,
    ToolCallChunk,
    UsageMetadata,
    invalid_tool_call,
    tool_call,
    tool_call_chunk,
)
from ..messages.ids import ensure_id
from ..messages.shapes import is_array, is_object

__all__ = ["Answer", "read_message"]

Said: TypeAlias = Mapping[str, Any]

PROVIDER = "ollama"
# What an answer says of itself besides its message; the durations are in nanoseconds.
_ABOUT = (
    *("created_at", "done", "done_reason", "remote_model", "remote_host"),
    *("total_duration", "load_duration", "prompt_eval_duration", "eval_duration"),
)


def read_message(said: Said) -> AIMessage:
    """Read a whole answer."""
    message = said["message"]
    calls: list[ToolCall] = []
    invalid: list[InvalidToolCall] = []
    for call in message.get("tool_calls") or ():
        name, args, id = _read_call(call)
        if is_object(args):
            calls.append(tool_call(name=name, args=args, id=id))
        else:
            invalid.append(invalid_tool_call(name=name, args=json.dumps(args), id=id))
    return AIMessage(
        message.get("content") or "",
        additional_kwargs=_thoughts(message),
        tool_calls=calls,
        invalid_tool_calls=invalid,
        response_metadata={**_about(said), **_logprobs(said)},
        usage_metadata=_usage(said),
    )


class Answer:
    """Reads the lines of one answer: `chunk` of each, until it `ended`.

    Attributes:
        ended: Whether the line that says so has come.
    """

    __slots__ = ("_calls", "ended")

    def __init__(self) -> None:
        self._calls = 0
        self.ended = False

    def has_ended(self) -> bool:
        """Say whether the last line has come."""
        return self.ended

    def chunk(self, said: Said) -> AIMessageChunk | None:
        """Give the piece of the message that a line brings, if it brings any."""
        message = said["message"]
        text: str = message.get("content") or ""
        if not said.get("done") and not _MORE.intersection(message) and "logprobs" not in said:
            return AIMessageChunk(text) if text else None
        fields: dict[str, Any] = {"additional_kwargs": _thoughts(message)}
        if calls := message.get("tool_calls"):
            fields["tool_call_chunks"] = [self._fragment(call) for call in calls]
        about = _logprobs(said)
        if said.get("done"):
            self.ended = True
            about.update(_about(said))
            fields.update(usage_metadata=_usage(said), chunk_position="last")
        return AIMessageChunk(text, response_metadata=about, **fields)

    def _fragment(self, call: Said) -> ToolCallChunk:
        # A call comes whole. The server's own count begins again with each line in old versions.
        name, args, id = _read_call(call)
        fragment = tool_call_chunk(name=name, args=json.dumps(args), id=id, index=self._calls)
        self._calls += 1
        return fragment


# What a message may have besides its text.
_MORE = frozenset({"thinking", "tool_calls"})


def _read_call(call: Said) -> tuple[str, Any, str]:
    function = call["function"]
    args = function.get("arguments")
    # Old servers give a call no id, by which its result is found.
    return function["name"], {} if args is None else args, ensure_id(call.get("id"))


def _thoughts(message: Said) -> dict[str, Any]:
    thoughts = message.get("thinking")
    return {"reasoning_content": thoughts} if thoughts else {}


def _about(said: Said) -> dict[str, Any]:
    about = {key: said[key] for key in _ABOUT if said.get(key) is not None}
    return {"model_provider": PROVIDER, "model_name": said.get("model"), **about}


def _logprobs(said: Said) -> dict[str, Any]:
    likely = said.get("logprobs")
    return {"logprobs": {"content": likely}} if is_array(likely) and likely else {}


def _usage(said: Said) -> UsageMetadata | None:
    """Read the usage. What is 0 is not said, such as a prompt that the server still had."""
    given, written = said.get("prompt_eval_count"), said.get("eval_count")
    if given is None and written is None:
        return None
    given, written = given or 0, written or 0
    return UsageMetadata(input_tokens=given, output_tokens=written, total_tokens=given + written)
