"""One step after the other: composition, streaming from end to end, deep chains."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import anyio
import pytest

from levada.errors import CompositionError
from levada.runnables import (
    Runnable,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnableSequence,
    coerce_to_runnable,
)


def add_one(x: int) -> int:
    return x + 1


def double(x: Any) -> Any:
    return x * 2


# --- composition ---


def test_a_step_hands_its_output_to_the_next(run, step) -> None:
    chain = step(add_one) | step(double)
    assert run.invoke(chain, 1) == 4
    assert run.stream(chain, 1) == [4]
    assert run.batch(chain, [1, 2]) == [4, 6]


def test_functions_and_dicts_may_stand_on_either_side(run) -> None:
    assert run.invoke(add_one | RunnableLambda(double), 1) == 4
    assert run.invoke(RunnableLambda(add_one) | double, 1) == 4
    assert run.invoke({"a": add_one} | RunnablePassthrough(), 1) == {"a": 2}
    assert run.invoke(RunnableLambda(add_one) | {"a": double, "b": str}, 1) == {"a": 4, "b": "2"}


def test_generator_functions_are_given_the_stream(run) -> None:
    def pairs(chunks: Any) -> Any:
        for chunk in chunks:
            yield chunk * 2

    assert run.transform(RunnablePassthrough() | pairs, "ab") == ["aa", "bb"]
    assert run.transform(pairs | RunnablePassthrough(), "ab") == ["aa", "bb"]


@pytest.mark.anyio
async def test_async_functions_of_either_kind_may_be_steps() -> None:
    async def later(x: int) -> int:
        return x + 1

    async def stage(chunks: Any) -> Any:
        async for chunk in chunks:
            yield chunk * 2

    chain = RunnableLambda(add_one) | later | stage
    assert await chain.ainvoke(1) == 6
    assert [c async for c in (later | RunnablePassthrough()).astream(1)] == [2]


def test_pipe_is_the_same_as_the_operator(run, step) -> None:
    chain = step(add_one).pipe(step(double), step(add_one), name="piped")
    assert run.invoke(chain, 1) == 5
    assert chain.get_name() == "piped"


def test_sequences_are_flattened_unless_they_have_a_name_or_a_config() -> None:
    inner = RunnableLambda(add_one) | add_one
    named = RunnableSequence(add_one, add_one, name="named")
    bound = inner.with_config(tags=["t"])
    assert [len((inner | s).steps) for s in (inner, named, bound)] == [4, 3, 3]  # type: ignore[attr-defined]


def test_the_parts_of_a_sequence_can_be_asked_for() -> None:
    steps = [RunnableLambda(add_one) for _ in range(4)]
    chain = RunnableSequence(*steps)
    assert (chain.first, chain.middle, chain.last) == (steps[0], steps[1:3], steps[3])


@pytest.mark.parametrize(
    ("thing", "says"),
    [
        (None, "got None: does a function that should return a step lack its `return`"),
        (5, "got 5"),
        ("text", "got 'text'"),
        ([add_one], "a step is a runnable, a function, or a dict of these"),
        (iter("ab"), "a step is a runnable"),
    ],
)
def test_what_is_no_step_is_refused_on_both_sides(thing, says) -> None:
    with pytest.raises(CompositionError, match=says):
        RunnablePassthrough() | thing
    with pytest.raises(CompositionError, match=says):
        thing | RunnablePassthrough()
    with pytest.raises(CompositionError, match=says):
        RunnablePassthrough() | {"key": thing}


def test_a_coroutine_instead_of_its_function_is_refused_without_a_warning() -> None:
    async def later(x: Any) -> Any: ...

    with pytest.raises(CompositionError, match=r"write later instead of later\(\.\.\.\)"):
        RunnablePassthrough() | later(1)
    gc.collect()


def test_a_generator_instead_of_its_function_is_refused() -> None:
    def parts(chunks: Any) -> Any:
        yield

    async def later(chunks: Any) -> Any:
        yield

    with pytest.raises(CompositionError, match=r"write parts instead of parts\(\.\.\.\)"):
        RunnablePassthrough() | parts(1)
    with pytest.raises(CompositionError, match=r"write later instead of later\(\.\.\.\)"):
        RunnablePassthrough() | later(1)


@pytest.mark.parametrize("steps", [(), (add_one,)])
def test_a_sequence_of_less_than_two_steps_is_refused(steps) -> None:
    with pytest.raises(CompositionError, match=f"at least two steps; got {len(steps)}"):
        RunnableSequence(*steps)


def test_a_runnable_is_coerced_to_itself() -> None:
    step = RunnableLambda(add_one)
    assert coerce_to_runnable(step) is step


# --- streaming ---


def test_chunks_go_through_one_by_one(run) -> None:
    trace: list[str] = []

    def noting(name: str) -> Any:
        def stage(chunks: Any) -> Any:
            for chunk in chunks:
                trace.append(name + chunk)
                yield chunk

        async def astage(chunks: Any) -> Any:
            async for chunk in chunks:
                trace.append(name + chunk)
                yield chunk

        return RunnableGenerator(stage if run.sync else astage)

    assert run.transform(noting("a") | noting("b") | noting("c"), "xy") == ["x", "y"]
    assert trace == ["ax", "bx", "cx", "ay", "by", "cy"]


def test_nothing_is_pulled_before_the_reader_asks() -> None:
    pulled: list[str] = []

    def source() -> Any:
        for c in "abc":
            pulled.append(c)
            yield c

    stream = (RunnablePassthrough() | RunnablePassthrough()).transform(source())
    assert pulled == []
    next(stream)
    assert pulled == ["a"]


def test_a_chain_can_be_used_again_and_by_many_at_once(run) -> None:
    chain = RunnableLambda(add_one) | RunnableParallel(a=double, b=add_one)
    assert run.batch(chain, range(50)) == [{"a": (x + 1) * 2, "b": x + 2} for x in range(50)]


@pytest.mark.anyio
async def test_two_streams_of_a_chain_can_be_read_in_turns() -> None:
    async def letters(x: Any) -> Any:
        for c in "abc":
            yield x + c

    chain = RunnableLambda(letters) | RunnablePassthrough()
    one, two = chain.astream("1"), chain.astream("2")
    taken = [await anext(s) for _ in range(3) for s in (one, two)]
    assert taken == ["1a", "2a", "1b", "2b", "1c", "2c"]
    for stream in (one, two):
        await stream.aclose()


@pytest.mark.parametrize("wrong", [5, None, object()])
def test_transform_takes_an_iterable_and_atransform_an_async_iterator(wrong) -> None:
    with pytest.raises(CompositionError, match="transform takes an iterable of chunks; got"):
        RunnablePassthrough().transform(wrong)
    for chunks in (wrong, ["a"]):
        with pytest.raises(CompositionError, match="atransform takes an async iterator"):
            RunnablePassthrough().atransform(chunks)


# --- deep ---


@pytest.fixture(scope="module")
def deep() -> Runnable[int, int]:
    return RunnableSequence(*[RunnableLambda(add_one, inline=True) for _ in range(2000)])


def test_two_thousand_steps_in_invoke_and_batch(run, deep, watch) -> None:
    assert run.invoke(deep, 0) == 2000
    assert run.batch(deep, [0, 1]) == [2000, 2001]
    assert run.invoke(deep, 0, {"callbacks": [watch]}) == 2000
    assert len(watch.events) == 4002


def test_two_thousand_steps_in_a_stream(run, deep) -> None:
    assert run.stream(deep, 0) == [2000]


def test_a_deep_stream_is_pulled_one_chunk_at_a_time(run, ledger) -> None:
    taken: list[Any] = []

    def note(chunk: Any) -> Any:
        taken.append(chunk)
        return chunk

    how = "sync" if run.sync else "own"
    stages = [ledger.stage(how, f"stage {i}") for i in range(200)]
    chain = RunnableSequence(
        ledger.source(how, "source", range(100)), ledger.stage(how, "note", note), *stages
    )
    assert run.stream(chain, "x", take=3) == [0, 1, 2]
    assert taken == [0, 1, 2]
    assert ledger.open == []


def test_a_failure_in_a_deep_stream_says_where(run, ledger, watch) -> None:
    def fails(chunk: Any) -> Any:
        raise ValueError("the eightieth")

    how = "sync" if run.sync else "own"
    stages = [ledger.stage(how, f"stage {i}") for i in range(1, 200)]
    stages[79] = ledger.stage(how, "stage 80", fails)
    chain = RunnableSequence(ledger.source(how, "source", "abc"), *stages)
    with pytest.raises(ValueError, match="the eightieth") as caught:
        run.stream(chain, "x", {"callbacks": [watch]})
    assert caught.value.__notes__ == ["in RunnableSequence > step 81: stage 80"]
    assert ledger.open == []
    watch.assert_whole()


def test_every_step_of_a_deep_stream_is_watched(run, deep) -> None:
    heads = run.heads(deep, 0)
    assert len(heads) == 3 * 2001
    assert heads[-1] == ("on_chain_end", "RunnableSequence")


def test_two_thousand_steps_are_piped() -> None:
    chain: Any = RunnableLambda(add_one, inline=True)
    for _ in range(2000):
        chain |= add_one
    assert len(chain.steps) == 2001


# --- what a chain keeps alive ---


class Service:
    def double(self, x: Any) -> Any:
        return x * 2


@pytest.mark.parametrize(
    "verb",
    [
        "nothing",
        "invoke",
        "stream",
        "batch",
        "close",
    ],
)
@pytest.mark.parametrize("shape", ["sequence", "parallel", "assign", "retry"])
def test_a_bound_method_does_not_outlive_its_chain(verb, shape) -> None:
    service = Service()
    alive = weakref.ref(service)
    step: Any = RunnableLambda(lambda x: x) | service.double
    if shape == "parallel":
        step = RunnableParallel(a=service.double, b=step)
    elif shape == "assign":
        step = RunnableLambda(lambda x: {"k": "v"}) | RunnablePassthrough.assign(
            a=lambda d, s=service: s.double(d["k"])
        )
    elif shape == "retry":
        step = step.with_retry()
    gc.collect()
    gc.disable()  # dropped means dropped, not found by the collector some time later
    try:
        if verb == "invoke":
            step.invoke("a")
        elif verb == "stream":
            list(step.stream("a"))
        elif verb == "batch":
            step.batch(["a", "b"])
        elif verb == "close":
            stream = step.stream("a")
            next(stream)
            stream.close()
            del stream
        del step, service
        assert alive() is None
    finally:
        gc.enable()


@pytest.mark.anyio
async def test_a_bound_method_does_not_outlive_its_chain_in_async_use() -> None:
    service = Service()
    alive = weakref.ref(service)
    chain = RunnableLambda(lambda x: x) | service.double | RunnableParallel(a=service.double)
    await chain.ainvoke("a")
    async for _ in chain.astream("a"):
        pass
    async for _ in chain.astream_events("a"):
        pass
    del chain, service
    with anyio.move_on_after(3):
        while alive() is not None:  # worker threads forget their last call late
            await anyio.sleep(0.01)
            gc.collect()
    assert alive() is None
