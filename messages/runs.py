"""Messages of the same speaker in a row, joined into one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from .ai import AIMessage, AIMessageChunk
from .base import BaseMessage
from .chunks import BaseMessageChunk
from .content import Content
from .convert import convert_to_messages, message_chunk_to_message
from .roles import (
    ChatMessage,
    ChatMessageChunk,
    HumanMessage,
    HumanMessageChunk,
    SystemMessage,
    SystemMessageChunk,
)
from .step import Messages, also_a_step

__all__ = ["merge_message_runs"]

_CHUNKS: dict[type[BaseMessage], type[BaseMessageChunk]] = {
    AIMessage: AIMessageChunk,
    ChatMessage: ChatMessageChunk,
    HumanMessage: HumanMessageChunk,
    SystemMessage: SystemMessageChunk,
}


@also_a_step()
def merge_message_runs(messages: Messages, *, chunk_separator: str = "\n") -> list[BaseMessage]:
    """Join messages in a row that have the same type into one.

    Messages that answer a call stay as they are, and so do chat messages whose roles differ.
    Without messages, give the step that does this: `merge_message_runs() | model`.

    Args:
        messages: Whatever `convert_to_messages` takes.
        chunk_separator: What to put between two texts; blocks are listed one after the other.
    """
    runs = groupby(convert_to_messages(messages), _run_key)
    return [_joined(list(run), chunk_separator) for _, run in runs]


def _chunk_class(message: BaseMessage) -> type[BaseMessageChunk] | None:
    return next((chunk for whole, chunk in _CHUNKS.items() if isinstance(message, whole)), None)


def _run_key(message: BaseMessage) -> object:
    chunk = _chunk_class(message)
    # Nothing equals a new object: such a message is a run of its own.
    return (chunk, getattr(message, "role", None)) if chunk else object()


def _joined(run: list[BaseMessage], separator: str) -> BaseMessage:
    chunk = _chunk_class(run[0])
    if chunk is None or len(run) == 1:
        return run[0]
    total = chunk.accumulator()
    for message, content in zip(run, _separated(run, separator), strict=True):
        fields: dict[str, Any] = dict(message)
        fields.update(content=content, type=chunk.model_fields["type"].default)
        if message is not run[0]:
            # How the later ones came about cannot be merged into how the first did.
            fields["response_metadata"] = {}
        total.add(chunk(**fields))
    return message_chunk_to_message(total.result())


def _separated(run: list[BaseMessage], separator: str) -> Iterator[Content]:
    """Give the contents, with the separator between texts until the first list of blocks."""
    only_text, some_text = True, False
    for message in run:
        content = message.content
        if isinstance(content, list):
            only_text = False
            yield content
        else:
            yield separator + content if only_text and some_text and content else content
            some_text = some_text or content != ""
