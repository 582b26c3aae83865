"""langchain-core: the same chain in its own words, `prompt | model | parser`."""

# mypy: disable-error-code="import-not-found, misc, no-any-return, unused-ignore"

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.output_parsers import JsonOutputParser
from langchain_core.runnables import RunnableLambda, RunnableSequence

from ..cases import case
from ..documents import file_snapshots
from ..material import (
    QUESTION,
    SYSTEM,
    TOKENS_PER_STREAM,
    TOOLS,
    VALUES,
    WORKERS,
)
from .langchain_model import FixedModel, FixedStreamModel, ToolModel, chain, prompt


@case("invoke.sync")
def invoke_sync(size: int) -> Callable[[], str]:
    steps = chain(FixedModel())
    return lambda: steps.invoke(VALUES)


@case("invoke.async")
def invoke_async(size: int) -> Callable[[], Awaitable[str]]:
    steps = chain(FixedModel())

    async def run() -> str:
        return await steps.ainvoke(VALUES)

    return run


@case("stream.sync")
def stream_sync(size: int) -> Callable[[], int]:
    steps = chain(FixedStreamModel(tokens=size))
    return lambda: sum(1 for _ in steps.stream(VALUES))


async def read(chunks: AsyncIterator[Any]) -> int:
    seen = 0
    async for _ in chunks:
        seen += 1
    return seen


@case("stream.async")
def stream_async(size: int) -> Callable[[], Awaitable[int]]:
    steps = chain(FixedStreamModel(tokens=size))

    async def run() -> int:
        return await read(steps.astream(VALUES))

    return run


@case("events.v2", most=16_000)
def events_v2(size: int) -> Callable[[], Awaitable[int]]:
    steps = chain(FixedStreamModel(tokens=size))

    async def run() -> int:
        return await read(steps.astream_events(VALUES, version="v2"))

    return run


@case("events.v1", most=4_000)
def events_v1(size: int) -> Callable[[], Awaitable[int]]:
    steps = chain(FixedStreamModel(tokens=size))

    async def run() -> int:
        return await read(steps.astream_events(VALUES, version="v1"))

    return run


@case("batch.sync")
def batch_sync(size: int) -> Callable[[], int]:
    steps = chain(FixedModel())
    inputs = [VALUES] * size
    return lambda: len(steps.batch(inputs, config={"max_concurrency": WORKERS}))


@case("batch.async")
def batch_async(size: int) -> Callable[[], Awaitable[int]]:
    steps = chain(FixedModel(waits=True))
    inputs = [VALUES] * size

    async def run() -> int:
        return len(await steps.abatch(inputs, config={"max_concurrency": WORKERS}))

    return run


@case("concurrent.stream")
def concurrent_stream(size: int) -> Callable[[], Awaitable[int]]:
    steps = chain(FixedStreamModel(tokens=TOKENS_PER_STREAM, waits=True))

    async def run() -> int:
        return sum(await asyncio.gather(*(read(steps.astream(VALUES)) for _ in range(size))))

    return run


@case("concurrent.events")
def concurrent_events(size: int) -> Callable[[], Awaitable[int]]:
    steps = chain(FixedStreamModel(tokens=TOKENS_PER_STREAM, waits=True))

    async def run() -> int:
        streams = (steps.astream_events(VALUES, version="v2") for _ in range(size))
        return sum(await asyncio.gather(*map(read, streams)))

    return run


def same(value: int) -> int:
    return value


async def asame(value: int) -> int:
    return value


def sequence(function: Callable[[int], Any], size: int) -> Any:
    steps = [RunnableLambda(function) for _ in range(size)]
    return steps[0] if size == 1 else RunnableSequence(*steps)


@case("prompt.sync")
def prompt_sync(size: int) -> Callable[[], int]:
    template = prompt()
    return lambda: len(template.invoke(VALUES).messages)


@case("steps.sync")
def steps_sync(size: int) -> Callable[[], int]:
    steps = sequence(same, size)
    return lambda: steps.invoke(size)


@case("steps.async")
def steps_async(size: int) -> Callable[[], Awaitable[int]]:
    steps = sequence(asame, size)

    async def run() -> int:
        return await steps.ainvoke(size)

    return run


@case("steps.inline")
def steps_inline(size: int) -> Callable[[], Awaitable[int]]:
    """Has no inline functions: a plain one goes through a thread."""
    steps = sequence(same, size)

    async def run() -> int:
        return await steps.ainvoke(size)

    return run


@case("steps.events")
def steps_events(size: int) -> Callable[[], Awaitable[int]]:
    steps = sequence(asame, size)

    async def run() -> int:
        return await read(steps.astream_events(size, version="v2"))

    return run


def opening() -> list[BaseMessage]:
    return [SystemMessage(content=SYSTEM), HumanMessage(content=QUESTION)]


def answers(reply: AIMessage) -> list[ToolMessage]:
    return [
        ToolMessage(content=str(TOOLS[call["name"]](**call["args"])), tool_call_id=call["id"])
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


# Quadratic: 20,000 tokens were stopped after half an hour.
file_snapshots(JsonOutputParser().transform, most=4_000)
