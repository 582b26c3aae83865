"""The model and the chain of langchain-core's programs, also for langgraph, which stands on it."""

# mypy: disable-error-code="import-not-found, misc, no-any-return, unused-ignore"

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableSequence

from ..material import ANSWER, HUMAN, SYSTEM, TOOL_CALLS, words


class FixedModel(BaseChatModel):
    """A model in the process that answers at once, with as many tokens as it is told to."""

    tokens: int = 1
    waits: bool = False  # give the event loop a turn before each answer or token

    @property
    def _llm_type(self) -> str:
        return "fixed"

    def _reply(self, messages: list[BaseMessage]) -> AIMessage:
        return AIMessage(content=ANSWER, id="run-1")

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._reply(messages))])

    async def _agenerate(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> ChatResult:
        if self.waits:
            await asyncio.sleep(0)
        return ChatResult(generations=[ChatGeneration(message=self._reply(messages))])


class FixedStreamModel(FixedModel):
    """The same with tokens."""

    def _stream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        for word in words(self.tokens):
            yield ChatGenerationChunk(message=AIMessageChunk(content=word, id="run-1"))

    async def _astream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for word in words(self.tokens):
            if self.waits:
                await asyncio.sleep(0)
            yield ChatGenerationChunk(message=AIMessageChunk(content=word, id="run-1"))


class ToolModel(FixedModel):
    """Asks for the three tools in turn, then answers."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self  # it knows what it will ask for

    def _reply(self, messages: list[BaseMessage]) -> AIMessage:
        asked = (len(messages) - 2) // 2
        if asked == len(TOOL_CALLS):
            return AIMessage(content=ANSWER)
        name, args = TOOL_CALLS[asked]
        call = {"id": f"call-{asked}", "name": name, "args": json.loads(args), "type": "tool_call"}
        return AIMessage(content="", tool_calls=[call])


def prompt() -> ChatPromptTemplate:
    return ChatPromptTemplate.from_messages([("system", SYSTEM), ("human", HUMAN)])


def chain(model: FixedModel) -> RunnableSequence:
    return prompt() | model | StrOutputParser()
