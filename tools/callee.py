"""The function behind a tool: how it is called, and what is passed to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic.fields import FieldInfo

from ..runnables import Run
from ..runnables.function import kind_of
from .injected import FILTERED_ARGS
from .schema import Parameter, parameters_of

__all__ = ["Callee"]


class Callee:
    """A function, and what was found out about it, once.

    Attributes:
        function: The function.
        kind: Whether it is plain, async, a generator or an async generator.
        parameters: What it takes.
        injected: The names of arguments that the caller or the tool call gives.
        call_id: The names of arguments that are the id of the tool call.
    """

    __slots__ = ("call_id", "function", "injected", "kind", "parameters")

    def __init__(self, function: Callable[..., Any], *, described: bool) -> None:
        self.function: Callable[..., Any] = function
        self.kind = kind_of(function)
        self.parameters: list[Parameter] = parameters_of(function, described=described)
        self.call_id: list[str] = [p.name for p in self.parameters if p.source == "call_id"]
        self.injected: list[str] = [
            p.name for p in self.parameters if p.source in ("call_id", "caller")
        ]

    def takes(self, name: str) -> bool:
        return any(name == p.name or p.kind == "named rest" for p in self.parameters)

    @property
    def streams(self) -> bool:
        return self.kind in ("generator", "async generator")

    def opened(self, values: Mapping[str, Any], run: Run) -> Any:
        """Call the function: give its result, a coroutine or a generator."""
        positional, named = self._passed(values, run)
        return self.function(*positional, **named)

    def _passed(self, values: Mapping[str, Any], run: Run) -> tuple[list[Any], dict[str, Any]]:
        """Give what is passed by place and by name."""
        left = dict(values)
        rest = next((p.name for p in self.parameters if p.kind == "rest"), "")
        # What stands before `*args` must be passed by place for these to follow.
        by_place = bool(left.get(rest))
        positional: list[Any] = []
        named: dict[str, Any] = {}
        for p in self.parameters:
            if p.kind == "rest":
                positional += left.pop(p.name, ())
                by_place = False
            elif p.kind == "named rest":
                named |= left.pop(p.name, {}) | left
            elif (value := _value(p, left, run, needed=by_place)) is _NOTHING:
                continue
            elif p.kind == "positional" or by_place:
                positional.append(value)
            else:
                named[p.name] = value
        return positional, named


_NOTHING: Any = object()


def _value(parameter: Parameter, left: dict[str, Any], run: Run, *, needed: bool) -> Any:
    """Give what a parameter gets; nothing where the function has a default of its own."""
    name, default = parameter.name, parameter.default
    if parameter.source == "run":
        return run
    if parameter.source == "config":
        return run.config
    if name in left:
        return left.pop(name)
    if isinstance(default, FieldInfo) or (default is not ... and needed):
        return _default(parameter)
    if parameter.kind == "positional" and default is not ...:
        return default
    return None if name in FILTERED_ARGS and default is ... else _NOTHING


def _default(parameter: Parameter) -> Any:
    default = parameter.default
    if isinstance(default, FieldInfo):
        return default.get_default(call_default_factory=True, validated_data={})
    return default
