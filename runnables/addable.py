"""Dicts that add up key by key, so that streams of them can be merged."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import Any

from ._merge import Sum

__all__ = ["AddableDict", "aadd", "add"]


class AddableDict(dict[str, Any]):
    """A dict whose sum has the keys of both and the sums of their values.

    None yields to any value. Values that cannot be added are a TypeError that names the key.
    """

    def __add__(self, other: dict[str, Any]) -> AddableDict:
        if not isinstance(other, dict):
            return NotImplemented
        return AddableDict(
            {**self, **{key: _added(key, self, value) for key, value in other.items()}}
        )

    def __radd__(self, other: dict[str, Any]) -> AddableDict:
        if not isinstance(other, dict):
            return NotImplemented
        return AddableDict(other) + self

    @classmethod
    def accumulator(cls) -> _Accumulator:
        """Give an empty sum of such dicts, which takes linear time.

        Unlike `+` it keeps the last of values that cannot be added: a branch that streams growing
        objects gives its last one.
        """
        return _Accumulator()


def _added(key: str, left: dict[str, Any], value: Any) -> Any:
    before = left.get(key)
    if before is None:
        return value
    if value is None:
        return before
    try:
        return before + value
    except TypeError as exc:
        raise TypeError(
            f"values of key {key!r} cannot be added: "
            f"{type(before).__name__} and {type(value).__name__}"
        ) from exc


class _Accumulator:
    __slots__ = ("_sums",)

    def __init__(self) -> None:
        self._sums: dict[str, Sum] = {}

    def add(self, chunk: dict[str, Any]) -> None:
        for key, value in chunk.items():
            total = self._sums.get(key)
            if total is None:
                total = self._sums[key] = Sum()
            if value is not None:
                total.add(value)

    def result(self) -> AddableDict:
        return AddableDict({key: total.result() for key, total in self._sums.items()})


def add(addables: Iterable[Any]) -> Any:
    """Sum any number of addable values; None if there are none."""
    total = None
    for value in addables:
        total = value if total is None else total + value
    return total


async def aadd(addables: AsyncIterable[Any]) -> Any:
    """Sum any number of addable values as they come; None if there are none."""
    total = None
    async for value in addables:
        total = value if total is None else total + value
    return total
