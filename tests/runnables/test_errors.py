"""An exception keeps its type and carries one note that names the path of the step."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import anyio
import pytest

from levada.errors import CompositionError
from levada.runnables import (
    RouterRunnable,
    Runnable,
    RunnableBranch,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnableSequence,
)


class Wrong(Exception):
    pass


def fails(x: Any) -> Any:
    raise Wrong("no")


def same(x: Any) -> Any:
    return x


@pytest.fixture
def notes(run: Any) -> Callable[..., list[str]]:
    """Give the notes of the exception of a call, which must be the same by invoke and by stream."""

    def notes(chain: Runnable[Any, Any], value: Any = 1) -> list[str]:
        found = []
        for verb in (run.invoke, run.stream):
            with pytest.raises(Wrong) as caught:
                verb(chain, value)
            found.append(caught.value.__notes__)
        assert found[0] == found[1]
        return found[0]

    return notes


# --- the path ---


def test_a_step_of_a_sequence(notes, step) -> None:
    assert notes(step(same) | step(fails)) == ["in RunnableSequence > step 2: fails"]


def test_the_first_step_of_a_sequence(notes, step) -> None:
    assert notes(step(fails) | step(same)) == ["in RunnableSequence > step 1: fails"]


def test_a_step_of_a_named_sequence_in_a_sequence(notes, step) -> None:
    inner = RunnableSequence(step(same), step(fails), name="inner")
    assert notes(step(same) | inner | step(same)) == [
        "in RunnableSequence > step 2: inner > step 2: fails"
    ]


def test_sequences_in_sequences_in_sequences(notes, step) -> None:
    chain = RunnableSequence(step(fails), step(same), name="a")
    chain = RunnableSequence(step(same), chain, name="b")
    chain = RunnableSequence(chain, step(same), name="c")
    assert notes(chain) == ["in c > step 1: b > step 2: a > step 1: fails"]


def test_a_branch_of_a_parallel(notes, step) -> None:
    assert notes(step(same) | RunnableParallel(a=step(same), b=step(fails))) == [
        "in RunnableSequence > step 2: RunnableParallel<a,b> > key 'b': fails"
    ]


def test_the_only_branch_of_a_parallel(notes, step) -> None:
    assert notes(RunnableParallel(b=step(fails))) == ["in RunnableParallel<b> > key 'b': fails"]


def test_a_step_in_a_branch_of_a_parallel(notes, step) -> None:
    chain = RunnableParallel(a=step(same), b=step(same) | step(fails))
    assert notes(chain) == ["in RunnableParallel<a,b> > key 'b': RunnableSequence > step 2: fails"]


def test_a_failure_before_a_parallel_does_not_blame_a_branch(notes, step) -> None:
    assert notes(step(fails) | RunnableParallel(a=step(same), b=step(same) | step(same))) == [
        "in RunnableSequence > step 1: fails"
    ]


def test_a_failure_before_nested_parallels_does_not_blame_a_branch(notes, step) -> None:
    inner = RunnableParallel(c=step(same), d=step(same) | step(same))
    assert notes(step(fails) | RunnableParallel(a=inner, b=step(same))) == [
        "in RunnableSequence > step 1: fails"
    ]


def test_a_failure_before_assign_does_not_blame_the_mapper(notes, step) -> None:
    chain = step(fails) | RunnablePassthrough.assign(x=step(same), y=step(same))
    assert notes(chain) == ["in RunnableSequence > step 1: fails"]


def test_a_mapped_key_of_assign(notes, step) -> None:
    chain = RunnablePassthrough.assign(x=step(fails))
    assert notes(chain, {"k": 1}) == ["in RunnableAssign<x> > RunnableParallel<x> > key 'x': fails"]


def test_a_failure_after_a_parallel(notes, step) -> None:
    assert notes(RunnableParallel(a=step(same), b=step(same)) | step(fails)) == [
        "in RunnableSequence > step 2: fails"
    ]


def test_the_condition_and_the_step_of_a_branch(notes, step) -> None:
    assert notes(RunnableBranch((step(fails), same), same)) == [
        "in RunnableBranch > condition 1: fails"
    ]
    assert notes(RunnableBranch((step(same), step(same) | step(fails)), same)) == [
        "in RunnableBranch > branch 1: RunnableSequence > step 2: fails"
    ]
    assert notes(RunnableBranch((step(lambda x: False), same), step(fails))) == [
        "in RunnableBranch > default: fails"
    ]


def test_fallbacks_that_all_fail_blame_the_first(notes, step) -> None:
    assert notes(step(fails).with_fallbacks([step(same) | step(fails)])) == [
        "in RunnableWithFallbacks > first choice: fails"
    ]


def test_a_fallback_that_may_not_be_caught(notes, step) -> None:
    def wrong_type(x: Any) -> Any:
        raise ValueError(x)

    chain = step(wrong_type).with_fallbacks([step(fails)], exceptions_to_handle=(ValueError,))
    assert notes(chain) == ["in RunnableWithFallbacks > fallback 1: fails"]


def test_the_last_attempt_of_a_retry(notes, step) -> None:
    retry = step(fails).with_retry(stop_after_attempt=2, wait_exponential_jitter=False)
    assert notes(step(same) | retry) == ["in RunnableSequence > step 2: fails > attempt 2: fails"]


def test_an_element_of_a_mapped_step(notes, step) -> None:
    odd = step(lambda x: fails(x) if x == 2 else x)
    assert notes(odd.map(), [1, 2]) == [
        "in RunnableEach<RunnableLambda> > element 1: RunnableLambda"
    ]


def test_a_bound_step_has_the_name_it_is_bound_to(notes, step) -> None:
    chain = step(same) | step(fails).with_config(run_name="mine")
    assert notes(chain) == ["in RunnableSequence > step 2: mine"]


def test_a_bound_chain_has_the_path_of_the_chain(notes, step) -> None:
    chain = step(same) | (step(same) | step(fails)).with_config(run_name="mine")
    assert notes(chain) == [
        "in RunnableSequence > step 2: mine > RunnableSequence > step 2: fails"
    ] or notes(chain) == ["in RunnableSequence > step 2: mine > step 2: fails"]


def test_a_step_behind_a_router(notes, step) -> None:
    router = RouterRunnable({"k": step(fails)})
    (note,) = notes(step(same) | router, {"key": "k", "input": 1})
    assert note.startswith("in RunnableSequence > step 2: RouterRunnable")


def test_a_lone_step_has_no_path(run, step) -> None:
    with pytest.raises(Wrong) as caught:
        run.invoke(step(fails), 1)
    assert not hasattr(caught.value, "__notes__")


# --- functions that call chains ---


def test_a_chain_called_in_a_function(notes, run) -> None:
    inner: Any = RunnableLambda(same) | fails
    if run.sync:

        def calls(x: Any) -> Any:
            return inner.invoke(x)
    else:

        async def calls(x: Any) -> Any:
            return await inner.ainvoke(x)

    chain = RunnablePassthrough() | RunnableLambda(calls)
    assert notes(chain) == [
        "in RunnableSequence > step 2: calls > RunnableSequence > step 2: fails"
    ]


def test_a_chain_called_in_a_worker_thread(notes) -> None:
    inner = RunnableLambda(same) | fails
    chain = RunnablePassthrough() | RunnableLambda(lambda x: inner.invoke(x), name="calls")
    assert notes(chain) == [
        "in RunnableSequence > step 2: calls > RunnableSequence > step 2: fails"
    ]


def test_a_chain_that_a_function_returns(notes, step) -> None:
    inner = step(same) | step(fails)
    chain = RunnablePassthrough() | RunnableLambda(lambda x: inner, name="gives")
    assert notes(chain) == [
        "in RunnableSequence > step 2: gives > RunnableSequence > step 2: fails"
    ]


# --- generators ---


def test_a_generator_that_fails_between_chunks(run) -> None:
    if run.sync:

        def halfway(chunks: Any) -> Any:
            yield next(chunks)
            raise Wrong("halfway")
    else:

        async def halfway(chunks: Any) -> Any:
            yield await anext(chunks)
            raise Wrong("halfway")

    chain = RunnablePassthrough() | RunnableGenerator(halfway) | RunnablePassthrough()
    with pytest.raises(Wrong) as caught:
        run.transform(chain, "abc")
    assert caught.value.__notes__ == ["in RunnableSequence > step 2: halfway"]


@pytest.mark.anyio
async def test_a_plain_generator_that_fails_in_its_worker_thread() -> None:
    def halfway(chunks: Any) -> Any:
        yield next(chunks)
        raise Wrong("halfway")

    chain = RunnablePassthrough() | RunnableGenerator(halfway) | RunnablePassthrough()
    with pytest.raises(Wrong) as caught:
        async for _ in chain.astream("a"):
            pass
    assert caught.value.__notes__ == ["in RunnableSequence > step 2: halfway"]


@pytest.mark.anyio
async def test_a_failure_before_a_plain_generator_does_not_blame_it() -> None:
    def stage(chunks: Any) -> Any:
        yield from chunks

    async def source(x: Any) -> Any:
        yield x
        raise Wrong("source")

    chain = RunnableLambda(source) | RunnableGenerator(stage) | RunnablePassthrough()
    with pytest.raises(Wrong) as caught:
        async for _ in chain.astream("a"):
            pass
    assert caught.value.__notes__ == ["in RunnableSequence > step 1: source"]


def test_an_input_that_fails_blames_no_step(run) -> None:
    def broken() -> Any:
        yield "a"
        raise Wrong("input")

    chain = RunnablePassthrough() | RunnableParallel(a=same, b=RunnablePassthrough())
    with pytest.raises(Wrong) as caught:
        run.transform(chain, broken())
    assert not hasattr(caught.value, "__notes__")


def test_what_the_reader_throws_into_a_stream_is_not_blamed_on_a_step() -> None:
    stream = (RunnablePassthrough() | RunnablePassthrough()).stream("a")
    next(stream)
    with pytest.raises(Wrong) as caught:
        stream.throw(Wrong("reader"))
    assert not hasattr(caught.value, "__notes__")


# --- batch, and several failures ---


def test_a_failing_element_of_a_batch_has_its_path(run, step) -> None:
    results = run.batch(step(same) | step(fails), [1, 2], return_exceptions=True)
    assert [type(r) for r in results] == [Wrong, Wrong]
    assert results[0].__notes__ == ["in RunnableSequence > step 2: fails"]
    assert results[1].__notes__ == ["in RunnableSequence > step 2: fails"]


def both_fail(run: Any) -> Runnable[Any, Any]:
    """Two branches that fail one after the other, whatever happens to the other one."""
    if run.sync:
        import threading

        barrier = threading.Barrier(2)

        def one(x: Any) -> Any:
            barrier.wait(5)
            raise Wrong("one")

        def two(x: Any) -> Any:
            barrier.wait(5)
            raise ValueError("two")
    else:

        async def one(x: Any) -> Any:
            raise Wrong("one")

        async def two(x: Any) -> Any:
            try:
                await anyio.sleep_forever()
            finally:
                raise ValueError("two")

    return RunnableParallel(a=one, b=two)


@pytest.mark.parametrize("verb", ["invoke", "stream"])
def test_of_several_failures_one_is_raised_and_names_the_others(run, verb) -> None:
    with pytest.raises((Wrong, ValueError)) as caught:
        getattr(run, verb)(both_fail(run), 1)
    text = "".join(traceback.format_exception(caught.value))
    assert "one" in text
    assert "two" in text
    paths = [n for n in caught.value.__notes__ if n.startswith("in ")]
    assert len(paths) == 1


# --- one note, and the type kept ---


def test_the_same_exception_object_raised_again_has_one_clean_path(run, step) -> None:
    error = Wrong("prepared")

    def raises(x: Any) -> Any:
        raise error

    chain = step(same) | RunnableSequence(step(raises), step(same), name="inner")
    for verb in (run.invoke, run.stream, run.invoke):
        with pytest.raises(Wrong):
            verb(chain, 1)
        assert error.__notes__ == ["in RunnableSequence > step 2: inner > step 1: raises"]


def test_the_same_exception_object_in_every_attempt_has_one_clean_path(run, step) -> None:
    error = Wrong("prepared")

    def raises(x: Any) -> Any:
        raise error

    retry = step(raises).with_retry(stop_after_attempt=3, wait_exponential_jitter=False)
    for verb in (run.invoke, run.stream):
        with pytest.raises(Wrong):
            verb(step(same) | retry, 1)
        assert error.__notes__ == ["in RunnableSequence > step 2: raises > attempt 3: raises"]


def test_notes_of_the_users_own_stay(run, step) -> None:
    def raises(x: Any) -> Any:
        error = Wrong("no")
        error.add_note("mine")
        raise error

    with pytest.raises(Wrong) as caught:
        run.invoke(step(same) | step(raises), 1)
    assert caught.value.__notes__ == ["mine", "in RunnableSequence > step 2: raises"]


def test_an_exception_that_is_caught_and_raised_from_has_the_path_of_the_new_one(run) -> None:
    inner = RunnableLambda(same) | fails

    def wraps(x: Any) -> Any:
        try:
            return inner.invoke(x)
        except Wrong as exc:
            raise ValueError("wrapped") from exc

    with pytest.raises(ValueError, match="wrapped") as caught:
        run.invoke(RunnablePassthrough() | wraps, 1)
    assert caught.value.__notes__ == ["in RunnableSequence > step 2: wraps"]
    assert caught.value.__cause__.__notes__ == ["in RunnableSequence > step 2: fails"]


def test_an_exception_that_takes_no_notes_is_raised_as_it_is(run, step) -> None:
    @dataclass(frozen=True)
    class Frozen(Exception):
        code: int

    def raises(x: Any) -> Any:
        raise Frozen(7)

    for verb in (run.invoke, run.stream):
        with pytest.raises(Frozen):
            verb(step(same) | step(raises), 1)


# --- what is not an Exception, and what generators make special ---


def test_stop_iteration_of_a_function_does_not_end_a_stream_silently(run, step) -> None:
    def raises(x: Any) -> Any:
        return next(iter(()))

    for verb in (run.invoke, run.stream):
        with pytest.raises((StopIteration, RuntimeError)):
            verb(step(same) | step(raises) | step(same), 1)
        with pytest.raises((StopIteration, RuntimeError)):
            verb(RunnableParallel(a=step(raises), b=step(same)), 1)
    with pytest.raises((StopIteration, RuntimeError)):
        run.batch(step(raises), [1, 2])


def test_a_fallback_takes_over_after_stop_iteration(run, step) -> None:
    def raises(x: Any) -> Any:
        return next(iter(()))

    assert run.invoke(step(raises).with_fallbacks([step(same)]), 1) == 1


@pytest.mark.anyio
async def test_stop_async_iteration_of_a_function_does_not_end_a_stream_silently() -> None:
    async def raises(x: Any) -> Any:
        raise StopAsyncIteration

    chain = RunnableLambda(raises) | RunnablePassthrough()
    with pytest.raises((StopAsyncIteration, RuntimeError)):
        await chain.ainvoke(1)
    with pytest.raises((StopAsyncIteration, RuntimeError)):
        async for _ in chain.astream(1):
            pass
    events: list[Any] = []
    with pytest.raises(RuntimeError, match="StopAsyncIteration"):
        async for event in chain.astream_events(1):
            events.append(event)
    failed = [e for e in events if e["event"] == "on_chain_error"]
    assert [e["name"] for e in failed] == ["raises", "RunnableSequence"]
    assert all(type(e["data"]["error"]) is RuntimeError for e in failed)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_no_exception_goes_through_unwrapped(error, watch) -> None:
    def raises(x: Any) -> Any:
        raise error

    for chain in (
        RunnableLambda(same) | raises,
        RunnableParallel(a=raises, b=same),
        RunnableLambda(raises).with_fallbacks([RunnableLambda(same)]),
        RunnableLambda(raises).with_retry(wait_exponential_jitter=False),
        RunnableLambda(raises).map(),
    ):
        watch.events.clear()
        with pytest.raises(error):
            chain.invoke([1, 2], {"callbacks": [watch]})
        watch.assert_whole()


class Stop(BaseException):
    """Not an Exception, and nothing that an event loop knows."""


def test_a_base_exception_comes_out_of_every_construct_alone(run, step, watch) -> None:
    def raises(x: Any) -> Any:
        raise Stop

    for chain in (
        step(same) | step(raises),
        RunnableParallel(a=step(raises), b=step(same)),
        step(raises).with_fallbacks([step(same)]),
        step(raises).with_retry(wait_exponential_jitter=False),
        step(raises).map(),
        RunnablePassthrough.assign(x=step(raises)),
    ):
        for verb in (run.invoke, run.stream):
            watch.events.clear()
            with pytest.raises(Stop):
                verb(chain, {"k": 1} if "Assign" in chain.get_name() else [1, 2], watching(watch))
            watch.assert_whole()
    with pytest.raises(Stop):
        run.batch(step(raises), [1, 2])


def watching(watch: Any) -> Any:
    return {"callbacks": [watch]}


@pytest.mark.parametrize(
    "make",
    [
        lambda step: RunnableLambda(same) | step,
        lambda step: RunnableParallel(a=step, b=RunnableLambda(same)),
        lambda step: RunnableParallel(a=RunnableLambda(same), b=step),
        lambda step: step.map(),
        lambda step: step.with_fallbacks([RunnableLambda(same)]),
        lambda step: step.with_retry(
            wait_exponential_jitter=False, retry_if_exception_type=lambda e: True
        ),
    ],
    ids=["sequence", "first branch", "last branch", "each", "fallbacks", "retry"],
)
@pytest.mark.parametrize("verb", ["ainvoke", "astream", "astream_events", "abatch"])
def test_a_cancellation_of_the_users_own_is_never_swallowed(make, verb, watch) -> None:
    async def cancelled(x: Any) -> Any:
        task = asyncio.create_task(asyncio.sleep(10))
        task.cancel()
        await task

    async def main() -> None:
        chain = make(RunnableLambda(cancelled))
        with pytest.raises(asyncio.CancelledError):
            if verb == "ainvoke":
                await chain.ainvoke([1, 2], watching(watch))
            elif verb == "abatch":
                await chain.abatch([[1, 2], [3]], watching(watch))
            else:
                async for _ in getattr(chain, verb)([1, 2], watching(watch)):
                    pass
        watch.assert_whole()

    asyncio.run(main())


def test_a_cancelled_source_of_a_parallel_does_not_look_like_its_end() -> None:
    async def source() -> Any:
        yield "a"
        raise asyncio.CancelledError("source")

    async def main() -> None:
        chain = RunnableParallel(a=RunnablePassthrough(), b=RunnableLambda(same))
        with pytest.raises(asyncio.CancelledError):
            async for _ in chain.atransform(source()):
                pass

    asyncio.run(main())


def test_a_cancelled_call_is_not_tried_again() -> None:
    calls: list[int] = []

    async def waits(x: Any) -> Any:
        calls.append(x)
        await asyncio.sleep(10 if len(calls) == 1 else 0)

    async def main() -> None:
        step = RunnableLambda(waits).with_retry(
            retry_if_exception_type=lambda e: True, wait_exponential_jitter=False
        )
        task = asyncio.create_task(step.ainvoke(1))
        await anyio.wait_all_tasks_blocked()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()

    asyncio.run(main())
    assert calls == [1]


# --- the wrong colour ---


async def acopy(x: Any) -> Any:
    return x


async def astage(chunks: Any) -> Any:
    async for chunk in chunks:
        yield chunk


@pytest.mark.parametrize(
    ("late", "says", "path"),
    [
        (RunnableLambda(acopy), "acopy is an async function", "step 2: acopy"),
        (RunnableGenerator(astage), "astage is an async generator", "step 2: astage"),
    ],
)
@pytest.mark.parametrize("verb", ["invoke", "stream"])
def test_an_async_step_in_a_sync_call_says_what_to_write(late, says, path, verb) -> None:
    chain = RunnableLambda(same) | late
    with pytest.raises(CompositionError, match=says) as caught:
        chain.invoke(1) if verb == "invoke" else list(chain.stream(1))
    assert "ainvoke" in str(caught.value)
    assert caught.value.__notes__ == [f"in RunnableSequence > {path}"]


@pytest.mark.parametrize("verb", ["invoke", "stream"])
def test_an_option_that_a_step_does_not_take_has_its_path(run, verb) -> None:
    chain = RunnableParallel(a=same) | same
    with pytest.raises(CompositionError, match="takes no options when it is called; got 'x'") as e:
        getattr(run, verb)(chain, 1, x=2)
    assert e.value.__notes__ == ["in RunnableSequence > step 1: RunnableParallel<a>"]
