"""Runs the rows: a process per peer and workload, asked in turn for one sample at a time.

Asking in turn spreads whatever else the machine does over all peers alike, and over all sizes of
one case: their ratios are what says whether a cost grows. A peer that cannot do a row, fails or
takes too long gets a note instead of a figure, and the run goes on.
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
SHORT = Pace(repeats=5, sample_s=0.1, most_s=2, fresh=False)


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


class _Series:
    """The samples of one peer for one row."""

    def __init__(self, row: Row, worker: Worker) -> None:
        self.row = row
        self.figure = Figure()
        self._worker = worker

    @property
    def peer(self) -> str:
        return self._worker.peer.name

    def prepare(self, sample_s: float) -> None:
        """Build and warm the program."""
        row, figure = self.row, self.figure
        answer = self._ask("prepare", case=row.case, units=row.units, sample_s=sample_s)
        if figure.note:
            self._tell(figure.note)
            return
        figure.times = answer["times"]
        figure.result = answer["result"] if isinstance(answer["result"], int) else None
        if answer["first"]:
            self._keep(answer["first"])

    def is_open(self, turn: int, pace: Pace) -> bool:
        """Say whether another sample is wanted."""
        figure, row = self.figure, self.row
        taken_s = sum(figure.wall_us) * figure.times * row.units / 1e6
        return not figure.note and turn < row.most_repeats and taken_s <= pace.most_s

    def sample(self) -> None:
        answer = self._ask("sample")
        if not self.figure.note:
            self._keep(answer)

    def close(self) -> None:
        """Measure the memory where the row says so, and tell the figure."""
        if self.figure.note:
            return
        if self.peer in self.row.memory:
            self.figure.peak_bytes = self._ask("memory").get("peak_bytes")
        if self.figure.cpu is not None:
            self._tell(f"{self.figure.cpu:.4g} us CPU per {self.row.unit}")

    def _ask(self, do: str, **request: Any) -> dict[str, Any]:
        answer = self._worker.ask(do=do, size=self.row.size, **request)
        self.figure.note = answer.get("note", "")
        return answer

    def _keep(self, answer: dict[str, Any]) -> None:
        units = answer["times"] * self.row.units
        self.figure.cpu_us.append(answer["cpu_s"] / units * 1e6)
        self.figure.wall_us.append(answer["wall_s"] / units * 1e6)

    def _tell(self, what: str) -> None:
        print(f"{self.row.key:32} {self.peer:16} {what}", file=sys.stderr, flush=True)


def measure(
    results: Results, rows: Iterable[Row], peers: list[Peer], pythons: dict[str, str], pace: Pace
) -> None:
    """Add the figures of all rows to the results."""
    for _, workload in groupby(rows, key=lambda row: row.workload if pace.fresh else ""):
        with _Workers(pythons) as workers:
            for _, family in groupby(workload, key=lambda row: row.family):
                all_series = []
                for row in family:
                    taking = [peer for peer in peers if row.peers is None or peer.name in row.peers]
                    series = [_Series(row, workers.of(peer, row.module)) for peer in taking]
                    results.rows[row.key] = _result(row, series)
                    all_series += series
                _sample_in_turn(all_series, pace)


class _Workers(ExitStack):
    """The processes of a workload, each started when it is first asked for."""

    def __init__(self, pythons: dict[str, str]) -> None:
        super().__init__()
        self._pythons = pythons
        self._started: dict[tuple[str, str], Worker] = {}

    def of(self, peer: Peer, module: str) -> Worker:
        place = peer.name, peer.module.format(module)
        if place not in self._started:
            worker = Worker(peer, self._pythons[peer.name], place[1])
            self._started[place] = self.enter_context(worker)
        return self._started[place]


def _result(row: Row, series: list[_Series]) -> RowResult:
    figures = {one.peer: one.figure for one in series}
    return RowResult(row.workload, row.family, row.size, row.unit, row.units, row.title, figures)


def _sample_in_turn(series: list[_Series], pace: Pace) -> None:
    for one in series:
        one.prepare(pace.sample_s)
    for turn in range(pace.repeats):
        # Whoever comes first has the colder caches: it is somebody else each time.
        shift = turn % len(series) if series else 0
        for one in series[shift:] + series[:shift]:
            if one.is_open(turn, pace):
                one.sample()
    for one in series:
        one.close()
