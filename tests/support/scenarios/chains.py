"""Runs worth watching: one of each construct, and of each way to end badly.

A scenario is a function that makes its chain anew, so that nothing is left from an earlier run. All
of it works sync and async, and waits for no time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.lowlevel

from levada.chat_models import BaseChatModel, GenericFakeChatModel
from levada.messages import AIMessage, AIMessageChunk, ToolCallChunk
from levada.parsers import JsonOutputParser, StrOutputParser
from levada.prompts import ChatPromptTemplate
from levada.runnables import (
    RouterRunnable,
    Runnable,
    RunnableBranch,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    adispatch_custom_event,
    dispatch_custom_event,
)


class Planned(ValueError):
    """The only exception that scenarios raise on purpose."""


@dataclass
class Scenario:
    """A chain to run.

    Attributes:
        chain: The chain.
        input: Its input.
        config: The config of the call.
        filters: What the reader wants to see.
        concurrent: Whether its events have no order that is always the same.
        stops: After how many events the reader leaves; None if it reads to the end.
    """

    chain: Runnable[Any, Any]
    input: Any
    config: Any = None
    filters: dict[str, Any] = field(default_factory=dict[str, Any])
    concurrent: bool = False
    stops: int | None = None


SCENARIOS: dict[str, Callable[[], Scenario]] = {}


def scenario(make: Callable[[], Scenario]) -> Callable[[], Scenario]:
    """Give the scenario its name."""
    SCENARIOS[make.__name__] = make
    return make


class Scripted(BaseChatModel):
    """Plays one turn of its script a call: texts, chunks, and exceptions to raise."""

    script: list[list[Any]]

    def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Iterator[AIMessageChunk]:
        for item in self.script.pop(0):
            if isinstance(item, Exception):
                raise item
            yield AIMessageChunk(content=item) if isinstance(item, str) else item

    async def _astream(
        self, messages: Any, stop: Any = None, **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        for item in self._stream(messages):
            await anyio.lowlevel.checkpoint()
            yield item


class Endless(BaseChatModel):
    """Does not end before its reader leaves."""

    def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Iterator[AIMessageChunk]:
        while True:
            yield AIMessageChunk(content="more ")

    async def _astream(
        self, messages: Any, stop: Any = None, **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        while True:
            await anyio.lowlevel.checkpoint()
            yield AIMessageChunk(content="more ")


class Whole(BaseChatModel):
    """Cannot stream."""

    def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
        return AIMessage("all at once")


def says(text: str) -> GenericFakeChatModel:
    return GenericFakeChatModel(messages=iter([text] * 3))


def ask() -> ChatPromptTemplate:
    return ChatPromptTemplate.from_messages([("human", "Tell me about {topic}.")])


def fails(x: Any) -> Any:
    raise Planned("no")


def both(function: Callable[[Any], Any]) -> RunnableLambda[Any, Any]:
    """Give a step that calls runnables: `function(call)` in sync, awaited in async."""

    def step(x: Any) -> Any:
        return function(lambda runnable, value: runnable.invoke(value))(x)

    async def astep(x: Any) -> Any:
        return await function(lambda runnable, value: runnable.ainvoke(value))(x)

    return RunnableLambda(step, astep, name=function.__name__)


# --- what goes well ---


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


# --- errors ---


@scenario
def prompt_fails() -> Scenario:
    """A variable is missing: nothing after the prompt has a run."""
    return Scenario(ask() | says("never") | StrOutputParser(), {"subject": "tides"})


@scenario
def model_fails_at_once() -> Scenario:
    return Scenario(
        ask() | Scripted(script=[[Planned("down")]]) | StrOutputParser(), {"topic": "x"}
    )


@scenario
def model_fails_in_the_middle() -> Scenario:
    """What came before the failure has gone through the chain."""
    model = Scripted(script=[["It ", "is ", Planned("cut off")]])
    return Scenario(ask() | model | StrOutputParser(), {"topic": "x"})


@scenario
def parser_fails() -> Scenario:
    return Scenario(says("[1, 2] and then 3") | JsonOutputParser() | RunnablePassthrough(), "go")


@scenario
def step_after_a_model_fails() -> Scenario:
    return Scenario(ask() | says("half truth") | RunnableLambda(fails), {"topic": "news"})


@scenario
def called_model_fails() -> Scenario:
    model = Scripted(script=[["well, ", Planned("cut off")]])

    def asks(call: Any) -> Any:
        return lambda x: call(model, x)

    return Scenario(both(asks) | RunnablePassthrough(), "go")


# --- second tries ---


@scenario
def retry_in_a_stream() -> Scenario:
    """Each try has a run of its own; the second one streams."""
    model = Scripted(script=[[Planned("busy")], ["at ", "last"]])
    patient = model.with_retry(stop_after_attempt=3, wait_exponential_jitter=False)
    return Scenario(ask() | patient | StrOutputParser(), {"topic": "luck"})


@scenario
def retry_after_the_first_chunk() -> Scenario:
    """What has been passed on cannot be taken back: there is no second try."""
    model = Scripted(script=[["at ", Planned("cut off")], ["never"]])
    patient = model.with_retry(stop_after_attempt=3, wait_exponential_jitter=False)
    return Scenario(patient | StrOutputParser(), "go")


@scenario
def retry_used_up() -> Scenario:
    model = Scripted(script=[[Planned("busy")], [Planned("still busy")]])
    patient = model.with_retry(stop_after_attempt=2, wait_exponential_jitter=False)
    return Scenario(patient | StrOutputParser(), "go")


@scenario
def fallback_in_a_stream() -> Scenario:
    broken = Scripted(script=[[Planned("down")]])
    chain = ask() | broken.with_fallbacks([says("plan B works")]) | StrOutputParser()
    return Scenario(chain, {"topic": "luck"})


@scenario
def all_fallbacks_fail() -> Scenario:
    """The first error is raised."""
    one, two = Scripted(script=[[Planned("one")]]), Scripted(script=[[Planned("two")]])
    return Scenario(one.with_fallbacks([two]) | StrOutputParser(), "go")


# --- readers that leave ---


@scenario
def left_in_the_middle() -> Scenario:
    """The reader leaves at the second token: all runs end with the cancellation as their error."""
    return Scenario(ask() | Endless() | StrOutputParser(), {"topic": "x"}, stops=9)


@scenario
def left_while_a_function_calls_a_model() -> Scenario:
    model = Endless()

    def asks(call: Any) -> Any:
        return lambda x: call(model, x)

    return Scenario(both(asks) | RunnablePassthrough(), "go", stops=5)
