"""Calls whose caller may stop waiting for them: what they do then is seen by nobody."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from ._execute import end_left
from ._sink import Sink
from .events import EventDict, Takers

if TYPE_CHECKING:
    from ._run import Run, WatchedRun

__all__ = ["Leave"]


class Leave:
    """The right to leave a call.

    A thread that is left goes on until its call or chunk is done, after the run around it has
    ended. To those who watch, its runs end when it is left.
    """

    __slots__ = ("_failed", "_left", "_lock", "_open", "place")

    def __init__(self, run: Run) -> None:
        self._left = False
        self._lock = threading.RLock()  # an observer may look at what it is told of
        self._open: dict[str, WatchedRun] = {}
        self._failed: set[str] = set()
        self.place: Run = run.below(run.given)
        sink = self.place.sink
        if sink is not None:
            self.place.sink = Sink(sink._known, [_UntilLeft(self, sink)], sink.gate, sink.awaited)

    def leave(self) -> None:
        """End all runs of the call as closed, and let nobody see what comes of it."""
        with self._lock:
            end_left(reversed([*self._open.values()]), GeneratorExit())
            self._left = True

    def _told(self, run: WatchedRun, takers: Takers, event: EventDict) -> None:
        with self._lock:
            starts = event["event"].endswith("_start")
            if starts and not self._left and self._failed.isdisjoint(run.parents):
                self._open[run.id] = run
            if self._left or run.id not in self._open:
                return
            if event["event"].endswith(("_end", "_error")):
                del self._open[run.id]
            if event["event"].endswith("_error"):
                # It was cancelled where it waited for a thread, which is left: what runs there.
                self._failed.add(run.id)
                below = [r for r in self._open.values() if run.id in r.parents]
                end_left(reversed(below), event["data"]["error"])
            takers.others(event)

    def _custom(self, sink: Sink, event: EventDict) -> None:
        with self._lock:
            if not self._left and self._failed.isdisjoint(event["parent_ids"]):
                sink.take_custom(event)

    def _shown(self, run: WatchedRun, takers: Takers, event: EventDict) -> None:
        with self._lock:
            if run.id in self._open and not self._left:
                takers.chunks(event)


class _UntilLeft:
    """The observers of a call, until the call is left."""

    __slots__ = ("_leave", "_sink")

    def __init__(self, leave: Leave, sink: Sink) -> None:
        self._leave = leave
        self._sink = sink

    def follow(self, run: WatchedRun, /, *, alone: bool) -> Takers | None:
        takers = self._sink.follow(run)
        if takers is None:
            return None
        leave = self._leave
        return Takers(partial(leave._shown, run, takers), partial(leave._told, run, takers))

    def take_custom(self, event: EventDict, /) -> None:
        self._leave._custom(self._sink, event)
