"""Messages in which a model calls tools, and what the tools answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from levada.messages import AIMessage, ToolMessage

__all__ = ["calling", "told"]


def calling(*calls: tuple[str, dict[str, Any]]) -> AIMessage:
    """Give a message that calls these tools, by the ids c0, c1 ..."""
    return AIMessage(
        "",
        tool_calls=[
            {"name": name, "args": args, "id": f"c{i}", "type": "tool_call"}
            for i, (name, args) in enumerate(calls)
        ],
    )


def told(answers: Sequence[ToolMessage]) -> list[tuple[str, Any, str]]:
    """Give what answers say: the id of the call, the content, and how it went."""
    return [(a.tool_call_id, a.content, a.status) for a in answers]
