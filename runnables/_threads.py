"""Worker threads of an event loop: a call in one, and chunks of the loop for one."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar, Token
from typing import Any, Final, Generic, TypeVar

import anyio
import anyio.to_thread

from ._closing import in_trio, is_asked_for
from ._pipe import _Closed
from ._waiter import TaskWaiter, new_waiter

__all__ = ["AskedFor", "call_in_thread", "leave_if", "leaving"]

T = TypeVar("T")


async def call_in_thread(
    function: Callable[[], T], *, limiter: anyio.CapacityLimiter | None = None
) -> T:
    """Call the function in a worker thread; a cancelled caller waits until it has ended.

    Args:
        function: What to call.
        limiter: What limits the threads; the common one of anyio if none is given.
    """
    # In a list: trio takes a function that returns a coroutine for an async one.
    limit = leaving.get()
    if in_trio() and limit is None:
        [result] = await anyio.to_thread.run_sync(lambda: [function()], limiter=limiter)
        return result
    work = _Work(function)
    try:
        [result] = await anyio.to_thread.run_sync(
            work, limiter=limiter, abandon_on_cancel=limit is not None
        )
    except BaseException as exc:
        if is_asked_for(exc):  # a cancelled task goes through anyio's shield, and leaves the thread
            if limit is None or not limit():
                await work.drop()
            else:
                work.leave()
        raise
    finally:
        del work  # what it raised holds this frame
    return result


leaving: Final[ContextVar[Callable[[], bool] | None]] = ContextVar("levada_leaving", default=None)
"""Says whether a thread is left to itself when its caller is cancelled: a time limit has passed."""


def leave_if(passed: Callable[[], bool]) -> Token[Callable[[], bool] | None]:
    """Leave threads to themselves if this holds, or what held before; to be reset."""
    outer = leaving.get()
    return leaving.set(passed if outer is None else lambda: passed() or outer())


class _Work(Generic[T]):
    """A call that may be dropped before it begins, and waited for after."""

    __slots__ = ("_began", "_dropped", "_ended", "_failure", "_function", "_lock")

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._lock = threading.Lock()
        self._began = self._ended = False
        self._dropped: TaskWaiter | None = None
        self._failure: BaseException | None = None

    def __call__(self) -> list[T]:
        with self._lock:
            if self._dropped is not None:
                return []
            self._began = True
        try:
            return [self._function()]
        except BaseException as exc:
            self._failure = exc
            raise
        finally:
            with self._lock:
                self._ended = True
            if self._dropped is not None:
                self._dropped.wake()

    def leave(self) -> None:
        """Do not begin; if it has begun, let it end by itself."""
        with self._lock:
            self._dropped = new_waiter()

    async def drop(self) -> None:
        """Do not begin; if it has begun, wait until it has ended, and raise what it then raises."""
        waiter = new_waiter()
        with self._lock:
            self._dropped = waiter
            running = self._began and not self._ended
        if running:
            await waiter.wait_out()
        if self._failure is not None:
            raise self._failure


class AskedFor(Generic[T]):
    """Chunks of the loop for a thread: each is made when the thread asks for it.

    A task of the loop runs `serve`, the thread iterates. If the task is cancelled, so is the
    thread, by `_Closed`.
    """

    def __init__(self, chunks: AsyncIterator[T]) -> None:
        self._chunks = chunks
        self._asked = new_waiter()
        self._answered = threading.Event()
        self._answer: list[T] = []
        self._error: BaseException | None = None
        self._closed = False

    async def serve(self) -> None:
        """Make chunks as they are asked for, until there are no more."""
        try:
            while True:
                await self._asked.wait()
                self._asked = new_waiter()
                self._answer = [await anext(self._chunks)]
                self._answered.set()
        except StopAsyncIteration:
            pass
        except BaseException as exc:
            if is_asked_for(exc):  # not the end: a step must not take the part it has for the whole
                self._closed = True
                raise
            self._error = exc
        finally:
            self._chunks = _NOTHING
            self._answered.set()

    def __iter__(self) -> Iterator[T]:
        while True:
            self._answered.clear()
            if not self._closed and self._chunks is not _NOTHING:
                self._asked.wake()
                self._answered.wait()
            if self._closed:
                raise _Closed
            if not self._answer:
                break
            yield self._answer.pop()
        if self._error is not None:
            raise self._error


_NOTHING: Any = object()
