"""`FileChatMessageHistory`: a conversation in a file."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from .._orjson import dumps, loads
from ..errors import MessageError, shown
from ..messages import BaseMessage, message_to_dict, messages_from_dict
from .base import BaseChatMessageHistory

__all__ = ["FileChatMessageHistory"]


class FileChatMessageHistory(BaseChatMessageHistory):
    """A conversation in a file of JSON lines, one message each; new ones are put at its end.

    The file is made with the first message. Several threads may use one object; of several
    processes only one may write at a time.

    Args:
        path: The file.

    Raises:
        MessageError: On reading, a line that is no message.
        OSError: The file cannot be read or written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path: Path = Path(path)
        self._lock = threading.Lock()

    @property
    def messages(self) -> list[BaseMessage]:
        with self._lock:
            lines = self.path.read_bytes().splitlines() if self.path.exists() else []
        return [self._read(number, line) for number, line in enumerate(lines, 1) if line.strip()]

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        lines = b"".join(dumps(message_to_dict(message)) + b"\n" for message in messages)
        with self._lock, self.path.open("ab") as file:
            file.write(lines)

    def clear(self) -> None:
        with self._lock:
            self.path.unlink(missing_ok=True)

    def _read(self, number: int, line: bytes) -> BaseMessage:
        try:
            [message] = messages_from_dict([loads(line)])
        except (ValueError, AttributeError, TypeError) as error:
            text = shown(line.decode(errors="replace"))
            raise MessageError(f"line {number} of {self.path} is no message: {text}") from error
        return message
