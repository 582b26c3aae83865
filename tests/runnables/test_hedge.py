"""A second attempt for a step that is slow today."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import pytest

from levada.errors import ConfigError
from levada.runnables import RunnableLambda

SOON = 0.02
LONG = 60


class Attempts:
    """A step whose attempts do what they are told: "stuck", "fail", or give this."""

    def __init__(self, how: str, *does: Any) -> None:
        self.how = how
        self.does = list(does)
        self.began = 0
        self.closed: list[int] = []
        self.gate = threading.Event()
        self.ended = threading.Event()

    def call(self) -> RunnableLambda[Any, Any]:
        def attempt(value: Any) -> Any:
            i = self.began
            self.began += 1
            if self.does[i] == "stuck":
                assert self.gate.wait(20)
                self.ended.set()
            if self.does[i] == "fail":
                raise OSError(f"attempt {i} failed")
            return self.does[i]

        async def aattempt(value: Any) -> Any:
            i = self.began
            self.began += 1
            try:
                if self.does[i] == "stuck":
                    await anyio.sleep_forever()
                if self.does[i] == "fail":
                    raise OSError(f"attempt {i} failed")
            finally:
                self.closed.append(i)
            return self.does[i]

        return RunnableLambda(attempt if self.how == "sync" else aattempt, name="attempt")

    def stream(self) -> RunnableLambda[Any, Any]:
        def attempt(value: Any) -> Iterator[Any]:
            i = self.began
            self.began += 1
            try:
                for chunk in self.does[i]:
                    if chunk == "stuck":
                        assert self.gate.wait(20)
                    if chunk == "fail":
                        raise OSError(f"attempt {i} failed")
                    yield chunk
            finally:
                self.closed.append(i)
                self.ended.set()

        async def aattempt(value: Any) -> AsyncIterator[Any]:
            i = self.began
            self.began += 1
            try:
                for chunk in self.does[i]:
                    if chunk == "stuck":
                        await anyio.sleep_forever()
                    if chunk == "fail":
                        raise OSError(f"attempt {i} failed")
                    yield chunk
            finally:
                self.closed.append(i)

        function: Any = attempt if self.how == "sync" else aattempt
        return RunnableLambda(function, name="attempt")


@pytest.fixture
def attempts(how: str) -> Iterator[Any]:
    made: list[Attempts] = []

    def make(*does: Any) -> Attempts:
        made.append(Attempts(how, *does))
        return made[-1]

    yield make
    for each in made:
        each.gate.set()


def test_a_call_in_time_is_made_once(run, attempts) -> None:
    quick = attempts("done")
    assert run.invoke(quick.call().with_hedge(after=LONG), 1) == "done"
    assert quick.began == 1
    quick = attempts([1, 2])
    assert run.stream(quick.stream().with_hedge(after=LONG), 1) == [1, 2]
    assert quick.began == 1


def test_the_second_wins_if_the_first_is_stuck(run, attempts) -> None:
    slow = attempts("stuck", "done")
    assert run.invoke(slow.call().with_hedge(after=SOON), 1) == "done"
    assert slow.began == 2
    if not run.sync:
        assert slow.closed == [1, 0]


def test_the_first_wins_if_the_second_is_stuck(run, how) -> None:
    second, end = threading.Event(), threading.Event()
    events: list[anyio.Event] = []

    def attempt(value: Any) -> Any:
        if not events:
            events.append(None)  # type: ignore[arg-type]
            assert second.wait(20)
            return "first"
        second.set()
        assert end.wait(20)
        return "second"

    async def aattempt(value: Any) -> Any:
        if not events:
            events.append(anyio.Event())
            await events[0].wait()
            return "first"
        events[0].set()
        await anyio.sleep_forever()
        return "second"

    step: Any = RunnableLambda(attempt if how == "sync" else aattempt)
    assert run.invoke(step.with_hedge(after=SOON), 1) == "first"
    end.set()


def test_the_stream_of_the_winner_is_read_and_that_of_the_loser_closed(run, attempts) -> None:
    slow = attempts(["stuck", 0], [1, 2, 3])
    assert run.stream(slow.stream().with_hedge(after=SOON), 1) == [1, 2, 3]
    slow.gate.set()
    if run.sync:
        assert slow.ended.wait(10)
    else:
        assert sorted(slow.closed) == [0, 1]


def test_a_stream_that_has_begun_has_won(run, attempts) -> None:
    begun = attempts([1, 2])
    assert run.stream(begun.stream().with_hedge(after=LONG), 1, take=1) == [1]
    assert begun.closed == [0]


def test_a_failure_in_time_is_raised_at_once(run, attempts) -> None:
    failing = attempts("fail", "done")
    with pytest.raises(OSError, match="attempt 0 failed"):
        run.invoke(failing.call().with_hedge(after=LONG), 1)
    assert failing.began == 1
    failing = attempts([1, "fail"])
    with pytest.raises(OSError, match="attempt 0 failed"):
        run.stream(failing.stream().with_hedge(after=LONG), 1)


@pytest.mark.anyio
async def test_a_second_attempt_that_fails_leaves_it_to_the_first() -> None:
    second: list[anyio.Event] = []

    async def attempt(value: Any) -> Any:
        if second:
            second[0].set()
            raise OSError("second")
        second.append(anyio.Event())
        await second[0].wait()
        await anyio.wait_all_tasks_blocked()
        return "first"

    assert await RunnableLambda(attempt).with_hedge(after=SOON).ainvoke(1) == "first"


@pytest.mark.anyio
async def test_if_both_fail_the_first_failure_has_the_other_as_a_note() -> None:
    second: list[anyio.Event] = []

    async def attempt(value: Any) -> Any:
        if second:
            second[0].set()
            raise OSError("attempt 2")
        second.append(anyio.Event())
        await second[0].wait()
        raise OSError("attempt 1")

    with pytest.raises(OSError, match="attempt") as caught:
        await RunnableLambda(attempt).with_hedge(after=SOON).ainvoke(1)
    assert any("at the same time failed: OSError: attempt" in n for n in caught.value.__notes__)


def test_if_both_threads_fail_the_first_failure_has_the_other_as_a_note() -> None:
    barrier = threading.Barrier(2)

    def attempt(value: Any) -> Any:
        barrier.wait(20)
        raise OSError("failed")

    with pytest.raises(OSError, match="failed") as caught:
        RunnableLambda(attempt).with_hedge(after=SOON).invoke(1)
    assert caught.value.__notes__ == ["at the same time failed: OSError: failed"]


def test_every_run_ends(run, attempts, watch) -> None:
    slow = attempts("stuck", "done")
    hedged = slow.call().with_hedge(after=SOON)
    assert run.invoke(hedged, 1, {"callbacks": [watch]}) == "done"
    slow.gate.set()
    watch.assert_whole()
    starts = [e for e in watch.events if e["event"] == "on_chain_start"]
    assert [e["tags"] for e in starts] == [[], [], ["hedge:attempt:2"]]
    slow = attempts(["stuck"], [1, 2])
    watch.events.clear()
    assert run.stream(slow.stream().with_hedge(after=SOON), 1, {"callbacks": [watch]}) == [1, 2]
    slow.gate.set()
    watch.assert_whole()


@pytest.mark.anyio
async def test_nothing_is_left(ledger, nothing_left) -> None:
    async def stuck(value: Any) -> AsyncIterator[Any]:
        async with ledger.aheld("stuck"):
            if len(ledger.opened) == 2:
                scope.cancel()
            await anyio.sleep_forever()
            yield value

    scope = anyio.CancelScope()
    async with nothing_left():
        with scope:
            async for _ in RunnableLambda(stuck).with_hedge(after=SOON).astream(1):
                pass
        assert len(ledger.opened) == 2
        assert ledger.open == []


@pytest.mark.parametrize("after", [0, -1, "1", True, None])
def test_what_is_no_time_is_refused(after) -> None:
    with pytest.raises(ConfigError, match="after takes a number of seconds greater than 0; got"):
        RunnableLambda(str).with_hedge(after=after)
