"""Many at once: order, limits, failures, configs, and inputs that are read as the work goes on."""

from __future__ import annotations

import contextvars
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import anyio
import anyio.to_thread
import pytest

from levada.errors import CompositionError, ConfigError
from levada.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough


def double(x: Any) -> Any:
    return x * 2


class Meeting:
    """A step that waits until `size` calls are in it at once, and notes the highest number."""

    def __init__(self, run: Any, size: int) -> None:
        self.now = self.most = 0
        self._size = size
        self._lock = threading.Lock()
        self._barrier = threading.Barrier(size)
        self._arrived: list[Any] = []
        self.step = RunnableLambda(self._in_thread if run.sync else self._in_task, name="meeting")

    def _enter(self) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def _leave(self) -> None:
        with self._lock:
            self.now -= 1

    def _in_thread(self, x: Any) -> Any:
        self._enter()
        self._barrier.wait(5)
        self._leave()
        return x

    async def _in_task(self, x: Any) -> Any:
        self._enter()
        self._arrived.append(x)
        if len(self._arrived) % self._size == 0:
            await anyio.wait_all_tasks_blocked()  # would there be one more, it would come now
            self._event.set()
            del self._event
        else:
            await self._event.wait()
        self._leave()
        return x

    @property
    def _event(self) -> anyio.Event:
        if not hasattr(self, "_shared"):
            self._shared = anyio.Event()
        return self._shared

    @_event.deleter
    def _event(self) -> None:
        del self._shared


# --- results ---


def test_results_come_in_the_order_of_the_inputs(run) -> None:
    if run.sync:
        gates = [threading.Event() for _ in range(4)]

        def backwards(i: int) -> int:
            if i < 3:
                gates[i + 1].wait(5)
            gates[i].set()
            return i
    else:
        order = iter(range(100))

        async def backwards(i: int) -> int:
            for _ in range(4 - i):
                await anyio.lowlevel.checkpoint()
            next(order)
            return i

    assert run.batch(RunnableLambda(backwards), [0, 1, 2, 3]) == [0, 1, 2, 3]


def test_no_inputs_give_no_results(run) -> None:
    assert run.batch(RunnableLambda(double), []) == []
    assert run.batch(RunnableLambda(double), iter([])) == []
    assert run.batch(RunnableLambda(double), [], []) == []


@pytest.mark.parametrize(
    "inputs", [[1, 2], (1, 2), range(1, 3), {1: "a", 2: "b"}.keys(), iter([1, 2])]
)
def test_inputs_may_be_any_iterable(run, step, inputs) -> None:
    if isinstance(inputs, Iterator):
        inputs = iter([1, 2])  # the parameter is shared by three tests
    assert run.batch(step(double), inputs) == [2, 4]


@pytest.mark.parametrize("inputs", [None, 5, "ab", {"a": 1}])
def test_what_is_no_list_of_inputs_is_refused(run, step, inputs) -> None:
    with pytest.raises(CompositionError, match="batch takes a list of inputs; got"):
        run.batch(step(double), inputs)


def test_a_chain_runs_element_by_element(run, step) -> None:
    chain = step(double) | RunnableParallel(a=step(double), b=RunnablePassthrough())
    assert run.batch(chain, [1, 2]) == [{"a": 4, "b": 2}, {"a": 8, "b": 4}]


def test_many_elements(run, step) -> None:
    assert run.batch(step(double) | step(double), range(500)) == [x * 4 for x in range(500)]


# --- how many at once ---


def test_elements_run_at_the_same_time(run) -> None:
    meeting = Meeting(run, 4)
    assert run.batch(meeting.step, [1, 2, 3, 4]) == [1, 2, 3, 4]
    assert meeting.most == 4


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_max_concurrency_is_kept_and_used(run, limit) -> None:
    meeting = Meeting(run, limit)
    inputs = list(range(limit * 4))
    assert run.batch(meeting.step, inputs, {"max_concurrency": limit}) == inputs
    assert meeting.most == limit


def test_the_limit_of_the_first_of_several_configs_holds(run) -> None:
    meeting = Meeting(run, 2)
    configs: Any = [{"max_concurrency": 2}] * 4
    assert run.batch(meeting.step, [1, 2, 3, 4], configs) == [1, 2, 3, 4]
    assert meeting.most == 2


def test_max_concurrency_limits_the_branches_of_a_parallel(run) -> None:
    meeting = Meeting(run, 2)
    parallel = RunnableParallel({str(i): meeting.step for i in range(6)})
    run.invoke(parallel, 1, {"max_concurrency": 2})
    assert meeting.most == 2


def test_max_concurrency_limits_the_elements_of_a_mapped_step(run) -> None:
    meeting = Meeting(run, 2)
    assert run.invoke(meeting.step.map(), [1, 2, 3, 4], {"max_concurrency": 2}) == [1, 2, 3, 4]
    assert meeting.most == 2


def test_max_concurrency_limits_the_branches_of_a_streamed_parallel(run) -> None:
    meeting = Meeting(run, 2)
    parallel = RunnableParallel({str(i): meeting.step for i in range(6)})
    chunks = run.stream(parallel, 1, {"max_concurrency": 2})
    assert sorted(key for chunk in chunks for key in chunk) == list("012345")
    assert meeting.most == 2


# --- an iterator of inputs ---


def test_an_iterator_is_read_as_the_work_goes_on(run) -> None:
    taken: list[int] = []
    ahead: list[int] = []

    def inputs() -> Iterator[int]:
        for i in range(20):
            taken.append(i)
            yield i

    def look(x: int) -> int:
        ahead.append(len(taken) - x)
        return x

    step = RunnableLambda(look, inline=True)
    assert run.batch(step, inputs(), {"max_concurrency": 2}) == list(range(20))
    assert max(ahead) <= 3


def test_an_iterator_that_fails_ends_the_batch_with_its_error(run, step) -> None:
    def inputs() -> Iterator[int]:
        yield 1
        raise OSError("input")

    with pytest.raises(OSError, match="input"):
        run.batch(step(double), inputs())


def test_an_iterator_longer_than_its_configs_is_an_error_of_the_config(run, step) -> None:
    with pytest.raises(ConfigError, match="config"):
        run.batch(step(double), iter([1, 2, 3]), [{}, {}])


# --- failures ---


def odd_fails(x: int) -> int:
    if x % 2:
        raise ValueError(f"odd {x}")
    return x


def test_exceptions_stand_in_the_place_of_results_if_asked_for(run, step) -> None:
    results = run.batch(step(odd_fails), [0, 1, 2, 3], return_exceptions=True)
    assert [str(r) for r in results] == ["0", "odd 1", "2", "odd 3"]
    assert [type(r) for r in results] == [int, ValueError, int, ValueError]


def test_the_first_failure_stops_what_has_not_begun(run) -> None:
    began: list[int] = []

    def fails_at_two(x: int) -> int:
        began.append(x)
        if x == 2:
            raise ValueError("two")
        return x

    step = RunnableLambda(fails_at_two, inline=True)
    with pytest.raises(ValueError, match="two"):
        run.batch(step, range(100), {"max_concurrency": 1})
    assert began == [0, 1, 2]


@pytest.mark.anyio
async def test_the_first_failure_cancels_what_has_begun(ledger, nothing_left) -> None:
    async def waits(x: int) -> int:
        async with ledger.aheld(str(x)):
            if x == 2:
                await anyio.wait_all_tasks_blocked()
                raise ValueError("two")
            await anyio.sleep_forever()
        return x

    async with nothing_left():
        with pytest.raises(ValueError, match="two"):
            await RunnableLambda(waits).abatch(range(5))
        assert ledger.open == []
        assert len(ledger.opened) == 5


def test_failures_at_the_same_time_are_notes_on_the_first() -> None:
    barrier = threading.Barrier(3)

    def fails(x: int) -> int:
        barrier.wait(5)
        raise ValueError(f"failed {x}")

    with pytest.raises(ValueError, match="failed") as caught:
        RunnableLambda(fails).batch([1, 2, 3])
    text = " ".join([str(caught.value), *caught.value.__notes__])
    assert all(f"failed {x}" in text for x in (1, 2, 3))
    assert len(caught.value.__notes__) == 2


def test_an_interrupt_is_not_returned_as_a_result() -> None:
    def interrupts(x: int) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RunnableLambda(interrupts).batch([1, 2], return_exceptions=True)


def test_every_run_of_a_failed_batch_ends(run, step, watch) -> None:
    with pytest.raises(ValueError, match="odd"):
        run.batch(step(double) | step(lambda x: odd_fails(x // 2)), range(6), watching(watch))
    watch.assert_whole()


def watching(watch: Any) -> Any:
    return {"callbacks": [watch]}


# --- configs ---


def test_each_element_may_have_a_config_of_its_own(run, step, watch) -> None:
    configs: Any = [{"tags": [t], "callbacks": [watch]} for t in "ab"]
    run.batch(step(double), [1, 2], configs)
    tags = {e["data"]["input"]: e["tags"] for e in watch.events if "start" in e["event"]}
    assert tags == {1: ["a"], 2: ["b"]}


@pytest.mark.parametrize("count", [1, 3])
def test_another_number_of_configs_than_inputs_is_refused(run, step, count) -> None:
    with pytest.raises(ConfigError, match=f"2 inputs and {count} configs"):
        run.batch(step(double), [1, 2], [{}] * count)


def test_a_wrong_config_among_several_is_refused_before_anything_runs(run) -> None:
    began: list[int] = []
    with pytest.raises(ConfigError, match="did you mean 'tags'"):
        run.batch(RunnableLambda(began.append), [1, 2], [{}, {"tagz": []}])
    assert began == []


def test_one_run_id_for_several_elements_warns_and_names_the_first(run, step, watch) -> None:
    run_id = "01990000-0000-7000-8000-000000000001"
    config: Any = {"run_id": run_id, "callbacks": [watch]}
    with pytest.warns(RuntimeWarning, match="first element of the batch only") as caught:
        run.batch(step(double), [1, 2, 3], config)
    assert caught[0].filename.endswith("tests/conftest.py")  # where `run` calls the verb
    ids = {e["data"]["input"]: e["run_id"] for e in watch.events if "start" in e["event"]}
    assert ids[1] == run_id
    assert len(set(ids.values())) == 3


def test_one_run_id_for_one_element_is_fine(run, step, watch) -> None:
    run_id = "01990000-0000-7000-8000-000000000001"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run.batch(step(double), [1], {"run_id": run_id, "callbacks": [watch]})
    assert {e["run_id"] for e in watch.events} == {run_id}


def test_options_reach_every_element(run) -> None:
    def scaled(x: int, factor: int = 1) -> int:
        return x * factor

    assert run.batch(RunnableLambda(scaled), [1, 2], factor=3) == [3, 6]


def test_context_variables_reach_every_element(run) -> None:
    word: contextvars.ContextVar[str] = contextvars.ContextVar("word", default="none")

    def reads(x: int) -> str:
        return word.get()

    token = word.set("set")
    try:
        assert run.batch(RunnableLambda(reads), range(8)) == ["set"] * 8
        assert run.invoke(RunnableParallel(a=reads, b=reads), 1) == {"a": "set", "b": "set"}
    finally:
        word.reset(token)


def test_a_batch_in_a_batch_in_a_batch(run, step) -> None:
    if run.sync:
        inner = RunnableLambda(lambda x: step(double).batch([x, x]))
        outer = RunnableLambda(lambda x: inner.batch([x, x]))
    else:

        async def one(x: int) -> Any:
            return await step(double).abatch([x, x])

        async def two(x: int) -> Any:
            return await RunnableLambda(one).abatch([x, x])

        outer = RunnableLambda(two)
    assert run.batch(outer, [1, 2]) == [[[2, 2], [2, 2]], [[4, 4], [4, 4]]]
