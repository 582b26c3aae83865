"""About how many tokens messages take, without asking a model."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any, Protocol

from .ai import AIMessage
from .base import BaseMessage
from .content import Content
from .convert import MessageLikeRepresentation, convert_to_messages
from .openai import openai_role
from .tool import ToolMessage

__all__ = ["DescribedTool", "count_tokens_approximately"]

# Usage that a model reported corrects the estimate, but only upwards and only so far.
_MOST_SCALE = 1.25


class DescribedTool(Protocol):
    """What is counted of a tool: its name, its description and its arguments."""

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def args(self) -> Mapping[str, Any]: ...


def count_tokens_approximately(
    messages: Iterable[MessageLikeRepresentation],
    *,
    chars_per_token: float = 4.0,
    extra_tokens_per_message: float = 3.0,
    count_name: bool = True,
    tokens_per_image: int = 85,
    use_usage_metadata_scaling: bool = False,
    tools: Sequence[DescribedTool | dict[str, Any]] | None = None,
) -> int:
    """Estimate how many tokens messages take: four characters a token, and a few for each message.

    Args:
        messages: Whatever `convert_to_messages` takes.
        chars_per_token: How many characters make a token; about 4 for English.
        extra_tokens_per_message: What the start and end of a message cost.
        count_name: Whether the name of a message is sent to the model.
        tokens_per_image: What an image costs, whatever its size.
        use_usage_metadata_scaling: Scale the estimate up to the usage that the latest AI message
            reports, by no more than a quarter, if all AI messages are of one provider.
        tools: Tools whose descriptions are sent along.
    """
    converted = convert_to_messages(messages)
    total = float(sum(ceil(len(_description(tool)) / chars_per_token) for tool in tools or ()))
    reported, estimated = 0, 0.0
    for message in converted:
        chars, images = _measure(message, count_name)
        total += ceil(chars / chars_per_token) + images * tokens_per_image
        total += extra_tokens_per_message
        if isinstance(message, AIMessage) and message.usage_metadata is not None:
            reported, estimated = message.usage_metadata["total_tokens"], total
    if use_usage_metadata_scaling and reported and estimated and _one_provider(converted):
        total *= min(max(reported / estimated, 1.0), _MOST_SCALE)
    return ceil(total)


def _measure(message: BaseMessage, count_name: bool) -> tuple[int, int]:
    chars, images = _measure_content(message.content)
    chars += len(openai_role(message))
    if isinstance(message, AIMessage) and message.tool_calls and isinstance(message.content, str):
        # In a list of blocks the calls are there already.
        chars += len(repr(message.tool_calls))
    if isinstance(message, ToolMessage):
        chars += len(message.tool_call_id)
    if count_name and message.name:
        chars += len(message.name)
    return chars, images


def _measure_content(content: Content) -> tuple[int, int]:
    if isinstance(content, str):
        return len(content), 0
    chars = images = 0
    for item in content:
        if isinstance(item, str):
            chars += len(item)
        elif item.get("type") in ("image", "image_url"):
            images += 1
        elif item.get("type") == "text":
            chars += len(str(item.get("text", "")))
        else:
            chars += len(repr(item))
    return chars, images


def _description(tool: DescribedTool | dict[str, Any]) -> str:
    if not isinstance(tool, dict):
        tool = {"name": tool.name, "description": tool.description, "parameters": tool.args}
    return json.dumps(tool, default=str)


def _one_provider(messages: Sequence[BaseMessage]) -> bool:
    providers = {
        message.response_metadata.get("model_provider")
        for message in messages
        if isinstance(message, AIMessage)
    }
    return len(providers) == 1 and None not in providers
