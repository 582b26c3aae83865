"""What a tool returned as what its caller gets: a value, or the message that answers a call."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, Literal, TypeAlias, TypeGuard

from pydantic_core import to_jsonable_python

from ..errors import ConfigError, shown
from ..messages import ToolMessage, ToolMessageChunk, ToolOutputMixin
from ..messages.shapes import is_array, is_object

__all__ = [
    "TOOL_MESSAGE_BLOCK_TYPES",
    "ResponseFormat",
    "ToolExceptionHandlerOutput",
    "chunk_of_answer",
    "message_of_answer",
    "parts_of_result",
]

ResponseFormat = Literal["content", "content_and_artifact"]

ToolExceptionHandlerOutput: TypeAlias = str | Sequence[str | dict[str, Any]]
"""What a handler of errors gives: the content of the message that the model gets."""

TOOL_MESSAGE_BLOCK_TYPES: Final = (
    "text",
    "image_url",
    "image",
    "json",
    "search_result",
    "custom_tool_call_output",
    "document",
    "file",
)
"""The types of content blocks that a tool may return: a list of these is content as it is."""


def parts_of_result(result: Any, response_format: ResponseFormat, name: str) -> tuple[Any, Any]:
    """Give the content and the artifact of what a tool returned.

    Raises:
        ConfigError: It should be both and is not.
    """
    if response_format == "content" or _is_answer(result):
        return result, None
    if not _is_pair(result):
        raise ConfigError(
            f"tool {name!r} has response_format='content_and_artifact' and must return a tuple of "
            f"both, (content, artifact); it returned {shown(result)}"
        )
    return result


def message_of_answer(
    content: Any,
    artifact: Any,
    *,
    id: str,
    name: str,
    status: Literal["success", "error"] = "success",
) -> Any:
    """Make the message that answers a call; what is one already is given as it is."""
    if _is_answer(content):
        return content
    return ToolMessage(
        content=_content(content), artifact=artifact, tool_call_id=id, name=name, status=status
    )


def chunk_of_answer(content: Any, artifact: Any, *, id: str, name: str) -> Any:
    """Make a chunk of the message that answers a call of a piece of the result."""
    if _is_answer(content):
        return content
    return ToolMessageChunk(
        content=_content(content), artifact=artifact, tool_call_id=id, name=name
    )


def _is_pair(result: object) -> TypeGuard[tuple[Any, Any]]:
    return isinstance(result, tuple) and len(result) == 2  # pyright: ignore[reportUnknownArgumentType]


def _is_answer(result: object) -> bool:
    if is_array(result):
        return bool(result) and all(isinstance(item, ToolOutputMixin) for item in result)
    return isinstance(result, ToolOutputMixin)


def _content(value: Any) -> Any:
    if isinstance(value, str) or (is_array(value) and all(map(_is_block, value))):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return _nearly_json(value)


def _is_block(item: object) -> bool:
    return isinstance(item, str) or (
        is_object(item) and item.get("type") in TOOL_MESSAGE_BLOCK_TYPES
    )


def _nearly_json(value: Any) -> str:
    """Write what is no JSON: models, dates and such by what they hold, anything else as text."""
    try:
        plain = to_jsonable_python(value, fallback=str)
        return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):  # it holds itself
        return str(value)
