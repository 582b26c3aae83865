"""Timing and memory of one peer's programs, inside that peer's process.

CPU time is counted beside wall time. The collector runs as it does in a user's program: no
`gc.collect()` before a sample, which would move the cost of a peer's many objects out of the
figure.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import resource
import sys
import time
import tracemalloc
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from .cases import CASES, Program
from .material import ANSWER
from .results import ABSENT

Answer = dict[str, Any]

WARM_S = (
    2.0  # a program that takes longer is warm after its first call, and fills a sample by itself
)
LONG_S = 20.0  # the first call of such a program is its first sample, and is not traced for memory
FAR_MORE = 10  # than all that ran before it in the process, or its memory is not known


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A program that is warm."""

    program: Program
    times: int  # so many calls fill a sample
    grown_bytes: int | None  # during the first call, if that was a long one; 0: not known


class Sampler:
    """Answers the controller's requests with the programs of one module."""

    def __init__(self, module: str) -> None:
        importlib.import_module(module)
        self._runner = asyncio.Runner()
        self._resident = _most_resident()
        self._case = ""
        self._of_size: dict[int, _Prepared] = {}  # of one case only

    def answer(self, request: dict[str, Any]) -> Answer:
        match request["do"]:
            case "prepare":
                return self._prepare(request)
            case "sample":
                prepared = self._of_size[request["size"]]
                cpu, wall = self._time(prepared.program, prepared.times)
                return {"cpu_s": cpu, "wall_s": wall, "times": prepared.times}
            case "memory":
                return self._memory(self._of_size[request["size"]])
            case unknown:
                return {"note": f"no request {unknown!r}"}

    def _prepare(self, request: dict[str, Any]) -> Answer:
        name, size = request["case"], request["size"]
        case = CASES.get(name)
        if case is None:
            return {"note": ABSENT}
        if case.most is not None and size > case.most:
            return {"note": f"too slow beyond {case.most:,}"}
        if name != self._case:
            self._case = name
            self._of_size.clear()
        program = case.build(size)
        resident = _most_resident()
        cpu, wall = time.process_time(), time.perf_counter()
        result = self._once(program)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        if isinstance(result, str):
            if result != ANSWER:
                return {"note": f"wrong answer: {result[:80]!r}"}
        elif not isinstance(result, int) or result < request["units"]:
            return {"note": f"{result!r} seen, {request['units']} expected"}
        times = 1 if wall > WARM_S else self._calibrate(program, request["sample_s"])
        grown = _most_resident() - resident if wall > LONG_S else None
        if grown is not None and grown < FAR_MORE * (resident - self._resident):
            grown = 0  # what earlier programs left free may have been used again
        self._of_size[size] = _Prepared(program, times, grown)
        first = {"cpu_s": cpu, "wall_s": wall, "times": 1} if wall > LONG_S else None
        return {"times": times, "result": result, "first": first}

    def _calibrate(self, program: Program, sample_s: float) -> int:
        """Find how many calls fill a sample; this is the warm-up too."""
        times = 1
        while True:
            cpu, wall = self._time(program, times)
            if max(cpu, wall) >= sample_s / 4:
                return max(1, round(times * sample_s / max(cpu, wall / 4)))
            times *= 4

    def _once(self, program: Program) -> Any:
        if not inspect.iscoroutinefunction(program):
            return program()
        return self._runner.run(program())

    def _time(self, program: Program, times: int) -> tuple[float, float]:
        if inspect.iscoroutinefunction(program):
            return self._runner.run(_time_async(program, times))
        return _time_sync(program, times)

    def _memory(self, prepared: _Prepared) -> Answer:
        if prepared.grown_bytes is not None:
            return {"peak_bytes": prepared.grown_bytes or None}
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        self._once(prepared.program)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return {"peak_bytes": peak - before}


def _most_resident() -> int:
    """Give the largest size in bytes that this process has had in memory."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _time_sync(program: Program, times: int) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in repeat(None, times):
        program()
    return time.process_time() - cpu, time.perf_counter() - wall


async def _time_async(program: Program, times: int) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in repeat(None, times):
        await program()
    return time.process_time() - cpu, time.perf_counter() - wall
