"""Plain data in which every string is a template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..errors import TemplateError
from ._shapes import is_items, is_mapping
from .formats import PromptTemplateFormat, read_template

__all__ = ["copied", "fill", "variables_of"]

MAX_DEPTH: Final = 32
"""How deep such data may be nested."""


def variables_of(data: object, template_format: PromptTemplateFormat) -> list[str]:
    """Give the variables of all strings, each once, sorted.

    Raises:
        TemplateError: See `parse_template`; or the data is nested too deeply.
    """
    return sorted(set(_variables(data, template_format, MAX_DEPTH)))


def _variables(data: object, template_format: PromptTemplateFormat, room: int) -> Iterator[str]:
    _check_depth(room)
    if isinstance(data, str):
        yield from read_template(data, template_format).variables
    elif is_mapping(data):
        for value in data.values():
            yield from _variables(value, template_format, room - 1)
    elif is_items(data):
        for item in data:
            yield from _variables(item, template_format, room - 1)


def copied(data: Any) -> Any:
    """Give a copy, so that nobody else changes the template; for data that has been read."""
    if is_mapping(data):
        return {key: copied(value) for key, value in data.items()}
    return [copied(item) for item in data] if is_items(data) else data


def fill(
    data: Any,
    template_format: PromptTemplateFormat,
    values: Mapping[str, Any],
    room: int = MAX_DEPTH,
) -> Any:
    """Give a copy in which the strings are filled in; keys stay as they are.

    Raises:
        TemplateError: See `variables_of`.
        KeyError: A variable is missing.
    """
    _check_depth(room)
    if isinstance(data, str):
        return read_template(data, template_format).render(values)
    if is_mapping(data):
        return {k: fill(v, template_format, values, room - 1) for k, v in data.items()}
    if is_items(data):
        return [fill(item, template_format, values, room - 1) for item in data]
    return data


def _check_depth(room: int) -> None:
    if room < 0:
        raise TemplateError(f"a template is nested over {MAX_DEPTH} deep")
