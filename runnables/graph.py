"""A chain as nodes and edges, and the pictures of it. `graph_of.py` makes one of a chain."""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID, uuid4

from pydantic import BaseModel

from ..errors import ConfigError
from .base import Runnable
from .graph_ascii import draw
from .graph_mermaid import draw_mermaid
from .schema import json_schema

__all__ = [
    "Branch",
    "CurveStyle",
    "Edge",
    "Graph",
    "Node",
    "NodeData",
    "NodeStyles",
    "is_uuid",
    "node_data_json",
    "node_data_str",
]

NodeData: TypeAlias = type[BaseModel] | Runnable[Any, Any] | None
"""What a node stands for: a step, or the class of what the chain takes or gives."""


class Edge(NamedTuple):
    """A way from one node to another.

    Attributes:
        source: The id of the node where it begins.
        target: The id of the node where it ends.
        data: What is written on it.
        conditional: Whether it is taken only sometimes.
    """

    source: str
    target: str
    data: Any = None
    conditional: bool = False

    def copy(self, *, source: str | None = None, target: str | None = None) -> Edge:
        """Give the same edge between other nodes."""
        return self._replace(source=source or self.source, target=target or self.target)


class Node(NamedTuple):
    """A node.

    Attributes:
        id: Its id, unique in its graph.
        name: What a picture calls it.
        data: What it stands for.
        metadata: What a picture says of it besides.
    """

    id: str
    name: str
    data: NodeData
    metadata: dict[str, Any] | None

    def copy(self, *, id: str | None = None, name: str | None = None) -> Node:
        """Give the same node with another id or name."""
        return self._replace(id=id or self.id, name=name or self.name)


class Branch(NamedTuple):
    """A choice of where to go.

    Attributes:
        condition: The function that says where.
        ends: Where each of its answers leads.
    """

    condition: Callable[..., str]
    ends: dict[str, str] | None


class CurveStyle(Enum):
    """How Mermaid draws edges."""

    BASIS = "basis"
    BUMP_X = "bumpX"
    BUMP_Y = "bumpY"
    CARDINAL = "cardinal"
    CATMULL_ROM = "catmullRom"
    LINEAR = "linear"
    MONOTONE_X = "monotoneX"
    MONOTONE_Y = "monotoneY"
    NATURAL = "natural"
    STEP = "step"
    STEP_AFTER = "stepAfter"
    STEP_BEFORE = "stepBefore"


@dataclass(frozen=True, slots=True)
class NodeStyles:
    """How Mermaid draws nodes, in its own words.

    Attributes:
        default: Every node but these:
        first: the first,
        last: and the last.
    """

    default: str = "fill:#f2f0ff,line-height:1.2"
    first: str = "fill-opacity:0"
    last: str = "fill:#bfb6fc"


@dataclass
class Graph:
    """Nodes and edges.

    Attributes:
        nodes: The nodes by their ids.
        edges: The edges.
    """

    nodes: dict[str, Node] = field(default_factory=dict[str, Node])
    edges: list[Edge] = field(default_factory=list[Edge])

    def __bool__(self) -> bool:
        return bool(self.nodes)

    def next_id(self) -> str:
        """Give an id for a new node."""
        return uuid4().hex

    def add_node(
        self, data: NodeData, id: str | None = None, *, metadata: dict[str, Any] | None = None
    ) -> Node:
        """Add a node, and give it.

        Raises:
            ConfigError: There is a node of this id.
        """
        if id is not None and id in self.nodes:
            raise ConfigError(f"there is a node {id!r} in the graph; give the new one another id")
        id = id or self.next_id()
        node = self.nodes[id] = Node(id, node_data_str(id, data), data, metadata)
        return node

    def remove_node(self, node: Node) -> None:
        """Remove a node and its edges."""
        del self.nodes[node.id]
        self.edges = [e for e in self.edges if node.id not in (e.source, e.target)]

    def add_edge(
        self, source: Node, target: Node, data: Any = None, conditional: bool = False
    ) -> Edge:
        """Add an edge between two nodes of the graph, and give it.

        Raises:
            ConfigError: One of the nodes is not in the graph.
        """
        for node in (source, target):
            if node.id not in self.nodes:
                raise ConfigError(f"node {node.id!r} is not in the graph; add it before its edges")
        edge = Edge(source.id, target.id, data, conditional)
        self.edges.append(edge)
        return edge

    def extend(self, graph: Graph, *, prefix: str = "") -> tuple[Node | None, Node | None]:
        """Add all of another graph, and give its first and last node as they are here.

        Args:
            graph: The other graph.
            prefix: What is put before the ids of its nodes, unless they are all made up; Mermaid
                draws nodes of one prefix as a group.
        """
        if all(map(is_uuid, graph.nodes)):
            prefix = ""
        named = {id: f"{prefix}:{id}" if prefix else id for id in graph.nodes}
        self.nodes |= {named[id]: node.copy(id=named[id]) for id, node in graph.nodes.items()}
        self.edges += [e.copy(source=named[e.source], target=named[e.target]) for e in graph.edges]
        first, last = graph.first_node(), graph.last_node()
        return (
            None if first is None else self.nodes[named[first.id]],
            None if last is None else self.nodes[named[last.id]],
        )

    def reid(self) -> Graph:
        """Give the graph with readable ids: the names, numbered where several are the same."""
        same: dict[str, list[str]] = defaultdict(list)
        for node in self.nodes.values():
            same[node.name].append(node.id)
        readable: dict[str, str] = {}
        for name, ids in same.items():
            for i, id in enumerate(ids, 1):
                label = name if len(ids) == 1 else f"{name}_{i}"
                readable[id] = label if is_uuid(id) else id
        return Graph(
            {readable[id]: node.copy(id=readable[id]) for id, node in self.nodes.items()},
            [e.copy(source=readable[e.source], target=readable[e.target]) for e in self.edges],
        )

    def first_node(self) -> Node | None:
        """Give the node to which no edge leads, if there is one such node."""
        return self._only_without("target")

    def last_node(self) -> Node | None:
        """Give the node from which no edge leads, if there is one such node."""
        return self._only_without("source")

    def trim_first_node(self) -> None:
        """Remove the first node, if there is one first node without it too."""
        first = self.first_node()
        if first is not None and self._only_without("target", first) is not None:
            self.remove_node(first)

    def trim_last_node(self) -> None:
        """Remove the last node, if there is one last node without it too."""
        last = self.last_node()
        if last is not None and self._only_without("source", last) is not None:
            self.remove_node(last)

    def _only_without(self, end: str, left_out: Node | None = None) -> Node | None:
        out = None if left_out is None else left_out.id
        ends = {getattr(e, end) for e in self.edges if out not in (e.source, e.target)}
        found = [node for id, node in self.nodes.items() if id not in ends and id != out]
        return found[0] if len(found) == 1 else None

    def to_json(self, *, with_schemas: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Give the graph as data for JSON; made-up ids are replaced by numbers.

        Args:
            with_schemas: Whether to give the JSON schemas of what the chain takes and gives.
        """
        ids = {id: i if is_uuid(id) else id for i, id in enumerate(self.nodes)}
        edges: list[dict[str, Any]] = []
        for e in self.edges:
            edge: dict[str, Any] = {"source": ids[e.source], "target": ids[e.target]}
            if e.data is not None:
                edge["data"] = e.data
            if e.conditional:
                edge["conditional"] = True
            edges.append(edge)
        return {
            "nodes": [
                {"id": ids[id], **node_data_json(node, with_schemas=with_schemas)}
                for id, node in self.nodes.items()
            ],
            "edges": edges,
        }

    # Pictures.

    def draw_mermaid(
        self,
        *,
        with_styles: bool = True,
        curve_style: CurveStyle = CurveStyle.LINEAR,
        node_colors: NodeStyles | None = None,
        wrap_label_n_words: int = 9,
        frontmatter_config: dict[str, Any] | None = None,
    ) -> str:
        """Give the text of which Mermaid makes a picture.

        Args:
            with_styles: Whether to say how nodes look.
            curve_style: How edges are drawn.
            node_colors: How nodes look.
            wrap_label_n_words: After how many words what is written on an edge is wrapped.
            frontmatter_config: Settings of Mermaid's, written at the top.
        """
        graph = self.reid()
        first, last = graph.first_node(), graph.last_node()
        return draw_mermaid(
            graph.nodes,
            graph.edges,
            first_node=None if first is None else first.id,
            last_node=None if last is None else last.id,
            with_styles=with_styles,
            curve_style=curve_style,
            node_styles=node_colors or NodeStyles(),
            wrap_label_n_words=wrap_label_n_words,
            frontmatter_config=frontmatter_config,
        )

    def draw_ascii(self) -> str:
        """Give a picture made of letters."""
        labels = {id: node.name for id, node in self.nodes.items()}
        return draw(labels, [(e.source, e.target) for e in self.edges])

    def print_ascii(self) -> None:
        """Print a picture made of letters."""
        print(self.draw_ascii())  # noqa: T201  # it is what the method is for

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/vnd.mermaid": self._repr_mermaid_()}

    def _repr_mermaid_(self) -> str:
        return self.draw_mermaid()

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.draw_ascii())}</pre>"


def is_uuid(value: str) -> bool:
    """Whether this is a UUID, and so an id that was made up."""
    try:
        UUID(value)
    except ValueError:
        return False
    return True


def node_data_str(id: str, data: NodeData) -> str:
    """Give the name of a node: its id if that says something, else that of what it stands for."""
    if data is None or not is_uuid(id):
        return id
    name = data.get_name() if isinstance(data, Runnable) else data.__name__
    return name.removeprefix("Runnable")


def node_data_json(node: Node, *, with_schemas: bool = False) -> dict[str, Any]:
    """Give a node as data for JSON, without its id."""
    data = node.data
    said: dict[str, Any]
    if data is None:
        said = {}
    elif isinstance(data, Runnable):
        cls = type(data)
        named = {"id": [*cls.__module__.split("."), cls.__name__], "name": node.name}
        said = {"type": "runnable", "data": named}
    else:
        said = {"type": "schema", "data": json_schema(data) if with_schemas else node.name}
    if node.metadata is not None:
        said["metadata"] = node.metadata
    return said
