"""How authors write steps: one hook is enough, the verbs are final, the rest is derived."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar

import pytest

from levada.errors import CompositionError
from levada.runnables import (
    Runnable,
    RunnableLambda,
    RunnablePassthrough,
    RunnableSequence,
    RunnableSerializable,
)
from levada.runnables._plan import call, gather


class Named:
    """What all steps of this file have."""

    name: str | None = None


class OnlyInvoke(Named, Runnable[str, str]):
    def _invoke(self, value: str, run: Any) -> str:
        return value.upper()


class OnlyInvokeInline(OnlyInvoke):
    _inline = True


class OnlyAinvoke(Named, Runnable[str, str]):
    async def _ainvoke(self, value: str, run: Any) -> str:
        return value.upper()


class OnlyTransform(Named, Runnable[str, str]):
    def _transform(self, chunks: Iterator[str], run: Any) -> Iterator[str]:
        for chunk in chunks:
            yield chunk.upper()


class OnlyAtransform(Named, Runnable[str, str]):
    async def _atransform(self, chunks: AsyncIterator[str], run: Any) -> AsyncIterator[str]:
        async for chunk in chunks:
            yield chunk.upper()


class ReturnsAnIterator(Named, Runnable[str, str]):
    def _transform(self, chunks: Iterator[str], run: Any) -> Iterator[str]:
        return map(str.upper, chunks)


class Upper:
    """An async iterator that is no generator."""

    def __init__(self, chunks: AsyncIterator[str]) -> None:
        self.chunks = chunks

    def __aiter__(self) -> Upper:
        return self

    async def __anext__(self) -> str:
        return (await anext(self.chunks)).upper()


class ClosableUpper(Upper):
    closed = 0

    async def aclose(self) -> None:
        ClosableUpper.closed += 1


class ReturnsAnAsyncIterator(OnlyInvoke):
    def _atransform(self, chunks: AsyncIterator[str], run: Any) -> AsyncIterator[str]:
        return Upper(chunks)


class InvokeAndAinvoke(OnlyInvoke):
    async def _ainvoke(self, value: str, run: Any) -> str:
        return value.upper()


class TransformAndAinvoke(OnlyTransform):
    async def _ainvoke(self, value: str, run: Any) -> str:
        return value.upper()


class InvokeAndAtransform(OnlyInvoke):
    async def _atransform(self, chunks: AsyncIterator[str], run: Any) -> AsyncIterator[str]:
        async for chunk in chunks:
            yield chunk.upper()


class AllFour(InvokeAndAtransform):
    async def _ainvoke(self, value: str, run: Any) -> str:
        return value.upper()

    def _transform(self, chunks: Iterator[str], run: Any) -> Iterator[str]:
        for chunk in chunks:
            yield chunk.upper()


class OnlyPlan(Named, Runnable[str, str]):
    def _plan(self, value: str, run: Any) -> Any:
        return (yield from call(OnlyInvoke(), value))


class PlanAndTransform(OnlyPlan):
    def _transform(self, chunks: Iterator[str], run: Any) -> Iterator[str]:
        for chunk in chunks:
            yield chunk.upper()


class Configured(RunnableSerializable[str, str]):
    suffix: str = ""

    def _invoke(self, value: str, run: Any) -> str:
        return value.upper() + self.suffix


BOTH = [
    OnlyInvoke,
    OnlyInvokeInline,
    OnlyTransform,
    ReturnsAnIterator,
    ReturnsAnAsyncIterator,
    InvokeAndAinvoke,
    TransformAndAinvoke,
    InvokeAndAtransform,
    AllFour,
    OnlyPlan,
    PlanAndTransform,
    Configured,
]
CHUNKWISE = {
    "sync": {OnlyTransform, ReturnsAnIterator, TransformAndAinvoke, AllFour, PlanAndTransform},
    "async": {
        OnlyTransform,
        ReturnsAnIterator,
        ReturnsAnAsyncIterator,
        InvokeAndAtransform,
        AllFour,
        OnlyAtransform,
    },
}


# --- what is not written is derived ---


@pytest.mark.parametrize("author", BOTH)
def test_every_combination_of_hooks_answers_every_verb(run, author) -> None:
    step = author()
    assert run.invoke(step, "ab") == "AB"
    assert "".join(run.stream(step, "ab")) == "AB"
    assert "".join(run.transform(step, "ab")) == "AB"
    assert run.batch(step, ["a", "b"]) == ["A", "B"]
    assert run.invoke(step | step | RunnablePassthrough(), "ab") == "AB"
    assert "".join(run.stream(step | step | RunnablePassthrough(), "ab")) == "AB"


@pytest.mark.parametrize("author", BOTH)
def test_every_combination_of_hooks_has_one_run_a_call(run, watch, author) -> None:
    for verb in (run.invoke, run.stream):
        watch.events.clear()
        verb(author(), "ab", {"callbacks": [watch]})
        watch.assert_whole()
        assert len({e["run_id"] for e in watch.events}) == (2 if author is OnlyPlan else 1) or (
            author is PlanAndTransform
        )


@pytest.mark.parametrize("author", [*BOTH, OnlyAtransform])
def test_chunks_go_through_one_by_one_where_a_hook_can_do_it(run, author) -> None:
    if run.sync and author is OnlyAtransform:
        pytest.skip("asynchronous only")
    one_by_one = author in CHUNKWISE["sync" if run.sync else "async"]
    assert run.transform(author(), "ab") == (["A", "B"] if one_by_one else ["AB"])


@pytest.mark.anyio
@pytest.mark.parametrize("author", [OnlyAinvoke, OnlyAtransform])
async def test_a_step_may_be_asynchronous_only(author) -> None:
    step = author() | RunnablePassthrough()
    assert await step.ainvoke("ab") == "AB"
    assert "".join([c async for c in step.astream("ab")]) == "AB"
    assert await step.abatch(["a", "b"]) == ["A", "B"]


@pytest.mark.parametrize("author", [OnlyAinvoke, OnlyAtransform])
def test_an_asynchronous_step_in_a_sync_call_says_which_verb_to_use(author) -> None:
    with pytest.raises(CompositionError, match=f"{author.__name__} is asynchronous only.*ainvoke"):
        author().invoke("ab")
    with pytest.raises(CompositionError, match=f"{author.__name__} is asynchronous only.*astream"):
        list(author().stream("ab"))


@pytest.mark.anyio
@pytest.mark.parametrize(("author", "same"), [(OnlyInvoke, False), (OnlyInvokeInline, True)])
async def test_what_may_block_runs_in_a_worker_thread_and_computation_does_not(
    author, same
) -> None:
    import threading

    class Where(author):  # type: ignore[misc, valid-type]
        def _invoke(self, value: str, run: Any) -> int:
            return threading.get_ident()

    assert (await Where().ainvoke("a") == threading.get_ident()) is same
    assert ([i async for i in Where().astream("a")] == [threading.get_ident()]) is same


@pytest.mark.anyio
@pytest.mark.parametrize("watched", [False, True])
async def test_an_iterator_that_a_hook_returns_is_closed_if_it_can_be(watch, watched) -> None:
    class Closable(OnlyInvoke):
        def _atransform(self, chunks: AsyncIterator[str], run: Any) -> AsyncIterator[str]:
            return ClosableUpper(chunks)

    ClosableUpper.closed = 0
    config: Any = {"callbacks": [watch]} if watched else None
    stream = (RunnablePassthrough() | Closable() | RunnablePassthrough()).astream("ab", config)
    assert await anext(stream) == "AB"
    await stream.aclose()
    assert ClosableUpper.closed == 1


# --- plans ---


class Both(Named, Runnable[str, list[str]]):
    def _plan(self, value: str, run: Any) -> Any:
        first = yield from call(OnlyInvoke(), value)
        rest = yield from gather([])
        return [first, *rest]


class Careful(Named, Runnable[Any, str]):
    """Handles the failure of what it calls."""

    def _plan(self, value: Any, run: Any) -> Any:
        try:
            return (yield from call(OnlyInvoke(), value))
        except AttributeError:
            return (yield from call(OnlyInvoke(), "instead"))


class NoCall(Named, Runnable[Any, Any]):
    """A plan need not call anything."""

    def _plan(self, value: Any, run: Any) -> Any:
        return value
        yield


def test_a_plan_gathers_nothing_and_goes_on(run) -> None:
    assert run.invoke(Both(), "a") == ["A"]
    assert run.stream(Both(), "a") == [["A"]]


def test_a_plan_may_handle_the_failure_of_a_call(run) -> None:
    assert run.invoke(Careful(), 5) == "INSTEAD"
    assert run.stream(Careful(), 5) == ["INSTEAD"]


def test_a_plan_without_calls_gives_its_value(run) -> None:
    assert run.invoke(NoCall(), 5) == 5
    assert run.stream(NoCall(), 5) == [5]


def test_a_plan_that_fails_fails_the_step(run, watch) -> None:
    class Fails(Named, Runnable[Any, Any]):
        def _plan(self, value: Any, run: Any) -> Any:
            yield from call(OnlyInvoke(), value)
            raise ValueError("planned")

    for verb in (run.invoke, run.stream):
        watch.events.clear()
        with pytest.raises(ValueError, match="planned"):
            verb(Fails(), "a", {"callbacks": [watch]})
        watch.assert_whole()
        assert watch.heads[-1] == ("chain_error", "Fails")


# --- what a class must be ---


VERBS = [
    "invoke",
    "ainvoke",
    "batch",
    "abatch",
    "stream",
    "astream",
    "transform",
    "atransform",
    "astream_events",
]


@pytest.mark.parametrize("verb", VERBS)
def test_overriding_a_verb_is_refused_and_names_the_hook(verb) -> None:
    with pytest.raises(
        TypeError, match=rf"Mine\.{verb} overrides a method that is final; .*hook _"
    ):
        type("Mine", (Runnable,), {verb: lambda self: None})


def test_a_class_without_a_hook_is_refused() -> None:
    with pytest.raises(TypeError, match="Mine has no hook; write _invoke"):
        type("Mine", (Runnable,), {})
    with pytest.raises(TypeError, match="Mine has no hook"):

        class Mine(RunnableSerializable[str, str]):
            pass


def test_a_base_class_may_say_that_it_is_abstract() -> None:
    class Base(Runnable[str, str], abstract=True):
        name: ClassVar[str | None] = None

    class Mine(Base):
        def _invoke(self, value: str, run: Any) -> str:
            return value

    assert Mine().invoke("a") == "a"
    with pytest.raises(TypeError, match="Other has no hook"):
        type("Other", (Base,), {})


def test_a_subclass_may_do_better_than_what_its_parent_derives(run) -> None:
    class Parent(Named, Runnable[str, str]):
        def _invoke(self, value: str, run: Any) -> str:
            return "whole"

    class Child(Parent):
        def _transform(self, chunks: Iterator[str], run: Any) -> Iterator[str]:
            yield from (f"<{chunk}>" for chunk in chunks)

    class Grandchild(Child):
        pass

    assert run.invoke(Child(), "a") == "whole"
    assert run.transform(Child(), "ab") == ["<a>", "<b>"]
    assert run.transform(Grandchild(), "ab") == ["<a>", "<b>"]


def test_a_subclass_streams_in_the_style_of_its_parent(run) -> None:
    class Parent(Named, Runnable[str, str]):
        _style = "through"

        def _transform(self, chunks: Iterator[str], run: Any) -> Iterator[str]:
            yield from chunks

    class Child(Parent):
        pass

    for step in (Parent(), Child()):
        events = run.events(RunnablePassthrough() | step, "a")
        start = next(e for e in events if e["name"] == type(step).__name__)
        assert start["data"] == {"input": "a"}


def test_a_hook_of_the_wrong_colour_is_refused() -> None:
    with pytest.raises(TypeError, match="_ainvoke"):

        class Asynchronous(Named, Runnable[str, str]):
            async def _invoke(self, value: str, run: Any) -> str:  # type: ignore[override]
                return value

    with pytest.raises(TypeError, match="_invoke"):

        class Plain(Named, Runnable[str, str]):
            def _ainvoke(self, value: str, run: Any) -> str:  # type: ignore[override]
                return value


# --- options ---


class Repeats(Named, Runnable[str, str]):
    def _invoke(self, value: str, run: Any, *, times: int = 1) -> str:
        return value * times


def test_options_of_a_call_reach_the_hook(run) -> None:
    assert run.invoke(Repeats(), "a", times=2) == "aa"
    assert run.stream(Repeats(), "a", times=2) == ["aa"]
    assert run.transform(Repeats(), "ab", times=2) == ["abab"]
    assert run.batch(Repeats(), ["a", "b"], times=2) == ["aa", "bb"]


def test_options_of_a_sequence_reach_its_first_step_only(run) -> None:
    chain = Repeats() | Repeats()
    assert run.invoke(chain, "a", times=3) == "aaa"
    assert run.stream(chain, "a", times=3) == ["aaa"]
    nested = RunnableSequence(chain, Repeats(), name="outer")
    assert run.invoke(nested, "a", times=3) == "aaa"


def test_an_option_that_a_step_does_not_have_is_refused(run) -> None:
    with pytest.raises(CompositionError, match=r"OnlyInvoke takes no options.*got 'times'"):
        run.invoke(OnlyInvoke(), "a", times=2)
    with pytest.raises(CompositionError, match="takes no options"):
        run.stream(OnlyInvoke() | Repeats(), "a", times=2)


@pytest.mark.parametrize("name", ["value", "run", "chunks", "step", "options", "self_"])
def test_an_option_may_have_any_name(run, name) -> None:
    namespace: dict[str, Any] = {}
    exec(f"def function(x, {name}=0): return {name}", namespace)
    step = RunnableLambda(namespace["function"])
    option: Any = {name: 5}
    for made in (
        step.bind(**option),
        step.bind(**option) | RunnablePassthrough(),
        step.with_retry().bind(**option),
        step.with_fallbacks([step]).bind(**option),
        (step | RunnablePassthrough()).bind(**option),
    ):
        assert run.invoke(made, 1) == 5
        assert run.stream(made, 1) == [5]
    assert run.invoke(step.map().bind(**option), [1]) == [5]


# --- steps with fields ---


def test_a_step_with_fields_is_named_by_its_field_or_class(run) -> None:
    assert run.heads(Configured(name="mine", suffix="!"), "a")[0] == ("on_chain_start", "mine")
    assert run.heads(Configured(), "a")[0] == ("on_chain_start", "Configured")


def test_a_run_shows_its_config_and_id(run, watch) -> None:
    seen: list[Any] = []

    class Looks(Named, Runnable[str, str]):
        def _invoke(self, value: str, run: Any) -> str:
            seen.append((run.config["tags"], run.id))
            return value

    run.invoke(Looks(), "a", {"tags": ["t"], "callbacks": [watch]})
    assert seen == [(["t"], watch.events[0]["run_id"])]
