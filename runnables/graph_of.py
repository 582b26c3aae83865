"""The graph of a chain: which step leads to which."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch
from typing import Any

from .base import Runnable
from .config import RunnableConfig
from .each import RunnableEach
from .fallbacks import RunnableWithFallbacks
from .function import RunnableLambda
from .function_types import looking_into
from .graph import Graph
from .parallel import RunnableParallel
from .passthrough import RunnableAssign, RunnablePassthrough
from .sequence import RunnableSequence

__all__ = ["graph_of"]


@singledispatch
def graph_of(step: Runnable[Any, Any], config: RunnableConfig | None) -> Graph:
    """Give the graph of a chain; of a step that stands for another one, that one's."""
    inner = step._stands_for(config)
    return _of_one(step, config) if inner is None else inner.get_graph(config)


@graph_of.register(RunnableWithFallbacks)
def _of_one(step: Runnable[Any, Any], config: RunnableConfig | None) -> Graph:
    """What it takes, the step, what it gives."""
    graph = Graph()
    taken = graph.add_node(step.get_input_schema(config))
    node = graph.add_node(step, metadata=dict((config or {}).get("metadata") or {}) or None)
    given = graph.add_node(step.get_output_schema(config))
    graph.add_edge(taken, node)
    graph.add_edge(node, given)
    return graph


@graph_of.register(RunnableEach)
def _of_each(step: RunnableEach[Any, Any], config: RunnableConfig | None) -> Graph:
    return step.bound.get_graph(config)


@graph_of.register(RunnableSequence)
def _of_sequence(step: RunnableSequence[Any, Any], config: RunnableConfig | None) -> Graph:
    graph, last = Graph(), None
    for i, inner in enumerate(step.steps):
        part = inner.get_graph(config)
        if i:
            part.trim_first_node()
        if i < len(step.steps) - 1:
            part.trim_last_node()
        first, end = graph.extend(part)
        if last is not None and first is not None:
            graph.add_edge(last, first)
        last = end
    return graph


@graph_of.register(RunnableParallel)
def _of_parallel(step: RunnableParallel[Any], config: RunnableConfig | None) -> Graph:
    return _between(step, step.steps__.values(), config)


@graph_of.register(RunnableLambda)
def _of_function(step: RunnableLambda[Any, Any], config: RunnableConfig | None) -> Graph:
    with looking_into(step) as first:  # a function may name the chain that it is in
        deps = step.deps if first else []
        return _between(step, deps, config) if deps else _of_one(step, config)


@graph_of.register(RunnableAssign)
def _of_assign(step: RunnableAssign, config: RunnableConfig | None) -> Graph:
    graph = step.mapper.get_graph(config)
    first, last = graph.first_node(), graph.last_node()
    if first is not None and last is not None:
        passed = graph.add_node(RunnablePassthrough[Any]())
        graph.add_edge(first, passed)
        graph.add_edge(passed, last)
    return graph


def _between(
    step: Runnable[Any, Any], inner: Iterable[Runnable[Any, Any]], config: RunnableConfig | None
) -> Graph:
    """Several steps between what is taken and what is given."""
    graph = Graph()
    taken = graph.add_node(step.get_input_schema(config))
    given = graph.add_node(step.get_output_schema(config))
    for part_of in inner:
        part = part_of.get_graph(config)
        part.trim_first_node()
        part.trim_last_node()
        first, last = graph.extend(part)
        if first is not None and last is not None:
            graph.add_edge(taken, first)
            graph.add_edge(last, given)
    return graph
