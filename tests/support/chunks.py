"""Chunks of messages, as tests look at them."""

from __future__ import annotations

from collections.abc import Iterable

from levada.messages import AIMessageChunk

__all__ = ["summed"]


def summed(chunks: Iterable[AIMessageChunk]) -> AIMessageChunk:
    """Give the sum of chunks."""
    total = AIMessageChunk.accumulator()
    for chunk in chunks:
        total.add(chunk)
    return total.result()
