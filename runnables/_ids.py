"""Run ids: UUIDv7 as text, in the order in which they are asked for."""

from __future__ import annotations

import os
from itertools import count
from time import time_ns

__all__ = ["new_id"]

# RFC 9562, section 6.2, method 1: what follows the time is a counter with a random start, so that
# the ids of a process differ and sort by their making, also within a millisecond. The text before
# the counter is kept for as long as the millisecond lasts.
_next = count().__next__
_stamp: tuple[int, str] = (0, "")
_process = 0


def new_id() -> str:
    """Give a new UUIDv7 in its text form; about a third of a microsecond."""
    global _stamp
    now = time_ns() // 1_000_000
    made, prefix = _stamp
    if now != made:
        prefix = f"{now >> 16:08x}-{now & 0xFFFF:04x}-7000-{_process:04x}-"
        _stamp = (now, prefix)
    return f"{prefix}{_next() & 0xFFFFFFFFFFFF:012x}"


def _begin() -> None:
    """Start the counter at a random number, again in the child of a fork."""
    global _next, _stamp, _process
    random = int.from_bytes(os.urandom(8), "big")
    _next = count(random & 0x7FFFFFFFFFFF).__next__
    _process = 0x8000 | random >> 50  # the variant of the UUID and 14 random bits
    _stamp = (0, "")


_begin()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin)
