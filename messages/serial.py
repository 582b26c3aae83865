"""Messages as plain data, and back: nothing is imported or run for what the data names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from ..errors import MessageError, shown
from .base import BaseMessage
from .convert import build_message, message_class
from .shapes import is_array, is_object

__all__ = ["message_to_dict", "messages_from_dict", "messages_to_dict"]

MAX_DEPTH = 100
MAX_VALUES = 1_000_000


def message_to_dict(message: BaseMessage) -> dict[str, Any]:
    """Give a message as `{"type": ..., "data": {...}}`, which `messages_from_dict` reads."""
    return {"type": message.type, "data": message.model_dump()}


def messages_to_dict(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """Give messages as dictionaries, which `messages_from_dict` reads."""
    return [message_to_dict(message) for message in messages]


def messages_from_dict(messages: Sequence[Mapping[str, Any]]) -> list[BaseMessage]:
    """Give the messages that `messages_to_dict` wrote.

    Raises:
        MessageError: A dictionary is not what `messages_to_dict` writes; or they are nested more
            than 100 levels deep, or hold more than a million values.
    """
    if not _is_list_of_dicts(messages):
        raise MessageError(
            f"{shown(messages)} is no list of dictionaries that messages_to_dict wrote"
        )
    _check_bounds(messages)
    return [_message_from_dict(message) for message in messages]


def _is_list_of_dicts(given: object) -> bool:
    if not isinstance(given, Sequence) or isinstance(given, str | bytes):
        return False
    return all(isinstance(item, Mapping) for item in cast("Sequence[object]", given))


def _check_bounds(messages: Sequence[Mapping[str, Any]]) -> None:
    count = 0
    waiting: list[tuple[Any, int]] = [(dict(message), 1) for message in messages]
    while waiting:
        value, depth = waiting.pop()
        inner: list[Any] = list(value.values()) if is_object(value) else value
        count += len(inner)
        if depth > MAX_DEPTH or count > MAX_VALUES:
            raise MessageError(
                f"these messages are nested more than {MAX_DEPTH} levels deep, or hold more than "
                f"{MAX_VALUES:,} values. Whatever wrote them, messages_to_dict did not."
            )
        waiting += [(item, depth + 1) for item in inner if is_object(item) or is_array(item)]


def _message_from_dict(message: Mapping[str, Any]) -> BaseMessage:
    data = message.get("data")
    if "type" not in message or not is_object(data):
        raise MessageError(
            f"{shown(message)} was not written by messages_to_dict. "
            "Write {'type': 'human', 'data': {'content': 'Hello'}}, or use convert_to_messages."
        )
    fields = {key: value for key, value in data.items() if key != "type"}
    return build_message(message_class(message["type"]), fields)
