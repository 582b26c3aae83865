"""Adding up the chunks of a stream, in time linear in their number."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from itertools import groupby
from typing import Any, Protocol, cast

__all__ = ["Accumulator", "Sum", "acollect", "collect"]


class Accumulator(Protocol):
    """What a chunk class returns from its class method `accumulator`."""

    def add(self, chunk: Any, /) -> object: ...

    def result(self) -> Any: ...


class Sum:
    """The sum of the chunks that were given to `add`.

    Sequences are concatenated; classes with an `accumulator` do it themselves; other values are
    added with `+`, and where they cannot be added the last one stays, as LCEL has it. None yields
    to any value. One chunk alone is its own sum.
    """

    # No bound method of its own is among its attributes: it would make each sum a cycle, which only
    # the garbage collector frees, and every run that is watched has a sum. Only one of text has a
    # dict, for its own `add`.
    __slots__ = ("__dict__", "_acc", "_kind", "_only")

    def __init__(self) -> None:
        self._only: Any = None
        self._acc: Accumulator | None = None
        self._kind: type = type(None)

    def add(self, chunk: Any, /) -> object:
        """Take the next chunk."""
        if self._acc is None:
            if self._only is None:
                self._only = chunk
            elif chunk is not None:
                self._begin(self._only)
                self._only = None
                self.add(chunk)
        elif type(chunk) is self._kind:
            self._acc.add(chunk)
        elif chunk is not None:
            self._begin(_plus(self._acc.result(), chunk))
        return None

    def _begin(self, chunk: Any) -> None:
        self._kind = type(chunk)
        self._acc = _accumulator(self._kind)
        self._acc.add(chunk)
        if isinstance(self._acc, _Text):
            # Text may be followed by anything: the list takes it, and sorts it out at the end.
            self.add = self._acc.add  # type: ignore[method-assign]

    @property
    def given(self) -> bool:
        """Whether there was a chunk."""
        return self._acc is not None or self._only is not None

    def result(self) -> Any:
        """Give the sum so far; None if there was no chunk."""
        return self._only if self._acc is None else self._acc.result()


def _accumulator(kind: Any) -> Accumulator:
    if hasattr(kind, "accumulator"):
        return cast(Accumulator, kind.accumulator())
    if issubclass(kind, str):
        return _Text()  # pyright: ignore[reportReturnType]  # it takes the slot for a method
    if kind is bytes or kind is list or kind is tuple:
        return _Sequence(kind)
    return _Plus()


class _Text:
    """Pieces of text; what is not text is added at the end."""

    __slots__ = ("_pieces", "add")

    def __init__(self) -> None:
        self._pieces: list[Any] = []
        self.add: Callable[[Any], object] = self._pieces.append

    def result(self) -> Any:
        try:
            total: Any = "".join(self._pieces)
        except TypeError:
            total = _of_many_kinds(self._pieces)
        self._pieces[:] = [total]
        return total


class _Sequence:
    """Pieces of one built-in sequence type."""

    __slots__ = ("_items", "_kind")

    def __init__(self, kind: type[bytes] | type[list[Any]] | type[tuple[Any, ...]]) -> None:
        self._kind = kind
        self._items: Any = bytearray() if kind is bytes else []

    def add(self, chunk: Any) -> None:
        self._items += chunk

    def result(self) -> Any:
        return self._kind(self._items)


class _Plus:
    """Values of any other type, by `+`."""

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


def _of_many_kinds(pieces: list[Any]) -> Any:
    """Add up pieces of which some are text, joining those that stand together."""
    total: Any = None
    for is_text, group in groupby(pieces, lambda piece: isinstance(piece, str)):
        for piece in ("".join(group),) if is_text else group:
            if piece is not None:
                total = piece if total is None else _plus(total, piece)
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
