"""W8 by hand: ask the model, call the tools that it names, tell it the results, until it answers.

Per run: four model calls of which three ask for one tool each, three JSON texts read, twelve
validated objects (nine messages of four fields and three calls).
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel

from ..cases import case
from ..material import ANSWER, QUESTION, SYSTEM, TOOL_CALLS, TOOLS


class ToolCall(BaseModel):
    """A tool that the model wants called."""

    id: str
    name: str
    args: dict[str, Any]


class Turn(BaseModel):
    """One message of the conversation."""

    role: str
    content: str
    # A list as the default would be copied for every message.
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


def model(messages: list[Turn]) -> Turn:
    asked = (len(messages) - 2) // 2
    if asked == len(TOOL_CALLS):
        return Turn(role="ai", content=ANSWER)
    name, args = TOOL_CALLS[asked]
    call = ToolCall(id=f"call-{asked}", name=name, args=json.loads(args))
    return Turn(role="ai", content="", tool_calls=(call,))


async def amodel(messages: list[Turn]) -> Turn:
    return model(messages)


def opening() -> list[Turn]:
    return [Turn(role="system", content=SYSTEM), Turn(role="human", content=QUESTION)]


def answer(call: ToolCall) -> Turn:
    return Turn(role="tool", content=str(TOOLS[call.name](**call.args)), tool_call_id=call.id)


def program() -> str:
    messages = opening()
    while True:
        reply = model(messages)
        messages.append(reply)
        if not reply.tool_calls:
            return reply.content
        messages.extend(answer(call) for call in reply.tool_calls)


async def aprogram() -> str:
    messages = opening()
    while True:
        reply = await amodel(messages)
        messages.append(reply)
        if not reply.tool_calls:
            return reply.content
        messages.extend(answer(call) for call in reply.tool_calls)


@case("agent.sync")
def agent_sync(size: int) -> Callable[[], str]:
    return program


@case("agent.async")
def agent_async(size: int) -> Callable[[], Awaitable[str]]:
    return aprogram
