"""Pieces of a message that add up to the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from typing_extensions import Self

from ..errors import MessageError, shown
from .base import BaseMessage
from .merge import ContentNode, MappingNode

__all__ = ["LC_AUTO_PREFIX", "LC_ID_PREFIX", "BaseMessageChunk", "ChunkAccumulator"]

LC_AUTO_PREFIX = "lc_"
"""How an id begins that was made up because there was none."""

LC_ID_PREFIX = "run-"
"""How an id begins that was made from the id of the run which produced the message."""


class BaseMessageChunk(BaseMessage):
    """A piece of a message. Chunks add up with `+`; the sum has the class of the left one.

    To add up many, use `accumulator`: its cost is linear, that of repeated `+` is not.
    """

    # Fields that two chunks of the same message have in common.
    _shared: ClassVar[tuple[str, ...]] = ()

    def __add__(self, other: BaseMessageChunk | Sequence[BaseMessageChunk]) -> Self:
        chunks = other if isinstance(other, list | tuple) else (other,)
        sum_ = type(self).accumulator()
        sum_.add(self)
        for chunk in chunks:
            if not isinstance(chunk, BaseMessageChunk):
                return NotImplemented
            sum_.add(chunk)
        return sum_.result()

    @classmethod
    def accumulator(cls) -> ChunkAccumulator[Self]:
        """Start a sum of chunks: `add` each, then ask for the `result`."""
        return ChunkAccumulator[Self]()


Chunk = TypeVar("Chunk", bound=BaseMessageChunk)


class ChunkAccumulator(Generic[Chunk]):
    """Adds up chunks in linear time, keeping what they say and not the chunks."""

    __slots__ = ("_content", "_count", "_first", "_id", "_kwargs", "_metadata", "_name")

    def __init__(self) -> None:
        self._first: Chunk | None = None
        self._count = 0

    def add(self, chunk: Chunk) -> None:
        """Add one more chunk.

        Raises:
            TypeError: The chunk holds a value that cannot be merged with an earlier one; names the key.
            MessageError: The chunk is a piece of another message.
        """
        self._count += 1
        if self._first is None:
            self._first = chunk
            self._begin(chunk)
        else:
            self._continue(self._first, chunk)

    def result(self) -> Chunk:
        """Give the sum of all chunks so far.

        Raises:
            MessageError: Nothing was added.
        """
        if self._first is None:
            raise MessageError("there is no chunk to sum up; call add(chunk) first")
        if self._count == 1:
            return self._first
        return self._first.model_copy(update=self._sums())

    def _begin(self, chunk: Chunk) -> None:
        self._content = ContentNode(chunk.content)
        self._kwargs = MappingNode(chunk.additional_kwargs)
        self._metadata = MappingNode(chunk.response_metadata)
        self._name = chunk.name
        self._id = chunk.id

    def _continue(self, first: Chunk, chunk: BaseMessageChunk) -> None:
        for field in first._shared:  # pyright: ignore[reportPrivateUsage]
            if getattr(chunk, field, None) != getattr(first, field):
                raise MessageError(
                    f"these chunks are pieces of different messages: {field} is "
                    f"{shown(getattr(first, field))} in one and "
                    f"{shown(getattr(chunk, field, None))} in a later one. Add each message's own."
                )
        self._content.add(chunk.content)
        self._kwargs.add(chunk.additional_kwargs)
        self._metadata.add(chunk.response_metadata)
        self._name = self._name if self._name is not None else chunk.name
        if chunk.id != self._id:
            self._id = _better_id(self._id, chunk.id)

    def _sums(self) -> dict[str, Any]:
        return {
            "content": self._content.settled(),
            "additional_kwargs": self._kwargs.settled(),
            "response_metadata": self._metadata.settled(),
            "name": self._name,
            "id": self._id,
        }


def _better_id(left: str | None, right: str | None) -> str | None:
    """Give the left id, unless only the right one is there or is the provider's own."""
    if left is None or (right is not None and _is_made_up(left) and not _is_made_up(right)):
        return right
    return left


def _is_made_up(id: str) -> bool:
    return id.startswith((LC_ID_PREFIX, LC_AUTO_PREFIX))
