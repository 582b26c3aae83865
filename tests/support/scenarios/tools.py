"""Tools: called with arguments and by a model, in pieces, together, and when they fail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio.lowlevel

from levada.errors import ToolException
from levada.messages import AIMessage, AIMessageChunk, ToolCall, ToolCallChunk
from levada.runnables import RunnableLambda, RunnablePassthrough
from levada.tools import (
    BaseTool,
    StructuredTool,
    ToolExecutor,
    aexecute_tool_calls,
    execute_tool_calls,
)

from .scenario import Planned, Scenario, Scripted, Stuck, both, scenario


def tool_of(function: Any, coroutine: Any, **about: Any) -> BaseTool:
    return StructuredTool.from_function(function, coroutine, **about)


def weather(**about: Any) -> BaseTool:
    def weather(city: str) -> str:
        """Say how the weather is."""
        return f"Sunny in {city}"

    async def aweather(city: str) -> str:
        await anyio.lowlevel.checkpoint()
        return f"Sunny in {city}"

    return tool_of(weather, aweather, name="weather", **about)


def failing(error: Exception, **about: Any) -> BaseTool:
    def broken(city: str) -> str:
        """Fail."""
        raise error

    async def abroken(city: str) -> str:
        await anyio.lowlevel.checkpoint()
        raise error

    return tool_of(broken, abroken, name="broken", **about)


def counting(fails: bool = False) -> BaseTool:
    def count(to: int) -> Iterator[str]:
        """Count."""
        for i in range(to):
            yield f"{i} "
        if fails:
            raise Planned("lost count")

    async def acount(to: int) -> AsyncIterator[str]:
        for i in range(to):
            await anyio.lowlevel.checkpoint()
            yield f"{i} "
        if fails:
            raise Planned("lost count")

    return tool_of(count, acount, name="count")


def asked(name: str, id: str | None = "call-1", **args: Any) -> ToolCall:
    return ToolCall(name=name, args=args, id=id, type="tool_call")


def model_that_calls(*calls: tuple[str, str]) -> Scripted:
    """Give a model that calls each tool with the arguments, as JSON that comes in two pieces."""
    pieces: list[Any] = []
    for i, (name, args) in enumerate(calls):
        half = len(args) // 2
        for said, begins in ((args[:half], True), (args[half:], False)):
            chunk = ToolCallChunk(
                type="tool_call_chunk",
                name=name if begins else None,
                args=said,
                id=f"call-{i}" if begins else None,
                index=i,
            )
            pieces.append(AIMessageChunk(content="", tool_call_chunks=[chunk]))
    return Scripted(script=[pieces])


# --- one tool ---


@scenario
def tool_alone() -> Scenario:
    tool = weather(tags=["outside"], metadata={"kind": "look-up"})
    return Scenario(tool, {"city": "Oslo"})


@scenario
def tool_in_a_chain() -> Scenario:
    """Called with arguments it gives the value itself."""
    chain = RunnableLambda(lambda city: {"city": city}, name="args") | weather()
    return Scenario(chain | RunnablePassthrough(), "Oslo")


@scenario
def tool_answers_a_model() -> Scenario:
    """Called with a tool call it gives a message."""
    model = model_that_calls(("weather", '{"city": "Oslo"}'))
    first_call = RunnableLambda(lambda message: message.tool_calls[0], name="first_call")
    return Scenario(model | first_call | weather(), "Weather in Oslo?")


@scenario
def tool_called_by_a_function() -> Scenario:
    tool = weather()

    def asks(call: Any) -> Any:
        return lambda x: call(tool, x)

    return Scenario(both(asks), asked("weather", city="Oslo"))


@scenario
def tool_fails() -> Scenario:
    """The error event says which call it was."""
    return Scenario(
        RunnablePassthrough() | failing(Planned("no wind")), asked("broken", city="Oslo")
    )


@scenario
def tool_handles_its_error() -> Scenario:
    tool = failing(ToolException("no wind"), handle_tool_error=True)
    return Scenario(RunnablePassthrough() | tool, asked("broken", city="Oslo"))


@scenario
def tool_in_pieces() -> Scenario:
    return Scenario(counting(), {"to": 3})


@scenario
def tool_in_pieces_in_a_chain() -> Scenario:
    return Scenario(RunnablePassthrough() | counting(), asked("count", to=2))


@scenario
def tool_in_pieces_called_by_a_function() -> Scenario:
    """It is streamed whenever somebody watches, and gives its sum."""
    tool = counting()

    def asks(call: Any) -> Any:
        return lambda x: call(tool, x)

    return Scenario(both(asks), {"to": 2})


@scenario
def tool_in_pieces_fails() -> Scenario:
    return Scenario(RunnablePassthrough() | counting(fails=True), asked("count", to=2))


# --- the calls of a message ---


@scenario
def tool_calls_of_a_model() -> Scenario:
    """Each call has a run, but one of a tool that is not there; one fails and is answered too."""
    model = model_that_calls(
        ("weather", '{"city": "Oslo"}'), ("nowhere", "{}"), ("broken", '{"city": "Bergen"}')
    )
    tools = [weather(), failing(Planned("no wind"))]
    return Scenario(model | ToolExecutor(tools, max_concurrency=1), "Weather?")


@scenario
def tool_calls_that_must_not_fail() -> Scenario:
    model = model_that_calls(("broken", '{"city": "Bergen"}'))
    return Scenario(
        model | ToolExecutor([failing(Planned("no wind"))], on_tool_error="raise"), "Weather?"
    )


@scenario
def tool_calls_executed_by_a_function() -> Scenario:
    """What an agent loop of the user's own does."""
    tools = [weather(), counting()]

    def executes(message: AIMessage) -> Any:
        return execute_tool_calls(message, tools, max_concurrency=1)

    async def aexecutes(message: AIMessage) -> Any:
        return await aexecute_tool_calls(message, tools, max_concurrency=1)

    model = model_that_calls(("weather", '{"city": "Oslo"}'), ("count", '{"to": 2}'))
    return Scenario(model | RunnableLambda(executes, aexecutes, name="executes"), "Weather?")


@scenario
def tool_calls_at_once() -> Scenario:
    model = model_that_calls(
        ("weather", '{"city": "Oslo"}'), ("count", '{"to": 3}'), ("weather", '{"city": "Bergen"}')
    )
    return Scenario(model | ToolExecutor([weather(), counting()]), "Weather?", concurrent=True)


@scenario
def tool_call_too_late(soon: float) -> Scenario:
    """It is answered by a message, and the chain goes on."""
    stuck = Stuck()

    def slow(city: str) -> str:
        """Take long."""
        stuck.wait()
        return city

    async def aslow(city: str) -> str:
        await stuck.await_()
        return city

    model = model_that_calls(("slow", '{"city": "Oslo"}'))
    executor = ToolExecutor([tool_of(slow, aslow, name="slow")], timeout_s=soon)
    return stuck.scenario(model | executor, "Weather?")
