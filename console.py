"""A live view of a chain in the terminal: every step, its state, its tokens and its time.

    from levada.console import show
    show(chain, {"topic": "goldfish"})

With the extra `rich` and on a terminal the tree of steps is redrawn while it runs; else a line is
written when a step starts and when it ends.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TextIO, TypeVar

from .errors import MissingExtraError
from .runnables import Runnable, RunnableConfig, StreamEvent, aclose, collect

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

__all__ = ["Step", "Steps", "ashow", "drawn", "show"]

Output = TypeVar("Output")
State = Literal["running", "done", "failed"]

_SIGNS: dict[State, str] = {"running": "…", "done": "✓", "failed": "✗"}
_COLOURS: dict[State, str] = {"running": "yellow", "done": "green", "failed": "red"}


@dataclass(slots=True)
class Step:
    """What the view knows of one run."""

    name: str
    kind: str
    depth: int
    started: float
    ended: float | None = None
    state: State = "running"
    chunks: int = 0
    text: list[str] = field(default_factory=list[str])
    error: BaseException | None = None

    def seconds(self, now: float) -> float:
        """How long it has been running, or ran."""
        return (self.ended or now) - self.started

    def line(self, now: float) -> str:
        """What there is to say of it, without its text."""
        parts = [f"{self.seconds(now):6.2f} s"]
        if self.chunks:
            unit = "token" if self.kind == "chat_model" else "chunk"
            parts.append(f"{self.chunks} {unit}{'s' if self.chunks > 1 else ''}")
            if self.kind == "chat_model" and self.seconds(now) > 0:
                parts.append(f"{self.chunks / self.seconds(now):.0f}/s")
        if self.error is not None:
            parts.append(f"{type(self.error).__name__}: {self.error}")
        return "  ".join(parts)


class Steps:
    """The steps of a run, kept up to date by its events: an observer.

    Args:
        clock: Gives the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self._steps: dict[str, Step] = {}
        self._children: dict[str, list[str]] = {"": []}

    def on_event(self, event: StreamEvent) -> None:
        """Take note of an event."""
        kind, _, phase = event["event"].removeprefix("on_").rpartition("_")
        run_id = event["run_id"]
        if phase == "start":
            parents = [p for p in event["parent_ids"] if p in self._steps]
            self._steps[run_id] = Step(event["name"], kind, len(parents), self.clock())
            self._children[run_id] = []
            self._children[parents[-1] if parents else ""].append(run_id)
            return
        step = self._steps.get(run_id)
        if step is None:
            return  # a custom event, or one of a run that began before
        data: Any = event["data"]
        if phase == "stream":
            step.chunks += 1
            step.text.append(_text_of(data["chunk"]))
        elif phase in ("end", "error"):
            step.ended = self.clock()
            step.state = "done" if phase == "end" else "failed"
            step.error = data.get("error")

    def __iter__(self) -> Iterator[Step]:
        """Give the steps from the outermost inwards, each before those that it called."""
        ids = self._children[""][::-1]
        while ids:
            run_id = ids.pop()
            yield self._steps[run_id]
            ids += self._children[run_id][::-1]

    def latest(self, event: StreamEvent) -> Step | None:
        """Give the step of an event."""
        return self._steps.get(event["run_id"])


def _text_of(chunk: object) -> str:
    text = getattr(chunk, "text", chunk)
    return text if isinstance(text, str) else ""


class _View(Protocol):
    steps: Steps

    def on_event(self, event: StreamEvent) -> None: ...

    def __enter__(self) -> _View: ...

    def __exit__(self, *exc: object) -> None: ...


def show(
    chain: Runnable[Any, Output],
    input: Any,
    config: RunnableConfig | None = None,
    *,
    file: TextIO | None = None,
    live: bool | None = None,
) -> Output:
    """Stream the chain, show its steps meanwhile, and give its output.

    Args:
        chain: What to run.
        input: Its input.
        config: As for `chain.stream`.
        file: Where to write; else standard output.
        live: Whether to redraw a tree of steps; else only on a terminal with `rich` installed.

    Raises:
        MissingExtraError: `live=True` and rich is not installed.
    """
    with _view(file, live) as view:
        return collect(chain.stream(input, _watched_by(view, config)))  # type: ignore[no-any-return]


async def ashow(
    chain: Runnable[Any, Output],
    input: Any,
    config: RunnableConfig | None = None,
    *,
    file: TextIO | None = None,
    live: bool | None = None,
) -> Output:
    """Run the chain, show its events as they come, and give its output; see `show`."""
    output: Any = None
    with _view(file, live) as view:
        events = chain.astream_events(input, config, version="v2")
        try:
            async for event in events:
                view.on_event(event)
                if event["event"].endswith("_end") and not event["parent_ids"]:
                    data: Any = event["data"]
                    output = data["output"]
        finally:
            await aclose(events)
    return output  # type: ignore[no-any-return]  # the output of the outermost run


def _watched_by(view: _View, config: RunnableConfig | None) -> RunnableConfig:
    config = {**(config or {})}
    config["callbacks"] = [*(config.get("callbacks") or ()), view]
    return config


def _view(file: TextIO | None, live: bool | None) -> _View:
    out: TextIO = file or sys.stdout
    if live is None:
        live = out.isatty() and _rich_console(out) is not None
    if not live:
        return _Lines(out)
    console = _rich_console(out)
    if console is None:
        raise MissingExtraError("The live view", "rich", "rich")
    return _Tree(console)


def _rich_console(file: TextIO) -> Console | None:
    try:
        from rich.console import Console
    except ImportError:
        return None
    return Console(file=file)


class _Lines:
    """Writes a line when a step starts and when it ends."""

    def __init__(self, file: TextIO) -> None:
        self.steps = Steps()
        self._file = file

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.flush()

    def on_event(self, event: StreamEvent) -> None:
        self.steps.on_event(event)
        step = self.steps.latest(event)
        phase = event["event"].rpartition("_")[2]
        if step is None or phase == "stream":
            return
        indent = "  " * step.depth
        if phase == "start":
            text = f"{indent}… {step.name}"
        else:
            text = f"{indent}{_SIGNS[step.state]} {step.name}  {step.line(self.steps.clock())}"
        print(text, file=self._file, flush=True)


class _Tree:
    """Redraws the tree of steps ten times a second."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live

        self.steps = Steps()
        self._width = console.width
        self._live = Live(console=console, get_renderable=self._drawn, refresh_per_second=10)

    def __enter__(self) -> _Tree:
        self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._live.stop()

    def on_event(self, event: StreamEvent) -> None:
        self.steps.on_event(event)

    def _drawn(self) -> RenderableType:
        return drawn(self.steps, self._width)


def drawn(steps: Steps, width: int) -> RenderableType:
    """Give the tree of steps for a terminal of this width, one line a step."""
    from rich.table import Table
    from rich.text import Text

    now = steps.clock()
    table = Table.grid(padding=(0, 2), expand=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True, overflow="ellipsis")
    for step in list(steps):  # another thread may add one meanwhile
        name = Text("  " * step.depth)
        name.append(f"{_SIGNS[step.state]} ", style=_COLOURS[step.state])
        name.append(step.name, style="bold" if step.depth == 0 else "")
        text = " ".join("".join(step.text).split())
        room = max(20, width - 60)
        tail = text if len(text) <= room else f"…{text[1 - room :]}"
        table.add_row(name, step.line(now), Text(tail, style="cyan"))
    return table
