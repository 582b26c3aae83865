"""Limits of time, second attempts beside the first, and what a step itself stops.

What is cut off waits to be released. A plain function or model cannot be stopped: its thread is
left to itself, and to those who watch it has ended.
"""

from __future__ import annotations

from contextlib import aclosing, closing
from typing import Any

import anyio
import anyio.lowlevel

from levada.chat_models import GenericFakeChatModel
from levada.parsers import StrOutputParser
from levada.runnables import RunnableLambda, RunnablePassthrough

from .scenario import (
    LONG,
    Endless,
    Planned,
    Scenario,
    Scripted,
    Stuck,
    ask,
    both,
    says,
    scenario,
)


def waits_for(stuck: Stuck, name: str) -> RunnableLambda[Any, Any]:
    def wait(x: Any) -> Any:
        stuck.wait()
        return x

    async def await_(x: Any) -> Any:
        await stuck.await_()

    return RunnableLambda(wait, await_, name=name)


# --- limits ---


@scenario
def in_time() -> Scenario:
    """A limit that is kept shows only as a run around that of its step."""
    model = says("just in time").with_timeout(LONG, first_chunk=LONG, between_chunks=LONG)
    return Scenario(ask() | model | StrOutputParser(), {"topic": "trains"})


@scenario
def call_too_late(soon: float) -> Scenario:
    """What a function has called ends with the limit around the function."""
    stuck = Stuck()
    inner = waits_for(stuck, "inner")

    def asks(call: Any) -> Any:
        return lambda x: call(inner, x)

    timed = both(asks).with_timeout(soon)
    return stuck.scenario(RunnablePassthrough() | timed | RunnablePassthrough(), "go")


@scenario
def function_too_late(soon: float) -> Scenario:
    """A plain function is left in its thread, also where the others are async."""
    stuck = Stuck()

    def waits(x: Any) -> Any:
        stuck.wait()

    return stuck.scenario(RunnableLambda(waits).with_timeout(soon) | RunnablePassthrough(), "go")


@scenario
def first_chunk_too_late(soon: float) -> Scenario:
    """Nothing has been passed on: a fallback takes over."""
    stuck = Stuck()
    slow = Scripted(script=[[stuck, "never"]]).with_timeout(first_chunk=soon)
    chain = ask() | slow.with_fallbacks([says("plan B works")]) | StrOutputParser()
    return stuck.scenario(chain, {"topic": "luck"})


@scenario
def next_chunk_too_late(soon: float) -> Scenario:
    """What has been passed on stays, and the stream fails."""
    stuck = Stuck()
    slow = Scripted(script=[["so ", "far ", stuck, "never"]]).with_timeout(between_chunks=soon)
    return stuck.scenario(ask() | slow | StrOutputParser(), {"topic": "luck"})


@scenario
def stream_too_late_and_tried_again(soon: float) -> Scenario:
    stuck = Stuck()
    slow = Scripted(script=[[stuck, "never"], ["at ", "last"]])
    patient = slow.with_timeout(first_chunk=soon).with_retry(
        stop_after_attempt=2, wait_exponential_jitter=False
    )

    def cut_off_once(events: list[Any]) -> bool:
        """Whether the first attempt came to wait, and the second one was quick enough."""
        errors = [event for event in events if event["event"] == "on_chat_model_error"]
        return stuck.began.is_set() and len(errors) == 1

    return stuck.scenario(patient | StrOutputParser(), "go", in_time=cut_off_once)


# --- hedges ---


def first_was_stuck(events: list[Any]) -> bool:
    """Whether it was the first attempt that was cut off."""
    starts = [e for e in events if e["event"] == "on_chat_model_start"]
    stopped = [e["run_id"] for e in events if e["event"] == "on_chat_model_error"]
    return "hedge:attempt:2" not in starts[0]["tags"] and stopped == [starts[0]["run_id"]]


@scenario
def hedged_and_quick() -> Scenario:
    """There is no second attempt."""
    return Scenario(
        ask() | says("no need").with_hedge(after=LONG) | StrOutputParser(), {"topic": "x"}
    )


@scenario
def hedged_and_the_second_wins(soon: float) -> Scenario:
    """The first attempt is stopped as soon as the second one has given something."""
    stuck = Stuck()
    model = Scripted(script=[[stuck, "never"], ["second ", "wind"]])
    chain = ask() | model.with_hedge(after=soon) | StrOutputParser()
    return stuck.scenario(chain, {"topic": "x"}, in_time=first_was_stuck)


@scenario
def hedged_call_and_the_second_wins(soon: float) -> Scenario:
    stuck = Stuck()
    model = Scripted(script=[[stuck, "never"], ["second ", "wind"]])
    hedged = model.with_hedge(after=soon)

    def asks(call: Any) -> Any:
        return lambda x: call(hedged, x)

    return stuck.scenario(both(asks) | StrOutputParser(), "go", in_time=first_was_stuck)


@scenario
def hedged_and_fails_at_once() -> Scenario:
    """To try again is not what a hedge is for."""
    model = Scripted(script=[[Planned("down")], ["never"]])
    return Scenario(model.with_hedge(after=LONG) | StrOutputParser(), "go")


# --- stopped by a step ---


@scenario
def stopped_by_a_step() -> Scenario:
    """A function reads a little of a chain and then stops it: it closes it, or cancels its task."""
    inner = (Endless() | StrOutputParser()).with_config(run_name="inner")

    def reads(x: Any) -> str:
        with closing(inner.stream(x)) as chunks:
            return next(chunks) + next(chunks)

    async def areads(x: Any) -> str:
        seen: list[str] = []
        with anyio.CancelScope() as scope:
            async with aclosing(inner.astream(x)) as chunks:
                async for chunk in chunks:
                    seen.append(chunk)
                    if len(seen) == 2:
                        scope.cancel()
                        await anyio.lowlevel.checkpoint()
        return "".join(seen)

    return Scenario(RunnableLambda(reads, areads, name="reads") | RunnablePassthrough(), "go")


@scenario
def first_of_two() -> Scenario:
    """A function takes whichever model is ready first, and stops the other."""
    quick: Any = GenericFakeChatModel(messages=iter(["quick"] * 3), name="quick")
    slow: Any = Endless(name="slow")

    def race(x: Any) -> str:
        with closing(slow.stream(x)) as chunks:
            next(chunks)
            return str(quick.invoke(x).text)

    async def arace(x: Any) -> str:
        async with aclosing(slow.astream(x)) as chunks:
            await anext(chunks)
            return str((await quick.ainvoke(x)).text)

    return Scenario(RunnableLambda(race, arace, name="race"), "go")
