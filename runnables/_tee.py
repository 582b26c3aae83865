"""One stream that several threads, or several tasks, read at their own pace, each all of it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio

from ._closing import is_asked_for
from ._pipe import _Closed

__all__ = ["LEAD", "ATee", "Tee"]

# How many chunks the quickest reader may be ahead of the slowest.
LEAD = 1024


class Tee:
    """A stream that several threads read.

    Args:
        source: The stream.
        readers: How many there are.
        lead: How far they may be apart; None: as far as they like.
    """

    def __init__(self, source: Iterator[Any], readers: int, lead: int | None) -> None:
        self._source = source
        self._lead = lead
        self._queues: dict[int, deque[Any]] = {i: deque() for i in range(readers)}
        self._changed = threading.Condition()
        self._pulling = self._ended = self._closed = False
        self.error: BaseException | None = None

    def branch(self, i: int) -> Iterator[Any]:
        mine = self._queues[i]
        while True:
            with self._changed:
                while not self._closed and self._must_wait(mine):
                    self._changed.wait()
                if self._closed:  # not the end: a step must not take the part it has for the whole
                    raise _Closed
                if mine:
                    item = mine.popleft()
                    self._changed.notify_all()
                elif self._ended:
                    if self.error is not None:
                        raise self.error
                    return
                else:
                    self._pulling = True
                    item = _MORE
            if item is _MORE:
                self._pull()
            else:
                yield item

    def _must_wait(self, mine: deque[Any]) -> bool:
        return not mine and not self._ended and (self._pulling or self._crowded())

    def _crowded(self) -> bool:
        lead = self._lead
        return lead is not None and any(len(q) >= lead for q in self._queues.values())

    def _pull(self) -> None:
        items: list[Any] = []
        ended, error = True, None
        try:
            items.append(next(self._source))
            ended = False
        except StopIteration:
            pass
        except BaseException as exc:  # noqa: BLE001  # raised again by every reader
            error = exc
        with self._changed:
            self._pulling = False
            self._ended = self._ended or ended
            self.error = error
            for queue in self._queues.values():
                queue.extend(items)
            self._changed.notify_all()

    def leave(self, i: int) -> None:
        """Say that a branch reads no more."""
        with self._changed:
            self._queues.pop(i, None)
            self._changed.notify_all()

    def close(self) -> None:
        """Stop the readers; each raises `_Closed`."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


_MORE: Any = object()


class ATee:
    """A stream that several tasks read; see `Tee`."""

    def __init__(self, source: AsyncIterator[Any], readers: int, lead: int | None) -> None:
        self._source = source
        self._lead = lead
        self._queues: dict[int, deque[Any]] = {i: deque() for i in range(readers)}
        self._waiting: list[anyio.Event] = []
        self._pulling = self._ended = False
        self.error: BaseException | None = None

    async def branch(self, i: int) -> AsyncIterator[Any]:
        mine = self._queues[i]
        while True:
            while not mine and not self._ended:
                if self._pulling or self._crowded():
                    event = anyio.Event()
                    self._waiting.append(event)
                    await event.wait()
                else:
                    await self._pull()
            if not mine:
                if self.error is not None:
                    raise self.error
                return
            yield mine.popleft()
            self._changed()

    def _crowded(self) -> bool:
        lead = self._lead
        return lead is not None and any(len(q) >= lead for q in self._queues.values())

    async def _pull(self) -> None:
        self._pulling = True
        try:
            item = await anext(self._source)
        except StopAsyncIteration:
            self._ended = True
        except BaseException as exc:
            if is_asked_for(exc):
                raise
            self._ended, self.error = True, exc
        else:
            for queue in self._queues.values():
                queue.append(item)
        finally:
            self._pulling = False
            self._changed()

    def _changed(self) -> None:
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            event.set()

    def leave(self, i: int) -> None:
        """Say that a branch reads no more."""
        self._queues.pop(i, None)
        self._changed()
