"""What a model asks for when it calls a tool: whole, unreadable, or still arriving in fragments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from .._lazy import later
from .shapes import is_object

if TYPE_CHECKING or not later(globals(), "json", ".partial_json"):
    import json

    from . import partial_json

__all__ = [
    "InvalidToolCall",
    "ToolCall",
    "ToolCallChunk",
    "default_tool_chunk_parser",
    "default_tool_parser",
    "invalid_tool_call",
    "parse_arguments",
    "parse_fragments",
    "tool_call",
    "tool_call_chunk",
    "tool_calls_to_fragments",
]

# A provider's own keys survive validation.
_OPEN = ConfigDict(extra="allow")


@with_config(_OPEN)
class ToolCall(TypedDict):
    """A request to call the tool `name` with `args`; `id` ties the answer to the request."""

    name: str
    args: dict[str, Any]
    id: str | None
    type: NotRequired[Literal["tool_call"]]
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


@with_config(_OPEN)
class InvalidToolCall(TypedDict):
    """A request whose arguments are not a JSON object; `args` is what the model wrote."""

    name: str | None
    args: str | None
    id: str | None
    error: str | None
    type: NotRequired[Literal["invalid_tool_call"]]
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


@with_config(_OPEN)
class ToolCallChunk(TypedDict):
    """A fragment of a request; fragments with the same `index` belong together."""

    name: str | None
    args: str | None
    id: str | None
    index: int | str | None
    type: NotRequired[Literal["tool_call_chunk"]]
    extras: NotRequired[dict[str, Any]]


def tool_call(*, name: str, args: dict[str, Any], id: str | None) -> ToolCall:
    """Make a tool call."""
    return ToolCall(name=name, args=args, id=id, type="tool_call")


def invalid_tool_call(
    *,
    name: str | None = None,
    args: str | None = None,
    id: str | None = None,
    error: str | None = None,
) -> InvalidToolCall:
    """Make a tool call that could not be read."""
    return InvalidToolCall(name=name, args=args, id=id, error=error, type="invalid_tool_call")


def tool_call_chunk(
    *,
    name: str | None = None,
    args: str | None = None,
    id: str | None = None,
    index: int | str | None = None,
) -> ToolCallChunk:
    """Make a fragment of a tool call."""
    return ToolCallChunk(name=name, args=args, id=id, index=index, type="tool_call_chunk")


def parse_fragments(
    fragments: Iterable[ToolCallChunk],
) -> tuple[list[ToolCall], list[InvalidToolCall]]:
    """Read each fragment as far as it goes: a truncated object counts, other text is invalid."""
    calls: list[ToolCall] = []
    invalid: list[InvalidToolCall] = []
    for fragment in fragments:
        args = parse_arguments(fragment["args"])
        if args is None:
            invalid.append(
                invalid_tool_call(name=fragment["name"], args=fragment["args"], id=fragment["id"])
            )
        else:
            calls.append(tool_call(name=fragment["name"] or "", args=args, id=fragment["id"]))
    return calls, invalid


def parse_arguments(text: str | None) -> dict[str, Any] | None:
    """Read arguments as far as they go; `None` if they are no object."""
    if not text:
        return {}
    try:
        parsed = partial_json.parse_partial_json(text)
    except ValueError:
        return None
    return parsed if is_object(parsed) else None


def tool_calls_to_fragments(
    calls: Sequence[ToolCall], invalid: Sequence[InvalidToolCall]
) -> list[ToolCallChunk]:
    """Write whole calls as fragments without an index, so that they are never merged."""
    fragments = [
        tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"])
        for call in calls
    ]
    fragments += [
        tool_call_chunk(name=call["name"], args=call["args"], id=call["id"]) for call in invalid
    ]
    return fragments


def default_tool_parser(
    raw_tool_calls: Sequence[Mapping[str, Any]],
) -> tuple[list[ToolCall], list[InvalidToolCall]]:
    """Read tool calls in the shape of OpenAI's chat completions.

    Source: OpenAI API reference, "Chat completion object", `message.tool_calls`.
    """
    calls: list[ToolCall] = []
    invalid: list[InvalidToolCall] = []
    for raw in raw_tool_calls:
        function = raw.get("function")
        if not is_object(function):
            continue
        name, given, id = function.get("name"), function.get("arguments"), raw.get("id")
        args = _read_arguments(given)
        if args is not None:
            calls.append(tool_call(name=name or "", args=args, id=id))
        else:
            invalid.append(invalid_tool_call(name=name, args=str(given), id=id))
    return calls, invalid


def _read_arguments(given: object) -> dict[str, Any] | None:
    # OpenAI sends text; some servers that follow it send the object itself.
    if isinstance(given, str) and given:
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return None
    elif not given:
        return {}
    return given if is_object(given) else None


def default_tool_chunk_parser(raw_tool_calls: Sequence[Mapping[str, Any]]) -> list[ToolCallChunk]:
    """Read fragments of tool calls in the shape of OpenAI's streamed chat completions."""
    fragments: list[ToolCallChunk] = []
    for raw in raw_tool_calls:
        function = raw.get("function")
        if is_object(function):
            name, text = function.get("name"), function.get("arguments")
            fragments.append(
                tool_call_chunk(name=name, args=text, id=raw.get("id"), index=raw.get("index"))
            )
    return fragments
