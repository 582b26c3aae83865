"""A step for every element of a list, and the step that the input names."""

from __future__ import annotations

from typing import Any

import pytest

from levada.errors import CompositionError, StepInputError
from levada.runnables import (
    RouterRunnable,
    RunnableEach,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
)


def double(x: Any) -> Any:
    return x * 2


# --- each ---


def test_every_element_goes_through_the_step_in_order(run, step) -> None:
    mapped = step(double).map()
    assert run.invoke(mapped, [1, 2, 3]) == [2, 4, 6]
    assert run.stream(mapped, [1, 2]) == [[2, 4]]
    assert run.batch(mapped, [[1], [], [2, 3]]) == [[2], [], [4, 6]]
    assert run.transform(mapped, [[1], [2]]) == [[2, 4]]


def test_a_tuple_is_a_list_of_elements_and_text_is_not(run, step) -> None:
    assert run.invoke(step(double).map(), (1, 2)) == [2, 4]
    for wrong in ("ab", 5, None, {"a": 1}):
        with pytest.raises(CompositionError, match="takes a list; got"):
            run.invoke(step(double).map(), wrong)


def test_mapped_steps_nest(run, step) -> None:
    assert run.invoke(step(double).map().map(), [[1], [2, 3]]) == [[2], [4, 6]]


def test_a_mapped_step_in_a_chain(run, step) -> None:
    chain = step(lambda x: list(range(x))) | step(double).map() | step(sum)
    assert run.invoke(chain, 4) == 12
    assert run.stream(chain, 4) == [12]


def test_events_of_a_mapped_step(run, whole, step) -> None:
    mapped = step(double).map()
    events = run.events(RunnablePassthrough() | mapped, [1, 2], {"max_concurrency": 1})
    whole(events)
    heads = [(e["event"], e["name"]) for e in events]
    assert heads[4:] == [
        ("on_chain_start", "RunnableEach<double>"),
        ("on_chain_start", "double"),
        ("on_chain_end", "double"),
        ("on_chain_start", "double"),
        ("on_chain_end", "double"),
        ("on_chain_end", "RunnableEach<double>"),
        ("on_chain_stream", "RunnableSequence"),
        ("on_chain_end", "RunnableSequence"),
    ]
    assert [e["data"]["output"] for e in events if e["event"].endswith("_end")][-3] == 4


def test_as_the_root_it_has_events_too(run, step, whole) -> None:
    events = run.events(step(double).map(), [1])
    whole(events)
    assert events[0]["data"] == {"input": [1]}
    assert events[-1]["data"] == {"output": [2]}


def test_options_and_what_is_bound_reach_the_elements(run) -> None:
    def scaled(x: int, factor: int = 1) -> int:
        return x * factor

    mapped = RunnableLambda(scaled).map()
    assert run.invoke(mapped, [1, 2], factor=3) == [3, 6]
    assert run.invoke(mapped.bind(factor=4), [1, 2]) == [4, 8]


def test_its_name() -> None:
    assert RunnableLambda(double).map().get_name() == "RunnableEach<double>"
    assert RunnableEach(bound=RunnableLambda(double), name="mine").get_name() == "mine"


@pytest.mark.parametrize("thing", [None, 5])
def test_what_is_no_step_cannot_be_mapped(thing) -> None:
    with pytest.raises(CompositionError):
        RunnableEach(bound=thing)


# --- router ---


def test_the_step_that_the_input_names_runs(run, step) -> None:
    router = RouterRunnable({"double": step(double), "same": RunnablePassthrough()})
    assert run.invoke(router, {"key": "double", "input": 2}) == 4
    assert run.stream(router, {"key": "same", "input": 2}) == [2]
    asked = [{"key": "double", "input": 1}, {"key": "same", "input": 1}]
    assert run.batch(router, asked) == [2, 1]


def test_the_named_step_streams_and_is_closed(run, ledger) -> None:
    router = RouterRunnable({"k": ledger.source(run.how, "source", "abc")})
    assert run.stream(router | RunnablePassthrough(), {"key": "k", "input": 1}) == ["a", "b", "c"]
    assert run.stream(router, {"key": "k", "input": 1}, take=1) == ["a"]
    assert ledger.open == []


def test_options_reach_the_named_step(run) -> None:
    def scaled(x: int, factor: int = 1) -> int:
        return x * factor

    router = RouterRunnable({"k": RunnableLambda(scaled)})
    assert run.invoke(router, {"key": "k", "input": 2}, factor=3) == 6
    assert run.stream(router, {"key": "k", "input": 2}, factor=3) == [6]


def test_functions_and_dicts_may_be_routes(run) -> None:
    router = RouterRunnable({"f": double, "d": {"a": double}})
    assert run.invoke(router, {"key": "d", "input": 1}) == {"a": 2}
    assert run.invoke(RunnableParallel(r=router), {"key": "f", "input": 1}) == {"r": 2}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"key": "z", "input": 1}, "no step for the key 'z'; there are 'a', 'b'"),
        ({"key": [1], "input": 1}, r"\[1\]"),
        ({"key": "a"}, 'a router takes {"key": ..., "input": ...}; got'),
        ("a", "a router takes"),
        (None, "a router takes"),
    ],
)
def test_an_input_that_names_no_step_is_refused(run, value, says) -> None:
    router = RouterRunnable({"a": double, "b": double})
    for verb in (run.invoke, run.stream):
        with pytest.raises(StepInputError, match=says):
            verb(router, value)


@pytest.mark.parametrize("routes", [{}, {"a": None}, {"a": 5}])
def test_wrong_routes_are_refused(routes) -> None:
    with pytest.raises(CompositionError):
        RouterRunnable(routes)
