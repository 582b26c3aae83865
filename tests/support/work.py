"""How much work a program is, in a unit that a busy machine does not change."""

from __future__ import annotations

import sys
from collections.abc import Callable


def calls_of(program: Callable[[], object]) -> int:
    """Count the functions that a program calls, those written in C too."""
    calls = 0

    def count(frame: object, event: str, arg: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        program()
    finally:
        sys.setprofile(before)
    return calls


def is_linear(program: Callable[[int], object], size: int) -> bool:
    """Whether a program of 4 times the size calls at most 4 times as many functions, or so.

    What takes quadratic time inside of one call does not show: for that, run it at a size at which
    it would not end before the time limit of a test.
    """
    program(size)  # what is made once is made
    return calls_of(lambda: program(4 * size)) <= 5 * calls_of(lambda: program(size))
