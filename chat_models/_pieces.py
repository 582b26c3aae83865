"""A whole message, cut into the chunks in which a model would stream it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import CompositionError, shown
from ..messages import AIMessage, AIMessageChunk, ToolCallChunk
from ..messages.tool_calls import tool_calls_to_fragments

__all__ = ["cut_message", "cut_text"]


def cut_text(text: str) -> list[str]:
    """Give the words of a text and the single spaces between them."""
    return [piece for piece in re.split(r"(\s)", text) if piece]


def cut_message(
    message: AIMessage, cut: Callable[[str], list[str]] = cut_text
) -> Iterator[AIMessageChunk]:
    """Give chunks that add up to the message: its text, its tool calls, and the rest on the last.

    Args:
        message: What is to be streamed.
        cut: How text is cut, also the JSON of a call's arguments.
    """
    if not isinstance(message, AIMessage):
        raise CompositionError(f"what a model streams is an AIMessage; got {shown(message)}")
    said: list[dict[str, Any]] = [{"content": piece} for piece in _contents(message, cut)]
    said += [{"content": "", "tool_call_chunks": [piece]} for piece in _calls(message, cut)]
    last = said.pop() if said else {"content": ""}
    for fields in said:
        yield AIMessageChunk(id=message.id, **fields)
    yield AIMessageChunk(
        id=message.id,
        name=message.name,
        usage_metadata=message.usage_metadata,
        response_metadata=message.response_metadata,
        additional_kwargs=message.additional_kwargs,
        chunk_position="last",
        **last,
    )


def _contents(message: AIMessage, cut: Callable[[str], list[str]]) -> Iterator[Any]:
    if isinstance(message.content, str):
        yield from cut(message.content)
        return
    for block in message.content:
        yield [block]


def _calls(message: AIMessage, cut: Callable[[str], list[str]]) -> Iterator[ToolCallChunk]:
    whole = tool_calls_to_fragments(message.tool_calls, message.invalid_tool_calls)
    for i, call in enumerate(whole):
        first, *others = cut(call["args"] or "") or [""]
        yield {**call, "args": first, "index": i}
        for piece in others:
            yield {**call, "name": None, "id": None, "args": piece, "index": i}
