"""The template formats, and the one function that reads templates."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from .._lazy import later
from ..errors import TemplateError, shown
from ._fstring import parse_fstring
from ._parsed import Parsed, Render

if TYPE_CHECKING or not later(globals(), "._jinja2", "._mustache"):
    from . import _jinja2, _mustache

__all__ = [
    "MAX_TEMPLATE_LENGTH",
    "PromptTemplateFormat",
    "check_valid_template",
    "get_template_variables",
    "jinja2_formatter",
    "mustache_formatter",
    "parse_template",
    "read_template",
]

PromptTemplateFormat: TypeAlias = Literal["f-string", "mustache", "jinja2"]
"""How variables are written: `{name}`, `{{name}}` with sections, or `{{ name }}` with loops."""

MAX_TEMPLATE_LENGTH: Final = 1_000_000
"""How many characters a template may have. What is longer is data: pass it as a variable."""


_PARSERS: Final[dict[str, Callable[[str], tuple[tuple[str, ...], Render]]]] = {
    "f-string": parse_fstring,
    "mustache": lambda text: _mustache.parse_mustache(text),
    "jinja2": lambda text: _jinja2.parse_jinja2(text),
}


def parse_template(template: str, template_format: PromptTemplateFormat = "f-string") -> Parsed:
    """Read a template: find its variables, and refuse what a template may not do.

    Raises:
        TemplateError: It is malformed, too long, or asks for more than the values of variables.
        MissingExtraError: Its format is jinja2, which is not installed.
    """
    if not isinstance(template, str):
        raise TemplateError(f"a template is a string; got {shown(template)}")
    if not isinstance(template_format, str) or template_format not in _PARSERS:
        raise TemplateError(
            f"there is no template format {shown(template_format)}; "
            f"write one of {', '.join(map(repr, _PARSERS))}"
        )
    if len(template) > MAX_TEMPLATE_LENGTH:
        raise TemplateError(
            f"a template has at most {MAX_TEMPLATE_LENGTH:,} characters; this one has "
            f"{len(template):,}. Pass long texts as variables."
        )
    variables, render = _PARSERS[template_format](template)
    return Parsed(template, template_format, variables, render)


def read_template(template: str, template_format: PromptTemplateFormat) -> Parsed:
    """Read a template that is a part of something; the last ones are remembered if they are short.

    Raises:
        TemplateError: See `parse_template`.
    """
    if isinstance(template, str) and isinstance(template_format, str) and len(template) < 10_000:
        return _remembered(template, template_format)
    return parse_template(template, template_format)


_remembered = lru_cache(maxsize=256)(parse_template)


def get_template_variables(template: str, template_format: PromptTemplateFormat) -> list[str]:
    """Give the names of the variables of a template, sorted.

    Of mustache these are the names outside of sections, and the sections.

    Raises:
        TemplateError: See `parse_template`.
    """
    return list(parse_template(template, template_format).variables)


def check_valid_template(
    template: str, template_format: PromptTemplateFormat, input_variables: list[str]
) -> None:
    """Check that a template can be read and has these variables.

    Raises:
        TemplateError: It cannot, or has others.
    """
    variables = get_template_variables(template, template_format)
    if set(variables) != set(input_variables):
        raise TemplateError(
            f"the template has the variables {variables}; "
            f"input_variables says {sorted(input_variables)}"
        )


def mustache_formatter(template: str, /, **kwargs: object) -> str:
    """Fill a mustache template in; what is missing has no text.

    Raises:
        TemplateError: See `parse_template`.
    """
    return parse_template(template, "mustache").render(kwargs)


def jinja2_formatter(template: str, /, **kwargs: object) -> str:
    """Fill a jinja2 template in.

    Raises:
        TemplateError: See `parse_template`.
        KeyError: A variable is missing.
    """
    return parse_template(template, "jinja2").render(kwargs)
