"""Messages as plain data, and back: nothing is imported or run for what the data names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import MessageError, shown
from .base import BaseMessage
from .convert import build_message, message_class
from .shapes import is_object

__all__ = ["message_to_dict", "messages_from_dict", "messages_to_dict"]


def message_to_dict(message: BaseMessage) -> dict[str, Any]:
    """Give a message as `{"type": ..., "data": {...}}`, which `messages_from_dict` reads."""
    return {"type": message.type, "data": message.model_dump()}


def messages_to_dict(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """Give messages as dictionaries, which `messages_from_dict` reads."""
    return [message_to_dict(message) for message in messages]


def messages_from_dict(messages: Sequence[Mapping[str, Any]]) -> list[BaseMessage]:
    """Give the messages that `messages_to_dict` wrote.

    Raises:
        MessageError: A dictionary is not what `messages_to_dict` writes.
    """
    return [_message_from_dict(message) for message in messages]


def _message_from_dict(message: Mapping[str, Any]) -> BaseMessage:
    data = message.get("data")
    if "type" not in message or not is_object(data):
        raise MessageError(
            f"{shown(message)} was not written by messages_to_dict. "
            "Write {'type': 'human', 'data': {'content': 'Hello'}}, or use convert_to_messages."
        )
    fields = {key: value for key, value in data.items() if key != "type"}
    return build_message(message_class(message["type"]), fields)
