"""One stream into several branches that run at the same time, and their chunks as they come."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Generic, TypeAlias, TypeVar

import anyio

from ._beside import CHUNKS_AHEAD, Beside
from ._closing import aclose
from ._pipe import Pipe
from ._together import MOST_THREADS, raise_first

__all__ = ["ABranch", "Blame", "Branch", "afan_out", "fan_out"]

T = TypeVar("T")
Branch: TypeAlias = Callable[[Iterator[Any]], Generator[Any, None, None]]
ABranch: TypeAlias = Callable[[AsyncIterator[Any]], AsyncGenerator[Any, None]]
Blame: TypeAlias = Callable[[int, BaseException], object]

# How many chunks of the input the quickest branch may be ahead of the slowest.
LEAD = 1024


def fan_out(
    chunks: Iterator[Any], branches: Sequence[Branch], limit: int | None, blame: Blame
) -> Generator[tuple[int, Any], None, None]:
    """Give (number of the branch, chunk) as they come; each branch gets all of `chunks`.

    Args:
        limit: How many branches run at once.
        blame: Called with the number of a branch and the exception that came out of it.
    """
    if len(branches) == 1:
        yield from _only(branches[0](chunks), blame)
        return
    workers = min(len(branches), limit or MOST_THREADS)
    pipe: _ThreadPipe[tuple[int, Any]] = _ThreadPipe(CHUNKS_AHEAD)
    tee = _Tee(chunks, len(branches), LEAD if workers == len(branches) else None)
    failures: list[BaseException] = []

    def work(i: int) -> None:
        try:
            stream = branches[i](tee.branch(i))
            try:
                for chunk in stream:
                    pipe.put((i, chunk))
            finally:
                stream.close()
                tee.leave(i)
        except _Closed:
            pass
        except BaseException as exc:
            if exc is not tee.error:
                blame(i, exc)
            if not any(exc is f for f in failures):
                failures.append(exc)
            pipe.close()
        finally:
            pipe.leave()

    pool = ThreadPoolExecutor(workers, thread_name_prefix="levada")
    try:
        pipe.writers = len(branches)
        for i in range(len(branches)):
            pool.submit(copy_context().run, work, i)
        yield from pipe
    finally:
        pipe.close()
        tee.close()
        pool.shutdown(wait=True, cancel_futures=True)
    raise_first(failures)


def _only(
    stream: Generator[Any, None, None], blame: Blame
) -> Generator[tuple[int, Any], None, None]:
    try:
        for chunk in stream:
            yield 0, chunk
    except BaseException as exc:
        blame(0, exc)
        raise
    finally:
        stream.close()


class _Closed(BaseException):
    """Raised in a branch's thread when nobody reads it any more."""


class _ThreadPipe(Generic[T]):
    """A bounded buffer between threads."""

    def __init__(self, limit: int) -> None:
        self._items: deque[T] = deque()
        self._limit = limit
        self._closed = False
        self._changed = threading.Condition()
        self.writers = 0

    def put(self, item: T) -> None:
        with self._changed:
            while len(self._items) >= self._limit and not self._closed:
                self._changed.wait()
            if self._closed:
                raise _Closed
            self._items.append(item)
            self._changed.notify_all()

    def leave(self) -> None:
        """Say that a writer has ended."""
        with self._changed:
            self.writers -= 1
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        while True:
            with self._changed:
                while not self._items and self.writers and not self._closed:
                    self._changed.wait()
                if not self._items:
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item


class _Tee:
    """A stream that several threads read, each all of it."""

    def __init__(self, source: Iterator[Any], readers: int, lead: int | None) -> None:
        self._source = source
        self._lead = lead
        self._queues: dict[int, deque[Any]] = {i: deque() for i in range(readers)}
        self._changed = threading.Condition()
        self._pulling = self._ended = False
        self.error: BaseException | None = None

    def branch(self, i: int) -> Iterator[Any]:
        mine = self._queues[i]
        while True:
            with self._changed:
                while not mine and not self._ended and (self._pulling or self._crowded()):
                    self._changed.wait()
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
        except BaseException as exc:
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
        with self._changed:
            self._ended = True
            self._changed.notify_all()


_MORE: Any = object()


async def afan_out(
    chunks: AsyncIterator[Any], branches: Sequence[ABranch], limit: int | None, blame: Blame
) -> AsyncGenerator[tuple[int, Any], None]:
    """Give (number of the branch, chunk) as they come; see `fan_out`."""
    if len(branches) == 1:
        only = _aonly(branches[0](chunks), blame)
        try:
            async for item in only:
                yield item
        finally:
            await aclose(only)
        return
    workers = min(len(branches), limit or len(branches))
    pipe: Pipe[tuple[int, Any]] = Pipe(CHUNKS_AHEAD)
    tee = _ATee(chunks, len(branches), LEAD if workers == len(branches) else None)
    failures: list[BaseException] = []
    numbers = iter(range(len(branches)))
    working = workers

    async def work() -> None:
        nonlocal working
        try:
            for i in numbers:
                await one(i)
        finally:
            working -= 1
            if not working:
                pipe.close()

    async def one(i: int) -> None:
        stream = branches[i](tee.branch(i))
        try:
            async for chunk in stream:
                pipe.put((i, chunk))
                if pipe.full:
                    await pipe.room()
        except Exception as exc:
            if exc is not tee.error:
                blame(i, exc)
            if not any(exc is f for f in failures):
                failures.append(exc)
            pipe.close()
        finally:
            await aclose(stream)
            tee.leave(i)

    beside = Beside()
    try:
        for _ in range(workers):
            beside.start(work)
        while pipe.items or await pipe.ready():
            yield pipe.items.popleft()
            if pipe.full:
                pipe.drain()
    finally:
        await beside.stop()
    raise_first(failures)


async def _aonly(
    stream: AsyncGenerator[Any, None], blame: Blame
) -> AsyncGenerator[tuple[int, Any], None]:
    try:
        async for chunk in stream:
            yield 0, chunk
    except BaseException as exc:
        blame(0, exc)
        raise
    finally:
        await aclose(stream)


class _ATee:
    """A stream that several tasks read, each all of it."""

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
        except Exception as exc:
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
