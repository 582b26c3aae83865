"""Steps that have so much time, and no more."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import pytest

from levada.errors import ConfigError, StepTimeoutError
from levada.runnables import RunnableGenerator, RunnableLambda

# A time that passes at once, and one that does not pass while a test runs.
SOON = 0.02
LONG = 60


class Stuck:
    """Steps that give some chunks and then no more, in the colour of the test."""

    def __init__(self, how: str) -> None:
        self.how = how
        self.gate = threading.Event()
        self.began = threading.Event()
        self.closed: list[str] = []

    def call(self) -> RunnableLambda[Any, Any]:
        def stuck(value: Any) -> Any:
            self.began.set()
            assert self.gate.wait(20)
            self.closed.append("call")
            return value

        async def astuck(value: Any) -> Any:
            try:
                await anyio.sleep_forever()
            finally:
                self.closed.append("call")

        return RunnableLambda(stuck if self.how == "sync" else astuck, name="stuck")

    def stream(self, *chunks: Any) -> RunnableLambda[Any, Any]:
        def stuck(value: Any) -> Iterator[Any]:
            try:
                yield from chunks
                assert self.gate.wait(20)
                yield "late"
            finally:
                self.closed.append("stream")

        async def astuck(value: Any) -> AsyncIterator[Any]:
            try:
                for chunk in chunks:
                    yield chunk
                await anyio.sleep_forever()
            finally:
                self.closed.append("stream")

        function: Any = stuck if self.how == "sync" else astuck
        return RunnableLambda(function, name="stuck")


@pytest.fixture
def stuck(how: str) -> Iterator[Stuck]:
    steps = Stuck(how)
    yield steps
    steps.gate.set()


# --- in time ---


def test_what_is_in_time_is_as_without_a_limit(run, step, watch) -> None:
    timed = step(str.upper).with_timeout(LONG, first_chunk=LONG, between_chunks=LONG)
    assert run.invoke(timed, "a") == "A"
    assert run.stream(timed, "a") == ["A"]
    assert run.batch(timed, ["a", "b"]) == ["A", "B"]
    assert run.invoke(timed, "a", {"callbacks": [watch]}) == "A"
    watch.assert_whole()
    assert watch.heads[0] == ("chain_start", "upper")


def test_it_streams(run, ledger, how) -> None:
    source = ledger.source(how, "source", [1, 2, 3])
    timed = source.with_timeout(LONG, between_chunks=LONG)
    assert run.stream(timed, 0) == [1, 2, 3]
    assert run.stream(timed, 0, take=1) == [1]
    assert ledger.open == []


def test_a_failure_is_raised_as_it_is(run, how, ledger, step) -> None:
    def fails(value: Any) -> Any:
        raise TimeoutError("of its own")

    for limits in ({"seconds": LONG}, {"first_chunk": LONG}):
        timed = step(fails).with_timeout(**limits)
        with pytest.raises(TimeoutError, match="of its own") as caught:
            run.invoke(timed, 1)
        assert not isinstance(caught.value, StepTimeoutError)
        with pytest.raises(TimeoutError, match="of its own"):
            run.stream(timed, 1)
    timed = ledger.source(how, "source", [1], fails=OSError("cut")).with_timeout(LONG)
    with pytest.raises(OSError, match="cut"):
        run.stream(timed, 1)


# --- too late ---


def test_a_call_that_takes_too_long_is_an_error_that_names_the_step(run, stuck) -> None:
    with pytest.raises(StepTimeoutError, match=r"stuck took longer than 0\.02 s") as caught:
        run.invoke(stuck.call().with_timeout(SOON), 1)
    assert isinstance(caught.value, TimeoutError)


def test_the_error_says_where_in_the_chain(run, step, stuck) -> None:
    chain = step(str) | stuck.call().with_timeout(SOON)
    with pytest.raises(StepTimeoutError) as caught:
        run.invoke(chain, 1)
    assert caught.value.__notes__ == ["in RunnableSequence > step 2: stuck"]


@pytest.mark.parametrize(
    ("chunks", "limits", "says"),
    [
        ([], {"seconds": SOON}, "stuck took longer than 0.02 s"),
        ([1], {"seconds": 0.2}, "stuck took longer than 0.2 s"),
        ([], {"first_chunk": SOON}, "stuck gave no first chunk within 0.02 s"),
        ([], {"seconds": LONG, "first_chunk": SOON}, "stuck gave no first chunk within 0.02 s"),
        ([1, 2], {"first_chunk": LONG, "between_chunks": SOON}, "no further chunk within 0.02 s"),
    ],
)
def test_a_stream_that_takes_too_long_is_an_error(run, stuck, chunks, limits, says) -> None:
    with pytest.raises(StepTimeoutError, match=says):
        run.stream(stuck.stream(*chunks).with_timeout(**limits), 1)
    if not run.sync:
        assert stuck.closed == ["stream"]


def test_chunks_before_it_have_been_passed_on(run, stuck) -> None:
    timed = stuck.stream(1, 2).with_timeout(first_chunk=LONG, between_chunks=SOON)
    seen: list[Any] = []

    def note(chunks: Iterator[Any]) -> Iterator[Any]:
        for chunk in chunks:
            seen.append(chunk)
            yield chunk

    async def anote(chunks: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for chunk in chunks:
            seen.append(chunk)
            yield chunk

    with pytest.raises(StepTimeoutError):
        run.stream(timed | RunnableGenerator(note, anote), 0)
    assert seen == [1, 2]


def test_a_thread_that_is_left_closes_its_stream_at_its_next_chunk() -> None:
    stuck = Stuck("sync")
    closed = threading.Event()

    def source(value: Any) -> Iterator[int]:
        try:
            yield 1
            assert stuck.gate.wait(20)
            yield 2
            raise AssertionError("read on")
        finally:
            closed.set()

    stream = RunnableLambda(source).with_timeout(first_chunk=LONG, between_chunks=SOON).stream(0)
    assert next(stream) == 1
    with pytest.raises(StepTimeoutError):
        next(stream)
    assert not closed.is_set()
    stuck.gate.set()
    assert closed.wait(10)


@pytest.mark.anyio
async def test_a_plain_function_in_async_use_is_left_in_its_thread() -> None:
    stuck = Stuck("sync")
    for step in (stuck.call(), stuck.call().with_config(tags=["t"])):
        with pytest.raises(StepTimeoutError):
            await step.with_timeout(SOON).ainvoke(1)
    with pytest.raises(StepTimeoutError):
        async for _ in stuck.stream().with_timeout(first_chunk=SOON).astream(1):
            pass
    assert stuck.closed == []
    stuck.gate.set()


@pytest.mark.anyio
async def test_the_shorter_of_two_limits_holds_for_threads_too() -> None:
    stuck = Stuck("sync")
    for step in (
        stuck.call().with_timeout(LONG).with_timeout(SOON),
        stuck.call().with_timeout(SOON).with_timeout(LONG),
        stuck.call().with_hedge(after=SOON).with_timeout(SOON),
    ):
        with pytest.raises(StepTimeoutError):
            await step.ainvoke(1)
    assert stuck.closed == []
    stuck.gate.set()


@pytest.mark.anyio
async def test_a_caller_that_is_cancelled_waits_for_the_thread() -> None:
    stuck = Stuck("sync")
    step = stuck.call().with_timeout(LONG)
    async with anyio.create_task_group() as group:
        group.start_soon(step.ainvoke, 1)
        assert await anyio.to_thread.run_sync(stuck.began.wait, 10)
        group.cancel_scope.cancel()
        stuck.gate.set()
    assert stuck.closed == ["call"]


@pytest.mark.anyio
async def test_what_is_cancelled_has_closed_before_the_error(ledger, nothing_left) -> None:
    async def waits(value: Any) -> Any:
        async with ledger.aheld("waits"):
            await anyio.sleep_forever()

    async with nothing_left():
        with pytest.raises(StepTimeoutError):
            await ({"a": waits, "b": waits} | RunnableLambda(str)).with_timeout(SOON).ainvoke(1)
        assert ledger.opened
        assert ledger.open == []


# --- what observers see ---


def test_every_run_ends_and_what_is_left_is_not_seen(run, stuck, watch) -> None:
    inner = RunnableLambda(lambda x: x, name="inner")
    if run.sync:
        done = threading.Event()

        def outer(value: Any) -> Any:
            stuck.call().invoke(value)
            inner.invoke(value)
            done.set()
    else:

        async def outer(value: Any) -> Any:
            await stuck.call().ainvoke(value)

    with pytest.raises(StepTimeoutError):
        run.invoke(RunnableLambda(outer).with_timeout(SOON), 1, {"callbacks": [watch]})
    stuck.gate.set()
    if run.sync:
        assert done.wait(10)
    watch.assert_whole()
    assert watch.of("inner") == []
    assert watch.of("stuck") == ["start", "error"]
    assert isinstance(watch.events[-1]["data"]["error"], StepTimeoutError)


@pytest.mark.anyio
async def test_runs_in_a_thread_that_is_left_end_with_the_error(watch) -> None:
    stuck = Stuck("sync")
    done = threading.Event()

    def outer(value: Any) -> Any:
        stuck.call().invoke(value)
        done.set()

    timed = RunnableLambda(outer).with_timeout(0.5)  # by then the thread has begun
    with pytest.raises(StepTimeoutError):
        await timed.ainvoke(1, {"callbacks": [watch]})
    stuck.gate.set()
    assert await anyio.to_thread.run_sync(done.wait, 10)
    watch.assert_whole()


# --- together with others ---


def test_a_retry_tries_again_after_it(run, stuck) -> None:
    calls: list[int] = []
    slow = stuck.call()

    def sometimes(value: Any) -> Any:
        calls.append(value)
        return slow if len(calls) == 1 else "done"

    if run.sync:
        step = RunnableLambda(sometimes)
    else:

        async def asometimes(value: Any) -> Any:
            return sometimes(value)

        step = RunnableLambda(asometimes)
    retried = step.with_timeout(0.1).with_retry(wait_exponential_jitter=False)
    assert run.invoke(retried, 1) == "done"
    assert calls == [1, 1]


def test_a_fallback_takes_over(run, stuck, step) -> None:
    chain = stuck.stream().with_timeout(first_chunk=SOON).with_fallbacks([step(str)])
    assert run.stream(chain, 1) == ["1"]


@pytest.mark.parametrize(
    ("times", "says"),
    [
        ({}, "with_timeout takes a time"),
        ({"seconds": 0}, "seconds takes a number of seconds greater than 0; got 0"),
        ({"first_chunk": -1}, "first_chunk takes a number .* got -1"),
        ({"between_chunks": "1"}, "between_chunks takes a number .* got '1'"),
        ({"seconds": True}, "got True"),
    ],
)
def test_what_is_no_time_is_refused(times, says) -> None:
    with pytest.raises(ConfigError, match=says):
        RunnableLambda(str).with_timeout(**times)


def test_it_takes_and_gives_what_its_step_does() -> None:
    def count(text: str) -> int:
        return len(text)

    timed = RunnableLambda(count).with_timeout(1)
    assert (timed.get_name(), timed.InputType, timed.OutputType) == ("count", str, int)
