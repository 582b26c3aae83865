"""The same input into several steps at once: results, interleaving, limits, wide ones."""

from __future__ import annotations

import threading
from contextlib import aclosing
from typing import Any

import anyio
import pytest

from levada.errors import CompositionError
from levada.runnables import (
    AddableDict,
    RunnableGenerator,
    RunnableLambda,
    RunnableMap,
    RunnableParallel,
    RunnablePassthrough,
)


def double(x: Any) -> Any:
    return x * 2


def test_each_step_gets_the_whole_input(run, step) -> None:
    parallel = RunnableParallel(a=step(double), b=RunnablePassthrough())
    assert run.invoke(parallel, 2) == {"a": 4, "b": 2}
    assert run.batch(parallel, [1, 2]) == [{"a": 2, "b": 1}, {"a": 4, "b": 2}]


def test_the_keys_keep_the_order_of_the_steps(run) -> None:
    keys = [str(i) for i in range(20)]
    assert list(run.invoke(RunnableParallel(dict.fromkeys(keys, double)), 1)) == keys


def test_steps_may_be_given_as_a_dict_as_keywords_or_as_both(run) -> None:
    parallel = RunnableParallel({"a": double}, b=double, name="mine")
    assert run.invoke(parallel, 1) == {"a": 2, "b": 2}
    assert parallel.get_name() == "mine"
    assert RunnableParallel(a=double, b=double).get_name() == "RunnableParallel<a,b>"
    assert RunnableMap is RunnableParallel


def test_parallels_nest(run, step) -> None:
    inner = {"c": step(double), "d": {"e": step(double)}}
    assert run.invoke(RunnableParallel(a=inner, b=step(double)), 1) == {
        "a": {"c": 2, "d": {"e": 2}},
        "b": 2,
    }


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ({}, "at least one step; got none"),
        ({1: double}, "keys of a RunnableParallel are strings; got 1"),
        ({"a": None}, "got None"),
        ({"a": 5}, "got 5"),
    ],
)
def test_wrong_steps_are_refused(steps, says) -> None:
    with pytest.raises(CompositionError, match=says):
        RunnableParallel(steps)


@pytest.mark.parametrize("steps", [[double], 5, "text"])
def test_what_is_no_dict_of_steps_is_refused(steps) -> None:
    with pytest.raises(CompositionError):
        RunnableParallel(steps)


# --- streams ---


def test_a_stream_gives_one_key_a_chunk_which_add_up_to_the_result(run, step) -> None:
    parallel = RunnableParallel(a=step(double), b=RunnablePassthrough())
    chunks = run.transform(parallel, "xyz")
    assert all(len(c) == 1 and isinstance(c, AddableDict) for c in chunks)
    total = chunks[0]
    for chunk in chunks[1:]:
        total = total + chunk
    assert total == {"a": "xyzxyz", "b": "xyz"}
    assert [c["b"] for c in chunks if "b" in c] == ["x", "y", "z"]


def test_each_branch_gets_every_chunk_in_order(run) -> None:
    text = "".join(chr(ord("a") + i % 26) for i in range(500))
    parallel = RunnableParallel({k: RunnablePassthrough() for k in "abcd"})
    chunks = run.transform(parallel, text)
    for key in "abcd":
        assert "".join(c[key] for c in chunks if key in c) == text


def test_one_slow_branch_does_not_hold_another_back() -> None:
    go_on = threading.Event()

    def slow(x: Any) -> Any:
        go_on.wait(5)
        return "slow"

    chunks = RunnableParallel(slow=slow, quick=RunnablePassthrough()).transform("abc")
    assert [next(chunks) for _ in range(3)] == [{"quick": c} for c in "abc"]
    go_on.set()
    assert list(chunks) == [{"slow": "slow"}]


@pytest.mark.anyio
async def test_one_slow_async_branch_does_not_hold_another_back() -> None:
    go_on = anyio.Event()

    async def slow(x: Any) -> Any:
        await go_on.wait()
        return "slow"

    async def source() -> Any:
        for c in "abc":
            yield c

    parallel = RunnableParallel(slow=slow, quick=RunnablePassthrough())
    async with aclosing(parallel.atransform(source())) as chunks:
        assert [await anext(chunks) for _ in range(3)] == [{"quick": c} for c in "abc"]
        go_on.set()
        assert [c async for c in chunks] == [{"slow": "slow"}]


def test_chunks_come_while_the_input_still_comes() -> None:
    def source() -> Any:
        for c in "abc":
            yield c
            assert seen.pop(0) is None  # both branches have given it to the reader

    seen: list[None] = []
    stream = RunnableParallel(a=RunnablePassthrough()).transform(source())
    for _ in range(3):
        next(stream)
        seen.append(None)
    assert list(stream) == []


@pytest.mark.anyio
async def test_a_branch_that_does_not_read_does_not_pile_up_the_input(ledger) -> None:
    pulled = 0

    async def source() -> Any:
        nonlocal pulled
        for _ in range(20_000):
            pulled += 1
            yield "x"

    async def never_reads(chunks: Any) -> Any:
        await anyio.sleep_forever()
        yield

    parallel = RunnableParallel(a=RunnablePassthrough(), b=never_reads)
    async with aclosing(source()) as text, aclosing(parallel.atransform(text)) as chunks:
        with anyio.move_on_after(0.2):
            async for _ in chunks:
                pass
    assert pulled < 2000


def test_a_branch_may_give_more_than_it_gets_or_nothing(run) -> None:
    if run.sync:

        def many(x: Any) -> Any:
            yield from range(300)

        def none(x: Any) -> Any:
            yield from ()
    else:

        async def many(x: Any) -> Any:
            for i in range(300):
                yield i

        async def none(x: Any) -> Any:
            return
            yield

    parallel = RunnableParallel(many=RunnableLambda(many), none=RunnableLambda(none))
    assert run.stream(parallel, 1) == [{"many": i} for i in range(300)]


def test_an_input_without_chunks_reaches_branches_as_none(run) -> None:
    seen: list[Any] = []
    parallel = RunnableParallel(a=RunnableLambda(seen.append), b=RunnablePassthrough())
    assert run.transform(parallel, []) == [{"a": None}]
    assert seen == [None]


def test_a_limit_of_one_runs_branch_after_branch(run) -> None:
    order: list[str] = []

    def noting(name: str) -> Any:
        def stage(chunks: Any) -> Any:
            for chunk in chunks:
                order.append(name)
                yield chunk

        async def astage(chunks: Any) -> Any:
            async for chunk in chunks:
                order.append(name)
                yield chunk

        return RunnableGenerator(stage if run.sync else astage)

    parallel = RunnableParallel(a=noting("a"), b=noting("b"))
    chunks = run.transform(parallel, "xy", {"max_concurrency": 1})
    assert order == ["a", "a", "b", "b"]
    assert chunks == [{"a": "x"}, {"a": "y"}, {"b": "x"}, {"b": "y"}]


# --- wide ---


def test_two_thousand_branches_in_every_verb(run) -> None:
    wide = RunnableParallel({str(i): RunnableLambda(double, inline=True) for i in range(2000)})
    assert len(run.invoke(wide, 1)) == 2000
    assert len(run.stream(wide, 1)) == 2000
    assert [len(r) for r in run.batch(wide, [1, 2])] == [2000, 2000]
