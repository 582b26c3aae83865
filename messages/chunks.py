"""Pieces of a message that add up to the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, Self, TypeVar

from ..errors import MessageError, shown
from .base import BaseMessage
from .ids import better_id
from .merge import ContentNode, MappingNode

__all__ = ["BaseMessageChunk", "ChunkAccumulator"]


class BaseMessageChunk(BaseMessage):
    """A piece of a message. Chunks add up with `+`; the sum has the class of the left one.

    To add up many, use `accumulator`: its cost is linear, that of repeated `+` is not.
    """

    # A message and something else make a prompt; a chunk and a chunk make a longer chunk.
    def __add__(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, other: BaseMessageChunk | Sequence[BaseMessageChunk]
    ) -> Self:
        others: Sequence[object] = other if isinstance(other, list | tuple) else [other]
        total = self.accumulator()
        total.add(self)
        for chunk in others:
            if not isinstance(chunk, BaseMessageChunk):
                return NotImplemented
            total.add(chunk)
        return total.result()

    @classmethod
    def accumulator(cls) -> ChunkAccumulator[Self]:
        """Start a sum: `add` each chunk, then ask for the `result`."""
        return ChunkAccumulator(cls)


Chunk = TypeVar("Chunk", bound=BaseMessageChunk, covariant=True)


class ChunkAccumulator(Generic[Chunk]):
    """Adds up chunks in linear time; keeps the first of them, and of the others what they say.

    Args:
        cls: What the first chunk, and so the sum, is to be.
        shared: Names of fields that are the same in all chunks of one message.
    """

    __slots__ = (
        "_cls",
        "_content",
        "_count",
        "_first",
        "_id",
        "_kwargs",
        "_metadata",
        "_name",
        "_shared",
    )

    def __init__(self, cls: type[Chunk], shared: tuple[str, ...] = ()) -> None:
        self._cls = cls
        self._shared = shared
        self._first: Chunk | None = None
        self._count = 0
        self._content = ContentNode("")
        self._kwargs = MappingNode({})
        self._metadata = MappingNode({})
        self._name: str | None = None
        self._id: str | None = None

    def add(self, chunk: BaseMessageChunk) -> None:
        """Add one more chunk.

        Raises:
            TypeError: It holds a value that does not add up with an earlier one; names the key.
            MessageError: It is a piece of another message.
        """
        if self._first is None:
            if not isinstance(chunk, self._cls):
                raise MessageError(
                    f"a sum of {self._cls.__name__} cannot begin with {shown(chunk)}. "
                    f"Write {type(chunk).__name__}.accumulator()."
                )
            self._first = chunk
        for field in self._shared:
            _check_shared(field, self._first, chunk)
        self._take(chunk)
        self._count += 1

    def result(self) -> Chunk:
        """Give the sum of all chunks so far.

        Raises:
            MessageError: There are none.
        """
        if self._first is None:
            raise MessageError("there are no chunks to sum up. Call add(chunk) first.")
        if self._count == 1:
            return self._first
        return self._first.model_copy(update=self._sums())

    def _take(self, chunk: BaseMessageChunk) -> None:
        self._content.add(chunk.content)
        if chunk.additional_kwargs:
            self._kwargs.add(chunk.additional_kwargs)
        if chunk.response_metadata:
            self._metadata.add(chunk.response_metadata)
        if self._name is None:
            self._name = chunk.name
        if chunk.id != self._id:
            self._id = better_id(self._id, chunk.id)

    def _sums(self) -> dict[str, Any]:
        return {
            "content": self._content.settled(),
            "additional_kwargs": self._kwargs.settled(),
            "response_metadata": self._metadata.settled(),
            "name": self._name,
            "id": self._id,
        }


def _check_shared(field: str, first: BaseMessageChunk, chunk: BaseMessageChunk) -> None:
    ours, theirs = getattr(first, field), getattr(chunk, field, None)
    if ours != theirs:
        raise MessageError(
            f"these are chunks of different messages: {field} is {shown(ours)} in one and "
            f"{shown(theirs)} in a later one. Add up each message by itself."
        )
