"""LCEL's functions over configs."""

from __future__ import annotations

from typing import Any

import pytest

from levada.errors import ConfigError
from levada.runnables import (
    RunnableLambda,
    ensure_config,
    get_config_list,
    merge_configs,
    patch_config,
)

ID = "0199c1c7-0000-7000-8000-000000000000"


def test_a_config_is_filled_up() -> None:
    assert ensure_config({"tags": ["t"], "run_name": "n"}) == {
        "tags": ["t"],
        "metadata": {},
        "callbacks": None,
        "recursion_limit": 25,
        "configurable": {},
        "run_name": "n",
    }
    with pytest.raises(ConfigError, match="unknown config key 'tag'"):
        ensure_config({"tag": []})  # type: ignore[typeddict-unknown-key]


def test_it_has_what_holds_around_it(run, step) -> None:
    seen: list[Any] = []

    def look(value: Any) -> None:
        seen.append(ensure_config({"tags": ["inner"]}))

    run.invoke(step(look), 1, {"tags": ["outer"], "configurable": {"k": 1}})
    assert seen[0]["tags"] == ["outer", "inner"]
    assert seen[0]["configurable"] == {"k": 1}


def test_one_config_for_each_call() -> None:
    assert [c["tags"] for c in get_config_list({"tags": ["t"]}, 2)] == [["t"], ["t"]]
    assert [c["tags"] for c in get_config_list([{"tags": ["a"]}, {}], 2)] == [["a"], []]
    assert len(get_config_list(None, 3)) == 3
    first, second = get_config_list({"run_id": ID}, 2)
    assert (first["run_id"], second["run_id"]) == (ID, None)
    with pytest.raises(ConfigError, match="2 configs are needed; got 1"):
        get_config_list([{}], 2)


def test_configs_are_merged() -> None:
    assert merge_configs(
        {"tags": ["b"], "metadata": {"x": 1, "y": 1}, "run_name": "one"},
        None,
        {"tags": ["a"], "metadata": {"y": 2}, "run_name": "two"},
    ) == {"tags": ["a", "b"], "metadata": {"x": 1, "y": 2}, "run_name": "two"}


def test_a_config_is_patched() -> None:
    patched = patch_config({"configurable": {"a": 1}}, configurable={"b": 2}, max_concurrency=3)
    assert patched["configurable"] == {"a": 1, "b": 2}
    assert patched["max_concurrency"] == 3
    assert "run_name" not in patch_config({"run_name": "n"}, callbacks=[])
    with pytest.raises(ConfigError, match="unknown config key 'max_concurency'"):
        patch_config(None, max_concurency=3)


def test_a_patched_config_is_one_to_call_with(run, step) -> None:
    def look(value: Any, config: Any) -> Any:
        return config["tags"]

    assert run.invoke(RunnableLambda(look), 1, patch_config({"tags": ["t"]})) == ["t"]
