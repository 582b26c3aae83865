"""`DynamicRunnable`: a step that is made when it is called."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
)
from functools import wraps
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeGuard

from ..errors import ConfigError
from ._execute import aexecute, aopen_bound, execute, open_bound
from .base import Input, Output, Runnable
from .config import RunnableConfig, checked, merged
from .parallel import coerce_to_runnable

if TYPE_CHECKING:
    from ._run import Run
    from .config_fields import ConfigurableFieldSpec

__all__ = ["Configurable", "DynamicRunnable"]

Configurable: TypeAlias = Mapping[str, Any]
"""What stands under "configurable" in a config."""


class DynamicRunnable(Runnable[Input, Output], abstract=True):
    """A step that is made when it is called, by what is configured; has no run of its own.

    Attributes that it does not have are those of the step that its config makes. A method takes
    the config of one call too, as any of its arguments; where it returns a step, such as
    `bind_tools`, that is configured by its own calls in turn.

    An author writes `_choose(values)`.

    Attributes:
        default: The step that it is if nothing is configured.
        config: A config that holds for it; what a caller says wins.
    """

    __slots__ = ("config", "default", "name")
    _has_run = False
    _calls_out = False

    def __init__(
        self, *, default: Runnable[Input, Output], config: RunnableConfig | None = None
    ) -> None:
        self.name: str | None = None
        self.default: Runnable[Input, Output] = coerce_to_runnable(default)
        self.config: RunnableConfig = checked(config)
        if self.config.get("run_id") is not None:
            raise ConfigError("a run_id names one run; give it in the call, not in a bound config")

    @abstractmethod
    def _choose(self, values: Configurable) -> tuple[Runnable[Input, Output], Configurable]:
        """Give the step for what is configured, and what the step itself sees of that."""

    @abstractmethod
    def _with(self, config: RunnableConfig) -> Self:
        """Give this step with another config bound to it."""

    def prepare(
        self, config: RunnableConfig | None = None
    ) -> tuple[Runnable[Input, Output], RunnableConfig]:
        """Give the step that a call with `config` runs, and the config that it runs with."""
        whole = merged(self.config, checked(config))
        step, values = self._choose(whole.get("configurable") or {})
        if values or "configurable" in whole:
            whole["configurable"] = dict(values)
        return step.prepare(whole) if isinstance(step, DynamicRunnable) else (step, whole)

    def with_config(self, config: RunnableConfig | None = None, **kwargs: Any) -> Self:
        return self._with(merged(self.config, merged(checked(config), checked(kwargs))))

    def _steps_inside(self) -> Iterable[Runnable[Any, Any]]:
        return (self.default,)

    def _stands_for(self, config: RunnableConfig | None = None) -> Runnable[Input, Output]:
        return self.prepare(config)[0]

    def get_name(self, suffix: str | None = None, *, name: str | None = None) -> str:
        return self.default.get_name(suffix, name=name or self.config.get("run_name"))

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("_") or attribute in ("config", "default"):
            raise AttributeError(attribute)
        step, _ = self.prepare()
        own = getattr(step, attribute)
        return _configured_method(self, attribute, own) if callable(own) else own

    def _prepared(self, run: Run) -> tuple[Runnable[Input, Output], Run]:
        place = run.bound_with(self.config)
        values = place.settings.configurable
        step, seen = self._choose(values)
        if seen is not values:
            place = place.with_settings(place.settings.with_configurable(dict(seen)))
        return step, place

    def _invoke(self, value: Any, run: Run, /, **options: Any) -> Output:
        step, place = self._prepared(run)
        return execute(step, value, place, options=options)

    async def _ainvoke(self, value: Any, run: Run, /, **options: Any) -> Output:
        step, place = self._prepared(run)
        return await aexecute(step, value, place, options=options)

    def _transform(
        self, chunks: Iterator[Any], run: Run, /, **options: Any
    ) -> Generator[Output, None, None]:
        step, place = self._prepared(run)
        return open_bound(step, chunks, run, place, options)

    def _atransform(
        self, chunks: AsyncIterator[Any], run: Run, /, **options: Any
    ) -> AsyncGenerator[Output, None]:
        step, place = self._prepared(run)
        return aopen_bound(step, chunks, run, place, options)


class _ConfiguredResult(DynamicRunnable[Any, Any]):
    """The step that a method of a dynamic step returns: of the one that a call makes."""

    __slots__ = ("_arguments", "_method", "_source")

    def __init__(
        self,
        source: DynamicRunnable[Any, Any],
        method: str,
        arguments: tuple[tuple[Any, ...], dict[str, Any]],
        *,
        default: Runnable[Any, Any],
        config: RunnableConfig,
    ) -> None:
        super().__init__(default=default, config=config)
        self._source = source
        self._method = method
        self._arguments = arguments

    @property
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        return self._source.config_specs

    def _with(self, config: RunnableConfig) -> _ConfiguredResult:
        return _ConfiguredResult(
            self._source, self._method, self._arguments, default=self.default, config=config
        )

    def _choose(self, values: Configurable) -> tuple[Runnable[Any, Any], Configurable]:
        step, config = self._source.prepare({"configurable": dict(values)})
        args, kwargs = self._arguments
        return getattr(step, self._method)(*args, **kwargs), config.get("configurable") or {}


def _is_config(value: Any) -> TypeGuard[RunnableConfig]:
    return isinstance(value, Mapping) and isinstance(
        value.get("configurable"),  # pyright: ignore[reportUnknownMemberType]
        Mapping,
    )


def _configured_method(
    source: DynamicRunnable[Any, Any], name: str, own: Callable[..., Any]
) -> Callable[..., Any]:
    """The method of the step that the config of a call makes, if an argument is one."""

    def prepared(arguments: Mapping[Any, Any]) -> tuple[Any, dict[Any, Any]]:
        given: dict[Any, Any] = dict(arguments)
        for key, value in given.items():
            if _is_config(value):
                step, given[key] = source.prepare(value)
                return step, given
        return source.prepare()[0], given

    @wraps(own)
    def method(*args: Any, **kwargs: Any) -> Any:
        step, given = prepared({**dict(enumerate(args)), **kwargs})
        positional = tuple(given[i] for i in range(len(args)))
        named = {key: given[key] for key in kwargs}
        result: Any = getattr(step, name)(*positional, **named)
        if not isinstance(result, Runnable):
            return result
        return _ConfiguredResult(
            source,
            name,
            (positional, named),
            default=result,  # pyright: ignore[reportUnknownArgumentType]  # of any types
            config=source.config,
        )

    return method
