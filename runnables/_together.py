"""Running jobs at the same time, in threads or in tasks."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from .._lazy import later
from ._beside import Beside
from ._closing import raise_first
from ._pipe import helper_context

if TYPE_CHECKING or not later(globals(), "concurrent.futures"):
    from concurrent import futures

__all__ = ["MOST_THREADS", "arun_all", "arun_workers", "run_all", "run_queue"]

Job = Callable[[], object]
AsyncJob = Callable[[], Awaitable[object]]


# More threads than this are not started for one call, whatever it asks for.
MOST_THREADS = 128


def run_all(jobs: Sequence[Job], limit: int | None) -> None:
    """Run the jobs at the same time, at most `limit`; see `run_queue`."""
    run_queue(jobs, min(len(jobs), limit or MOST_THREADS))


async def arun_all(jobs: Sequence[AsyncJob], limit: int | None) -> None:
    """Run the jobs at the same time, at most `limit`; see `arun_workers`."""
    pending = iter(jobs)

    async def work() -> None:
        for job in pending:
            await job()

    await arun_workers(work, min(len(jobs), limit or len(jobs)))


def run_queue(jobs: Iterable[Job], workers: int) -> None:
    """Run the jobs in threads, at most `workers` at a time; the calling thread is one of them.

    The first failure stops what has not begun and is raised when what has begun is done; the other
    failures are notes on it.
    """
    queue = _Queue(jobs)
    if workers > 1:
        with futures.ThreadPoolExecutor(workers - 1, thread_name_prefix="levada") as pool:
            helpers = [pool.submit(helper_context().run, queue.work) for _ in range(workers - 1)]
            queue.work()
            futures.wait(helpers)
    else:
        queue.work()
    raise_first(queue.failures)


class _Queue:
    """Jobs that several threads take from; pulled lazily, one at a time."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._jobs: Iterator[Job] = iter(jobs)
        self._lock = threading.Lock()
        self.failures: list[BaseException] = []

    def work(self) -> None:
        while not self.failures:
            try:
                with self._lock:
                    job = next(self._jobs, None)
                if job is None:
                    return
                job()
            except BaseException as exc:  # noqa: BLE001  # raised again by the caller
                self.failures.append(exc)


async def arun_workers(work: AsyncJob, workers: int) -> None:
    """Run `work` in as many tasks, which share what is to be done; a single one is the caller's.

    The first failure cancels the others and is raised when they have ended; failures that come up
    meanwhile are notes on it.
    """
    if workers <= 1:
        await work()
        return
    beside = Beside()
    try:
        for _ in range(workers):
            beside.start(work)
        await beside.settled()
    finally:
        await beside.stop()
    beside.raise_failure()
