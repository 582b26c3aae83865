"""Making a step out of what may stand on either side of `|`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ..errors import CompositionError, shown
from .base import Runnable

__all__ = ["RunnableLike", "coerce_to_runnable"]

RunnableLike: TypeAlias = Runnable[Any, Any] | Callable[..., Any] | Mapping[str, Any]
"""A runnable, a function of any colour, or a dict of these."""


def coerce_to_runnable(thing: object) -> Runnable[Any, Any]:
    """Give the step that `thing` stands for.

    A function becomes a `RunnableLambda`, a generator function a `RunnableGenerator` (it is given
    the stream of its input), a dict a `RunnableParallel`.

    Raises:
        CompositionError: It is none of these.
    """
    if isinstance(thing, Runnable):
        return thing
    if isinstance(thing, Mapping):
        from .parallel import RunnableParallel

        return RunnableParallel(thing)
    if inspect.isgeneratorfunction(thing) or inspect.isasyncgenfunction(thing):
        from .generator import RunnableGenerator

        return RunnableGenerator(thing)
    if callable(thing):
        from .function import RunnableLambda

        return RunnableLambda(thing)
    raise CompositionError(_not_a_step(thing))


def _not_a_step(thing: object) -> str:
    wanted = "a step is a runnable, a function, or a dict of these"
    if thing is None:
        return f"{wanted}; got None: does a function that should return a step lack its `return`?"
    if inspect.iscoroutine(thing):
        name = thing.__name__
        thing.close()  # else Python warns, somewhere else, that it was never awaited
        return f"{wanted}; got the coroutine of a call: write {name} instead of {name}(...)"
    if inspect.isgenerator(thing) or inspect.isasyncgen(thing):
        name = thing.__name__
        return f"{wanted}; got the generator of a call: write {name} instead of {name}(...)"
    return f"{wanted}; got {shown(thing)}"
