"""What has come of a message, for when the rest does not come, or when the whole is wanted."""

from __future__ import annotations

from contextlib import suppress

from ..errors import MessageError
from ..messages import AIMessageChunk
from ..messages.chunks import ChunkAccumulator
from ..messages.content import Content
from ..runnables import Run

__all__ = ["Heard"]


class Heard:
    """What has come of a message, in case the rest does not come.

    Args:
        run: The run that it comes in, which knows the sum if somebody watches it.

    Attributes:
        text: The latest contents, of chunks that are nothing else; what came before is added up.
    """

    __slots__ = ("_error", "_run", "_sum", "text")

    def __init__(self, run: Run | None = None) -> None:
        self.text: list[Content] = []
        self._run = run if run is not None and run.id is not None else None
        self._sum: ChunkAccumulator[AIMessageChunk] | None = None
        self._error: Exception | None = None

    def add(self, chunk: AIMessageChunk) -> None:
        """Note a chunk."""
        if self._run is not None:
            return
        if self.text:
            self._add_text()
        self._sum = self._sum or AIMessageChunk.accumulator()
        try:
            self._sum.add(chunk)
        except (TypeError, MessageError) as exc:
            # Whoever reads the stream may not want the sum: who asks for it gets the error.
            self._error = self._error or exc

    def total(self) -> AIMessageChunk | None:
        """Give the sum, or None if nothing has come.

        Raises:
            TypeError: The chunks do not add up; or a MessageError.
        """
        if self._run is not None:
            total: AIMessageChunk | None = self._run.output()
            return total
        if self.text:
            self._add_text()
        if self._error is not None:
            raise self._error
        return None if self._sum is None else self._sum.result()

    def sum_or_none(self) -> AIMessageChunk | None:
        """Give the sum; None also if the chunks do not add up."""
        with suppress(TypeError, MessageError):
            return self.total()
        return None

    def _add_text(self) -> None:
        pieces = [*self.text]
        self.text.clear()
        for piece in pieces:
            self.add(AIMessageChunk(piece))
