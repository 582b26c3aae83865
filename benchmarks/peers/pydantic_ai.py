"""pydantic-ai: an agent without tools for one answer, on its own function model."""

# mypy: disable-error-code="import-not-found, misc, no-any-return, unused-ignore"

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from ..cases import case
from ..material import (
    ANSWER,
    HUMAN,
    QUESTION,
    SYSTEM,
    TOKENS_PER_STREAM,
    TOOL_CALLS,
    TOOLS,
    VALUES,
    WORKERS,
    words,
)


def agent(tokens: int = 1, *, waits: bool = False) -> Agent[None, str]:
    async def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if waits:
            await asyncio.sleep(0)
        return ModelResponse(parts=[TextPart(ANSWER)])

    async def stream(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        for word in words(tokens):
            if waits:
                await asyncio.sleep(0)
            yield word

    made = Agent(FunctionModel(reply, stream_function=stream))
    made.system_prompt(lambda: SYSTEM.format(**VALUES))
    return made


@case("invoke.sync")
def invoke_sync(size: int) -> Callable[[], str]:
    asked = agent()
    return lambda: asked.run_sync(HUMAN.format(**VALUES)).output


@case("invoke.async")
def invoke_async(size: int) -> Callable[[], Awaitable[str]]:
    asked = agent()

    async def run() -> str:
        return (await asked.run(HUMAN.format(**VALUES))).output

    return run


@case("stream.sync")
def stream_sync(size: int) -> Callable[[], int]:
    asked = agent(size)

    def run() -> int:
        streamed = asked.run_stream_sync(HUMAN.format(**VALUES))
        return sum(1 for _ in streamed.stream_text(delta=True, debounce_by=None))

    return run


async def read(asked: Agent[None, str]) -> int:
    seen = 0
    async with asked.run_stream(HUMAN.format(**VALUES)) as streamed:
        async for _ in streamed.stream_text(delta=True, debounce_by=None):
            seen += 1
    return seen


@case("stream.async")
def stream_async(size: int) -> Callable[[], Awaitable[int]]:
    asked = agent(size)

    async def run() -> int:
        return await read(asked)

    return run


@case("events.v2", most=16_000)
def events_v2(size: int) -> Callable[[], Awaitable[int]]:
    asked = agent(size)

    async def run() -> int:
        seen = 0
        async with asked.run_stream_events(HUMAN.format(**VALUES)) as events:
            async for _ in events:
                seen += 1
        return seen

    return run


@case("batch.async")
def batch_async(size: int) -> Callable[[], Awaitable[int]]:
    asked = agent(waits=True)

    async def run() -> int:
        results: list[Any] = [None] * size
        source = iter(range(size))

        async def work() -> None:
            for index in source:
                results[index] = (await asked.run(HUMAN.format(**VALUES))).output

        await asyncio.gather(*(work() for _ in range(WORKERS)))
        return len(results)

    return run


@case("concurrent.stream")
def concurrent_stream(size: int) -> Callable[[], Awaitable[int]]:
    asked = agent(TOKENS_PER_STREAM, waits=True)

    async def run() -> int:
        return sum(await asyncio.gather(*(read(asked) for _ in range(size))))

    return run


def tool_agent() -> Agent[None, str]:
    async def reply(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        asked = len(messages) // 2
        if asked == len(TOOL_CALLS):
            return ModelResponse(parts=[TextPart(ANSWER)])
        name, args = TOOL_CALLS[asked]
        return ModelResponse(parts=[ToolCallPart(name, args, f"call-{asked}")])

    return Agent(FunctionModel(reply), system_prompt=SYSTEM, tools=list(TOOLS.values()))


@case("agent.sync")
def agent_sync(size: int) -> Callable[[], str]:
    asked = tool_agent()
    return lambda: asked.run_sync(QUESTION).output


@case("agent.async")
def agent_async(size: int) -> Callable[[], Awaitable[str]]:
    asked = tool_agent()

    async def run() -> str:
        return (await asked.run(QUESTION)).output

    return run
