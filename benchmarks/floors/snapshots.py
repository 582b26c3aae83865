"""W10 by hand: pydantic's own parser of partial JSON reads the text so far, again for each piece.

Per token: a text that is one piece longer, and the whole of it parsed. In Rust that is quick, and
still quadratic.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from ..documents import file_snapshots


def values(pieces: Iterator[str]) -> Iterator[Any]:
    text = ""
    last = None
    for piece in pieces:
        text += piece
        value = from_json(text, allow_partial="trailing-strings")
        if value != last:
            last = value
            yield value


file_snapshots(values)
