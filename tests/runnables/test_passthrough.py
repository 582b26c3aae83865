"""Steps that hand on their input: all of it, more than it, or a part of it."""

from __future__ import annotations

import threading
from contextlib import aclosing
from typing import Any

import anyio
import pytest

from levada.errors import CompositionError, StepInputError
from levada.runnables import (
    RunnableAssign,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnablePick,
)


def double(x: Any) -> Any:
    return x * 2


# --- passthrough ---


def test_the_input_is_the_output(run) -> None:
    thing = object()
    assert run.invoke(RunnablePassthrough(), thing) is thing
    assert run.stream(RunnablePassthrough(), thing) == [thing]
    assert run.transform(RunnablePassthrough(), "abc") == ["a", "b", "c"]


def test_a_function_is_called_for_its_effect_with_the_whole_input(run, step) -> None:
    seen: list[Any] = []
    passthrough = RunnablePassthrough(run.step(seen.append))
    assert run.invoke(passthrough, "a") == "a"
    assert run.stream(passthrough, "b") == ["b"]
    assert run.transform(passthrough, "cd") == ["c", "d"]
    assert seen == ["a", "b", "cd"]


def test_of_two_functions_the_one_of_the_right_colour_is_called(run) -> None:
    seen: list[str] = []

    async def other(x: Any) -> None:
        seen.append("async")

    run.invoke(RunnablePassthrough(lambda x: seen.append("sync"), other), 1)
    assert seen == ["sync" if run.sync else "async"]


def test_an_effect_that_fails_fails_the_step(run) -> None:
    def fails(x: Any) -> None:
        raise ValueError("effect")

    chain = RunnablePassthrough() | RunnablePassthrough(fails)
    for verb in (run.invoke, run.stream):
        with pytest.raises(ValueError, match="effect") as caught:
            verb(chain, 1)
        assert caught.value.__notes__ == ["in RunnableSequence > step 2: RunnablePassthrough"]


def test_an_effect_may_take_the_config(run) -> None:
    seen: list[Any] = []

    def effect(x: Any, config: Any) -> None:
        seen.append(config["tags"])

    run.invoke(RunnablePassthrough(effect), 1, {"tags": ["t"]})
    run.stream(RunnablePassthrough(effect), 1, {"tags": ["t"]})
    assert seen == [["t"], ["t"]]


def test_an_effect_is_not_called_for_a_stream_that_gave_nothing(run) -> None:
    seen: list[Any] = []
    assert run.transform(RunnablePassthrough(seen.append), []) == []
    assert seen == []


# --- assign ---


def test_keys_are_added_or_replaced(run, step) -> None:
    assign = RunnablePassthrough.assign(b=step(lambda d: d["a"] * 2), a=step(lambda d: 0))
    assert run.invoke(assign, {"a": 1, "c": 2}) == {"a": 0, "b": 2, "c": 2}
    assert run.batch(assign, [{"a": 1}, {"a": 2}]) == [{"a": 0, "b": 2}, {"a": 0, "b": 4}]


def test_the_input_is_not_changed(run) -> None:
    value = {"a": 1}
    run.invoke(RunnablePassthrough.assign(b=len), value)
    run.stream(RunnablePassthrough.assign(a=len), value)
    assert value == {"a": 1}


def test_as_a_stream_the_input_comes_first_without_the_keys_that_are_replaced(run) -> None:
    chunks = [{"a": "1", "k": "x"}, {"k": "y"}, {"a": "2"}]
    assign = RunnablePassthrough.assign(a=lambda d: "new", b=lambda d: "more")
    given = run.transform(assign, chunks)
    assert given[:2] == [{"k": "x"}, {"k": "y"}]
    assert sorted(map(str, given[2:])) == ["{'a': 'new'}", "{'b': 'more'}"]


def test_an_assign_on_any_runnable(run) -> None:
    chain = RunnableLambda(lambda x: {"a": x}).assign(b=lambda d: d["a"] + 1)
    assert run.invoke(chain, 1) == {"a": 1, "b": 2}


def test_a_mapper_streams_while_the_input_still_comes() -> None:
    read = threading.Event()

    def source() -> Any:
        yield {"a": "1"}
        assert read.wait(5)
        yield {"a": "2"}

    assign = RunnablePassthrough.assign(b=RunnablePick("a"))
    chunks = assign.transform(source())
    assert next(chunks) == {"a": "1"}
    read.set()
    assert list(chunks) == [{"a": "2"}, {"b": "1"}, {"b": "2"}]


def test_more_mapped_chunks_than_a_buffer_do_not_stop_anything(run) -> None:
    def many(d: Any) -> Any:
        yield from range(500)

    async def amany(d: Any) -> Any:
        for i in range(500):
            yield i

    assign = RunnablePassthrough.assign(n=RunnableLambda(many, amany))
    given = run.transform(assign, [{"k": str(i)} for i in range(300)])
    assert [c["n"] for c in given if "n" in c] == list(range(500))
    assert [c["k"] for c in given if "k" in c] == [str(i) for i in range(300)]


@pytest.mark.parametrize("value", ["text", 5, None, [1]])
def test_assign_takes_a_dict(run, value) -> None:
    for verb in (run.invoke, run.stream):
        with pytest.raises(StepInputError, match="RunnableAssign<b> takes a dict; got"):
            verb(RunnablePassthrough.assign(b=len), value)


def test_assign_takes_a_parallel_or_what_makes_one(run) -> None:
    assert run.invoke(RunnableAssign(RunnableParallel(b=len)), {"a": 1}) == {"a": 1, "b": 1}
    assert run.invoke(RunnableAssign({"b": len}), {"a": 1}) == {"a": 1, "b": 1}  # type: ignore[arg-type]
    for wrong in (None, 5, RunnableLambda(len)):
        with pytest.raises(CompositionError):
            RunnableAssign(wrong)  # type: ignore[arg-type]
    with pytest.raises(CompositionError):
        RunnablePassthrough.assign(a=5)  # type: ignore[arg-type]


def test_assign_of_nothing(run) -> None:
    try:
        assign = RunnablePassthrough.assign()
    except CompositionError:
        return  # refusing it is fine
    assert run.invoke(assign, {"a": 1}) == {"a": 1}
    assert run.stream(assign, {"a": 1}) == [{"a": 1}]


@pytest.mark.anyio
async def test_closing_an_assign_closes_its_mapper_and_source(ledger) -> None:
    source = ledger.source("own", "model", [{"k": c} for c in "abcd"])
    chain = source | RunnablePassthrough.assign(x=ledger.stage("own", "x"))
    async with aclosing(chain.astream("x")) as chunks:
        await anext(chunks)
        await anyio.lowlevel.checkpoint()
    assert ledger.open == []


# --- pick ---


def test_one_key_gives_its_value_and_several_a_dict(run) -> None:
    value = {"a": 1, "b": 2, "c": 3}
    assert run.invoke(RunnablePick("a"), value) == 1
    assert run.invoke(RunnablePick(["a", "c"]), value) == {"a": 1, "c": 3}
    assert run.invoke(RunnablePick("z"), value) is None
    assert run.invoke(RunnablePick(["a", "z"]), value) == {"a": 1}


def test_pick_streams_the_chunks_that_have_the_key(run) -> None:
    chunks = [{"a": "1"}, {"b": "2"}, {"a": "3", "b": "4"}]
    assert run.transform(RunnablePick("a"), chunks) == ["1", "3"]
    assert run.transform(RunnablePick(["a", "b"]), chunks) == chunks


def test_pick_on_any_runnable(run) -> None:
    chain = RunnableParallel(a=double, b=RunnablePassthrough())
    assert run.invoke(chain.pick("a"), 2) == 4
    assert run.stream(chain.pick(["b"]), 2) == [{"b": 2}]


def test_names_of_what_has_keys() -> None:
    assert RunnablePick("a").get_name() == "RunnablePick<a>"
    assert RunnablePick(["a", "b"]).get_name() == "RunnablePick<a,b>"
    assert RunnablePassthrough.assign(a=len, b=len).get_name() == "RunnableAssign<a,b>"
    assert RunnablePick("a", name="mine").get_name() == "mine"


@pytest.mark.parametrize("value", ["text", 5, None, [1]])
def test_pick_takes_a_dict(run, value) -> None:
    for verb in (run.invoke, run.stream):
        with pytest.raises(StepInputError, match="RunnablePick<a> takes a dict; got"):
            verb(RunnablePick("a"), value)


@pytest.mark.parametrize("keys", [5, None])
def test_keys_of_a_wrong_type_are_refused(keys) -> None:
    with pytest.raises(CompositionError):
        RunnablePick(keys)
