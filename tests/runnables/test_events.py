"""What observers see: exactly once, in causal order, whatever the chain and however it ends."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import anyio
import pytest

from levada.errors import ConfigError
from levada.runnables import (
    RouterRunnable,
    Runnable,
    RunnableBranch,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnableSequence,
)


def double(x: Any) -> Any:
    return x + x


def fails(x: Any) -> Any:
    raise ValueError("no")


# --- error events ---


@pytest.mark.parametrize("kind", ["chain", "prompt", "chat_model", "parser", "tool", "retriever"])
def test_every_kind_has_an_error_event(kind, run) -> None:
    class Failing(Runnable[Any, Any]):
        __slots__ = ("name",)
        _kind = kind

        def __init__(self) -> None:
            self.name = None

        def _invoke(self, value: Any, run: Any) -> Any:
            raise ValueError("no")

    events = run.events(RunnableLambda(double) | Failing(), "a", raises=ValueError)
    inner, outer = events[-2:]
    assert (inner["event"], outer["event"]) == (f"on_{kind}_error", "on_chain_error")
    assert isinstance(inner["data"]["error"], ValueError)
    assert inner["data"]["input"] == "aa"
    assert outer["data"]["error"] is inner["data"]["error"]
    assert outer["data"]["input"] == "a"


def test_a_failure_shows_in_each_run_around_it_from_the_inside_out(run, step) -> None:
    chain = step(double) | RunnableSequence(step(double), step(fails), name="inner")
    assert run.heads(chain, 1, raises=ValueError) == [
        ("on_chain_start", "RunnableSequence"),
        ("on_chain_start", "double"),
        ("on_chain_stream", "double"),
        ("on_chain_start", "inner"),
        ("on_chain_start", "double"),
        ("on_chain_end", "double"),
        ("on_chain_stream", "double"),
        ("on_chain_start", "fails"),
        ("on_chain_end", "double"),
        ("on_chain_error", "fails"),
        ("on_chain_error", "inner"),
        ("on_chain_error", "RunnableSequence"),
    ]


def test_a_step_whose_neighbour_before_it_failed_first_has_no_run(run, step) -> None:
    assert run.heads(step(fails) | step(double), 1, raises=ValueError) == [
        ("on_chain_start", "RunnableSequence"),
        ("on_chain_start", "fails"),
        ("on_chain_error", "fails"),
        ("on_chain_error", "RunnableSequence"),
    ]


def test_events_come_before_the_exception_and_the_root_has_no_end(run, step) -> None:
    events = run.events(step(fails), 1, raises=ValueError)
    assert [e["event"] for e in events] == ["on_chain_start", "on_chain_error"]
    assert events[1]["data"]["input"] == 1


@pytest.mark.anyio
async def test_both_versions_show_errors() -> None:
    for version in ("v1", "v2"):
        seen = []
        with pytest.raises(ValueError, match="no"):
            async for event in RunnableLambda(fails).astream_events(1, version=version):
                seen.append(event["event"])
        assert seen == ["on_chain_start", "on_chain_error"]


# --- closed and cancelled runs ---


def test_a_closed_sync_stream_ends_its_runs_with_the_closing_as_their_error(watch) -> None:
    chain = RunnableLambda(double) | RunnableLambda(double)
    stream = chain.stream("a", {"callbacks": [watch]})
    next(stream)
    stream.close()
    assert watch.heads[-3:] == [
        ("chain_stream", "RunnableSequence"),
        ("chain_error", "double"),
        ("chain_error", "RunnableSequence"),
    ]
    assert isinstance(watch.events[-1]["data"]["error"], GeneratorExit)


@pytest.mark.anyio
async def test_a_cancelled_run_ends_with_the_cancellation_as_its_error(watch) -> None:
    async def waits(x: Any) -> Any:
        await anyio.sleep_forever()

    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(RunnableLambda(waits).ainvoke, 1, {"callbacks": [watch]})
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
    assert watch.heads == [("chain_start", "waits"), ("chain_error", "waits")]
    assert isinstance(watch.events[-1]["data"]["error"], anyio.get_cancelled_exc_class())


# --- order in cases that recorded traces lack ---


def test_a_generator_that_gives_before_it_takes_starts_once(run, step, whole) -> None:
    if run.sync:

        def early(chunks: Any) -> Any:
            yield "early"
            yield from chunks
    else:

        async def early(chunks: Any) -> Any:
            yield "early"
            async for chunk in chunks:
                yield chunk

    events = run.events(step(double) | RunnableGenerator(early), "a")
    whole(events)
    assert [(e["event"], e["name"]) for e in events] == [
        ("on_chain_start", "RunnableSequence"),
        ("on_chain_start", "early"),
        ("on_chain_stream", "early"),
        ("on_chain_stream", "RunnableSequence"),
        ("on_chain_start", "double"),
        ("on_chain_stream", "double"),
        ("on_chain_stream", "early"),
        ("on_chain_stream", "RunnableSequence"),
        ("on_chain_end", "double"),
        ("on_chain_end", "early"),
        ("on_chain_end", "RunnableSequence"),
    ]
    assert events[-2]["data"] == {"input": "aa", "output": "earlyaa"}


def test_a_generator_that_gives_before_it_takes_starts_after_the_sequence_around_it(
    run, step, whole
) -> None:
    if run.sync:

        def early(chunks: Any) -> Any:
            yield "early"
            yield from chunks
    else:

        async def early(chunks: Any) -> Any:
            yield "early"
            async for chunk in chunks:
                yield chunk

    inner = RunnableSequence(RunnableGenerator(early), step(double), name="inner")
    whole(run.events(inner | step(double), "a"))


def test_a_generator_that_never_takes_its_input_has_a_run_and_its_source_none(
    run, step, whole
) -> None:
    if run.sync:

        def alone(chunks: Any) -> Any:
            yield "alone"
    else:

        async def alone(chunks: Any) -> Any:
            yield "alone"

    events = run.events(step(double) | RunnableGenerator(alone), "a")
    whole(events)
    assert [(e["event"], e["name"]) for e in events] == [
        ("on_chain_start", "RunnableSequence"),
        ("on_chain_start", "alone"),
        ("on_chain_stream", "alone"),
        ("on_chain_stream", "RunnableSequence"),
        ("on_chain_end", "alone"),
        ("on_chain_end", "RunnableSequence"),
    ]


def test_a_stream_without_chunks_starts_and_ends_every_run(run, whole) -> None:
    if run.sync:

        def nothing(x: Any) -> Any:
            yield from ()
    else:

        async def nothing(x: Any) -> Any:
            return
            yield

    events = run.events(RunnableLambda(nothing) | RunnablePassthrough(), 1)
    whole(events)
    assert [(e["event"], e["name"]) for e in events] == [
        ("on_chain_start", "RunnableSequence"),
        ("on_chain_start", "nothing"),
        ("on_chain_end", "nothing"),
        ("on_chain_start", "RunnablePassthrough"),
        ("on_chain_end", "RunnablePassthrough"),
        ("on_chain_end", "RunnableSequence"),
    ]
    assert events[-1]["data"] == {"output": None}


def test_a_transform_starts_its_root_with_the_first_chunk(run, watch) -> None:
    chain = RunnablePassthrough() | RunnablePassthrough()
    assert run.transform(chain, "ab", {"callbacks": [watch]}) == ["a", "b"]
    assert watch.heads == [
        ("chain_start", "RunnableSequence"),
        ("chain_start", "RunnablePassthrough"),
        ("chain_stream", "RunnablePassthrough"),
        ("chain_start", "RunnablePassthrough"),
        ("chain_stream", "RunnablePassthrough"),
        ("chain_stream", "RunnableSequence"),
        ("chain_stream", "RunnablePassthrough"),
        ("chain_stream", "RunnablePassthrough"),
        ("chain_stream", "RunnableSequence"),
        ("chain_end", "RunnablePassthrough"),
        ("chain_end", "RunnablePassthrough"),
        ("chain_end", "RunnableSequence"),
    ]
    assert watch.events[0]["data"] == {}
    assert watch.events[-1]["data"] == {"output": "ab", "input": "ab"}


def test_a_transform_of_nothing_starts_and_ends(run, watch) -> None:
    assert run.transform(RunnablePassthrough(), "", {"callbacks": [watch]}) == []
    assert watch.heads == [
        ("chain_start", "RunnablePassthrough"),
        ("chain_end", "RunnablePassthrough"),
    ]


def test_a_transform_whose_input_fails_at_once_blames_no_step(run, step, watch) -> None:
    def broken() -> Any:
        raise OSError("input")
        yield

    with pytest.raises(OSError, match="input") as caught:
        run.transform(
            RunnablePassthrough() | RunnablePassthrough(), broken(), {"callbacks": [watch]}
        )
    assert watch.heads == []
    assert not hasattr(caught.value, "__notes__")


def test_a_custom_step_with_invoke_only_streams_its_whole_output(run, step) -> None:
    class Length(Runnable[str, int]):
        __slots__ = ("name",)
        _inline = True

        def __init__(self) -> None:
            self.name = None

        def _invoke(self, value: str, run: Any) -> int:
            return len(value)

    assert run.heads(step(double) | Length() | step(double), "ab") == [
        ("on_chain_start", "RunnableSequence"),
        ("on_chain_start", "double"),
        ("on_chain_stream", "double"),
        ("on_chain_end", "double"),
        ("on_chain_start", "Length"),
        ("on_chain_end", "Length"),
        ("on_chain_start", "double"),
        ("on_chain_stream", "double"),
        ("on_chain_stream", "RunnableSequence"),
        ("on_chain_end", "double"),
        ("on_chain_end", "RunnableSequence"),
    ]


def test_a_branch_shows_its_condition_then_its_step(run, step) -> None:
    branch = RunnableBranch((step(bool_of), step(double)), step(fails))
    assert run.heads(branch | RunnablePassthrough(), 2) == [
        ("on_chain_start", "RunnableSequence"),
        ("on_chain_start", "RunnableBranch"),
        ("on_chain_start", "bool_of"),
        ("on_chain_end", "bool_of"),
        ("on_chain_start", "double"),
        ("on_chain_stream", "double"),
        ("on_chain_start", "RunnablePassthrough"),
        ("on_chain_stream", "RunnablePassthrough"),
        ("on_chain_stream", "RunnableSequence"),
        ("on_chain_end", "double"),
        ("on_chain_end", "RunnableBranch"),
        ("on_chain_end", "RunnablePassthrough"),
        ("on_chain_end", "RunnableSequence"),
    ]


def bool_of(x: Any) -> bool:
    return bool(x)


def test_a_router_and_a_binding_have_no_run(run, step) -> None:
    router = RouterRunnable({"d": step(double).with_config(tags=["t"])})
    events = run.events(router, {"key": "d", "input": "a"})
    assert [(e["event"], e["name"], e["tags"]) for e in events] == [
        ("on_chain_start", "double", ["t"]),
        ("on_chain_stream", "double", ["t"]),
        ("on_chain_end", "double", ["t"]),
    ]
    assert events[0]["data"] == {"input": "a"}


def test_nested_bindings_at_the_root_name_and_tag_one_run(run, step) -> None:
    bound = step(double).with_config(run_name="in", tags=["b"])
    bound = bound.with_config(tags=["a"], metadata={"m": 1}).with_config(run_name="out")
    events = run.events(bound, "x", {"tags": ["z", "c"], "metadata": {"m": 2}})
    assert {(e["name"], *e["tags"], e["metadata"]["m"]) for e in events} == {
        ("out", "a", "b", "c", "z", 2)
    }
    assert [e["event"] for e in events] == ["on_chain_start", "on_chain_stream", "on_chain_end"]


def test_a_bound_step_in_a_sequence_keeps_its_position(run, step) -> None:
    named = step(double).with_config(run_name="named", tags=["t"])
    events = run.events(step(double) | named, "x")
    assert [e["tags"] for e in events if e["name"] == "named"] == [["seq:step:2", "t"]] * 3


def test_a_run_id_is_that_of_the_root(run, step) -> None:
    run_id = "01990000-0000-7000-8000-000000000001"
    events = run.events(step(double) | step(double), "x", {"run_id": run_id})
    assert events[0]["run_id"] == events[-1]["run_id"] == run_id
    assert len({e["run_id"] for e in events}) == 3


def test_a_run_name_is_not_inherited(run, step) -> None:
    events = run.events(step(double) | step(double), "x", {"run_name": "mine"})
    assert {e["name"] for e in events} == {"mine", "double"}


def test_the_elements_of_a_mapped_step_take_its_run_name(run, step) -> None:
    mapped = step(double).map().with_config(run_name="element", tags=["t"])
    events = run.events(mapped, ["x"])
    assert [(e["event"], e["name"]) for e in events if e["event"] != "on_chain_stream"] == [
        ("on_chain_start", "RunnableEach<element>"),
        ("on_chain_start", "element"),
        ("on_chain_end", "element"),
        ("on_chain_end", "RunnableEach<element>"),
    ]


def test_elements_of_a_batch_are_roots_of_their_own(run, step, watch) -> None:
    run.batch(step(double), ["a", "b"], {"callbacks": [watch], "tags": ["t"]})
    starts = [e for e in watch.events if e["event"] == "on_chain_start"]
    assert sorted(e["data"]["input"] for e in starts) == ["a", "b"]
    assert [e["parent_ids"] for e in starts] == [[], []]
    watch.assert_whole()


# --- astream_events ---


@pytest.mark.anyio
async def test_a_reader_and_observers_see_the_same_events(watch) -> None:
    chain = RunnableLambda(double) | RunnableParallel(a=double, b=RunnablePassthrough())
    seen = [e async for e in chain.astream_events("a", {"callbacks": [watch]})]
    assert seen == watch.events


@pytest.mark.anyio
async def test_version_one_has_no_parents() -> None:
    chain = RunnableLambda(double) | RunnableLambda(double)
    assert {tuple(e["parent_ids"]) async for e in chain.astream_events(1, version="v1")} == {()}


@pytest.mark.anyio
async def test_an_unknown_version_is_refused_when_it_is_asked_for() -> None:
    with pytest.raises(ConfigError, match="version='v1' and version='v2'; got 'v3'"):
        RunnablePassthrough().astream_events(1, version="v3")  # type: ignore[arg-type]


@pytest.mark.anyio
async def test_a_wrong_config_is_refused_when_events_are_asked_for() -> None:
    with pytest.raises(ConfigError, match="did you mean 'tags'"):
        RunnablePassthrough().astream_events(1, {"tagz": []})  # type: ignore[typeddict-unknown-key]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"include_names": ["two"]}, {"two"}),
        ({"include_tags": ["t"]}, {"two"}),
        ({"include_tags": ["seq:step:1"]}, {"double"}),
        ({"include_types": ["chain"], "exclude_names": ["double"]}, {"two", "RunnableSequence"}),
        ({"include_names": ["two"], "include_tags": ["seq:step:1"]}, {"two", "double"}),
        ({"include_names": []}, set()),
        ({"include_types": []}, set()),
        ({"exclude_names": []}, {"double", "two", "RunnableSequence"}),
        ({"exclude_types": ["chain"]}, set()),
        ({"exclude_tags": ["t"]}, {"double", "RunnableSequence"}),
        ({"include_types": ["chat_model"]}, set()),
    ],
)
async def test_filters_test_each_run_by_itself(filters, names) -> None:
    chain = RunnableLambda(double) | RunnableLambda(double).with_config(run_name="two", tags=["t"])
    assert {e["name"] async for e in chain.astream_events("a", **filters)} == names


@pytest.mark.parametrize(
    "filter_", ["include_names", "include_types", "include_tags", "exclude_names"]
)
def test_a_filter_takes_a_list_and_says_so(filter_) -> None:
    with pytest.raises(ConfigError, match=rf"{filter_} takes a list; write {filter_}=\['x'\]"):
        RunnablePassthrough().astream_events(1, **{filter_: "x"})


@pytest.mark.anyio
async def test_a_root_that_cannot_stream_has_one_stream_event_in_version_one_only() -> None:
    class Whole(Runnable[Any, Any]):
        name = None

        def _invoke(self, value: Any, run: Any) -> Any:
            return value * 2

    found = {}
    for version in ("v1", "v2"):
        events = [e async for e in Whole().astream_events("a", version=version)]
        found[version] = [(e["event"].removeprefix("on_chain_"), e["data"]) for e in events]
    start, end = ("start", {"input": "a"}), ("end", {"output": "aa"})
    assert found == {"v1": [start, ("stream", {"chunk": "aa"}), end], "v2": [start, end]}


@pytest.mark.anyio
async def test_an_end_event_keeps_its_input_whatever_is_hidden() -> None:
    chain = RunnableLambda(double) | RunnableLambda(double).with_config(run_name="two")
    events = [e async for e in chain.astream_events("a", include_names=["two"])]
    assert events[-1]["data"] == {"input": "aa", "output": "aaaa"}


@pytest.mark.anyio
async def test_an_option_that_no_step_takes_ends_the_events_with_the_error(nothing_left) -> None:
    async with nothing_left():
        with anyio.fail_after(5), pytest.raises(TypeError, match="takes no options"):
            async for _ in RunnableParallel(a=double).astream_events(1, wrong=1):
                pass


@pytest.mark.anyio
async def test_what_a_reader_does_to_an_event_does_not_change_those_of_other_runs() -> None:
    chain = RunnableLambda(double) | RunnableLambda(double)
    config: Any = {"tags": ["t"], "metadata": {"m": 1}}
    async with aclosing(chain.astream_events("a", config)) as events:
        async for event in events:
            if event["event"] == "on_chain_start":
                assert event["metadata"] == {"m": 1}
                assert event["tags"][-1] == "t"
                event["metadata"]["mine"] = 1
                event["tags"].append("mine")
                event["parent_ids"].append("mine")
    assert config == {"tags": ["t"], "metadata": {"m": 1}}
