"""`RunnableEach`: a step for every element of a list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from typing_extensions import TypeVar

from ..errors import CompositionError, shown
from ._place import Place
from ._plan import Call, gather
from .base import Input, Runnable
from .parallel import coerce_to_runnable
from .schema import root_model, whole

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ._plan import Plan
    from ._run import Run
    from .config import RunnableConfig

__all__ = ["RunnableEach"]

T = TypeVar("T", default=Any)


class RunnableEach(Runnable[Sequence[Input], list[T]]):
    """Call a step with every element of the input, at the same time; made by `step.map()`.

    `max_concurrency` in the config limits how many run at once. What is bound to it, by `bind` or
    `with_config`, is bound to the step: a `run_name` names the elements.
    """

    __slots__ = ("bound", "name")
    _calls_out = False

    def __init__(self, *, bound: Runnable[Input, T], name: str | None = None) -> None:
        self.bound: Runnable[Input, T] = coerce_to_runnable(bound)
        self.name: str | None = name

    def get_name(self, suffix: str | None = None, *, name: str | None = None) -> str:
        name = name or self.name or f"RunnableEach<{self.bound.get_name()}>"
        return super().get_name(suffix, name=name)

    def __repr__(self) -> str:
        return f"RunnableEach(bound={self.bound!r})"

    def _steps_inside(self) -> Iterable[Runnable[Any, Any]]:
        return (self.bound,)

    @property
    def InputType(self) -> Any:
        return list[whole(self.bound.InputType)]  # type: ignore[misc]

    @property
    def OutputType(self) -> Any:
        return list[whole(self.bound.OutputType)]  # type: ignore[misc]

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        return self._list_of("Input", self.bound.get_input_schema(config))

    def get_output_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        return self._list_of("Output", self.bound.get_output_schema(config))

    def _list_of(self, suffix: str, schema: Any) -> type[BaseModel]:
        return root_model(self.get_name(suffix), list[schema])

    def bind(self, **kwargs: Any) -> RunnableEach[Input, T]:
        return RunnableEach(bound=self.bound.bind(**kwargs), name=self.name)

    def with_config(
        self, config: RunnableConfig | None = None, **kwargs: Any
    ) -> RunnableEach[Input, T]:
        return RunnableEach(bound=self.bound.with_config(config, **kwargs), name=self.name)

    def _plan(self, value: Sequence[Any], run: Run, /, **options: Any) -> Plan[list[T]]:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise CompositionError(f"{self.get_name()} takes a list; got {shown(value)}")
        calls = [
            Call(self.bound, element, Place("", f"element {i}"), options)
            for i, element in enumerate(value)
        ]
        return (yield from gather(calls))
