"""Server-sent events, however the network cuts them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from levada.chat_models._sse import EventReader, ServerEvent, aread_events, read_events
from levada.runnables import aclose

BODY = (
    b": a comment\n\nevent: start\ndata: 1\n\n"
    b"data:2\r\n\r\nid: 7\rdata: three\rdata: lines\rdata\r\rretry: 9\n\n"
    b"event: lost\n\ndata: \xc3\xa9 \xe2\x80\xa8 not a line end\n\ndata: the end is missing\n"
)
EVENTS = [
    ServerEvent("start", b"1"),
    ServerEvent("", b"2"),
    ServerEvent("", b"three\nlines\n"),
    ServerEvent("", "é \u2028 not a line end".encode()),
]


class Body:
    """A response whose body comes in these pieces."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = iter(pieces)
        self.closed = False

    def iter_bytes(self) -> Iterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        for piece in self.iter_bytes():
            yield piece

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


def test_events_are_the_same_wherever_they_are_cut() -> None:
    for at in range(len(BODY) + 1):
        assert list(read_events(Body(BODY[:at], BODY[at:]))) == EVENTS


def test_events_are_the_same_byte_by_byte() -> None:
    reader = EventReader()
    assert [event for i in range(len(BODY)) for event in reader.feed(BODY[i : i + 1])] == EVENTS


def test_a_line_of_many_pieces_is_put_together_once() -> None:
    pieces = [b"data: ", *[b"x" * 1000] * 1000, b"\n\n"]
    assert [len(event.data) for event in read_events(Body(*pieces))] == [1_000_000]


@pytest.mark.anyio
async def test_the_last_event_ends_the_answer_and_the_rest_is_read_for_the_connection() -> None:
    said = b"data: 1\n\ndata: [DONE]\n\ndata: 2\n\n", b"rest", ValueError("broken")
    for body in (Body(*said), Body(*said)):
        assert list(read_events(body, b"[DONE]")) == [("", b"1")]
        assert body.closed
        assert list(body.pieces) == []
    body = Body(*said)
    assert [event async for event in aread_events(body, b"[DONE]")] == [("", b"1")]
    assert body.closed
    assert list(body.pieces) == []


@pytest.mark.anyio
async def test_an_event_of_this_name_is_the_last_and_is_given() -> None:
    said = b"event: a\ndata: 1\n\nevent: end\ndata: 2\n\nevent: a\ndata: 3\n\n", b"rest"
    body = Body(*said)
    assert list(read_events(body, last_names={"end"})) == [("a", b"1"), ("end", b"2")]
    assert body.closed
    assert list(body.pieces) == []
    body = Body(*said)
    events = [event async for event in aread_events(body, last_names={"end"})]
    assert events == [("a", b"1"), ("end", b"2")]
    assert body.closed
    assert list(body.pieces) == []


@pytest.mark.anyio
async def test_closing_closes_the_response() -> None:
    body = Body(BODY, BODY)
    events = read_events(body)
    next(events)
    events.close()
    assert body.closed
    body = Body(BODY, BODY)
    aevents = aread_events(body)
    await anext(aevents)
    await aclose(aevents)
    assert body.closed
    assert list(body.pieces) == []


@pytest.mark.anyio
async def test_an_error_of_the_connection_comes_out_after_what_was_said_before_it() -> None:
    said = []
    with pytest.raises(OSError, match="reset"):
        for event in read_events(Body(BODY, OSError("reset"))):
            said.append(event)
    assert said == EVENTS
    with pytest.raises(OSError, match="reset"):
        async for event in aread_events(Body(BODY, OSError("reset"))):
            said.append(event)
    assert said == EVENTS * 2
