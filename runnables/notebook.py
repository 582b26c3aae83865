"""What a notebook shows of a chain."""

from __future__ import annotations

from typing import Any

from .base import Runnable
from .graph_of import graph_of

__all__ = ["shown_in_notebook"]


def shown_in_notebook(step: Runnable[Any, Any]) -> dict[str, str]:
    """Give a picture of a chain in Mermaid and in HTML, and its repr."""
    graph = graph_of(step, None)
    return {
        "text/plain": repr(step),
        "text/vnd.mermaid": graph._repr_mermaid_(),
        "text/html": graph._repr_html_(),
    }
