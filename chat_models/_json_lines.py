"""JSON lines (NDJSON): an answer that streams as one JSON document a line, as Ollama's do."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator

from ._sse import Response, aclose_body, drain

__all__ = ["LineReader", "aread_lines", "read_lines"]


def read_lines(response: Response, ended: Callable[[], bool]) -> Generator[bytes, None, None]:
    """Give the lines of a response, and close it, also when the generator is closed early.

    Args:
        response: A response whose body has not been read.
        ended: Whether the line that was given last is the last one that matters.
    """
    reader = LineReader()
    body = response.iter_bytes()
    try:
        for data in body:
            for line in reader.feed(data):
                yield line
                if ended():
                    drain(response, body)
                    return
        yield from reader.rest()
    finally:
        response.close()


async def aread_lines(response: Response, ended: Callable[[], bool]) -> AsyncGenerator[bytes, None]:
    """Give the lines of a response, and close it; see `read_lines`."""
    reader = LineReader()
    body = response.aiter_bytes()
    finished = False
    try:
        async for data in body:
            for line in reader.feed(data):
                yield line
                finished = ended()
                if finished:
                    break
            if finished:
                break
        else:
            for line in reader.rest():
                yield line
    finally:
        await aclose_body(response, body, finished=finished)


class LineReader:
    """Puts the pieces of a body together into lines, in time linear in their size."""

    __slots__ = ("_begun",)

    def __init__(self) -> None:
        self._begun: list[bytes] = []  # the pieces of a line whose end has not come

    def feed(self, piece: bytes) -> list[bytes]:
        """Give the lines that end in this piece of the body; empty ones are left out."""
        *lines, begun = piece.split(b"\n")
        if lines and self._begun:
            lines[0] = b"".join((*self._begun, lines[0]))
            self._begun = []
        if begun:
            self._begun.append(begun)
        return [line for line in lines if line.strip()]

    def rest(self) -> list[bytes]:
        """Give what came after the last end of a line, if anything."""
        line = b"".join(self._begun)
        self._begun = []
        return [line] if line.strip() else []
