"""`BaseChatPromptTemplate`: a prompt that is a list of messages."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from ..messages import BaseMessage, ChatPromptValue
from ..messages.prompt_values import chat_prompt_value
from .base import BasePromptTemplate

__all__ = ["BaseChatPromptTemplate"]


class BaseChatPromptTemplate(BasePromptTemplate[str, ChatPromptValue]):
    """A prompt that is a list of messages. An author writes `_format_messages(self, values)`.

    As a text (`format`), it has a line a message with who says it.
    """

    @abstractmethod
    def _format_messages(self, values: Mapping[str, Any]) -> list[BaseMessage]:
        """Give the messages."""

    async def _aformat_messages(self, values: Mapping[str, Any]) -> list[BaseMessage]:
        return self._format_messages(values)

    def _format(self, values: Mapping[str, Any]) -> str:
        return self._format_prompt(values).to_string()

    async def _aformat(self, values: Mapping[str, Any]) -> str:
        return (await self._aformat_prompt(values)).to_string()

    def _format_prompt(self, values: Mapping[str, Any]) -> ChatPromptValue:
        return chat_prompt_value(self._format_messages(values))

    async def _aformat_prompt(self, values: Mapping[str, Any]) -> ChatPromptValue:
        return chat_prompt_value(await self._aformat_messages(values))

    def format_messages(self, /, **kwargs: Any) -> list[BaseMessage]:
        """Give the messages.

        Raises:
            PromptInputError: A variable is missing.
        """
        return self._format_messages(self._complete(kwargs))

    async def aformat_messages(self, /, **kwargs: Any) -> list[BaseMessage]:
        """Give the messages; see `format_messages`."""
        return await self._aformat_messages(self._complete(kwargs))
