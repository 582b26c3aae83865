"""The messages that hold nothing but their content: who speaks is all that differs."""

from __future__ import annotations

from typing import Self

from pydantic import Field, field_validator
from typing_extensions import Unpack

from ..errors import MessageError, shown
from .base import BaseMessage, CommonFields, GivenContent, plain_text
from .chunks import BaseMessageChunk, ChunkAccumulator

__all__ = [
    "ChatMessage",
    "ChatMessageChunk",
    "FunctionMessage",
    "FunctionMessageChunk",
    "HumanMessage",
    "HumanMessageChunk",
    "RemoveMessage",
    "SystemMessage",
    "SystemMessageChunk",
]


@plain_text
class HumanMessage(BaseMessage):
    """What the user says: `HumanMessage("Hello")`."""

    type: str = "human"

    def __init__(
        self, content: GivenContent = None, *, id: str | None = None, **fields: Unpack[CommonFields]
    ) -> None:
        self._fill(content, id, fields)


class HumanMessageChunk(HumanMessage, BaseMessageChunk):
    """A piece of what the user says."""

    type: str = "HumanMessageChunk"

    def __init__(
        self, content: GivenContent = None, *, id: str | None = None, **fields: Unpack[CommonFields]
    ) -> None:
        self._fill(content, id, fields)


@plain_text
class SystemMessage(BaseMessage):
    """How the model is to behave: `SystemMessage("Be brief.")`, usually the first message."""

    type: str = "system"

    def __init__(
        self, content: GivenContent = None, *, id: str | None = None, **fields: Unpack[CommonFields]
    ) -> None:
        self._fill(content, id, fields)


class SystemMessageChunk(SystemMessage, BaseMessageChunk):
    """A piece of how the model is to behave."""

    type: str = "SystemMessageChunk"

    def __init__(
        self, content: GivenContent = None, *, id: str | None = None, **fields: Unpack[CommonFields]
    ) -> None:
        self._fill(content, id, fields)


class _RoleField(CommonFields):
    role: str


class ChatMessage(BaseMessage):
    """What a speaker of any other `role` says: `ChatMessage("Order!", role="judge")`."""

    type: str = "chat"
    role: str

    def __init__(
        self, content: GivenContent = None, *, id: str | None = None, **fields: Unpack[_RoleField]
    ) -> None:
        self._fill(content, id, fields)


class ChatMessageChunk(ChatMessage, BaseMessageChunk):
    """A piece of what a speaker of some `role` says."""

    type: str = "ChatMessageChunk"

    def __init__(
        self, content: GivenContent = None, *, id: str | None = None, **fields: Unpack[_RoleField]
    ) -> None:
        self._fill(content, id, fields)

    @classmethod
    def accumulator(cls) -> ChunkAccumulator[Self]:
        return ChunkAccumulator(cls, shared=("role",))


class FunctionMessage(BaseMessage):
    """What the function `name` gave, for APIs older than tool calls; elsewhere use ToolMessage."""

    type: str = "function"
    name: str | None = Field(default=None, validate_default=True)

    def __init__(
        self, content: GivenContent = None, *, id: str | None = None, **fields: Unpack[CommonFields]
    ) -> None:
        self._fill(content, id, fields)

    @field_validator("name")
    @classmethod
    def _require_name(cls, name: str | None) -> str:
        if name is None:
            raise ValueError(f"a {cls.__name__} needs the name of the function: name='add'")
        return name


class FunctionMessageChunk(FunctionMessage, BaseMessageChunk):
    """A piece of what the function `name` gave."""

    type: str = "FunctionMessageChunk"

    def __init__(
        self, content: GivenContent = None, *, id: str | None = None, **fields: Unpack[CommonFields]
    ) -> None:
        self._fill(content, id, fields)

    @classmethod
    def accumulator(cls) -> ChunkAccumulator[Self]:
        return ChunkAccumulator(cls, shared=("name",))


class RemoveMessage(BaseMessage):
    """Asks a store of messages to forget the message with this id: `RemoveMessage("msg-3")`."""

    type: str = "remove"

    def __init__(self, id: str, *, content: str = "", **fields: Unpack[CommonFields]) -> None:
        if content:
            raise MessageError(
                f"a RemoveMessage says nothing; it got the content {shown(content)}. "
                f"Write RemoveMessage({shown(id)})."
            )
        self._fill("", id, fields)
