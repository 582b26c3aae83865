"""`RunnableBinding`: a step with options and config of its own."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
)
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ._execute import aexecute, aopen_bound, execute, open_bound
from .base import Input, Output, Runnable
from .config import RunnableConfig, checked, merged
from .observers import AsyncListeners, Listeners
from .parallel import coerce_to_runnable
from .schema import root_model

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ._run import Run

__all__ = ["RunnableBinding"]


class RunnableBinding(Runnable[Input, Output]):
    """A step, with options that every call of it gets and a config that holds for it.

    Has no run of its own. What a caller says wins over what is bound. Attributes that it does not
    have are those of the step.
    """

    __slots__ = ("bound", "config", "custom_input_type", "custom_output_type", "kwargs", "name")
    _has_run = False
    _calls_out = False

    def __init__(
        self,
        *,
        bound: Runnable[Input, Output],
        kwargs: Mapping[str, Any] | None = None,
        config: RunnableConfig | None = None,
        custom_input_type: Any = None,
        custom_output_type: Any = None,
        name: str | None = None,
    ) -> None:
        self.name: str | None = name
        self.bound: Runnable[Input, Output] = coerce_to_runnable(bound)
        self.kwargs: dict[str, Any] = dict(kwargs or {})
        self.config: RunnableConfig = checked(config)
        self.custom_input_type: Any = custom_input_type
        self.custom_output_type: Any = custom_output_type
        if self.config.get("run_id") is not None:
            raise ConfigError(
                "a run_id names one run, and a bound config holds for many; "
                "give it in the call: chain.invoke(input, {'run_id': ...})"
            )

    def __repr__(self) -> str:
        return (
            f"RunnableBinding(bound={self.bound!r}, kwargs={self.kwargs!r}, config={self.config!r})"
        )

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("_") or attribute == "bound":
            raise AttributeError(attribute)
        return getattr(self.bound, attribute)

    def get_name(self, suffix: str | None = None, *, name: str | None = None) -> str:
        return self.bound.get_name(suffix, name=name or self.name or self.config.get("run_name"))

    def _steps_inside(self) -> Iterable[Runnable[Any, Any]]:
        return (self.bound,)

    def _stands_for(self, config: RunnableConfig | None = None) -> Runnable[Input, Output]:
        return self.bound

    @property
    def InputType(self) -> Any:
        return super().InputType if self.custom_input_type is None else self.custom_input_type

    @property
    def OutputType(self) -> Any:
        return super().OutputType if self.custom_output_type is None else self.custom_output_type

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        if self.custom_input_type is None:
            return super().get_input_schema(merged(self.config, checked(config)))
        return root_model(self.get_name("Input"), self.custom_input_type)

    def get_output_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        if self.custom_output_type is None:
            return super().get_output_schema(merged(self.config, checked(config)))
        return root_model(self.get_name("Output"), self.custom_output_type)

    def with_types(self, *, input_type: Any = None, output_type: Any = None) -> Runnable[Any, Any]:
        return self._like(
            custom_input_type=input_type or self.custom_input_type,
            custom_output_type=output_type or self.custom_output_type,
        )

    def _like(self, **changes: Any) -> RunnableBinding[Any, Any]:
        given: dict[str, Any] = {
            "kwargs": self.kwargs,
            "config": self.config,
            "custom_input_type": self.custom_input_type,
            "custom_output_type": self.custom_output_type,
            "name": self.name,
        }
        return RunnableBinding(bound=self.bound, **{**given, **changes})

    def bind(self, **kwargs: Any) -> RunnableBinding[Input, Output]:
        return self._like(kwargs={**self.kwargs, **kwargs})

    def with_config(
        self, config: RunnableConfig | None = None, **kwargs: Any
    ) -> RunnableBinding[Input, Output]:
        new = merged(checked(config), checked(kwargs))
        return self._like(config=merged(self.config, new))

    def _invoke(self, value: Any, run: Run, /, **options: Any) -> Output:
        place = run.bound_with(self.config)
        return execute(self.bound, value, place, options={**self.kwargs, **options})

    async def _ainvoke(self, value: Any, run: Run, /, **options: Any) -> Output:
        place = run.bound_with(self.config)
        return await aexecute(self.bound, value, place, options={**self.kwargs, **options})

    def _transform(
        self, chunks: Iterator[Any], run: Run, /, **options: Any
    ) -> Generator[Output, None, None]:
        place = run.bound_with(self.config)
        return open_bound(self.bound, chunks, run, place, {**self.kwargs, **options})

    def _atransform(
        self, chunks: AsyncIterator[Any], run: Run, /, **options: Any
    ) -> AsyncGenerator[Output, None]:
        place = run.bound_with(self.config)
        return aopen_bound(self.bound, chunks, run, place, {**self.kwargs, **options})


def listened_to(
    step: Runnable[Input, Output], **listeners: Callable[..., Any] | None
) -> Runnable[Input, Output]:
    """Give the step with listeners; see `Runnable.with_listeners`."""
    return step.with_config(callbacks=[Listeners(**listeners)])


def alistened_to(
    step: Runnable[Input, Output], **listeners: Callable[..., Any] | None
) -> Runnable[Input, Output]:
    """Give the step with async listeners; see `Runnable.with_alisteners`."""
    return step.with_config(callbacks=[AsyncListeners(**listeners)])
