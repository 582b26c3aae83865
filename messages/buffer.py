"""A conversation as one text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Literal

from ..errors import MessageError, shown
from .ai import AIMessage
from .base import BaseMessage
from .roles import ChatMessage, FunctionMessage, HumanMessage, SystemMessage
from .standard import standard_blocks
from .tool import ToolMessage

__all__ = ["get_buffer_string"]


def get_buffer_string(
    messages: Sequence[BaseMessage],
    human_prefix: str = "Human",
    ai_prefix: str = "AI",
    *,
    system_prefix: str = "System",
    function_prefix: str = "Function",
    tool_prefix: str = "Tool",
    message_separator: str = "\n",
    format: Literal["prefix", "xml"] = "prefix",
) -> str:
    """Write messages as one text, each with who says it: `Human: Hello`.

    With `format="xml"`, it is `<message type="human">Hello</message>`, where nothing that is said
    can be taken for the next speaker. Images and other things that are somewhere have an element,
    `<image url="..." />`; data itself is left out.

    Raises:
        MessageError: A message that nobody says, as a RemoveMessage.
    """
    prefixes: dict[type[BaseMessage], str] = {
        HumanMessage: human_prefix,
        AIMessage: ai_prefix,
        SystemMessage: system_prefix,
        FunctionMessage: function_prefix,
        ToolMessage: tool_prefix,
    }
    write = {"prefix": _prefixed, "xml": _element}.get(format)
    if write is None:
        raise MessageError(f"there is no format {shown(format)}. Write 'prefix' or 'xml'.")
    return message_separator.join(
        write(message, _speaker(message, prefixes)) for message in messages
    )


def _speaker(message: BaseMessage, prefixes: Mapping[type[BaseMessage], str]) -> str:
    if isinstance(message, ChatMessage):
        return message.role
    for cls, prefix in prefixes.items():
        if isinstance(message, cls):
            return prefix
    raise MessageError(
        f"a {type(message).__name__} has no place in a text: {shown(message)}. "
        "Leave it out, or turn it into one of the messages that someone says."
    )


def _prefixed(message: BaseMessage, speaker: str) -> str:
    text = f"{speaker}: {message.text}"
    if isinstance(message, AIMessage):
        if message.tool_calls:
            text += str(message.tool_calls)
        elif "function_call" in message.additional_kwargs:
            text += str(message.additional_kwargs["function_call"])
    return text


def _element(message: BaseMessage, speaker: str) -> str:
    content = " ".join(filter(None, map(_block_element, standard_blocks(message.content))))
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    if calls:
        parts = [f"<content>{content}</content>"] if content else []
        parts += [
            f"<tool_call id={_attribute(call['id'] or '')} name={_attribute(call['name'])}>"
            f"{_json(call['args'])}</tool_call>"
            for call in calls
        ]
        content = "".join(f"\n  {part}" for part in parts) + "\n"
    return f"<message type={_attribute(speaker.lower())}>{content}</message>"


def _block_element(block: Mapping[str, Any]) -> str:
    match block:
        case {"type": "text" | "text-plain", "text": str() as text}:
            return escape(text, quote=False)
        case {"type": "reasoning", "reasoning": str() as text}:
            return f"<reasoning>{escape(text, quote=False)}</reasoning>"
        case {"type": "image" | "audio" | "video" | "file" as kind, "url": str() as url}:
            return f"<{kind} url={_attribute(url)} />"
        case {"type": "image" | "audio" | "video" | "file" as kind, "file_id": str() as file}:
            return f"<{kind} file_id={_attribute(file)} />"
        case {"type": "server_tool_call", "id": id, "name": name, "args": args}:
            attributes = f"id={_attribute(str(id))} name={_attribute(str(name))}"
            return f"<server_tool_call {attributes}>{_json(args)}</server_tool_call>"
        case {"type": "server_tool_result", "tool_call_id": id, "status": status}:
            attributes = f"id={_attribute(str(id))} status={_attribute(str(status))}"
            output = _json(block.get("output"))
            return f"<server_tool_result {attributes}>{output}</server_tool_result>"
        case _:
            return ""


def _json(value: object) -> str:
    return escape(json.dumps(value, ensure_ascii=False, default=str), quote=False)


def _attribute(value: str) -> str:
    return f'"{escape(value)}"'
