"""The loops behind `batch_as_completed` and `abatch_as_completed`: results as they are done."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ._batch import USUAL_THREADS, Elements
from ._beside import Beside
from ._closing import is_asked_for, raise_first
from ._execute import Options, aexecute, execute
from ._pipe import Pipe, helper_context
from ._place import NOWHERE

if TYPE_CHECKING:
    from .base import Runnable
    from .config import RunnableConfig

__all__ = ["abatch_as_completed", "batch_as_completed"]

T = TypeVar("T")


def batch_as_completed(
    step: Runnable[Any, T],
    inputs: Iterable[Any],
    config: RunnableConfig | Sequence[RunnableConfig] | None,
    return_exceptions: bool,
    options: Options,
) -> Generator[tuple[int, T | Exception], None, None]:
    """Run once per input, in threads, and give (number of the input, result) as they are done."""
    return _Threads(step, Elements(inputs, config), return_exceptions, options).read()


def abatch_as_completed(
    step: Runnable[Any, T],
    inputs: Iterable[Any],
    config: RunnableConfig | Sequence[RunnableConfig] | None,
    return_exceptions: bool,
    options: Options,
) -> AsyncGenerator[tuple[int, T | Exception], None]:
    """Run once per input, in tasks, and give (number of the input, result) as they are done."""
    return _Tasks(step, Elements(inputs, config), return_exceptions, options).read()


class _Work:
    """What is to be done, and what went wrong."""

    _usual: ClassVar[int | None] = None
    """How many run at once if nobody says; None: all."""

    def __init__(
        self,
        step: Runnable[Any, Any],
        elements: Elements,
        return_exceptions: bool,
        options: Options,
    ) -> None:
        self._step = step
        self._elements = iter(elements)
        self._workers = elements.workers(self._usual)
        self._return_exceptions = return_exceptions
        self._options = options
        self._failures: list[BaseException] = []


class _Threads(_Work):
    """The threads of one call, and the results that its reader has not taken yet."""

    _usual = USUAL_THREADS

    def __init__(self, *work: Any) -> None:
        super().__init__(*work)
        self._taking = threading.Lock()
        self._done: SimpleQueue[tuple[int, Any] | None] = SimpleQueue()
        # A reader that is slow holds the work up: one result waits for each that is being made.
        self._room = threading.Semaphore(2 * self._workers)
        self._stopped = False

    def read(self) -> Generator[tuple[int, Any], None, None]:
        if not self._workers:
            return
        left = self._workers
        with ThreadPoolExecutor(self._workers, thread_name_prefix="levada") as pool:
            for _ in range(self._workers):
                pool.submit(helper_context().run, self._work)
            try:
                while left:
                    result = self._done.get()
                    if result is None:
                        left -= 1
                    else:
                        yield result
                        self._room.release()
            finally:
                self._stop()
        raise_first(self._failures)

    def _stop(self) -> None:
        self._stopped = True
        self._room.release(self._workers)

    def _work(self) -> None:
        try:
            while True:
                self._room.acquire()
                if self._stopped:
                    return
                with self._taking:
                    element = next(self._elements, None)
                if element is None:
                    return
                i, value, run = element
                try:
                    result = execute(self._step, value, run, NOWHERE, self._options)
                except Exception as exc:
                    if not self._return_exceptions:
                        raise
                    result = exc
                self._done.put((i, result))
        except BaseException as exc:  # noqa: BLE001  # raised again by the reader
            self._failures.append(exc)
            self._stop()
        finally:
            self._done.put(None)


class _Tasks(_Work):
    """The tasks of one call, and the results that its reader has not taken yet."""

    async def read(self) -> AsyncGenerator[tuple[int, Any], None]:
        if not self._workers:
            return
        self._left = self._workers
        beside, out = Beside(), Pipe[tuple[int, Any]](self._workers)
        try:
            for _ in range(self._workers):
                beside.start(lambda: self._work(out))
            while batch := await out.take():
                for item in batch:
                    yield item
        finally:
            await beside.stop()
        raise_first(self._failures)
        beside.raise_failure()

    async def _work(self, out: Pipe[tuple[int, Any]]) -> None:
        try:
            for i, value, run in self._elements:
                try:
                    result = await aexecute(self._step, value, run, NOWHERE, self._options)
                except Exception as exc:
                    if not self._return_exceptions:
                        raise
                    result = exc
                out.put((i, result))
                if out.full:
                    await out.room()
        except BaseException as exc:
            if is_asked_for(exc):
                raise
            self._failures.append(exc)
            out.close()
        finally:
            self._left -= 1
            if not self._left:
                out.close()
