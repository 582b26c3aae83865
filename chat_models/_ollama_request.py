"""Messages and options in the shapes that Ollama's chat API takes.

Source: Ollama, "API reference" (docs/api.md) and `api/types.go`, 2026.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, cast

from ..errors import ConfigError, MessageError, shown
from ..messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from ..messages.shapes import is_object, type_of
from ..messages.standard import standard_blocks
from ..tools import convert_to_openai_tool

__all__ = ["BODY_OPTIONS", "MODEL_OPTIONS", "written_messages", "written_options"]

Block: TypeAlias = dict[str, Any]

MODEL_OPTIONS = frozenset(
    {
        *("temperature", "top_k", "top_p", "min_p", "typical_p", "seed", "stop"),
        *("num_ctx", "num_predict", "num_keep", "repeat_penalty", "repeat_last_n"),
        *("presence_penalty", "frequency_penalty", "mirostat", "mirostat_eta", "mirostat_tau"),
        *("num_batch", "num_gpu", "main_gpu", "num_thread", "use_mmap", "tfs_z"),
    }
)
"""What goes into the `options` of a request: how a model is loaded, and how it samples."""

BODY_OPTIONS = frozenset(
    {
        *("model", "format", "keep_alive", "think", "logprobs", "top_logprobs"),
        *("truncate", "shift", "tools", "options"),
    }
)
"""What stands beside the messages in a request."""


# Messages.


def written_messages(messages: Sequence[BaseMessage]) -> list[Block]:
    """Give the request's `messages`.

    Raises:
        MessageError: There is nothing to answer, or a message or block has no counterpart.
    """
    if not messages:
        raise MessageError("Ollama needs at least one message to answer; got []")
    names: dict[str | None, str] = {}
    written: list[Block] = []
    for message in messages:
        if isinstance(message, AIMessage):
            names.update((call["id"], call["name"]) for call in message.tool_calls)
        written.append(_message(message, names))
    return written


def _message(message: BaseMessage, names: Mapping[str | None, str]) -> Block:
    if isinstance(message, AIMessage):
        return _answer(message)
    said = _content(message)
    if isinstance(message, HumanMessage):
        return {"role": "user", **said}
    if isinstance(message, SystemMessage):
        return {"role": "system", **said}
    if isinstance(message, ChatMessage):
        return {"role": message.role, **said}
    if isinstance(message, ToolMessage):
        id = message.tool_call_id
        name = message.name or names.get(id)
        return {"role": "tool", **said, **({"tool_name": name} if name else {}), "tool_call_id": id}
    raise MessageError(
        f"Ollama has no place for {shown(message)}. "
        "Write a HumanMessage, AIMessage, SystemMessage or ToolMessage."
    )


def _answer(message: AIMessage) -> Block:
    written: Block = {"role": "assistant", "content": message.text}
    thoughts = [
        str(block.get("reasoning", ""))
        for block in message.content_blocks
        if block.get("type") == "reasoning"
    ]
    if any(thoughts):
        written["thinking"] = "".join(thoughts)
    calls = [(call["id"], call["name"], call["args"]) for call in message.tool_calls]
    # One that could not be read is named, so that its result finds it.
    calls += [(call["id"], call["name"] or "", {}) for call in message.invalid_tool_calls]
    if calls:
        written["tool_calls"] = [
            {"id": id, "function": {"index": i, "name": name, "arguments": args}}
            for i, (id, name, args) in enumerate(calls)
        ]
    return written


def _content(message: BaseMessage) -> Block:
    """Give text and images; blocks of text are lines, as they may stand between the images."""
    if isinstance(message.content, str):
        return {"content": message.content}
    texts: list[str] = []
    images: list[str] = []
    for block in cast("list[Block]", standard_blocks(message.content)):
        kind = type_of(block)
        if kind in ("text", "text-plain") and isinstance(block.get("text"), str):
            texts.append(block["text"])
        elif kind == "image" and isinstance(block.get("base64"), str):
            images.append(block["base64"])
        else:
            raise MessageError(
                f"Ollama takes no block like {shown(block)}. It takes text, and images by their "
                "base64; it does not fetch what a url or a file_id stands for."
            )
    return {"content": "\n".join(texts), **({"images": images} if images else {})}


# Options.


def written_options(said: Mapping[str, Any]) -> Block:
    """Give the fields of a request for what the model and a call say.

    Raises:
        ConfigError: One of them says what Ollama cannot do.
    """
    said = dict(said)
    body = _tools(said)
    if (wanted := said.pop("response_format", None)) is not None:
        body["format"] = _format(wanted)
    options = {key: value for key, value in said.items() if key in MODEL_OPTIONS}
    given = said.pop("options", {})
    body.update((key, value) for key, value in said.items() if key not in MODEL_OPTIONS)
    return {**body, "options": {**options, **given}}


def _tools(said: Block) -> Block:
    """Take out the tools, and those that `tool_choice` leaves.

    The API has no choice: a model can be kept from calling a tool, and cannot be made to.
    """
    choice = said.pop("tool_choice", None)
    tools = [convert_to_openai_tool(tool) for tool in said.pop("tools", None) or ()]
    if not tools or choice == "none":
        return {}
    if choice in (None, "auto", "any", "required", True):
        return {"tools": tools}
    named = choice if isinstance(choice, str) else _named(choice)
    tools = [tool for tool in tools if tool.get("function", {}).get("name") == named]
    if not tools:
        raise ConfigError(f"tool_choice is {shown(choice)}, but no tool of the call has that name")
    return {"tools": tools}


def _named(choice: object) -> object:
    if is_object(choice) and is_object(function := choice.get("function")):
        return function.get("name")
    raise ConfigError(
        f"tool_choice is {shown(choice)}. Write 'auto', 'any', 'none' or the name of a tool."
    )


def _format(wanted: Any) -> Any:
    if is_object(wanted):
        if wanted.get("type") == "json_object":
            return "json"
        if is_object(named := wanted.get("json_schema")) and is_object(named.get("schema")):
            return named["schema"]
    raise ConfigError(
        f"response_format is {shown(wanted)}. Write "
        '{"type": "json_schema", "json_schema": {"name": ..., "schema": ...}}, '
        '{"type": "json_object"}, or Ollama\'s own format="json" or format={...}.'
    )
