"""The text of which Mermaid makes a picture of a graph.

Source: Mermaid's syntax of flowcharts, https://mermaid.js.org/syntax/flowchart.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from ..errors import ConfigError

if TYPE_CHECKING:
    from .graph import CurveStyle, Edge, Node, NodeStyles

__all__ = ["MARKDOWN_SPECIAL_CHARS", "draw_mermaid"]

MARKDOWN_SPECIAL_CHARS: Final = "*_`"


def draw_mermaid(
    nodes: Mapping[str, Node],
    edges: Sequence[Edge],
    *,
    first_node: str | None,
    last_node: str | None,
    with_styles: bool,
    curve_style: CurveStyle,
    node_styles: NodeStyles,
    wrap_label_n_words: int,
    frontmatter_config: Mapping[str, Any] | None,
) -> str:
    """Give the text for a graph; see `Graph.draw_mermaid`."""
    drawing = _Drawing(nodes, edges, first_node, last_node, with_styles, wrap_label_n_words)
    lines = ["graph TD;", *drawing.lines()]
    if with_styles:
        settings = _frontmatter(frontmatter_config or {}, curve_style)
        lines = ["---", *_yaml(settings), "---", *lines]
        lines += [f"\tclassDef {name} {style}" for name, style in asdict(node_styles).items()]
    return "\n".join(lines) + "\n"


class _Drawing:
    """The lines of nodes and edges. Ids such as "group:node" are drawn in groups."""

    def __init__(
        self,
        nodes: Mapping[str, Node],
        edges: Sequence[Edge],
        first: str | None,
        last: str | None,
        with_nodes: bool,
        wrap: int,
    ) -> None:
        self._shapes = {first: "{}([{}]):::first", last: "{}([{}]):::last"}
        self._wrap = wrap
        self._drawn: set[str] = set()
        # Each by the group that it is in; "" is the whole.
        self._nodes: dict[str, list[Node]] = {}
        self._edges: dict[str, list[Edge]] = {"": []}
        for key, node in nodes.items():
            if with_nodes:
                self._nodes.setdefault(key.rpartition(":")[0], []).append(node)
        for edge in edges:
            self._edges.setdefault(_common(edge), []).append(edge)

    def lines(self) -> Iterator[str]:
        yield from map(self._node, self._nodes.get("", ()))
        yield from map(self._edge, self._edges[""])
        for group, edges in self._edges.items():
            if group and ":" not in group:
                yield from self._group(group, edges)
        for group in self._nodes:  # of which no edge stays inside
            if group and ":" not in group and group not in self._drawn:
                yield from self._group(group, [])

    def _group(self, group: str, edges: Sequence[Edge]) -> Iterator[str]:
        if len(edges) == 1 and edges[0].source == edges[0].target:
            yield self._edge(edges[0])  # a node that leads to itself is no group
            return
        title = group.rpartition(":")[2]
        if title in self._drawn:
            raise ConfigError(
                f"two groups of the graph are called {title!r}; give their nodes other prefixes"
            )
        self._drawn.add(title)
        yield f"\tsubgraph {title}"
        yield from map(self._node, self._nodes.get(group, ()))
        yield from map(self._edge, edges)
        for inner, its_edges in self._edges.items():
            if inner.rpartition(":")[0] == group:
                yield from self._group(inner, its_edges)
        yield "\tend"

    def _node(self, node: Node) -> str:
        label = node.name.rpartition(":")[2]
        if label[:1] in MARKDOWN_SPECIAL_CHARS and label[-1:] in MARKDOWN_SPECIAL_CHARS and label:
            label = f"<p>{label}</p>"  # else Mermaid takes it for markdown
        if node.metadata:
            said = "\n".join(f"{key} = {value}" for key, value in node.metadata.items())
            label = f"{label}<hr/><small><em>{said}</em></small>"
        return "\t" + self._shapes.get(node.id, "{}({})").format(_safe(node.id), label)

    def _edge(self, edge: Edge) -> str:
        if edge.data is None:
            arrow = "-.->" if edge.conditional else "-->"
        else:
            text = self._wrapped(str(edge.data))
            begin, end = ("-.", ".->") if edge.conditional else ("--", "-->")
            arrow = f"{begin} &nbsp;{text}&nbsp; {end}"
        return f"\t{_safe(edge.source)} {arrow} {_safe(edge.target)};"

    def _wrapped(self, text: str) -> str:
        words, n = text.split(), self._wrap
        if len(words) <= n:
            return text
        return "&nbsp<br>&nbsp".join(" ".join(words[i : i + n]) for i in range(0, len(words), n))


def _common(edge: Edge) -> str:
    """The group that an edge is in: what the ids of its ends have in common."""
    parts = zip(edge.source.split(":"), edge.target.split(":"), strict=False)
    return ":".join(one for one, other in parts if one == other)


def _safe(id: str) -> str:
    """An id as Mermaid takes it: other signs than these are written by their number."""
    return re.sub(r"[^a-zA-Z0-9_-]", lambda sign: f"\\{ord(sign[0]):x}", id)


def _frontmatter(given: Mapping[str, Any], curve: CurveStyle) -> dict[str, Any]:
    config = given.get("config", {})
    flowchart = {**config.get("flowchart", {}), "curve": curve.value}
    return {**given, "config": {**config, "flowchart": flowchart}}


def _yaml(settings: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    for key in sorted(settings):
        value: Any = settings[key]
        if isinstance(value, Mapping) and value:
            yield f"{indent}{key}:"
            yield from _yaml(value, indent + "  ")  # pyright: ignore[reportUnknownArgumentType]
        else:
            yield f"{indent}{key}: {_scalar(value)}"


def _scalar(value: Any) -> str:
    plain = isinstance(value, str) and re.fullmatch(r"[A-Za-z][\w /.-]*(?<! )", value)
    if plain and value.lower() not in ("true", "false", "null", "yes", "no", "on", "off", "y", "n"):
        return str(value)
    if isinstance(value, str) and "'" not in value and value.isprintable():
        return f"'{value}'"
    return json.dumps(value)
