"""Functions over messages that are steps of a chain too, when they are called without messages.

This floor knows no runnables: like the sugar methods of `Runnable`, a call without messages imports
what it gives at that moment, and whoever never asks for a step never loads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeAlias, overload

from .base import BaseMessage
from .convert import MessageLikeRepresentation
from .prompt_values import PromptValue

if TYPE_CHECKING:
    from ..runnables import Runnable

__all__ = ["MessageFunction", "Messages", "also_a_step"]

Messages: TypeAlias = Iterable[MessageLikeRepresentation] | PromptValue
Options = ParamSpec("Options")


class MessageFunction(Protocol[Options]):
    """A function over messages; without them, the step of a chain that takes them."""

    @overload
    def __call__(
        self, messages: Messages, /, *args: Options.args, **options: Options.kwargs
    ) -> list[BaseMessage]: ...
    @overload
    def __call__(
        self, *args: Options.args, **options: Options.kwargs
    ) -> Runnable[Messages, list[BaseMessage]]: ...


def also_a_step(
    *foreign: str,
) -> Callable[
    [Callable[Concatenate[Messages, Options], list[BaseMessage]]], MessageFunction[Options]
]:
    """Let a function be called without messages, for a step that has its options.

    The step is computation and runs inline in async use, unless one of the options named `foreign`
    holds code of somebody else, which may block.
    """

    def decorate(
        function: Callable[Concatenate[Messages, Options], list[BaseMessage]],
    ) -> MessageFunction[Options]:
        call: Callable[..., list[BaseMessage]] = function

        @wraps(function)
        def either(*messages: Any, **options: Any) -> Any:
            if messages or "messages" in options:
                return call(*messages, **options)
            call([], **options)  # what is wrong with the options is said now, not in a run
            inline = all(isinstance(options.get(name), str | None) for name in foreign)
            return _step(partial(call, **options), function.__name__, inline=inline)

        return either

    return decorate


def _step(function: Callable[..., Any], name: str, *, inline: bool) -> Runnable[Any, Any]:
    from ..runnables import RunnableLambda

    return RunnableLambda(function, name=name, inline=inline)
