"""Generator functions over the stream of their input as steps."""

from __future__ import annotations

import functools
import threading
from contextlib import aclosing
from typing import Any

import anyio
import pytest

from levada.errors import CompositionError
from levada.runnables import Runnable, RunnableGenerator, RunnableLambda, RunnablePassthrough


def upper(chunks: Any) -> Any:
    for chunk in chunks:
        yield chunk.upper()


async def aupper(chunks: Any) -> Any:
    async for chunk in chunks:
        yield chunk.upper()


def test_a_plain_generator_function_works_in_every_verb(run) -> None:
    step: Runnable[Any, Any] = RunnableGenerator(upper)
    assert run.transform(step, "ab") == ["A", "B"]
    assert run.stream(step, "ab") == ["AB"]
    assert run.invoke(step, "ab") == "AB"
    assert run.batch(step, ["a", "b"]) == ["A", "B"]


def test_one_of_each_colour_is_called_in_the_right_one(run) -> None:
    async def other(chunks: Any) -> Any:
        async for _ in chunks:
            yield "async"

    def this(chunks: Any) -> Any:
        for _ in chunks:
            yield "sync"

    step: Runnable[Any, Any] = RunnableGenerator(this, other)
    assert run.transform(step, "a") == ["sync" if run.sync else "async"]
    assert run.invoke(step, "a") == ("sync" if run.sync else "async")


@pytest.mark.anyio
async def test_an_async_generator_function_alone() -> None:
    step: Runnable[Any, Any] = RunnableGenerator(aupper)
    assert [c async for c in (RunnablePassthrough() | step).astream("ab")] == ["AB"]
    assert await step.ainvoke("ab") == "AB"
    with pytest.raises(CompositionError, match=r"RunnableGenerator\(transform, atransform\)"):
        step.invoke("ab")
    with pytest.raises(CompositionError, match=r"RunnableGenerator\(transform, atransform\)"):
        list(step.stream("ab"))


def test_names() -> None:
    assert RunnableGenerator(upper).get_name() == "upper"
    assert RunnableGenerator(upper, name="mine").get_name() == "mine"
    assert repr(RunnableGenerator(upper)) == "RunnableGenerator(upper)"


def test_a_partial_of_a_generator_function_is_one(run) -> None:
    def repeat(chunks: Any, times: int) -> Any:
        for chunk in chunks:
            yield chunk * times

    partial = functools.partial(repeat, times=2)
    assert run.transform(RunnablePassthrough() | partial, "ab") == ["aa", "bb"]
    assert RunnableGenerator(partial).get_name() == "RunnableGenerator"


@pytest.mark.parametrize("thing", [5, None, len, lambda chunks: chunks, RunnablePassthrough()])
def test_what_is_no_generator_function_is_refused(thing) -> None:
    with pytest.raises(CompositionError, match="RunnableGenerator takes a generator function; got"):
        RunnableGenerator(thing)


def test_a_second_function_must_be_an_async_generator_function() -> None:
    with pytest.raises(CompositionError, match="atransform must be an async generator function"):
        RunnableGenerator(upper, upper)  # type: ignore[arg-type]


def test_it_takes_no_options(run) -> None:
    for verb in (run.invoke, run.stream):
        with pytest.raises(CompositionError, match="upper takes no options"):
            verb(RunnableGenerator(upper), "a", option=1)


# --- a plain one in async use ---


@pytest.mark.anyio
async def test_a_plain_one_may_block_as_it_runs_in_a_worker_thread() -> None:
    homes: set[int] = set()

    def looks(chunks: Any) -> Any:
        for chunk in chunks:
            homes.add(threading.get_ident())
            yield chunk

    chain = RunnableLambda(lambda x: x) | RunnableGenerator(looks)
    assert [c async for c in chain.astream("a")] == ["a"]
    assert threading.get_ident() not in homes


@pytest.mark.anyio
async def test_its_chunks_come_while_its_input_still_comes() -> None:
    seen = anyio.Event()

    async def source(x: Any) -> Any:
        yield "a"
        await seen.wait()
        yield "b"

    chain = RunnableLambda(source) | RunnableGenerator(upper)
    with anyio.fail_after(5):
        async with aclosing(chain.astream("x")) as chunks:
            assert await anext(chunks) == "A"
            seen.set()
            assert await anext(chunks) == "B"


@pytest.mark.anyio
async def test_it_does_not_run_far_ahead_of_its_reader() -> None:
    made = 0

    def many(chunks: Any) -> Any:
        nonlocal made
        for _ in range(10_000):
            made += 1
            yield made

    async with aclosing(RunnableGenerator(many).astream("x")) as chunks:
        await anext(chunks)
        await anyio.sleep(0.02)
        assert made < 200
    assert made < 200


@pytest.mark.anyio
async def test_a_slow_reader_gets_every_chunk_in_order() -> None:
    def many(chunks: Any) -> Any:
        yield from range(500)

    taken = []
    async for chunk in RunnableGenerator(many).astream("x"):
        taken.append(chunk)
        if chunk % 100 == 0:
            await anyio.sleep(0.002)  # the thread fills the buffer meanwhile
    assert taken == list(range(500))


@pytest.mark.anyio
async def test_many_of_them_in_a_row_do_not_run_out_of_threads() -> None:
    async def source(x: Any) -> Any:
        for c in "abc":
            yield c

    chain: Runnable[Any, Any] = RunnableLambda(source)
    for _ in range(60):  # more than the threads that anyio has for all
        chain = chain | RunnableGenerator(upper)
    with anyio.fail_after(15):
        assert [c async for c in chain.astream("x")] == ["A", "B", "C"]


@pytest.mark.anyio
async def test_a_failure_of_its_clean_up_is_raised_when_it_ends() -> None:
    def fails(chunks: Any) -> Any:
        try:
            yield from chunks
        finally:
            raise KeyError("clean-up")

    with pytest.raises(KeyError, match="clean-up"):
        async for _ in RunnableGenerator(fails).astream("x"):
            pass


@pytest.mark.anyio
async def test_it_may_leave_its_input_unread(ledger) -> None:
    def first(chunks: Any) -> Any:
        yield next(chunks)

    chain = ledger.source("own", "model", "abc") | RunnableGenerator(first)
    assert [c async for c in chain.astream("x")] == ["a"]
    assert ledger.open == []


# --- closing ---


def test_its_finally_has_run_before_close_returns(ledger) -> None:
    stream = (ledger.source("sync", "model", "abc") | ledger.stage("sync", "stage")).stream("x")
    next(stream)
    stream.close()
    assert ledger.closed == ["stage", "model"] or ledger.closed == ["model", "stage"]


@pytest.mark.anyio
@pytest.mark.parametrize("way", ["own", "thread"])
async def test_its_finally_has_run_before_aclose_returns(ledger, way) -> None:
    stream = (ledger.source(way, "model", "abc") | ledger.stage(way, "stage")).astream("x")
    await anext(stream)
    await stream.aclose()
    assert ledger.open == []
    assert len(ledger.closed) == 2
