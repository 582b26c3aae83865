"""One picture of a run: the multiple of hand-written code, per workload, on a log axis."""

from __future__ import annotations

import sys
from pathlib import Path

from .results import Results

# One row per workload, at the largest size measured.
SHOWN = {
    "W1.invoke.sync": "invoke",
    "W1.invoke.async": "ainvoke",
    "W2.stream.sync": "stream, per token",
    "W2.stream.async": "astream, per token",
    "W3.events.v2": "events v2, per token",
    "W3.events.v1": "events v1, per token",
    "W4.batch.sync": "batch, 50 threads",
    "W4.batch.async": "abatch, limit 50",
    "W5.concurrent.stream": "concurrent streams",
    "W5.concurrent.events": "concurrent event streams",
    "W6.import": "import",
    "W8.agent.sync": "agent loop, three tool calls",
    "W9.prompt.sync": "prompt, two messages",
}
COLOURS = {
    "levada": "#0b7285",
    "langchain-core": "#e8590c",
    "langgraph": "#f08c00",
    "pydantic-ai": "#c2255c",
    "llm": "#5f3dc4",
}


def draw(results: Results, folder: Path) -> None:
    """Write `latest.svg` and `latest.png`; without matplotlib (dependency group bench) say so."""
    try:
        import matplotlib  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
    except ImportError:
        print("no plot: matplotlib is not installed", file=sys.stderr)
        return
    matplotlib.use("Agg")
    # The same figures give the same file.
    matplotlib.rcParams.update({"svg.hashsalt": "levada", "font.size": 9})
    from matplotlib import pyplot  # noqa: PLC0415

    keys = [
        (title, keys[-1]) for family, title in SHOWN.items() if (keys := results.of_family(family))
    ]
    if not keys:
        return
    figure, axes = pyplot.subplots(figsize=(8, 0.36 * len(keys) + 1.3), layout="constrained")
    for peer, colour in COLOURS.items():
        ratios = [results.ratio(key, peer) for _, key in keys]
        points = [(ratio, place) for place, ratio in enumerate(ratios) if ratio is not None]
        if points:
            ours = peer == "levada"
            axes.plot(
                *zip(*points, strict=True),
                "D" if ours else "o",
                color=colour,
                markersize=7 if ours else 5.5,
                label=peer,
                zorder=3 if ours else 2,
            )
    axes.axvline(1, color="#495057", linewidth=1, label="hand-written")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}x")
    axes.set_yticks(range(len(keys)), [title for title, _ in keys])
    axes.invert_yaxis()
    axes.grid(visible=True, which="major", axis="both", color="#e9ecef")
    axes.set_axisbelow(True)
    axes.set_xlabel("CPU time as a multiple of hand-written code (smaller is better)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.4, 1.0 + 0.9 / len(keys)), ncols=6, frameon=False
    )
    figure.savefig(folder / "latest.svg", metadata={"Date": None})
    figure.savefig(folder / "latest.png", dpi=150)
    pyplot.close(figure)
