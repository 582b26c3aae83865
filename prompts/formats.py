"""The template formats, and the one function that reads templates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from ..errors import TemplateError, shown
from ._fstring import parse_fstring
from ._parsed import Parsed, Render

__all__ = [
    "MAX_TEMPLATE_LENGTH",
    "PromptTemplateFormat",
    "get_template_variables",
    "parse_template",
]

PromptTemplateFormat: TypeAlias = Literal["f-string", "mustache", "jinja2"]

MAX_TEMPLATE_LENGTH: Final = 1_000_000
"""How many characters a template may have. What is longer is data: pass it as a variable."""

_PARSERS: Final[dict[str, Callable[[str], tuple[tuple[str, ...], Render]]]] = {
    "f-string": parse_fstring
}


def parse_template(template: str, template_format: PromptTemplateFormat = "f-string") -> Parsed:
    """Read a template: find its variables, and refuse what a template may not do.

    Raises:
        TemplateError: It is malformed, too long, or asks for more than the values of variables.
        MissingExtraError: Its format is jinja2, which is not installed.
    """
    parse = _PARSERS.get(template_format)
    if parse is None:
        raise TemplateError(
            f"there is no template format {shown(template_format)}; "
            f"write one of {', '.join(map(repr, _PARSERS))}"
        )
    if not isinstance(template, str):
        raise TemplateError(f"a template is a string; got {shown(template)}")
    if len(template) > MAX_TEMPLATE_LENGTH:
        raise TemplateError(
            f"a template has at most {MAX_TEMPLATE_LENGTH:,} characters; this one has "
            f"{len(template):,}. Pass long texts as variables."
        )
    variables, render = parse(template)
    return Parsed(template, template_format, variables, render)


def get_template_variables(template: str, template_format: PromptTemplateFormat) -> list[str]:
    """Give the names of the variables of a template, sorted.

    Raises:
        TemplateError: See `parse_template`.
    """
    return list(parse_template(template, template_format).variables)
