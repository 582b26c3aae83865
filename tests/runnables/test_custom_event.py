"""Events of the user's own, from wherever a run has its code executed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest

from levada.runnables import (
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    adispatch_custom_event,
    dispatch_custom_event,
)


def reports(x: Any) -> Any:
    dispatch_custom_event("progress", {"at": x})
    return x


async def areports(x: Any) -> Any:
    await adispatch_custom_event("progress", {"at": x})
    return x


@pytest.fixture
def reporting(run: Any) -> RunnableLambda[Any, Any]:
    """Give a step that dispatches an event, in the colour of the test."""
    return RunnableLambda(reports if run.sync else areports, name="reports")


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_custom_event_is_one_of_the_run_that_dispatches_it(run, reporting, version) -> None:
    chain = RunnablePassthrough() | reporting.with_config(tags=["t"], metadata={"m": 1})
    events = run.events(chain, 7, version=version)
    (custom,) = [e for e in events if e["event"] == "on_custom_event"]
    (start,) = [e for e in events if e["event"] == "on_chain_start" and e["name"] == "reports"]
    assert custom == {**start, "event": "on_custom_event", "name": "progress", "data": {"at": 7}}
    assert events.index(custom) > events.index(start)


def test_nothing_happens_while_nobody_watches(run, reporting) -> None:
    chain = RunnablePassthrough() | RunnableParallel(a=reporting, b=reporting)
    assert run.invoke(chain, 7) == {"a": 7, "b": 7}
    assert run.invoke(reporting, 7, {"tags": ["t"]}) == 7
    assert run.stream(chain, 7)


def test_a_method_for_custom_events_gets_them(run, reporting) -> None:
    class Progress:
        def __init__(self) -> None:
            self.seen: list[Any] = []

        def on_custom_event(self, event: Any) -> None:
            self.seen.append((event["name"], event["data"]))

    progress = Progress()
    run.invoke(reporting, 7, {"callbacks": [progress]})
    assert progress.seen == [("progress", {"at": 7})]


@pytest.mark.parametrize(
    ("filters", "seen"),
    [
        ({"include_names": ["progress"]}, True),
        ({"include_types": ["custom"]}, True),
        ({"include_types": ["chain"]}, False),
        ({"include_tags": ["t"]}, True),
        ({"exclude_names": ["reports"]}, True),
        ({"exclude_names": ["progress"]}, False),
        ({"exclude_types": ["custom"]}, False),
        ({"include_names": ["reports"]}, False),
    ],
)
def test_a_custom_event_is_filtered_by_itself(run, reporting, filters, seen) -> None:
    events = run.events(reporting.with_config(tags=["t"]), 7, **filters)
    assert ("on_custom_event" in {e["event"] for e in events}) is seen


def test_outside_of_any_run_it_is_an_error(run, reporting) -> None:
    run.invoke(reporting, 1)
    if run.sync:
        with pytest.raises(RuntimeError, match="'lost' was dispatched outside of any run"):
            dispatch_custom_event("lost", 1)
        return

    async def outside() -> None:
        await reporting.ainvoke(1)
        with pytest.raises(RuntimeError, match="'lost' was dispatched outside of any run"):
            await adispatch_custom_event("lost", 1)

    anyio.run(outside, backend=run.how)


def test_the_data_of_an_observer_that_dispatches_is_lost(run, step) -> None:
    class Loud:
        def on_event(self, event: Any) -> None:
            dispatch_custom_event("echo", event)

    assert run.invoke(step(lambda x: x), 1, {"callbacks": [Loud()]}) == 1


@pytest.mark.parametrize("watched", [True, False])
def test_in_a_bare_thread_the_config_says_which_run_it_is(run, watch, watched) -> None:
    def starts(x: Any, config: Any) -> Any:
        def work() -> None:
            dispatch_custom_event("from a thread", x, config=config)
            RunnableLambda(reports).invoke(x, {**config, "run_name": "in a thread"})

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return x

    chain = RunnableLambda(starts)
    assert run.invoke(chain, 3, {"callbacks": [watch]} if watched else None) == 3
    watch.assert_whole()
    assert watch.heads == watched * [
        ("chain_start", "starts"),
        ("custom_event", "from a thread"),
        ("chain_start", "in a thread"),
        ("custom_event", "progress"),
        ("chain_end", "in a thread"),
        ("chain_end", "starts"),
    ]


def test_a_generator_may_dispatch_before_it_takes_anything(run) -> None:
    def early(chunks: Iterator[Any]) -> Iterator[Any]:
        dispatch_custom_event("early", 0)
        for chunk in chunks:
            dispatch_custom_event("took", chunk)
            yield chunk

    async def aearly(chunks: AsyncIterator[Any]) -> AsyncIterator[Any]:
        await adispatch_custom_event("early", 0)
        async for chunk in chunks:
            await adispatch_custom_event("took", chunk)
            yield chunk

    generator: Any = RunnableGenerator(early if run.sync else aearly, name="generator")
    assert run.heads(generator, 1) == [
        ("on_chain_start", "generator"),
        ("on_custom_event", "early"),
        ("on_custom_event", "took"),
        ("on_chain_stream", "generator"),
        ("on_chain_end", "generator"),
    ]
    assert run.stream(generator, 1) == [1]


async def in_a_task(x: Any) -> Any:
    async with anyio.create_task_group() as group:
        group.start_soon(adispatch_custom_event, "progress", x)
    return x


async def in_a_worker_thread(x: Any) -> Any:
    await anyio.to_thread.run_sync(dispatch_custom_event, "progress", x)
    return x


def from_a_worker_thread(x: Any) -> Any:
    anyio.from_thread.run(adispatch_custom_event, "progress", x)
    return x


def in_a_loop_of_its_own(x: Any) -> Any:
    asyncio.run(areports(x))
    return x


async def deeper(x: Any) -> Any:
    return await (RunnablePassthrough() | RunnableLambda(in_a_task)).ainvoke(x)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "function", [in_a_task, in_a_worker_thread, from_a_worker_thread, in_a_loop_of_its_own, deeper]
)
@pytest.mark.parametrize("verb", ["ainvoke", "astream", "astream_events"])
async def test_it_may_be_dispatched_from_where_a_step_has_work_done(function, verb) -> None:
    step = RunnablePassthrough() | RunnableLambda(function)
    if verb == "ainvoke":
        assert await step.ainvoke(1) == 1
    elif verb == "astream":
        assert [chunk async for chunk in step.astream(1)] == [1]
    else:
        names = [e["name"] async for e in step.astream_events(1)]
        assert names.count("progress") == 1


@pytest.mark.anyio
async def test_a_custom_event_is_seen_before_its_step_goes_on() -> None:
    seen = anyio.Event()

    async def waits(x: Any) -> Any:
        await adispatch_custom_event("here", x)
        with anyio.fail_after(10):
            await seen.wait()

    async for event in RunnableLambda(waits).astream_events(1):
        if event["event"] == "on_custom_event":
            seen.set()


@pytest.mark.anyio
async def test_custom_events_are_bounded() -> None:
    sent = 0

    async def floods(x: Any) -> Any:
        nonlocal sent
        for _ in range(20_000):
            sent += 1
            await adispatch_custom_event("drop", x)

    async with aclosing(RunnableLambda(floods).astream_events(1)) as events:
        await anext(events)
        await anyio.wait_all_tasks_blocked()
        assert sent < 1000


def test_custom_events_from_a_thread_are_bounded() -> None:
    sent: list[int] = []

    def floods(x: Any) -> Any:
        for i in range(20_000):
            sent.append(i)
            dispatch_custom_event("drop", x)

    with closing(RunnableLambda(floods).stream_events(1)) as events:
        for event in events:
            if event["event"] == "on_custom_event":
                break
    assert len(sent) < 1000
