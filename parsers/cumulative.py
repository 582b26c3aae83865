"""Parsers whose value grows while the answer comes, and is given anew whenever it has grown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from ..errors import OutputParserException
from ..messages import BaseMessage
from ..runnables import Run
from .base import BaseTransformOutputParser
from .json_patch import Comparison

__all__ = [
    "NOTHING",
    "BaseCumulativeTransformOutputParser",
    "DiffReader",
    "GrowingList",
    "Pace",
    "Reader",
    "growing",
]

T = TypeVar("T", covariant=True)

NOTHING: Any = object()
"""Stands for "no value": None is one."""


class Reader(ABC, Generic[T]):
    """Reads one answer, chunk by chunk.

    `feed` and `finish` say whether there is a new value to give, and raise `OutputParserException`.
    """

    def __init__(self) -> None:
        self._value: Any = NOTHING

    @abstractmethod
    def feed(self, chunk: BaseMessage | str) -> bool:
        """Read on."""

    @abstractmethod
    def finish(self) -> bool:
        """Read to the end: nothing will follow."""

    def value(self) -> T:
        """Give the value as far as it has come."""
        return growing(self._value)  # type: ignore[no-any-return]  # what takes() was given

    def takes(self, value: Any) -> bool:
        """Make this the value; tell whether it is a new one."""
        if value == self._value:
            return False
        self._value = value
        return True


class BaseCumulativeTransformOutputParser(BaseTransformOutputParser[T], abstract=True):
    """A parser that gives the value so far whenever it has grown.

    An author writes `parse`, or `parse_result(result, *, partial)`, which gets the answer so far at
    every chunk and gives None while there is no value. Reading the whole text at every chunk takes
    time quadratic in its length; an author who minds writes `_reader()` too.

    Attributes:
        diff: Stream JSON patches (RFC 6902) from each value to the next, instead of the values.
    """

    _rereads: ClassVar[bool] = True

    diff: bool = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "_reader" in cls.__dict__:
            cls._rereads = False
        elif cls.__dict__.keys() & {"parse", "parse_result"}:
            cls._rereads = True  # an inherited reader does the work of another `parse`

    def parse_result(self, result: Sequence[BaseMessage], *, partial: bool = False) -> Any:
        try:
            return self.parse(result[0].text)
        except OutputParserException:
            if partial:
                return None
            raise

    def _reader(self) -> Reader[T]:
        """Give what reads one answer."""
        raise NotImplementedError

    def _open(self) -> Reader[Any]:
        reader = _Rereader(self) if self._rereads else self._reader()
        return self._diffs(reader) if self.diff else reader

    def _diffs(self, reader: Reader[T]) -> Reader[Any]:
        return DiffReader(reader)

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


class _Rereader(Reader[T]):
    """Reads the answer so far for every chunk, by `parse_result`."""

    def __init__(self, parser: BaseCumulativeTransformOutputParser[T]) -> None:
        super().__init__()
        self._parser = parser
        self._answer: Any = None

    def feed(self, chunk: BaseMessage | str) -> bool:
        self._answer = chunk if self._answer is None else self._answer + chunk
        value = self._parsed(partial=True)
        return value is not None and self.takes(value)

    def finish(self) -> bool:
        return self.takes(self._parsed(partial=False))

    def _parsed(self, *, partial: bool) -> Any:
        return self._parser.parse_result(
            [self._parser._message(self._answer or "")], partial=partial
        )


class DiffReader(Reader[list[dict[str, Any]]]):
    """Gives the JSON patches between the values of another reader."""

    def __init__(self, reader: Reader[Any]) -> None:
        super().__init__()
        self._reader = reader
        self._previous: Any = None
        self._grown = False
        self._pace = Pace(250)  # keys of objects

    def feed(self, chunk: BaseMessage | str) -> bool:
        self._grown = self._reader.feed(chunk) or self._grown
        return self._pace.due() and self._grown

    def finish(self) -> bool:
        return self._reader.finish() or self._grown

    def value(self) -> list[dict[str, Any]]:
        comparison = Comparison()
        current = self._current()
        patch = list(comparison.operations(self._previous, current))
        self._previous = current
        self._grown = False
        self._pace.spend(comparison.work)
        return patch

    def _current(self) -> Any:
        return self._reader.value()


class Pace:
    """Says when to look again at an answer that grows, if a look takes longer the more there is.

    Every chunk pays for some work, and nobody looks again before the last look is paid for. So as
    long as looks are cheap there is one at every chunk, and all of them together take time linear
    in the length of the answer.

    Args:
        per_chunk: How much work a chunk pays for. A unit is what the caller counts in.
    """

    def __init__(self, per_chunk: int) -> None:
        self._per_chunk = per_chunk
        self._owed = 0

    def due(self, length: int = 0) -> bool:
        """Take note of a chunk of so many characters; tell whether it is time to look."""
        if self._owed > 0:
            self._owed -= self._per_chunk + length // 4  # a long chunk pays more
        return self._owed <= 0

    def spend(self, work: int) -> None:
        """Take note of a look that took so much."""
        self._owed = work


class _Latest:
    """The sum of values that grow, as the kernel adds up a stream: the last one."""

    def __init__(self) -> None:
        self._value: Any = None

    def add(self, value: Any) -> None:
        self._value = value

    def result(self) -> Any:
        return self._value


class GrowingList(list[Any]):
    """A list that replaces those before it in the stream."""

    @classmethod
    def accumulator(cls) -> _Latest:
        """Give what adds up a stream of these."""
        return _Latest()


class _GrowingStr(str):
    __slots__ = ()

    @classmethod
    def accumulator(cls) -> _Latest:
        return _Latest()


_GROWING: dict[Any, Any] = {list: GrowingList, str: _GrowingStr}


def growing(value: Any) -> Any:
    """Mark a value as one that replaces those before it in the stream.

    A step that wants its whole input adds up the chunks: lists and texts would be joined.
    """
    kind = _GROWING.get(type(value))
    return value if kind is None else kind(value)
