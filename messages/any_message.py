"""The type of any message of ours, for fields that are read back from data."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Tag

from .ai import AIMessage, AIMessageChunk
from .roles import (
    ChatMessage,
    ChatMessageChunk,
    FunctionMessage,
    FunctionMessageChunk,
    HumanMessage,
    HumanMessageChunk,
    RemoveMessage,
    SystemMessage,
    SystemMessageChunk,
)
from .shapes import is_object
from .tool import ToolMessage, ToolMessageChunk

__all__ = ["AnyMessage"]


def _type_of(message: Any) -> Any:
    return message.get("type") if is_object(message) else getattr(message, "type", None)


AnyMessage: TypeAlias = Annotated[
    Annotated[AIMessage, Tag("ai")]
    | Annotated[HumanMessage, Tag("human")]
    | Annotated[ChatMessage, Tag("chat")]
    | Annotated[SystemMessage, Tag("system")]
    | Annotated[FunctionMessage, Tag("function")]
    | Annotated[ToolMessage, Tag("tool")]
    | Annotated[RemoveMessage, Tag("remove")]
    | Annotated[AIMessageChunk, Tag("AIMessageChunk")]
    | Annotated[HumanMessageChunk, Tag("HumanMessageChunk")]
    | Annotated[ChatMessageChunk, Tag("ChatMessageChunk")]
    | Annotated[SystemMessageChunk, Tag("SystemMessageChunk")]
    | Annotated[FunctionMessageChunk, Tag("FunctionMessageChunk")]
    | Annotated[ToolMessageChunk, Tag("ToolMessageChunk")],
    Discriminator(_type_of),
]
"""Any message; pydantic picks the class by its `type`."""
