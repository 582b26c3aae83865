"""The format "f-string": `{name}`, `{name!r}` and `{name:>9}`, and nothing else of f-strings."""

from __future__ import annotations

import re
from operator import itemgetter
from string import Formatter

from ..errors import TemplateError, shown
from ._parsed import Render

__all__ = ["parse_fstring"]

_BRACES = "Braces that are text are doubled: {{ and }}."
_MAX_DIGITS = 4  # in a format spec: {x:>999999999} would fill a gigabyte


def parse_fstring(text: str) -> tuple[tuple[str, ...], Render]:
    """Give the variables of a template, and what fills it in.

    Raises:
        TemplateError: It is malformed, or a field is more than the name of a variable.
    """
    names: list[str] = []
    pattern: list[str] = []
    try:
        pieces = list(Formatter().parse(text))
    except ValueError as exc:
        raise TemplateError(f"{shown(text)} is no template: {exc}. {_BRACES}") from None
    for literal, name, spec, conversion in pieces:
        pattern.append(literal.replace("{", "{{").replace("}", "}}"))
        if name is not None:
            names.append(_checked(name, spec or "", conversion, text))
            pattern.append(
                "{" + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "") + "}"
            )
    # The fields of the pattern have no names, so there is nothing in it that could be looked up.
    return tuple(sorted(set(names))), _renderer("".join(pattern), names)


def _checked(name: str, spec: str, conversion: str | None, text: str) -> str:
    field = shown(
        "{" + name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "") + "}"
    )
    if not name or name.isdigit():
        raise TemplateError(f"the field {field} in {shown(text)} has no name. {_BRACES}")
    if any(sign in name for sign in ".[]"):
        raise TemplateError(
            f"the field {field} in {shown(text)} reads an attribute or an item of a variable, "
            "which templates do not do. Pass what is wanted as a variable of its own."
        )
    if "{" in spec or "}" in spec:
        raise TemplateError(
            f"the field {field} in {shown(text)} has a field in its format spec. "
            "Write the spec out."
        )
    if conversion is not None and conversion not in ("r", "s", "a"):
        raise TemplateError(
            f"the field {field} in {shown(text)} has a conversion that is not !r, !s or !a"
        )
    if any(len(digits) > _MAX_DIGITS for digits in re.findall(r"\d+", spec)):
        raise TemplateError(
            f"the field {field} in {shown(text)} asks for a width or precision over "
            f"{'9' * _MAX_DIGITS}"
        )
    return name


def _renderer(pattern: str, names: list[str]) -> Render:
    fill = pattern.format
    if not names:
        text = fill()
        return lambda values: text
    if len(names) == 1:
        name = names[0]
        return lambda values: fill(values[name])
    get = itemgetter(*names)
    return lambda values: fill(*get(values))
