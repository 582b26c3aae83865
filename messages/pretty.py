"""How a message looks to a person: in a terminal and in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .._lazy import later
from ..errors import shown
from .content import Content
from .standard import standard_blocks
from .tool_calls import InvalidToolCall, ToolCall

if TYPE_CHECKING or not later(globals(), "html"):
    import html

__all__ = ["calls_repr", "content_repr", "get_msg_title_repr", "html_repr"]

_WIDTH = 80
_BOLD, _PLAIN = "\033[1m", "\033[0m"


def get_msg_title_repr(title: str, *, bold: bool = False) -> str:
    """Give a title in the middle of a line of 80 characters; `bold` is for terminals."""
    padded = f" {title} "
    left = "=" * ((_WIDTH - len(padded)) // 2)
    right = left + "=" * (len(padded) % 2)
    return f"{left}{_BOLD}{padded}{_PLAIN}{right}" if bold else f"{left}{padded}{right}"


def content_repr(content: Content) -> str:
    """Give content as text; what is not text has a line that names it: `[image https://...]`."""
    if isinstance(content, str):
        return content
    return "\n".join(_block_repr(block) for block in standard_blocks(content))


def _block_repr(block: Mapping[str, Any]) -> str:
    match block:
        case {"type": "text", "text": str() as text}:
            return text
        case {"type": "reasoning", "reasoning": str() as text}:
            return f"[reasoning] {text}"
        case {"type": "non_standard", "value": value}:
            return f"[{value.get('type', 'block')}] {shown(value)}"
        case {"type": kind, "base64": str() as data}:
            return f"[{kind} {block.get('mime_type', '')}, {len(data) * 3 // 4:,} bytes]"
        case _:
            rest = {key: value for key, value in block.items() if key != "type"}
            where = rest.get("url") or rest.get("file_id") or shown(rest)
            return f"[{block['type']} {where}]"


def calls_repr(calls: Iterable[ToolCall], invalid: Iterable[InvalidToolCall]) -> list[str]:
    """Give the lines that show tool calls: name and id, then an argument a line."""
    right: list[str] = []
    for call in calls:
        right += [f"  {call['name']} ({call['id']})", f" Call ID: {call['id']}", "  Args:"]
        right += [f"    {name}: {value}" for name, value in call["args"].items()]
    wrong: list[str] = []
    for each in invalid:
        wrong += [f"  {each['name']} ({each['id']})", f" Call ID: {each['id']}"]
        wrong += [f"  Error: {each['error']}"] if each["error"] else []
        wrong += ["  Args:", f"    {each['args']}"]
    return [
        *(["Tool Calls:", *right] if right else []),
        *(["Invalid Tool Calls:", *wrong] if wrong else []),
    ]


def html_repr(title: str, body: str) -> str:
    """Give HTML for a notebook. All text is escaped, and nothing is fetched to show it."""
    return (
        '<div style="margin: 0.4em 0; padding-left: 0.8em; border-left: 3px solid #888">'
        f'<div style="font-weight: bold">{html.escape(title)}</div>'
        f'<div style="white-space: pre-wrap">{html.escape(body)}</div></div>'
    )
