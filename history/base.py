"""`BaseChatMessageHistory`: where the messages of one conversation are kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

from ..messages import AIMessage, BaseMessage, HumanMessage, get_buffer_string
from ..runnables import call_in_thread

__all__ = ["BaseChatMessageHistory", "InMemoryChatMessageHistory"]


class BaseChatMessageHistory(ABC):
    """The messages of one conversation, the oldest first.

    An author writes `messages`, `clear`, and `add_message` or, where several are better added at
    once, `add_messages`. The async methods call these in a worker thread; a store that can be
    awaited overrides `aget_messages`, `aadd_messages` and `aclear`.

    Raises:
        TypeError: When a class is made that writes neither `add_message` nor `add_messages`.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        base = BaseChatMessageHistory
        if cls.add_message is base.add_message and cls.add_messages is base.add_messages:
            raise TypeError(
                f"{cls.__name__} adds no messages; write add_messages(self, messages), "
                f"or add_message(self, message)"
            )

    @property
    @abstractmethod
    def messages(self) -> list[BaseMessage]:
        """The messages, the oldest first."""

    @abstractmethod
    def clear(self) -> None:
        """Forget all messages."""

    def add_message(self, message: BaseMessage) -> None:
        """Keep one more message."""
        self.add_messages([message])

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Keep more messages, in their order."""
        for message in messages:
            self.add_message(message)

    def add_user_message(self, message: HumanMessage | str) -> None:
        """Keep what the user said."""
        self.add_message(HumanMessage(message) if isinstance(message, str) else message)

    def add_ai_message(self, message: AIMessage | str) -> None:
        """Keep what the model said."""
        self.add_message(AIMessage(message) if isinstance(message, str) else message)

    async def aget_messages(self) -> list[BaseMessage]:
        """Give the messages, the oldest first."""
        return await call_in_thread(lambda: self.messages)

    async def aadd_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Keep more messages, in their order."""
        await call_in_thread(lambda: self.add_messages(messages))

    async def aclear(self) -> None:
        """Forget all messages."""
        await call_in_thread(self.clear)

    def __str__(self) -> str:
        return get_buffer_string(self.messages)


class InMemoryChatMessageHistory(BaseChatMessageHistory):
    """A conversation that lasts as long as the program.

    Args:
        messages: What has been said already.
    """

    def __init__(self, messages: Iterable[BaseMessage] = ()) -> None:
        self._messages = list(messages)

    @property
    def messages(self) -> list[BaseMessage]:
        return self._messages

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        self._messages += messages

    def clear(self) -> None:
        self._messages.clear()

    async def aget_messages(self) -> list[BaseMessage]:
        return self.messages

    async def aadd_messages(self, messages: Sequence[BaseMessage]) -> None:
        self.add_messages(messages)

    async def aclear(self) -> None:
        self.clear()

    def __repr__(self) -> str:
        return f"InMemoryChatMessageHistory({self._messages!r})"
