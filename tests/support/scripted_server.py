"""A server on loopback that answers as a test tells it to, byte for byte.

It plays wire transcripts, notes what it was asked and whether the client left, and breaks where a
real server would: it stalls, drops or resets the connection, and cuts an answer at any byte.

    server.answers(Reply(sse(event("message_start", {...}), ...)))
    ...
    assert server.requests[0].json["stream"] is True
"""

from __future__ import annotations

import json
import select
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Literal, Self, TypeAlias

__all__ = ["Received", "Reply", "ScriptedServer", "event", "sse"]

Piece: TypeAlias = bytes | threading.Event
"""Bytes to send at once, or something to wait for until the client leaves."""

_PHRASES = {status.value: status.phrase for status in HTTPStatus}


def event(name: str | None, data: Any) -> bytes:
    """Write one server-sent event; `data` is text as it is, or anything else as JSON."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    head = f"event: {name}\n" if name is not None else ""
    return f"{head}data: {text}\n\n".encode()


@dataclass(frozen=True)
class Reply:
    """One answer of the server.

    Attributes:
        body: What it says, in the pieces in which it is sent.
        status: The HTTP status.
        headers: Headers besides those that say how long the body is.
        framing: How the client knows where the body ends: "length" and "chunked" say so, with
            "close" it is where the connection ends.
        end: After the last piece: "whole" ends the body as its framing says; "drop" closes the
            connection in the middle, "reset" with a TCP reset, "stall" does nothing more until the
            client leaves.
        cut: Send that many bytes, head included, then what `end` says ("whole" counts as "drop").
    """

    body: bytes | Sequence[Piece] = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    framing: Literal["length", "chunked", "close"] = "chunked"
    end: Literal["whole", "drop", "reset", "stall"] = "whole"
    cut: int | None = None

    def wire(self) -> Iterator[Piece]:
        """Give all that goes over the wire, up to the end or the cut."""
        left = self.cut
        for piece in self._uncut():
            if left is not None and isinstance(piece, bytes):
                if left <= 0:
                    return
                piece = piece[:left]
                left -= len(piece)
            yield piece

    @property
    def size(self) -> int:
        """How many bytes go over the wire, head included: the places where it can be cut."""
        return sum(len(piece) for piece in self.wire() if isinstance(piece, bytes))

    @property
    def keeps_open(self) -> bool:
        """Whether the connection can take another request afterwards."""
        return self.cut is None and self.end == "whole" and self.framing != "close"

    def cut_at(self, byte: int, end: Literal["drop", "reset", "stall"] = "drop") -> Reply:
        """Give this reply, cut at that byte."""
        return replace(self, cut=byte, end=end)

    def _uncut(self) -> Iterator[Piece]:
        pieces = [self.body] if isinstance(self.body, bytes) else self.body
        yield self._head(pieces)
        for piece in pieces:
            if isinstance(piece, bytes) and self.framing == "chunked":
                yield b"%x\r\n%b\r\n" % (len(piece), piece)
            else:
                yield piece
        if self.framing == "chunked" and (self.end == "whole" or self.cut is not None):
            yield b"0\r\n\r\n"

    def _head(self, pieces: Sequence[Piece]) -> bytes:
        headers = {"content-type": "application/json", **self.headers}
        if self.framing == "length":
            length = sum(len(piece) for piece in pieces if isinstance(piece, bytes))
            headers["content-length"] = str(length)
        elif self.framing == "chunked":
            headers["transfer-encoding"] = "chunked"
        else:
            headers["connection"] = "close"
        phrase = _PHRASES.get(self.status, "Unknown")
        lines = [f"HTTP/1.1 {self.status} {phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode()


def sse(*pieces: Piece, **how: Any) -> Reply:
    """Give a reply that streams these pieces as server-sent events; `how` is as of Reply."""
    headers = {"content-type": "text/event-stream", **how.pop("headers", {})}
    return Reply(pieces, headers=headers, **how)


@dataclass
class Received:
    """A request that came in.

    Attributes:
        headers: By their names in lower case.
        left: Set when the client has gone before its answer was sent.
        answered: Set when the answer has gone out, as far as the script wanted it to.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    left: threading.Event = field(default_factory=threading.Event)
    answered: threading.Event = field(default_factory=threading.Event)

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


Script: TypeAlias = Reply | Callable[[Received], Reply]


class ScriptedServer:
    """Answers each request with the next reply of its script; see the module.

    Use it in a `with` statement, which closes every connection at its end.

    Attributes:
        url: Where it listens: `http://127.0.0.1:<port>`.
        requests: What has been asked, in the order of arrival.
        connections: How many connections were opened to it.
    """

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self._script: deque[Script] = deque()
        self._always: Script | None = None
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def answers(self, *replies: Script) -> None:
        """Answer the next requests with these, in this order, each once."""
        self._script.extend(replies)

    def always_answers(self, reply: Script) -> None:
        """Answer every request with this when the script has ended."""
        self._always = reply

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        # Shut down and not just closed, which would not wake the threads that wait for it.
        with self._lock:
            everything = [self._listener, *self._open]
        for connection in everything:
            _shut(connection)
        while self._threads:
            self._threads.pop().join()
        self._listener.close()

    def _start(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, name="scripted-server", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as stream:
                while (request := _read_request(stream)) is not None:
                    reply = self._reply_to(request)
                    if not self._send(connection, reply, request):
                        return
        except OSError:
            return
        finally:
            with self._lock:
                self._open.discard(connection)

    def _reply_to(self, request: Received) -> Reply:
        with self._lock:
            self.requests.append(request)
            script = self._script.popleft() if self._script else self._always
        if script is None:
            problem = {"error": f"the script has no reply to {request.method} {request.path}"}
            return Reply(json.dumps(problem).encode(), status=404, framing="close")
        return script if isinstance(script, Reply) else script(request)

    def _send(self, connection: socket.socket, reply: Reply, request: Received) -> bool:
        """Send the reply; say whether the connection can take another request."""
        try:
            for piece in reply.wire():
                if isinstance(piece, bytes):
                    connection.sendall(piece)
                else:
                    _wait(connection, piece)
            if reply.end == "stall":
                _wait(connection, threading.Event())
        except OSError:
            request.left.set()
            return False
        request.answered.set()
        if reply.end == "reset":
            # Closing a socket that does not linger resets the connection.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif not reply.keeps_open:
            _shut(connection)
        return reply.keeps_open


def _read_request(stream: Any) -> Received | None:
    """Read one request; None when the client has closed the connection."""
    first = stream.readline()
    if not first:
        return None
    method, path, _ = first.decode().split(" ", 2)
    headers: dict[str, str] = {}
    while line := stream.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))
    return Received(method, path, headers, body)


def _wait(connection: socket.socket, for_what: threading.Event) -> None:
    """Wait for the event.

    Raises:
        ConnectionError: The client has left instead.
    """
    while not for_what.wait(0.005):
        readable, _, _ = select.select([connection], [], [], 0)
        if readable and not connection.recv(1, socket.MSG_PEEK):
            raise ConnectionError("the client has left")


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # the other side was first
        connection.shutdown(socket.SHUT_RDWR)
