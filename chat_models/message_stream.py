"""One call of a model, as an object: its text, reasoning and tool calls while they come.

    message = model.stream_message("Write a song about the moon")
    for piece in message.text:
        print(piece, end="", flush=True)
    print(message.usage)

The parts are read in any order, several at once too. Whoever reads asks the model for more; what a
part has given is kept once, as the message itself, and not once more for each reader.
"""

from __future__ import annotations

import threading
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterator,
)
from typing import Any, Generic, Literal, Protocol, Self, TypeVar
from weakref import WeakKeyDictionary

import anyio

from ..errors import ModelError
from ..messages import (
    AIMessage,
    AIMessageChunk,
    ToolCall,
    ToolCallChunk,
    UsageMetadata,
    message_chunk_to_message,
)
from ..runnables import aclose

__all__ = ["AsyncMessageStream", "AsyncPart", "MessageStream", "Part"]

Delta = TypeVar("Delta")
Delta_co = TypeVar("Delta_co", covariant=True)
Whole = TypeVar("Whole")
Whole_co = TypeVar("Whole_co", covariant=True)

# A reader gets at most this many pieces one by one that came while others read; else their sum.
PIECES_KEPT = 1024


class Part(Protocol[Delta_co, Whole_co]):
    """One part of a message: an iterable of its pieces, which also gives its whole.

    Each reader gets all pieces from the beginning on; those that have come before it may be joined.
    """

    def __iter__(self) -> Iterator[Delta_co]: ...

    @property
    def whole(self) -> Callable[[], Whole_co]:
        """Waits for the end of the message when it is called, and gives all of this part."""
        ...


class AsyncPart(Protocol[Delta_co, Whole_co]):
    """One part of a message that comes asynchronously; see `Part`."""

    def __aiter__(self) -> AsyncIterator[Delta_co]: ...

    @property
    def whole(self) -> Callable[[], Awaitable[Whole_co]]:
        """Waits for the end of the message when it is called, and gives all of this part."""
        ...


class _Pieces(Generic[Delta]):
    """The pieces of one part, and how far each reader is.

    Attributes:
        of: Gives the pieces in a chunk.
    """

    def __init__(
        self,
        of: Callable[[AIMessageChunk], list[Delta]],
        join: Callable[[list[Delta]], list[Delta]],
    ) -> None:
        self.of = of
        self._join = join
        self._pieces: list[Delta] = []
        self._readers: WeakKeyDictionary[object, int] = WeakKeyDictionary()

    def add(self, chunk: AIMessageChunk) -> None:
        self._pieces += self.of(chunk)
        if len(self._pieces) >= 2 * PIECES_KEPT:
            self._compact()

    def open(self, reader: object) -> None:
        self._readers[reader] = 0

    def waits_for(self, reader: object) -> bool:
        """Say whether a piece has come that this reader has not had."""
        return self._readers[reader] < len(self._pieces)

    def next(self, reader: object) -> list[Delta]:
        """The next piece for a reader, in a list; an empty one if it has not come yet."""
        at = self._readers[reader]
        if at == len(self._pieces):
            return []
        self._readers[reader] = at + 1
        return [self._pieces[at]]

    def _compact(self) -> None:
        """Join what all readers have had, and what some are far behind with."""
        places = dict(self._readers.items())
        edges = sorted({0, *places.values(), len(self._pieces)})
        joined: list[Delta] = []
        moved: dict[int, int] = {}
        for start, end in zip(edges, [*edges[1:], edges[-1]], strict=True):
            moved[start] = len(joined)
            joined += self._join(self._pieces[start:end])
        self._pieces = joined
        for reader, at in places.items():
            self._readers[reader] = moved[at]


def _joined_text(pieces: list[str]) -> list[str]:
    return ["".join(pieces)] if pieces else []


def _joined_calls(pieces: list[ToolCallChunk]) -> list[ToolCallChunk]:
    if not pieces:
        return []
    total = AIMessageChunk.accumulator()
    for piece in pieces:
        total.add(AIMessageChunk(content="", tool_call_chunks=[piece]))
    return total.result().tool_call_chunks


def _text_in(chunk: AIMessageChunk) -> list[str]:
    return [text] if (text := chunk.text) else []


def _reasoning_in(chunk: AIMessageChunk) -> list[str]:
    if isinstance(chunk.content, str) and not chunk.additional_kwargs:
        return []  # most chunks: nothing to look for
    texts = (b.get("reasoning") for b in chunk.content_blocks if b.get("type") == "reasoning")
    return [text for text in texts if isinstance(text, str) and text]


def _calls_in(chunk: AIMessageChunk) -> list[ToolCallChunk]:
    return list(chunk.tool_call_chunks)


class _Received:
    """What has come of the message so far."""

    def __init__(self) -> None:
        self.text = _Pieces(_text_in, _joined_text)
        self.reasoning = _Pieces(_reasoning_in, _joined_text)
        self.tool_calls = _Pieces(_calls_in, _joined_calls)
        self._total = AIMessageChunk.accumulator()
        self._whole: AIMessage | None = None
        self.error: BaseException | None = None
        self.ended = False

    def add(self, message: AIMessage) -> None:
        # A model that cannot stream gives one whole message.
        chunk = message if isinstance(message, AIMessageChunk) else _as_chunk(message)
        self._whole = message if chunk is not message else None
        self._total.add(chunk)
        for pieces in (self.text, self.reasoning, self.tool_calls):
            pieces.add(chunk)

    def output(self) -> AIMessage:
        if self._whole is None:
            self._whole = message_chunk_to_message(self._total.result())
        return self._whole

    def all_reasoning(self) -> str:
        return "".join(_reasoning_in(self._total.result()))

    def add_next(self, message: AIMessage | None, error: BaseException | None) -> None:
        if message is None:
            self.stop(error)
        else:
            self.add(message)

    def no_more(self) -> Literal[False]:
        if self.error is not None:
            raise self.error
        return False

    def stop(self, error: BaseException | None) -> None:
        self.ended = True
        self.error = error


def _as_chunk(message: AIMessage) -> AIMessageChunk:
    return AIMessageChunk(**message.model_dump(exclude={"type"}), chunk_position="last")


_CLOSED = (
    "the stream of the message was closed before its end; read what you need before closing it"
)
_CANCELLED = "a reader was cancelled while it waited for the model, which ended the stream"


class MessageStream:
    """A message while a model makes it; see `BaseChatModel.stream_message`.

    Reading a part asks the model for more, so an unread message costs nothing. Several threads may
    read. Closing, or leaving `with`, stops the model.
    """

    def __init__(self, chunks: Generator[AIMessage, None, None]) -> None:
        self._chunks = chunks
        self._received = _Received()
        self._changed = threading.Condition()
        self._pulling = False

    @property
    def text(self) -> Part[str, str]:
        """The text: its pieces as they come, and the whole."""
        return _Part(self, self._received.text, lambda: self.output.text)

    @property
    def reasoning(self) -> Part[str, str]:
        """What the model says of its thoughts: its pieces as they come, and the whole."""
        return _Part(self, self._received.reasoning, self._all_reasoning)

    @property
    def tool_calls(self) -> Part[ToolCallChunk, list[ToolCall]]:
        """The tool calls: fragments of their arguments as they come, and the whole calls."""
        return _Part(self, self._received.tool_calls, lambda: self.output.tool_calls)

    @property
    def output(self) -> AIMessage:
        """The whole message; waits for its end."""
        while self.pull():
            pass
        return self._received.output()

    @property
    def usage(self) -> UsageMetadata | None:
        """How many tokens it took, if the provider says so; waits for the end."""
        return self.output.usage_metadata

    def close(self) -> None:
        """Stop the model, unless the message has ended. What was not read cannot be read then."""
        with self._changed:
            self._changed.wait_for(lambda: not self._pulling)
            if not self._received.ended:
                self._received.stop(ModelError(_CLOSED))
                self._chunks.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _all_reasoning(self) -> str:
        _ = self.output
        return self._received.all_reasoning()

    def admit(self, pieces: _Pieces[Any], reader: object) -> None:
        """Let a reader begin."""
        with self._changed:
            pieces.open(reader)

    def take(self, pieces: _Pieces[Delta], reader: object) -> list[Delta]:
        """Give the next piece for a reader, if it has come."""
        with self._changed:
            return pieces.next(reader)

    def pull(self, has_come: Callable[[], bool] = lambda: False) -> bool:
        """Take one more chunk from the model, or wait for the reader that does; whether one came.

        Args:
            has_come: Whether what the reader lacks has come since it looked, for another thread.

        Raises:
            Exception: What the stream ended with.
        """
        with self._changed:
            if has_come():
                return True
            if self._pulling:
                self._changed.wait_for(lambda: not self._pulling)
                return True
            if self._received.ended:
                return self._received.no_more()
            self._pulling = True
        chunk: AIMessage | None = None
        error: BaseException | None = None
        try:
            chunk = next(self._chunks, None)
        except BaseException as exc:
            error = exc
            raise
        finally:
            with self._changed:
                self._received.add_next(chunk, error)
                self._pulling = False
                self._changed.notify_all()
        return chunk is not None


class _Part(Generic[Delta, Whole]):
    def __init__(
        self, stream: MessageStream, pieces: _Pieces[Delta], whole: Callable[[], Whole]
    ) -> None:
        self._stream = stream
        self._pieces = pieces
        self.whole = whole

    def __iter__(self) -> Iterator[Delta]:
        return _Reader(self._stream, self._pieces)


class _Reader(Iterator[Delta]):
    def __init__(self, stream: MessageStream, pieces: _Pieces[Delta]) -> None:
        self._stream = stream
        self._pieces = pieces
        stream.admit(pieces, self)

    def __next__(self) -> Delta:
        while not (piece := self._stream.take(self._pieces, self)):
            if not self._stream.pull(lambda: self._pieces.waits_for(self)):
                raise StopIteration
        return piece[0]


class AsyncMessageStream:
    """A message while a model makes it; see `BaseChatModel.astream_message`.

    Several tasks may read. A reader that is cancelled while it waits for the model ends the stream,
    and the others raise. Closing, or leaving `async with`, stops the model.
    """

    def __init__(self, chunks: AsyncGenerator[AIMessage, None]) -> None:
        self._chunks = chunks
        self._received = _Received()
        self._pulled: anyio.Event | None = None  # there while a task waits for the model

    @property
    def text(self) -> AsyncPart[str, str]:
        """The text: its pieces as they come, and the whole."""

        async def whole() -> str:
            return (await self.output).text

        return _AsyncPart(self, self._received.text, whole)

    @property
    def reasoning(self) -> AsyncPart[str, str]:
        """What the model says of its thoughts: its pieces as they come, and the whole."""

        async def whole() -> str:
            await self.output
            return self._received.all_reasoning()

        return _AsyncPart(self, self._received.reasoning, whole)

    @property
    def tool_calls(self) -> AsyncPart[ToolCallChunk, list[ToolCall]]:
        """The tool calls: fragments of their arguments as they come, and the whole calls."""

        async def whole() -> list[ToolCall]:
            return (await self.output).tool_calls

        return _AsyncPart(self, self._received.tool_calls, whole)

    @property
    def output(self) -> Awaitable[AIMessage]:
        """The whole message, to be awaited: `await message.output`."""
        return _Later(self._output)

    @property
    def usage(self) -> Awaitable[UsageMetadata | None]:
        """How many tokens it took, if the provider says so, to be awaited."""

        async def usage() -> UsageMetadata | None:
            return (await self.output).usage_metadata

        return _Later(usage)

    async def aclose(self) -> None:
        """Stop the model, unless the message has ended. What was not read cannot be read then."""
        while self._pulled is not None:
            await self._pulled.wait()
        if not self._received.ended:
            self._received.stop(ModelError(_CLOSED))
            await aclose(self._chunks)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def _output(self) -> AIMessage:
        while await self.pull():
            pass
        return self._received.output()

    async def pull(self) -> bool:
        """Take one more chunk from the model, or wait for the reader that does; whether one came.

        Raises:
            Exception: What the stream ended with.
        """
        if self._pulled is not None:
            await self._pulled.wait()
            return True
        if self._received.ended:
            return self._received.no_more()
        self._pulled = pulled = anyio.Event()
        chunk: AIMessage | None = None
        error: BaseException | None = None
        try:
            chunk = await anext(self._chunks, None)
        except BaseException as exc:
            error = exc if isinstance(exc, Exception) else ModelError(_CANCELLED)
            raise
        finally:
            self._received.add_next(chunk, error)
            self._pulled = None
            pulled.set()
        return chunk is not None


class _AsyncPart(Generic[Delta, Whole]):
    def __init__(
        self,
        stream: AsyncMessageStream,
        pieces: _Pieces[Delta],
        whole: Callable[[], Coroutine[Any, Any, Whole]],
    ) -> None:
        self._stream = stream
        self._pieces = pieces
        self.whole = whole

    def __aiter__(self) -> AsyncIterator[Delta]:
        return _AsyncReader(self._stream, self._pieces)


class _AsyncReader(AsyncIterator[Delta]):
    # No generator: it may be left before its end, and there is nothing to close.

    def __init__(self, stream: AsyncMessageStream, pieces: _Pieces[Delta]) -> None:
        self._stream = stream
        self._pieces = pieces
        pieces.open(self)

    async def __anext__(self) -> Delta:
        while not (piece := self._pieces.next(self)):
            if not await self._stream.pull():
                raise StopAsyncIteration
        return piece[0]


class _Later(Generic[Whole]):
    """What can be awaited, and is no matter if it is not."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, Whole]]) -> None:
        self._make = make

    def __await__(self) -> Generator[Any, None, Whole]:
        return self._make().__await__()
