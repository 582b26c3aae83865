"""Telling the shapes of JSON apart, in a way that type checkers follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard

__all__ = ["has_type", "is_array", "is_object", "type_of"]


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Say whether a value is a JSON object."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Say whether a value is a JSON array."""
    return isinstance(value, list)


def has_type(block: object, *words: str) -> TypeGuard[dict[str, Any]]:
    """Say whether a value is a content block of one of these types."""
    return is_object(block) and block.get("type") in words


def type_of(block: Mapping[str, Any], key: str = "type") -> str:
    """Give the type that a content block names; no text if it names none."""
    word = block.get(key)
    return word if isinstance(word, str) else ""
