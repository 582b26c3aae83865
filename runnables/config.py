"""The configuration of a call: what the caller may say, and what runs inherit from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict, TypeVar
from uuid import UUID

from ..errors import ConfigError, closest, shown
from ._sink import check_observer

__all__ = [
    "CONFIG_KEYS",
    "DEFAULT_RECURSION_LIMIT",
    "PLAIN",
    "RunnableConfig",
    "Settings",
    "checked",
    "merged",
]

DEFAULT_RECURSION_LIMIT: Final = 25

T = TypeVar("T")


class RunnableConfig(TypedDict, total=False):
    """What a call may be given besides its input; every key is optional.

    Attributes:
        tags: Words that every run of the call carries in its events.
        metadata: Values that every run of the call carries in its events.
        callbacks: Observers of the call: objects with `on_event`, or with methods named like
        events.
        run_name: The name of the outermost run, in place of the step's own.
        run_id: The id of the outermost run, a UUID.
        max_concurrency: How many elements of a batch, or branches, run at once; None: no limit.
        recursion_limit: How often a function may return a runnable that returns a runnable …
        configurable: Values for the configurable fields of the steps.
    """

    tags: list[str]
    metadata: dict[str, Any]
    callbacks: Sequence[object] | None
    run_name: str | None
    run_id: UUID | str | None
    max_concurrency: int | None
    recursion_limit: int
    configurable: dict[str, Any]


CONFIG_KEYS: Final = tuple(RunnableConfig.__annotations__)


class Settings:
    """The part of a config that every run below inherits; never changed, only derived from."""

    __slots__ = ("configurable", "max_concurrency", "metadata", "recursion_limit", "tags")

    def __init__(
        self,
        tags: list[str],
        metadata: dict[str, Any],
        configurable: dict[str, Any],
        max_concurrency: int | None,
        recursion_limit: int,
    ) -> None:
        self.tags: list[str] = tags
        self.metadata: dict[str, Any] = metadata
        self.configurable: dict[str, Any] = configurable
        self.max_concurrency: int | None = max_concurrency
        self.recursion_limit: int = recursion_limit

    def called_with(self, config: RunnableConfig) -> Settings:
        """Derive the settings of a call that was given `config`: what it says wins."""
        return Settings(
            [*self.tags, *(t for t in config.get("tags") or () if t not in self.tags)],
            {**self.metadata, **(config.get("metadata") or {})},
            {**self.configurable, **(config.get("configurable") or {})},
            _first(config.get("max_concurrency"), self.max_concurrency),
            _first(config.get("recursion_limit"), self.recursion_limit),
        )

    def bound_with(self, config: RunnableConfig) -> Settings:
        """Derive the settings of a step bound to `config`: what the caller said wins."""
        tags = config.get("tags")
        limit = self.recursion_limit
        if limit == DEFAULT_RECURSION_LIMIT:
            limit = _first(config.get("recursion_limit"), limit)
        concurrency = _first(self.max_concurrency, config.get("max_concurrency"))
        return Settings(
            sorted({*self.tags, *tags}) if tags else self.tags,
            {**(config.get("metadata") or {}), **self.metadata},
            {**(config.get("configurable") or {}), **self.configurable},
            concurrency,
            limit,
        )

    def with_configurable(self, configurable: dict[str, Any]) -> Settings:
        """Derive settings where other values are configured."""
        return Settings(
            self.tags, self.metadata, configurable, self.max_concurrency, self.recursion_limit
        )

    def deeper(self) -> Settings:
        """Derive the settings of a runnable that a function returned.

        Raises:
            RecursionError: The `recursion_limit` is used up.
        """
        if self.recursion_limit <= 0:
            raise RecursionError(
                "functions returned runnables that returned runnables, more often than the "
                "recursion_limit allows; raise it with config={'recursion_limit': ...}"
            )
        return Settings(
            self.tags,
            self.metadata,
            self.configurable,
            self.max_concurrency,
            self.recursion_limit - 1,
        )

    def as_config(self) -> RunnableConfig:
        """Give the config that a function of the user sees: a copy it may pass on or change."""
        config = RunnableConfig(
            tags=list(self.tags),
            metadata=dict(self.metadata),
            callbacks=None,
            recursion_limit=self.recursion_limit,
            configurable=dict(self.configurable),
        )
        if self.max_concurrency is not None:
            config["max_concurrency"] = self.max_concurrency
        return config


def _first(value: T | None, other: T) -> T:
    return other if value is None else value


PLAIN: Final = Settings([], {}, {}, None, DEFAULT_RECURSION_LIMIT)

_TYPES: Final[dict[str, tuple[tuple[type, ...], str]]] = {
    "tags": ((list, tuple), "a list of strings"),
    "metadata": ((Mapping,), "a dict"),
    "callbacks": ((list, tuple), "a list of observers"),
    "run_name": ((str,), "a string"),
    "run_id": ((str, UUID), "a UUID"),
    "max_concurrency": ((int,), "a whole number"),
    "recursion_limit": ((int,), "a whole number"),
    "configurable": ((Mapping,), "a dict"),
}


def checked(config: Mapping[str, Any] | None) -> RunnableConfig:
    """Give the config back if it is one.

    Raises:
        ConfigError: A key does not exist (the nearest one is suggested), or a value has the
            wrong type.
    """
    if config is None:
        return {}
    if not isinstance(config, Mapping):
        raise ConfigError(
            f"a config is a dict with some of the keys {', '.join(CONFIG_KEYS)}; "
            f"got {shown(config)}"
        )
    for key, value in config.items():
        if key not in _TYPES:
            raise ConfigError(_unknown(key))
        types, wanted = _TYPES[key]
        if value is not None and (not isinstance(value, types) or isinstance(value, bool)):
            raise ConfigError(f"config key {key!r} takes {wanted}; got {shown(value)}")
    _check_values(config)
    # Its keys and types were just checked.
    return config  # type: ignore[return-value]  # pyright: ignore[reportReturnType]


def _unknown(key: object) -> str:
    near = closest(str(key), CONFIG_KEYS)
    hint = f"did you mean {near!r}?" if near else f"the keys are {', '.join(CONFIG_KEYS)}."
    return (
        f"unknown config key {key!r}; {hint} "
        f"Values of your own go under 'configurable' or 'metadata'."
    )


def _check_values(config: Mapping[str, Any]) -> None:
    for tag in config.get("tags") or ():
        if not isinstance(tag, str):
            raise ConfigError(f"config key 'tags' takes a list of strings; got {shown(tag)} in it")
    for key in config.get("metadata") or ():
        if not isinstance(key, str):
            raise ConfigError(
                f"config key 'metadata' takes a dict whose keys are strings; got {shown(key)} "
                f"as a key; write {str(key)!r}"
            )
    limit = config.get("max_concurrency")
    if limit is not None and limit < 1:
        raise ConfigError(f"config key 'max_concurrency' must be at least 1; got {limit}")
    recursion = config.get("recursion_limit")
    if recursion is not None and recursion < 0:
        raise ConfigError(f"config key 'recursion_limit' must not be negative; got {recursion}")
    for observer in config.get("callbacks") or ():
        check_observer(observer)
    run_id = config.get("run_id")
    if isinstance(run_id, str):
        try:
            UUID(run_id)
        except ValueError:
            raise ConfigError(f"config key 'run_id' takes a UUID; got {shown(run_id)}") from None


def merged(base: RunnableConfig, more: RunnableConfig) -> RunnableConfig:
    """Give one config with what both say; tags and callbacks of both, else `more` wins."""
    whole: dict[str, Any] = {**base, **{k: v for k, v in more.items() if v is not None}}
    for key in ("metadata", "configurable"):
        if key in base and key in more:
            whole[key] = {**(base.get(key) or {}), **(more.get(key) or {})}
    if (tags := base.get("tags")) and (more_tags := more.get("tags")):
        whole["tags"] = sorted({*tags, *more_tags})
    if (observers := base.get("callbacks")) and (more_observers := more.get("callbacks")):
        whole["callbacks"] = [*observers, *more_observers]
    return checked(whole)
