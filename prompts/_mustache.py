"""The format "mustache": variables, sections and inverted sections over plain data.

Nothing is escaped: a prompt is not HTML. A name is looked up among the variables and, inside a
section, among the keys of the dict that the section opened; nothing else is ever read, and nothing
is called.

Source: mustache(5), https://mustache.github.io/mustache.5.html (2024).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from ..errors import TemplateError, shown
from ..messages.shapes import is_object
from ._parsed import Render
from ._shapes import is_items

__all__ = ["parse_mustache", "sections_of"]

MAX_DEPTH: Final = 16
"""How many sections may be inside each other."""

MAX_LENGTH: Final = 10_000_000
"""How many characters the values in sections may come to."""

MAX_PIECES: Final = 1_000_000
"""How many pieces a template may be filled in with: sections in sections multiply."""

_SIGNS = frozenset("#^/!=>{&")
_STANDALONE = frozenset("#^/!=")  # a line with nothing but such a tag gives no line
_END_OF_LINE = re.compile(r"[ \t]*(?:\r?\n|\Z)")


@dataclass(slots=True)
class _Variable:
    name: str


@dataclass(slots=True)
class _Section:
    name: str
    inverted: bool
    nodes: list[_Node]


_Node: TypeAlias = str | _Variable | _Section


def parse_mustache(text: str) -> tuple[tuple[str, ...], Render]:
    """Give the variables of a template, and what fills it in.

    The variables are the names outside of sections and those of the sections themselves.

    Raises:
        TemplateError: It is malformed, or asks for more than the values of variables.
    """
    nodes = _tree(text)
    names = {node.name for node in nodes if not isinstance(node, str)}
    return tuple(sorted(names)), lambda values: _Filling(nodes, values).text()


def sections_of(text: str) -> set[str]:
    """Give the variables of a template that stand for whole sections, and nowhere else."""
    nodes = _tree(text)
    variables = {node.name for node in nodes if isinstance(node, _Variable)}
    return {node.name for node in nodes if isinstance(node, _Section)} - variables


def _tree(text: str) -> list[_Node]:
    root = _Section("", False, [])
    opened = [root]
    for kind, name in _tokens(text):
        if kind == "text":
            opened[-1].nodes.append(name)
        elif kind == "/":
            if name != opened[-1].name or len(opened) == 1:
                raise TemplateError(
                    f"{{{{/{name}}}}} in {shown(text)} closes a section that is not open there"
                )
            opened.pop()
        elif kind in ("#", "^"):
            section = _Section(name, kind == "^", [])
            opened[-1].nodes.append(section)
            opened.append(section)
            if len(opened) > MAX_DEPTH + 1:
                raise TemplateError(f"over {MAX_DEPTH} sections are inside each other")
        else:
            if name == "." and all(section.inverted for section in opened[1:]):
                raise TemplateError(f"{{{{.}}}} in {shown(text)} is not inside a section")
            opened[-1].nodes.append(_Variable(name))
    if len(opened) > 1:
        raise TemplateError(f"the section {shown(opened[-1].name)} in {shown(text)} is not closed")
    return root.nodes


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Give texts as ("text", text), and tags as their sign, empty for a variable, and name."""
    opening, closing = "{{", "}}"
    position = 0
    while (start := text.find(opening, position)) >= 0:
        literal = text[position:start]
        content = start + len(opening)
        sign = text[content : content + 1]
        end_mark = {"{": "}" + closing, "=": "=" + closing}.get(sign, closing)
        end = text.find(end_mark, content + (end_mark != closing))
        if end < 0:
            raise TemplateError(f"the tag {shown(text[start : start + 40])} is not closed")
        sign = sign if sign in _SIGNS else ""
        name = text[content + len(sign) : end].strip()
        end += len(end_mark)
        if sign in _STANDALONE and (line := _own_line(text, literal, start, end)):
            literal, end = line
        if literal:
            yield "text", literal
        if sign == "=":
            opening, closing = _delimiters(name)
        elif sign != "!":
            _check_name(sign, name, text)
            yield sign if sign in "#^/" else "", name
        position = end
    if position < len(text):
        yield "text", text[position:]


def _own_line(text: str, literal: str, start: int, end: int) -> tuple[str, int] | None:
    """For a tag that is alone on its line: the text before the line, and where the next begins."""
    before = literal.rstrip(" \t")
    if before:
        alone = before[-1] == "\n"
    else:  # only blanks since the tag before, which may be on the same line
        begin = start - len(literal)
        alone = begin == 0 or text[begin - 1] == "\n"
    rest = _END_OF_LINE.match(text, end)
    return (before, rest.end()) if alone and rest else None


def _delimiters(content: str) -> tuple[str, str]:
    match content.split():
        case [opening, closing] if "=" not in content:
            return opening, closing
        case _:
            raise TemplateError(
                f"{shown(content)} is no pair of delimiters. Write {{{{=<% %>=}}}}, for example."
            )


def _check_name(sign: str, name: str, text: str) -> None:
    if sign == ">":
        raise TemplateError(
            f"{{{{>{name}}}}} in {shown(text)} includes another template, and there are none. "
            "Add the two with +, or pass the text as a variable."
        )
    if not name:
        raise TemplateError(f"a tag in {shown(text)} has no name")
    if name != "." and any(mark in name for mark in ".[]()"):
        first, _, last = name.partition(".")
        hint = (
            f" Write {{{{#{first}}}}}{{{{{last}}}}}{{{{/{first}}}}} if {first} is a dict."
            if first.isidentifier() and last.isidentifier()
            else ""
        )
        raise TemplateError(
            f"{{{{{name}}}}} in {shown(text)} reads an attribute or an item of a variable, which "
            f"templates do not do.{hint}"
        )


_MISSING: Final = object()
_get: Final = dict[str, Any].get


class _Filling:
    """One filling in of a template."""

    def __init__(self, nodes: list[_Node], values: Mapping[str, Any]) -> None:
        self._nodes = nodes
        self._values = values
        self._scopes: list[Any] = []  # what the open sections are about, innermost last
        self._pieces: list[str] = []
        self._count = 0
        self._length = 0  # of the values in sections

    def text(self) -> str:
        self._fill(self._nodes)
        return "".join(self._pieces)

    def _fill(self, nodes: list[_Node]) -> None:
        self._count += len(nodes) + 1
        if self._count > MAX_PIECES:
            raise TemplateError(
                f"the template is filled in with over {MAX_PIECES:,} pieces; it has sections in "
                "sections over long lists"
            )
        for node in nodes:
            if isinstance(node, str):
                self._pieces.append(node)
            elif isinstance(node, _Variable):
                self._pieces.append(text := _text_of(self._find(node.name)))
                if self._scopes:
                    self._spend(len(text))
            else:
                self._fill_section(node)

    def _spend(self, length: int) -> None:
        self._length += length
        if self._length > MAX_LENGTH:
            raise TemplateError(f"the sections of the template give over {MAX_LENGTH:,} characters")

    def _fill_section(self, section: _Section) -> None:
        value = self._find(section.name)
        if section.inverted or not value:
            if section.inverted and not value:
                self._fill(section.nodes)
            return
        for scope in value if is_items(value) else (value,):
            self._scopes.append(scope)
            self._fill(section.nodes)
            self._scopes.pop()

    def _find(self, name: str) -> Any:
        """Give the value of a name, None if it has none."""
        if name == ".":
            return self._scopes[-1] if self._scopes else None
        for scope in reversed(self._scopes):
            if is_object(scope):
                # Not scope.get(): a subclass of dict is not to run its own code here.
                value = _get(scope, name, _MISSING)
                if value is not _MISSING:
                    return value
        return self._values.get(name)


def _text_of(value: Any) -> str:
    """Give the text of a value; none and empty containers have none, 0 has."""
    empty = value is None or ((is_items(value) or is_object(value)) and not value)
    return "" if empty else str(value)
