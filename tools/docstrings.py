"""What a docstring says about a function and its parameters, in three common styles."""

from __future__ import annotations

import importlib.util
import re
from typing import NamedTuple

from ..errors import ConfigError, MissingExtraError

__all__ = ["Docstring", "can_read_docstrings", "read_docstring"]


class Docstring(NamedTuple):
    """What a docstring says.

    Attributes:
        description: What the function does: the text before the first section.
        parameters: What it says of each parameter.
    """

    description: str
    parameters: dict[str, str]


def can_read_docstrings() -> bool:
    """Say whether the package that reads docstrings is installed."""
    return importlib.util.find_spec("docstring_parser") is not None


def read_docstring(text: str | None) -> Docstring:
    """Read a docstring in Google's, numpy's or Sphinx's style (extra `docstrings`).

    Args:
        text: The docstring without its indentation, as `inspect.getdoc` gives it.

    Raises:
        ConfigError: The docstring does not parse.
        MissingExtraError: The extra is not installed.
    """
    if not text or not text.strip():
        return Docstring("", {})
    try:
        import docstring_parser
    except ImportError:
        raise MissingExtraError("parse_docstring=True", "docstring-parser", "docstrings") from None
    # A section at the very beginning is taken for the summary unless something stands before it.
    try:
        parsed = docstring_parser.parse(f"{_SUMMARY}\n\n{text}" if _SECTION.match(text) else text)
    except docstring_parser.ParseError as exc:
        raise ConfigError(f"the docstring does not parse: {exc}") from None
    parameters: dict[str, str] = {}
    for parameter in parsed.params:
        # numpy's style describes several at once: "x, y : float".
        for name in parameter.arg_name.split(","):
            parameters[name.strip().lstrip("*")] = _flowing(parameter.description or "")
    description = (parsed.description or "").removeprefix(_SUMMARY).strip()
    return Docstring(description, parameters)


_SUMMARY = "(none)"
_SECTION = re.compile(r"\w+:?\s*\n(\s+\w|-{3,})")


def _flowing(text: str) -> str:
    """Join the lines of each paragraph: they were broken for the width of the source."""
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text)).strip()
