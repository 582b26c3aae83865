"""The scripted server itself, asked over plain sockets: what the wire tests rely on."""

from __future__ import annotations

import http.client
import socket
import threading
from urllib.parse import urlsplit

import pytest

from scripted_server import Reply, ScriptedServer, event, sse

ASK = b"POST /v1/messages?beta=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n" + b'{"n": 1}'


def connect(server: ScriptedServer) -> socket.socket:
    url = urlsplit(server.url)
    connection = socket.create_connection((url.hostname, url.port), timeout=10)
    connection.sendall(ASK)
    return connection


def said(server: ScriptedServer) -> bytes:
    """Give all that comes until the server closes the connection."""
    with connect(server) as connection:
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_it_answers_in_order_on_one_connection_and_notes_what_was_asked(
    scripted: ScriptedServer,
) -> None:
    scripted.answers(Reply(b"one", framing="length"), lambda asked: Reply(asked.path.encode()))
    scripted.always_answers(Reply(b"always", status=429, headers={"retry-after": "7"}))
    url = urlsplit(scripted.url)
    client = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)
    answers = []
    for n in range(4):
        client.request("POST", f"/{n}", body=f'{{"n": {n}}}', headers={"X-N": str(n)})
        response = client.getresponse()
        answers.append((response.status, response.read(), response.headers["retry-after"]))
    client.close()
    assert answers == [(200, b"one", None), (200, b"/1", None), *[(429, b"always", "7")] * 2]
    assert [request.json["n"] for request in scripted.requests] == [0, 1, 2, 3]
    assert [request.headers["x-n"] for request in scripted.requests] == ["0", "1", "2", "3"]
    assert scripted.connections == 1


def test_a_request_that_the_script_does_not_expect_is_told_so(scripted: ScriptedServer) -> None:
    assert b"no reply to POST /v1/messages?beta=1" in said(scripted)


def test_an_event_stream_is_written_as_it_is(scripted: ScriptedServer) -> None:
    scripted.answers(sse(event("ping", {"a": "é"}), event(None, "[DONE]"), framing="close"))
    _, _, body = said(scripted).partition(b"\r\n\r\n")
    assert body.decode() == 'event: ping\ndata: {"a": "é"}\n\ndata: [DONE]\n\n'


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_an_answer_can_be_cut_at_every_byte(scripted: ScriptedServer, framing: str) -> None:
    reply = Reply([b"one", b"two"], framing=framing)  # type: ignore[arg-type]
    whole = b"".join(piece for piece in reply.wire() if isinstance(piece, bytes))
    assert reply.size == len(whole)
    for n in range(len(whole) + 1):
        scripted.answers(reply.cut_at(n))
        assert said(scripted) == whole[:n]


def test_a_connection_can_be_reset(scripted: ScriptedServer) -> None:
    scripted.answers(Reply(b"one", end="reset"))
    with pytest.raises(ConnectionResetError):
        said(scripted)


def test_an_answer_waits_until_it_may_go_on(scripted: ScriptedServer) -> None:
    gate = threading.Event()
    scripted.answers(Reply([b"one", gate, b"two"], framing="close"))
    with connect(scripted) as connection:
        came = connection.recv(65536)
        while not came.endswith(b"one"):
            came += connection.recv(65536)
        assert not scripted.requests[0].answered.is_set()
        gate.set()
        assert connection.recv(65536) == b"two"
    assert scripted.requests[0].answered.wait(10)


@pytest.mark.parametrize("end", ["stall", "whole"])
def test_it_sees_that_the_client_leaves(scripted: ScriptedServer, end: str) -> None:
    scripted.answers(Reply([b"one", threading.Event()], end=end))  # type: ignore[arg-type]
    with connect(scripted) as connection:
        connection.recv(65536)
        assert not scripted.requests[0].left.is_set()
    assert scripted.requests[0].left.wait(10)


def test_it_closes_what_is_open_when_it_ends() -> None:
    with ScriptedServer() as server:
        server.answers(Reply(b"one", end="stall"))
        with connect(server) as connection:
            connection.recv(65536)
            server.__exit__()
            while connection.recv(65536):
                pass
