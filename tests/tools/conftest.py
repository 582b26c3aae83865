"""Tool calls, as a model makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Asks = Callable[..., dict[str, Any]]


@pytest.fixture
def asks() -> Asks:
    """Make a tool call: `asks("weather", city="Oslo")`."""

    def make(name: str, id: Any = "c1", **args: Any) -> dict[str, Any]:
        return {"type": "tool_call", "name": name, "args": args, "id": id}

    return make
