"""Chains of 2,000 steps and of 2,000 branches, with all that can be around a step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import cycle
from typing import Any

import pytest

from levada.history import InMemoryChatMessageHistory, RunnableWithMessageHistory
from levada.runnables import (
    ConfigurableField,
    RouterRunnable,
    Runnable,
    RunnableBranch,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnableSequence,
)

MANY = 2_000
Step = Runnable[Any, Any]

pytestmark = pytest.mark.timeout(180)


def add_one(x: int) -> int:
    return x + 1


def step() -> Step:
    return RunnableLambda(add_one, inline=True)


def calling(function: Callable[[Any], Any]) -> Step:
    return RunnableLambda(function, inline=True)


def ignore(run: object) -> None: ...


AROUND: dict[str, Callable[[Step], Step]] = {
    "retry": lambda inner: inner.with_retry(),
    "fallbacks": lambda inner: inner.with_fallbacks([step()]),
    "timeout": lambda inner: inner.with_timeout(600, first_chunk=600, between_chunks=600),
    "hedge": lambda inner: inner.with_hedge(after=600),
    "concurrency": lambda inner: inner.with_concurrency(4),
    "listeners": lambda inner: inner.with_listeners(on_start=ignore, on_end=ignore),
    "config": lambda inner: inner.with_config(tags=["mine"], run_name="named"),
    "alternatives": lambda inner: inner.configurable_alternatives(
        ConfigurableField(id="which"), other=step()
    ),
    "branch": lambda inner: RunnableBranch((calling(lambda x: x >= 0), inner), inner),
    "router": lambda inner: (
        calling(lambda x: {"key": "it", "input": x}) | RouterRunnable({"it": inner})
    ),
    "returned": lambda inner: calling(lambda x: inner),
    "map": lambda inner: calling(lambda x: [x]) | inner.map() | calling(lambda outputs: outputs[0]),
    "assign": lambda inner: (
        calling(lambda x: {"x": x})
        | RunnablePassthrough.assign(y=calling(lambda d: d["x"]) | inner)
        | calling(lambda d: d["y"])
    ),
}


def deep(steps: Iterable[Step]) -> Step:
    return RunnableSequence(*steps)


def wide(steps: Iterable[Step]) -> Step:
    return RunnableParallel({str(i): inner for i, inner in enumerate(steps)})


def outputs(run: Any, chain: Step, given: Any = 0, **config: Any) -> list[Any]:
    """Give what the chain gives: once, in pieces that are added up, and twice in a batch."""
    first, *more = run.stream(chain, given, config)
    for chunk in more:
        first = first + chunk
    return [run.invoke(chain, given, config), first, *run.batch(chain, [given, given], config)]


def all_around(chain: Step) -> Step:
    for make in AROUND.values():
        chain = make(chain)
    return chain


def test_everything_around_two_thousand_steps(run) -> None:
    assert outputs(run, all_around(deep(step() for _ in range(MANY)))) == [MANY] * 4


def test_everything_around_two_thousand_branches(run) -> None:
    chain = all_around(wide(step() for _ in range(MANY)))
    assert outputs(run, chain) == [{str(i): 1 for i in range(MANY)}] * 4


def test_everything_in_turn_inside_two_thousand_steps(run, watch) -> None:
    chain = deep(make(step()) for make, _ in zip(cycle(AROUND.values()), range(MANY), strict=False))
    assert outputs(run, chain) == [MANY] * 4
    assert run.stream(chain, 0, {"callbacks": [watch]}) == [MANY]
    watch.assert_whole()


def test_everything_in_turn_inside_two_thousand_branches(run, watch) -> None:
    chain = wide(make(step()) for make, _ in zip(cycle(AROUND.values()), range(MANY), strict=False))
    assert outputs(run, chain) == [{str(i): 1 for i in range(MANY)}] * 4
    assert len(run.stream(chain, 0, {"callbacks": [watch]})) == MANY
    watch.assert_whole()


@pytest.mark.parametrize("make", [deep, wide])
def test_a_history_around_two_thousand(run, make) -> None:
    history = InMemoryChatMessageHistory()
    inside = (
        calling(lambda messages: 0) | make(step() for _ in range(MANY)) | calling(lambda o: "so")
    )
    chain = RunnableWithMessageHistory(inside, lambda: history, history_factory_config=[])
    assert outputs(run, chain, "what?") == ["so"] * 4
    assert len(history.messages) == 8
