"""`astream_events` is live and bounded: each event as it happens, not far ahead of its reader."""

from __future__ import annotations

import asyncio
import gc
import os
import tracemalloc
from contextlib import aclosing
from typing import Any

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import pytest

from levada.runnables import (
    Runnable,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
)
from live import TOKENS, Endless, Model

pytestmark = pytest.mark.anyio

# LEVADA_MANY_EVENTS=1000000 takes a minute or two.
MANY = int(os.environ.get("LEVADA_MANY_EVENTS", "36000"))


def direct(model: Model) -> Runnable[Any, Any]:
    return RunnablePassthrough() | model | RunnablePassthrough()


def three_levels_down(model: Model) -> Runnable[Any, Any]:
    async def inner(x: Any) -> Any:
        return await model.ainvoke(x)

    async def middle(x: Any) -> Any:
        return await RunnableLambda(inner).ainvoke(x)

    async def outer(x: Any) -> Any:
        return await (RunnableLambda(middle) | RunnablePassthrough()).ainvoke(x)

    return RunnableLambda(outer)


def in_a_branch(model: Model) -> Runnable[Any, Any]:
    return RunnableParallel(a=RunnablePassthrough() | model, b=RunnablePassthrough())


def awaited_in_a_branch(model: Model) -> Runnable[Any, Any]:
    async def inner(x: Any) -> Any:
        return await RunnableParallel(a=model, b=RunnablePassthrough()).ainvoke(x)

    return RunnableLambda(inner)


def in_a_worker_thread(model: Model) -> Runnable[Any, Any]:
    return RunnableLambda(lambda x: model.invoke(x))


def streamed_in_a_worker_thread(model: Model) -> Runnable[Any, Any]:
    return RunnableLambda(lambda x: "".join(model.stream(x)))


def in_a_branch_in_a_worker_thread(model: Model) -> Runnable[Any, Any]:
    return (
        RunnableLambda(lambda x: RunnableParallel(a=model, b=RunnablePassthrough()).invoke(x))
        | RunnablePassthrough()
    )


def in_a_batch(model: Model) -> Runnable[Any, Any]:
    async def inner(x: Any) -> Any:
        return await model.abatch([x])

    return RunnableLambda(inner)


def in_a_task_of_the_user(model: Model) -> Runnable[Any, Any]:
    async def inner(x: Any) -> Any:
        result = []

        async def ask() -> None:
            result.append(await model.ainvoke(x))

        async with anyio.create_task_group() as group:
            group.start_soon(ask)
        return result[0]

    return RunnableLambda(inner)


def in_a_loop_of_the_users_in_a_thread(model: Model) -> Runnable[Any, Any]:
    return RunnableLambda(lambda x: asyncio.run(model.ainvoke(x)))


@pytest.mark.parametrize(
    "make",
    [
        direct,
        three_levels_down,
        in_a_branch,
        awaited_in_a_branch,
        in_a_worker_thread,
        streamed_in_a_worker_thread,
        in_a_branch_in_a_worker_thread,
        in_a_batch,
        in_a_task_of_the_user,
        in_a_loop_of_the_users_in_a_thread,
    ],
    ids=lambda make: make.__name__,
)
@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_a_token_is_seen_before_the_next_one_is_made(make, version) -> None:
    model = Model()
    tokens = []
    with anyio.fail_after(5):
        async with aclosing(make(model).astream_events("x", version=version)) as events:
            async for event in events:
                if event["event"] == "on_chat_model_stream":
                    tokens.append(event["data"]["chunk"])
                    model.seen += 1
    assert tokens == TOKENS


# --- bounded ---


def loop_in_thread(model: Endless) -> Runnable[Any, Any]:
    return RunnableLambda(lambda x: asyncio.run(model.ainvoke(x)))


def awaited(model: Endless) -> Runnable[Any, Any]:
    async def inner(x: Any) -> Any:
        return await model.ainvoke(x)

    return RunnableLambda(inner)


MODELS = {
    "model": lambda model: model,
    "chain": lambda model: RunnablePassthrough() | model | RunnablePassthrough(),
    "parallel": lambda model: RunnableParallel(a=model, b=model),
    "thread": lambda model: RunnableLambda(lambda x: model.invoke(x)),
    "thread stream": lambda model: RunnableLambda(lambda x: list(model.stream(x))),
    "threads": lambda model: RunnableLambda(lambda x: RunnableParallel(a=model, b=model).invoke(x)),
    "awaited": awaited,
    "loop": loop_in_thread,
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
async def test_a_reader_that_stops_stops_the_model_soon(make, nothing_left) -> None:
    model = Endless()
    async with nothing_left(), aclosing(make(model).astream_events("x")) as events:
        async for event in events:
            if event["event"] == "on_chat_model_stream":
                break
        for _ in range(100):
            before = model.count
            await anyio.sleep(0.002)
            if model.count == before:
                break
        assert model.count < 1000


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
async def test_a_reader_that_leaves_stops_a_model_that_never_waits(make, nothing_left) -> None:
    model = Endless()
    async with nothing_left():
        async with aclosing(make(model).astream_events("x")) as events:
            async for event in events:
                if event["event"] == "on_chat_model_stream":
                    break
        assert model.count < 1000


async def test_a_cancelled_reader_is_stopped_though_the_next_event_is_always_there(
    nothing_left,
) -> None:
    made = 0

    async def model(x: Any) -> Any:
        nonlocal made
        for made in range(20_000):
            await anyio.lowlevel.checkpoint()
            yield made

    async with nothing_left():
        with anyio.CancelScope() as scope:
            async with aclosing(RunnableLambda(model).astream_events("x")) as events:
                async for _ in events:
                    scope.cancel()
    assert made < 1000


@pytest.mark.parametrize("threaded", [False, True])
async def test_a_chunk_reader_that_stops_stops_the_model_soon(threaded, nothing_left) -> None:
    model = Endless()

    def pass_on(chunks: Any) -> Any:
        yield from chunks

    chain = model | (pass_on if threaded else RunnablePassthrough())
    chain |= RunnableParallel(a=RunnablePassthrough(), b=RunnablePassthrough())
    async with nothing_left(), aclosing(chain.astream("x")) as chunks:
        await anext(chunks)
        await anyio.wait_all_tasks_blocked()
        await anyio.sleep(0.01)
        assert model.count < 1000


@pytest.mark.timeout(600)
async def test_memory_stays_flat_over_many_events() -> None:
    chain = RunnablePassthrough() | Endless(end=MANY // 3) | RunnablePassthrough()
    seen, low, high = 0, 0, 0
    async with aclosing(chain.astream_events("x")) as events:
        async for _ in events:
            seen += 1
            if seen == 9_000:
                gc.collect()
                tracemalloc.start()
                low = tracemalloc.get_traced_memory()[0]
            if seen > 15_000 and seen % 3_000 == 0:
                high = max(high, tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert seen >= MANY - 3
    assert high - low < 300_000  # 27,000 events of some 400 bytes would be 10 MB


async def test_a_slow_reader_gets_every_event_in_order() -> None:
    chain = RunnableLambda(lambda x: x) | Endless(end=1500) | RunnablePassthrough()
    numbers = []
    async for event in chain.astream_events("x"):
        if event["event"] == "on_chat_model_stream":
            numbers.append(event["data"]["chunk"])
            if len(numbers) % 200 == 0:
                await anyio.sleep(0.002)
    assert numbers == list(range(1500))


async def test_two_readers_of_one_chain_do_not_disturb_each_other() -> None:
    chain = RunnableLambda(lambda x: x) | RunnablePassthrough()
    counts: list[int] = []

    async def read() -> None:
        counts.append(len([event async for event in chain.astream_events("x")]))

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(read)
    assert counts == [9] * 10


async def test_the_stream_may_be_read_by_another_task_than_the_one_that_asked_for_it() -> None:
    stream = (RunnableLambda(lambda x: x) | RunnablePassthrough()).astream_events("x")
    seen: list[Any] = []

    async def read() -> None:
        seen.extend([event async for event in stream])

    async with anyio.create_task_group() as group:
        group.start_soon(read)
    assert len(seen) == 9


async def test_each_event_may_be_read_by_a_task_of_its_own() -> None:
    stream = (RunnableLambda(lambda x: x) | RunnablePassthrough()).astream_events("x")
    seen: list[Any] = []

    async def read_one() -> None:
        seen.append(await anext(stream, None))

    for _ in range(10):
        async with anyio.create_task_group() as group:
            group.start_soon(read_one)
    assert seen[-1] is None
    assert len(seen) == 10
