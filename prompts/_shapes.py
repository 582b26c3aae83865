"""Telling the shapes of data apart, in a way that type checkers follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

__all__ = ["is_items", "is_mapping", "is_sequence"]


def is_mapping(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Say whether a value has keys; that they are strings is taken on trust."""
    return isinstance(value, dict) or isinstance(value, Mapping)  # noqa: SIM101 - far cheaper


def is_items(value: object) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    """Say whether a value is a list or a tuple."""
    return isinstance(value, list | tuple)


def is_sequence(value: object) -> TypeGuard[Sequence[Any]]:
    """Say whether a value is a sequence of things, which a text is not."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
