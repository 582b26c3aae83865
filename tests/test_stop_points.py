"""Leaving the events of a run anywhere stops everything behind them.

1,500 random places in the runs of tests/support/scenarios; those of tests/wire have sockets too.
LEVADA_STOP_SEED=N repeats a choice.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import sys
import threading
import time
from contextlib import aclosing, closing
from typing import Any, NamedTuple

import anyio
import pytest

from levada.errors import LevadaError
from scenarios import SCENARIOS, SOON, Planned
from traces import Observer

STOPS = 500  # on each event loop, and as many in sync
LAST = 40  # the longest runs have some more events; most have less
SEED = int(os.environ.get("LEVADA_STOP_SEED", "0")) or random.randrange(1, 2**32)


class Stop(NamedTuple):
    """Where a reader leaves.

    Attributes:
        name: Of the scenario.
        version: Of the events.
        count: After how many events.
        cancelled: Whether its task is cancelled; else it closes the events.
    """

    name: str
    version: Any
    count: int
    cancelled: bool

    def __str__(self) -> str:
        how = "cancelled" if self.cancelled else "closed"
        return f"{self.name} {self.version} {how} after {self.count}; LEVADA_STOP_SEED={SEED}"


def stop_points(share: str) -> list[Stop]:
    chance = random.Random(f"{SEED} {share}")
    names = sorted(SCENARIOS)
    return [
        Stop(
            chance.choice(names),
            chance.choice(("v1", "v2")),
            chance.randrange(LAST),
            chance.random() < 0.5,
        )
        for _ in range(STOPS)
    ]


def check(observer: Observer, label: Stop) -> None:
    """Every run that was started has ended, once, and children before their parents."""
    state: dict[str, bool] = {}
    for event in observer.events:
        phase, run = event["event"].rpartition("_")[2], event["run_id"]
        if phase == "start":
            assert run not in state, label
            state[run] = True
        else:
            assert state[run], f"after its end: {event['event']} of {event['name']}: {label}"
        assert all(state[parent] for parent in event["parent_ids"]), label
        if phase in ("end", "error"):
            state[run] = False
    assert not any(state.values()), f"never ended: {label}"


def working_threads() -> list[str]:
    """Give the threads in which code of levada's is executed; idle ones of a pool do not count."""
    for _ in range(1000):
        if not (working := _working_threads()):
            break
        time.sleep(0.001)  # one that has been let go, or has done its work, may have to say so
    return working


def _working_threads() -> list[str]:
    left: list[str] = []
    for thread in threading.enumerate():
        frame = sys._current_frames().get(thread.ident or 0)
        while frame is not None and thread is not threading.current_thread():
            if str(frame.f_globals.get("__name__")).startswith("levada"):
                left.append(thread.name)
                break
            frame = frame.f_back
    return left


def tasks() -> set[Any]:
    if "trio" in sys.modules:
        import trio

        if trio.lowlevel.in_trio_task():
            system = trio.lowlevel.current_root_task()
            nurseries = [] if system is None else system.child_nurseries
            return {task for nursery in nurseries for task in nursery.child_tasks}
    return {task for task in asyncio.all_tasks() if not task.done()}


@pytest.mark.timeout(180)
@pytest.mark.anyio
async def test_events_that_are_left_anywhere_leave_nothing_behind(anyio_backend_name) -> None:
    made: list[Any] = []
    outer = sys.get_asyncgen_hooks()

    def first(generator: Any) -> None:
        if str(generator.ag_frame.f_globals.get("__name__")).startswith(("levada", "scenarios")):
            made.append(generator)
        if outer.firstiter is not None:
            outer.firstiter(generator)

    sys.set_asyncgen_hooks(firstiter=first)
    try:
        for stop in stop_points(anyio_backend_name):
            observer, before = Observer(), tasks()
            await leave(stop, observer)
            check(observer, stop)
            assert [g for g in made if g.ag_frame is not None] == [], stop
            assert tasks() == before, stop
            assert working_threads() == [], stop
            made.clear()
    finally:
        sys.set_asyncgen_hooks(*outer)


async def leave(stop: Stop, observer: Observer) -> None:
    scenario = SCENARIOS[stop.name](SOON)
    config = {**(scenario.config or {}), "callbacks": [observer]}
    stream = scenario.chain.astream_events(
        scenario.input, config, version=stop.version, **scenario.filters
    )
    with anyio.fail_after(20), anyio.CancelScope() as scope:
        async with aclosing(stream) as events:
            try:
                for _ in range(stop.count):
                    await anext(events)
                scenario.release()  # who leaves waits for threads that no limit has cut off
                if stop.cancelled:
                    scope.cancel()
                    while True:
                        await anext(events)
            except (StopAsyncIteration, Planned, LevadaError):
                scenario.release()  # the run was shorter, or fails as planned


@pytest.mark.timeout(180)
def test_events_that_are_left_anywhere_leave_nothing_behind_in_sync() -> None:
    for stop in stop_points("sync"):
        scenario, observer = SCENARIOS[stop.name](SOON), Observer()
        config: Any = {**(scenario.config or {}), "callbacks": [observer]}
        with closing(
            scenario.chain.stream_events(
                scenario.input, config, version=stop.version, **scenario.filters
            )
        ) as events:
            try:
                for _ in range(stop.count):
                    next(events)
            except (StopIteration, Planned, LevadaError):
                pass  # the run was shorter, or fails as planned
        check(observer, stop)
        scenario.release()
        assert working_threads() == [], stop
    gc.collect()
