"""The format "f-string": `{name}`, `{name!r}` and `{name:>9}`, and nothing else of f-strings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from operator import itemgetter
from string import Formatter
from typing import Any

from ..errors import TemplateError, shown
from ._parsed import Render

__all__ = ["parse_fstring"]

_BRACES = "Braces that are text are doubled: {{ and }}."
_FEW = 100  # fields, up to which a long value that is in all of them does no harm
MAX_LENGTH = 10_000_000
"""How many characters a template of more fields may be filled in with."""

_WIDE = re.compile(r"\d{4}")  # {x:>999999999} would fill a gigabyte


def parse_fstring(text: str) -> tuple[tuple[str, ...], Render]:
    """Give the variables of a template, and what fills it in.

    Raises:
        TemplateError: It is malformed, or a field is more than the name of a variable.
    """
    names: list[str] = []
    pattern: list[str] = []
    literals: list[str] = []
    ends: list[int] = []  # how many literals there are up to a field that is nothing but a name
    try:
        pieces = list(Formatter().parse(text))
    except ValueError as exc:
        raise TemplateError(f"{shown(text)} is no template: {exc}. {_BRACES}") from None
    for literal, name, spec, conversion in pieces:
        literals.append(literal)
        pattern.append(literal.replace("{", "{{").replace("}", "}}"))
        if name is not None:
            how = (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
            if wrong := _wrong_with(name, spec or "", conversion):
                raise TemplateError(f"{shown(f'{{{name}{how}}}')} in {shown(text)} {wrong}")
            names.append(name)
            pattern.append(f"{{{how}}}")
            if not how:
                ends.append(len(literals))
    variables = tuple(sorted(set(names)))
    if len(names) == len(ends) == 1:
        before, after = "".join(literals[: ends[0]]), "".join(literals[ends[0] :])
        return variables, _render_one(before, names[0], after)
    # The fields of the pattern have no names, so there is nothing in it that could be looked up.
    if len(names) > _FEW:
        return variables, _render_many(pattern, names, text)
    return variables, _renderer("".join(pattern), names)


def _wrong_with(name: str, spec: str, conversion: str | None) -> str | None:
    """Say what is wrong with a field, if something is."""
    if not name or name.isdigit():
        return f"has no name. {_BRACES}"
    if any(sign in name for sign in ".[]"):
        return (
            "reads an attribute or an item of a variable, which templates do not do. "
            "Pass what is wanted as a variable of its own."
        )
    if "'" in name or '"' in name:
        return f"has quotes in its name. {_BRACES}"
    if "{" in spec or "}" in spec:
        return "has a field in its format spec. Write the spec out."
    if _WIDE.search(spec):
        return "asks for a width or precision over 999"
    if conversion is not None and conversion not in ("r", "s", "a"):
        return "has a conversion that is not !r, !s or !a"
    return None


def _render_one(before: str, name: str, after: str) -> Render:
    # As most templates are: two times as fast as str.format, and the same.
    return lambda values: f"{before}{values[name]}{after}"


def _render_many(pattern: list[str], names: list[str], text: str) -> Render:
    # The pattern has a literal, and after it its field, if it has one: names are in that order.
    fields = [piece.startswith("{") and not piece.startswith("{{") for piece in pattern]

    def render(values: Mapping[str, Any]) -> str:
        pieces: list[str] = []
        room = MAX_LENGTH
        left = iter(names)
        for piece, is_field in zip(pattern, fields, strict=True):
            pieces.append(piece.format(values[next(left)]) if is_field else piece.format())
            room -= len(pieces[-1])
            if room < 0:
                raise TemplateError(f"{shown(text)} gives over {MAX_LENGTH:,} characters")
        return "".join(pieces)

    return render


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
