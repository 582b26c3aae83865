"""What is measured: one `Row` per figure.

| workload | what it is |
| --- | --- |
| W1 | prompt of two variables, a model that answers one short message, its text |
| W2 | the same, streamed: per token |
| W3 | events of every step (three per token), in both renderings |
| W4 | 1,000 inputs with 50 threads, or 50 at a time in async |
| W5 | 500 concurrent streams of 100 tokens, each token after a `sleep(0)`: CPU and memory |
| W6 | import of what a user needs (measured in fresh processes, see `imports.py`) |
| W7 | chains of identity functions: per step |
| W8 | an agent that calls three tools |
| W9 | a prompt alone: two messages, two variables |
| W10 | a JSON document in pieces of four characters, the value so far: per piece |
| growth | the cost of one token, item or step when there are more of them, and the peak memory |
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .documents import SHAPES
from .material import TOKENS_PER_STREAM

OURS = ("floor", "levada")
MEASURED_IN_MEMORY = (*OURS, "langchain-core", "llm")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: a case at a size."""

    workload: str
    case: str  # its part before the dot names the module that holds the program
    size: int
    unit: str
    title: str
    per_size: int = 1  # units in one program = size * per_size
    peers: tuple[str, ...] | None = None  # None: whoever has the case
    memory: tuple[
        str, ...
    ] = ()  # whose peak of allocated memory during one program is measured too
    most_repeats: int = 99

    @property
    def key(self) -> str:
        return f"{self.workload}.{self.case}.{self.size}"

    @property
    def family(self) -> str:
        """The key without its size: what targets are written for."""
        return f"{self.workload}.{self.case}"

    @property
    def module(self) -> str:
        return self.case.partition(".")[0]

    @property
    def units(self) -> int:
        """How many units one call of the program works through."""
        return self.size * self.per_size


def _tokens(workload: str, case: str, title: str, sizes: tuple[int, ...]) -> Iterator[Row]:
    for size in sizes:
        yield Row(workload, case, size, "token", f"{title}, {size:,} tokens")


def rows(*, short: bool) -> list[Row]:
    """List what is measured, in order; the short form has smaller sizes."""
    made = [
        Row("W1", "invoke.sync", 1, "call", "invoke"),
        Row("W1", "invoke.async", 1, "call", "ainvoke"),
    ]
    streamed = (2_000,) if short else (1_000, 10_000)
    made += _tokens("W2", "stream.sync", "stream", streamed)
    made += _tokens("W2", "stream.async", "astream", streamed)
    made += _events((1_000,) if short else (4_000, 16_000), (200,) if short else (4_000,))
    items = 400 if short else 1_000
    made += [
        Row("W4", "batch.sync", items, "item", f"batch of {items:,}, 50 threads"),
        Row("W4", "batch.async", items, "item", f"abatch of {items:,}, limit 50"),
    ]
    made += _concurrent(short=short)
    made += _steps((50,) if short else (1, 10, 50))
    made += [
        Row("W8", "agent.sync", 1, "run", "agent with three tool calls"),
        Row("W8", "agent.async", 1, "run", "agent with three tool calls, async"),
        Row("W9", "prompt.sync", 1, "prompt", "invoke of a prompt with two messages"),
    ]
    made += _snapshots(short=short)
    made += _growth(short=short)
    return made


def _events(v2_sizes: tuple[int, ...], v1_sizes: tuple[int, ...]) -> Iterator[Row]:
    yield from _tokens("W3", "events.v2", "astream_events v2", v2_sizes)
    yield from _tokens("W3", "events.v1", "astream_events v1", v1_sizes)


def _concurrent(*, short: bool) -> Iterator[Row]:
    streams = 50 if short else 500
    for case, what in (("concurrent.stream", "streams"), ("concurrent.events", "event streams")):
        yield Row(
            "W5",
            case,
            streams,
            "token",
            f"{streams} concurrent {what} of {TOKENS_PER_STREAM} tokens",
            per_size=TOKENS_PER_STREAM,
            peers=OURS if short and case == "concurrent.events" else None,
            memory=OURS if short else MEASURED_IN_MEMORY,
        )


def _steps(sizes: tuple[int, ...]) -> Iterator[Row]:
    for case, title in (
        ("steps.sync", "invoke of {} steps"),
        ("steps.async", "ainvoke of {} async steps"),
        ("steps.inline", "ainvoke of {} inline steps"),
    ):
        for size in sizes:
            yield Row("W7", case, size, "step", title.format(size))
    for size in (50,) if 50 in sizes and len(sizes) == 1 else (10, 50):
        yield Row("W7", "steps.events", size, "step", f"astream_events v2 of {size} steps")


def _snapshots(*, short: bool) -> Iterator[Row]:
    for shape in SHAPES:
        # 20,000 take a quadratic peer more than half an hour; 4,000 show what they would take.
        for size in (1_000, 20_000) if short else (1_000, 4_000, 20_000):
            peers = None
            if short and size > 1_000:
                peers = ("levada",)
            elif short and shape != "records":
                peers = OURS
            title = f"JSON as it comes ({shape}), {size:,} tokens"
            yield Row("W10", f"snapshots.{shape}", size, "token", title, peers=peers)


def _growth(*, short: bool) -> Iterator[Row]:
    tokens = (1_000, 10_000) if short else (1_000, 10_000, 100_000)
    items = (100, 10_000) if short else (100, 10_000, 1_000_000)
    steps = (10, 1_000) if short else (10, 100, 1_000)
    families = (
        ("stream.sync", "token", "stream, {:,} tokens", tokens),
        ("stream.async", "token", "astream, {:,} tokens", tokens),
        ("events.v2", "token", "astream_events v2, {:,} tokens", tokens),
        ("events.v1", "token", "astream_events v1, {:,} tokens", tokens),
        ("items.sync", "item", "batch over an iterator, {:,} items", items),
        ("items.async", "item", "abatch over an iterator, {:,} items", items),
        ("steps.sync", "step", "invoke of {:,} steps", steps),
        ("steps.async", "step", "ainvoke of {:,} async steps", steps),
    )
    for case, unit, title, sizes in families:
        for size in sizes:
            yield Row(
                "growth",
                case,
                size,
                unit,
                title.format(size),
                peers=("levada",) if short else OURS,
                memory=() if short else OURS,
                most_repeats=5,
            )
