"""llm: one prompt, one response; it has no composition, so the texts are filled in by hand."""

# mypy: disable-error-code="import-not-found, misc, no-any-return, unused-ignore"

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import llm

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


class FixedModel(llm.Model):
    """Gives as many tokens as it is told to; none: the answer in one piece."""

    model_id = "fixed"
    can_stream = True

    def __init__(self, tokens: int = 0) -> None:
        self.tokens = tokens

    def execute(self, prompt: Any, stream: bool, response: Any, conversation: Any) -> Iterator[str]:
        if self.tokens:
            yield from words(self.tokens)
        else:
            yield ANSWER


class AsyncFixedModel(llm.AsyncModel):
    """The same in async."""

    model_id = "fixed"
    can_stream = True

    def __init__(self, tokens: int = 0, *, waits: bool = False) -> None:
        self.tokens = tokens
        self.waits = waits

    async def execute(
        self, prompt: Any, stream: bool, response: Any, conversation: Any
    ) -> AsyncIterator[str]:
        for word in words(self.tokens) if self.tokens else (ANSWER,):
            if self.waits:
                await asyncio.sleep(0)
            yield word


def ask(model: Any) -> Any:
    return model.prompt(HUMAN.format(**VALUES), system=SYSTEM.format(**VALUES))


@case("invoke.sync")
def invoke_sync(size: int) -> Callable[[], str]:
    model = FixedModel()
    return lambda: ask(model).text()


@case("invoke.async")
def invoke_async(size: int) -> Callable[[], Awaitable[str]]:
    model = AsyncFixedModel()

    async def run() -> str:
        return await ask(model).text()

    return run


@case("stream.sync")
def stream_sync(size: int) -> Callable[[], int]:
    model = FixedModel(size)

    def run() -> int:
        seen = 0
        for _ in ask(model):
            seen += 1
        return seen

    return run


async def read(chunks: AsyncIterator[Any]) -> int:
    seen = 0
    async for _ in chunks:
        seen += 1
    return seen


@case("stream.async")
def stream_async(size: int) -> Callable[[], Awaitable[int]]:
    model = AsyncFixedModel(size)

    async def run() -> int:
        return await read(ask(model))

    return run


@case("events.v2")
def events_v2(size: int) -> Callable[[], Awaitable[int]]:
    model = AsyncFixedModel(size)

    async def run() -> int:
        return await read(ask(model).astream_events())

    return run


@case("batch.sync")
def batch_sync(size: int) -> Callable[[], int]:
    model = FixedModel()

    def run() -> int:
        with ThreadPoolExecutor(WORKERS) as pool:
            return len(list(pool.map(lambda _: ask(model).text(), range(size))))

    return run


@case("batch.async")
def batch_async(size: int) -> Callable[[], Awaitable[int]]:
    model = AsyncFixedModel(waits=True)

    async def run() -> int:
        results = [""] * size
        source = iter(range(size))

        async def work() -> None:
            for index in source:
                results[index] = await ask(model).text()

        await asyncio.gather(*(work() for _ in range(WORKERS)))
        return len(results)

    return run


@case("concurrent.stream")
def concurrent_stream(size: int) -> Callable[[], Awaitable[int]]:
    model = AsyncFixedModel(TOKENS_PER_STREAM, waits=True)

    async def run() -> int:
        return sum(await asyncio.gather(*(read(ask(model)) for _ in range(size))))

    return run


def next_call(prompt: Any, response: Any) -> bool:
    """Ask for the next tool; false when all have been called."""
    done = 0
    if prompt.tool_results:
        done = int(prompt.tool_results[-1].tool_call_id) + 1
    if done == len(TOOL_CALLS):
        return False
    name, args = TOOL_CALLS[done]
    response.add_tool_call(llm.ToolCall(name, json.loads(args), str(done)))
    return True


class ToolModel(FixedModel):
    """Asks for the three tools in turn, then answers."""

    supports_tools = True

    def execute(self, prompt: Any, stream: bool, response: Any, conversation: Any) -> Iterator[str]:
        if not next_call(prompt, response):
            yield ANSWER


class AsyncToolModel(AsyncFixedModel):
    """The same in async."""

    supports_tools = True

    async def execute(
        self, prompt: Any, stream: bool, response: Any, conversation: Any
    ) -> AsyncIterator[str]:
        if not next_call(prompt, response):
            yield ANSWER


@case("agent.sync")
def agent_sync(size: int) -> Callable[[], str]:
    model = ToolModel()
    tools = [llm.Tool.function(tool) for tool in TOOLS.values()]
    return lambda: model.chain(QUESTION, system=SYSTEM, tools=tools).text()


@case("agent.async")
def agent_async(size: int) -> Callable[[], Awaitable[str]]:
    model = AsyncToolModel()
    tools = [llm.Tool.function(tool) for tool in TOOLS.values()]

    async def run() -> str:
        return await model.chain(QUESTION, system=SYSTEM, tools=tools).text()

    return run
