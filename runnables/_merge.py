"""Adding up the chunks of a stream, in time linear in their number."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Protocol, cast

__all__ = ["Accumulator", "Sum", "acollect", "collect"]


class Accumulator(Protocol):
    """What a chunk class returns from its class method `accumulator`."""

    def add(self, chunk: Any, /) -> object: ...

    def result(self) -> Any: ...


class Sum:
    """The sum of the chunks that were given to `add`.

    Strings and lists are concatenated; classes with an `accumulator` do it themselves; other values
    are added with `+`, and where they cannot be added the last one stays, as LCEL has it. `add` is
    an
    attribute: after the first chunk it is whatever takes the next one fastest.
    """

    __slots__ = ("_acc", "add")

    add: Callable[[Any], object]

    def __init__(self) -> None:
        self._acc: Accumulator | None = None
        self.add = self._first

    def _first(self, chunk: Any) -> None:
        acc: Accumulator
        kind = type(chunk)
        if kind is str:
            acc = _Text()
        elif kind is list:
            acc = _List()
        elif hasattr(kind, "accumulator"):
            acc = cast(Accumulator, kind.accumulator())
        else:
            acc = _Plus()
        self._acc = acc
        acc.add(chunk)
        self.add = acc.add

    def result(self) -> Any:
        """Give the sum so far; None if there was no chunk."""
        return None if self._acc is None else self._acc.result()


class _Text:
    __slots__ = ("_pieces", "add")

    def __init__(self) -> None:
        self._pieces: list[Any] = []
        self.add: Callable[[Any], object] = self._pieces.append

    def result(self) -> Any:
        try:
            text = "".join(self._pieces)
        except TypeError:  # not all of them were strings
            return _folded(self._pieces)
        self._pieces[:] = [text]
        return text


class _List:
    __slots__ = ("_others", "_value")

    def __init__(self) -> None:
        self._value: list[Any] = []
        self._others: list[Any] = []

    def add(self, chunk: Any) -> None:
        if type(chunk) is list and not self._others:
            self._value.extend(chunk)
        else:
            self._others.append(chunk)

    def result(self) -> Any:
        return _folded([list(self._value), *self._others])


class _Plus:
    __slots__ = ("_value",)

    def __init__(self) -> None:
        self._value: Any = None

    def add(self, chunk: Any) -> None:
        self._value = chunk if self._value is None else _plus(self._value, chunk)

    def result(self) -> Any:
        return self._value


def _plus(left: Any, right: Any) -> Any:
    try:
        return left + right
    except TypeError:
        return right


def _folded(values: list[Any]) -> Any:
    total = values[0]
    for value in values[1:]:
        total = _plus(total, value)
    return total


def collect(chunks: Iterator[Any]) -> Any:
    """Take a whole stream and give the sum of its chunks."""
    total = Sum()
    for chunk in chunks:
        total.add(chunk)
    return total.result()


async def acollect(chunks: AsyncIterator[Any]) -> Any:
    """Take a whole stream and give the sum of its chunks."""
    total = Sum()
    async for chunk in chunks:
        total.add(chunk)
    return total.result()
