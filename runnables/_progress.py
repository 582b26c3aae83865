"""How far a batch is, for those who watch it: a bar, or a function of the user's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Self, TypeAlias

from ..errors import ConfigError, MissingExtraError, shown

__all__ = ["Progress", "Tally"]

Progress: TypeAlias = bool | Callable[[int, int | None], object]
"""Whether to show a bar, or what to call with how many are done of how many, if that is known."""


class Tally:
    """Counts what is done, and tells. To be entered before the work and left after it.

    Raises:
        ConfigError: `progress` is neither a bool nor a function.
        MissingExtraError: A bar is asked for, and tqdm is not installed.
    """

    def __init__(self, progress: Progress, total: int | None) -> None:
        if not isinstance(progress, bool) and not callable(progress):
            raise ConfigError(
                f"progress takes True or a function (done, total); got {shown(progress)}"
            )
        self._total = total
        self._done = 0
        self._lock = threading.Lock()  # threads end at the same time; the numbers come in order
        self._tell = None if isinstance(progress, bool) else progress
        self._bar: Any = _bar(total) if progress is True else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def one_more(self) -> None:
        """Count one that is done."""
        if self._bar is None and self._tell is None:  # the lock costs more than all the rest
            return
        with self._lock:
            self._done += 1
            if self._bar is not None:
                self._bar.update()
            elif self._tell is not None:
                self._tell(self._done, self._total)


def _bar(total: int | None) -> Any:
    try:
        from tqdm.auto import tqdm  # a bar of the notebook's in a notebook
    except ImportError:
        raise MissingExtraError("progress=True", "tqdm", "progress") from None
    return tqdm(total=total)
