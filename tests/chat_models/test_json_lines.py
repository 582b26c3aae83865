"""JSON lines, however the network cuts them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from levada.chat_models._json_lines import LineReader, aread_lines, read_lines
from levada.runnables import aclose

BODY = b'{"a": 1}\n\n{"b": "\\n \xe2\x80\xa8"}\r\n  \n{"c": 3}'
LINES = [b'{"a": 1}', b'{"b": "\\n \xe2\x80\xa8"}\r', b'{"c": 3}']


class Body:
    """A response whose body comes in these pieces, and which counts those that were read."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.read = 0
        self.closed = False

    def iter_bytes(self) -> Iterator[bytes]:
        for piece in self.pieces:
            self.read += 1
            yield piece

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        for piece in self.iter_bytes():
            yield piece

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


def never() -> bool:
    return False


def test_lines_are_the_same_wherever_they_are_cut() -> None:
    for at in range(len(BODY) + 1):
        assert list(read_lines(Body(BODY[:at], BODY[at:]), never)) == LINES


def test_a_line_of_many_pieces_is_put_together_once() -> None:
    reader = LineReader()
    assert [line for _ in range(1000) for line in reader.feed(b"x" * 1000)] == []
    assert reader.feed(b"\ny") == [b"x" * 1_000_000]
    assert reader.rest() == [b"y"]
    assert reader.rest() == []


def test_after_the_last_line_the_body_is_read_to_its_end() -> None:
    """Then its connection can be used again."""
    body = Body(b"1\n2\n", b"3\n", b"4\n")
    given: list[bytes] = []
    for line in read_lines(body, lambda: given == [b"1", b"2"]):
        given.append(line)
    assert (given, body.read, body.closed) == ([b"1", b"2"], 3, True)


@pytest.mark.anyio
async def test_after_the_last_line_an_async_body_is_read_to_its_end() -> None:
    body = Body(b"1\n2\n", b"3\n", b"4\n")
    given: list[bytes] = []
    async for line in aread_lines(body, lambda: given == [b"1", b"2"]):
        given.append(line)
    assert (given, body.read, body.closed) == ([b"1", b"2"], 3, True)


@pytest.mark.anyio
async def test_async_lines_are_the_same() -> None:
    for at in range(len(BODY) + 1):
        body = Body(BODY[:at], BODY[at:])
        assert [line async for line in aread_lines(body, never)] == LINES
        assert body.closed


def test_leaving_early_closes_the_response() -> None:
    body = Body(b"1\n2\n", b"3\n")
    lines = read_lines(body, never)
    next(lines)
    lines.close()
    assert body.closed


@pytest.mark.anyio
async def test_leaving_early_closes_an_async_response() -> None:
    body = Body(b"1\n2\n", b"3\n")
    lines: Any = aread_lines(body, never)
    await anext(lines)
    await aclose(lines)
    assert body.closed
