"""The standard content blocks: one shape for each kind of content, for all providers."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias

from typing_extensions import TypedDict

from .tool_calls import InvalidToolCall, ToolCall, ToolCallChunk

__all__ = [
    "KNOWN_BLOCK_TYPES",
    "Annotation",
    "AudioContentBlock",
    "Citation",
    "Content",
    "ContentBlock",
    "DataContentBlock",
    "FileContentBlock",
    "ImageContentBlock",
    "NonStandardAnnotation",
    "NonStandardContentBlock",
    "PlainTextContentBlock",
    "ReasoningContentBlock",
    "ServerToolCall",
    "ServerToolCallChunk",
    "ServerToolResult",
    "TextContentBlock",
    "ToolContentBlock",
    "VideoContentBlock",
]

Content: TypeAlias = str | list[str | dict[str, Any]]
"""What a message holds: text, or a list of texts and blocks."""


class Citation(TypedDict):
    """Where a piece of text comes from; the indices count characters of the response."""

    type: Literal["citation"]
    id: NotRequired[str]
    url: NotRequired[str]
    title: NotRequired[str]
    start_index: NotRequired[int]
    end_index: NotRequired[int]
    cited_text: NotRequired[str]
    extras: NotRequired[dict[str, Any]]


class NonStandardAnnotation(TypedDict):
    """An annotation in a provider's own shape."""

    type: Literal["non_standard_annotation"]
    value: dict[str, Any]
    id: NotRequired[str]


Annotation: TypeAlias = Citation | NonStandardAnnotation


class TextContentBlock(TypedDict):
    """Text of a message."""

    type: Literal["text"]
    text: str
    id: NotRequired[str]
    annotations: NotRequired[list[Annotation]]
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


class ReasoningContentBlock(TypedDict):
    """What the model thought before it answered, as far as the provider shows it."""

    type: Literal["reasoning"]
    reasoning: NotRequired[str]
    id: NotRequired[str]
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


class _DataFields(TypedDict, total=False):
    id: str
    file_id: str
    url: str
    base64: str
    mime_type: str
    index: int | str
    extras: dict[str, Any]


class ImageContentBlock(_DataFields):
    """An image, by `url`, by `base64` with its `mime_type`, or by a provider's `file_id`."""

    type: Literal["image"]


class VideoContentBlock(_DataFields):
    """A video, by `url`, by `base64` with its `mime_type`, or by a provider's `file_id`."""

    type: Literal["video"]


class AudioContentBlock(_DataFields):
    """A sound, by `url`, by `base64` with its `mime_type`, or by a provider's `file_id`."""

    type: Literal["audio"]


class FileContentBlock(_DataFields):
    """A document such as a PDF, by `url`, by `base64` or by a provider's `file_id`."""

    type: Literal["file"]


class PlainTextContentBlock(_DataFields):
    """A plain text document, as opposed to text of the conversation."""

    type: Literal["text-plain"]
    text: NotRequired[str]
    title: NotRequired[str]
    context: NotRequired[str]


class ServerToolCall(TypedDict):
    """A tool call that the provider runs itself."""

    type: Literal["server_tool_call"]
    id: str
    name: str
    args: dict[str, Any]
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


class ServerToolCallChunk(TypedDict):
    """A fragment of a tool call that the provider runs itself."""

    type: Literal["server_tool_call_chunk"]
    id: NotRequired[str]
    name: NotRequired[str]
    args: NotRequired[str]
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


class ServerToolResult(TypedDict):
    """What a tool that the provider ran gave."""

    type: Literal["server_tool_result"]
    tool_call_id: str
    status: Literal["success", "error"]
    id: NotRequired[str]
    output: NotRequired[Any]
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


class NonStandardContentBlock(TypedDict):
    """A block in a provider's own shape, untouched under `value`."""

    type: Literal["non_standard"]
    value: dict[str, Any]
    id: NotRequired[str]
    index: NotRequired[int | str]


DataContentBlock: TypeAlias = (
    ImageContentBlock
    | VideoContentBlock
    | AudioContentBlock
    | PlainTextContentBlock
    | FileContentBlock
)
ToolContentBlock: TypeAlias = (
    ToolCall | ToolCallChunk | ServerToolCall | ServerToolCallChunk | ServerToolResult
)
ContentBlock: TypeAlias = (
    TextContentBlock
    | ReasoningContentBlock
    | DataContentBlock
    | ToolContentBlock
    | InvalidToolCall
    | NonStandardContentBlock
)

KNOWN_BLOCK_TYPES: frozenset[str] = frozenset(
    {
        *("text", "reasoning", "image", "video", "audio", "file", "text-plain"),
        *("tool_call", "tool_call_chunk", "invalid_tool_call"),
        *("server_tool_call", "server_tool_call_chunk", "server_tool_result"),
        "non_standard",
    }
)
