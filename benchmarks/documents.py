"""The JSON documents of W10, and the program that reads one as it comes."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from .cases import Program, case

# What opens the document, an item (`#` is its number), what stands between two, what closes it.
SHAPES = {
    "records": ("[", '{"id": #, "name": "goldfish #", "round": true, "moons": ["#"]}', ", ", "]"),
    "nested": ("[", '{"a": {"b": [{"c": {"d": [#, {"e": "moon"}]}}]}}', ", ", "]"),
    "text": ('{"text": "', "goldfish # on the moon", ", ", '"}'),
    "list": ("[", "#", ", ", "]"),
    "object": ("{", '"goldfish #": #', ", ", "}"),
}  # fmt: skip
CHARACTERS_PER_TOKEN = 4

Stream = Callable[[Iterator[str]], Iterable[Any]]
"""Gives the value so far for the pieces of a document, whenever it has grown."""


def document(shape: str, tokens: int) -> str:
    """Give a document of so many tokens, or a few more."""
    opening, item, between, closing = SHAPES[shape]
    items: list[str] = []
    length = 0
    while length < tokens * CHARACTERS_PER_TOKEN:
        items.append(item.replace("#", str(len(items))))
        length += len(items[-1]) + len(between)
    return f"{opening}{between.join(items)}{closing}"


def file_snapshots(stream: Stream, *, most: int | None = None) -> None:
    """File the programs that read each kind of document by `stream`, up to the size `most`."""
    for shape in SHAPES:
        case(f"snapshots.{shape}", most=most)(partial(_program, stream, shape))


def _program(stream: Stream, shape: str, size: int) -> Program:
    text = document(shape, size)
    whole = json.loads(text)
    places = range(0, len(text), CHARACTERS_PER_TOKEN)
    pieces = [text[place : place + CHARACTERS_PER_TOKEN] for place in places]

    def run() -> int | str:
        last = deque(stream(iter(pieces)), maxlen=1)
        return len(pieces) if last[0] == whole else f"not the document: {str(last[0])[:40]}"

    return run
