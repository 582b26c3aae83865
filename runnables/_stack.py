"""A stream that is iterated on a stack of its own, so that long chains do not exhaust one."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from typing import Any, Final

from ._beside import iterate_in_task
from ._closing import close, raise_first
from ._pipe import helper_context

__all__ = ["STEPS_A_STACK", "iterate_in_own_thread", "iterate_in_task"]

# Streams nest: each step's generator is advanced from that of the next step, some four frames a
# step where it is watched, and Python ends a stack at 1,000.
STEPS_A_STACK: Final = 64


def iterate_in_own_thread(
    streams: Sequence[Generator[Any, None, None]],
) -> Generator[Any, None, None]:
    """Iterate the last of the streams, which the others feed, in a thread of its own.

    Each item is made when it is asked for. The thread closes the streams when it ends.
    """
    asked, answered = threading.Semaphore(0), threading.Semaphore(0)
    items: list[Any] = []
    failures: list[BaseException] = []
    left = False

    def work() -> None:
        try:
            try:
                asked.acquire()
                for item in () if left else streams[-1]:
                    items.append(item)
                    answered.release()
                    asked.acquire()
                    if left:
                        break
            finally:
                close(*reversed(streams))
        except BaseException as exc:  # noqa: BLE001  # raised again by the reader
            failures.append(exc)
        finally:
            answered.release()

    thread = threading.Thread(target=helper_context().run, args=(work,), name="levada-stack")
    thread.start()
    try:
        while True:
            asked.release()
            answered.acquire()
            if not items:
                break
            yield items.pop()
    finally:
        left = True
        asked.release()
        thread.join()
        raise_first(failures)
