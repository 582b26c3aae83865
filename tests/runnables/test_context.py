"""A runnable called inside a step nests under it, without a config being passed on."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest

from levada.runnables import (
    Runnable,
    RunnableBranch,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    chain,
)


@chain
def leaf(x: Any) -> Any:
    return x


def parents(events: list[Any]) -> dict[str, list[str]]:
    """Give the names of the runs around each run that has started, from the outermost."""
    names = {e["run_id"]: e["name"] for e in events}
    return {
        e["name"]: [names[p] for p in e["parent_ids"]]
        for e in events
        if e["event"].endswith("_start")
    }


# --- where a call inside a step nests ---


def sync_function() -> Runnable[Any, Any]:
    return RunnableLambda(lambda x: leaf.invoke(x), name="caller")


def sync_stream() -> Runnable[Any, Any]:
    return RunnableLambda(lambda x: list(leaf.stream(x)), name="caller")


def sync_batch() -> Runnable[Any, Any]:
    return RunnableLambda(lambda x: leaf.batch([x]), name="caller")


def batch_of_many() -> Runnable[Any, Any]:
    return RunnableLambda(lambda x: leaf.batch([x] * 5), name="caller")


def sync_generator() -> Runnable[Any, Any]:
    def caller(chunks: Any) -> Any:
        for chunk in chunks:
            yield leaf.invoke(chunk)

    return RunnableGenerator(caller)


def generator_function() -> Runnable[Any, Any]:
    def caller(x: Any) -> Any:
        yield leaf.invoke(x)

    return RunnableLambda(caller)


def pool_with_context() -> Runnable[Any, Any]:
    def caller(x: Any) -> Any:
        result = []
        context = contextvars.copy_context()
        thread = threading.Thread(target=lambda: result.append(context.run(leaf.invoke, x)))
        thread.start()
        thread.join()
        return result[0]

    return RunnableLambda(caller)


def passthrough_effect() -> Runnable[Any, Any]:
    return RunnablePassthrough(lambda x: leaf.invoke(x), name="caller")


def custom_step() -> Runnable[Any, Any]:
    class Caller(Runnable[Any, Any]):
        __slots__ = ("name",)

        def __init__(self) -> None:
            self.name = "caller"

        def _invoke(self, value: Any, run: Any) -> Any:
            return leaf.invoke(value)

    return Caller()


def custom_transform() -> Runnable[Any, Any]:
    class Caller(Runnable[Any, Any]):
        __slots__ = ("name",)

        def __init__(self) -> None:
            self.name = "caller"

        def _transform(self, chunks: Any, run: Any) -> Any:
            for chunk in chunks:
                yield leaf.invoke(chunk)

    return Caller()


def returned() -> Runnable[Any, Any]:
    return RunnableLambda(lambda x: leaf, name="caller")


SYNC = [
    sync_function,
    sync_stream,
    sync_batch,
    batch_of_many,
    sync_generator,
    generator_function,
    pool_with_context,
    passthrough_effect,
    custom_step,
    custom_transform,
    returned,
]


@pytest.mark.parametrize("make", SYNC, ids=lambda make: make.__name__)
def test_a_call_in_a_plain_step_nests_under_it(make, run, whole) -> None:
    events = run.events(RunnablePassthrough() | make() | RunnablePassthrough(), "x")
    whole(events)
    assert parents(events)["leaf"] == ["RunnableSequence", "caller"]


@pytest.mark.parametrize("make", SYNC, ids=lambda make: make.__name__)
def test_a_call_in_a_plain_step_nests_under_it_when_the_chain_is_invoked(make, run, watch) -> None:
    step = RunnablePassthrough() | make() | RunnablePassthrough()
    run.invoke(step, "x", {"callbacks": [watch]})
    watch.assert_whole()
    assert parents(watch.events)["leaf"] == ["RunnableSequence", "caller"]


def async_function() -> Runnable[Any, Any]:
    async def caller(x: Any) -> Any:
        return await leaf.ainvoke(x)

    return RunnableLambda(caller)


def async_stream() -> Runnable[Any, Any]:
    async def caller(x: Any) -> Any:
        return [c async for c in leaf.astream(x)]

    return RunnableLambda(caller)


def async_batch() -> Runnable[Any, Any]:
    async def caller(x: Any) -> Any:
        return await leaf.abatch([x, x, x])

    return RunnableLambda(caller)


def async_generator() -> Runnable[Any, Any]:
    async def caller(chunks: Any) -> Any:
        async for chunk in chunks:
            yield await leaf.ainvoke(chunk)

    return RunnableGenerator(caller)


def async_generator_function() -> Runnable[Any, Any]:
    async def caller(x: Any) -> Any:
        yield await leaf.ainvoke(x)

    return RunnableLambda(caller)


def task_group() -> Runnable[Any, Any]:
    async def caller(x: Any) -> Any:
        async with anyio.create_task_group() as group:
            group.start_soon(leaf.ainvoke, x)
        return x

    return RunnableLambda(caller)


def own_thread() -> Runnable[Any, Any]:
    async def caller(x: Any) -> Any:
        return await anyio.to_thread.run_sync(leaf.invoke, x)

    return RunnableLambda(caller)


def back_from_a_thread() -> Runnable[Any, Any]:
    def caller(x: Any) -> Any:
        return anyio.from_thread.run(leaf.ainvoke, x)

    return RunnableLambda(caller)


def own_loop() -> Runnable[Any, Any]:
    def caller(x: Any) -> Any:
        return asyncio.run(leaf.ainvoke(x))

    return RunnableLambda(caller)


def sync_in_async() -> Runnable[Any, Any]:
    async def caller(x: Any) -> Any:
        return leaf.invoke(x)

    return RunnableLambda(caller)


ASYNC = [
    async_function,
    async_stream,
    async_batch,
    async_generator,
    async_generator_function,
    task_group,
    own_thread,
    back_from_a_thread,
    own_loop,
    sync_in_async,
]


@pytest.mark.anyio
@pytest.mark.parametrize("make", ASYNC, ids=lambda make: make.__name__)
async def test_a_call_in_an_async_step_nests_under_it(make, watch) -> None:
    step = RunnablePassthrough() | make() | RunnablePassthrough()
    for call in (step.ainvoke("x", {"callbacks": [watch]}), _events(step, watch)):
        watch.events.clear()
        await call
        watch.assert_whole()
        assert parents(watch.events)["leaf"] == ["RunnableSequence", "caller"]


async def _events(step: Runnable[Any, Any], watch: Any) -> None:
    watch.events += [event async for event in step.astream_events("x")]


def test_a_call_in_a_condition_nests_under_it(run) -> None:
    condition = RunnableLambda(lambda x: leaf.invoke(True), name="condition")
    events = run.events(RunnableBranch((condition, str), repr), "x")
    assert parents(events)["leaf"] == ["RunnableBranch", "condition"]


def test_calls_in_parallel_branches_nest_under_their_branches(run, whole) -> None:
    branches = {k: RunnableLambda(lambda x: leaf.invoke(x), name=k) for k in "abc"}
    events = run.events(RunnableParallel(branches), "x")
    whole(events)
    names = {e["run_id"]: e["name"] for e in events}
    leaves = [e for e in events if e["name"] == "leaf" and e["event"].endswith("_start")]
    assert sorted(names[e["parent_ids"][-1]] for e in leaves) == ["a", "b", "c"]


# --- and where it does not ---


def test_nothing_is_left_behind_after_a_call(run, watch) -> None:
    run.invoke(sync_function(), "x", {"callbacks": [watch], "tags": ["t"]})
    watch.events.clear()
    run.invoke(leaf, "x")
    run.stream(leaf, "x")
    assert watch.heads == []


def test_between_two_chunks_the_reader_is_outside_of_the_chain(watch) -> None:
    for _ in sync_generator().stream("x", {"callbacks": [watch]}):
        before = len(watch.events)
        leaf.invoke("y")
        assert len(watch.events) == before


@pytest.mark.anyio
async def test_between_two_chunks_the_async_reader_is_outside_of_the_chain(watch) -> None:
    async for _ in async_generator().astream("x", {"callbacks": [watch]}):
        before = len(watch.events)
        await leaf.ainvoke("y")
        assert len(watch.events) == before
    watch.events.clear()
    async for _ in async_generator().astream_events("x", {"callbacks": [watch]}):
        await leaf.with_config(run_name="outside").ainvoke("y")
    assert "outside" not in parents(watch.events)


def test_a_step_that_failed_leaves_nothing_behind(run, watch) -> None:
    def fails(x: Any) -> Any:
        raise ValueError(x)

    with pytest.raises(ValueError, match="x"):
        run.stream(RunnablePassthrough() | fails, "x", {"callbacks": [watch]})
    watch.events.clear()
    run.invoke(leaf, "x")
    assert watch.heads == []


def test_a_closed_stream_leaves_nothing_behind(run, watch) -> None:
    run.stream(sync_generator(), "x", {"callbacks": [watch]}, take=1)
    watch.events.clear()
    run.invoke(leaf, "x")
    assert watch.heads == []


def test_interleaved_streams_keep_their_own_context(watch) -> None:
    def caller(chunks: Any) -> Any:
        for chunk in chunks:
            yield leaf.invoke(chunk)

    step = RunnableGenerator(caller)
    one = step.transform("abc", {"callbacks": [watch], "run_name": "one"})
    two = step.transform("abc", {"callbacks": [watch], "run_name": "two"})
    for _ in zip(one, two, strict=True):
        pass
    names = {e["run_id"]: e["name"] for e in watch.events}
    found = [
        names[e["parent_ids"][-1]]
        for e in watch.events
        if e["event"] == "on_chain_start" and e["name"] == "leaf"
    ]
    assert found == ["one", "two"] * 3


def test_a_stream_that_was_made_inside_a_step_and_read_outside_still_nests(watch) -> None:
    made: list[Any] = []
    maker = RunnableLambda(lambda x: made.append(leaf.stream(x)))
    maker.with_config(run_name="maker").invoke("x", {"callbacks": [watch]})
    assert list(made[0]) == ["x"]
    assert parents(watch.events)["leaf"] == ["maker"]


# --- config that a step inherits or gives ---


def test_tags_and_metadata_reach_calls_inside_and_explicit_ones_nest(run, watch) -> None:
    inner = RunnableLambda(lambda x: x, name="inner")
    caller = RunnableLambda(
        lambda x: inner.invoke(x, {"tags": ["mine"], "metadata": {"b": 2}}), name="caller"
    )
    config: Any = {"callbacks": [watch], "tags": ["outer"], "metadata": {"a": 1, "b": 1}}
    run.invoke(caller, "x", config)
    event = next(e for e in watch.events if e["name"] == "inner")
    assert event["tags"] == ["outer", "mine"]
    assert event["metadata"] == {"a": 1, "b": 2}
    assert parents(watch.events)["inner"] == ["caller"]


def test_a_position_tag_is_not_inherited(run) -> None:
    events = run.events(RunnablePassthrough() | sync_function(), "x")
    tags = {e["name"]: e["tags"] for e in events}
    assert (tags["caller"], tags["leaf"]) == (["seq:step:2"], [])


@pytest.mark.parametrize("passes", [True, False])
def test_a_function_may_take_the_config_and_pass_it_on(run, watch, passes) -> None:
    def caller(x: Any, config: Any) -> Any:
        assert config["tags"] == ["outer"]
        assert set(config) >= {"tags", "metadata", "callbacks", "recursion_limit", "configurable"}
        return leaf.invoke(x, config) if passes else leaf.invoke(x)

    run.invoke(RunnableLambda(caller), "x", {"callbacks": [watch], "tags": ["outer"]})
    assert parents(watch.events)["leaf"] == ["caller"]
    assert [e["tags"] for e in watch.events if e["name"] == "leaf"] == [["outer"]] * 2


def test_what_a_function_does_to_its_config_changes_nothing(run) -> None:
    def caller(x: Any, config: Any) -> Any:
        config["tags"].append("mine")
        config["metadata"]["mine"] = 1
        config["configurable"]["mine"] = 1
        return x

    tags: list[str] = ["t"]
    events = run.events(RunnableLambda(caller) | RunnableLambda(caller), "x", {"tags": tags})
    assert tags == ["t"]
    assert {t for e in events for t in e["tags"]} == {"t", "seq:step:1", "seq:step:2"}
    assert {k for e in events for k in e["metadata"]} == set()


def test_max_concurrency_reaches_calls_inside(run) -> None:
    seen: list[Any] = []

    def caller(x: Any, config: Any) -> Any:
        seen.append(config.get("max_concurrency"))

    outer = RunnableLambda(lambda x: RunnableLambda(caller).invoke(x))
    run.invoke(outer, "x", {"max_concurrency": 3})
    assert seen == [3]


def test_what_a_call_says_holds_in_each_step_though_nobody_watches(run) -> None:
    seen: list[Any] = []
    inner = RunnableLambda(lambda x, config: seen.append((x, config["tags"])) or x + 1)
    caller = RunnableLambda(lambda x: inner.invoke(x))

    def elsewhere(x: Any) -> Any:
        thread = threading.Thread(target=inner.invoke, args=(x,))
        thread.start()
        thread.join()
        return x + 1

    bound = caller.with_config(tags=["mine"])
    again = RunnableParallel(a=caller, b=caller) | RunnableLambda(lambda x: x["a"])
    steps = caller | bound | RunnableLambda(elsewhere) | again | caller.with_retry()
    run.invoke(steps, 1, {"tags": ["outer"]})
    outer = ["outer"]
    assert seen[:3] == [(1, outer), (2, ["mine", "outer"]), (3, [])]
    assert seen[3:] == [(4, outer), (4, outer), (5, outer)]
    run.invoke(caller, 6)
    assert seen[-1] == (6, [])


def test_a_step_that_fails_takes_its_settings_with_it_though_nobody_watches(run) -> None:
    seen: list[Any] = []
    look = RunnableLambda(lambda x, config: seen.append(config["tags"]) or x)
    failing = RunnableLambda(lambda x: 1 // x)
    with pytest.raises(ZeroDivisionError):
        run.invoke(look | failing, 0, {"tags": ["outer"]})
    run.invoke(look, 0)
    assert seen == [["outer"], []]


# --- events asked for inside a step ---


async def inner_events(
    reading: Callable[[Any], None], step: Runnable[Any, Any], **options: Any
) -> None:
    async with aclosing(step.astream_events("y", **options)) as events:
        async for event in events:
            reading(event)


@pytest.mark.anyio
@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_a_reader_inside_a_step_sees_its_own_subtree_as_if_alone(version, watch) -> None:
    inner: list[Any] = []
    step = RunnablePassthrough() | leaf

    async def caller(x: Any) -> Any:
        await inner_events(inner.append, step, version=version)
        return x

    outer = [e async for e in RunnableLambda(caller).astream_events("x", {"callbacks": [watch]})]
    alone = [e async for e in step.astream_events("y", version=version)]
    assert [_shape(e) for e in inner] == [_shape(e) for e in alone]
    assert inner[0]["parent_ids"] == []
    assert outer == watch.events
    watch.assert_whole()
    assert parents(outer)["leaf"] == ["caller", "RunnableSequence"]
    assert len(outer) == 3 + len(alone)  # each of them once


def _shape(event: Any) -> Any:
    return (event["event"], event["name"], len(event["parent_ids"]), event["tags"], event["data"])


@pytest.mark.anyio
async def test_readers_three_deep_see_each_event_once() -> None:
    seen: dict[int, list[str]] = {0: [], 1: [], 2: []}

    async def level_two(x: Any) -> Any:
        await inner_events(lambda e: seen[2].append(e["event"] + e["name"]), leaf)

    async def level_one(x: Any) -> Any:
        step = RunnableLambda(level_two)
        await inner_events(lambda e: seen[1].append(e["event"] + e["name"]), step)

    async for e in RunnableLambda(level_one).astream_events("x"):
        seen[0].append(e["event"] + e["name"])
    for level in seen.values():
        assert len(level) == len(set(level))
    assert [len(level) for level in seen.values()] == [9, 6, 3]


@pytest.mark.anyio
async def test_a_reader_inside_a_step_that_stops_early_does_not_disturb_the_outer_one(
    whole,
) -> None:
    async def caller(x: Any) -> Any:
        async with aclosing((RunnablePassthrough() | leaf).astream_events("y")) as events:
            await anext(events)
        return x

    whole([e async for e in (RunnableLambda(caller) | leaf).astream_events("x")])


@pytest.mark.anyio
async def test_an_observer_given_to_the_inner_events_too_sees_each_event_once(watch) -> None:
    async def caller(x: Any) -> Any:
        async for _ in leaf.astream_events("y", {"callbacks": [watch]}):
            pass

    await RunnableLambda(caller).ainvoke("x", {"callbacks": [watch]})
    assert watch.heads == [
        ("chain_start", "caller"),
        ("chain_start", "leaf"),
        ("chain_stream", "leaf"),
        ("chain_end", "leaf"),
        ("chain_end", "caller"),
    ]


@pytest.mark.anyio
async def test_an_inner_reader_that_is_slow_holds_nothing_up_for_ever() -> None:
    async def many(x: Any) -> Any:
        for i in range(1200):
            yield i

    async def caller(x: Any) -> Any:
        count = 0
        async for _ in RunnableLambda(many).astream_events("y"):
            count += 1
            if count % 300 == 0:
                await anyio.sleep(0.001)
        return count

    with anyio.fail_after(10):
        outer = [e async for e in RunnableLambda(caller).astream_events("x")]
    assert outer[-1]["data"] == {"output": 1202}
    assert len(outer) == 1205


@pytest.mark.anyio
async def test_a_model_in_a_thread_below_two_readers_waits_for_both() -> None:
    def many(x: Any) -> Any:
        yield from range(1000)

    model = RunnableLambda(many)

    async def caller(x: Any) -> Any:
        step = RunnableLambda(lambda x: len(list(model.stream(x))))
        return len([event async for event in step.astream_events("y")])

    count = 0
    with anyio.fail_after(10):
        async for _ in RunnableLambda(caller).astream_events("x"):
            count += 1
            if count % 300 == 0:
                await anyio.sleep(0.001)
    assert count == 3 + 3 + 1002


# --- many at once ---


def test_threads_and_loops_at_once_give_the_same_events_as_alone() -> None:
    step = RunnablePassthrough() | RunnableParallel(a=sync_function(), b=leaf) | leaf
    expected = asyncio.run(_paths(step))
    wrong: list[Any] = []

    def work(backend: str) -> None:
        for _ in range(3):
            found = anyio.run(_paths, step, backend=backend)
            if found != expected:
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(b,)) for b in ("asyncio", "trio") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


async def _paths(step: Runnable[Any, Any]) -> list[Any]:
    """Give each event with the names of the runs around it; sorted, as branches interleave."""
    events = [event async for event in step.astream_events("x")]
    names = {e["run_id"]: e["name"] for e in events}
    return sorted((e["event"], e["name"], [names[p] for p in e["parent_ids"]]) for e in events)
