"""Other steps for when one fails."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest

from levada.errors import CompositionError
from levada.runnables import (
    Runnable,
    RunnableLambda,
    RunnablePassthrough,
    RunnableWithFallbacks,
)


def fails(x: Any) -> Any:
    raise ValueError(f"no {x}")


def double(x: Any) -> Any:
    return x * 2


def test_the_next_step_runs_on_the_same_input_when_one_fails(run, step) -> None:
    safe = step(fails).with_fallbacks([step(fails), step(double)])
    assert run.invoke(safe, 2) == 4
    assert run.stream(safe, 2) == [4]
    assert run.batch(safe, [1, 2]) == [2, 4]


def test_a_step_that_does_not_fail_is_enough(run, step) -> None:
    called: list[Any] = []
    safe = step(double).with_fallbacks([step(called.append)])
    assert (run.invoke(safe, 2), called) == (4, [])


def test_when_all_fail_the_first_error_is_raised(run, step) -> None:
    def other(x: Any) -> Any:
        raise KeyError("other")

    for verb in (run.invoke, run.stream):
        with pytest.raises(ValueError, match="no 1"):
            verb(step(fails).with_fallbacks([step(other)]), 1)


def test_only_these_exceptions_are_handled(run, step) -> None:
    def other(x: Any) -> Any:
        raise KeyError("other")

    safe = step(other).with_fallbacks([step(double)], exceptions_to_handle=(ValueError,))
    for verb in (run.invoke, run.stream):
        with pytest.raises(KeyError):
            verb(safe, 1)
    safe = step(fails).with_fallbacks(
        [step(other), step(double)], exceptions_to_handle=(ValueError,)
    )
    with pytest.raises(KeyError):
        run.invoke(safe, 1)


def test_the_next_step_finds_the_exception_under_its_key(run, step) -> None:
    first = step(lambda d: fails(d["x"]))
    safe = first.with_fallbacks([step(lambda d: str(d["error"]))], exception_key="error")
    value = {"x": 1}
    assert run.invoke(safe, value) == "no 1"
    assert run.stream(safe, value) == ["no 1"]
    assert value == {"x": 1}


def test_an_exception_key_needs_a_dict(run, step) -> None:
    safe = step(fails).with_fallbacks([step(double)], exception_key="error")
    with pytest.raises(CompositionError, match="exception_key='error' needs a dict"):
        run.invoke(safe, 1)


# --- streams ---


def test_a_failure_before_the_first_chunk_lets_the_next_one_stream(run, ledger) -> None:
    bad = ledger.source(run.how, "bad", "", ValueError("bad"))
    good = ledger.source(run.how, "good", "abc")
    safe = bad.with_fallbacks([good])
    assert run.stream(safe | RunnablePassthrough(), "x") == ["a", "b", "c"]
    assert (ledger.open, ledger.closed) == ([], ["bad", "good"])


def test_a_failure_after_the_first_chunk_is_raised(run, ledger) -> None:
    bad = ledger.source(run.how, "bad", "ab", ValueError("late"))
    good = ledger.source(run.how, "good", "abc")
    with pytest.raises(ValueError, match="late"):
        run.stream(bad.with_fallbacks([good]), "x")
    assert (ledger.open, ledger.opened) == ([], ["bad"])


def test_a_failure_after_the_first_chunk_is_no_matter_when_nothing_is_streamed(run, ledger) -> None:
    bad = ledger.source(run.how, "bad", "ab", ValueError("late"))
    good = ledger.source(run.how, "good", "abc")
    assert run.invoke(bad.with_fallbacks([good]), "x") == "abc"


def test_a_stream_without_chunks_is_no_failure(run, ledger) -> None:
    empty = ledger.source(run.how, "empty", "")
    assert run.stream(empty.with_fallbacks([ledger.source(run.how, "good", "abc")]), "x") == []


def test_closing_before_the_end_closes_the_chosen_one(run, ledger) -> None:
    bad = ledger.source(run.how, "bad", "", ValueError("bad"))
    safe = bad.with_fallbacks([ledger.source(run.how, "good", "abc")])
    assert run.stream(safe, "x", take=1) == ["a"]
    assert ledger.open == []


def test_events_show_the_failed_run_then_the_next_one(run, ledger) -> None:
    bad = ledger.source(run.how, "bad", "", ValueError("bad"))
    good = ledger.source(run.how, "good", "ab")
    assert run.heads(RunnablePassthrough() | bad.with_fallbacks([good]), "x") == [
        ("on_chain_start", "RunnableSequence"),
        ("on_chain_start", "RunnablePassthrough"),
        ("on_chain_stream", "RunnablePassthrough"),
        ("on_chain_end", "RunnablePassthrough"),
        ("on_chain_start", "RunnableWithFallbacks"),
        ("on_chain_start", "bad"),
        ("on_chain_error", "bad"),
        ("on_chain_start", "good"),
        ("on_chain_stream", "good"),
        ("on_chain_stream", "RunnableSequence"),
        ("on_chain_stream", "good"),
        ("on_chain_stream", "RunnableSequence"),
        ("on_chain_end", "good"),
        ("on_chain_end", "RunnableWithFallbacks"),
        ("on_chain_end", "RunnableSequence"),
    ]


def test_events_of_a_late_failure_end_every_run(run, ledger, whole) -> None:
    bad = ledger.source(run.how, "bad", "a", ValueError("late"))
    safe = bad.with_fallbacks([RunnableLambda(double)])
    events = run.events(safe | RunnablePassthrough(), "x", raises=ValueError)
    whole(events)
    assert [e["name"] for e in events if e["event"].endswith("_error")] == [
        "bad",
        "RunnableWithFallbacks",
        "RunnablePassthrough",
        "RunnableSequence",
    ]


@pytest.mark.anyio
async def test_a_cancellation_is_no_reason_for_a_fallback() -> None:
    called: list[Any] = []

    async def waits(x: Any) -> Any:
        await anyio.sleep_forever()

    safe = RunnableLambda(waits).with_fallbacks([RunnableLambda(called.append)])
    with anyio.move_on_after(0.01) as scope:
        await safe.ainvoke(1)
    assert scope.cancelled_caught
    assert called == []


def test_a_native_cancellation_is_no_reason_for_a_fallback_whatever_is_handled() -> None:
    async def waits(x: Any) -> Any:
        await anyio.sleep_forever()

    async def main() -> None:
        safe = RunnableLambda(waits).with_fallbacks(
            [RunnableLambda(double)], exceptions_to_handle=(BaseException,)
        )
        task = asyncio.create_task(safe.ainvoke(1))
        await anyio.wait_all_tasks_blocked()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(main())


# --- what it is made of ---


class Tooled(Runnable[str, str]):
    def __init__(self, tools: tuple[str, ...] = (), fails: bool = False) -> None:
        self.name = None
        self.tools = tools
        self.fails = fails

    def bind_tools(self, *tools: str) -> Tooled:
        return Tooled(tools, self.fails)

    def count(self) -> int:
        return len(self.tools)

    def _invoke(self, value: str, run: Any) -> str:
        if self.fails:
            raise ValueError("first")
        return f"{value} {','.join(self.tools)}"


def test_a_method_that_gives_a_step_is_called_on_every_one(run) -> None:
    safe: Any = Tooled(fails=True).with_fallbacks([Tooled()])
    bound = safe.bind_tools("a", "b")
    assert isinstance(bound, RunnableWithFallbacks)
    assert run.invoke(bound, "x") == "x a,b"
    assert bound.count() == 2
    assert bound.tools == ("a", "b")


def test_an_attribute_that_the_first_step_lacks_is_an_attribute_error() -> None:
    safe: Any = Tooled().with_fallbacks([Tooled()])
    with pytest.raises(AttributeError):
        _ = safe.nothing
    with pytest.raises(AttributeError):
        _ = safe.__nothing__


def test_it_can_be_copied() -> None:
    import copy

    safe = RunnableLambda(fails).with_fallbacks([RunnableLambda(double)])
    assert copy.copy(safe).invoke(2) == 4
    assert copy.deepcopy(safe).invoke(2) == 4


def test_its_steps_can_be_asked_for() -> None:
    one, two = RunnableLambda(fails), RunnableLambda(double)
    assert one.with_fallbacks([two]).runnables == [one, two]


@pytest.mark.parametrize("wrong", [None, 5, RunnablePassthrough(), {"a": double}])
def test_fallbacks_are_a_list_of_steps(wrong) -> None:
    with pytest.raises(CompositionError, match="fallbacks is a list of steps; got"):
        RunnableLambda(fails).with_fallbacks(wrong)
    with pytest.raises(CompositionError, match="got 5"):
        RunnableLambda(fails).with_fallbacks([5])  # type: ignore[list-item]


@pytest.mark.parametrize("wrong", [5, "ValueError", (ValueError, "x"), int])
def test_exceptions_to_handle_are_classes_of_exceptions(wrong) -> None:
    with pytest.raises((TypeError, ValueError)):
        RunnableLambda(fails).with_fallbacks([double], exceptions_to_handle=wrong)  # type: ignore[list-item]
