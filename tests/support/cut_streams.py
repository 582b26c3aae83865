"""Streams that break: what a chat model makes of one that is cut at any of its bytes."""

from __future__ import annotations

from contextlib import aclosing
from typing import TypeAlias

import anyio
import pytest

from levada.chat_models import BaseChatModel
from levada.errors import ConnectionError, ModelError
from levada.messages import AIMessageChunk
from scripted_server import Reply, ScriptedServer

__all__ = ["check_cut_at_any_byte", "cut_at_any_byte"]

Ended: TypeAlias = tuple[list[AIMessageChunk], ModelError | None]

# With "close", nothing in HTTP says that something is missing.
_WAYS = [
    *[("sync", "chunked", 1), ("sync", "close", 7)],
    *[("asyncio", "close", 1), ("trio", "chunked", 7)],
]


def cut_at_any_byte(test: object) -> pytest.MarkDecorator:
    """Run a test for each colour, with `framing` for the reply and `step` from cut to cut."""
    ways = pytest.mark.parametrize(("how", "framing", "step"), _WAYS)
    return pytest.mark.timeout(300)(ways(test))


def check_cut_at_any_byte(
    scripted: ScriptedServer, chat: BaseChatModel, reply: Reply, *, how: str, step: int, says: str
) -> None:
    """Read this reply whole, and cut at every so many bytes: it is an error, or it is whole."""
    cuts = [*range(0, reply.size, step), reply.size]
    scripted.answers(*(reply.cut_at(byte) for byte in cuts))
    longest, error = "", None
    for chunks, error in _read_all(chat, len(cuts), how):
        text = "".join(chunk.text for chunk in chunks)
        assert text.startswith(longest)
        longest = text
        if error is None:
            assert text == says
            assert chunks[-1].chunk_position == "last"
        else:
            assert type(error) is ConnectionError
            assert all(chunk.chunk_position is None for chunk in chunks)
            assert (error.partial.text if chunks else error.partial) == (text if chunks else None)
    assert longest == says
    assert error is None


def _read_all(chat: BaseChatModel, count: int, how: str) -> list[Ended]:
    """Read that many streams, one after the other."""
    if how == "sync":
        return [_read(chat) for _ in range(count)]

    async def main() -> list[Ended]:
        return [await _aread(chat) for _ in range(count)]

    return anyio.run(main, backend=how)


def _read(chat: BaseChatModel) -> Ended:
    chunks: list[AIMessageChunk] = []
    try:
        for chunk in chat.stream("Hi"):
            chunks.append(chunk)
    except ModelError as error:
        return chunks, error
    return chunks, None


async def _aread(chat: BaseChatModel) -> Ended:
    chunks: list[AIMessageChunk] = []
    try:
        async with aclosing(chat.astream("Hi")) as stream:
            async for chunk in stream:
                chunks.append(chunk)
    except ModelError as error:
        return chunks, error
    return chunks, None
