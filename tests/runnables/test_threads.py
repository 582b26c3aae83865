"""A call in a worker thread ends before its caller does, however the caller is cancelled."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import anyio
import anyio.to_thread
import pytest

from levada.runnables import RunnableLambda, call_in_thread


class Blocking:
    """A function that blocks until it is let go."""

    def __init__(self) -> None:
        self.began, self.go = threading.Event(), threading.Event()
        self.ended = False

    def __call__(self, value: Any = None) -> Any:
        self.began.set()
        self.go.wait(10)
        self.ended = True
        return value


@pytest.mark.anyio
async def test_a_coroutine_is_a_result_like_any_other() -> None:
    async def nothing() -> str:
        return "awaited"

    assert await (await call_in_thread(nothing)) == "awaited"


@pytest.mark.anyio
async def test_a_failure_in_the_thread_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await call_in_thread(lambda: 1 // 0)


@pytest.mark.parametrize("cancellations", [1, 2, 3])
def test_a_cancelled_task_waits_for_its_thread(cancellations: int) -> None:
    blocking = Blocking()

    async def main() -> None:
        task = asyncio.create_task(RunnableLambda(blocking).ainvoke(1))
        await anyio.to_thread.run_sync(blocking.began.wait)
        for _ in range(cancellations):
            task.cancel()
            await asyncio.sleep(0.002)
        assert not task.done()
        blocking.go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert blocking.ended

    asyncio.run(main())


def test_a_call_that_is_cancelled_before_a_thread_is_free_does_not_begin() -> None:
    first, second = Blocking(), Blocking()

    async def main() -> None:
        limiter = anyio.CapacityLimiter(1)
        held = asyncio.create_task(call_in_thread(first, limiter=limiter))
        await anyio.to_thread.run_sync(first.began.wait)
        waits = asyncio.create_task(call_in_thread(second, limiter=limiter))
        await anyio.wait_all_tasks_blocked()
        waits.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waits
        first.go.set()
        await held

    asyncio.run(main())
    assert not second.began.is_set()


@pytest.mark.anyio
async def test_a_cancelled_scope_waits_for_its_thread() -> None:
    blocking = Blocking()
    async with anyio.create_task_group() as group:
        group.start_soon(call_in_thread, blocking)
        await anyio.to_thread.run_sync(blocking.began.wait)
        group.cancel_scope.cancel()
        blocking.go.set()
    assert blocking.ended
