"""What cannot be composed or run is refused by an error of ours that says what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from levada.errors import CompositionError, ConfigError, UserError
from levada.runnables import (
    ConfigurableField,
    RouterRunnable,
    RunnableBranch,
    RunnableEach,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnablePick,
    RunnableSequence,
    chain,
)

step: Any = RunnableLambda(lambda x: x)


async def ask(x: Any) -> Any:
    return x


def words(x: Any) -> Iterator[Any]:
    yield x


COROUTINES: dict[str, Callable[[Any], Any]] = {
    "behind": lambda called: step | called,
    "before": lambda called: called | step,
    "pipe": lambda called: step.pipe(called),
    "sequence": lambda called: RunnableSequence(step, called),
    "dict": lambda called: step | {"a": called},
    "parallel": lambda called: RunnableParallel(a=called),
    "assign": lambda called: RunnablePassthrough.assign(a=called),
    "lambda": lambda called: RunnableLambda(called),
    "afunc": lambda called: RunnableLambda(len, called),
    "decorator": lambda called: chain(called),
    "generator": lambda called: RunnableGenerator(called),
    "passthrough": lambda called: RunnablePassthrough(called),
    "condition": lambda called: RunnableBranch((called, step), step),
    "branch": lambda called: RunnableBranch((step, step), called),
    "router": lambda called: RouterRunnable({"a": called}),
    "fallback": lambda called: step.with_fallbacks([called]),
    "each": lambda called: RunnableEach(bound=called),
}


@pytest.mark.parametrize("place", COROUTINES)
def test_a_call_in_the_place_of_a_function_is_refused(place) -> None:
    with pytest.raises(CompositionError, match=r"coroutine of a call: write ask instead of ask\("):
        COROUTINES[place](ask(1))
    with pytest.raises(CompositionError, match=r"of a call: write words instead of words\("):
        COROUTINES[place](words(1))


@pytest.mark.parametrize("place", COROUTINES)
@pytest.mark.parametrize("thing", [None, 5, "text", ["a", "b"]])
def test_what_is_no_step_is_refused(place, thing) -> None:
    if thing is None and place in ("afunc", "passthrough"):
        pytest.skip("None is the default")
    with pytest.raises(CompositionError, match=r"got|not a pair"):
        COROUTINES[place](thing)


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "an empty sequence": (lambda: RunnableSequence(), "at least two steps; got 0"),
    "a sequence of one": (lambda: RunnableSequence(step), "at least two steps; got 1"),
    "an empty dict": (lambda: step | {}, "at least one step; got none"),
    "an empty assign": (lambda: RunnablePassthrough.assign(), "at least one step; got none"),
    "an empty branch": (lambda: RunnableBranch(), "got 0 arguments"),
    "an empty router": (lambda: RouterRunnable({}), "at least one step; got none"),
    "a number as key": (lambda: step | {1: step}, "are strings; got 1"),
    "a number as route": (lambda: RouterRunnable({1: step}), "by strings; got"),  # type: ignore[dict-item]
    "a list of routes": (lambda: RouterRunnable([step]), "a dict of steps"),  # type: ignore[arg-type]
    "a number to pick": (lambda: RunnablePick([1]), r"got \[1\]"),  # type: ignore[list-item]
    "nothing to pick": (lambda: RunnablePick([]), r"a list of at least one key; got \[\]"),
    "a key of a config": (lambda: step.invoke(1, {5: 1}), "unknown config key 5"),
    "a config that is a list": (lambda: step.invoke(1, ["tag"]), "a config is a dict"),
    "tags that are text": (lambda: step.invoke(1, {"tags": "tag"}), "'tags' takes a list"),
    "a number in the metadata": (
        lambda: step.invoke(1, {"metadata": {5: "a"}}),
        "keys are strings; got 5 as a key; write '5'",
    ),
    "negative concurrency": (
        lambda: step.batch([1], {"max_concurrency": -1}),
        "'max_concurrency' must be at least 1; got -1",
    ),
    "a negative limit": (lambda: step.with_concurrency(-1), "a number from 1; got -1"),
    "a negative time": (lambda: step.with_timeout(-1), "greater than 0; got -1"),
    "a negative hedge": (lambda: step.with_hedge(after=-1), "greater than 0; got -1"),
    "no attempt": (lambda: step.with_retry(stop_after_attempt=0), "at least 1; got 0"),
    "attempts as text": (lambda: step.with_retry(stop_after_attempt="2"), "is a number"),
    "a misspelt wait": (
        lambda: step.with_retry(exponential_jitter_params={"inital": 2}),
        "numbers for initial, max, exp_base, jitter; got 2 for 'inital'",
    ),
    "a wait as text": (
        lambda: step.with_retry(exponential_jitter_params={"max": "2"}),
        "got '2' for 'max'",
    ),
    "a number to stop": (lambda: step.with_retry(stop=5), "takes a tenacity stop_… object; got 5"),
    "a number to wait": (lambda: step.with_retry(wait=5), "takes a tenacity wait_… object; got 5"),
    "one fallback": (lambda: step.with_fallbacks(step), "is a list of steps"),
    "a number for the exception": (
        lambda: step.with_fallbacks([step], exception_key=5),
        "the name under which the input, a dict, has the exception; got 5",
    ),
    "a plain listener": (
        lambda: step.with_alisteners(on_end=abs),
        r"write `async def`, or with_listeners\(on_end=\.\.\.\)",
    ),
    "an async listener": (lambda: step.with_listeners(on_end=ask), "write with_alisteners"),
    "a field as text": (
        lambda: step.configurable_alternatives("which"),
        r'Write ConfigurableField\(id="model"\)',
    ),
    "an alternative": (
        lambda: step.configurable_alternatives(ConfigurableField("which"), a=None),
        "alternative 'a' is neither a step nor a function",
    ),
    "a number of types": (lambda: step.astream_events(1, include_types=5), "takes a list"),
    "a name as list": (lambda: step.astream_events(1, include_names="a"), r"include_names=\['a'\]"),
    "a number of inputs": (lambda: step.batch(5), "takes a list of inputs; got 5"),
    "text as inputs": (lambda: step.batch("ab"), "takes a list of inputs; got 'ab'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_what_to_write(name) -> None:
    make, says = REFUSED[name]
    with pytest.raises(UserError, match=says) as caught:
        make()
    assert isinstance(caught.value, CompositionError | ConfigError)
