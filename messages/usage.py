"""How many tokens a call used, and how usage adds up."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, NotRequired, cast

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from .shapes import is_object

__all__ = [
    "InputTokenDetails",
    "OutputTokenDetails",
    "UsageMetadata",
    "add_usage",
    "subtract_usage",
]

# Providers count more kinds of tokens than are named here; their own keys add up too.
_OPEN = ConfigDict(extra="allow")


@with_config(_OPEN)
class InputTokenDetails(TypedDict, total=False):
    """Which of the input tokens were of a special kind; they need not add up to the total."""

    audio: int
    cache_creation: int
    cache_read: int


@with_config(_OPEN)
class OutputTokenDetails(TypedDict, total=False):
    """Which of the output tokens were of a special kind; they need not add up to the total."""

    audio: int
    reasoning: int


@with_config(_OPEN)
class UsageMetadata(TypedDict):
    """The tokens of one call, or of several added up."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_token_details: NotRequired[InputTokenDetails]
    output_token_details: NotRequired[OutputTokenDetails]


def add_usage(left: UsageMetadata | None, right: UsageMetadata | None) -> UsageMetadata:
    """Add up two usages, details included; `None` counts as nothing used."""
    if left is None or right is None:
        return left or right or UsageMetadata(input_tokens=0, output_tokens=0, total_tokens=0)
    return cast(UsageMetadata, _combine(left, right, operator.add))


def subtract_usage(left: UsageMetadata | None, right: UsageMetadata | None) -> UsageMetadata:
    """Give what is left of `left` without `right`, details included; never less than 0."""
    zero = UsageMetadata(input_tokens=0, output_tokens=0, total_tokens=0)
    return cast(UsageMetadata, _combine(left or zero, right or zero, _difference))


def _difference(left: int, right: int) -> int:
    return max(left - right, 0)


def _combine(
    left: Mapping[str, Any], right: Mapping[str, Any], combine: Callable[[int, int], int]
) -> dict[str, Any]:
    combined: dict[str, Any] = {}
    for key in (*left, *(key for key in right if key not in left)):
        a, b = left.get(key), right.get(key)
        if is_object(a) or is_object(b):
            combined[key] = _combine(a or {}, b or {}, combine)
        else:
            combined[key] = combine(a or 0, b or 0)
    return combined
