"""The message that answers a tool call."""

from __future__ import annotations

from typing import Any, Literal, Required, Self, TypeVar, cast
from uuid import UUID

from pydantic import field_validator
from typing_extensions import Unpack

from .base import BaseMessage, CommonFields, GivenContent
from .chunks import BaseMessageChunk, ChunkAccumulator
from .merge import merged, settled
from .shapes import is_array, is_object

__all__ = ["ToolMessage", "ToolMessageChunk", "ToolOutputMixin"]


class ToolOutputMixin:
    """Marks what a tool may return as it is; any other result is wrapped in a ToolMessage."""


class _ToolFields(CommonFields, total=False):
    tool_call_id: Required[str]
    artifact: Any
    status: Literal["success", "error"]


class ToolMessage(BaseMessage, ToolOutputMixin):
    """What a tool gave for a tool call.

    Attributes:
        tool_call_id: The id of the call that this answers.
        artifact: The whole result, of which `content` is what the model gets to see.
        status: Whether the tool succeeded.
    """

    type: str = "tool"
    tool_call_id: str
    artifact: Any = None
    status: Literal["success", "error"] = "success"

    def __init__(
        self, content: GivenContent = None, *, id: str | None = None, **fields: Unpack[_ToolFields]
    ) -> None:
        self._fill(content, id, fields)

    @field_validator("content", mode="before")
    @classmethod
    def _write_content(cls, content: object) -> object:
        # Tools return anything; what is not content already is written as text.
        if isinstance(content, tuple):
            content = list(cast("tuple[object, ...]", content))
        if is_array(content):
            return [
                item if isinstance(item, str) or is_object(item) else str(item) for item in content
            ]
        return content if isinstance(content, str) else str(content)

    @field_validator("tool_call_id", mode="before")
    @classmethod
    def _write_tool_call_id(cls, id: object) -> object:
        return str(id) if isinstance(id, UUID | int | float) else id


class ToolMessageChunk(ToolMessage, BaseMessageChunk):
    """A piece of what a tool gave."""

    type: str = "ToolMessageChunk"

    def __init__(
        self, content: GivenContent = None, *, id: str | None = None, **fields: Unpack[_ToolFields]
    ) -> None:
        self._fill(content, id, fields)

    @classmethod
    def accumulator(cls) -> ChunkAccumulator[Self]:
        return ToolChunkAccumulator(cls, ("tool_call_id",))


ToolChunk = TypeVar("ToolChunk", bound=ToolMessageChunk, covariant=True)


class ToolChunkAccumulator(ChunkAccumulator[ToolChunk]):
    """Adds up the chunks of a tool's answer: it failed if one of them says so."""

    __slots__ = ("_artifact", "_status")

    def __init__(self, cls: type[ToolChunk], shared: tuple[str, ...]) -> None:
        super().__init__(cls, shared)
        self._artifact: Any = None
        self._status: Literal["success", "error"] = "success"

    def _take(self, chunk: BaseMessageChunk) -> None:
        super()._take(chunk)
        if isinstance(chunk, ToolMessageChunk):
            self._artifact = merged(self._artifact, chunk.artifact, "artifact")
            if chunk.status == "error":
                self._status = chunk.status

    def _sums(self) -> dict[str, Any]:
        return {
            **super()._sums(),
            "artifact": settled(self._artifact),
            "status": self._status,
        }
