"""langgraph: the same work as a graph of three nodes; its agent is the prebuilt one."""

# mypy: disable-error-code="import-not-found, misc, no-any-return, unused-ignore, valid-type"

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypedDict

from langchain_core.messages import BaseMessage
from langgraph.graph import END, START, StateGraph
from langgraph.prebuilt import create_react_agent

from ..cases import case
from ..material import QUESTION, SYSTEM, TOKENS_PER_STREAM, TOOLS, VALUES, WORKERS
from .langchain_model import FixedModel, FixedStreamModel, ToolModel, prompt


class State(TypedDict, total=False):
    """What the nodes hand to each other."""

    tone: str
    topic: str
    messages: list[BaseMessage]
    reply: BaseMessage
    text: str


def graph(model: FixedModel) -> Any:
    template = prompt()

    def ask(state: State) -> State:
        return {"messages": template.invoke(state).to_messages()}

    def call(state: State) -> State:
        return {"reply": model.invoke(state["messages"])}

    def read(state: State) -> State:
        return {"text": str(state["reply"].content)}

    return _compiled(ask, call, read)


def agraph(model: FixedModel) -> Any:
    template = prompt()

    async def ask(state: State) -> State:
        return {"messages": template.invoke(state).to_messages()}

    async def call(state: State) -> State:
        return {"reply": await model.ainvoke(state["messages"])}

    async def read(state: State) -> State:
        return {"text": str(state["reply"].content)}

    return _compiled(ask, call, read)


def _compiled(*nodes: Callable[[State], Any]) -> Any:
    builder = StateGraph(State)
    before = START
    for node in nodes:
        builder.add_node(node.__name__, node)
        builder.add_edge(before, node.__name__)
        before = node.__name__
    builder.add_edge(before, END)
    return builder.compile()


@case("invoke.sync")
def invoke_sync(size: int) -> Callable[[], str]:
    steps = graph(FixedModel())
    return lambda: steps.invoke(VALUES)["text"]


@case("invoke.async")
def invoke_async(size: int) -> Callable[[], Awaitable[str]]:
    steps = agraph(FixedModel())

    async def run() -> str:
        return (await steps.ainvoke(VALUES))["text"]

    return run


@case("stream.sync")
def stream_sync(size: int) -> Callable[[], int]:
    steps = graph(FixedStreamModel(tokens=size))
    return lambda: sum(1 for _ in steps.stream(VALUES, stream_mode="messages"))


async def count(chunks: AsyncIterator[Any]) -> int:
    seen = 0
    async for _ in chunks:
        seen += 1
    return seen


@case("stream.async")
def stream_async(size: int) -> Callable[[], Awaitable[int]]:
    steps = agraph(FixedStreamModel(tokens=size))

    async def run() -> int:
        return await count(steps.astream(VALUES, stream_mode="messages"))

    return run


@case("events.v2", most=16_000)
def events_v2(size: int) -> Callable[[], Awaitable[int]]:
    steps = agraph(FixedStreamModel(tokens=size))

    async def run() -> int:
        return await count(steps.astream_events(VALUES, version="v2"))

    return run


@case("batch.sync")
def batch_sync(size: int) -> Callable[[], int]:
    steps = graph(FixedModel())
    inputs = [VALUES] * size
    return lambda: len(steps.batch(inputs, config={"max_concurrency": WORKERS}))


@case("batch.async")
def batch_async(size: int) -> Callable[[], Awaitable[int]]:
    steps = agraph(FixedModel(waits=True))
    inputs = [VALUES] * size

    async def run() -> int:
        return len(await steps.abatch(inputs, config={"max_concurrency": WORKERS}))

    return run


@case("concurrent.stream")
def concurrent_stream(size: int) -> Callable[[], Awaitable[int]]:
    steps = agraph(FixedStreamModel(tokens=TOKENS_PER_STREAM, waits=True))

    async def run() -> int:
        streams = (steps.astream(VALUES, stream_mode="messages") for _ in range(size))
        return sum(await asyncio.gather(*map(count, streams)))

    return run


class Number(TypedDict):
    """The state of a graph of functions."""

    value: int


def _same(state: Number) -> Number:
    return {"value": state["value"]}


async def _asame(state: Number) -> Number:
    return {"value": state["value"]}


def _line(function: Callable[[Number], Any], size: int) -> Any:
    builder = StateGraph(Number)
    names = [f"step {number}" for number in range(size)]
    for name in names:
        builder.add_node(name, function)
    for before, after in zip([START, *names], [*names, END], strict=True):
        builder.add_edge(before, after)
    return builder.compile()


def _long(size: int) -> dict[str, int]:
    return {"recursion_limit": size + 5}


@case("steps.sync")
def steps_sync(size: int) -> Callable[[], int]:
    steps = _line(_same, size)
    return lambda: steps.invoke({"value": size}, _long(size))["value"]


@case("steps.async")
def steps_async(size: int) -> Callable[[], Awaitable[int]]:
    steps = _line(_asame, size)

    async def run() -> int:
        return (await steps.ainvoke({"value": size}, _long(size)))["value"]

    return run


@case("steps.events")
def steps_events(size: int) -> Callable[[], Awaitable[int]]:
    steps = _line(_asame, size)

    async def run() -> int:
        return await count(steps.astream_events({"value": size}, _long(size), version="v2"))

    return run


def _agent() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has moved to a package that is not measured here
        return create_react_agent(ToolModel(), list(TOOLS.values()))


ASKED = {"messages": [("system", SYSTEM), ("human", QUESTION)]}


@case("agent.sync")
def agent_sync(size: int) -> Callable[[], str]:
    agent = _agent()
    return lambda: agent.invoke(ASKED)["messages"][-1].content


@case("agent.async")
def agent_async(size: int) -> Callable[[], Awaitable[str]]:
    agent = _agent()

    async def run() -> str:
        return (await agent.ainvoke(ASKED))["messages"][-1].content

    return run
