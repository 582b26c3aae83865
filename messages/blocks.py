"""Functions that make the standard content blocks.

Each takes what the block holds, an `id` (made up if there is none), the `index` of a streamed
block, and whatever else a provider wants to have along, which goes into the block's `extras`.
"""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from ..errors import MessageError
from .content import (
    Annotation,
    AudioContentBlock,
    Citation,
    FileContentBlock,
    ImageContentBlock,
    NonStandardContentBlock,
    PlainTextContentBlock,
    ReasoningContentBlock,
    TextContentBlock,
    VideoContentBlock,
)
from .ids import ensure_id
from .tool_calls import ToolCall

__all__ = [
    "create_audio_block",
    "create_citation",
    "create_file_block",
    "create_image_block",
    "create_non_standard_block",
    "create_plaintext_block",
    "create_reasoning_block",
    "create_text_block",
    "create_tool_call",
    "create_video_block",
]


def create_text_block(
    text: str,
    *,
    id: str | None = None,
    annotations: list[Annotation] | None = None,
    index: int | str | None = None,
    **kwargs: Any,
) -> TextContentBlock:
    """Make a block of text."""
    block = TextContentBlock(type="text", text=text, id=ensure_id(id))
    if annotations is not None:
        block["annotations"] = annotations
    _place(block, index, kwargs)
    return block


def create_reasoning_block(
    reasoning: str | None = None,
    id: str | None = None,
    index: int | str | None = None,
    **kwargs: Any,
) -> ReasoningContentBlock:
    """Make a block of what a model thought."""
    block = ReasoningContentBlock(type="reasoning", reasoning=reasoning or "", id=ensure_id(id))
    _place(block, index, kwargs)
    return block


def create_image_block(
    *,
    url: str | None = None,
    base64: str | None = None,
    file_id: str | None = None,
    mime_type: str | None = None,
    id: str | None = None,
    index: int | str | None = None,
    **kwargs: Any,
) -> ImageContentBlock:
    """Make a block of an image.

    Raises:
        MessageError: No url, base64 or file_id is given.
    """
    block = ImageContentBlock(type="image", id=ensure_id(id))
    _locate(block, url, base64, file_id, mime_type)
    _place(block, index, kwargs)
    return block


def create_video_block(
    *,
    url: str | None = None,
    base64: str | None = None,
    file_id: str | None = None,
    mime_type: str | None = None,
    id: str | None = None,
    index: int | str | None = None,
    **kwargs: Any,
) -> VideoContentBlock:
    """Make a block of a video.

    Raises:
        MessageError: No url, base64 or file_id is given, or base64 without its mime_type.
    """
    _require_mime_type("video", base64, mime_type)
    block = VideoContentBlock(type="video", id=ensure_id(id))
    _locate(block, url, base64, file_id, mime_type)
    _place(block, index, kwargs)
    return block


def create_audio_block(
    *,
    url: str | None = None,
    base64: str | None = None,
    file_id: str | None = None,
    mime_type: str | None = None,
    id: str | None = None,
    index: int | str | None = None,
    **kwargs: Any,
) -> AudioContentBlock:
    """Make a block of sound.

    Raises:
        MessageError: No url, base64 or file_id is given, or base64 without its mime_type.
    """
    _require_mime_type("audio", base64, mime_type)
    block = AudioContentBlock(type="audio", id=ensure_id(id))
    _locate(block, url, base64, file_id, mime_type)
    _place(block, index, kwargs)
    return block


def create_file_block(
    *,
    url: str | None = None,
    base64: str | None = None,
    file_id: str | None = None,
    mime_type: str | None = None,
    id: str | None = None,
    index: int | str | None = None,
    **kwargs: Any,
) -> FileContentBlock:
    """Make a block of a document.

    Raises:
        MessageError: No url, base64 or file_id is given, or base64 without its mime_type.
    """
    _require_mime_type("file", base64, mime_type)
    block = FileContentBlock(type="file", id=ensure_id(id))
    _locate(block, url, base64, file_id, mime_type)
    _place(block, index, kwargs)
    return block


def create_plaintext_block(
    text: str | None = None,
    url: str | None = None,
    base64: str | None = None,
    file_id: str | None = None,
    title: str | None = None,
    context: str | None = None,
    id: str | None = None,
    index: int | str | None = None,
    **kwargs: Any,
) -> PlainTextContentBlock:
    """Make a block of a plain text document.

    Raises:
        MessageError: No text, url, base64 or file_id is given.
    """
    block = PlainTextContentBlock(type="text-plain", mime_type="text/plain", id=ensure_id(id))
    if text is not None:
        block["text"] = text
    else:
        _locate(block, url, base64, file_id, "text/plain")
    if title is not None:
        block["title"] = title
    if context is not None:
        block["context"] = context
    _place(block, index, kwargs)
    return block


def create_tool_call(
    name: str,
    args: dict[str, Any],
    *,
    id: str | None = None,
    index: int | str | None = None,
    **kwargs: Any,
) -> ToolCall:
    """Make a block of a tool call."""
    block = ToolCall(name=name, args=args, id=ensure_id(id), type="tool_call")
    _place(block, index, kwargs)
    return block


def create_citation(
    *,
    url: str | None = None,
    title: str | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    cited_text: str | None = None,
    id: str | None = None,
    **kwargs: Any,
) -> Citation:
    """Make a citation, for the `annotations` of a text block."""
    citation = Citation(type="citation", id=ensure_id(id))
    if url is not None:
        citation["url"] = url
    if title is not None:
        citation["title"] = title
    if start_index is not None:
        citation["start_index"] = start_index
    if end_index is not None:
        citation["end_index"] = end_index
    if cited_text is not None:
        citation["cited_text"] = cited_text
    if kwargs:
        citation["extras"] = kwargs
    return citation


def create_non_standard_block(
    value: dict[str, Any], *, id: str | None = None, index: int | str | None = None
) -> NonStandardContentBlock:
    """Make a block that holds a provider's own block."""
    block = NonStandardContentBlock(type="non_standard", value=value, id=ensure_id(id))
    if index is not None:
        block["index"] = index
    return block


class _Placed(TypedDict, total=False):
    index: int | str
    extras: dict[str, Any]


class _Located(TypedDict, total=False):
    url: str
    base64: str
    file_id: str
    mime_type: str


def _place(block: _Placed, index: int | str | None, extras: dict[str, Any]) -> None:
    if index is not None:
        block["index"] = index
    extras = {key: value for key, value in extras.items() if value is not None}
    if extras:
        block["extras"] = extras


def _locate(
    block: _Located, url: str | None, base64: str | None, file_id: str | None, mime_type: str | None
) -> None:
    if not (url or base64 or file_id):
        raise MessageError("the block is empty: give url=..., base64=... or file_id=...")
    if url is not None:
        block["url"] = url
    if base64 is not None:
        block["base64"] = base64
    if file_id is not None:
        block["file_id"] = file_id
    if mime_type is not None:
        block["mime_type"] = mime_type


def _require_mime_type(kind: str, base64: str | None, mime_type: str | None) -> None:
    if base64 is not None and mime_type is None:
        raise MessageError(
            f"{kind} as base64 does not say what it is. Give its mime_type=..., such as "
            f"{_MIME_TYPES[kind]!r}."
        )


_MIME_TYPES = {"video": "video/mp4", "audio": "audio/wav", "file": "application/pdf"}
