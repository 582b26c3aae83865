"""`stream_events` is live, bounded and leaves nothing behind, without an event loop."""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from contextvars import ContextVar
from typing import Any

import pytest

from levada.errors import ConfigError
from levada.runnables import (
    Runnable,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
)
from live import TOKENS, Endless, Model

# LEVADA_MANY_EVENTS=1000000 takes a minute or two.
MANY = int(os.environ.get("LEVADA_MANY_EVENTS", "36000"))


def three_levels_down(model: Any) -> Runnable[Any, Any]:
    inner = RunnableLambda(lambda x: model.invoke(x))
    middle = RunnableLambda(lambda x: inner.invoke(x)) | RunnablePassthrough()
    return RunnableLambda(lambda x: middle.invoke(x))


def generated(model: Any) -> Runnable[Any, Any]:
    def stage(chunks: Iterator[Any]) -> Iterator[Any]:
        for chunk in chunks:
            yield from model.stream(chunk)

    return RunnableGenerator(stage)


CHAINS: dict[str, Callable[[Any], Runnable[Any, Any]]] = {
    "model": lambda model: model,
    "chain": lambda model: RunnablePassthrough() | model | RunnablePassthrough(),
    "three levels down": three_levels_down,
    "branch": lambda model: RunnableParallel(a=model, b=RunnablePassthrough()),
    "invoked branch": lambda model: RunnableLambda(
        lambda x: RunnableParallel(a=model, b=RunnablePassthrough()).invoke(x)
    ),
    "batch": lambda model: RunnableLambda(lambda x: model.batch([x])),
    "generator": generated,
    "loop of the user's": lambda model: RunnableLambda(lambda x: asyncio.run(model.ainvoke(x))),
}


@pytest.mark.parametrize("make", CHAINS.values(), ids=CHAINS)
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_token_is_seen_before_the_next_one_is_made(make, version) -> None:
    model = Model()
    tokens = []
    for event in make(model).stream_events("x", version=version):
        if event["event"] == "on_chat_model_stream":
            tokens.append(event["data"]["chunk"])
            model.seen += 1
    assert tokens == TOKENS


def test_a_start_is_seen_while_the_step_works() -> None:
    seen = threading.Event()

    def works(x: Any) -> bool:
        return seen.wait(10)

    for event in RunnableLambda(works).stream_events("x"):
        if event["event"] == "on_chain_start":
            seen.set()
        elif event["event"] == "on_chain_end":
            assert event["data"] == {"output": True}


@pytest.mark.parametrize("make", CHAINS.values(), ids=CHAINS)
def test_a_reader_that_leaves_stops_the_model(make) -> None:
    model = Endless()
    with closing(make(model).stream_events("x")) as events:
        for event in events:
            if event["event"] == "on_chat_model_stream":
                break
    assert model.count < 1000


@pytest.mark.parametrize("make", CHAINS.values(), ids=CHAINS)
def test_a_reader_that_waits_holds_the_model_back(make) -> None:
    model = Endless()
    with closing(make(model).stream_events("x")) as events:
        for event in events:
            if event["event"] == "on_chat_model_stream":
                break
        for _ in range(200):
            before = model.count
            threading.Event().wait(0.002)
            if before == model.count:
                break
        assert 0 < model.count < 1000


def test_a_reader_that_leaves_stops_a_function_before_its_next_call() -> None:
    calls: list[int] = []
    small = RunnableLambda(calls.append)
    read = threading.Event()

    def endless(x: Any) -> None:
        for i in range(20_000):
            small.invoke(i)
            read.wait(10)

    with closing(RunnableLambda(endless).stream_events("x")) as events:
        for event in events:
            if event["name"] != "endless":
                break
        read.set()
    assert len(calls) < 1000


def test_a_parallel_that_is_stopped_gives_no_half_of_its_output_to_the_next_step() -> None:
    got: list[Any] = []
    left = threading.Event()

    def slowly(x: Any) -> Iterator[str]:
        yield "one"
        left.wait(10)
        yield from itertools.repeat("more")

    chain = RunnableParallel(a=slowly, b=RunnablePassthrough()) | RunnableLambda(got.append)
    with closing(chain.stream_events("x")) as events:
        streamed = 0  # by the parallel step: nothing of it is on its way when the reader leaves
        for event in events:
            streamed += event["event"] == "on_chain_stream" and event["name"].endswith("<a,b>")
            if streamed == 2:
                break
        threading.Timer(0.05, left.set).start()
    assert got == []


def test_a_generator_that_is_dropped_stops_its_thread() -> None:
    model = Endless()
    events = model.stream_events("x")
    assert next(events)["event"] == "on_chat_model_start"
    del events
    gc.collect()
    assert model.count < 1000


def test_a_generator_that_is_closed_before_it_is_read_runs_nothing() -> None:
    calls: list[Any] = []
    RunnableLambda(calls.append).stream_events("x").close()
    assert calls == []


def test_a_failure_is_raised_after_its_events() -> None:
    def fails(x: Any) -> Any:
        raise ValueError("no")

    seen = []
    with pytest.raises(ValueError, match="no"):
        for event in RunnableLambda(fails).stream_events("x"):
            seen.append(event["event"])
    assert seen == ["on_chain_start", "on_chain_error"]


def test_a_wrong_version_and_a_wrong_config_are_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="version='v1' and version='v2'; got 'v3'"):
        RunnablePassthrough().stream_events(1, version="v3")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="did you mean 'tags'"):
        RunnablePassthrough().stream_events(1, {"tagz": []})  # type: ignore[typeddict-unknown-key]


def test_the_steps_run_in_the_context_of_the_reader() -> None:
    who: ContextVar[str] = ContextVar("who")
    who.set("me")
    events = list(RunnableLambda(lambda x: who.get()).stream_events("x"))
    assert events[-1]["data"] == {"output": "me"}


def test_a_reader_within_a_step_and_the_one_around_it_see_its_events_once() -> None:
    inside: list[str] = []
    leaf = RunnableLambda(lambda x: x + 1, name="leaf")

    def reads(x: int) -> int:
        for event in leaf.stream_events(x):
            inside.append(event["event"])
            assert event["parent_ids"] == []
        return x

    outside = list(RunnableLambda(reads).stream_events(1))
    assert inside == ["on_chain_start", "on_chain_stream", "on_chain_end"]
    assert [e["event"] for e in outside if e["name"] == "leaf"] == inside
    assert {tuple(e["parent_ids"]) for e in outside if e["name"] == "leaf"} == {
        (outside[0]["run_id"],)
    }


def test_the_events_may_be_read_by_several_threads_in_turn() -> None:
    events = (RunnableLambda(lambda x: x) | Endless(end=2000)).stream_events("x")
    seen: list[Any] = []

    def read_some() -> None:
        for _ in range(700):
            seen.append(next(events, None))

    for _ in range(6):
        thread = threading.Thread(target=read_some)
        thread.start()
        thread.join()
    numbers = [e["data"]["chunk"] for e in seen if e and e["event"] == "on_chat_model_stream"]
    assert numbers == list(range(2000))
    assert seen[-1] is None


@pytest.mark.timeout(600)
def test_memory_stays_flat_over_many_events() -> None:
    chain = RunnablePassthrough() | Endless(end=MANY // 3) | RunnablePassthrough()
    seen, low, high = 0, 0, 0
    with closing(chain.stream_events("x")) as events:
        for _ in events:
            seen += 1
            if seen == 9_000:
                gc.collect()
                tracemalloc.start()
                low = tracemalloc.get_traced_memory()[0]
            if seen > 15_000 and seen % 3_000 == 0:
                high = max(high, tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert seen >= MANY - 3
    assert high - low < 300_000  # 30,000 events of some 400 bytes would be 12 MB
