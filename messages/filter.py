"""Leaving out messages by who says them, by name, by id or by the tools they call."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeAlias

from ..errors import MessageError, shown
from .ai import AIMessage
from .base import BaseMessage
from .convert import convert_to_messages, message_class
from .shapes import has_type
from .step import Messages, also_a_step
from .tool import ToolMessage

__all__ = ["Kinds", "classes_of", "filter_messages"]

Kinds: TypeAlias = "str | type[BaseMessage] | Sequence[str | type[BaseMessage]]"
"""Which messages: words such as "human" and "ai", classes, or several of these."""

Words: TypeAlias = "str | Collection[str]"
"""A word, or several; a word alone is not taken for its letters."""


@also_a_step()
def filter_messages(
    messages: Messages,
    *,
    include_names: Words | None = None,
    exclude_names: Words | None = None,
    include_types: Kinds | None = None,
    exclude_types: Kinds | None = None,
    include_ids: Words | None = None,
    exclude_ids: Words | None = None,
    exclude_tool_calls: Words | bool | None = None,
) -> list[BaseMessage]:
    """Give the messages that are included and not excluded, in the same order.

    Without any `include_...` all are included; with several, a message needs to fit one of them.
    Without messages, give the step that does this: `filter_messages(include_ids=["a"]) | model`.

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

    Raises:
        MessageError: A type is neither a role nor a class of messages.
    """
    kept: list[BaseMessage] = []
    included = _Which(include_names, include_types, include_ids)
    excluded = _Which(exclude_names, exclude_types, exclude_ids)
    calls = (
        exclude_tool_calls if isinstance(exclude_tool_calls, bool) else _words(exclude_tool_calls)
    )
    for message in convert_to_messages(messages):
        if message in excluded or (included and message not in included):
            continue
        without_calls = _without_tool_calls(message, calls)
        if without_calls is not None:
            kept.append(without_calls)
    return kept


def classes_of(kinds: Kinds | None) -> tuple[type[BaseMessage], ...]:
    """Give the classes that are meant, for `isinstance`; a chunk is of the class of its message.

    Raises:
        MessageError: A kind is neither a role nor a class of messages.
    """
    if isinstance(kinds, str | type):
        kinds = [kinds]
    return tuple(map(_class_of, kinds or ()))


def _class_of(kind: str | type[BaseMessage]) -> type[BaseMessage]:
    if not isinstance(kind, type):
        return message_class(kind)
    if not issubclass(kind, BaseMessage):
        raise MessageError(f"{shown(kind)} is no class of messages")
    return kind


class _Which:
    """Messages by name, by class or by id."""

    def __init__(self, names: Words | None, types: Kinds | None, ids: Words | None) -> None:
        self._names = _words(names)
        self._classes = classes_of(types)
        self._ids = _words(ids)

    def __bool__(self) -> bool:
        return bool(self._names or self._classes or self._ids)

    def __contains__(self, message: BaseMessage) -> bool:
        return (
            message.name in self._names
            or isinstance(message, self._classes)
            or message.id in self._ids
        )


def _words(words: Words | None) -> frozenset[str | None]:
    return frozenset([words] if isinstance(words, str) else words or ())


def _without_tool_calls(
    message: BaseMessage, exclude: Collection[str | None] | bool
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


def _is_call(item: str | dict[str, Any], ids: Collection[str | None]) -> bool:
    return has_type(item, "tool_call", "tool_use") and item.get("id") in ids
