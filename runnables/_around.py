"""What the steps that change how another one runs have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .base import Input, Output, Runnable
from .parallel import coerce_to_runnable

if TYPE_CHECKING:
    from .config import RunnableConfig

__all__ = ["Around"]


class Around(Runnable[Input, Output], abstract=True):
    """A step around another one, whose name, input and output are its own."""

    __slots__ = ("bound", "name")

    def __init__(self, bound: Runnable[Input, Output]) -> None:
        self.name: str | None = None
        self.bound: Runnable[Input, Output] = coerce_to_runnable(bound)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(bound={self.bound!r})"

    def get_name(self, suffix: str | None = None, *, name: str | None = None) -> str:
        return self.bound.get_name(suffix, name=name or self.name)

    def _steps_inside(self) -> Iterable[Runnable[Any, Any]]:
        return (self.bound,)

    def _stands_for(self, config: RunnableConfig | None = None) -> Runnable[Input, Output]:
        return self.bound
