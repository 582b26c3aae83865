"""One of several steps, by conditions."""

from __future__ import annotations

from typing import Any

import pytest

from levada.errors import CompositionError
from levada.runnables import RunnableBranch, RunnableLambda, RunnablePassthrough


def is_one(x: Any) -> bool:
    return x == 1


def is_two(x: Any) -> bool:
    return x == 2


def test_the_step_behind_the_first_condition_that_holds_runs(run, step) -> None:
    branch = RunnableBranch(
        (step(is_one), step(lambda x: "one")),
        (step(is_two), step(lambda x: "two")),
        (step(is_two), step(lambda x: "never")),
        step(lambda x: "other"),
    )
    assert run.batch(branch, [1, 2, 3]) == ["one", "two", "other"]
    assert [run.stream(branch, x) for x in (1, 2, 3)] == [["one"], ["two"], ["other"]]


def test_conditions_after_the_one_that_holds_are_not_asked(run) -> None:
    asked: list[str] = []

    def asks(name: str, answer: bool) -> Any:
        return lambda x: asked.append(name) or answer

    branch = RunnableBranch(
        (asks("a", False), str), (asks("b", True), str), (asks("c", True), str), str
    )
    run.invoke(branch, 1)
    assert asked == ["a", "b"]


def test_a_condition_may_give_anything_that_is_true_or_false(run) -> None:
    branch = RunnableBranch((lambda x: x, lambda x: "some"), lambda x: "none")
    assert run.batch(branch, ["a", "", [], [0], None]) == ["some", "none", "none", "some", "none"]


def test_the_chosen_step_streams(run, ledger) -> None:
    branch = RunnableBranch((lambda x: True, ledger.source(run.how, "source", "abc")), str)
    assert run.stream(branch | RunnablePassthrough(), "x") == ["a", "b", "c"]
    assert run.stream(branch, "x", take=1) == ["a"]
    assert ledger.open == []


def test_conditions_and_steps_may_be_dicts_and_functions(run) -> None:
    branch = RunnableBranch((len, {"n": len}), {"none": len})
    assert run.invoke(branch, "ab") == {"n": 2}
    assert run.invoke(branch, "") == {"none": 0}


def test_positions_are_shown_as_tags(run) -> None:
    branch = RunnableBranch(
        (RunnableLambda(is_one), RunnableLambda(is_one)),
        (RunnableLambda(is_two), RunnableLambda(is_two)),
        RunnablePassthrough(),
    )
    events = run.events(RunnablePassthrough() | branch, 2)
    starts = [(e["name"], e["tags"]) for e in events if e["event"].endswith("_start")]
    assert starts[2:] == [
        ("RunnableBranch", ["seq:step:2"]),
        ("is_one", ["condition:1"]),
        ("is_two", ["condition:2"]),
        ("is_two", ["branch:2"]),
    ]
    events = run.events(branch, 3)
    starts = [(e["name"], e["tags"]) for e in events if e["event"].endswith("_start")]
    assert starts[-1] == ("RunnablePassthrough", ["branch:default"])


def test_as_the_root_it_has_stream_events_and_as_a_child_none(run) -> None:
    branch = RunnableBranch((is_one, RunnablePassthrough()), RunnablePassthrough())
    assert ("on_chain_stream", "RunnableBranch") in run.heads(branch, 1)
    assert ("on_chain_stream", "RunnableBranch") not in run.heads(branch | str, 1)


def test_options_reach_the_chosen_step(run) -> None:
    def scaled(x: int, factor: int = 1) -> int:
        return x * factor

    branch = RunnableBranch((is_one, RunnableLambda(scaled)), RunnableLambda(scaled))
    assert run.invoke(branch, 2, factor=3) == 6
    assert run.stream(branch, 1, factor=3) == [3]


@pytest.mark.parametrize(
    ("branches", "says"),
    [
        ((), "got 0 arguments"),
        ((str,), "got 1 arguments"),
        (((is_one, str), (is_two, str)), "default step, not a pair"),
        ((str, str), "a branch is a pair"),
        (((is_one,), str), "a branch is a pair"),
        (((is_one, str, str), str), "a branch is a pair"),
        (((is_one, None), str), "got None"),
        (((5, str), str), "got 5"),
        (((is_one, str), 5), "got 5"),
    ],
)
def test_wrong_branches_are_refused(branches, says) -> None:
    with pytest.raises(CompositionError, match=says):
        RunnableBranch(*branches)
