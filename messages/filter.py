"""Leaving out messages by who says them, by name, by id or by the tools they call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from .ai import AIMessage
from .base import BaseMessage
from .convert import MessageLikeRepresentation, convert_to_messages, message_class
from .prompt_values import PromptValue
from .shapes import has_type
from .tool import ToolMessage

__all__ = ["Kinds", "filter_messages", "is_of_kind"]

Kinds: TypeAlias = "str | type[BaseMessage] | Sequence[str | type[BaseMessage]]"
"""Which messages: words such as "human" and "ai", classes, or several of these."""


def filter_messages(
    messages: Iterable[MessageLikeRepresentation] | PromptValue,
    *,
    include_names: Sequence[str] | None = None,
    exclude_names: Sequence[str] | None = None,
    include_types: Sequence[str | type[BaseMessage]] | None = None,
    exclude_types: Sequence[str | type[BaseMessage]] | None = None,
    include_ids: Sequence[str] | None = None,
    exclude_ids: Sequence[str] | None = None,
    exclude_tool_calls: Sequence[str] | bool | None = None,
) -> list[BaseMessage]:
    """Give the messages that are included and not excluded, in the same order.

    Without any `include_...` all are included; with several, a message needs to fit one of them.

    Args:
        messages: Whatever `convert_to_messages` takes.
        include_names: Names of messages to keep.
        exclude_names: Names of messages to leave out.
        include_types: Words such as "human" and "ai", or classes, of messages to keep.
        exclude_types: The same of messages to leave out.
        include_ids: Ids of messages to keep.
        exclude_ids: Ids of messages to leave out.
        exclude_tool_calls: `True` leaves out tool messages and the AI messages that call tools. Ids
            of tool calls leave out these calls, the tool messages that answer them, and the AI
            messages that make no other call.
    """
    kept: list[BaseMessage] = []
    includes = bool(include_names or include_types or include_ids)
    for message in convert_to_messages(messages):
        if _fits(message, exclude_names, exclude_types, exclude_ids):
            continue
        if includes and not _fits(message, include_names, include_types, include_ids):
            continue
        without_calls = _without_tool_calls(message, exclude_tool_calls)
        if without_calls is not None:
            kept.append(without_calls)
    return kept


def is_of_kind(message: BaseMessage, kinds: Kinds) -> bool:
    """Say whether a message is of one of the kinds; a chunk is of the kind of its message.

    Raises:
        MessageError: A kind is neither a role nor a class of messages.
    """
    if isinstance(kinds, str | type):
        kinds = [kinds]
    return any(isinstance(message, _class_of(kind)) for kind in kinds)


def _class_of(kind: str | type[BaseMessage]) -> type[BaseMessage]:
    return kind if isinstance(kind, type) else message_class(kind)


def _fits(
    message: BaseMessage,
    names: Sequence[str] | None,
    types: Sequence[str | type[BaseMessage]] | None,
    ids: Sequence[str] | None,
) -> bool:
    return bool(
        (names and message.name in names)
        or (types and is_of_kind(message, types))
        or (ids and message.id in ids)
    )


def _without_tool_calls(
    message: BaseMessage, exclude: Sequence[str] | bool | None
) -> BaseMessage | None:
    """Give the message without the excluded tool calls, or `None` if nothing is left of it."""
    if not exclude:
        return message
    if isinstance(message, ToolMessage):
        return None if exclude is True or message.tool_call_id in exclude else message
    if not isinstance(message, AIMessage) or not message.tool_calls:
        return message
    if exclude is True:
        return None
    calls = [call for call in message.tool_calls if call["id"] not in exclude]
    if len(calls) == len(message.tool_calls):
        return message
    if not calls:
        return None
    content = message.content
    if isinstance(content, list):
        content = [item for item in content if not _is_call(item, exclude)]
    return message.model_copy(update={"tool_calls": calls, "content": content})


def _is_call(item: str | dict[str, Any], ids: Sequence[str]) -> bool:
    return has_type(item, "tool_call", "tool_use") and item.get("id") in ids
