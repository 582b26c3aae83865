"""What a function takes and gives, as its annotations say it; read when somebody asks."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, get_args, get_origin, get_type_hints

from ..errors import shown
from .base import Runnable

__all__ = [
    "given",
    "input_of",
    "item_keys",
    "looking_into",
    "output_of",
    "runnables_in",
    "streamed_input_of",
    "yielded_by",
]


def input_of(function: Callable[..., Any]) -> Any:
    """Give the type of the first parameter; Any if it says none."""
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # some builtins have no signature
        return Any
    return _hints(function).get(names[0], Any) if names else Any


def output_of(function: Callable[..., Any]) -> Any:
    """Give the type of what a function returns; of a runnable, that of what this gives."""
    if isinstance(function, type):
        return function
    kind = _hints(function).get("return", Any)
    origin = get_origin(kind) or kind
    if isinstance(origin, type) and issubclass(origin, Runnable):
        arguments = get_args(kind)
        return arguments[1] if len(arguments) == 2 else Any
    return kind


def yielded_by(function: Callable[..., Any]) -> Any:
    """Give the type of what a generator function yields."""
    arguments = get_args(_hints(function).get("return", Any))
    return arguments[0] if arguments else Any


def streamed_input_of(function: Callable[..., Any]) -> Any:
    """Give the type of the chunks that a generator over a stream is given."""
    arguments = get_args(input_of(function))
    return arguments[0] if arguments else Any


def item_keys(function: Callable[..., Any]) -> tuple[Any, ...]:
    """Give the keys that an `itemgetter` reads; of any other function none."""
    if not isinstance(function, operator.itemgetter):
        return ()
    made_of: Any = function.__reduce__()  # the class, and what it was called with
    keys: tuple[Any, ...] = made_of[1]
    return keys


def runnables_in(function: Callable[..., Any]) -> list[Runnable[Any, Any]]:
    """Give the runnables that a function names: those around it, and those of its module.

    They are found by the names in its bytecode. One that it makes or is given is not among them.
    """
    while isinstance(function, partial):
        function = function.func
    try:
        names = inspect.getclosurevars(function)
    except (TypeError, ValueError):  # a builtin, or a closure that is not filled yet
        return []
    found: dict[int, Runnable[Any, Any]] = {}
    for value in (*names.nonlocals.values(), *names.globals.values()):
        owner = getattr(value, "__self__", value)  # of chain.invoke, the chain
        if isinstance(owner, Runnable):
            found[id(owner)] = owner  # pyright: ignore[reportUnknownArgumentType]  # of any types
    return list(found.values())


_looked_into: ContextVar[frozenset[int]] = ContextVar("levada_looked_into", default=frozenset())


@contextmanager
def looking_into(step: Runnable[Any, Any]) -> Generator[bool, None, None]:
    """Look for what is in a step; False if that is going on already, further out."""
    before = _looked_into.get()
    token = _looked_into.set(before | {id(step)})
    try:
        yield id(step) not in before
    finally:
        _looked_into.reset(token)


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    while isinstance(function, partial):
        function = function.func
    if not inspect.isroutine(function):
        # An object that can be called, or a class.
        kind: Any = function if isinstance(function, type) else type(function)
        function = kind.__init__ if function is kind else kind.__call__
    try:
        return get_type_hints(function, include_extras=True)
    except Exception:  # noqa: BLE001  # a name that only type checkers see, or no type at all
        return {}


def given(thing: Any) -> str:
    """Say what was given in the place of a step or a function, and what to write if one can tell.

    A coroutine is closed, else Python warns, somewhere else, that it was never awaited.
    """
    if thing is None:
        return "got None: does a function that should return a step lack its `return`?"
    if inspect.iscoroutine(thing):
        thing.close()
        return (
            f"got the coroutine of a call: write {thing.__name__} instead of {thing.__name__}(...)"
        )
    if inspect.isgenerator(thing) or inspect.isasyncgen(thing):
        return (
            f"got the generator of a call: write {thing.__name__} instead of {thing.__name__}(...)"
        )
    return f"got {shown(thing)}"
