"""`RunnableBinding`: a step with options and config of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ._execute import aexecute, aopen_stream, execute, open_stream
from .base import Input, Output, Runnable
from .config import RunnableConfig, checked, merged
from .parallel import coerce_to_runnable

if TYPE_CHECKING:
    from ._run import Run

__all__ = ["RunnableBinding"]


class RunnableBinding(Runnable[Input, Output]):
    """A step, with options that every call of it gets and a config that holds for it.

    Has no run of its own. What a caller says wins over what is bound. Attributes that it does not
    have are those of the step.
    """

    __slots__ = ("bound", "config", "kwargs", "name")
    _has_run = False
    _calls_out = False

    def __init__(
        self,
        *,
        bound: Runnable[Input, Output],
        kwargs: Mapping[str, Any] | None = None,
        config: RunnableConfig | None = None,
    ) -> None:
        self.name: str | None = None
        self.bound: Runnable[Input, Output] = coerce_to_runnable(bound)
        self.kwargs: dict[str, Any] = dict(kwargs or {})
        self.config: RunnableConfig = checked(config)
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
        return self.bound.get_name(suffix, name=name or self.config.get("run_name"))

    def _steps_inside(self) -> Iterable[Runnable[Any, Any]]:
        return (self.bound,)

    def bind(self, **kwargs: Any) -> RunnableBinding[Input, Output]:
        return RunnableBinding(
            bound=self.bound, kwargs={**self.kwargs, **kwargs}, config=self.config
        )

    def with_config(
        self, config: RunnableConfig | None = None, **kwargs: Any
    ) -> RunnableBinding[Input, Output]:
        new = merged(checked(config), checked(kwargs))
        return RunnableBinding(
            bound=self.bound, kwargs=self.kwargs, config=merged(self.config, new)
        )

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
        return open_stream(self.bound, chunks, place, options={**self.kwargs, **options})

    def _atransform(
        self, chunks: AsyncIterator[Any], run: Run, /, **options: Any
    ) -> AsyncGenerator[Output, None]:
        place = run.bound_with(self.config)
        return aopen_stream(self.bound, chunks, place, options={**self.kwargs, **options})
