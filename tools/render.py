"""Tools in words, for models that are told of them in a prompt."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from .base import BaseTool

__all__ = ["ToolsRenderer", "render_text_description", "render_text_description_and_args"]

ToolsRenderer: TypeAlias = Callable[[list[BaseTool]], str]
"""What writes tools in words."""


def render_text_description(tools: Sequence[BaseTool]) -> str:
    """Give a line for each tool, as in `search(query: str) -> str - Searches the web`."""
    return "\n".join(map(_line, tools))


def render_text_description_and_args(tools: Sequence[BaseTool]) -> str:
    """Give a line for each tool, with the JSON schemas of its arguments."""
    return "\n".join(f"{_line(tool)}, args: {tool.args}" for tool in tools)


def _line(tool: BaseTool) -> str:
    function: Any = next(filter(None, tool._functions()))
    if not hasattr(tool, "func"):
        return f"{tool.name} - {tool.description}"
    try:
        signature = inspect.signature(function, eval_str=True)
    except NameError:
        signature = inspect.signature(function)
    return f"{tool.name}{signature} - {tool.description}"
