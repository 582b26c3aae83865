"""Leaving the events of a run anywhere stops everything behind them.

1,000 random places in the runs of tests/support/scenarios.py. LEVADA_STOP_SEED=N repeats a choice.
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
from typing import Any

import anyio
import pytest

from levada.errors import LevadaError
from scenarios import SCENARIOS, Planned
from traces import Observer

STOPS = 1000
LAST = 40  # the longest runs have some more events; most have less
SEED = int(os.environ.get("LEVADA_STOP_SEED", "0")) or random.randrange(1, 2**32)


def stop_points(share: int) -> list[tuple[str, str, int]]:
    """Give scenarios, versions and numbers of events after which to leave."""
    chance = random.Random(SEED + share)
    names = sorted(SCENARIOS)
    return [
        (chance.choice(names), chance.choice(("v1", "v2")), chance.randrange(LAST))
        for _ in range(STOPS // 2)
    ]


def check(observer: Observer, label: str) -> None:
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
        for name, version, count in stop_points(anyio_backend_name == "trio"):
            label = f"{name} {version} after {count} events; LEVADA_STOP_SEED={SEED}"
            observer, before = Observer(), tasks()
            await leave(name, version, count, observer)
            check(observer, label)
            assert [g for g in made if g.ag_frame is not None] == [], label
            assert tasks() == before, label
            assert working_threads() == [], label
            made.clear()
    finally:
        sys.set_asyncgen_hooks(*outer)


async def leave(name: str, version: Any, count: int, observer: Observer) -> None:
    scenario = SCENARIOS[name]()
    config = {**(scenario.config or {}), "callbacks": [observer]}
    events = scenario.chain.astream_events(
        scenario.input, config, version=version, **scenario.filters
    )
    with anyio.fail_after(20):
        async with aclosing(events):
            try:
                for _ in range(count):
                    await anext(events)
            except (StopAsyncIteration, Planned, LevadaError):
                pass  # the run was shorter, or fails as planned


@pytest.mark.timeout(180)
def test_events_that_are_left_anywhere_leave_nothing_behind_in_sync() -> None:
    for name, version, count in stop_points(2):
        label = f"{name} {version} after {count} events; LEVADA_STOP_SEED={SEED}"
        scenario, observer = SCENARIOS[name](), Observer()
        config: Any = {**(scenario.config or {}), "callbacks": [observer]}
        with closing(
            scenario.chain.stream_events(
                scenario.input, config, version=version, **scenario.filters
            )
        ) as events:
            try:
                for _ in range(count):
                    next(events)
            except (StopIteration, Planned, LevadaError):
                pass  # the run was shorter, or fails as planned
        check(observer, label)
        for _ in range(100):
            if not working_threads():
                break
            time.sleep(0.001)  # a thread of a pool that has done its work may still have to say so
        assert working_threads() == [], label
    gc.collect()
