"""The model in the process, and the chain that every workload but W7 and W8 runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from levada.chat_models import BaseChatModel
from levada.messages import AIMessage, AIMessageChunk, BaseMessage
from levada.parsers import StrOutputParser
from levada.prompts import ChatPromptTemplate
from levada.runnables import Runnable

from ...material import ANSWER, HUMAN, SYSTEM, words


class FixedModel(BaseChatModel):
    """Answers at once."""

    waits: bool = False  # give the event loop a turn before each answer or token

    @property
    def _llm_type(self) -> str:
        return "fixed"

    def _generate(
        self, messages: Sequence[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        return AIMessage(content=ANSWER, id="run-1")

    async def _agenerate(
        self, messages: Sequence[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        if self.waits:
            await asyncio.sleep(0)
        return AIMessage(content=ANSWER, id="run-1")


class FixedStreamModel(FixedModel):
    """The same with as many tokens as it is told to give."""

    tokens: int = 1

    def _stream(
        self, messages: Sequence[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> Iterator[AIMessageChunk]:
        for word in words(self.tokens):
            yield AIMessageChunk(content=word, id="run-1")

    async def _astream(
        self, messages: Sequence[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        for word in words(self.tokens):
            if self.waits:
                await asyncio.sleep(0)
            yield AIMessageChunk(content=word, id="run-1")


def chain(model: FixedModel) -> Runnable[dict[str, Any], str]:
    """Compose what the README composes."""
    prompt = ChatPromptTemplate.from_messages([("system", SYSTEM), ("human", HUMAN)])
    return prompt | model | StrOutputParser()
