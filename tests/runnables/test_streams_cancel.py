"""A call that is cancelled, natively or by a scope, leaves nothing open."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from levada.runnables import Runnable, RunnableLambda, RunnableParallel, RunnablePassthrough

ways = pytest.mark.parametrize("way", ["own", "thread"])


def waiting(led: Any, chunks: str) -> Runnable[Any, Any]:
    """Gives the chunks, then waits for ever."""

    async def waits(value: Any) -> Any:
        async with led.aheld("waits"):
            for chunk in chunks:
                yield chunk
            await anyio.sleep_forever()

    return RunnableLambda(waits)


def around(led: Any, step: Runnable[Any, Any], shape: str, way: str) -> Runnable[Any, Any]:
    if shape == "parallel":
        return RunnableParallel(a=step, b=led.source("own", "b", "ab")) | led.stage(way, "after")
    if shape == "below parallel":
        return step | RunnableParallel(a=led.stage(way, "a"), b=RunnablePassthrough())
    if shape == "returned":
        return RunnableLambda(lambda _: step) | led.stage(way, "after")
    if shape == "retry":
        return step.with_retry() | led.stage(way, "after")
    if shape == "fallbacks":
        return step.with_fallbacks([RunnableLambda(str)]) | led.stage(way, "after")
    return step | led.stage(way, "after") | led.stage(way, "last")


shapes = pytest.mark.parametrize(
    "shape", ["sequence", "parallel", "below parallel", "returned", "retry", "fallbacks"]
)


@pytest.mark.anyio
@ways
@shapes
@pytest.mark.parametrize("chunks", ["", "abc"])
@pytest.mark.parametrize("verb", ["astream", "astream_events", "ainvoke"])
async def test_a_cancelled_scope_closes_everything(
    shape, way, chunks, verb, ledger, watch, nothing_left
) -> None:
    chain = around(ledger, waiting(ledger, chunks), shape, way)
    async with nothing_left():
        async with anyio.create_task_group() as group:
            group.start_soon(consume, chain, verb, watch)
            await anyio.wait_all_tasks_blocked()
            await anyio.sleep(0.002)  # threads are no tasks
            group.cancel_scope.cancel()
        assert ledger.open == []
        watch.assert_whole()
    assert watch.heads[-1][0] == "chain_error"


@ways
@shapes
@pytest.mark.parametrize("chunks", ["", "abc"])
@pytest.mark.parametrize("verb", ["astream", "astream_events", "ainvoke"])
def test_a_cancelled_asyncio_task_closes_everything(
    shape, way, chunks, verb, ledger, watch, nothing_left
) -> None:
    chain = around(ledger, waiting(ledger, chunks), shape, way)

    async def main() -> None:
        async with nothing_left():
            task = asyncio.create_task(consume(chain, verb, watch))
            await anyio.wait_all_tasks_blocked()
            await anyio.sleep(0.002)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert ledger.open == []
            watch.assert_whole()

    asyncio.run(main())


async def consume(chain: Runnable[Any, Any], verb: str, watch: Any) -> None:
    config: Any = {"callbacks": [watch]}
    if verb == "ainvoke":
        await chain.ainvoke("x", config)
    else:
        async with aclosing(getattr(chain, verb)("x", config)) as stream:
            async for _ in stream:
                pass


@pytest.mark.anyio
async def test_a_timeout_around_a_stream_closes_it_and_is_a_timeout(ledger, nothing_left) -> None:
    chain = around(ledger, waiting(ledger, "abc"), "parallel", "thread")
    async with nothing_left():
        with pytest.raises(TimeoutError):
            with anyio.fail_after(0.02):
                async with aclosing(chain.astream_events("x")) as events:
                    async for _ in events:
                        pass
        assert ledger.open == []


@pytest.mark.anyio
async def test_a_cancelled_batch_closes_every_element(ledger, nothing_left) -> None:
    chain = waiting(ledger, "abc") | ledger.stage("own", "after")
    async with nothing_left():
        with anyio.move_on_after(0.02):
            await chain.abatch(["x", "y", "z"])
        assert len(ledger.opened) == 3
        assert ledger.open == []


# --- what the user's own clean-up can rely on ---


def unshielded(log: list[str]) -> Runnable[Any, Any]:
    """Has a clean-up that waits and, as is usual with asyncio, does not shield itself."""

    async def model(value: Any) -> Any:
        try:
            for i in range(1000):
                yield str(i)
                await asyncio.sleep(0)
        finally:
            await asyncio.sleep(0.01)
            log.append("cleaned up")

    return RunnableLambda(model)


@pytest.mark.parametrize("verb", ["astream", "astream_events"])
@pytest.mark.parametrize("shape", ["parallel", "function"])
def test_closing_lets_clean_up_that_waits_finish_on_asyncio(verb, shape) -> None:
    log: list[str] = []
    model = unshielded(log)

    async def calls(x: Any) -> Any:
        return await model.ainvoke(x)

    async def main() -> None:
        chain = RunnableParallel(a=model, b=RunnablePassthrough())
        step = chain if shape == "parallel" else RunnableParallel(a=calls, b=RunnablePassthrough())
        async with aclosing(getattr(step, verb)(1)) as stream:
            for _ in range(4 if verb == "astream_events" else 1):
                await anext(stream)
            await asyncio.sleep(0.001)
        assert log == ["cleaned up"]

    asyncio.run(main())


def test_one_cancellation_lets_clean_up_that_waits_finish_on_asyncio(watch) -> None:
    log: list[str] = []

    async def main() -> None:
        chain = unshielded(log) | RunnablePassthrough()
        task = asyncio.create_task(consume(chain, "astream_events", watch))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert log == ["cleaned up"]

    asyncio.run(main())


@pytest.mark.parametrize("shape", ["sequence", "parallel", "returned"])
@pytest.mark.parametrize("verb", ["astream", "astream_events"])
def test_a_second_cancellation_leaves_no_task_behind(shape, verb, ledger, watch) -> None:
    chain = around(ledger, unshielded([]), shape, "thread")

    async def main() -> None:
        task = asyncio.create_task(consume(chain, verb, watch))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}
        watch.assert_whole()

    asyncio.run(main())


@pytest.mark.anyio
async def test_a_sync_parallel_called_on_the_loop_does_not_wait_for_a_reader_there() -> None:
    def many(x: Any) -> Any:
        yield from range(1000)

    async def blocks(x: Any) -> Any:
        parallel = RunnableParallel(a=RunnableLambda(many), b=RunnableLambda(many))
        return len(list(parallel.stream(x)))

    events = [event async for event in RunnableLambda(blocks).astream_events("x")]
    assert events[-1]["data"] == {"output": 2000}


@pytest.mark.anyio
async def test_results_as_completed_on_the_loop_do_not_wait_for_a_reader_there() -> None:
    def many(x: Any) -> Any:
        yield from range(1000)

    async def blocks(x: Any) -> Any:
        return len(
            list(RunnableLambda(lambda y: list(chunks.stream(y))).batch_as_completed([x, x]))
        )

    chunks = RunnableLambda(many)
    events = [event async for event in RunnableLambda(blocks).astream_events("x")]
    assert events[-1]["data"] == {"output": 2}
