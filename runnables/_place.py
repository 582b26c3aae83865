"""Where in a chain a step stands, and the note about it on an exception."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import CodeType, TracebackType
    from typing import Any

    from .base import Runnable

__all__ = ["NOTES", "NOWHERE", "WATCHING", "Place", "deepest_stage", "note_place"]


class Place:
    """The position of a step in its composite.

    Attributes:
        tag: What the events of the step are tagged with, such as "seq:step:1"; may be empty.
        label: What an error message calls it, such as "step 1"; may be empty.
    """

    __slots__ = ("label", "tag")

    def __init__(self, tag: str = "", label: str = "") -> None:
        self.tag: str = tag
        self.label: str = label


NOWHERE: Final = Place()


class _Notes:
    """How many notes there have been: tells a note of this call from one of an earlier call."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


NOTES: Final = _Notes()


class _Path(str):
    """The note "in chain > step 2: model", the composite that wrote its first part, its number."""

    __slots__ = ("number", "owner")
    number: int
    owner: Runnable[Any, Any]


def note_place(
    exc: BaseException,
    owner: Runnable[Any, Any],
    place: Place,
    step: Runnable[Any, Any],
    began: int,
) -> None:
    """Say on `exc` that it came out of `step` at `place` of `owner`.

    An exception that passes through several composites carries one note with the whole path.

    Args:
        exc: The exception.
        owner: The composite.
        place: Where in it the step stands.
        step: The step.
        began: What `NOTES.count` was when the step was called: an older note is of an earlier call,
            as an exception object may be raised again.
    """
    if isinstance(exc, GeneratorExit | StopIteration | StopAsyncIteration):
        return
    name = step.get_name()
    path = f"in {owner.get_name()} > " + (f"{place.label}: {name}" if place.label else name)
    notes: list[str] = getattr(exc, "__notes__", [])
    for i, note in enumerate(notes):
        if isinstance(note, _Path):
            if note.number > began:
                inner = note.removeprefix("in ")
                if note.owner is step:
                    inner = inner.removeprefix(name).removeprefix(" > ")
                path = f"{path} > {inner}"
            notes[i] = _path(path, owner)
            return
    with contextlib.suppress(Exception):  # an exception of the user's may take no attributes
        exc.add_note(_path(path, owner))


def _path(text: str, owner: Runnable[Any, Any]) -> _Path:
    path = _Path(text)
    path.owner = owner
    NOTES.count += 1
    path.number = NOTES.count
    return path


def deepest_stage(traceback: TracebackType | None, marks: list[object]) -> int:
    """Give the index of the last of the stages that the traceback goes through; -1 if none.

    Tells which stage of nested generators an exception came from, without a layer around each of
    them that every chunk would have to pass.

    Args:
        traceback: Of the exception.
        marks: Of each stage its frame, or its run if it is watched: a frame has to be made for
            whoever asks for it, and the generator that watches knows its run as `run`.
    """
    deepest = -1
    known = {id(mark): i for i, mark in enumerate(marks) if mark is not None}
    while traceback is not None:
        frame = traceback.tb_frame
        deepest = known.get(id(frame), deepest)
        if frame.f_code in WATCHING:
            deepest = known.get(id(frame.f_locals["run"]), deepest)
        traceback = traceback.tb_next
    return deepest


WATCHING: Final[set[CodeType]] = set()
"""The code of the generators that watch a stage; `_execute.py` says which they are."""
