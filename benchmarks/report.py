"""Tables of a run, as Markdown: ratios first, absolute times only as context."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from . import plot
from .results import ABSENT, Results, RowResult
from .targets import verdicts

NOISE = 0.25  # differences below this are not findings


def write(results: Results, folder: Path) -> None:
    """Write the tables, and the plot where matplotlib is installed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.md").write_text(text(results), encoding="utf-8")
    plot.draw(results, folder)


def text(results: Results) -> str:
    """Give the whole report."""
    parts = [
        "# Benchmarks",
        _about(results),
        _section(
            results,
            "Time as a multiple of hand-written code",
            "CPU time, median of the ratios of each turn. By hand, a step of W7 (not its "
            "events) is the building of one pydantic object of four fields.",
            lambda key, peer: _times(results.ratio(key, peer)),
        ),
        _section(
            results,
            "How much slower than levada",
            "CPU time of each peer divided by levada's.",
            lambda key, peer: _times(results.ratio(key, peer, "levada")),
        ),
        _memory(results),
        _growth(results),
        _targets(results),
        _section(
            results,
            "Context: microseconds of CPU time per unit",
            "Not comparable between runs or machines.",
            lambda key, peer: _number(results.cpu(key, peer)),
        ),
        _notes(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def comparison(stored: Results, now: Results) -> str:
    """Give the change of levada's ratio to hand-written code against a stored run.

    Ratios are compared, not times, so the two runs may come from different machines.
    """
    lines = []
    for key in now.rows:
        before, after = stored.ratio(key, "levada"), now.ratio(key, "levada")
        if before is None or after is None:
            continue
        change = after / before - 1
        word = "" if abs(change) < NOISE else ("slower" if change > 0 else "faster")
        lines.append((now.rows[key].title, _times(before), _times(after), f"{change:+.0%}", word))
    title = (
        f"## levada against hand-written code: {stored.about['commit']} and {now.about['commit']}"
    )
    if not lines:
        return f"{title}\n\nThe two runs have no row in common."
    table = _table(("row", "stored", "now", "change", ""), lines)
    return f"{title}\n\nChanges below {NOISE:.0%} are noise.\n\n{table}\n"


def _about(results: Results) -> str:
    about = results.about
    form = "short form, " if about["short"] else ""
    how = f"{form}{about['repeats']} interleaved samples of {about['sample_s']} s per figure"
    lines = [f"{how}, {about['machine']}, commit {about['commit']}, {about['date']}.", ""]
    for peer, packages in about["peers"].items():
        lines.append(f"- {peer}: " + ", ".join(f"{k} {v}" for k, v in packages.items()))
    return "\n".join(lines)


def _section(results: Results, title: str, says: str, cell: Callable[[str, str], str]) -> str:
    peers = results.peers()
    rows = []
    for key, row in _ordered(results):
        if row.workload == "growth":
            continue
        cells = [cell(key, peer) for peer in peers]
        if any(cells):
            rows.append((row.workload, f"{row.title}, per {row.unit}", *cells))
    if not rows:
        return ""
    return f"## {title}\n\n{says}\n\n{_table(('', 'row', *peers), rows)}"


def _memory(results: Results) -> str:
    peers = results.peers()
    rows = []
    for key, row in _ordered(results):
        if row.workload == "growth":
            continue
        peaks = [results.memory(key, peer) for peer in peers]
        if any(peaks):
            rows.append((row.title, *(_number(peak and peak / 1000 / row.size) for peak in peaks)))
    if not rows:
        return ""
    says = "Peak of allocated memory (tracemalloc), kB per stream."
    return f"## Memory of concurrent streams\n\n{says}\n\n{_table(('row', *peers), rows)}"


def _growth(results: Results) -> str:
    families = dict.fromkeys(
        row.family for row in results.rows.values() if row.workload == "growth"
    )
    rows = []
    for family in families:
        keys = results.of_family(family)
        for key in keys:
            row = results.rows[key]
            ours = results.cpu(key, "levada")
            last = _times(results.dearer(keys)) if key == keys[-1] else ""
            peaks = [results.memory(key, peer) for peer in ("levada", "floor")]
            kilobytes = [_number(peak / 1000 if peak else None) for peak in peaks]
            if ours is not None:
                ratio = _times(results.ratio(key, "levada"))
                rows.append((row.title, row.unit, ratio, _number(ours), last, *kilobytes))
    if not rows:
        return ""
    head = ("row", "unit", "by hand", "us/unit", "dearest", "peak kB", "peak kB by hand")
    says = (
        "Cost of one unit when there are more of them; `dearest` is a size against any smaller one."
    )
    return f"## Growth of levada\n\n{says}\n\n{_table(head, rows)}"


def _targets(results: Results) -> str:
    rows = []
    for verdict in verdicts(results):
        title = results.rows[verdict.key].title
        met = "met" if verdict.met else "**missed**"
        rows.append(
            (verdict.key.partition(".")[0], title, str(verdict.target), _number(verdict.value), met)
        )
    if not rows:
        return ""
    says = "The short form allows each a margin (`targets.py`)." if results.about["short"] else ""
    head = ("", "row", "target", "here", "")
    return "\n\n".join(part for part in ("## Targets", says, _table(head, rows)) if part)


def _notes(results: Results) -> str:
    notes: dict[tuple[str, str], list[str]] = {}
    for key, row in _ordered(results):
        for peer, figure in row.figures.items():
            if figure.note and figure.note != ABSENT:
                notes.setdefault((peer, figure.note), []).append(key)
    if not notes:
        return ""
    lines = [f"- {peer}: {note} ({', '.join(keys)})" for (peer, note), keys in notes.items()]
    return "## Rows without a figure\n\n" + "\n".join(lines)


def _ordered(results: Results) -> Iterable[tuple[str, RowResult]]:
    return sorted(results.rows.items(), key=lambda item: item[1].workload)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _times(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}x" if value >= 10 else f"{value:.2f}x"
