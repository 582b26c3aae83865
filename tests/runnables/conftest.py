"""What the tests of the kernel share: an observer, and a ledger of what is open."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from levada.runnables import RunnableGenerator, RunnableLambda


class Watch:
    """An observer that keeps what it sees."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def on_event(self, event: dict[str, Any]) -> None:
        self.events.append(event)

    @property
    def heads(self) -> list[tuple[str, str]]:
        """What happened to whom: `[("chain_start", "triage"), ...]`."""
        return [(e["event"].removeprefix("on_"), e["name"]) for e in self.events]

    def of(self, name: str) -> list[str]:
        """What happened to one name: `["start", "stream", "end"]`."""
        return [e["event"].rpartition("_")[2] for e in self.events if e["name"] == name]

    @property
    def running(self) -> int:
        """How many runs have started and not ended."""
        phases = [e["event"].rpartition("_")[2] for e in self.events]
        return phases.count("start") - phases.count("end") - phases.count("error")

    def assert_whole(self) -> None:
        assert_whole(self.events)


def assert_whole(events: list[dict[str, Any]]) -> None:
    """Each run starts once, streams only while it runs, ends once; children end before parents."""
    state: dict[str, str] = {}
    for event in events:
        phase, run = event["event"].rpartition("_")[2], event["run_id"]
        what = (event["event"], event["name"])
        if phase == "start":
            assert run not in state, f"started twice: {what}"
            state[run] = "runs"
        else:
            assert state.get(run) == "runs", f"after its end or before its start: {what}"
        for parent in event["parent_ids"]:
            assert state.get(parent) == "runs", f"while its parent does not run: {what}"
        if phase in ("end", "error"):
            state[run] = "ended"
    left = [e["name"] for e in events if state[e["run_id"]] == "runs"]
    assert not left, f"never ended: {sorted(set(left))}"


class Ledger:
    """Which generators of the test are open, and the order in which they closed."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.closed: list[str] = []

    @property
    def open(self) -> list[str]:
        left = list(self.opened)
        for name in self.closed:
            left.remove(name)
        return left

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        self.opened.append(name)
        try:
            yield
        finally:
            self.closed.append(name)

    @asynccontextmanager
    async def aheld(self, name: str) -> AsyncIterator[None]:
        """Like `held`, with a clean-up that must wait to be done, and is ready to be cancelled."""
        self.opened.append(name)
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
                await anyio.lowlevel.checkpoint()
                self.closed.append(name)

    def source(
        self, how: str, name: str, chunks: Any, fails: BaseException | None = None
    ) -> RunnableLambda[Any, Any]:
        """Give a step from a value to the chunks, which then ends or fails."""

        def source(value: Any) -> Iterator[Any]:
            with self.held(name):
                yield from chunks
                if fails is not None:
                    raise fails

        async def asource(value: Any) -> AsyncIterator[Any]:
            async with self.aheld(name):
                for chunk in chunks:
                    await anyio.lowlevel.checkpoint()
                    yield chunk
                if fails is not None:
                    raise fails

        function: Any = source if how in ("sync", "thread") else asource
        return RunnableLambda(function, name=name)

    def stage(
        self, how: str, name: str, change: Callable[[Any], Any] = lambda c: c
    ) -> RunnableGenerator[Any, Any]:
        """Give a step that changes each chunk."""

        def stage(chunks: Iterator[Any]) -> Iterator[Any]:
            with self.held(name):
                for chunk in chunks:
                    yield change(chunk)

        async def astage(chunks: AsyncIterator[Any]) -> AsyncIterator[Any]:
            async with self.aheld(name):
                async for chunk in chunks:
                    yield change(chunk)

        function: Any = stage if how in ("sync", "thread") else astage
        return RunnableGenerator(function, name=name)


@pytest.fixture
def watch() -> Watch:
    """Give an observer that keeps the events of the test."""
    return Watch()


@pytest.fixture
def whole() -> Callable[[list[dict[str, Any]]], None]:
    """Give the check that every run of some events is started and ended once, children first."""
    return assert_whole


@pytest.fixture
def ledger() -> Ledger:
    """Give a ledger of the generators that the test opens."""
    return Ledger()


@pytest.fixture
def nothing_left() -> Callable[[], Any]:
    """Give an async context that fails if a task or a thread outlives its body."""

    @asynccontextmanager
    async def check() -> AsyncIterator[None]:
        before = set(_tasks())
        yield
        assert [task for task in _tasks() if task not in before] == [], "a task is left"
        assert busy_threads() == [], "a thread is left"

    return check


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Fail the test when a thread that works for it is left."""
    yield
    assert busy_threads() == [], "a thread is left"


def busy_threads() -> list[str]:
    """Give the names of the threads that work for us; anyio and trio keep idle ones."""
    for _ in range(200):
        if not (busy := _busy()):
            return []
        time.sleep(0.005)  # one that has done its work may still have to say so
    return busy


def _busy() -> list[str]:
    frames = sys._current_frames()
    busy: list[str] = []
    for thread in threading.enumerate():
        frame = frames.get(thread.ident or 0)
        if thread is threading.main_thread() or frame is None:
            continue
        own = set()
        while frame is not None:
            own.add(frame.f_globals.get("__name__", "").partition(".")[0])
            frame = frame.f_back
        if "levada" in own or thread.name.startswith("levada"):
            busy.append(thread.name)
    return busy


def _tasks() -> list[Any]:
    if sys.modules.get("trio") is not None:
        import trio

        if trio.lowlevel.in_trio_task():
            return list(_trio_tasks(trio.lowlevel.current_root_task()))
    import asyncio

    return [task for task in asyncio.all_tasks() if not task.done()]


def _trio_tasks(task: Any) -> Iterator[Any]:
    yield task
    for nursery in task.child_nurseries:
        for child in nursery.child_tasks:
            yield from _trio_tasks(child)


@pytest.fixture
def step(run: Any) -> Callable[[Callable[[Any], Any]], RunnableLambda[Any, Any]]:
    """Make steps of plain functions in the colour of the test."""
    return lambda function: RunnableLambda(run.step(function))
