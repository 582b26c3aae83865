"""`Parsed`: a template that has been read, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

__all__ = ["Parsed", "Render"]

Render: TypeAlias = Callable[[Mapping[str, Any]], str]
"""Fills a template in; raises KeyError if a variable is missing."""


class Parsed(NamedTuple):
    """A template that has been read.

    Attributes:
        source: The text of the template, and
        format: its format.
        variables: The names that it needs, sorted.
        render: Fills it in.
    """

    source: str
    format: str
    variables: tuple[str, ...]
    render: Render
