"""What a run has measured: the shape of `results/latest.json`."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

FORMAT = 1
ABSENT = "has no such thing"  # the note of a row that a peer has no way to do


@dataclass(slots=True)
class Figure:
    """One peer's result for one row; `note` says why there is none."""

    cpu_us: list[float] = field(default_factory=list)  # per unit, one for each sample
    wall_us: list[float] = field(default_factory=list)
    times: int = 0
    result: int | None = None  # how many tokens, items, steps or events one call gave
    peak_bytes: int | None = None
    note: str = ""

    @property
    def cpu(self) -> float | None:
        """Median CPU time per unit in microseconds."""
        return statistics.median(self.cpu_us) if self.cpu_us else None

    @property
    def wall(self) -> float | None:
        """Median wall time per unit in microseconds."""
        return statistics.median(self.wall_us) if self.wall_us else None


@dataclass(slots=True)
class RowResult:
    """All peers' results for one row."""

    workload: str
    family: str
    size: int
    unit: str
    units: int
    title: str
    figures: dict[str, Figure] = field(default_factory=dict)


@dataclass(slots=True)
class Results:
    """A whole run."""

    about: dict[str, Any]
    rows: dict[str, RowResult] = field(default_factory=dict)

    def cpu(self, key: str, peer: str) -> float | None:
        """Give a peer's median CPU time per unit, if the row was measured."""
        row = self.rows.get(key)
        figure = row.figures.get(peer) if row else None
        return figure.cpu if figure else None

    def ratio(self, key: str, peer: str, to: str = "floor") -> float | None:
        """Give a peer's time as a multiple of another's, by default the hand-written program's."""
        row = self.rows.get(key)
        if row is None or peer not in row.figures or to not in row.figures:
            return None
        return _by_turn(row.figures[peer], row.figures[to])

    def dearer(self, keys: list[str], peer: str = "levada") -> float | None:
        """Say how many times a smaller size's cost a unit has at a larger one; sizes ascending."""
        figures = [figure for key in keys if (figure := self.rows[key].figures.get(peer))]
        ratios = [_by_turn(larger, smaller) for smaller, larger in combinations(figures, 2)]
        return max((ratio for ratio in ratios if ratio is not None), default=None)

    def memory(self, key: str, peer: str) -> int | None:
        """Give the peak of allocated bytes during one program."""
        row = self.rows.get(key)
        figure = row.figures.get(peer) if row else None
        return figure.peak_bytes if figure else None

    def peers(self) -> list[str]:
        """List the peers that were asked, in the order of the tables."""
        return list(self.about["peers"])

    def of_family(self, family: str) -> list[str]:
        """List the keys of a family's rows, smallest size first."""
        found = [(row.size, key) for key, row in self.rows.items() if row.family == family]
        return [key for _, key in sorted(found)]


def save(results: Results, path: Path) -> None:
    """Write a run as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {"format": FORMAT, **results.about}
    told = {"about": about, "rows": {key: asdict(row) for key, row in results.rows.items()}}
    path.write_text(json.dumps(_rounded(told), indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> Results:
    """Read a run that `save` has written.

    Raises:
        ValueError: if the file is of another format.
    """
    told = json.loads(path.read_text(encoding="utf-8"))
    if told.get("about", {}).get("format") != FORMAT:
        raise ValueError(f"{path} is not a result of this suite (format {FORMAT})")
    rows = {}
    for key, row in told["rows"].items():
        figures = {peer: Figure(**figure) for peer, figure in row.pop("figures").items()}
        rows[key] = RowResult(**row, figures=figures)
    return Results(told["about"], rows)


def _by_turn(figure: Figure, to: Figure) -> float | None:
    """Give the median of the ratios of each turn.

    Samples taken one after the other share whatever the machine did at that moment.
    """
    pairs = zip(figure.cpu_us, to.cpu_us, strict=False)
    ratios = [above / below for above, below in pairs if below]
    return statistics.median(ratios) if ratios else None


def _rounded(value: Any) -> Any:
    """Keep four significant digits: the rest is noise, and would make every diff a rewrite."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value
