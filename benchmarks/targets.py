"""What levada must reach, in one table, and how a run compares.

All targets are ratios within one run, so they hold on any machine. In the short form, which CI runs
on small samples and a busy machine, a ratio may miss by its `margin`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .documents import SHAPES
from .results import Results

Kind = Literal["by hand", "objects", "slower", "kB each", "larger", "growth"]


@dataclass(frozen=True, slots=True)
class Target:
    """One promise about one family of rows."""

    family: str
    kind: Kind
    limit: float
    peer: str = ""
    from_size: int = 0
    margin: float = 1.5
    per_event: bool = False  # peers differ in how many events they give for a token

    @property
    def at_least(self) -> bool:
        return self.kind in ("slower", "larger")

    def __str__(self) -> str:
        match self.kind:
            case "by hand":
                return f"at most {self.limit:g}x hand-written"
            case "objects":
                return f"at most the cost of {self.limit:g} pydantic objects"
            case "slower":
                per = " per event" if self.per_event else ""
                if self.limit == 1:
                    return f"ahead of {self.peer}{per}"
                return f"{self.peer} at least {self.limit:g}x slower{per}"
            case "larger":
                return f"{self.peer} at least {self.limit:g}x larger"
            case "kB each":
                return f"at most {self.limit:g} kB per stream"
            case "growth":
                return f"never more than {self.limit:g}x dearer when there are more"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a target was met."""

    target: Target
    key: str
    value: float
    limit: float  # with the margin of the run

    def __str__(self) -> str:
        return f"{self.key}: {self.target}; here {self.value:.3g}, allowed {self.limit:.3g}"

    @property
    def met(self) -> bool:
        return self.value >= self.limit if self.target.at_least else self.value <= self.limit


def _invoke(family: str, langchain: float) -> tuple[Target, ...]:
    return (
        Target(family, "by hand", 3),
        Target(family, "slower", 1, "llm"),
        Target(family, "slower", langchain, "langchain-core", margin=2),
    )


def _stream(family: str, langchain: float) -> tuple[Target, ...]:
    return (
        Target(family, "by hand", 1.6),
        Target(family, "slower", 1, "llm"),
        Target(family, "slower", langchain, "langchain-core", margin=2),
    )


TARGETS: tuple[Target, ...] = (
    *_invoke("W1.invoke.sync", 30),
    *_invoke("W1.invoke.async", 60),
    *_stream("W2.stream.sync", 12),
    *_stream("W2.stream.async", 40),
    Target("W3.events.v2", "by hand", 2),
    Target("W3.events.v2", "slower", 1, "llm", per_event=True),
    Target("W3.events.v2", "slower", 30, "langchain-core", margin=2),
    Target("W3.events.v1", "by hand", 2.2),
    # The reference's v1 is quadratic: at the sizes of the short form it is three times cheaper.
    Target("W3.events.v1", "slower", 300, "langchain-core", margin=6),
    Target("W4.batch.sync", "by hand", 2),
    Target("W4.batch.async", "by hand", 2.5),
    *(
        Target(family, "slower", limit, peer, margin=2)
        for family in ("W4.batch.sync", "W4.batch.async")
        for peer, limit in (("llm", 1), ("langchain-core", 30))
    ),
    Target("W5.concurrent.stream", "by hand", 1.5),
    Target("W5.concurrent.stream", "kB each", 12),
    Target("W5.concurrent.stream", "slower", 1, "llm"),
    # Half of the reference's time there is garbage collection, which grows with the streams.
    Target("W5.concurrent.stream", "slower", 40, "langchain-core", margin=4),
    Target("W5.concurrent.stream", "larger", 15, "langchain-core"),
    Target("W5.concurrent.events", "by hand", 2),
    Target("W5.concurrent.events", "kB each", 24),
    # 100 ms more, where pydantic and anyio took 240 ms: other machines take three times as long.
    Target("W6.import", "by hand", 1.4),
    Target("W6.import", "slower", 1, "llm"),
    *(
        Target("W6.import", "slower", 3, peer)
        for peer in ("langchain-core", "langgraph", "pydantic-ai")
    ),
    Target("W7.steps.sync", "objects", 1, from_size=50),
    Target("W7.steps.async", "objects", 1.5, from_size=50),
    Target("W7.steps.inline", "objects", 1.5, from_size=50),
    Target("W7.steps.events", "by hand", 3, from_size=50),
    *(
        Target(f"W7.steps.{how}", "slower", 60, "langchain-core", from_size=50, margin=2)
        for how in ("sync", "async", "inline")
    ),
    # Three times the hand-written events is twenty times faster than langchain-core.
    Target("W7.steps.events", "slower", 60, "langchain-core", from_size=50, margin=4),
    *(
        target
        for family in ("W8.agent.sync", "W8.agent.async")
        for target in (
            Target(family, "by hand", 6),
            Target(family, "slower", 1, "llm"),
            Target(family, "slower", 50, "langgraph"),
            Target(family, "slower", 50, "pydantic-ai"),
        )
    ),
    Target("W9.prompt.sync", "by hand", 3),
    Target("W9.prompt.sync", "slower", 15, "langchain-core", margin=2),
    *(
        target
        for shape in SHAPES
        for target in (
            Target(f"W10.snapshots.{shape}", "slower", 20, "langchain-core"),
            Target(f"W10.snapshots.{shape}", "growth", 1.5),
        )
    ),
    *(
        Target(f"growth.{case}", "growth", 1.3)
        for case in (
            "stream.sync",
            "stream.async",
            "events.v2",
            "events.v1",
            "items.sync",
            "items.async",
            "steps.sync",
            "steps.async",
        )
    ),
)


def verdicts(results: Results) -> Iterator[Verdict]:
    """Judge every target that the run has the figures for, at every size that it is meant for."""
    for target in TARGETS:
        keys = results.of_family(target.family)
        if target.kind == "growth":
            measured = [(keys[-1], results.dearer(keys))] if keys else []
        else:
            sizes = [key for key in keys if results.rows[key].size >= target.from_size]
            measured = [(key, _value(results, target, key)) for key in sizes]
        for key, value in measured:
            if value is not None:
                yield Verdict(target, key, value, _limit(results, target))


def missed(results: Results) -> list[Verdict]:
    """List the targets that were not met."""
    return [verdict for verdict in verdicts(results) if not verdict.met]


def unmeasured(results: Results) -> list[str]:
    """List levada's rows without a figure: nothing can be said to be met there."""
    return [
        f"{key}: {figure.note}"
        for key, row in results.rows.items()
        if (figure := row.figures.get("levada")) and figure.note
    ]


def _limit(results: Results, target: Target) -> float:
    if not results.about["short"]:
        return target.limit
    return target.limit / target.margin if target.at_least else target.limit * target.margin


def _value(results: Results, target: Target, key: str) -> float | None:
    match target.kind:
        case "by hand" | "objects":
            return results.ratio(key, "levada")
        case "slower":
            return _slower(results, target, key)
        case "kB each":
            peak = results.memory(key, "levada")
            return None if peak is None else peak / 1000 / results.rows[key].size
        case "larger":
            ours, theirs = results.memory(key, "levada"), results.memory(key, target.peer)
            return theirs / ours if ours and theirs else None
        case "growth":
            return None


def _slower(results: Results, target: Target, key: str) -> float | None:
    times = results.ratio(key, target.peer, "levada")
    if times is None or not target.per_event:
        return times
    ours, theirs = (results.rows[key].figures[peer].result for peer in ("levada", target.peer))
    return times * ours / theirs if ours and theirs else None
