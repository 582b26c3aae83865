"""A thread that does one thing after the other for a caller who may stop waiting for it.

Python cannot stop a thread. One that is left ends as soon as the call or the chunk that it is at is
done; it is a daemon, so that it does not hold the program up either.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

from ._pipe import helper_context

__all__ = ["Lane", "_Late"]

T = TypeVar("T")


class Lane:
    """A thread for one caller, in a copy of the caller's context."""

    __slots__ = ("_context", "_last", "_thread", "_work", "ended")

    def __init__(self) -> None:
        self._context = helper_context()
        self._work: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._last: Future[Any] | None = None
        self.ended = False
        self._thread = threading.Thread(target=self._run, name="levada lane", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Let the thread do something when it has done what it was given before."""
        future: Future[T] = Future()
        self._last = future
        self._work.put((future, work))
        return future

    def call(self, work: Callable[[], T], seconds: float | None = None) -> T:
        """Let the thread do something, and wait for it.

        Raises:
            _Late: It was not done in time; it goes on.
        """
        future = self.submit(work)
        try:
            return future.result(seconds)
        except TimeoutError:
            if future.done():  # just now, or with a TimeoutError of its own
                return future.result()
            raise _Late from None

    def end(self, clean_up: Callable[[], object] | None = None) -> None:
        """Let the thread clean up and end: now, or later if it is at something."""
        self.ended = True
        busy = self._last is not None and not self._last.done()
        cleaned = None if clean_up is None else self.submit(clean_up)
        self._work.put(None)
        if busy:
            return
        self._thread.join()
        if cleaned is not None:
            cleaned.result()

    def _run(self) -> None:
        while (job := self._work.get()) is not None:
            self._do(*job)
            job = None  # else it is held until there is more to do

    def _do(self, future: Future[T], work: Callable[[], T]) -> None:
        try:
            result = self._context.run(work)
        except BaseException as exc:  # noqa: BLE001  # raised again where it is waited for
            future.set_exception(exc)
        else:
            future.set_result(result)


class _Late(Exception):
    """The caller has waited long enough."""
