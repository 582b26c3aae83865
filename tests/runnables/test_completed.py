"""Results as they are done: order, limits, failures, and readers that are slow or leave."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from levada.errors import CompositionError, ConfigError
from levada.runnables import RunnableLambda


def double(x: int) -> int:
    return x * 2


def odd_fails(x: int) -> int:
    if x % 2:
        raise ValueError(f"odd {x}")
    return x


def test_each_result_comes_once_with_the_number_of_its_input(run, step) -> None:
    results = run.completed(step(double), range(50))
    assert sorted(results) == [(i, 2 * i) for i in range(50)]


def test_no_inputs_give_nothing(run, step) -> None:
    assert run.completed(step(double), []) == []
    assert run.completed(step(double), iter([])) == []


@pytest.mark.parametrize("inputs", [None, 5, "ab", {"a": 1}])
def test_what_is_no_list_of_inputs_is_refused_in_the_call(inputs) -> None:
    with pytest.raises(CompositionError, match="batch takes a list of inputs; got"):
        RunnableLambda(double).batch_as_completed(inputs)
    with pytest.raises(CompositionError, match="batch takes a list of inputs; got"):
        RunnableLambda(double).abatch_as_completed(inputs)


def test_the_first_that_is_done_comes_first() -> None:
    read = threading.Event()

    def waits(x: int) -> int:
        assert x or read.wait(5)
        return x

    results = RunnableLambda(waits).batch_as_completed([0, 1])
    assert next(results) == (1, 1)
    read.set()
    assert list(results) == [(0, 0)]


@pytest.mark.anyio
async def test_the_first_task_that_is_done_comes_first() -> None:
    read = anyio.Event()

    async def waits(x: int) -> int:
        if x == 0:
            await read.wait()
        return x

    results = RunnableLambda(waits).abatch_as_completed([0, 1])
    assert await anext(results) == (1, 1)
    read.set()
    assert [result async for result in results] == [(0, 0)]


def test_one_at_a_time_keeps_the_order(run, step) -> None:
    results = run.completed(step(double), range(5), {"max_concurrency": 1})
    assert results == [(i, 2 * i) for i in range(5)]


def test_exceptions_are_results_if_asked_for(run, step) -> None:
    results = dict(run.completed(step(odd_fails), range(4), return_exceptions=True))
    assert [str(results[i]) for i in range(4)] == ["0", "odd 1", "2", "odd 3"]


def test_the_first_failure_stops_what_has_not_begun(run) -> None:
    began: list[int] = []

    def notes(x: int) -> int:
        began.append(x)
        return odd_fails(x)

    with pytest.raises(ValueError, match="odd 1"):
        run.completed(RunnableLambda(notes, inline=True), range(100), {"max_concurrency": 1})
    assert began == [0, 1]


def test_each_element_may_have_a_config_of_its_own(run, step, watch) -> None:
    configs: Any = [{"tags": [t], "callbacks": [watch]} for t in "ab"]
    run.completed(step(double), [1, 2], configs)
    tags = {e["data"]["input"]: e["tags"] for e in watch.events if "start" in e["event"]}
    assert tags == {1: ["a"], 2: ["b"]}
    with pytest.raises(ConfigError, match="2 inputs and 1 configs"):
        run.completed(step(double), [1, 2], [{}])


def test_a_reader_that_leaves_stops_what_has_not_begun(run, watch) -> None:
    began: list[int] = []

    def notes(x: int) -> int:
        began.append(x)
        return x

    step = RunnableLambda(notes, inline=True)
    config = {"max_concurrency": 2, "callbacks": [watch]}
    assert len(run.completed(step, range(1000), config, take=3)) == 3
    assert len(began) < 20
    watch.assert_whole()


def test_a_slow_reader_holds_the_work_up() -> None:
    taken: list[int] = []

    def inputs() -> Iterator[int]:
        for i in range(1000):
            taken.append(i)
            yield i

    results = RunnableLambda(double).batch_as_completed(inputs(), {"max_concurrency": 2})
    for count in range(1, 4):
        next(results)
        assert len(taken) <= count + 2 * 2 + 2
    results.close()


@pytest.mark.anyio
async def test_a_slow_reader_of_tasks_holds_the_work_up() -> None:
    taken: list[int] = []

    def inputs() -> Iterator[int]:
        for i in range(1000):
            taken.append(i)
            yield i

    step = RunnableLambda(double, inline=True)
    results = step.abatch_as_completed(inputs(), {"max_concurrency": 2})
    for count in range(1, 4):
        await anext(results)
        await anyio.wait_all_tasks_blocked()
        assert len(taken) <= count + 2 * 2 + 2
    await results.aclose()


@pytest.mark.anyio
async def test_leaving_cancels_what_has_begun(ledger, nothing_left) -> None:
    async def waits(x: int) -> int:
        async with ledger.aheld(str(x)):
            if x:
                await anyio.sleep_forever()
        return x

    async with nothing_left():
        results = RunnableLambda(waits).abatch_as_completed(range(5))
        assert await anext(results) == (0, 0)
        await anyio.wait_all_tasks_blocked()
        assert len(ledger.open) == 4
        await results.aclose()
        assert ledger.open == []


@pytest.mark.anyio
async def test_a_failure_cancels_the_others(ledger, nothing_left) -> None:
    async def waits(x: int) -> int:
        async with ledger.aheld(str(x)):
            if x == 2:
                await anyio.wait_all_tasks_blocked()
                raise ValueError("two")
            await anyio.sleep_forever()
        return x

    async with nothing_left():
        with pytest.raises(ValueError, match="two"):
            async for _ in RunnableLambda(waits).abatch_as_completed(range(5)):
                pass
        assert ledger.open == []
        assert len(ledger.opened) == 5


def test_an_iterator_of_inputs_that_fails_ends_it(run, step) -> None:
    def inputs() -> Iterator[int]:
        yield 1
        raise OSError("input")

    with pytest.raises(OSError, match="input"):
        run.completed(step(double), inputs())
