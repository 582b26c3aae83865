"""A step that is tried again when it fails. Nobody really waits here."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import anyio
import pytest
import tenacity

from levada.errors import CompositionError
from levada.runnables import RunnableLambda, RunnablePassthrough


class Flaky:
    """Fails so many times, then gives its input."""

    def __init__(self, run: Any, failures: int, error: type[Exception] = ValueError) -> None:
        self.calls = 0
        self.failures = failures
        self.error = error
        self.step = RunnableLambda(run.step(self._call), name="flaky")

    def _call(self, x: Any) -> Any:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error(f"failure {self.calls}")
        return x


NOW: Any = {"wait_exponential_jitter": False}


def test_it_is_called_until_it_does_not_fail(run) -> None:
    flaky = Flaky(run, 2)
    assert run.invoke(flaky.step.with_retry(**NOW), 1) == 1
    assert flaky.calls == 3


def test_when_the_attempts_are_used_up_the_last_error_is_raised(run) -> None:
    for verb in (run.invoke, run.stream):
        flaky = Flaky(run, 5)
        with pytest.raises(ValueError, match="failure 2"):
            verb(flaky.step.with_retry(stop_after_attempt=2, **NOW), 1)
        assert flaky.calls == 2


def test_only_these_exceptions_are_tried_again(run) -> None:
    for types in ((KeyError,), lambda e: isinstance(e, KeyError)):
        flaky = Flaky(run, 1, KeyError)
        assert run.invoke(flaky.step.with_retry(retry_if_exception_type=types, **NOW), 1) == 1
        flaky = Flaky(run, 1, ValueError)
        with pytest.raises(ValueError, match="failure 1"):
            run.invoke(flaky.step.with_retry(retry_if_exception_type=types, **NOW), 1)
        assert flaky.calls == 1


def test_a_batch_tries_only_what_failed_and_keeps_the_order(run) -> None:
    calls: list[int] = []

    def odd_fails_once(x: int) -> int:
        calls.append(x)
        if x % 2 and calls.count(x) == 1:
            raise ValueError(x)
        return x * 10

    step = RunnableLambda(run.step(odd_fails_once)).with_retry(**NOW)
    assert run.batch(step, range(6)) == [0, 10, 20, 30, 40, 50]
    assert sorted(calls) == [0, 1, 1, 2, 3, 3, 4, 5, 5]


def test_a_batch_with_failures_keeps_them_at_their_places(run) -> None:
    def odd_fails(x: int) -> int:
        if x % 2:
            raise ValueError(x)
        return x

    step = RunnableLambda(run.step(odd_fails)).with_retry(stop_after_attempt=2, **NOW)
    results = run.batch(step, range(4), return_exceptions=True)
    assert [r if isinstance(r, int) else str(r) for r in results] == [0, "1", 2, "3"]


# --- streams ---


def test_a_stream_is_tried_again_until_its_first_chunk(run, ledger) -> None:
    attempts = iter([(0, ValueError("before")), (2, None)])

    def source(x: Any) -> Any:
        count, error = next(attempts)
        yield from "ab"[:count]
        if error:
            raise error

    async def asource(x: Any) -> Any:
        for item in source(x):
            yield item

    step = RunnableLambda(source, asource).with_retry(**NOW)
    assert run.stream(step | RunnablePassthrough(), "x") == ["a", "b"]


def test_a_stream_that_fails_after_its_first_chunk_is_not_tried_again(run, ledger) -> None:
    step = ledger.source(run.how, "late", "ab", ValueError("late")).with_retry(**NOW)
    with pytest.raises(ValueError, match="late"):
        run.stream(step, "x")
    assert (ledger.opened, ledger.open) == (["late"], [])


def test_a_late_failure_is_tried_again_when_nothing_is_streamed(run, ledger) -> None:
    step = ledger.source(run.how, "late", "ab", ValueError("late")).with_retry(**NOW)
    with pytest.raises(ValueError, match="late"):
        run.invoke(step, "x")
    assert (ledger.opened, ledger.open) == (["late"] * 3, [])


def test_closing_a_stream_closes_the_attempt_that_runs(run, ledger) -> None:
    step = ledger.source(run.how, "source", "abc").with_retry(**NOW)
    assert run.stream(step, "x", take=1) == ["a"]
    assert ledger.open == []


# --- events ---


def test_each_attempt_is_a_child_and_later_ones_say_so(run) -> None:
    flaky = Flaky(run, 2)
    events = run.events(RunnablePassthrough() | flaky.step.with_retry(**NOW), 1)
    found = [
        (e["event"].removeprefix("on_chain_"), e["name"], len(e["parent_ids"]), e["tags"])
        for e in events
        if e["name"] == "flaky" and not e["event"].endswith("_stream")
    ]
    assert found == [
        ("start", "flaky", 1, ["seq:step:2"]),
        ("start", "flaky", 2, []),
        ("error", "flaky", 2, []),
        ("start", "flaky", 2, ["retry:attempt:2"]),
        ("error", "flaky", 2, ["retry:attempt:2"]),
        ("start", "flaky", 2, ["retry:attempt:3"]),
        ("end", "flaky", 2, ["retry:attempt:3"]),
        ("end", "flaky", 1, ["seq:step:2"]),
    ]


def test_events_of_a_retry_that_gives_up_end_every_run(run, whole) -> None:
    events = run.events(Flaky(run, 9).step.with_retry(**NOW), 1, raises=ValueError)
    whole(events)
    assert events[-1]["event"] == "on_chain_error"
    assert str(events[-1]["data"]["error"]) == "failure 3"


# --- how long it waits, and tenacity's own objects ---


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Keep what retries would wait, and let them go on at once."""
    import time

    seconds: list[float] = []

    async def sleep(delay: float) -> None:
        seconds.append(delay)

    monkeypatch.setattr(time, "sleep", seconds.append)
    monkeypatch.setattr(anyio, "sleep", sleep)
    return seconds


def test_waits_grow_and_have_a_limit(run, waits) -> None:
    params: Any = {"initial": 2, "exp_base": 3, "max": 7, "jitter": 0}
    step = Flaky(run, 4).step.with_retry(stop_after_attempt=5, exponential_jitter_params=params)
    run.invoke(step, 1)
    assert waits == [2, 6, 7, 7]


def test_by_default_it_waits_between_attempts(run, waits) -> None:
    run.invoke(Flaky(run, 2).step.with_retry(), 1)
    assert len(waits) == 2
    assert 1 <= waits[0] <= 2 <= waits[1] <= 3


def test_an_error_that_says_how_long_to_wait_is_heard(run, waits) -> None:
    class Busy(ValueError):
        retry_after = 7.5

    run.invoke(Flaky(run, 1, Busy).step.with_retry(**NOW), 1)
    assert waits == [7.5]


def test_tenacitys_own_objects_are_accepted(run, waits) -> None:
    flaky = Flaky(run, 3)
    step = flaky.step.with_retry(
        stop=tenacity.stop_after_attempt(4) | tenacity.stop_after_delay(100),
        wait=tenacity.wait_fixed(2) + tenacity.wait_fixed(1),
        retry=tenacity.retry_if_exception_message(match="failure"),
    )
    assert run.invoke(step, 1) == 1
    assert waits == [3, 3, 3]


def test_a_result_may_be_a_reason_to_try_again(run) -> None:
    calls: list[int] = []

    def counts(x: Any) -> int:
        calls.append(x)
        return len(calls)

    retry = tenacity.retry_if_result(lambda r: r < 3)
    step = RunnableLambda(run.step(counts)).with_retry(retry=retry, stop_after_attempt=5, **NOW)
    assert run.invoke(step, 1) == 3


def test_a_policy_that_judges_results_leaves_no_stream_open(run, ledger) -> None:
    retry = tenacity.retry_if_result(lambda r: True)
    step = ledger.source(run.how, "source", "abc").with_retry(retry=retry, **NOW)
    with suppress(tenacity.RetryError):
        run.stream(step, "x")
    assert ledger.open == []


def test_one_retry_serves_many_calls_at_once(run) -> None:
    seen: dict[int, int] = {}

    def fails_twice(x: int) -> int:
        seen[x] = seen.get(x, 0) + 1
        if seen[x] < 3:
            raise ValueError(x)
        return x

    step = RunnableLambda(run.step(fails_twice)).with_retry(**NOW)
    assert run.batch(step, range(30)) == list(range(30))
    assert set(seen.values()) == {3}


# --- refused, and never tried again ---


def test_exceptions_may_be_given_as_one_class_or_the_chain_is_refused(run) -> None:
    try:
        step = Flaky(run, 1).step.with_retry(retry_if_exception_type=KeyError, **NOW)  # type: ignore[arg-type]
    except (CompositionError, ValueError, TypeError):
        return
    with pytest.raises(ValueError, match="failure 1"):
        run.invoke(step, 1)


@pytest.mark.parametrize("attempts", [0, -1])
def test_there_must_be_one_attempt(run, attempts) -> None:
    with pytest.raises(ValueError, match="attempt"):
        Flaky(run, 1).step.with_retry(stop_after_attempt=attempts)


@pytest.mark.parametrize("thing", [None, 5])
def test_what_is_no_step_cannot_be_tried_again(thing) -> None:
    from levada.runnables import RunnableRetry

    with pytest.raises(CompositionError):
        RunnableRetry(bound=thing)


@pytest.mark.anyio
async def test_a_cancelled_attempt_is_the_last_one() -> None:
    calls: list[Any] = []

    async def waits(x: Any) -> Any:
        calls.append(x)
        await anyio.sleep_forever()

    for retry in (
        {"retry_if_exception_type": lambda e: True},
        {"retry": tenacity.retry_always},
        {"retry_if_exception_type": (BaseException,)},
    ):
        calls.clear()
        step = RunnableLambda(waits).with_retry(**NOW, **retry)  # type: ignore[arg-type]
        with anyio.move_on_after(0.01):
            await step.ainvoke(1)
        assert calls == [1]
