"""Objects that watch a call: what they see, what is none, and what happens when they raise."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from levada.errors import ConfigError
from levada.runnables import RunnableLambda, RunnablePassthrough, _sink


def double(x: Any) -> Any:
    return x + x


def test_methods_named_like_events_get_those_events_only(run, step) -> None:
    class Ends:
        def __init__(self) -> None:
            self.names: list[str] = []

        def on_chain_end(self, event: Any) -> None:
            self.names.append(event["name"])

    ends = Ends()
    run.invoke(step(double) | step(double), "a", {"callbacks": [ends]})
    assert ends.names == ["double", "double", "RunnableSequence"]


@pytest.mark.parametrize("by", ["call", "nested call", "binding"])
def test_an_observer_given_twice_sees_each_event_once(run, step, watch, by) -> None:
    step: Any = step(double)
    config: Any = {"callbacks": [watch, watch]}
    if by == "binding":
        step = step.with_config(callbacks=[watch])
    elif by == "nested call":
        inner = step
        if run.sync:
            step = RunnableLambda(lambda x: inner.invoke(x, config), name="outer")
        else:

            async def outer(x: Any) -> Any:
                return await inner.ainvoke(x, config)

            step = RunnableLambda(outer)
    run.invoke(step, "a", config)
    outer_heads = [("chain_start", "outer"), ("chain_end", "outer")]
    expected = [("chain_start", "double"), ("chain_end", "double")]
    if by == "nested call":
        expected = [outer_heads[0], *expected, outer_heads[1]]
    assert watch.heads == expected


def test_an_observer_of_a_bound_step_sees_that_step_only(run, step, watch) -> None:
    watched = step(double).with_config(callbacks=[watch])
    run.invoke(step(double) | watched | step(double), "a")
    assert watch.heads == [("chain_start", "double"), ("chain_end", "double")]


@pytest.mark.parametrize(
    ("observer", "says"),
    [
        (5, "5 is no observer"),
        (object(), "is no observer"),
        (type("Class", (), {"on_event": print}), "is no observer"),
        (type("Typo", (), {"on_chain_ned": print})(), "there is no event 'on_chain_ned'"),
        (type("Kind", (), {"on_chat_model_satrt": print})(), "'on_chat_model_satrt'"),
    ],
)
def test_what_is_no_observer_is_refused(run, observer, says) -> None:
    with pytest.raises(ConfigError, match=says):
        run.invoke(RunnablePassthrough(), 1, {"callbacks": [observer]})


def test_an_observer_may_have_a_method_for_all_events_and_some_for_one(run, step) -> None:
    class Both:
        def __init__(self) -> None:
            self.seen: list[str] = []

        def on_event(self, event: Any) -> None:
            self.seen.append("any")

        def on_chain_end(self, event: Any) -> None:
            self.seen.append("end")

    both = Both()
    run.invoke(step(double), "a", {"callbacks": [both]})
    assert both.seen == ["any", "any", "end"]


def test_an_observer_that_raises_is_logged_once_and_dropped(run, step, caplog, monkeypatch) -> None:
    monkeypatch.setattr(_sink, "STRICT_OBSERVERS", False)
    calls: list[str] = []

    class Bad:
        def on_event(self, event: Any) -> None:
            calls.append(event["event"])
            raise KeyError("observer")

    with caplog.at_level(logging.ERROR, logger="levada"):
        result = run.invoke(step(double) | step(double), "a", {"callbacks": [Bad()]})
    assert (result, calls) == ("aaaa", ["on_chain_start"])
    (record,) = caplog.records
    assert "raised on on_chain_start" in record.message
    assert record.exc_info is not None


def test_an_observer_that_raises_does_not_cost_others_their_events(
    run, step, watch, monkeypatch
) -> None:
    monkeypatch.setattr(_sink, "STRICT_OBSERVERS", False)

    class Bad:
        def on_chain_start(self, event: Any) -> None:
            raise KeyError("observer")

    run.invoke(step(double), "a", {"callbacks": [Bad(), watch]})
    assert watch.heads == [("chain_start", "double"), ("chain_end", "double")]


def test_an_observer_that_was_dropped_is_asked_again_in_the_next_call(
    run, step, monkeypatch
) -> None:
    monkeypatch.setattr(_sink, "STRICT_OBSERVERS", False)
    calls: list[str] = []

    class Once:
        def on_event(self, event: Any) -> None:
            calls.append(event["event"])
            if len(calls) == 1:
                raise KeyError("observer")

    observer = Once()
    for _ in range(2):
        run.invoke(step(double), "a", {"callbacks": [observer]})
    assert calls == ["on_chain_start", "on_chain_start", "on_chain_end"]


class Refuses:
    """A chunk that adds up with nothing."""

    def __add__(self, other: object) -> None:
        raise ValueError("these do not add up")


class Late:
    """A chunk whose sum cannot be had."""

    @classmethod
    def accumulator(cls) -> Any:
        class Accumulator:
            def add(self, chunk: Any) -> None: ...

            def result(self) -> Any:
                raise ValueError("no sum")

        return Accumulator()


@pytest.mark.parametrize("chunk", [Refuses, Late])
def test_watching_changes_nothing_for_chunks_that_do_not_add_up(run, watch, chunk) -> None:
    chain = RunnablePassthrough() | RunnablePassthrough()
    chunks = [chunk(), chunk(), chunk()]
    assert run.transform(chain, chunks) == chunks
    assert run.transform(chain, chunks, {"callbacks": [watch]}) == chunks
    watch.assert_whole()


def test_an_observer_may_call_a_runnable(run, step) -> None:
    class Audits:
        calls = 0

        def on_chain_end(self, event: Any) -> None:
            self.calls += 1
            RunnableLambda(double, name="audit").invoke("x")

    audits = Audits()
    assert run.invoke(step(double), "a", {"callbacks": [audits]}) == "aa"
    assert audits.calls == 1
