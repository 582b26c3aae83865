"""Ids that nobody gave: how they begin, and which of two is to be kept."""

from __future__ import annotations

from uuid import uuid4

__all__ = ["LC_AUTO_PREFIX", "LC_ID_PREFIX", "better_id", "ensure_id"]

LC_AUTO_PREFIX = "lc_"
"""How an id begins that was made up because there was none."""

LC_ID_PREFIX = "run-"
"""How an id begins that was made from the id of the run that produced the message."""


def ensure_id(id_val: str | None) -> str:
    """Give the id itself, or a new one if there is none."""
    return id_val or f"{LC_AUTO_PREFIX}{uuid4()}"


def better_id(left: str | None, right: str | None) -> str | None:
    """Give the left id, unless only the right one is there or is the provider's own."""
    if left is None or (right is not None and _is_ours(left) and not _is_ours(right)):
        return right
    return left


def _is_ours(id: str) -> bool:
    return id.startswith((LC_ID_PREFIX, LC_AUTO_PREFIX))
