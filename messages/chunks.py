"""Pieces of a message that add up to the whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, Self, TypeVar

from ..errors import MessageError, shown
from .base import BaseMessage
from .ids import better_id
from .merge import ContentNode, MappingNode

__all__ = ["BaseMessageChunk", "ChunkAccumulator"]


class BaseMessageChunk(BaseMessage):
    """A piece of a message. Chunks add up with `+`; the sum has the class of the left one.

    To add up many, use `accumulator`: its cost is linear, that of repeated `+` is not.
    """

    # What all chunks of one message have in common.
    _shared: ClassVar[tuple[str, ...]] = ()

    def __add__(self, other: BaseMessageChunk | Sequence[BaseMessageChunk]) -> Self:
        chunks = other if isinstance(other, list | tuple) else (other,)
        if not all(isinstance(chunk, BaseMessageChunk) for chunk in chunks):
            return NotImplemented
        total = type(self).accumulator()
        for chunk in (self, *chunks):
            total.add(chunk)
        return total.result()

    @classmethod
    def accumulator(cls) -> ChunkAccumulator[Self]:
        """Start a sum: `add` each chunk, then ask for the `result`."""
        return ChunkAccumulator(cls)


Chunk = TypeVar("Chunk", bound=BaseMessageChunk)


class ChunkAccumulator(Generic[Chunk]):
    """Adds up chunks in linear time; keeps the first of them, and of the others what they say."""

    __slots__ = ("_cls", "_content", "_count", "_first", "_id", "_kwargs", "_metadata", "_name")

    def __init__(self, cls: type[Chunk]) -> None:
        self._cls = cls
        self._first: Chunk | None = None
        self._count = 0

    def add(self, chunk: BaseMessageChunk) -> None:
        """Add one more chunk.

        Raises:
            TypeError: It holds a value that does not add up with an earlier one; names the key.
            MessageError: It is a piece of another message.
        """
        self._count += 1
        if self._first is not None:
            self._continue(self._first, chunk)
        elif isinstance(chunk, self._cls):
            self._first = chunk
            self._begin(chunk)
        else:
            raise MessageError(
                f"a sum of {self._cls.__name__} cannot begin with {shown(chunk)}. "
                f"Write {type(chunk).__name__}.accumulator()."
            )

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

    def _begin(self, first: Chunk) -> None:
        self._content = ContentNode(first.content)
        self._kwargs = MappingNode(first.additional_kwargs)
        self._metadata = MappingNode(first.response_metadata)
        self._name = first.name
        self._id = first.id

    def _continue(self, first: Chunk, chunk: BaseMessageChunk) -> None:
        for field in first._shared:
            mine, other = getattr(first, field), getattr(chunk, field, None)
            if mine != other:
                raise MessageError(
                    f"these are chunks of different messages: {field} is {shown(mine)} in one and "
                    f"{shown(other)} in a later one. Add up each message by itself."
                )
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
