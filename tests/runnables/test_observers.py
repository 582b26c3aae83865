"""Objects that watch a call: what they see, what is none, and what happens when they raise."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import anyio
import anyio.lowlevel
import pytest

from levada.errors import ConfigError
from levada.runnables import (
    ConfigurableField,
    ListenedRun,
    Runnable,
    RunnableConfig,
    RunnableGenerator,
    RunnableLambda,
    RunnablePassthrough,
    _sink,
    observe,
)
from live import Endless


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


# --- async observers ---


class Slow:
    """Sees an event only after others have had their turn."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    async def on_event(self, event: Any) -> None:
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        self.seen.append(event)


@pytest.mark.anyio
@pytest.mark.parametrize("verb", ["ainvoke", "astream", "abatch", "astream_events"])
async def test_an_async_observer_has_seen_all_in_order_when_the_call_ends(verb, watch) -> None:
    slow = Slow()
    chain = RunnablePassthrough() | RunnableLambda(double)
    config: Any = {"callbacks": [watch, slow]}
    if verb in ("astream", "astream_events"):
        async for _ in getattr(chain, verb)("a", config):
            pass
    else:
        await getattr(chain, verb)(["a", "b"] if verb == "abatch" else "a", config)
    assert slow.seen == watch.events
    assert slow.seen


@pytest.mark.anyio
async def test_an_async_observer_does_not_hold_up_a_run_that_is_not_far_ahead() -> None:
    ended = anyio.Event()
    seen: list[str] = []

    class Waits:
        async def on_chain_start(self, event: Any) -> None:
            with anyio.fail_after(10):
                await ended.wait()
            seen.append(event["event"])

    async def last(x: Any) -> Any:
        ended.set()

    await (RunnablePassthrough() | RunnableLambda(last)).ainvoke(1, {"callbacks": [Waits()]})
    assert seen == ["on_chain_start"] * 3


@pytest.mark.anyio
async def test_a_run_waits_for_an_async_observer_that_is_too_far_behind(nothing_left) -> None:
    model = Endless(end=4000)
    go_on = anyio.Event()

    class Waits:
        async def on_event(self, event: Any) -> None:
            await go_on.wait()

    async with nothing_left(), anyio.create_task_group() as group:

        async def read() -> None:
            async for _ in (model | RunnablePassthrough()).astream(1, {"callbacks": [Waits()]}):
                pass

        group.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        assert 0 < model.count < 1000
        go_on.set()
    assert model.count == 4000


@pytest.mark.anyio
async def test_an_async_observer_sees_what_happens_in_threads_and_at_the_end(nothing_left) -> None:
    slow = Slow()

    def fails(x: Any) -> Any:
        RunnableLambda(double).invoke(x)
        raise ValueError("no")

    async with nothing_left():
        with pytest.raises(ValueError, match="no"):
            await RunnableLambda(fails).ainvoke(1, {"callbacks": [slow]})
    assert [(e["event"], e["name"]) for e in slow.seen] == [
        ("on_chain_start", "fails"),
        ("on_chain_start", "double"),
        ("on_chain_end", "double"),
        ("on_chain_error", "fails"),
    ]


@pytest.mark.anyio
async def test_an_async_observer_sees_how_a_cancelled_run_ends(nothing_left) -> None:
    slow = Slow()

    async def waits(x: Any) -> Any:
        await anyio.sleep_forever()

    async with nothing_left():
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(RunnableLambda(waits).ainvoke, 1, {"callbacks": [slow]})
                await anyio.wait_all_tasks_blocked()
                scope.cancel()
    assert [e["event"] for e in slow.seen] == ["on_chain_start", "on_chain_error"]


@pytest.mark.anyio
async def test_an_async_observer_that_raises_is_logged_once_and_dropped(
    caplog, monkeypatch, watch
) -> None:
    monkeypatch.setattr(_sink, "STRICT_OBSERVERS", False)

    class Bad:
        async def on_event(self, event: Any) -> None:
            raise KeyError("observer")

    with caplog.at_level(logging.ERROR, logger="levada"):
        chain = RunnablePassthrough() | Endless(end=2000)
        assert await chain.ainvoke("a", {"callbacks": [Bad(), watch]}) == sum(range(2000))
    assert len(caplog.records) == 1
    watch.assert_whole()


@pytest.mark.anyio
async def test_under_test_settings_an_async_observer_that_raises_fails_the_call() -> None:
    class Bad:
        async def on_event(self, event: Any) -> None:
            raise KeyError("observer")

    with anyio.fail_after(10), pytest.raises(KeyError, match="observer"):
        await (RunnablePassthrough() | Endless(end=2000)).ainvoke("a", {"callbacks": [Bad()]})


@pytest.mark.anyio
async def test_an_async_observer_may_call_a_runnable() -> None:
    class Audits:
        calls = 0

        async def on_chain_end(self, event: Any) -> None:
            self.calls += 1
            await RunnableLambda(double).ainvoke("x")

    audits = Audits()
    await RunnableLambda(double).ainvoke("a", {"callbacks": [audits]})
    assert audits.calls == 1


@pytest.mark.parametrize("verb", ["invoke", "stream", "batch", "stream_events"])
def test_a_synchronous_call_refuses_an_async_observer(verb) -> None:
    chain = RunnablePassthrough() | RunnablePassthrough()
    with pytest.raises(ConfigError, match=r"has async methods, and this call is synchronous"):
        list(getattr(chain, verb)([1], {"callbacks": [Slow()]}))


# --- everywhere ---


def test_an_observer_of_the_process_watches_every_call_while_it_is_open(run, step, watch) -> None:
    run.invoke(step(double), "a")
    with observe(watch):
        run.invoke(step(double) | step(double), "a")
        thread = threading.Thread(target=RunnableLambda(double).invoke, args=("a",))
        thread.start()
        thread.join()
        run.stream(step(double), "a", {"callbacks": [watch]})
    run.invoke(step(double), "a")
    roots = [(e["event"], e["name"]) for e in watch.events if not e["parent_ids"]]
    assert roots == [
        ("on_chain_start", "RunnableSequence"),
        ("on_chain_end", "RunnableSequence"),
        ("on_chain_start", "double"),
        ("on_chain_end", "double"),
        ("on_chain_start", "double"),
        ("on_chain_stream", "double"),
        ("on_chain_end", "double"),
    ]
    watch.assert_whole()


def test_observers_of_the_process_may_be_closed_in_any_order(watch) -> None:
    other = type(watch)()
    first, second = observe(watch), observe(other, other)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    RunnableLambda(double).invoke("a")
    second.__exit__(None, None, None)
    RunnableLambda(double).invoke("a")
    assert (watch.heads, len(other.heads)) == ([], 2)


def test_an_observer_of_the_process_may_call_runnables_with_a_config(run, step) -> None:
    inner = RunnableLambda(lambda x: RunnableLambda(double).invoke(x))

    class Audits:
        calls = 0

        def on_event(self, event: Any) -> None:
            self.calls += 1
            inner.invoke("x", {"tags": ["audit"]})

    audits = Audits()
    with observe(audits):
        run.invoke(step(double), "a")
    assert audits.calls == 2


def test_what_is_no_observer_cannot_watch_the_process() -> None:
    with pytest.raises(ConfigError, match="is no observer"), observe(object()):
        pass


# --- listeners ---


def test_listeners_are_told_of_the_runs_of_their_step_only(run, step) -> None:
    told: list[tuple[str, Any]] = []
    inner = step(double) | step(double)
    heard = inner.with_listeners(
        on_start=lambda r: told.append(("start", r.inputs, r.outputs, r.end_time)),
        on_end=lambda r: told.append(("end", r.inputs, r.outputs, r.end_time >= r.start_time)),
        on_error=lambda r: told.append(("error", r.error)),
    )
    assert run.invoke(step(double) | heard | step(double), "a") == "a" * 16
    assert told == [
        ("start", {"input": "aa"}, None, None),
        ("end", {"input": "aa"}, {"output": "aaaaaaaa"}, True),
    ]


def test_listeners_of_a_stream_are_told_of_its_input_at_once(run, step, watch) -> None:
    told: list[Any] = []
    heard = step(double).with_listeners(
        on_start=lambda r: told.append(r.inputs), on_end=lambda r: told.append(r.inputs)
    )
    assert run.stream(heard, "a") == ["aa"]
    assert told == [{"input": "a"}] * 2
    assert run.stream(step(double).with_config(callbacks=[watch]), "a") == ["aa"]
    assert watch.events[0]["data"] == {"input": "a"}


@pytest.mark.parametrize("config", [None, {"tags": ["t"]}, {"run_name": "call"}])
@pytest.mark.parametrize("kind", ["bound", "configurable"])
@pytest.mark.parametrize("first_of", [1, 2])
def test_listeners_of_the_first_step_are_told_of_its_input_at_once(
    run, kind: str, config: RunnableConfig | None, first_of: int
) -> None:
    told: list[Any] = []
    step: Runnable[str, str] = RunnableLambda(double)
    if kind == "configurable":
        step = step.configurable_alternatives(ConfigurableField(id="which"), other=step)
    heard = step.with_listeners(on_start=lambda r: told.append(r.inputs))
    chain = heard if first_of == 1 else heard | RunnableLambda(double)
    assert run.stream(chain, "a", config) == ["a" * 2**first_of]
    assert told == [{"input": "a"}]


@pytest.mark.parametrize("config", [None, {"tags": ["t"]}], ids=["bare", "configured"])
@pytest.mark.parametrize("kind", ["bound", "configurable", "chosen", "sequence", "retried"])
def test_listeners_within_a_stream_are_told_of_their_own_input_at_its_end(
    run, kind: str, config: RunnableConfig | None
) -> None:
    def letters(chunks: Iterator[str]) -> Iterator[str]:
        for chunk in chunks:
            yield from chunk

    def upper(chunks: Iterator[str]) -> Iterator[str]:
        for chunk in chunks:
            yield chunk.upper()

    field = ConfigurableField(id="which")
    step = RunnableGenerator(upper)
    steps: dict[str, Runnable[str, str]] = {
        "bound": step,
        "configurable": step.configurable_alternatives(field, other=step),
        "chosen": step.configurable_alternatives(field, default_key="other", upper=step),
        "sequence": step | RunnablePassthrough(),
        "retried": step.with_retry(),
    }
    if kind == "chosen":
        config = {**(config or {}), "configurable": {"which": "upper"}}
    ended: list[ListenedRun] = []
    heard = steps[kind].with_listeners(on_end=ended.append)
    chain = RunnableLambda(lambda x: x + "b") | RunnableGenerator(letters) | heard
    assert "".join(run.stream(chain | RunnablePassthrough(), "a", config)) == "AB"
    (listened,) = ended
    assert (listened.inputs, listened.outputs) == ({"input": "ab"}, {"output": "AB"})


@pytest.mark.parametrize("verb", ["invoke", "batch", "stream"])
def test_listeners_of_a_step_inside_are_not_told_the_name_and_id_of_the_call(run, verb) -> None:
    told: list[ListenedRun] = []
    inner = RunnableLambda(double, name="inner").with_listeners(on_start=told.append)
    chain = RunnableLambda(double) | inner | RunnableLambda(double)
    config: RunnableConfig = {"run_name": "call", "run_id": uuid4()}
    given: Any = ["a"] if verb == "batch" else "a"
    getattr(run, verb)(chain, given, config)
    (listened,) = told
    assert listened.name == "inner"
    assert listened.id != config["run_id"]


def test_a_listener_is_told_of_an_error_and_of_tags(run, step) -> None:
    told: list[Any] = []

    def fails(x: Any) -> Any:
        raise ValueError("no")

    heard = step(fails).with_listeners(on_error=lambda r, config: told.append((r, config)))
    with pytest.raises(ValueError, match="no"):
        run.invoke(heard.with_config(tags=["t"], metadata={"m": 1}), {"k": 1})
    ((ended, config),) = told
    assert isinstance(ended.error, ValueError)
    assert (ended.name, ended.inputs, ended.outputs) == ("fails", {"k": 1}, None)
    assert config == {"tags": ["t"], "metadata": {"m": 1}}


def test_several_listeners_and_concurrent_calls_do_not_disturb_each_other(run, step) -> None:
    one: list[Any] = []
    two: list[Any] = []
    heard = step(double).with_listeners(on_end=lambda r: one.append((r.inputs, r.outputs)))
    heard = heard.with_listeners(on_end=lambda r: two.append((r.inputs, r.outputs)))
    run.batch(heard, ["a", "b", "c"])
    expected = [({"input": x}, {"output": x + x}) for x in "abc"]
    assert sorted(one, key=str) == sorted(two, key=str) == expected


def test_a_listener_is_a_function_or_refused() -> None:
    with pytest.raises(ConfigError, match="on_end takes a function; got 5"):
        RunnablePassthrough().with_listeners(on_end=5)  # type: ignore[arg-type]


@pytest.mark.anyio
async def test_async_listeners_are_awaited_before_the_call_ends() -> None:
    told: list[Any] = []

    async def hears(r: Any) -> None:
        await anyio.lowlevel.checkpoint()
        told.append((r.name, r.outputs))

    heard = RunnableLambda(double).with_alisteners(on_start=hears, on_end=hears)
    assert await (RunnablePassthrough() | heard).ainvoke("a") == "aa"
    assert told == [("double", None), ("double", {"output": "aa"})]
    with pytest.raises(ConfigError, match="this call is synchronous"):
        heard.invoke("a")
