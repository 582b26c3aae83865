"""Parsers whose value grows while the answer comes, and is given anew whenever it has grown."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any, Generic, Protocol, TypeVar

from ..messages import BaseMessage
from ..runnables import Run
from .base import BaseTransformOutputParser, message_of
from .json_patch import make_patch

__all__ = ["NOTHING", "BaseCumulativeTransformOutputParser", "Reader", "growing"]

T = TypeVar("T", covariant=True)

NOTHING: Any = object()
"""Stands for "no value yet": None is a value."""


class Reader(Protocol[T]):
    """Reads one answer, chunk by chunk. Its errors are `OutputParserException`."""

    @abstractmethod
    def feed(self, chunk: BaseMessage | str) -> bool:
        """Read on; tell whether there is a new value to give."""

    @abstractmethod
    def finish(self) -> bool:
        """Read to the end, as no chunk will follow; tell whether there is a new value to give."""

    @abstractmethod
    def value(self) -> T:
        """Give the value as far as it has come."""


class BaseCumulativeTransformOutputParser(BaseTransformOutputParser[T], abstract=True):
    """A parser that gives the value so far whenever it has grown.

    An author writes `parse_result(result, *, partial)`, which gets the answer so far at every chunk and
    gives None while there is no value. As reading the whole text at every chunk takes time quadratic
    in its length, an author may write `_reader()` instead.

    Attributes:
        diff: Stream JSON patches (RFC 6902) from each value to the next, instead of the values.
    """

    diff: bool = False

    def _reader(self) -> Reader[T]:
        """Give what reads one answer."""
        return _Rereader(self)

    def _open(self) -> Reader[Any]:
        return _DiffReader(self._reader()) if self.diff else self._reader()

    def _transform(self, chunks: Iterator[BaseMessage | str], run: Run) -> Iterator[T]:
        reader = self._open()
        for chunk in chunks:
            if reader.feed(chunk):
                yield reader.value()
        if reader.finish():
            yield reader.value()

    async def _atransform(
        self, chunks: AsyncIterator[BaseMessage | str], run: Run
    ) -> AsyncGenerator[T, None]:
        reader = self._open()
        async for chunk in chunks:
            if reader.feed(chunk):
                yield reader.value()
        if reader.finish():
            yield reader.value()


class _Rereader(Generic[T]):
    """Reads the answer so far for every chunk, by `parse_result`."""

    def __init__(self, parser: BaseCumulativeTransformOutputParser[T]) -> None:
        self._parser = parser
        self._answer: Any = ""
        self._value: Any = NOTHING

    def feed(self, chunk: BaseMessage | str) -> bool:
        self._answer = self._answer + chunk if self._answer else chunk
        return self._grows(self._parser.parse_result([message_of(self._answer)], partial=True))

    def finish(self) -> bool:
        return self._grows(self._parser.parse_result([message_of(self._answer)]))

    def _grows(self, value: Any) -> bool:
        if value is None or value == self._value:
            return False
        self._value = value
        return True

    def value(self) -> T:
        return growing(self._value)  # type: ignore[no-any-return]


class _DiffReader:
    """Gives the JSON patches between the values of another reader."""

    def __init__(self, reader: Reader[Any]) -> None:
        self.feed = reader.feed
        self.finish = reader.finish
        self._current = reader.value
        self._previous: Any = None

    def value(self) -> list[dict[str, Any]]:
        previous, self._previous = self._previous, self._current()
        return make_patch(previous, self._previous)


class _Latest:
    """The "sum" of values that grow: the last one; see `_merge.Accumulator`."""

    def __init__(self) -> None:
        self._value: Any = None

    def add(self, value: Any) -> None:
        self._value = value

    def result(self) -> Any:
        return self._value


class _GrowingList(list[Any]):
    @classmethod
    def accumulator(cls) -> _Latest:
        return _Latest()


class _GrowingStr(str):
    __slots__ = ()

    @classmethod
    def accumulator(cls) -> _Latest:
        return _Latest()


def growing(value: Any) -> Any:
    """Mark a value of a stream as one that replaces those before it.

    A step that wants its whole input adds up the chunks. Lists and texts would be joined.
    """
    if type(value) is list:
        return _GrowingList(value)
    return _GrowingStr(value) if type(value) is str else value
