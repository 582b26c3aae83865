"""Server-sent events: the answers of most providers while they stream.

A provider's SDK sends the request and checks the status; the body is read here. The SDKs' own
readers make a pydantic object of every token, leave generators open that trio complains about, and
let what is no JSON out as it is. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Generator, Iterator
from contextlib import suppress
from threading import Timer
from typing import Any, NamedTuple, Protocol

import anyio

__all__ = ["EventReader", "ServerEvent", "aclose_body", "aread_events", "drain", "read_events"]

# How long the end of a body is waited for after its last event.
_DRAIN_S = 0.1


class ServerEvent(NamedTuple):
    """One event: its name, if it has one, and its data, which usually is JSON."""

    name: str
    data: bytes


class Response(Protocol):
    """What is used of the response of an HTTP client; httpx and httpx2 have it."""

    def iter_bytes(self) -> Iterator[bytes]: ...

    def aiter_bytes(self) -> AsyncIterator[bytes]: ...

    def close(self) -> None: ...

    async def aclose(self) -> None: ...


def read_events(
    response: Response, last: bytes | None = None, *, last_names: Collection[str] = ()
) -> Generator[ServerEvent, None, None]:
    """Give the events of a response, and close it, also when the generator is closed early.

    Args:
        response: A response whose body has not been read.
        last: The data of the event that says there are no more; it is not given itself.
        last_names: The names of events after which there are no more; these are given.
    """
    reader = EventReader()
    body = response.iter_bytes()
    try:
        for data in body:
            for event in reader.feed(data):
                if event.data != last:
                    yield event
                    if event.name not in last_names:
                        continue
                drain(response, body)
                return
    finally:
        response.close()


async def aread_events(
    response: Response, last: bytes | None = None, *, last_names: Collection[str] = ()
) -> AsyncGenerator[ServerEvent, None]:
    """Give the events of a response, and close it; see `read_events`."""
    reader = EventReader()
    body = response.aiter_bytes()
    finished = False
    try:
        async for data in body:
            for event in reader.feed(data):
                if event.data != last:
                    yield event
                    if event.name not in last_names:
                        continue
                finished = True
                break
            if finished:
                break
    finally:
        await aclose_body(response, body, finished=finished)


async def aclose_body(
    response: Response, body: AsyncIterator[bytes], *, finished: bool = False
) -> None:
    """Close a response whose body is read by `body`, and every generator below that.

    Those cannot be reached from here, and trio warns of each that is left. With the connection
    closed they end by themselves when they are asked for more.

    Args:
        response: The response.
        body: What `aiter_bytes` of it gave.
        finished: Whether all that matters has come: then a moment is waited for the end, so that
            the connection can be used again.
    """
    with anyio.CancelScope(shield=True):
        if finished:
            await _adrain(body)
        await response.aclose()
        await _adrain(body)


# A connection whose answer was read to its end is used again, which saves a handshake. Nothing that
# goes wrong after the last event matters.


def drain(response: Response, body: Iterator[bytes]) -> None:
    """Read the end of a body of which all that matters has come, if it comes in a moment.

    A read that waits cannot be told to stop, so the connection is shut under it.
    """
    stream: Any = getattr(response, "extensions", {}).get("network_stream")
    connection = None if stream is None else stream.get_extra_info("socket")
    watch = Timer(_DRAIN_S, _shut, (connection,))
    watch.daemon = True
    watch.start()
    try:
        with suppress(Exception):
            for _ in body:
                pass
    finally:
        watch.cancel()
        watch.join()


def _shut(connection: socket.socket | None) -> None:
    if connection is not None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


async def _adrain(body: AsyncIterator[bytes]) -> None:
    with anyio.move_on_after(_DRAIN_S), suppress(Exception):
        async for _ in body:
            pass


class EventReader:
    """Puts the pieces of a body together into events, in time linear in their size."""

    __slots__ = ("_data", "_line", "_name")

    def __init__(self) -> None:
        self._line: list[bytes] = []  # the pieces of a line whose end has not come
        self._name = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> Generator[ServerEvent, None, None]:
        """Give the events that end in this piece of the body."""
        if b"\n" not in piece and b"\r" not in piece:
            self._line.append(piece)
            return
        if self._line:
            piece = b"".join((*self._line, piece))
            self._line = []
        lines = piece.splitlines(keepends=True)
        # A CR at the end may be half of a CRLF: what comes next will tell.
        if not lines[-1].endswith(b"\n"):
            self._line.append(lines.pop())
        for line in lines:
            line = line.rstrip(b"\r\n")
            if line:
                self._take(line)
            elif self._data:
                yield self._event()
            else:
                self._name = b""

    def _take(self, line: bytes) -> None:
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
        elif field == b"event":
            self._name = value.removeprefix(b" ")

    def _event(self) -> ServerEvent:
        data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        event = ServerEvent(self._name.decode(errors="replace"), data)
        self._name, self._data = b"", []
        return event
