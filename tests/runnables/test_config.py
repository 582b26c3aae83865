"""What a call may be given, how configs add up, and what is refused with what words."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from levada.errors import ConfigError
from levada.runnables import Runnable, RunnableLambda, RunnablePassthrough

RUN_ID = "01990000-0000-7000-8000-000000000001"


def seen(run: Any, step: Runnable[Any, Any], config: Any = None) -> dict[str, Any]:
    """Give the config that a function behind `step`'s bindings sees."""
    return run.invoke(step, "x", config)


def look() -> Runnable[Any, Any]:
    return RunnableLambda(lambda x, config: config, name="look")


# --- refused ---


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"max_concurency": 1}, "unknown config key 'max_concurency'; did you mean 'max_concurr"),
        ({"tag": ["a"]}, "unknown config key 'tag'; did you mean 'tags'"),
        ({"zzzzzz": 1}, "unknown config key 'zzzzzz'; the keys are tags, metadata"),
        ({5: 1}, "unknown config key 5"),
        ({"tags": "a"}, "'tags' takes a list of strings; got 'a'"),
        ({"tags": [1]}, "'tags' takes a list of strings; got 1 in it"),
        ({"metadata": [1]}, "'metadata' takes a dict; got"),
        ({"callbacks": object()}, "'callbacks' takes a list of observers; got"),
        ({"run_name": 5}, "'run_name' takes a string; got 5"),
        ({"run_id": "x"}, "'run_id' takes a UUID; got 'x'"),
        ({"run_id": 5}, "'run_id' takes a UUID; got 5"),
        ({"max_concurrency": 0}, "'max_concurrency' must be at least 1; got 0"),
        ({"max_concurrency": -1}, "'max_concurrency' must be at least 1; got -1"),
        ({"max_concurrency": True}, "'max_concurrency' takes a whole number; got True"),
        ({"max_concurrency": 1.5}, "'max_concurrency' takes a whole number; got 1.5"),
        ({"recursion_limit": -1}, "'recursion_limit' must not be negative; got -1"),
        ({"recursion_limit": "x"}, "'recursion_limit' takes a whole number; got 'x'"),
        ({"configurable": [1]}, "'configurable' takes a dict; got"),
        (5, "a config is a dict with some of the keys"),
        ("x", "a config is a dict with some of the keys"),
        ([], "a config is a dict with some of the keys"),
    ],
)
def test_a_wrong_config_is_refused_by_every_verb_and_binding(run, config, says) -> None:
    step = RunnablePassthrough()
    for refuses in (
        lambda: run.invoke(step, 1, config),
        lambda: run.stream(step, 1, config),
        lambda: run.transform(step, "a", config),
        lambda: step.astream_events(1, config),
        lambda: step.with_config(config or 5),
    ):
        with pytest.raises(ConfigError, match=says):
            refuses()


def test_a_config_of_a_batch_that_is_no_dict_or_list_is_refused(run) -> None:
    with pytest.raises(ConfigError):
        run.batch(RunnablePassthrough(), [1, 2], 5)


def test_a_wrong_config_of_a_batch_is_refused(run) -> None:
    with pytest.raises(ConfigError, match="did you mean 'tags'"):
        run.batch(RunnablePassthrough(), [1, 2], {"tagz": []})


def test_a_long_value_is_cut_in_the_message(run) -> None:
    with pytest.raises(ConfigError) as caught:
        run.invoke(RunnablePassthrough(), 1, {"tags": "x" * 1000})
    assert len(str(caught.value)) < 400


def test_a_typo_in_with_config_is_refused_when_the_chain_is_built() -> None:
    with pytest.raises(ConfigError, match="did you mean 'run_name'"):
        RunnablePassthrough().with_config(run_nme="x")


def test_a_wrong_observer_is_refused_when_the_chain_is_built() -> None:
    with pytest.raises(ConfigError, match="5 is no observer"):
        RunnablePassthrough().with_config(callbacks=[5])


def test_a_wrong_config_is_refused_before_the_first_chunk_is_asked_for() -> None:
    with pytest.raises(ConfigError):
        RunnablePassthrough().stream(1, {"tagz": []})  # type: ignore[typeddict-unknown-key]


# --- accepted ---


@pytest.mark.parametrize(
    "key",
    [
        "tags",
        "metadata",
        "callbacks",
        "run_name",
        "run_id",
        "max_concurrency",
        "recursion_limit",
        "configurable",
    ],
)
def test_none_is_like_not_given(run, key) -> None:
    returns = RunnableLambda(lambda x: RunnableLambda(str))
    assert run.invoke(returns, 1, {key: None}) == "1"
    assert run.invoke(returns.with_config({key: None}), 1) == "1"


@pytest.mark.parametrize("run_id", [RUN_ID, UUID(RUN_ID)])
def test_a_run_id_may_be_a_uuid_or_its_text(run, watch, run_id) -> None:
    run.invoke(RunnablePassthrough(), 1, {"run_id": run_id, "callbacks": [watch]})
    assert {e["run_id"] for e in watch.events} == {RUN_ID}


def test_a_function_sees_these_keys_and_no_others(run) -> None:
    assert seen(run, look()) == {
        "tags": [],
        "metadata": {},
        "callbacks": None,
        "recursion_limit": 25,
        "configurable": {},
    }


def test_a_function_sees_what_the_call_was_given(run) -> None:
    config: Any = {
        "tags": ["t"],
        "metadata": {"m": 1},
        "configurable": {"c": 2},
        "max_concurrency": 3,
        "recursion_limit": 4,
    }
    assert seen(run, look(), {**config, "run_name": "n"}) == {**config, "callbacks": None}


def test_the_callers_config_is_not_changed(run, watch) -> None:
    config: Any = {"tags": ["t"], "metadata": {"m": 1}, "callbacks": [watch]}
    bound = look().with_config(tags=["b"], metadata={"n": 1})
    run.invoke(bound, 1, config)
    assert config == {"tags": ["t"], "metadata": {"m": 1}, "callbacks": [watch]}


# --- how a call and a binding add up ---


def test_tags_of_a_binding_and_a_call_are_sorted_and_unique(run) -> None:
    bound = look().with_config(tags=["z", "b"])
    assert seen(run, bound, {"tags": ["c", "b"]})["tags"] == ["b", "c", "z"]


def test_tags_of_a_call_keep_their_order(run) -> None:
    assert seen(run, look(), {"tags": ["c", "a", "b"]})["tags"] == ["c", "a", "b"]


def test_metadata_of_the_caller_wins_over_what_is_bound(run) -> None:
    bound = look().with_config(metadata={"a": 1, "b": 1}, configurable={"c": 1, "d": 1})
    config = seen(run, bound, {"metadata": {"b": 2}, "configurable": {"d": 2}})
    assert config["metadata"] == {"a": 1, "b": 2}
    assert config["configurable"] == {"c": 1, "d": 2}


@pytest.mark.parametrize(
    ("bound", "called", "effective"),
    [
        ({}, {"max_concurrency": 2}, 2),
        ({"max_concurrency": 3}, {}, 3),
        ({"max_concurrency": 3}, {"max_concurrency": 2}, 2),
    ],
)
def test_the_callers_limit_wins_over_what_is_bound(run, bound, called, effective) -> None:
    assert seen(run, look().with_config(bound), called)["max_concurrency"] == effective


def test_a_bound_recursion_limit_holds_unless_the_caller_has_one(run) -> None:
    bound = look().with_config(recursion_limit=7)
    assert seen(run, bound)["recursion_limit"] == 7
    assert seen(run, bound, {"recursion_limit": 9})["recursion_limit"] == 9


def test_a_later_with_config_wins_and_lists_add_up(run, watch) -> None:
    bound = look().with_config(tags=["b"], run_name="one", metadata={"k": 1, "l": 1})
    bound = bound.with_config(tags=["a"], run_name="two", metadata={"k": 2})
    config = seen(run, bound, {"callbacks": [watch]})
    assert (config["tags"], config["metadata"]) == (["a", "b"], {"k": 2, "l": 1})
    assert {e["name"] for e in watch.events} == {"two"}


def test_observers_of_several_bindings_and_the_call_all_see_the_run(run, watch) -> None:
    other, third = type(watch)(), type(watch)()
    bound = look().with_config(callbacks=[watch]).with_config(callbacks=[other])
    run.invoke(bound, 1, {"callbacks": [third]})
    assert watch.heads == other.heads == third.heads
    assert len(watch.heads) == 2


def test_the_run_name_of_the_call_wins(run, watch) -> None:
    bound = look().with_config(run_name="bound")
    seen(run, bound, {"run_name": "called", "callbacks": [watch]})
    assert {e["name"] for e in watch.events} == {"called"}


def test_a_run_id_cannot_be_bound() -> None:
    with pytest.raises(ConfigError, match="give it in the call"):
        look().with_config(run_id=UUID(RUN_ID))


def test_what_is_bound_to_a_step_does_not_reach_its_neighbours(run) -> None:
    bound = RunnablePassthrough().with_config(tags=["t"], metadata={"m": 1})
    config = seen(run, bound | look())
    assert (config["tags"], config["metadata"]) == ([], {})


def test_what_is_bound_to_a_chain_reaches_all_its_steps(run) -> None:
    chain = (RunnablePassthrough() | look()).with_config(tags=["t"], configurable={"c": 1})
    config = seen(run, chain)
    assert (config["tags"], config["configurable"]) == (["t"], {"c": 1})


def test_values_under_configurable_are_not_shown_as_metadata(run, watch) -> None:
    seen(run, look(), {"configurable": {"secret": 1}, "callbacks": [watch]})
    assert {k for e in watch.events for k in e["metadata"]} == set()


# --- recursion_limit ---


def test_functions_that_return_functions_for_ever_are_stopped(run) -> None:
    def again(x: Any) -> Any:
        return RunnableLambda(again)

    for verb in (run.invoke, run.stream):
        with pytest.raises(RecursionError, match="recursion_limit"):
            verb(RunnableLambda(again), 1)


@pytest.mark.parametrize("depth", [1, 3])
def test_the_recursion_limit_counts_what_is_returned(run, depth) -> None:
    def nested(levels: int) -> Runnable[Any, Any]:
        return RunnableLambda(lambda x: nested(levels - 1) if levels else x)

    assert run.invoke(nested(depth), "x", {"recursion_limit": depth}) == "x"
    with pytest.raises(RecursionError):
        run.invoke(nested(depth), "x", {"recursion_limit": depth - 1})
