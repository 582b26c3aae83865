"""The register in which a peer's modules file their programs, one per case of `workloads.py`.

    @case("stream.sync")
    def stream_sync(size: int) -> Callable[[], int]: ...

The function builds what can be built once and gives the program to be timed: a function without
arguments, or an async one. A program returns its answer (a text), or how many tokens, items, steps
or events it has seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Program = Callable[[], Any]
Build = Callable[[int], Program]
AnyBuild = TypeVar("AnyBuild", bound=Build)


@dataclass(frozen=True, slots=True)
class Case:
    """How one peer does one kind of work."""

    build: Build
    most: int | None  # larger sizes take this peer minutes per sample: they are skipped with a note


CASES: dict[str, Case] = {}


def case(name: str, *, most: int | None = None) -> Callable[[AnyBuild], AnyBuild]:
    """File a program under the name of its case, for sizes up to `most`."""

    def file(build: AnyBuild) -> AnyBuild:
        CASES[name] = Case(build, most)
        return build

    return file
