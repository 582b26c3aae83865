"""Configs for those who pass them on by hand: LCEL's functions over them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import ConfigError, shown
from ._run import run_from
from .config import RunnableConfig, checked, merged

__all__ = ["ensure_config", "get_config_list", "merge_configs", "patch_config"]


def ensure_config(config: RunnableConfig | None = None) -> RunnableConfig:
    """Give the config that a call from here runs with: that of the run around it, and `config`.

    Raises:
        ConfigError: `config` is none.
    """
    whole = run_from(config).config
    return {**whole, **{k: v for k, v in (config or {}).items() if k not in whole}}  # type: ignore[typeddict-item]  # pyright: ignore[reportReturnType]


def get_config_list(
    config: RunnableConfig | Sequence[RunnableConfig] | None, length: int
) -> list[RunnableConfig]:
    """Give one config for each of `length` calls, of one for all or one for each.

    Raises:
        ConfigError: There are more or fewer than `length`, or it is negative.
    """
    if length < 0:
        raise ConfigError(f"a list of configs has a length from 0; got {length}")
    if config is None or isinstance(config, dict):
        whole = ensure_config(config)
        rest: RunnableConfig = {**whole, "run_id": None} if "run_id" in whole else whole
        return [whole if i == 0 else {**rest} for i in range(length)]
    configs = list(config)
    if len(configs) != length:
        raise ConfigError(f"{length} configs are needed; got {len(configs)}: {shown(configs)}")
    return [ensure_config(one) for one in configs]


def merge_configs(*configs: RunnableConfig | None) -> RunnableConfig:
    """Give one config with what all say; of tags and callbacks all, else what is said last."""
    whole: RunnableConfig = {}
    for config in configs:
        whole = merged(whole, checked(config))
    return whole


def patch_config(config: RunnableConfig | None, **changes: Any) -> RunnableConfig:
    """Give a config with other values for some keys; `configurable` is added to.

    A `callbacks` that is given names other observers, and so takes the name and the id of the run
    away.
    """
    patched: dict[str, Any] = {**ensure_config(config)}
    given = {key: value for key, value in changes.items() if value is not None}
    if "callbacks" in given:
        patched.pop("run_name", None)
        patched.pop("run_id", None)
    if "configurable" in given:
        given["configurable"] = {**(patched.get("configurable") or {}), **given["configurable"]}
    return checked({**patched, **given})
