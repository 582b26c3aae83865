"""Shortening a conversation to a number of tokens."""

from __future__ import annotations

import inspect
from bisect import bisect_left
from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias, TypeVar, cast

from ..errors import MessageError, shown
from .base import BaseMessage
from .content import Content
from .convert import convert_to_messages
from .filter import Kinds, classes_of
from .roles import SystemMessage
from .step import Messages, also_a_step
from .tokens import count_tokens_approximately

__all__ = ["CountsTokens", "SplitsText", "trim_messages"]


class CountsTokens(Protocol):
    """A chat model, in so far as it counts tokens."""

    def get_num_tokens_from_messages(self, messages: list[BaseMessage], /) -> int: ...


class SplitsText(Protocol):
    """A text splitter, in so far as it splits."""

    def split_text(self, text: str, /) -> list[str]: ...


Counter: TypeAlias = Callable[[list[BaseMessage]], int]
Splitter: TypeAlias = Callable[[str], list[str]]


@also_a_step("token_counter", "text_splitter")
def trim_messages(
    messages: Messages,
    *,
    max_tokens: int,
    token_counter: (Counter | Callable[[BaseMessage], int] | CountsTokens | Literal["approximate"]),
    strategy: Literal["first", "last"] = "last",
    allow_partial: bool = False,
    end_on: Kinds | None = None,
    start_on: Kinds | None = None,
    include_system: bool = False,
    text_splitter: Splitter | SplitsText | None = None,
) -> list[BaseMessage]:
    """Give the first or the last messages that take no more than `max_tokens`.

    Without messages, give the step that does this: `trim_messages(max_tokens=...) | model`.

    Args:
        messages: Whatever `convert_to_messages` takes.
        max_tokens: The most tokens that the result may take.
        token_counter: Counts the tokens of a list of messages; or of one message, if its parameter
            is annotated as `BaseMessage`; or a chat model; or "approximate", which stands for
            `count_tokens_approximately`.
        strategy: Which messages to keep, the "first" or the "last".
        allow_partial: Keep a part of the message at the edge if the whole does not fit: some of its
            blocks, or some of the pieces of its text.
        end_on: Leave out messages at the end until one is of this kind: "human", HumanMessage, or a
            list of these.
        start_on: Leave out messages at the start until one is of this kind; for strategy "last".
        include_system: Keep the system message, if there is one at the start; for strategy "last".
        text_splitter: Splits the text of a message into pieces that join to the same text; at the
            ends of lines, unless given.

    Raises:
        MessageError: Arguments that do not go together, or something that is not a message.
    """
    if strategy not in ("first", "last"):
        raise MessageError(f"there is no strategy {shown(strategy)}. Write 'first' or 'last'.")
    if strategy == "first" and (start_on or include_system):
        raise MessageError(
            "start_on and include_system are for strategy='last'; the first messages begin where "
            "they do. Leave them out."
        )
    end_classes, start_classes = classes_of(end_on), classes_of(start_on)
    count = _list_counter(token_counter)
    split = _splitter(text_splitter) if allow_partial else None

    def fits(candidates: list[BaseMessage]) -> bool:
        return count(candidates) <= max_tokens

    kept = convert_to_messages(messages)
    if strategy == "first":
        return _end_on(_fitting(kept, fits, split, last=False), end_classes)
    kept = _end_on(kept, end_classes)
    system = [kept.pop(0)] if include_system and kept and isinstance(kept[0], SystemMessage) else []
    tail = _fitting(kept, lambda tail: fits(system + tail), split, last=True)
    return system + _start_on(tail, start_classes)


def _fitting(
    messages: list[BaseMessage],
    fits: Callable[[list[BaseMessage]], bool],
    split: Splitter | None,
    *,
    last: bool,
) -> list[BaseMessage]:
    """Give the first or last messages that fit; and if there is a `split`, a part of the next."""
    n = _most(len(messages), lambda n: fits(_take(messages, n, last)))
    kept = _take(messages, n, last)
    if split is None or n == len(messages):
        return kept
    edge = messages[-n - 1] if last else messages[n]

    def with_part(content: Content) -> list[BaseMessage]:
        part = edge.model_copy(update={"content": content})
        return [part, *kept] if last else [*kept, part]

    content = edge.content
    if isinstance(content, list):
        blocks = content
        n = _most(len(blocks) - 1, lambda n: fits(with_part(_take(blocks, n, last))))
        if n:
            return with_part(_take(blocks, n, last))
    pieces = split(edge.text)
    n = _most(len(pieces), lambda n: fits(with_part("".join(_take(pieces, n, last)))))
    return with_part("".join(_take(pieces, n, last))) if n else kept


Item = TypeVar("Item")


def _take(items: list[Item], n: int, last: bool) -> list[Item]:
    return items[len(items) - n :] if last else items[:n]


def _most(limit: int, fits: Callable[[int], bool]) -> int:
    """Give the largest number up to `limit` that fits, where more takes more; 0 if none does."""
    return bisect_left(range(1, limit + 1), True, key=lambda n: not fits(n))


def _end_on(
    messages: list[BaseMessage], classes: tuple[type[BaseMessage], ...]
) -> list[BaseMessage]:
    end = len(messages)
    while classes and end and not isinstance(messages[end - 1], classes):
        end -= 1
    return messages[:end]


def _start_on(
    messages: list[BaseMessage], classes: tuple[type[BaseMessage], ...]
) -> list[BaseMessage]:
    start = 0
    while classes and start < len(messages) and not isinstance(messages[start], classes):
        start += 1
    return messages[start:]


def _list_counter(
    counter: Counter | Callable[[BaseMessage], int] | CountsTokens | str,
) -> Counter:
    if counter == "approximate":
        return count_tokens_approximately
    count: Counter | None = getattr(counter, "get_num_tokens_from_messages", None)
    if count is not None:
        return count
    if not callable(counter):
        raise MessageError(
            f"token_counter={shown(counter)} does not count tokens. Write "
            "token_counter='approximate', a function of a list of messages, or a chat model."
        )
    if _takes_one_message(counter):
        count_one = cast("Callable[[BaseMessage], int]", counter)
        return lambda messages: sum(map(count_one, messages))
    return cast("Counter", counter)


def _takes_one_message(counter: Callable[..., int]) -> bool:
    try:
        parameters = list(inspect.signature(counter).parameters.values())
    except ValueError:  # built in, and does not say
        return False
    return bool(parameters) and parameters[0].annotation in (BaseMessage, "BaseMessage")


def _splitter(splitter: Splitter | SplitsText | None) -> Splitter:
    if splitter is None:
        return lambda text: text.splitlines(keepends=True)
    return splitter if callable(splitter) else splitter.split_text
