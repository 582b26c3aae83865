"""`dispatch_custom_event`: an event of the user's own in the stream of those of a run."""

from __future__ import annotations

import sys
from inspect import CO_ASYNC_GENERATOR, CO_GENERATOR
from typing import TYPE_CHECKING, Any

from ._run import IDLE, RunObservers, WatchedRun, current

if TYPE_CHECKING:
    from types import FrameType

    from ._sink import Gate
    from .config import RunnableConfig

__all__ = ["adispatch_custom_event", "dispatch_custom_event"]


def dispatch_custom_event(name: str, data: Any, *, config: RunnableConfig | None = None) -> None:
    """Show an event of your own, `on_custom_event`, to all who watch the run that is going on.

    Nothing happens while nobody watches. A thread waits here when it is too far ahead of a reader;
    in async code, use `adispatch_custom_event`.

    Args:
        name: What happened, the event's `name`.
        data: What there is to say about it, the event's `data`.
        config: The config of the run, where its context does not go, such as a thread that the
            function has started itself.

    Raises:
        RuntimeError: There is no run around the caller.
    """
    if (gate := _dispatched(name, data, config)) is not None and gate.full:
        gate.room_in_thread()


async def adispatch_custom_event(
    name: str, data: Any, *, config: RunnableConfig | None = None
) -> None:
    """Show an event of your own to all who watch, and wait if a reader is too far behind.

    See `dispatch_custom_event`.
    """
    if (gate := _dispatched(name, data, config)) is not None and gate.full:
        await gate.room()


def _dispatched(name: str, data: Any, config: RunnableConfig | None) -> Gate | None:
    run = current.get()
    handed = (config or {}).get("callbacks")
    if run is IDLE and isinstance(handed, RunObservers):
        run = handed.run
    if run is IDLE:
        if config is None and not _is_called_by_a_step():
            raise RuntimeError(
                f"the custom event {name!r} was dispatched outside of any run; call "
                f"dispatch_custom_event in a function that a chain runs. In a thread that such a "
                f"function starts, pass the config it was given: def step(value, config)"
            )
        return None
    watched = run if isinstance(run, WatchedRun) else run.around
    if watched is None:
        return None
    watched.gave_custom(name, data)
    return watched.sink.gate


def _is_called_by_a_step() -> bool:
    """Whether the user's function may be called by code of levada's, in a run nobody watches.

    Such a run leaves no trace in the context of the functions that it calls, and none at all on a
    generator, which is resumed by whoever reads it.
    """
    ours = __name__.partition(".")[0]
    may_be_generator = True
    frame: FrameType | None = sys._getframe(3)  # the caller of dispatch_custom_event
    while frame is not None:
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if package == ours:
            return True
        if package in _LOOPS:  # trio's own is a generator
            may_be_generator = False
        if may_be_generator and frame.f_code.co_flags & (CO_GENERATOR | CO_ASYNC_GENERATOR):
            return True
        frame = frame.f_back
    return False


_LOOPS = frozenset({"anyio", "asyncio", "trio"})
