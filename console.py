"""A live view of a chain in the terminal: every step, its state, its tokens and its time.

    from levada.console import show
    show(chain, {"topic": "goldfish"})

With the extra `rich` and on a terminal the tree of steps is redrawn while it runs; else a line is
written when a step starts and when it ends.
"""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TextIO, TypeVar

from .errors import MissingExtraError, shown
from .runnables import Runnable, RunnableConfig, StreamEvent, aclose, collect

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

__all__ = ["Step", "Steps", "ashow", "drawn", "show"]

Output = TypeVar("Output")
State = Literal["running", "done", "failed", "stopped"]

_SIGNS: dict[State, str] = {"running": "…", "done": "✓", "failed": "✗", "stopped": "■"}
_COLOURS: dict[State, str] = {
    "running": "yellow",
    "done": "green",
    "failed": "red",
    "stopped": "yellow",
}
LINES_OF_TEXT = 3
"""How much of what a model says is shown below its step: the last lines."""


@dataclass(slots=True)
class Step:
    """What the view knows of one run.

    Attributes:
        name: The name of the run.
        kind: Its kind, such as "chat_model".
        label: What the step around it calls it: the key of a branch, or which attempt it is.
        guide: What is drawn before it, so that it hangs on the step around it.
        depth: How many steps are around it.
        started: When it began.
        first: When its first chunk came.
        ended: When it ended.
        state: How it is.
        chunks: How many chunks it has given.
        text: The texts among them.
        note: The last thing that a custom event said, or what a tool was given.
        error: What it ended with, if that was not well.
    """

    name: str
    kind: str
    depth: int
    started: float
    label: str = ""
    guide: str = ""
    first: float | None = None
    ended: float | None = None
    state: State = "running"
    chunks: int = 0
    text: list[str] = field(default_factory=list[str])
    note: str = ""
    error: BaseException | None = None

    def seconds(self, now: float) -> float:
        """How long it has been running, or ran."""
        return (now if self.ended is None else self.ended) - self.started

    def rate(self, now: float) -> float | None:
        """How many chunks a second it gives, from the first one on; None if that says nothing."""
        if self.first is None or self.chunks < 2:
            return None
        took = (now if self.ended is None else self.ended) - self.first
        return (self.chunks - 1) / took if took > 0 else None

    def line(self, now: float) -> str:
        """What there is to say of it, without its text."""
        parts = [f"{self.seconds(now):7.2f} s"]
        if self.kind == "chat_model" and self.first is not None:
            unit = "token" if self.chunks == 1 else "tokens"
            parts.append(f"{self.chunks:5} {unit}")
            if (rate := self.rate(now)) is not None:
                parts.append(f"{rate:5.0f}/s")
            parts.append(f"first after {self.first - self.started:.2f} s")
        if self.note:
            parts.append(self.note)
        if self.error is not None and self.state == "failed":
            parts.append(f"{type(self.error).__name__}: {_one_line(str(self.error))}")
        return "  ".join(parts)

    def said(self) -> str:
        """What a model has said so far, on one line."""
        return _one_line("".join(self.text)) if self.kind == "chat_model" else ""


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
        data: Any = event["data"]
        if phase == "start":
            self._start(event, kind, data)
            return
        step = self._steps.get(event["run_id"])
        if step is None:
            return  # one of a run that began before
        if phase == "stream":
            if step.first is None:
                step.first = self.clock()
            step.chunks += 1
            step.text.append(_text_of(data["chunk"]))
        elif phase in ("end", "error"):
            step.ended = self.clock()
            step.error = data.get("error")
            if step.error is None:
                step.state = "done"
            else:  # what is no Exception is a cancellation
                step.state = "failed" if isinstance(step.error, Exception) else "stopped"
        elif kind == "custom":
            step.note = _one_line(f"{event['name']} {shown(data, 60)}")

    def _start(self, event: StreamEvent, kind: str, data: Any) -> None:
        parents = [p for p in event["parent_ids"] if p in self._steps]
        step = Step(event["name"], kind, len(parents), self.clock(), _label_in(event["tags"]))
        if kind == "tool":
            step.note = _one_line(shown(data.get("input"), 60))
        self._steps[event["run_id"]] = step
        self._children[event["run_id"]] = []
        self._children[parents[-1] if parents else ""].append(event["run_id"])

    def __iter__(self) -> Iterator[Step]:
        """Give the steps from the outermost inwards, each before those that it called."""
        waiting = [(run_id, "", "") for run_id in reversed(self._children[""])]
        while waiting:
            run_id, guide, inner = waiting.pop()
            step = self._steps[run_id]
            step.guide = guide
            yield step
            children = list(self._children[run_id])
            for i, child in enumerate(reversed(children)):
                branch, rest = ("└─ ", "   ") if i == 0 else ("├─ ", "│  ")
                waiting.append((child, inner + branch, inner + rest))

    def latest(self, event: StreamEvent) -> Step | None:
        """Give the step of an event."""
        return self._steps.get(event["run_id"])


def _label_in(tags: Sequence[str]) -> str:
    """What the tags say that the name does not."""
    for tag in tags:
        if tag.startswith("map:key:"):
            return tag.removeprefix("map:key:")
        if tag.startswith("retry:attempt:"):
            return f"attempt {tag.removeprefix('retry:attempt:')}"
    return ""


def _text_of(chunk: object) -> str:
    text = getattr(chunk, "text", chunk)
    return text if isinstance(text, str) else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


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
        name = f"{step.label}: {step.name}" if step.label else step.name
        if event["event"] == "on_custom_event":
            text = f"{indent}  {step.note}"
        elif phase == "start":
            text = f"{indent}{_SIGNS['running']} {name}"
        else:
            line = _one_line(step.line(self.steps.clock()))
            text = f"{indent}{_SIGNS[step.state]} {name}  {line}"
            if said := step.said():
                text += f"\n{indent}  {said}"
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
    """Give the tree of steps for a terminal of this width.

    A line for each step, and below a model the end of what it has said.
    """
    from rich.console import Group
    from rich.text import Text

    now = steps.clock()
    all_steps = list(steps)  # another thread may add one meanwhile
    column = min(max((_name_width(step) for step in all_steps), default=0) + 2, width // 2)
    lines: list[Text] = []
    for step in all_steps:
        head = Text().append(step.guide, style="dim")
        head.append(f"{_SIGNS[step.state]} ", style=_COLOURS[step.state])
        if step.label:
            head.append(step.label, style="bold")
            head.append(f" {step.name}", style="dim")
        else:
            head.append(step.name, style="bold" if step.depth == 0 else "")
        head.truncate(column, overflow="ellipsis", pad=True)
        head.append(step.line(now), style="red" if step.state == "failed" else "dim")
        head.truncate(width, overflow="ellipsis")
        lines.append(head)
        below = step.guide.replace("├─", "│ ").replace("└─", "  ") + "  "
        lines += [
            Text().append(below, style="dim").append(piece, style="cyan")
            for piece in _last_lines(step.said(), max(20, width - len(below)))
        ]
    return Group(*lines)


def _name_width(step: Step) -> int:
    return len(step.guide) + 2 + len(step.name) + (len(step.label) + 1 if step.label else 0)


def _last_lines(text: str, width: int) -> list[str]:
    """Break a text into lines, and give the last ones."""
    lines = textwrap.wrap(text[-width * (LINES_OF_TEXT + 1) :], width)
    if len(lines) > LINES_OF_TEXT or len(text) > width * (LINES_OF_TEXT + 1):
        lines = lines[-LINES_OF_TEXT:]
        lines[0] = "…" + lines[0][1:]
    return lines
