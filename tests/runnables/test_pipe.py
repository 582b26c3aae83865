"""The buffer between threads and the loop: no wake-up is lost, whatever comes between two steps."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import partial

import anyio
import anyio.to_thread
import pytest

from levada.runnables._pipe import Pipe, _Closed

pytestmark = pytest.mark.anyio


class Interrupted(list[int]):
    """Stops a writer thread between its look at the length and what it concludes from it."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go_on = threading.Event(), threading.Event()
        self._home = threading.get_ident()

    def __len__(self) -> int:
        length = super().__len__()
        if threading.get_ident() != self._home and length >= 4 and not self.reached.is_set():
            self.reached.set()
            self.go_on.wait(5)
        return length


async def read_all(pipe: Pipe[int]) -> list[int]:
    taken = []
    while batch := await pipe.take():
        taken += batch
    return taken


def write(pipe: Pipe[int], count: int) -> None:
    with suppress(_Closed):
        for i in range(count):
            pipe.put(i)
            pipe.room_in_thread()
        pipe.close()


async def test_a_writer_that_finds_the_pipe_full_late_is_not_forgotten() -> None:
    pipe: Pipe[int] = Pipe(4)
    pipe.items = items = Interrupted()
    taken: list[int] = []

    async def read() -> None:
        taken.extend(await read_all(pipe))

    with anyio.move_on_after(2) as patience:
        async with anyio.create_task_group() as group:
            group.start_soon(
                partial(anyio.to_thread.run_sync, partial(write, pipe, 10), abandon_on_cancel=True)
            )
            await anyio.to_thread.run_sync(items.reached.wait)
            group.start_soon(read)  # takes all there is, then waits
            await anyio.wait_all_tasks_blocked()
            items.go_on.set()
    pipe.close()
    assert not patience.cancelled_caught
    assert taken == list(range(10))


async def test_a_writer_that_finds_the_pipe_full_after_it_was_closed_goes_on() -> None:
    pipe: Pipe[int] = Pipe(4)
    pipe.items = items = Interrupted()
    with anyio.move_on_after(2) as patience:
        async with anyio.create_task_group() as group:
            group.start_soon(
                partial(anyio.to_thread.run_sync, partial(write, pipe, 10), abandon_on_cancel=True)
            )
            await anyio.to_thread.run_sync(items.reached.wait)
            pipe.close()
            items.go_on.set()
    pipe.close()
    assert not patience.cancelled_caught


async def test_items_put_before_the_close_are_read() -> None:
    pipe: Pipe[int] = Pipe(4)
    pipe.put(1)
    pipe.put(2)
    pipe.close()
    assert await read_all(pipe) == [1, 2]


async def test_a_task_that_fills_the_pipe_waits_until_all_is_read() -> None:
    pipe: Pipe[int] = Pipe(4)
    ahead: list[int] = []

    async def writer() -> None:
        for i in range(20):
            pipe.put(i)
            ahead.append(len(pipe.items))
            if pipe.full:
                await pipe.room()
        pipe.close()

    async with anyio.create_task_group() as group:
        group.start_soon(writer)
        assert await read_all(pipe) == list(range(20))
    assert max(ahead) == 4


async def test_a_thread_that_fills_the_pipe_waits_for_the_reader() -> None:
    pipe: Pipe[int] = Pipe(4)
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.to_thread.run_sync, partial(write, pipe, 500))
        assert await read_all(pipe) == list(range(500))


async def test_many_threads_lose_nothing() -> None:
    pipe: Pipe[int] = Pipe(3)
    left = [6]
    lock = threading.Lock()

    def work() -> None:
        for i in range(200):
            pipe.put(i)
            pipe.room_in_thread()
        with lock:
            left[0] -= 1
            if not left[0]:
                pipe.close()

    async with anyio.create_task_group() as group:
        for _ in range(6):
            group.start_soon(anyio.to_thread.run_sync, work)
        taken = await read_all(pipe)
    assert sorted(taken) == sorted(list(range(200)) * 6)


async def test_closing_lets_waiting_writers_go() -> None:
    pipe: Pipe[int] = Pipe(1)
    pipe.put(0)
    done: list[str] = []

    async def task() -> None:
        await pipe.room()
        done.append("task")

    def thread() -> None:
        with pytest.raises(_Closed):
            pipe.room_in_thread()
        done.append("thread")

    async with anyio.create_task_group() as group:
        group.start_soon(task)
        group.start_soon(anyio.to_thread.run_sync, thread)
        await anyio.wait_all_tasks_blocked()
        pipe.close()
    assert sorted(done) == ["task", "thread"]


async def test_the_readers_own_thread_never_waits_for_room() -> None:
    pipe: Pipe[int] = Pipe(1)
    pipe.put(0)
    pipe.put(1)
    pipe.room_in_thread()
    assert pipe.items == [0, 1]


async def test_a_thread_that_wakes_the_reader_late_takes_no_wake_up_from_the_next() -> None:
    pipe: Pipe[int] = Pipe(8)
    taken: list[int] = []

    async def read() -> None:
        taken.extend(await read_all(pipe))

    with anyio.move_on_after(5) as patience:
        async with anyio.create_task_group() as group:
            group.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            waiter = pipe._reader
            assert waiter is not None
            pipe.put(1)
            await anyio.wait_all_tasks_blocked()  # it has read, and waits again
            assert pipe._reader is waiter
            await anyio.to_thread.run_sync(waiter.wake)  # of an item that it has read already
            await anyio.wait_all_tasks_blocked()
            await anyio.to_thread.run_sync(pipe.put, 2)
            pipe.close()
    assert not patience.cancelled_caught
    assert taken == [1, 2]
