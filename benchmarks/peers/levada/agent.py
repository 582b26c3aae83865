"""W8 with levada: the hand-written loop over its model and its messages."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from levada.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolCall,
    ToolMessage,
)

from ...cases import case
from ...material import ANSWER, QUESTION, SYSTEM, TOOL_CALLS, TOOLS
from .model import FixedModel


class ToolModel(FixedModel):
    """Asks for the three tools in turn, then answers."""

    def _generate(
        self, messages: Sequence[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        asked = (len(messages) - 2) // 2
        if asked == len(TOOL_CALLS):
            return AIMessage(content=ANSWER)
        name, args = TOOL_CALLS[asked]
        call = ToolCall(id=f"call-{asked}", name=name, args=json.loads(args))
        return AIMessage(content="", tool_calls=[call])

    async def _agenerate(
        self, messages: Sequence[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        return self._generate(messages, stop, **kwargs)


def opening() -> list[BaseMessage]:
    return [SystemMessage(content=SYSTEM), HumanMessage(content=QUESTION)]


def answers(reply: AIMessage) -> list[ToolMessage]:
    return [
        ToolMessage(content=str(TOOLS[call["name"]](**call["args"])), tool_call_id=call["id"] or "")
        for call in reply.tool_calls
    ]


@case("agent.sync")
def agent_sync(size: int) -> Callable[[], str]:
    model = ToolModel()

    def run() -> str:
        messages = opening()
        while True:
            reply = model.invoke(messages)
            messages.append(reply)
            if not reply.tool_calls:
                return str(reply.content)
            messages.extend(answers(reply))

    return run


@case("agent.async")
def agent_async(size: int) -> Callable[[], Awaitable[str]]:
    model = ToolModel()

    async def run() -> str:
        messages = opening()
        while True:
            reply = await model.ainvoke(messages)
            messages.append(reply)
            if not reply.tool_calls:
                return str(reply.content)
            messages.extend(answers(reply))

    return run
