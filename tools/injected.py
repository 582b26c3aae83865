"""Arguments that the model does not see: who calls the tool gives them, or the run does."""

from __future__ import annotations

from collections.abc import Iterable
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from ..runnables import Run, RunnableConfig

__all__ = ["FILTERED_ARGS", "InjectedToolArg", "InjectedToolCallId", "Source", "source_of"]

FILTERED_ARGS: Final = ("run_manager", "callbacks")
"""Parameters that are never arguments: LCEL's functions take these from the run."""

Source = Literal["model", "caller", "call_id", "config", "run"]
"""Where an argument comes from: from the model, or from the one who calls the tool, the tool call,
or the run."""


class InjectedToolArg:
    """Hides an argument from the model: `user: Annotated[str, InjectedToolArg]`.

    The code that calls the tool puts it among the arguments of the call.
    """


class InjectedToolCallId(InjectedToolArg):
    """Fills an argument with the id of the tool call: `id: Annotated[str, InjectedToolCallId]`.

    Such a tool must be invoked with a whole tool call, `{"type": "tool_call", "id": ..., ...}`.
    """


def source_of(annotation: Any, metadata: Iterable[Any] = ()) -> Source:
    """Say where the argument with this annotation comes from.

    Args:
        annotation: The annotation, or what is left of it without its metadata.
        metadata: The metadata, if they are not part of it.
    """
    marks = list(metadata)
    if get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        marks += more
    if any(_is(mark, InjectedToolCallId) for mark in marks):
        return "call_id"
    if _is(annotation, InjectedToolArg) or any(_is(mark, InjectedToolArg) for mark in marks):
        return "caller"
    if _may_be(annotation, Run):
        return "run"
    if _may_be(annotation, RunnableConfig):
        return "config"
    return "model"


def _is(mark: Any, wanted: type) -> bool:
    return isinstance(mark, wanted) or (isinstance(mark, type) and issubclass(mark, wanted))


def _may_be(annotation: Any, wanted: type) -> bool:
    """Whether the annotation is this class, or it and None."""
    if get_origin(annotation) in (Union, UnionType):
        return any(_may_be(arm, wanted) for arm in get_args(annotation))
    return annotation is wanted
