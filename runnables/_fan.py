"""One stream into several branches that run at the same time, and their chunks as they come."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from .._lazy import later
from ._beside import Beside
from ._closing import aclose, is_asked_for, raise_first
from ._pipe import Pipe, _Closed, helper_context
from ._tee import LEAD, ATee, Tee
from ._together import MOST_THREADS

if TYPE_CHECKING or not later(globals(), "concurrent.futures"):
    from concurrent import futures

__all__ = ["CHUNKS_AHEAD", "ABranch", "Blame", "Branch", "afan_out", "fan_out"]

# How many chunks all branches together may be ahead of their reader.
CHUNKS_AHEAD = 64

Branch: TypeAlias = Callable[[Iterator[Any]], Generator[Any, None, None]]
ABranch: TypeAlias = Callable[[AsyncIterator[Any]], AsyncGenerator[Any, None]]
Blame: TypeAlias = Callable[[int, BaseException], object]
"""Told the number of a branch and the exception that came out of it."""


# In threads.


def fan_out(
    chunks: Iterator[Any], branches: Sequence[Branch], limit: int | None, blame: Blame
) -> Generator[tuple[int, Any], None, None]:
    """Give (number of the branch, chunk) as they come; each branch gets all of `chunks`.

    At most `limit` branches run at once. The first that fails stops the others and is raised, with
    failures that come meanwhile as notes.
    """
    if len(branches) == 1:
        yield from _only(branches[0], chunks, blame)
        return
    fan = _Fan(chunks, branches, min(len(branches), limit or MOST_THREADS), blame)
    try:
        fan.start()
        while batch := fan.out.take_in_thread():
            yield from batch
    finally:
        fan.stop()
        raise_first(fan.failures)  # also of a clean-up, when this is closed


def _only(
    branch: Branch, chunks: Iterator[Any], blame: Blame
) -> Generator[tuple[int, Any], None, None]:
    try:
        stream = branch(chunks)
        try:
            for chunk in stream:
                yield 0, chunk
        finally:
            stream.close()
    except BaseException as exc:
        blame(0, exc)
        raise


class _Fan:
    """The threads of a fan, and what is between them and its reader."""

    def __init__(
        self, chunks: Iterator[Any], branches: Sequence[Branch], workers: int, blame: Blame
    ) -> None:
        self._branches = branches
        self._blame = blame
        # With fewer threads than branches a branch may not have begun: the input is kept for it.
        self._tee = Tee(chunks, len(branches), LEAD if workers == len(branches) else None)
        self.out: Pipe[tuple[int, Any]] = Pipe(CHUNKS_AHEAD, in_thread=True)
        self._working = len(branches)
        self._lock = threading.Lock()
        self._pool = futures.ThreadPoolExecutor(workers, thread_name_prefix="levada")
        self.failures: list[BaseException] = []

    def start(self) -> None:
        for i in range(len(self._branches)):
            self._pool.submit(helper_context().run, self._work, i)

    def stop(self) -> None:
        self.out.close()
        self._tee.close()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _work(self, i: int) -> None:
        out = self.out
        try:
            stream = self._branches[i](self._tee.branch(i))
            try:
                for chunk in stream:
                    out.put((i, chunk))
                    if out.full:
                        out.room_in_thread()
            finally:
                stream.close()
                self._tee.leave(i)
        except BaseException as exc:  # noqa: BLE001  # raised again by the reader
            if exc is not self._tee.error:
                if isinstance(exc, _Closed) and out.closed:
                    return  # by this fan, not by who reads the events of it
                self._blame(i, exc)
            if exc not in self.failures:
                self.failures.append(exc)
            out.close()
        finally:
            with self._lock:
                self._working -= 1
                if not self._working:
                    out.close()


# In tasks.


def afan_out(
    chunks: AsyncIterator[Any], branches: Sequence[ABranch], limit: int | None, blame: Blame
) -> AsyncGenerator[tuple[int, Any], None]:
    """Give (number of the branch, chunk) as they come; see `fan_out`."""
    if len(branches) == 1:
        return _aonly(branches[0], chunks, blame)
    workers = min(len(branches), limit or len(branches))
    return _AFan(chunks, branches, workers, blame).read()


async def _aonly(
    branch: ABranch, chunks: AsyncIterator[Any], blame: Blame
) -> AsyncGenerator[tuple[int, Any], None]:
    try:
        stream = branch(chunks)
        try:
            async for chunk in stream:
                yield 0, chunk
        finally:
            await aclose(stream)
    except BaseException as exc:
        blame(0, exc)
        raise


class _AFan:
    """The tasks of a fan, and what is between them and its reader."""

    def __init__(
        self, chunks: AsyncIterator[Any], branches: Sequence[ABranch], workers: int, blame: Blame
    ) -> None:
        self._branches = branches
        self._blame = blame
        self._tee = ATee(chunks, len(branches), LEAD if workers == len(branches) else None)
        self._out: Pipe[tuple[int, Any]] = Pipe(CHUNKS_AHEAD)
        self._numbers = iter(range(len(branches)))
        self._working = workers
        self._failures: list[BaseException] = []

    async def read(self) -> AsyncGenerator[tuple[int, Any], None]:
        beside, out = Beside(), self._out
        try:
            for _ in range(self._working):
                beside.start(self._work)
            while batch := await out.take():
                for item in batch:
                    yield item
        finally:
            await beside.stop()
            raise_first(self._failures)  # also of a clean-up, when this is closed
            beside.raise_failure()

    async def _work(self) -> None:
        try:
            for i in self._numbers:
                await self._branch(i)
        finally:
            self._working -= 1
            if not self._working:
                self._out.close()

    async def _branch(self, i: int) -> None:
        out = self._out
        try:
            source = self._tee.branch(i)
            stream = self._branches[i](source)
            try:
                async for chunk in stream:
                    out.put((i, chunk))
                    if out.full:
                        await out.room()
            finally:
                self._tee.leave(i)
                await aclose(stream, source)
        except BaseException as exc:
            if is_asked_for(exc):
                raise
            if exc is not self._tee.error:
                self._blame(i, exc)
            if exc not in self._failures:
                self._failures.append(exc)
            out.close()
