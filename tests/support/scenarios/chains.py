"""What goes well, and events of the user's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from levada.messages import AIMessageChunk, ToolCallChunk
from levada.parsers import JsonOutputParser, StrOutputParser
from levada.runnables import (
    RouterRunnable,
    RunnableBranch,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    adispatch_custom_event,
    dispatch_custom_event,
)

from .scenario import Scenario, Scripted, Whole, ask, both, says, scenario


@scenario
def model_alone() -> Scenario:
    return Scenario(says("Good morning to you"), "say hello")


@scenario
def prompt_model_parser() -> Scenario:
    return Scenario(ask() | says("Tides follow the moon") | StrOutputParser(), {"topic": "tides"})


@scenario
def json_objects() -> Scenario:
    return Scenario(says('{"name": "Ada", "langs": ["en"]}') | JsonOutputParser(), "go")


@scenario
def tool_call_in_pieces() -> Scenario:
    def piece(args: str, name: str | None = None, id: str | None = None) -> AIMessageChunk:
        call = ToolCallChunk(type="tool_call_chunk", name=name, args=args, id=id, index=0)
        return AIMessageChunk(content="", tool_call_chunks=[call])

    return Scenario(
        Scripted(script=[[piece("", "weather", "call-1"), piece('{"city": "Os'), piece('lo"}')]]),
        "Weather in Oslo?",
    )


@scenario
def whole_model_in_a_chain() -> Scenario:
    return Scenario(ask() | Whole() | StrOutputParser(), {"topic": "bread"})


@scenario
def branch_and_router() -> Scenario:
    router = RouterRunnable({"short": says("in short"), "long": says("at length")})
    branch = RunnableBranch(
        (lambda x: len(x) < 9, lambda x: {"key": "short", "input": x}),
        lambda x: {"key": "long", "input": x},
    )
    return Scenario(branch | router | StrOutputParser(), "tea")


@scenario
def assign_and_pick() -> Scenario:
    chain = RunnablePassthrough.assign(double=lambda d: 2 * d["n"]).pick("double")
    return Scenario(chain, {"n": 21}, concurrent=True)


@scenario
def generator_stage() -> Scenario:
    def shout(chunks: Iterator[str]) -> Iterator[str]:
        for chunk in chunks:
            if chunk.strip():
                yield chunk.upper()

    async def ashout(chunks: AsyncIterator[str]) -> AsyncIterator[str]:
        async for chunk in chunks:
            if chunk.strip():
                yield chunk.upper()

    return Scenario(
        says("two tiny words") | StrOutputParser() | RunnableGenerator(shout, ashout), "x"
    )


@scenario
def filtered() -> Scenario:
    chain = ask().with_config(tags=["keep"]) | says("picked apart") | StrOutputParser()
    filters = {"include_types": ["chat_model"], "include_tags": ["keep"]}
    return Scenario(chain, {"topic": "locks"}, {"tags": ["call"]}, filters)


@scenario
def parallel_chains() -> Scenario:
    chain = RunnableParallel(
        poem=ask() | says("roses are red") | StrOutputParser(),
        fact=ask() | says("they have thorns") | StrOutputParser(),
    )
    return Scenario(chain, {"topic": "roses"}, concurrent=True)


@scenario
def mapped_and_batched() -> Scenario:
    mapped = (ask() | says("one of many") | StrOutputParser()).map()
    return Scenario(
        mapped | (lambda parts: ", ".join(parts)), [{"topic": "a"}, {"topic": "b"}], concurrent=True
    )


@scenario
def called_three_levels_down() -> Scenario:
    model = says("deep down")

    def inner(call: Any) -> Any:
        return lambda x: call(model, x)

    def middle(call: Any) -> Any:
        return lambda x: call(both(inner) | StrOutputParser(), x)

    def outer(call: Any) -> Any:
        return lambda x: call(both(middle), x)

    return Scenario(both(outer), "look")


# --- custom events ---


@scenario
def custom_events() -> Scenario:
    """A function reports its progress; a generator, before it has taken anything."""

    def works(x: Any) -> Any:
        dispatch_custom_event("progress", {"done": 1, "of": 2})
        dispatch_custom_event("progress", {"done": 2, "of": 2})
        return x

    async def aworks(x: Any) -> Any:
        await adispatch_custom_event("progress", {"done": 1, "of": 2})
        await adispatch_custom_event("progress", {"done": 2, "of": 2})
        return x

    def early(chunks: Iterator[Any]) -> Iterator[Any]:
        dispatch_custom_event("early", None)
        yield from chunks

    async def aearly(chunks: AsyncIterator[Any]) -> AsyncIterator[Any]:
        await adispatch_custom_event("early", None)
        async for chunk in chunks:
            yield chunk

    working = RunnableLambda(works, aworks, name="works").with_config(tags=["slow"])
    return Scenario(working | RunnableGenerator(early, aearly, name="early"), 1)
