"""Timing and memory of one peer's programs, inside that peer's process.

CPU time is counted beside wall time. The collector runs as it does in a user's program: no
`gc.collect()` before a sample, which would move the cost of a peer's many objects out of the
figure.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import time
import tracemalloc
from itertools import repeat
from typing import Any

from .cases import CASES, Program
from .material import ANSWER

Answer = dict[str, Any]


class Sampler:
    """Answers the controller's requests with the programs of one module."""

    def __init__(self, module: str) -> None:
        importlib.import_module(module)
        self._runner = asyncio.Runner()
        self._program: Program = lambda: None
        self._times = 1

    def answer(self, request: dict[str, Any]) -> Answer:
        match request["do"]:
            case "prepare":
                return self._prepare(request)
            case "sample":
                cpu, wall = self._time(self._times)
                return {"cpu_s": cpu, "wall_s": wall, "times": self._times}
            case "memory":
                return self._memory()
            case unknown:
                return {"note": f"no request {unknown!r}"}

    def _prepare(self, request: dict[str, Any]) -> Answer:
        name, size = request["case"], request["size"]
        case = CASES.get(name)
        if case is None:
            return {"note": "has no such thing"}
        if case.most is not None and size > case.most:
            return {"note": f"too slow beyond {case.most:,}"}
        self._program = case.build(size)
        started = time.perf_counter()
        result = self._once()
        first_s = time.perf_counter() - started
        if isinstance(result, str):
            if result != ANSWER:
                return {"note": f"wrong answer: {result[:80]!r}"}
        elif not isinstance(result, int) or result < request["units"]:
            return {"note": f"{result!r} seen, {request['units']} expected"}
        # A program of seconds is warm after its first call and fills a sample by itself.
        self._times = 1 if first_s > 2 else self._calibrate(request["sample_s"])
        return {"times": self._times, "result": result}

    def _calibrate(self, sample_s: float) -> int:
        """Find how many calls fill a sample; this is the warm-up too."""
        times = 1
        while True:
            cpu, wall = self._time(times)
            if max(cpu, wall) >= sample_s / 4:
                return max(1, round(times * sample_s / max(cpu, wall / 4)))
            times *= 4

    def _is_async(self) -> bool:
        return inspect.iscoroutinefunction(self._program)

    def _once(self) -> Any:
        if not self._is_async():
            return self._program()
        return self._runner.run(self._program())

    def _time(self, times: int) -> tuple[float, float]:
        if self._is_async():
            return self._runner.run(_time_async(self._program, times))
        return _time_sync(self._program, times)

    def _memory(self) -> Answer:
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        self._once()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return {"peak_bytes": peak - before}


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
