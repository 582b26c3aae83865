"""Providers' content blocks in the standard shapes of content.py; blocks are copied, never changed.

Sources: OpenAI API reference ("Chat", "Responses"), Anthropic API reference ("Messages"), and the
blocks with a `source_type` that LCEL had before its version 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from .content import KNOWN_BLOCK_TYPES, Content, ContentBlock
from .shapes import is_array, is_object, type_of
from .tool_calls import parse_arguments

__all__ = [
    "is_data_content_block",
    "standard_block",
    "standard_blocks",
    "whole_tool_calls",
]

Block = dict[str, Any]

_DATA_TYPES = frozenset({"image", "video", "audio", "file", "text-plain"})
_DATA_KEYS = frozenset({"url", "base64", "file_id", "text"})


def standard_blocks(content: Content) -> list[ContentBlock]:
    """Give the content of a message as standard blocks."""
    if isinstance(content, str):
        content = [content] if content else []
    return [
        cast("ContentBlock", {"type": "text", "text": item})
        if isinstance(item, str)
        else standard_block(item)
        for item in content
    ]


def standard_block(block: Block) -> ContentBlock:
    """Give one block in its standard shape; one that has none becomes a `non_standard` block."""
    word = type_of(block)
    read = _READERS.get(word)
    # Of any of the tools that Anthropic runs; what is standard already stays.
    if word.endswith("_tool_result") and word not in KNOWN_BLOCK_TYPES:
        read = _read_server_tool_result
    standard = read(block) if read else None
    if standard is None:
        standard = block if word in KNOWN_BLOCK_TYPES else {"type": "non_standard", "value": block}
    for key in ("id", "index"):
        if standard is not block and key in block:
            standard.setdefault(key, block[key])
    return cast("ContentBlock", standard)


def whole_tool_calls(blocks: Sequence[ContentBlock]) -> list[ContentBlock]:
    """Give the blocks with a call in place of the merged fragments of one; others are themselves.

    Each keeps its `index`. A call whose arguments are no object is an invalid one.
    """
    return [_whole_tool_call(block) for block in blocks]


def _whole_tool_call(block: ContentBlock) -> ContentBlock:
    kind = block.get("type")
    if kind not in ("tool_call_chunk", "server_tool_call_chunk"):
        return block
    whole = cast("Block", dict(block))
    args = parse_arguments(whole.get("args"))
    if kind == "server_tool_call_chunk":
        if args is None:
            return block
        whole.update(type="server_tool_call", args=args)
    elif args is None:
        whole.update(type="invalid_tool_call", error=None)
    else:
        whole.update(type="tool_call", name=whole.get("name") or "", args=args)
    return cast("ContentBlock", whole)


def is_data_content_block(block: Mapping[str, Any]) -> bool:
    """Say whether a block is a standard one for an image, sound, video, file or plain text."""
    located = not _DATA_KEYS.isdisjoint(block) or type_of(block, "source_type") in _SOURCES_0_3
    return located and type_of(block) in _DATA_TYPES


def _split_data_url(url: str) -> tuple[str, str] | None:
    """Split `data:<mime type>;base64,<data>` into mime type and data; `None` for any other URL."""
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return None
    return head.removeprefix("data:").removesuffix(";base64"), data


# A reader gives the standard block, or None where the block is not what its type says.


def _from_url(kind: str, url: object, **more: Any) -> Block | None:
    if not isinstance(url, str):
        return None
    more = {key: value for key, value in more.items() if value}
    if (parts := _split_data_url(url)) is None:
        return {"type": kind, "url": url, **more}
    return {"type": kind, "base64": parts[1], "mime_type": parts[0], **more}


def _with_extras(**extras: Any) -> dict[str, Any]:
    extras = {key: value for key, value in extras.items() if value is not None}
    return {"extras": extras} if extras else {}


def _read_image_url(block: Block) -> Block | None:
    image = block.get("image_url")
    if not is_object(image):
        return _from_url("image", image)
    return _from_url("image", image.get("url"), **_with_extras(detail=image.get("detail")))


def _read_input_image(block: Block) -> Block | None:
    more = _with_extras(detail=block.get("detail"))
    if file_id := block.get("file_id"):
        return {"type": "image", "file_id": file_id, **more}
    return _from_url("image", block.get("image_url"), **more)


def _read_input_audio(block: Block) -> Block | None:
    audio = block.get("input_audio")
    if not is_object(audio) or "data" not in audio:
        return None
    return {
        "type": "audio",
        "base64": audio["data"],
        "mime_type": f"audio/{audio.get('format', 'wav')}",
    }


def _read_media(block: Block) -> Block | None:
    """Read Google's `media`: any kind of data, told apart by its MIME type."""
    mime_type = str(block.get("mime_type", ""))
    kind = mime_type.split("/")[0]
    standard = {"type": kind if kind in _DATA_TYPES else "file", "mime_type": mime_type}
    if isinstance(data := block.get("data"), str):
        return {**standard, "base64": data}
    return {**standard, "url": block["file_uri"]} if "file_uri" in block else None


def _read_file(block: Block) -> Block | None:
    return _read_openai_file(block.get("file")) or _read_data(block)


def _read_openai_file(file: object) -> Block | None:
    if not is_object(file):
        return None
    more = _with_extras(filename=file.get("filename"))
    if file_id := file.get("file_id"):
        return {"type": "file", "file_id": file_id, **more}
    return _from_url("file", file.get("file_data") or file.get("file_url"), **more)


# How a source is given -> its key, and ours.
_SOURCES = {
    "base64": ("data", "base64"),
    "url": ("url", "url"),
    "file": ("file_id", "file_id"),
    "text": ("data", "text"),
}
_SOURCES_0_3 = {
    "base64": ("data", "base64"),
    "url": ("url", "url"),
    "id": ("id", "file_id"),
    "text": ("text", "text"),
}


def _read_data(block: Block) -> Block | None:
    """Read an image, sound or document in Anthropic's shape, or in that of LCEL 0.3."""
    source = block.get("source")
    if is_object(source):
        theirs, ours = _SOURCES.get(type_of(source), ("", ""))
        mime_type, used = source.get("media_type"), {"source"}
    else:
        source = block
        theirs, ours = _SOURCES_0_3.get(type_of(block, "source_type"), ("", ""))
        mime_type, used = block.get("mime_type"), {"source_type", "mime_type", theirs}
    if theirs not in source:
        return None
    kind = "text-plain" if ours == "text" else _KINDS.get(block["type"], block["type"])
    used |= {"type", "id", "index"}
    standard = {"type": kind, ours: source[theirs]}
    if mime_type:
        standard["mime_type"] = mime_type
    if theirs == "id":
        standard["id"] = block["id"]
    extras = {key: value for key, value in block.items() if key not in used}
    return {**standard, **_with_extras(**extras)}


_KINDS = {"document": "file"}


def _read_text(block: Block) -> Block | None:
    """Read text that carries Anthropic's `citations`, or a Responses API text."""
    text = block.get("text")
    if not isinstance(text, str) or (block["type"] == "text" and "citations" not in block):
        return None
    annotations = [
        _citation(item) for item in block.get("citations") or block.get("annotations") or ()
    ]
    return {"type": "text", "text": text, **({"annotations": annotations} if annotations else {})}


_CITATION_KEYS = {"url", "title", "start_index", "end_index", "cited_text"}


def _citation(item: Block) -> Block:
    ours = {key: item[key] for key in _CITATION_KEYS & item.keys()}
    if "title" not in ours and item.get("document_title"):
        ours["title"] = item["document_title"]
    theirs = {key: item[key] for key in item.keys() - _CITATION_KEYS - {"document_title"}}
    return {"type": "citation", **ours, **_with_extras(**theirs)}


def _read_thinking(block: Block) -> Block | None:
    return {
        "type": "reasoning",
        "reasoning": block.get("thinking", ""),
        **_with_extras(signature=block.get("signature")),
    }


def _read_reasoning(block: Block) -> Block | None:
    summary = block.get("summary")
    if not is_array(summary):
        return None
    texts = [part.get("text", "") for part in summary if is_object(part)]
    more = _with_extras(encrypted_content=block.get("encrypted_content"))
    return {"type": "reasoning", "reasoning": "\n\n".join(texts), **more}


def _read_tool_use(block: Block) -> Block | None:
    if "partial_json" in block:
        return {
            "type": "tool_call_chunk",
            "name": block.get("name"),
            "args": block["partial_json"],
            "id": block.get("id"),
            "index": block.get("index"),
        }
    return {
        "type": "tool_call",
        "name": block.get("name", ""),
        "args": block.get("input") or {},
        "id": block.get("id"),
    }


def _read_server_tool_use(block: Block) -> Block | None:
    # What is needed to send it back where the name of the tool does not say it.
    mcp = {"block_type": block["type"], "server_name": block.get("server_name")}
    more = _with_extras(**mcp) if block["type"] == "mcp_tool_use" else {}
    if "partial_json" in block:
        chunk = {"name": block.get("name"), "args": block["partial_json"], "id": block.get("id")}
        return {"type": "server_tool_call_chunk", **chunk, **more}
    return {
        "type": "server_tool_call",
        "name": block.get("name", ""),
        "args": block.get("input") or {},
        "id": block.get("id", ""),
        **more,
    }


def _read_server_tool_result(block: Block) -> Block | None:
    output = block.get("content")
    failed = is_object(output) and str(output.get("type", "")).endswith("_error")
    return {
        "type": "server_tool_result",
        "tool_call_id": block.get("tool_use_id", ""),
        "status": "error" if failed or block.get("is_error") else "success",
        "output": output,
        **_with_extras(block_type=block["type"]),
    }


_READERS: dict[str, Callable[[Block], Block | None]] = {
    "audio": _read_data,
    "document": _read_data,
    "file": _read_file,
    "image": _read_data,
    "image_url": _read_image_url,
    "input_audio": _read_input_audio,
    "input_file": _read_openai_file,
    "input_image": _read_input_image,
    "input_json_delta": _read_tool_use,
    "input_text": _read_text,
    "mcp_tool_use": _read_server_tool_use,
    "media": _read_media,
    "output_text": _read_text,
    "reasoning": _read_reasoning,
    "server_tool_use": _read_server_tool_use,
    "text": _read_text,
    "thinking": _read_thinking,
    "tool_use": _read_tool_use,
    "video": _read_data,
}
