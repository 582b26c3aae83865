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
    said: list[tuple[Any, list[ToolCallChunk]]] = [(c, []) for c in _contents(message, cut)]
    said += [("", [piece]) for piece in _calls(message, cut)]
    content, fragments = said.pop() if said else ("", [])
    for words, pieces in said:
        yield AIMessageChunk(words, id=message.id, tool_call_chunks=pieces)
    yield AIMessageChunk(
        content,
        id=message.id,
        name=message.name,
        tool_call_chunks=fragments,
        usage_metadata=message.usage_metadata,
        response_metadata=message.response_metadata,
        additional_kwargs=message.additional_kwargs,
        chunk_position="last",
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
