"""A bounded buffer between those who produce beside a generator and the one who reads it."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

import anyio

__all__ = ["Pipe", "in_trio"]

T = TypeVar("T")


class Pipe(Generic[T]):
    """A buffer that tasks and threads fill and one task of the loop it was made on empties.

    The reader's loop, written out where every microsecond counts:

        while pipe.items or await pipe.ready():
            item = pipe.items.popleft()
            if pipe.full:
                pipe.drain()

    `put` never blocks and never loses an item: the limit is kept by those who call `room` (tasks)
    or `room_in_thread` (worker threads) between items. Waking another task costs microseconds, so
    it is only done when somebody waits, and a writer that was held back goes on when half is read.
    """

    __slots__ = (
        "_call_soon",
        "_limit",
        "_reader",
        "_thread",
        "_writers",
        "closed",
        "full",
        "items",
    )

    def __init__(self, limit: int) -> None:
        self.items: deque[T] = deque()
        self.closed = False
        # Asked for every item, so kept, not computed: set by `put`, taken back when half is read.
        self.full = False
        self._limit = limit
        self._reader: anyio.Event | None = None
        # Only ever appended to and popped from: threads do both at the same time.
        self._writers: deque[Callable[[], object]] = deque()
        self._thread = threading.get_ident()
        self._call_soon = _call_soon_in_this_loop()

    def put(self, item: T) -> None:
        """Add an item. Callable from any thread."""
        items = self.items
        items.append(item)
        if len(items) >= self._limit and not self.closed:
            self.full = True
        if self._reader is not None:
            self._wake_reader()

    def close(self) -> None:
        """Say that nothing more will come, and let all who wait go on. Callable from any thread."""
        self.closed = True
        self.full = False
        if self._reader is not None:
            self._wake_reader()
        self._wake_writers()

    def drain(self) -> None:
        """Let the writers go on if half is read; call it after taking an item while `full`."""
        if len(self.items) <= self._limit // 2:
            self.full = False
            self._wake_writers()

    async def ready(self) -> bool:
        """Wait until there is an item (True), or none will come any more (False)."""
        while not self.items:
            if self.closed:
                return bool(self.items)  # one may have come between the two looks
            # The event is in place before the second look, and writers look for it after they have
            # added an item: no wake-up is lost.
            event = self._reader = anyio.Event()
            try:
                if not self.items and not self.closed:
                    await event.wait()
            finally:
                self._reader = None
        return True

    async def room(self) -> None:
        """Wait, as a task of any loop, until there is room or the pipe is closed."""
        while self.full:
            event = anyio.Event()
            if threading.get_ident() == self._thread:
                self._writers.append(event.set)
            else:
                self._writers.append(partial(_call_soon_in_this_loop(), event.set))
            if self.full:
                await event.wait()

    def room_in_thread(self) -> None:
        """Wait, as a worker thread, until there is room or the pipe is closed."""
        if threading.get_ident() == self._thread:
            return  # waiting here would stop the reader itself
        while self.full:
            event = threading.Event()
            self._writers.append(event.set)
            if self.full:
                event.wait()

    def _wake_reader(self) -> None:
        event, self._reader = self._reader, None  # once: more items may come before it runs
        if event is None:
            return  # another thread was quicker
        if threading.get_ident() == self._thread:
            event.set()
        else:
            self._call_soon(event.set)

    def _wake_writers(self) -> None:
        if threading.get_ident() == self._thread:
            while self._writers:
                self._writers.popleft()()
        else:
            self._call_soon(self._wake_writers)


def in_trio() -> bool:
    """Whether the caller runs in a trio task; if not, it runs in asyncio."""
    trio = sys.modules.get("trio")
    return trio is not None and bool(trio.lowlevel.in_trio_task())


def _call_soon_in_this_loop() -> Callable[[Callable[[], None]], object]:
    if in_trio():
        import trio

        return trio.lowlevel.current_trio_token().run_sync_soon
    return asyncio.get_running_loop().call_soon_threadsafe
