"""The contract of all chat models, for those that need nothing outside of this process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chat_model_contract import ChatModelContract

from levada.chat_models import (
    BaseChatModel,
    FakeListChatModel,
    FakeMessagesListChatModel,
    GenericFakeChatModel,
)
from levada.errors import UnsupportedError
from levada.messages import AIMessage, AIMessageChunk, BaseMessage


class TestGenericFakeChatModel(ChatModelContract):
    provider = "GenericFakeChatModel"

    def model(self, *answers: AIMessage, **settings: Any) -> BaseChatModel:
        return GenericFakeChatModel(messages=iter(answers), **settings)


class TestFakeMessagesListChatModel(ChatModelContract):
    provider = "FakeMessagesListChatModel"

    def model(self, *answers: AIMessage, **settings: Any) -> BaseChatModel:
        return FakeMessagesListChatModel(responses=list(answers), **settings)


class TestFakeListChatModel(ChatModelContract):
    provider = "FakeListChatModel"

    def model(self, *answers: AIMessage, **settings: Any) -> BaseChatModel:
        if any(a.tool_calls or a.usage_metadata or a.text != a.content for a in answers):
            raise UnsupportedError("its answers are texts")
        return FakeListChatModel(responses=[a.text for a in answers], **settings)


class Typewriter(BaseChatModel):
    """The model of the page "Write your own": tests/test_docs_examples.py runs that one."""

    answer: str

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **options: Any
    ) -> AIMessage:
        return AIMessage(self.answer)

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **options: Any
    ) -> Iterator[AIMessageChunk]:
        for word in self.answer.split(" "):
            yield AIMessageChunk(word + " ")


class TestOwnModel(ChatModelContract):
    provider = "your own, in 20 lines"

    def model(self, *answers: AIMessage, **settings: Any) -> BaseChatModel:
        if any(a.tool_calls or a.usage_metadata or a.text != a.content for a in answers):
            raise UnsupportedError("its answers are texts")
        return Typewriter(answer=answers[0].text if answers else "", **settings)
