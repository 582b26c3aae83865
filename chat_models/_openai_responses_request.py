"""Messages and options as OpenAI's Responses API takes them: a conversation is a list of items.

What a block of an answer cannot say stands in its `extras`, so that each item can be given back as
it came; see `_openai_responses_answer.py`. Source: OpenAI API reference, "Responses" (2026-11).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias, cast

from ..errors import MessageError, shown
from ..messages import (
    AIMessage,
    BaseMessage,
    ToolMessage,
    convert_to_openai_data_block,
)
from ..messages.openai import openai_role
from ..messages.shapes import is_object, type_of
from ._openai_api import chosen_tools

__all__ = ["responses_input", "responses_options"]

Block: TypeAlias = dict[str, Any]
Item: TypeAlias = dict[str, Any]

# How the types of items end that are no messages, and go through as they are.
_OWN_ITEMS = (
    *("_call", "_call_output", "_approval_request", "_approval_response", "_reference"),
    "compaction",
)
_STANDARD_CALLS = frozenset({"tool_call", "server_tool_call", "invalid_tool_call"})
_DATA = frozenset({"image", "file", "audio", "video", "text-plain", "image_url", "document"})


def responses_input(messages: Sequence[BaseMessage], *, stored: bool = True) -> list[Item]:
    """Give messages as input items.

    Args:
        messages: The conversation.
        stored: Whether the provider keeps its answers, and so knows its items by their ids.

    Raises:
        MessageError: A block has no counterpart in this API.
    """
    items: list[Item] = []
    for message in messages:
        if isinstance(message, AIMessage):
            items += _answered(message, stored)
        elif isinstance(message, ToolMessage):
            items.append(_tool_output(message))
        else:
            items += _said(message)
    return items


def _said(message: BaseMessage) -> Iterator[Item]:
    role = openai_role(message)
    if isinstance(message.content, str):
        yield {"role": role, "content": message.content}
        return
    parts: list[Block] = []
    for block in message.content:
        # What is no part of a message: the output of a provider's tool, or an approval.
        if is_object(block) and (own := _own_item(block)) is not None:
            yield own
        else:
            parts.append(_part(block))
    if parts:
        yield {"role": role, "content": parts}


def _part(block: str | Block) -> Block:
    if isinstance(block, str):
        return {"type": "input_text", "text": block}
    kind = type_of(block)
    if kind.startswith("input_"):
        return block
    if kind == "text":
        return {"type": "input_text", "text": block.get("text", "")}
    if kind in _DATA:
        return convert_to_openai_data_block(block, api="responses")
    raise MessageError(f"OpenAI's Responses API takes no block like {shown(block)}. Leave it out.")


def _own_item(block: Block) -> Item | None:
    """Give the item of the provider's own that a block stands for, if it does."""
    if type_of(block) == "non_standard":
        block = block["value"]
    kind = type_of(block)
    if kind.endswith(_OWN_ITEMS) and kind not in _STANDARD_CALLS:
        return {key: value for key, value in block.items() if key != "index"}
    return None


def _tool_output(message: ToolMessage) -> Item:
    output: Any = message.content
    if not isinstance(output, str):
        output = [_part(block) for block in output]
    kind = message.additional_kwargs.get("type", "function_call_output")
    return {"type": kind, "call_id": message.tool_call_id, "output": output}


# What the model said.


def _answered(message: AIMessage, stored: bool) -> Iterator[Item]:
    """Give the items of an answer, each with the blocks that belong to it."""
    item: Item | None = None
    for block in cast("list[Block]", message.content_blocks):
        following = _item(block, stored)
        if following is None:
            continue
        if item is not None and _continues(item, following):
            parts: Item = {
                key: [*item.get(key, ()), *following.get(key, ())]
                for key in ("summary", "content")
                if key in item or key in following
            }
            item.update({**following, **parts})
            continue
        if item is not None:
            yield item
        item = following
    if item is not None:
        yield item
    if refusal := message.additional_kwargs.get("refusal"):
        part = {"type": "refusal", "refusal": refusal}
        yield {"type": "message", "role": "assistant", "content": [part]}


def _continues(item: Item, following: Item) -> bool:
    kind = item["type"]
    return (
        kind in ("message", "reasoning")
        and kind == following["type"]
        and item.get("id") == following.get("id")
        and item.get("phase") == following.get("phase")
    )


def _item(block: Block, stored: bool) -> Item | None:
    """Give the item that a block belongs to; None for what is not sent back."""
    extras: Block = block.get("extras") or {}
    match block["type"]:
        case "text":
            return _text_item(block, extras, stored)
        case "reasoning":
            return _reasoning_item(block, extras, stored)
        case "tool_call":
            arguments = json.dumps(block["args"], ensure_ascii=False)
            return _call_item(block, arguments, extras, stored)
        case "invalid_tool_call":
            return _call_item(block, block["args"] or "", extras, stored)
        case "server_tool_call":
            return cast("Item | None", extras.get("item"))
        case "non_standard":
            return _own_item(block)
        case _:
            return None


def _text_item(block: Block, extras: Block, stored: bool) -> Item:
    annotations = [_annotation(citation) for citation in block.get("annotations") or ()]
    part = {
        "type": "output_text",
        "text": block["text"],
        "annotations": [annotation for annotation in annotations if annotation],
    }
    item: Item = {"type": "message", "role": "assistant", "content": [part]}
    if stored and str(block.get("id")).startswith("msg_"):
        item["id"] = block["id"]
    if phase := extras.get("phase"):
        item["phase"] = phase
    return item


def _annotation(citation: Block) -> Block | None:
    """Give a citation as the annotation that it was; None for that of another provider."""
    extras = dict(citation.get("extras") or {})
    kind = extras.pop("kind", None)
    if kind is None:
        return None
    known = {key: value for key, value in citation.items() if key not in ("type", "extras", "id")}
    if "title" in known and kind != "url_citation":
        known["filename"] = known.pop("title")
    return {"type": kind, **known, **extras}


def _reasoning_item(block: Block, extras: Block, stored: bool) -> Item | None:
    sealed = extras.get("encrypted_content")
    if not str(block.get("id")).startswith("rs_") or not (stored or sealed):
        return None  # of another provider, or one that this one has forgotten
    item: Item = {"type": "reasoning", "id": block["id"], "summary": []}
    if text := block.get("reasoning"):
        if extras.get("raw"):
            item["content"] = [{"type": "reasoning_text", "text": text}]
        else:
            item["summary"] = [{"type": "summary_text", "text": text}]
    if sealed:
        item["encrypted_content"] = sealed
    return item


def _call_item(block: Block, arguments: str, extras: Block, stored: bool) -> Item:
    item: Item = {
        "type": "function_call",
        "call_id": block["id"],
        "name": block["name"],
        "arguments": arguments,
    }
    if stored and (item_id := extras.get("item_id")):
        item["id"] = item_id
    return item


# Options.


def responses_options(said: Mapping[str, Any], *, is_openai: bool) -> dict[str, Any]:
    """Give options in the words of this API where it has other words than chat completions.

    Args:
        said: The options.
        is_openai: Whether the server is OpenAI's own; others know less.
    """
    given = dict(said)
    for name in ("max_completion_tokens", "max_tokens"):
        if name in given:
            given.setdefault("max_output_tokens", given.pop(name))
    if effort := given.pop("reasoning_effort", None):
        given["reasoning"] = {"effort": effort, **given.get("reasoning", {})}
    text = dict(given.pop("text", None) or {})
    if verbosity := given.pop("verbosity", None):
        text.setdefault("verbosity", verbosity)
    if wanted := given.pop("response_format", None):
        text["format"] = _flat(wanted)
    if text:
        given["text"] = text
    if given.pop("logprobs", None):
        given["include"] = [*given.get("include", ()), "message.output_text.logprobs"]
    tools, choice = chosen_tools(
        given.pop("tools", None) or (), given.pop("tool_choice", None), only_chosen=not is_openai
    )
    if tools:
        given["tools"] = flat = [_flat(tool) for tool in tools]
        if choice is not None:
            given["tool_choice"] = _choice(flat, choice)
    return given


def _choice(tools: Sequence[Mapping[str, Any]], choice: Any) -> Any:
    if not is_object(choice) or choice.keys() != {"name"}:
        return choice
    name = choice["name"]
    functions = {tool.get("name") for tool in tools if tool.get("type") == "function"}
    # A tool of the provider's own is named by its type.
    return {"type": "function", "name": name} if name in functions else {"type": name}


def _flat(given: Mapping[str, Any]) -> dict[str, Any]:
    """Give a tool or a format, of which chat completions have all but the type one level deeper."""
    inner = given.get(given.get("type", ""))
    return {"type": given["type"], **inner} if is_object(inner) else dict(given)
