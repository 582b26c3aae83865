"""Answers whose content is a list of standard blocks: `output_version="v1"`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import Any, TypeVar, cast

from ..messages import AIMessage, AIMessageChunk
from ..messages.standard import standard_blocks, whole_tool_calls
from ..runnables import aclose, close

__all__ = ["ain_version", "in_blocks", "in_version"]

M = TypeVar("M", bound=AIMessage)
Block = dict[str, Any]

# What goes on where it stopped, if nothing says which block it is a piece of.
_GOES_ON = frozenset({"text", "reasoning"})


def in_blocks(message: AIMessage) -> AIMessage:
    """Give the whole message with its content as standard blocks."""
    calls = cast("list[Block]", whole_tool_calls(standard_blocks(message.content)))
    blocks = cast("list[Block]", _with_content(message, calls).content_blocks)
    whole = [{key: value for key, value in b.items() if key != "index"} for b in blocks]
    return _with_content(message, whole)


def in_version(version: str | None, stream: Iterator[AIMessageChunk]) -> Iterator[AIMessageChunk]:
    """Give the chunks with their contents as this version has them; closing it closes the stream.

    Args:
        version: "v1" for standard blocks.
        stream: The chunks of a model.
    """
    return _in_blocks(stream) if version == "v1" else stream


def ain_version(
    version: str | None, stream: AsyncIterator[AIMessageChunk]
) -> AsyncIterator[AIMessageChunk]:
    """Give the chunks as this version has them; see `in_version`."""
    return _ain_blocks(stream) if version == "v1" else stream


def _in_blocks(stream: Iterator[AIMessageChunk]) -> Generator[AIMessageChunk, None, None]:
    blocks = _Blocks()
    try:
        for chunk in stream:
            yield blocks.of(chunk)
    finally:
        close(stream)


async def _ain_blocks(
    stream: AsyncIterator[AIMessageChunk],
) -> AsyncGenerator[AIMessageChunk, None]:
    blocks = _Blocks()
    try:
        async for chunk in stream:
            yield blocks.of(chunk)
    finally:
        await aclose(stream)


def _with_content(message: M, content: list[Block]) -> M:
    about = {**message.response_metadata, "output_version": "v1"}
    return message.model_copy(update={"content": content, "response_metadata": about})


class _Blocks:
    """Counts the blocks of one stream: pieces of the same block get the same running index."""

    __slots__ = ("_count", "_open", "_places")

    def __init__(self) -> None:
        self._count = 0
        self._open = ""  # the kind of the block that goes on, if its pieces have no index
        self._places: dict[tuple[bool, Any], int] = {}

    def of(self, chunk: AIMessageChunk) -> AIMessageChunk:
        """Give the chunk with its content as blocks; what is no chunk is refused elsewhere."""
        if not isinstance(chunk, AIMessageChunk):
            return chunk
        # On the last chunk `content_blocks` reads what came in fragments: here they stay so.
        open_chunk = chunk
        if chunk.chunk_position is not None:
            open_chunk = chunk.model_copy(update={"chunk_position": None})
        blocks = cast("list[Block]", open_chunk.content_blocks)
        calls = len(blocks) - len(chunk.tool_call_chunks)
        return _with_content(
            chunk, [self._placed(b, is_call=i >= calls) for i, b in enumerate(blocks)]
        )

    def _placed(self, block: Block, *, is_call: bool) -> Block:
        kind, given = block["type"], block.get("index")
        if not is_call:
            block = _as_server_fragment(block)
        if given is None:
            goes_on = kind == self._open and kind in _GOES_ON
            place = self._count - 1 if goes_on else self._new()
            self._open = kind
        else:
            # A provider may count its blocks, and the calls of tools apart.
            place = self._places.get((is_call, given), -1)
            if place < 0:
                place = self._places[is_call, given] = self._new()
            self._open = ""
        return {**block, "index": place}

    def _new(self) -> int:
        self._count += 1
        return self._count - 1


def _as_server_fragment(block: Block) -> Block:
    """Give the beginning of a call that the provider runs, and its pieces, so that they add up."""
    if block["type"] == "server_tool_call" and not block.get("args") and "index" in block:
        return {**block, "type": "server_tool_call_chunk", "args": ""}
    if block["type"] == "tool_call_chunk":
        return {**block, "type": "server_tool_call_chunk"}
    return block
