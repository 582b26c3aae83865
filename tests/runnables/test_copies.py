"""Chains can be looked at, copied, and sent to another process."""

from __future__ import annotations

import copy
import operator
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from levada.prompts import PromptTemplate
from levada.runnables import (
    ConfigurableField,
    RouterRunnable,
    Runnable,
    RunnableBranch,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnablePick,
)


def double(x: Any) -> Any:
    return 2 * x


def shout(chunks: Iterator[str]) -> Iterator[str]:
    for chunk in chunks:
        yield chunk.upper()


step = RunnableLambda(double)
prompt = PromptTemplate.from_template("say {x}")
CHAINS: list[tuple[Runnable[Any, Any], Any, Any]] = [
    (step | double, 1, 4),
    (RunnableParallel(a=step, b=RunnablePassthrough()) | RunnablePick("a"), 1, 2),
    (RunnablePassthrough(double), 1, 1),
    (RunnablePassthrough.assign(b=operator.itemgetter("a")), {"a": 1}, {"a": 1, "b": 1}),
    (RunnableBranch((bool, step), double), 1, 2),
    (RouterRunnable({"a": step}), {"key": "a", "input": 1}, 2),
    (RunnableGenerator(shout), "a", "A"),
    (step.map(), [1, 2], [2, 4]),
    (step.bind().with_config(tags=["t"]), 1, 2),
    (step.with_retry(), 1, 2),
    (step.with_fallbacks([step]), 1, 2),
    (step.with_timeout(60), 1, 2),
    (step.with_hedge(after=60), 1, 2),
    (step.with_concurrency(2), 1, 2),
    (step.configurable_alternatives(ConfigurableField(id="how"), other=step), 1, 2),
    (
        prompt.configurable_fields(template=ConfigurableField(id="t"))
        | operator.attrgetter("text"),
        {"x": 1},
        "say 1",
    ),
]


@pytest.mark.parametrize(
    ("chain", "given", "gives"), CHAINS, ids=lambda value: type(value).__name__
)
def test_a_copy_does_the_same(run, chain, given, gives) -> None:
    for copied in (copy.copy(chain), copy.deepcopy(chain), pickle.loads(pickle.dumps(chain))):
        assert run.invoke(copied, given) == gives
        assert type(copied) is type(chain)


def test_a_copy_has_slots_of_its_own() -> None:
    limited = RunnableLambda(lambda x: x and copy.deepcopy(limited).invoke(0)).with_concurrency(1)
    assert limited.invoke(1) == 0


def test_a_chain_shows_its_steps() -> None:
    assert repr(step | {"a": double, "b": RunnablePassthrough()} | RunnablePick("a")) == (
        "RunnableLambda(double)\n"
        "| {\n"
        "    a: RunnableLambda(double),\n"
        "    b: RunnablePassthrough()\n"
        "  }\n"
        "| RunnablePick(keys='a')"
    )


@pytest.mark.parametrize(
    ("shows", "text"),
    [
        (RunnablePassthrough(double), "RunnablePassthrough(double)"),
        (RunnablePassthrough(lambda x: None), "RunnablePassthrough(...)"),
        (
            RunnablePassthrough.assign(a=step),
            "RunnableAssign(mapper={\n  a: RunnableLambda(double)\n})",
        ),
        (step.map(), "RunnableEach(bound=RunnableLambda(double))"),
        (step.with_retry(), "RunnableRetry(bound=RunnableLambda(double))"),
        (step.with_timeout(1), "RunnableWithTimeout(bound=RunnableLambda(double))"),
        (RouterRunnable({"a": step}), "RouterRunnable(runnables={'a': RunnableLambda(double)})"),
        (
            RunnableBranch((bool, step), step),
            (
                "RunnableBranch(branches=[(RunnableLambda(bool), RunnableLambda(double))], "
                "default=RunnableLambda(double))"
            ),
        ),
        (
            step.with_fallbacks([step]),
            (
                "RunnableWithFallbacks(runnable=RunnableLambda(double), "
                "fallbacks=[RunnableLambda(double)])"
            ),
        ),
    ],
)
def test_a_step_shows_what_it_is_made_of(shows, text) -> None:
    assert repr(shows) == text
