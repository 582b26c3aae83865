"""What a model says: the whole message, and the chunks in which it streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Self, TypeVar, cast

from pydantic import Field, model_validator
from typing_extensions import Unpack

from .base import (
    BaseMessage,
    CommonFields,
    GivenContent,
    set_extra,
    set_given,
    set_private,
    set_values,
)
from .chunks import BaseMessageChunk, ChunkAccumulator
from .content import ContentBlock, ReasoningContentBlock
from .merge import SequenceNode
from .pretty import calls_repr
from .shapes import has_type, is_array
from .standard import standard_blocks, whole_tool_calls
from .tool_calls import (
    InvalidToolCall,
    ToolCall,
    ToolCallChunk,
    default_tool_chunk_parser,
    default_tool_parser,
    parse_fragments,
    tool_call,
    tool_calls_to_fragments,
)
from .usage import UsageMetadata, add_usage

__all__ = ["AIMessage", "AIMessageChunk", "add_ai_message_chunks"]


class _AIFields(CommonFields, total=False):
    tool_calls: list[ToolCall]
    invalid_tool_calls: list[InvalidToolCall]
    usage_metadata: UsageMetadata | None


class _AIChunkFields(_AIFields, total=False):
    tool_call_chunks: list[ToolCallChunk]
    chunk_position: Literal["last"] | None


# Just `list`, three times slower when it is written `list[ToolCall]`.
_no_calls = cast("Callable[[], list[ToolCall]]", list)
_no_invalid_calls = cast("Callable[[], list[InvalidToolCall]]", list)
_no_fragments = cast("Callable[[], list[ToolCallChunk]]", list)


class AIMessage(BaseMessage):
    """What the model says, and which tools it wants called.

    Attributes:
        tool_calls: The tools to call.
        invalid_tool_calls: Calls whose arguments could not be read.
        usage_metadata: How many tokens it took, where the provider says so.
    """

    type: str = "ai"
    tool_calls: list[ToolCall] = Field(default_factory=_no_calls)
    invalid_tool_calls: list[InvalidToolCall] = Field(default_factory=_no_invalid_calls)
    usage_metadata: UsageMetadata | None = None

    def __init__(
        self, content: GivenContent = None, *, id: str | None = None, **fields: Unpack[_AIFields]
    ) -> None:
        # Runs once per call of a model: what `_fill` does, without its two calls.
        if (
            fields
            or type(content) is not str
            or type(self) is not AIMessage
            or (id is not None and type(id) is not str)
        ):
            self._validate(content, id, **fields)
            return
        values: dict[str, Any] = {
            "content": content,
            "additional_kwargs": {},
            "response_metadata": {},
            "type": "ai",
            "name": None,
            "id": id,
            "tool_calls": [],
            "invalid_tool_calls": [],
            "usage_metadata": None,
        }
        set_values(self, values)
        set_given(self, {"content"} if id is None else {"content", "id"})
        set_extra(self, None)
        set_private(self, None)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.tool_calls and not self.invalid_tool_calls:
            if is_array(raw := self.additional_kwargs.get("tool_calls")):
                self.tool_calls, self.invalid_tool_calls = default_tool_parser(raw)
            elif isinstance(self.content, list) and (calls := _calls_in(self.content)):
                self.tool_calls = calls
        self._type_calls()
        return self

    def _type_calls(self) -> None:
        for call in self.tool_calls:
            call["type"] = "tool_call"
        for invalid in self.invalid_tool_calls:
            invalid["type"] = "invalid_tool_call"

    @property
    def content_blocks(self) -> list[ContentBlock]:
        """The content as standard blocks: reasoning first, tool calls where they are or last."""
        blocks = whole_tool_calls(self._blocks_with_reasoning())
        there = {block.get("id") for block in _of_type(blocks, "tool_call", "invalid_tool_call")}
        blocks += [call for call in self.tool_calls if call["id"] not in there]
        blocks += [call for call in self.invalid_tool_calls if call["id"] not in there]
        return blocks

    def _blocks_with_reasoning(self) -> list[ContentBlock]:
        blocks = standard_blocks(self.content)
        reasoning = self.additional_kwargs.get("reasoning_content")
        if isinstance(reasoning, str) and not _of_type(blocks, "reasoning"):
            blocks.insert(0, ReasoningContentBlock(type="reasoning", reasoning=reasoning))
        return blocks

    @property
    def _body(self) -> str:
        lines = calls_repr(self.tool_calls, self.invalid_tool_calls)
        return "\n".join([super()._body, *lines]).strip()


def _calls_in(content: list[str | dict[str, Any]]) -> list[ToolCall]:
    return [
        tool_call(name=block.get("name", ""), args=block.get("args") or {}, id=block.get("id"))
        for block in content
        if has_type(block, "tool_call")
    ]


def _of_type(blocks: list[ContentBlock], *words: str) -> list[ContentBlock]:
    return [block for block in blocks if block.get("type") in words]


class AIMessageChunk(AIMessage, BaseMessageChunk):
    """A piece of what the model says.

    Its `tool_calls` and `invalid_tool_calls` are what `tool_call_chunks` amount to so far.

    Attributes:
        tool_call_chunks: Fragments of tool calls; they are merged by their `index`.
        chunk_position: "last" on the chunk that ends the message.
    """

    type: str = "AIMessageChunk"
    tool_call_chunks: list[ToolCallChunk] = Field(default_factory=_no_fragments)
    chunk_position: Literal["last"] | None = None

    def __init__(
        self,
        content: GivenContent = None,
        *,
        id: str | None = None,
        **fields: Unpack[_AIChunkFields],
    ) -> None:
        # Runs once per token: what `_fill` does, without its two calls.
        if (
            fields
            or type(content) is not str
            or type(self) is not AIMessageChunk
            or (id is not None and type(id) is not str)
        ):
            self._validate(content, id, **fields)
            return
        values: dict[str, Any] = {
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
        if self.tool_call_chunks:
            for fragment in self.tool_call_chunks:
                fragment["type"] = "tool_call_chunk"
            self.tool_calls, self.invalid_tool_calls = parse_fragments(self.tool_call_chunks)
        elif self.tool_calls or self.invalid_tool_calls:
            self._type_calls()
            self.tool_call_chunks = tool_calls_to_fragments(
                self.tool_calls, self.invalid_tool_calls
            )
        elif is_array(raw := self.additional_kwargs.get("tool_calls")):
            self.tool_call_chunks = default_tool_chunk_parser(raw)
            calls, invalid = parse_fragments(self.tool_call_chunks)
            self.tool_calls: list[ToolCall] = calls
            self.invalid_tool_calls: list[InvalidToolCall] = invalid
        return self

    @property
    def content_blocks(self) -> list[ContentBlock]:
        """As of an AIMessage; tool calls are fragments until the chunk that ends the message."""
        if self.chunk_position == "last":
            return super().content_blocks
        blocks = self._blocks_with_reasoning()
        if self.tool_call_chunks:
            # A provider that sends blocks sends the calls twice: as blocks, and as fragments.
            calls = ("tool_call", "tool_call_chunk", "invalid_tool_call")
            blocks = [block for block in blocks if block.get("type") not in calls]
        return [*blocks, *self.tool_call_chunks]

    @classmethod
    def accumulator(cls) -> ChunkAccumulator[Self]:
        return AIChunkAccumulator(cls)


def add_ai_message_chunks(left: AIMessageChunk, *others: AIMessageChunk) -> AIMessageChunk:
    """Add up chunks, as `left + others` does."""
    return left + others


AIChunk = TypeVar("AIChunk", bound=AIMessageChunk, covariant=True)


class AIChunkAccumulator(ChunkAccumulator[AIChunk]):
    """Adds up the chunks of what a model says; fragments of tool calls are read at the end."""

    __slots__ = ("_fragments", "_position", "_usage")

    def __init__(self, cls: type[AIChunk]) -> None:
        super().__init__(cls)
        self._fragments = SequenceNode()
        self._usage: UsageMetadata | None = None
        self._position: Literal["last"] | None = None

    def add(self, chunk: BaseMessageChunk) -> None:
        # Runs once per token and watched step. Most chunks are text and nothing else.
        said = chunk.__dict__
        if (
            self._count
            and type(chunk) is AIMessageChunk
            and type(said["content"]) is str
            and self._content.blocks is None
            and said["id"] == self._id
            and not said["tool_call_chunks"]
            and not said["additional_kwargs"]
            and not said["response_metadata"]
            and said["usage_metadata"] is None
            and said["chunk_position"] is None
            and said["name"] is None
        ):
            self._content.text.append(said["content"])
            self._count += 1
        else:
            super().add(chunk)

    def _take(self, chunk: BaseMessageChunk) -> None:
        super()._take(chunk)
        if not isinstance(chunk, AIMessageChunk):
            return
        if chunk.tool_call_chunks:
            self._fragments.extend(chunk.tool_call_chunks)
        if chunk.usage_metadata is not None:
            self._usage = add_usage(self._usage, chunk.usage_metadata)
        if chunk.chunk_position is not None:
            self._position = chunk.chunk_position

    def _sums(self) -> dict[str, Any]:
        fragments: list[ToolCallChunk] = self._fragments.settled()
        calls, invalid = parse_fragments(fragments)
        sums = super()._sums()
        if self._position == "last" and sums["response_metadata"].get("output_version") == "v1":
            sums["content"] = whole_tool_calls(standard_blocks(sums["content"]))
        return {
            **sums,
            "tool_calls": calls,
            "invalid_tool_calls": invalid,
            "usage_metadata": self._usage,
            "tool_call_chunks": fragments,
            "chunk_position": self._position,
        }
