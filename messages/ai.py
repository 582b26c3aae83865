"""What a model says: the whole message, and the chunks in which it streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator
from typing_extensions import Self, Unpack

from .base import (
    BaseMessage,
    GivenContent,
    MessageFields,
    plain_text,
    set_extra,
    set_given,
    set_private,
    set_values,
)
from .chunks import BaseMessageChunk, ChunkAccumulator
from .merge import SequenceNode
from .tool_calls import (
    InvalidToolCall,
    ToolCall,
    ToolCallChunk,
    default_tool_chunk_parser,
    default_tool_parser,
    parse_fragments,
    tool_calls_to_fragments,
)
from .usage import UsageMetadata, add_usage

__all__ = ["AIMessage", "AIMessageChunk"]


class _AIFields(MessageFields, total=False):
    tool_calls: list[ToolCall]
    invalid_tool_calls: list[InvalidToolCall]
    usage_metadata: UsageMetadata | None


class _AIChunkFields(_AIFields, total=False):
    tool_call_chunks: list[ToolCallChunk]
    chunk_position: Literal["last"] | None


@plain_text
class AIMessage(BaseMessage):
    """What the model says, and which tools it wants called.

    Attributes:
        tool_calls: The tools to call.
        invalid_tool_calls: Calls whose arguments could not be read.
        usage_metadata: How many tokens it took, where the provider says so.
    """

    type: str = "ai"
    tool_calls: list[ToolCall] = Field(default_factory=list[ToolCall])
    invalid_tool_calls: list[InvalidToolCall] = Field(default_factory=list[InvalidToolCall])
    usage_metadata: UsageMetadata | None = None

    def __init__(
        self, content: GivenContent = None, *, id: str | None = None, **fields: Unpack[_AIFields]
    ) -> None:
        self._fill(content, id, fields)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        raw = self.additional_kwargs.get("tool_calls")
        if raw and not self.tool_calls and not self.invalid_tool_calls:
            self.tool_calls, self.invalid_tool_calls = default_tool_parser(raw)
        self._type_calls()
        return self

    def _type_calls(self) -> None:
        for call in self.tool_calls:
            call["type"] = "tool_call"
        for invalid in self.invalid_tool_calls:
            invalid["type"] = "invalid_tool_call"


class AIMessageChunk(AIMessage, BaseMessageChunk):
    """A piece of what the model says.

    Its `tool_calls` and `invalid_tool_calls` are what `tool_call_chunks` amount to so far.

    Attributes:
        tool_call_chunks: Fragments of tool calls; they are merged by their `index`.
        chunk_position: "last" on the chunk that ends the message.
    """

    type: str = "AIMessageChunk"
    tool_call_chunks: list[ToolCallChunk] = Field(default_factory=list[ToolCallChunk])
    chunk_position: Literal["last"] | None = None

    def __init__(
        self,
        content: GivenContent = None,
        *,
        id: str | None = None,
        **fields: Unpack[_AIChunkFields],
    ) -> None:
        # Runs once per token: `plain_text` and `fill` by hand.
        if (
            fields
            or type(content) is not str
            or type(self) is not AIMessageChunk
            or (id is not None and type(id) is not str)
        ):
            self._validate(content, id, **fields)
            return
        values = {
            "content": content,
            "additional_kwargs": {},
            "response_metadata": {},
            "type": "AIMessageChunk",
            "name": None,
            "id": id,
            "tool_calls": [],
            "invalid_tool_calls": [],
            "usage_metadata": None,
            "tool_call_chunks": [],
            "chunk_position": None,
        }
        set_values(self, values)
        set_given(self, {"content"} if id is None else {"content", "id"})
        set_extra(self, None)
        set_private(self, None)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        raw = self.additional_kwargs.get("tool_calls")
        if self.tool_call_chunks:
            for fragment in self.tool_call_chunks:
                fragment["type"] = "tool_call_chunk"
            self.tool_calls, self.invalid_tool_calls = parse_fragments(self.tool_call_chunks)
        elif self.tool_calls or self.invalid_tool_calls:
            self._type_calls()
            self.tool_call_chunks = tool_calls_to_fragments(
                self.tool_calls, self.invalid_tool_calls
            )
        elif raw:
            self.tool_call_chunks = default_tool_chunk_parser(raw)
            self.tool_calls, self.invalid_tool_calls = parse_fragments(self.tool_call_chunks)
        return self

    @classmethod
    def accumulator(cls) -> ChunkAccumulator[Any]:
        return AIChunkAccumulator()


class AIChunkAccumulator(ChunkAccumulator[AIMessageChunk]):
    """Adds up the chunks of a model's message."""

    __slots__ = ("_fragments", "_last", "_usage")

    def _begin(self, chunk: AIMessageChunk) -> None:
        super()._begin(chunk)
        self._fragments = SequenceNode(chunk.tool_call_chunks)
        self._usage = chunk.usage_metadata
        self._last = chunk.chunk_position

    def _continue(self, first: AIMessageChunk, chunk: BaseMessageChunk) -> None:
        super()._continue(first, chunk)
        if not isinstance(chunk, AIMessageChunk):
            return
        if chunk.tool_call_chunks:
            self._fragments.extend(chunk.tool_call_chunks)
        if chunk.usage_metadata is not None:
            self._usage = add_usage(self._usage, chunk.usage_metadata)
        if chunk.chunk_position is not None:
            self._last = chunk.chunk_position

    def _sums(self) -> dict[str, Any]:
        fragments: list[ToolCallChunk] = self._fragments.settled()
        calls, invalid = parse_fragments(fragments)
        return {
            **super()._sums(),
            "tool_calls": calls,
            "invalid_tool_calls": invalid,
            "usage_metadata": self._usage,
            "tool_call_chunks": fragments,
            "chunk_position": self._last,
        }
