"""Runs the rows: a process per peer and workload, asked in turn for one sample at a time.

Asking in turn spreads whatever else the machine does over all peers alike. A peer that cannot do a
row, fails or takes too long gets a note instead of a figure, and the run goes on.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from .peers import Peer
from .results import Figure, Results, RowResult
from .workloads import Row

WORKER = Path(__file__).with_name("worker.py")
PATIENCE_S = 900.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is measured."""

    repeats: int
    sample_s: float
    most_s: float  # after so long a figure has samples enough
    fresh: bool  # a new process for every workload, so that none sees another's garbage


FULL = Pace(repeats=7, sample_s=0.25, most_s=60, fresh=True)
SHORT = Pace(repeats=3, sample_s=0.1, most_s=2, fresh=False)


class Worker:
    """One peer's process, started when the first question is asked."""

    def __init__(self, peer: Peer, python: str, module: str) -> None:
        self.peer = peer
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed in __exit__)
        environment = {**os.environ, **peer.environment, "PYTHONHASHSEED": "0"}
        # Worker and peer find their packages in their own environment only.
        for name in ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONASYNCIODEBUG", "PYTHONDEVMODE"):
            environment.pop(name, None)
        self._process = subprocess.Popen(
            [python, "-P", str(WORKER), module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            cwd=tempfile.gettempdir(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send one request, wait for its answer; a note if the process is gone or too slow."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            return {"note": f"process ended: {self._last_words()}"}
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(PATIENCE_S):
                self._process.kill()
                return {"note": f"no answer in {PATIENCE_S:.0f} s"}
        line = self._process.stdout.readline()
        if not line:
            return {"note": f"process ended: {self._last_words()}"}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else f"exit code {self._process.returncode}"


def measure(
    results: Results, rows: Iterable[Row], peers: list[Peer], pythons: dict[str, str], pace: Pace
) -> None:
    """Add the figures of all rows to the results."""
    for _, group in groupby(rows, key=lambda row: row.workload if pace.fresh else ""):
        with ExitStack() as stack:
            workers: dict[tuple[str, str], Worker] = {}
            for row in group:
                taking = []
                for peer in peers:
                    if row.peers is not None and peer.name not in row.peers:
                        continue
                    place = peer.name, peer.module.format(row.module)
                    if place not in workers:
                        worker = Worker(peer, pythons[peer.name], place[1])
                        workers[place] = stack.enter_context(worker)
                    taking.append(workers[place])
                results.rows[row.key] = _measure_row(row, taking, pace)


def _measure_row(row: Row, workers: list[Worker], pace: Pace) -> RowResult:
    result = RowResult(row.workload, row.family, row.size, row.unit, row.units, row.title)
    ready = []
    for worker in workers:
        answer = worker.ask(
            do="prepare", case=row.case, size=row.size, units=row.units, sample_s=pace.sample_s
        )
        figure = result.figures[worker.peer.name] = Figure(note=answer.get("note", ""))
        if figure.note:
            _tell(row, worker.peer.name, figure.note)
            continue
        figure.times = answer["times"]
        figure.result = answer["result"] if isinstance(answer["result"], int) else None
        if answer["first"]:
            _keep(row, figure, answer["first"])
        ready.append(worker)
    for turn in range(min(pace.repeats, row.most_repeats)):
        # Whoever comes first has the colder caches: it is somebody else each time.
        shift = turn % len(ready) if ready else 0
        for worker in ready[shift:] + ready[:shift]:
            _sample(row, worker, result.figures[worker.peer.name], pace)
    for worker in ready:
        if worker.peer.name in row.memory:
            figure = result.figures[worker.peer.name]
            figure.peak_bytes = worker.ask(do="memory").get("peak_bytes")
    for name, figure in result.figures.items():
        if figure.cpu is not None:
            _tell(row, name, f"{figure.cpu:.4g} us CPU per {row.unit}")
    return result


def _sample(row: Row, worker: Worker, figure: Figure, pace: Pace) -> None:
    taken_s = sum(figure.wall_us) * figure.times * row.units / 1e6
    if figure.note or taken_s > pace.most_s:
        return
    answer = worker.ask(do="sample")
    if note := answer.get("note"):
        figure.note = note
        return
    _keep(row, figure, answer)


def _keep(row: Row, figure: Figure, answer: dict[str, Any]) -> None:
    units = answer["times"] * row.units
    figure.cpu_us.append(answer["cpu_s"] / units * 1e6)
    figure.wall_us.append(answer["wall_s"] / units * 1e6)


def _tell(row: Row, peer: str, what: str) -> None:
    print(f"{row.key:32} {peer:16} {what}", file=sys.stderr, flush=True)
