"""Steps with options and a config of their own."""

from __future__ import annotations

from typing import Any

import pytest

from levada.errors import CompositionError
from levada.runnables import (
    Runnable,
    RunnableBinding,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
)


def joined(x: str, *, sep: str = "-", times: int = 1) -> str:
    return sep.join([x] * times)


def test_bound_options_reach_every_verb(run) -> None:
    step = RunnableLambda(joined).bind(times=2)
    assert run.invoke(step, "a") == "a-a"
    assert run.stream(step, "a") == ["a-a"]
    assert run.transform(step, "ab") == ["ab-ab"]
    assert run.batch(step, ["a", "b"]) == ["a-a", "b-b"]


def test_options_add_up_and_the_call_wins(run) -> None:
    step = RunnableLambda(joined).bind(times=3).bind(sep="+").bind(times=2)
    assert run.invoke(step, "a") == "a+a"
    assert run.invoke(step, "a", sep="*") == "a*a"
    assert run.stream(step, "a", times=1) == ["a"]


def test_bound_options_of_a_chain_reach_its_first_step(run) -> None:
    chain = (RunnableLambda(joined) | RunnablePassthrough()).bind(times=2)
    assert run.invoke(chain, "a") == "a-a"
    assert run.stream(chain, "a") == ["a-a"]


def test_binding_does_not_change_what_is_bound(run) -> None:
    step: Runnable[Any, Any] = RunnableLambda(joined)
    step.bind(times=2)
    one = step.bind(sep="1")
    one.bind(sep="2")
    assert run.invoke(step, "a", times=2) == "a-a"
    assert run.invoke(one, "a", times=2) == "a1a"


def test_an_option_that_the_step_does_not_take_is_refused_at_the_call(run) -> None:
    bound = RunnableParallel(a=joined).bind(times=2)
    for verb in (run.invoke, run.stream):
        with pytest.raises(CompositionError, match="RunnableParallel<a> takes no options"):
            verb(bound, "a")


def test_bindings_are_merged_into_one() -> None:
    bound = RunnableLambda(joined).bind(times=2).with_config(tags=["t"]).bind(sep="+")
    assert isinstance(bound, RunnableBinding)
    assert isinstance(bound.bound, RunnableLambda)
    assert (bound.kwargs, bound.config) == ({"times": 2, "sep": "+"}, {"tags": ["t"]})
    assert repr(bound).startswith("RunnableBinding(bound=RunnableLambda(joined), kwargs={'times'")


def test_attributes_that_it_does_not_have_are_those_of_the_step() -> None:
    class Service(Runnable[Any, Any]):
        def __init__(self) -> None:
            self.name = None
            self.address = "here"

        def _invoke(self, value: Any, run: Any) -> Any:
            return value

    bound: Any = Service().with_config(tags=["t"])
    assert bound.address == "here"
    with pytest.raises(AttributeError):
        _ = bound.nothing
    with pytest.raises(AttributeError):
        _ = bound._nothing


def test_the_name_is_that_of_the_step_or_the_run_name() -> None:
    step: Any = RunnableLambda(joined)
    assert step.bind(times=1).get_name() == "joined"
    assert step.with_config(run_name="mine").get_name() == "mine"


@pytest.mark.parametrize("thing", [None, 5, "text"])
def test_what_is_no_step_cannot_be_bound(thing) -> None:
    with pytest.raises(CompositionError):
        RunnableBinding(bound=thing)


def test_a_binding_pickles_and_copies_its_dicts() -> None:
    import copy

    options = {"times": 2}
    bound = RunnableBinding(bound=RunnableLambda(joined), kwargs=options)
    options["times"] = 5
    assert bound.invoke("a") == "a-a"
    assert copy.copy(bound).invoke("a") == "a-a"
    assert copy.deepcopy(bound).invoke("a") == "a-a"


def test_a_bound_step_streams_chunk_by_chunk(run, ledger) -> None:
    bound = ledger.stage(run.how, "stage").with_config(tags=["t"])
    assert run.transform(bound | RunnablePassthrough(), "abc") == ["a", "b", "c"]
    assert ledger.open == []


def test_a_binding_of_a_binding_of_a_sequence_in_a_parallel(run, watch) -> None:
    inner = (RunnableLambda(joined) | RunnablePassthrough()).with_config(tags=["in"])
    parallel = RunnableParallel(a=inner.with_config(run_name="named"))
    run.invoke(parallel, "a", {"callbacks": [watch]})
    tags = {e["name"]: e["tags"] for e in watch.events}
    assert tags["named"] == ["map:key:a", "in"]
    assert tags["joined"] == ["seq:step:1", "in"]
    watch.assert_whole()
