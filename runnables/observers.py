"""Observers of the whole process, and of one step."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

from ..errors import ConfigError, shown
from ._run import everywhere
from ._sink import check_observer
from .config import RunnableConfig
from .event_types import StreamEvent

__all__ = ["AsyncListener", "ListenedRun", "Listener", "observe"]


@contextmanager
def observe(*observers: object) -> Generator[None, None, None]:
    """Let the observers watch every call of the process that begins while the context is open.

    A call within another one is a part of that: it is watched if the outermost one is. Calls in
    other threads and tasks are watched too.

    Args:
        observers: As for the `callbacks` of a config.

    Raises:
        ConfigError: An object is no observer.
    """
    for observer in observers:
        check_observer(observer)
    everywhere.extend(observers)
    try:
        yield
    finally:
        for observer in observers:
            at = next(i for i, known in enumerate(everywhere) if known is observer)
            del everywhere[at]


@dataclass(slots=True)
class ListenedRun:
    """What a listener is told of the run that it listens to.

    Attributes:
        id: The id of the run.
        name: The name of the run.
        inputs: The input, as `{"input": ...}` if it is no dict; empty while it is not
            known: of what comes in pieces, that is until the end.
        outputs: The output, as `{"output": ...}` if it is no dict; None before the end.
        error: The exception with which it ended.
        tags: The tags of the run.
        metadata: The metadata of the run.
        start_time: When it began.
        end_time: When it ended.
    """

    id: UUID
    name: str
    inputs: dict[str, Any] = field(default_factory=dict[str, Any])
    outputs: dict[str, Any] | None = None
    error: BaseException | None = None
    tags: list[str] = field(default_factory=list[str])
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    start_time: datetime = field(default_factory=lambda: datetime.now(UTC))
    end_time: datetime | None = None


Listener: TypeAlias = (
    Callable[[ListenedRun], object] | Callable[[ListenedRun, RunnableConfig], object]
)
AsyncListener: TypeAlias = (
    Callable[[ListenedRun], Awaitable[object]]
    | Callable[[ListenedRun, RunnableConfig], Awaitable[object]]
)
"""The same, to be awaited."""


class _Listeners:
    """Follows the runs of one step, and leaves out what they call."""

    def __init__(self, **listeners: Callable[..., Any] | None) -> None:
        self._listeners = {
            name.removeprefix("on_"): _taking_both(name, listener)
            for name, listener in listeners.items()
            if listener is not None
        }
        self._open: dict[str, ListenedRun] = {}

    def _heard(self, event: StreamEvent) -> object:
        """Take note of an event, and give what the listener to it returns."""
        phase = event["event"].rpartition("_")[2]
        run_id = event["run_id"]
        if phase == "start" and self._open.keys().isdisjoint(event["parent_ids"]):
            run = ListenedRun(UUID(run_id), event["name"])
            run.tags, run.metadata = list(event["tags"]), dict(event["metadata"])
            self._open[run_id] = run
        elif phase in ("end", "error") and run_id in self._open:
            run = self._open.pop(run_id)
            run.end_time = datetime.now(UTC)
        else:
            return None
        _fill(run, event["data"])
        listener = self._listeners.get(phase)
        if listener is None:
            return None
        return listener(run, {"tags": run.tags, "metadata": run.metadata})


class Listeners(_Listeners):
    """The observer behind `with_listeners`."""

    def __init__(self, **listeners: Callable[..., Any] | None) -> None:
        for name, listener in listeners.items():
            if inspect.iscoroutinefunction(listener):
                raise ConfigError(f"{name} is async; write with_alisteners({name}=...)")
        super().__init__(**listeners)

    def on_event(self, event: StreamEvent) -> None:
        """Take note of an event."""
        self._heard(event)


class AsyncListeners(_Listeners):
    """The observer behind `with_alisteners`."""

    def __init__(self, **listeners: Callable[..., Any] | None) -> None:
        for name, listener in listeners.items():
            if _is_plain(listener):
                raise ConfigError(
                    f"{name} is not async: write `async def`, or with_listeners({name}=...)"
                )
        super().__init__(**listeners)

    async def on_event(self, event: StreamEvent) -> None:
        """Take note of an event."""
        heard = self._heard(event)
        if inspect.isawaitable(heard):
            await heard


def _is_plain(listener: object) -> bool:
    """Tell whether it is a function written with a plain `def`.

    A lambda, a wrapper of an async function and an object may give something to await.
    """
    return (
        inspect.isroutine(listener)
        and not inspect.iscoroutinefunction(inspect.unwrap(listener))
        and getattr(listener, "__name__", "") != "<lambda>"
    )


def _fill(run: ListenedRun, data: Any) -> None:
    if "input" in data:
        run.inputs = _as_dict("input", data["input"])
    if "output" in data:
        run.outputs = _as_dict("output", data["output"])
    run.error = data.get("error")


def _as_dict(key: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {**value}
    return {key: value}


def _taking_both(name: str, listener: Any) -> Callable[[ListenedRun, RunnableConfig], object]:
    if not callable(listener):
        raise ConfigError(f"{name} takes a function; got {shown(listener)}")
    try:
        inspect.signature(listener).bind(None, None)
    except (TypeError, ValueError):
        return lambda run, config: listener(run)
    return listener  # type: ignore[no-any-return]
