"""Closing, leaving, cancelling and failing a stream, at any point, leaves nothing open."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable
from contextlib import aclosing, closing
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from levada.errors import CompositionError
from levada.runnables import (
    RouterRunnable,
    Runnable,
    RunnableBranch,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnableSequence,
)

N = 4  # chunks of each source


def direct(led: Any, how: str) -> Runnable[Any, Any]:
    source = led.source(how, "model", "abcd")
    return source | led.stage(how, "upper") | led.stage(how, "mark")


def nested(led: Any, how: str) -> Runnable[Any, Any]:
    inner = RunnableSequence(led.source(how, "model", "abcd"), led.stage(how, "in"), name="inner")
    return inner | RunnableSequence(led.stage(how, "a"), led.stage(how, "b"), name="second")


def bound(led: Any, how: str) -> Runnable[Any, Any]:
    return direct(led, how).with_config(tags=["t"]).with_config(run_name="bound") | led.stage(
        how, "after"
    )


def returned(led: Any, how: str) -> Runnable[Any, Any]:
    chain = direct(led, how)
    return RunnableLambda(lambda _: chain, name="returns") | led.stage(how, "after")


def parallel(led: Any, how: str) -> Runnable[Any, Any]:
    return led.source(how, "model", "abcd") | RunnableParallel(
        a=led.stage(how, "a"),
        b=RunnableSequence(led.stage(how, "b1"), led.stage(how, "b2"), name="b"),
        c=RunnablePassthrough(),
    )


def sources_in_parallel(led: Any, how: str) -> Runnable[Any, Any]:
    return RunnableParallel(
        a=led.source(how, "a", "abcd"),
        b=led.source(how, "b", "abcd") | led.stage(how, "after b"),
    ) | led.stage(how, "after")


def assigned(led: Any, how: str) -> Runnable[Any, Any]:
    source = led.source(how, "model", [{"k": c} for c in "abcd"])
    return source | RunnablePassthrough.assign(x=led.stage(how, "x"))


def branched(led: Any, how: str) -> Runnable[Any, Any]:
    return RunnableBranch((lambda _: True, direct(led, how)), str) | led.stage(how, "after")


def fallen_back(led: Any, how: str) -> Runnable[Any, Any]:
    bad = led.source(how, "bad", "", ValueError("bad"))
    return bad.with_fallbacks([direct(led, how)]) | led.stage(how, "after")


def retried(led: Any, how: str) -> Runnable[Any, Any]:
    return direct(led, how).with_retry(wait_exponential_jitter=False) | led.stage(how, "after")


def routed(led: Any, how: str) -> Runnable[Any, Any]:
    to_route = RunnableLambda(lambda x: {"key": "k", "input": x}, inline=True)
    return to_route | RouterRunnable({"k": direct(led, how)}) | led.stage(how, "after")


def led_lambda(led: Any, how: str) -> Runnable[Any, Any]:
    return led.source(how, "model", "abcd")


CHAINS = [
    direct,
    nested,
    bound,
    returned,
    parallel,
    sources_in_parallel,
    assigned,
    branched,
    fallen_back,
    retried,
    routed,
]
chains = pytest.mark.parametrize("make", CHAINS, ids=lambda make: make.__name__)
ways = pytest.mark.parametrize("way", ["own", "thread"])


# --- closed by the reader ---


@chains
def test_a_closed_sync_stream_leaves_nothing_open(make, ledger, watch) -> None:
    for stop in range(N + 1):
        with closing(make(ledger, "sync").stream("x", {"callbacks": [watch]})) as stream:
            for _ in range(stop):
                next(stream, None)
        assert ledger.open == [], f"stopped after {stop}"
        watch.assert_whole()


@pytest.mark.anyio
@chains
@ways
async def test_a_closed_async_stream_leaves_nothing_open(
    make, way, ledger, watch, nothing_left
) -> None:
    for stop in range(N + 1):
        async with nothing_left():
            async with aclosing(make(ledger, way).astream("x", {"callbacks": [watch]})) as stream:
                for _ in range(stop):
                    await anext(stream, None)
            assert ledger.open == [], f"stopped after {stop}"
            watch.assert_whole()


@pytest.mark.anyio
@chains
@ways
async def test_an_unwatched_async_stream_leaves_nothing_open(
    make, way, ledger, nothing_left
) -> None:
    for stop in range(N + 1):
        async with nothing_left():
            async with aclosing(make(ledger, way).astream("x")) as stream:
                for _ in range(stop):
                    await anext(stream, None)
            assert ledger.open == [], f"stopped after {stop}"


@chains
def test_a_dropped_sync_stream_closes_by_itself(make, ledger) -> None:
    for _ in make(ledger, "sync").stream("x"):
        break
    assert ledger.open == []


@pytest.mark.anyio
@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")  # trio says so, rightly
@chains
@ways
async def test_an_async_stream_left_by_break_is_closed_when_collected(
    make, way, ledger, watch, nothing_left
) -> None:
    async with nothing_left():
        async for _ in make(ledger, way).astream("x", {"callbacks": [watch]}):
            break
        await collected(lambda: not ledger.open and not watch.running)
        assert ledger.open == []
        watch.assert_whole()


async def collected(done: Callable[[], bool]) -> None:
    """Wait for the loop's own closing of generators that were left."""
    gc.collect()
    with anyio.move_on_after(3):
        while not done():  # noqa: ASYNC110  # nobody tells when the loop has closed a generator
            await anyio.sleep(0.001)
    await anyio.wait_all_tasks_blocked()


# --- events ---


@pytest.mark.anyio
@chains
@ways
async def test_events_closed_at_random_points_leave_nothing_open(
    make, way, ledger, watch, nothing_left
) -> None:
    async with nothing_left():
        points = random.Random(make.__name__ + way).sample(range(40), 5)
        for stop in points:
            watch.events.clear()
            stream = make(ledger, way).astream_events("x", {"callbacks": [watch]})
            async with aclosing(stream):
                for _ in range(stop):
                    await anext(stream, None)
            assert ledger.open == [], f"stopped after {stop}"
            watch.assert_whole()


@pytest.mark.anyio
@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
@chains
@ways
async def test_events_left_by_break_stop_the_run_when_collected(
    make, way, ledger, watch, nothing_left
) -> None:
    async with nothing_left():
        seen = 0
        async for _ in make(ledger, way).astream_events("x", {"callbacks": [watch]}):
            seen += 1
            if seen == 5:
                break
        await collected(lambda: not ledger.open and not watch.running)
        assert ledger.open == []
        watch.assert_whole()


# --- failing ---


def failing(led: Any, how: str, name: str) -> Runnable[Any, Any]:
    """One of the stages fails at its second chunk."""

    def change(stage: str) -> Callable[[Any], Any]:
        count = 0

        def changed(chunk: Any) -> Any:
            nonlocal count
            count += stage == name
            if count == 2:
                raise ValueError(stage)
            return chunk

        return changed

    def stage(stage: str) -> Any:
        return led.stage(how, stage, change(stage))

    fails = ValueError("model") if name == "model" else None
    return (
        led.source(how, "model", "ab", fails)
        | RunnableSequence(stage("one"), stage("two"), name="inner")
        | RunnableParallel(a=stage("a"), b=RunnableLambda(str) | stage("b"), c=stage("c"))
        | led.stage(how, "last")
    )


STAGES = ["model", "one", "two", "a", "c"]


@pytest.mark.parametrize("name", STAGES)
def test_a_failing_sync_stage_closes_all_others(name, ledger, watch) -> None:
    with pytest.raises(ValueError, match=name) as caught:
        list(failing(ledger, "sync", name).stream("x", {"callbacks": [watch]}))
    assert ledger.open == []
    watch.assert_whole()
    assert watch.of(name)[-1] == "error"
    assert len(caught.value.__notes__) == 1


@pytest.mark.anyio
@ways
@pytest.mark.parametrize("name", STAGES)
async def test_a_failing_async_stage_closes_all_others(
    name, way, ledger, watch, nothing_left
) -> None:
    async with nothing_left():
        with pytest.raises(ValueError, match=name):
            async for _ in failing(ledger, way, name).astream("x", {"callbacks": [watch]}):
                pass
        assert ledger.open == []
        watch.assert_whole()
        assert watch.of(name)[-1] == "error"


@pytest.mark.anyio
@ways
@pytest.mark.parametrize("name", STAGES)
async def test_events_of_a_failing_stage_end_with_the_error_of_the_root(
    name, way, ledger, whole, nothing_left
) -> None:
    seen: list[Any] = []
    async with nothing_left():
        with pytest.raises(ValueError, match=name):
            async for event in failing(ledger, way, name).astream_events("x"):
                seen.append(event)
        assert ledger.open == []
    whole(seen)
    assert seen[-1]["event"] == "on_chain_error"
    assert seen[-1]["parent_ids"] == []


# --- what stays of a step that cannot be stopped ---


@pytest.mark.anyio
async def test_closing_waits_for_a_plain_function_in_its_thread(nothing_left) -> None:
    import threading

    began, go_on, ended = threading.Event(), threading.Event(), []

    def blocks(value: Any) -> Any:
        began.set()
        go_on.wait(5)
        ended.append(value)
        return value

    async with nothing_left():
        events = RunnableLambda(blocks).astream_events("x")
        await anext(events)
        await anyio.to_thread.run_sync(began.wait)

        async def closes() -> None:
            await events.aclose()

        async with anyio.create_task_group() as group:
            group.start_soon(closes)
            await anyio.wait_all_tasks_blocked()
            go_on.set()
        assert ended == ["x"]


# --- clean-up that misbehaves ---


def test_a_clean_up_that_raises_does_not_keep_other_stages_open(ledger, watch) -> None:
    def raises(chunks: Any) -> Any:
        try:
            yield from chunks
        finally:
            raise KeyError("clean-up")

    chain = ledger.source("sync", "model", "abcd") | raises | ledger.stage("sync", "last")
    stream = chain.stream("x", {"callbacks": [watch]})
    next(stream)
    with pytest.raises(KeyError, match="clean-up"):
        stream.close()
    assert ledger.open == []
    watch.assert_whole()


@pytest.mark.anyio
async def test_an_async_clean_up_that_raises_does_not_keep_other_stages_open(ledger, watch) -> None:
    async def raises(chunks: Any) -> Any:
        try:
            async for chunk in chunks:
                yield chunk
        finally:
            raise KeyError("clean-up")

    chain = ledger.source("own", "model", "abcd") | raises | ledger.stage("own", "last")
    stream = chain.astream("x", {"callbacks": [watch]})
    await anext(stream)
    with pytest.raises(KeyError, match="clean-up"):
        await stream.aclose()
    assert ledger.open == []
    watch.assert_whole()


def test_a_generator_that_goes_on_after_close_is_an_error_and_all_runs_end(ledger, watch) -> None:
    def stubborn(chunks: Any) -> Any:
        try:
            yield from chunks
        except GeneratorExit:
            yield "no"

    chain = ledger.source("sync", "model", "abcd") | stubborn | ledger.stage("sync", "last")
    stream = chain.stream("x", {"callbacks": [watch]})
    next(stream)
    with pytest.raises(CompositionError, match="stubborn gave a chunk after it was closed"):
        stream.close()
    assert ledger.open == []
    watch.assert_whole()


@pytest.mark.anyio
async def test_an_async_generator_that_goes_on_after_close_is_an_error_and_all_runs_end(
    ledger, watch
) -> None:
    async def stubborn(chunks: Any) -> Any:
        try:
            async for chunk in chunks:
                yield chunk
        except GeneratorExit:
            yield "no"

    chain = ledger.source("own", "model", "abcd") | stubborn | ledger.stage("own", "last")
    stream = chain.astream("x", {"callbacks": [watch]})
    await anext(stream)
    with pytest.raises(CompositionError, match="stubborn gave a chunk after it was closed"):
        await stream.aclose()
    assert ledger.open == []
    watch.assert_whole()


# --- parallels: inputs longer than a branch may be ahead of another ---


def test_a_branch_is_not_called_with_a_part_of_its_input_when_the_stream_is_closed(watch) -> None:
    called: list[str] = []
    chain = RunnableParallel(a=RunnablePassthrough(), b=lambda text: called.append(text))
    stream = chain.transform((str(i % 10) for i in range(5000)), {"callbacks": [watch]})
    next(stream)
    stream.close()
    assert called == []
    watch.assert_whole()


def test_a_branch_is_not_called_with_a_part_of_its_input_when_a_neighbour_fails() -> None:
    called: list[str] = []

    def fails(chunks: Any) -> Any:
        yield next(chunks)
        raise ValueError("neighbour")

    chain = RunnableParallel(a=fails, b=lambda text: called.append(text))
    with pytest.raises(ValueError, match="neighbour"):
        list(chain.transform(str(i % 10) for i in range(5000)))
    assert called == [] or len(called[0]) == 5000


def test_a_branch_of_a_nested_parallel_is_not_called_with_a_part_of_its_input() -> None:
    called: list[str] = []
    inner = RunnableParallel(c=RunnablePassthrough(), d=lambda text: called.append(text))
    chain = RunnableParallel(a=RunnablePassthrough(), b=inner)
    stream = chain.transform(str(i % 10) for i in range(5000))
    next(stream)
    stream.close()
    assert called == []


def test_a_branch_that_stops_reading_does_not_stop_the_others() -> None:
    def first(chunks: Any) -> Any:
        yield next(chunks)

    chain = RunnableParallel(a=first, b=RunnablePassthrough())
    chunks = list(chain.transform(str(i % 10) for i in range(3000)))
    assert [c for c in chunks if "a" in c] == [{"a": "0"}]
    assert len([c for c in chunks if "b" in c]) == 3000


@pytest.mark.anyio
async def test_an_async_branch_that_stops_reading_does_not_stop_the_others(ledger) -> None:
    async def first(chunks: Any) -> Any:
        yield await anext(chunks)

    source = ledger.source("own", "model", "ab" * 750)
    chain = source | RunnableParallel(a=first, b=RunnablePassthrough())
    chunks = [c async for c in chain.astream("x")]
    assert [c for c in chunks if "a" in c] == [{"a": "a"}]
    assert len([c for c in chunks if "b" in c]) == 1500
    assert ledger.open == []


# --- closing before anything ran ---


def test_a_stream_that_was_never_read_has_no_run(ledger, watch) -> None:
    direct(ledger, "sync").stream("x", {"callbacks": [watch]}).close()
    assert (ledger.opened, watch.heads) == ([], [])


@pytest.mark.anyio
async def test_an_event_stream_that_was_never_read_has_no_run(ledger, watch, nothing_left) -> None:
    async with nothing_left():
        await direct(ledger, "own").astream_events("x", {"callbacks": [watch]}).aclose()
        assert (ledger.opened, watch.heads) == ([], [])


@pytest.mark.anyio
async def test_clean_up_that_waits_is_shielded_when_a_worker_thread_is_cancelled(ledger) -> None:
    chain = ledger.source("own", "model", "abcd") | ledger.stage("thread", "in thread")
    with anyio.CancelScope() as scope:
        async with aclosing(chain.astream("x")) as stream:
            async for _ in stream:
                scope.cancel()
                await anyio.lowlevel.checkpoint()
    assert ledger.open == []
