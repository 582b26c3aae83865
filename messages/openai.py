"""Messages and content blocks in the shapes of OpenAI's API, which many other servers take too.

Source: OpenAI API reference, "Chat" and "Responses".
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Literal, cast

from ..errors import MessageError, shown
from .ai import AIMessage
from .base import BaseMessage
from .content import Content
from .convert import MessageLikeRepresentation, convert_to_messages, tool_result_message
from .prompt_values import PromptValue
from .roles import ChatMessage, FunctionMessage, HumanMessage, SystemMessage
from .shapes import has_type, is_object
from .standard import standard_block
from .tool import ToolMessage
from .tool_calls import ToolCall

__all__ = [
    "convert_to_openai_data_block",
    "convert_to_openai_image_block",
    "convert_to_openai_messages",
    "openai_role",
]

Block = dict[str, Any]

_ROLES: dict[type[BaseMessage], str] = {
    HumanMessage: "user",
    AIMessage: "assistant",
    SystemMessage: "system",
    ToolMessage: "tool",
    FunctionMessage: "function",
}


def openai_role(message: BaseMessage) -> str:
    """Give the role of a message in OpenAI's API.

    Raises:
        MessageError: It has none, as a RemoveMessage.
    """
    if isinstance(message, ChatMessage):
        return message.role
    for cls, role in _ROLES.items():
        if isinstance(message, cls):
            return str(message.additional_kwargs.get("__openai_role__", role))
    raise MessageError(
        f"a {type(message).__name__} is no part of a conversation: {shown(message)}. Leave it out."
    )


def convert_to_openai_messages(
    messages: MessageLikeRepresentation | Iterable[MessageLikeRepresentation] | PromptValue,
    *,
    text_format: Literal["string", "block"] = "string",
    include_id: bool = False,
    pass_through_unknown_blocks: bool = True,
) -> dict[str, Any] | list[dict[str, Any]]:
    """Give messages as the dictionaries that OpenAI's chat API takes.

    Args:
        messages: Whatever `convert_to_messages` takes; or one message, for one dictionary.
        text_format: Whether content that is all text is a "string", or a list of blocks ("block").
        include_id: Whether to add the messages' ids.
        pass_through_unknown_blocks: Whether content blocks that OpenAI does not know are kept as
            they are, or are an error.

    Raises:
        MessageError: Something is not a message, or a block has no counterpart.
    """
    if text_format not in ("string", "block"):
        raise MessageError(
            f"there is no text_format {shown(text_format)}. Write 'string' or 'block'."
        )
    one = isinstance(messages, BaseMessage | str | dict)
    listed = cast("Iterable[MessageLikeRepresentation]", [messages] if one else messages)
    converted = [
        openai_message
        for message in convert_to_messages(listed)
        for openai_message in _convert(
            message, text_format, include_id, pass_through_unknown_blocks
        )
    ]
    return converted[0] if one and len(converted) == 1 else converted


def _convert(
    message: BaseMessage, text_format: str, include_id: bool, pass_through: bool
) -> list[dict[str, Any]]:
    """Give the message, and after it one for each tool result among its blocks."""
    result: dict[str, Any] = {"role": openai_role(message)}
    if message.name:
        result["name"] = message.name
    if isinstance(message, AIMessage) and (
        calls := message.tool_calls or _calls_in(message.content)
    ):
        result["tool_calls"] = [_tool_call(call) for call in calls]
    if "refusal" in message.additional_kwargs:
        result["refusal"] = message.additional_kwargs["refusal"]
    if isinstance(message, ToolMessage):
        result["tool_call_id"] = message.tool_call_id
    if include_id and message.id:
        result["id"] = message.id
    result["content"] = _content(message.content, text_format, pass_through)
    tool_results = [
        openai_message
        for block in _blocks_of_type(message.content, "tool_result")
        for openai_message in _convert(tool_result_message(block), text_format, False, pass_through)
    ]
    if tool_results and not result["content"]:
        return tool_results
    return [result, *tool_results]


def _blocks_of_type(content: Content, *words: str) -> list[Block]:
    return [] if isinstance(content, str) else [item for item in content if has_type(item, *words)]


def _calls_in(content: Content) -> list[ToolCall]:
    return [
        cast("ToolCall", standard_block(block)) for block in _blocks_of_type(content, "tool_use")
    ]


def _tool_call(call: ToolCall) -> Block:
    arguments = json.dumps(call["args"], ensure_ascii=False)
    return {
        "type": "function",
        "id": call["id"],
        "function": {"name": call["name"], "arguments": arguments},
    }


def _content(content: Content, text_format: str, pass_through: bool) -> str | list[Block]:
    if isinstance(content, str):
        if text_format == "string":
            return content
        content = [content] if content else []
    parts = [_part(block, pass_through) for block in content if not has_type(block, *_ELSEWHERE)]
    if text_format == "string" and all(part.get("type") == "text" for part in parts):
        return "\n".join(part["text"] for part in parts)
    return parts


# Blocks that are no content in OpenAI's API: calls are fields of the message, results are messages.
_ELSEWHERE = ("tool_use", "tool_call", "tool_call_chunk", "invalid_tool_call", "tool_result")
_DATA = frozenset({"image", "audio", "file", "text-plain"})


def _part(block: str | Block, pass_through: bool) -> Block:
    if isinstance(block, str):
        return {"type": "text", "text": block}
    if "json" in block and block.get("type", "json") == "json":
        return {"type": "text", "text": json.dumps(block["json"], ensure_ascii=False)}
    standard = cast("Block", standard_block(block))
    kind = standard["type"]
    if kind == "text":
        return {"type": "text", "text": standard.get("text", "")}
    if kind in _DATA:
        return convert_to_openai_data_block(standard)
    if pass_through or kind == "reasoning":
        return block
    raise MessageError(
        f"OpenAI's API has no block like {shown(block)}. Leave it out, or let it pass with "
        "pass_through_unknown_blocks=True if your server knows it."
    )


def convert_to_openai_image_block(block: dict[str, Any]) -> dict[str, Any]:
    """Give an image block in the shape of OpenAI's chat API.

    Raises:
        MessageError: The block holds no url, and no base64 with a mime_type.
    """
    standard = cast("Block", standard_block(block))
    image = {"url": _url(standard)}
    if detail := _extra(standard, "detail"):
        image["detail"] = detail
    return {"type": "image_url", "image_url": image}


def convert_to_openai_data_block(
    block: dict[str, Any], api: Literal["chat/completions", "responses"] = "chat/completions"
) -> dict[str, Any]:
    """Give an image, sound, file or plain text block in the shape of one of OpenAI's APIs.

    Raises:
        MessageError: The API takes no such block.
    """
    standard = cast("Block", standard_block(block))
    responses = api == "responses"
    match standard:
        case {"type": "image", "file_id": file_id} if responses:
            return {"type": "input_image", "file_id": file_id}
        case {"type": "image"}:
            chat = convert_to_openai_image_block(standard)
            if not responses:
                return chat
            url = chat["image_url"].pop("url")
            return {"type": "input_image", "image_url": url, **chat["image_url"]}
        case {"type": "file"}:
            return _file(standard, responses)
        case {"type": "audio", "base64": data, "mime_type": str() as mime_type} if not responses:
            return {
                "type": "input_audio",
                "input_audio": {"data": data, "format": mime_type.split("/")[-1]},
            }
        case {"type": "text-plain", "text": text}:
            return {"type": "input_text" if responses else "text", "text": text}
        case _:
            raise _no_counterpart(block, api)


def _file(standard: Block, responses: bool) -> Block:
    file: Block
    if "file_id" in standard:
        file = {"file_id": standard["file_id"]}
    elif "base64" in standard:
        # The API wants a name; what it is does not matter.
        name = _extra(standard, "filename") or standard.get("filename") or "file"
        file = {"filename": name, "file_data": _url(standard)}
    elif responses:
        file = {"file_url": _url(standard)}
    else:
        raise _no_counterpart(standard, "chat/completions")
    return {"type": "input_file", **file} if responses else {"type": "file", "file": file}


def _extra(standard: Block, key: str) -> Any:
    extras = standard.get("extras")
    return extras.get(key) if is_object(extras) else None


def _url(standard: Block) -> str:
    if "url" in standard:
        return str(standard["url"])
    if "base64" in standard and "mime_type" in standard:
        return f"data:{standard['mime_type']};base64,{standard['base64']}"
    raise MessageError(
        f"{shown(standard)} does not say what it holds: it needs a url, or base64 and a mime_type."
    )


def _no_counterpart(block: Block, api: str) -> MessageError:
    return MessageError(f"OpenAI's {api} API takes no block like {shown(block)}. Leave it out.")
