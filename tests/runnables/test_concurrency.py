"""A step that runs a few times at once, whoever calls it."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import anyio.to_thread
import pytest

from levada.errors import ConfigError
from levada.runnables import RunnableGenerator, RunnableLambda, RunnableParallel


class Count:
    """How many are in it at once, at most."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *exc: object) -> None:
        with self._lock:
            self.now -= 1


def counting(run: Any, count: Count) -> RunnableLambda[Any, Any]:
    def work(value: Any) -> Any:
        with count:
            threading.Event().wait(0.001)
        return value

    async def awork(value: Any) -> Any:
        with count:
            await anyio.sleep(0.001)
        return value

    return RunnableLambda(work if run.sync else awork)


@pytest.mark.parametrize("limit", [1, 3])
def test_at_most_so_many_run_at_once(run, limit) -> None:
    count = Count()
    step = counting(run, count).with_concurrency(limit)
    assert run.batch(step, range(12)) == list(range(12))
    assert count.most <= limit
    assert run.invoke(RunnableParallel(a=step, b=step, c=step, d=step), 1)["d"] == 1
    assert count.most <= limit


def test_streams_count_until_they_end(run) -> None:
    count = Count()

    def work(value: Any) -> Iterator[Any]:
        with count:
            for _ in range(3):
                threading.Event().wait(0.001)
                yield value

    async def awork(value: Any) -> AsyncIterator[Any]:
        with count:
            for _ in range(3):
                await anyio.sleep(0.001)
                yield value

    function: Any = work if run.sync else awork
    step = RunnableLambda(function).with_concurrency(1)
    chunks = run.stream(RunnableParallel(a=step, b=step, c=step), 1)
    assert len(chunks) == 9
    assert count.most == 1


def test_a_slot_is_free_again_after_a_failure_and_after_a_close(run, how, ledger) -> None:
    failing = ledger.source(how, "failing", [1], fails=OSError("cut")).with_concurrency(1)
    for _ in range(2):
        with pytest.raises(OSError, match="cut"):
            run.stream(failing, 0)
        with pytest.raises(OSError, match="cut"):
            run.invoke(failing, 0)
        assert run.stream(failing, 0, take=1) == [1]
    assert ledger.open == []


def test_it_works_chunk_by_chunk(run) -> None:
    def double(chunks: Iterator[int]) -> Iterator[int]:
        for chunk in chunks:
            yield chunk * 2

    step = RunnableGenerator(double).with_concurrency(1)
    assert run.transform(step, [1, 2, 3]) == [2, 4, 6]
    assert run.transform(step, []) == []
    other = RunnableGenerator(double).with_concurrency(1)
    assert run.transform(step | other, [1, 2]) == [4, 8]


def test_threads_and_loops_wait_for_each_other() -> None:
    count = Count()

    def work(value: Any) -> Any:
        with count:
            threading.Event().wait(0.001)
        return value

    async def awork(value: Any) -> Any:
        with count:
            await anyio.sleep(0.001)
        return value

    step = RunnableLambda(work, awork).with_concurrency(2)
    results: list[Any] = []

    def in_threads() -> None:
        results.append(step.batch(range(10)))

    def in_loop(backend: str) -> None:
        async def main() -> None:
            results.append(await step.abatch(range(10)))

        anyio.run(main, backend=backend)

    threads = [threading.Thread(target=in_threads)]
    threads += [threading.Thread(target=in_loop, args=[b]) for b in ("asyncio", "trio")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [list(range(10))] * 3
    assert count.most <= 2


@pytest.mark.anyio
async def test_one_that_waits_and_is_cancelled_takes_no_slot() -> None:
    gate = anyio.Event()

    async def work(value: Any) -> Any:
        if value == "holds":
            await gate.wait()
        return value

    step = RunnableLambda(work).with_concurrency(1)
    async with anyio.create_task_group() as group:
        group.start_soon(step.ainvoke, "holds")
        await anyio.wait_all_tasks_blocked()
        with anyio.move_on_after(0.01) as scope:
            await step.ainvoke("waits")
        assert scope.cancelled_caught
        gate.set()
    assert await step.ainvoke("goes") == "goes"


@pytest.mark.anyio
async def test_a_slot_that_was_handed_to_one_who_is_cancelled_goes_on() -> None:
    gate = anyio.Event()
    scope = anyio.CancelScope()

    async def work(value: Any) -> Any:
        if value == "holds":
            await gate.wait()
            scope.cancel()  # in the same step of the loop as the slot is handed on
        return value

    step = RunnableLambda(work).with_concurrency(1)

    async def waits() -> None:
        with scope:
            await step.ainvoke("waits")

    async with anyio.create_task_group() as group:
        group.start_soon(step.ainvoke, "holds")
        await anyio.wait_all_tasks_blocked()
        group.start_soon(waits)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(step.ainvoke, "last")
        await anyio.wait_all_tasks_blocked()
        gate.set()
    assert await step.ainvoke("goes") == "goes"


def test_it_shows_no_run_of_its_own(run, step, watch) -> None:
    run.invoke(step(str.upper).with_concurrency(2), "a", {"callbacks": [watch]})
    assert watch.heads == [("chain_start", "upper"), ("chain_end", "upper")]


@pytest.mark.parametrize("limit", [0, -1, 1.5, "2", True, None])
def test_what_is_no_limit_is_refused(limit) -> None:
    with pytest.raises(ConfigError, match="with_concurrency takes a number from 1; got"):
        RunnableLambda(str).with_concurrency(limit)
