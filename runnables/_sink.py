"""Who watches a call, and how events reach them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from ..errors import ConfigError, shown
from ._pipe import Pipe
from .events import EVENT_NAMES, StreamEvent

__all__ = ["Deliver", "Sink", "observing"]

_log = logging.getLogger("levada")

Deliver = Callable[[StreamEvent], object]


class Sink:
    """The observers of a call. Each of them gets every event once, in the order of causality."""

    __slots__ = ("_deliver", "_observers", "gates")

    def __init__(
        self,
        observers: Sequence[object],
        deliver: Sequence[Deliver],
        gates: tuple[Pipe[StreamEvent], ...],
    ) -> None:
        self._observers = list(observers)
        self._deliver = list(deliver)
        self.gates = gates

    @classmethod
    def joining(
        cls, outer: Sink | None, observers: Sequence[object], gate: Pipe[StreamEvent] | None = None
    ) -> Sink | None:
        """Give a sink with the observers of `outer` and those given, each only once.

        Args:
            gate: The buffer that one of the new observers fills; steps wait while it is full.
        """
        known = [] if outer is None else outer._observers
        new = [o for o in observers if not any(o is k for k in known)]
        if not new:
            return outer
        deliver = [] if outer is None else outer._deliver
        gates = () if outer is None else outer.gates
        return cls(
            [*known, *new],
            [*deliver, *(observing(o) for o in new)],
            gates if gate is None else (*gates, gate),
        )

    def emit(self, event: StreamEvent) -> None:
        """Hand one event to every observer."""
        for deliver in self._deliver:
            try:
                deliver(event)
            except Exception as exc:
                self._drop(deliver, event, exc)

    def _drop(self, deliver: Deliver, event: StreamEvent, exc: Exception) -> None:
        if STRICT_OBSERVERS:
            raise exc
        if deliver not in self._deliver:
            return  # it raised in another thread a moment ago
        i = self._deliver.index(deliver)
        _log.error(
            "observer %r raised on %s and gets no further events of this run",
            self._observers[i],
            event["event"],
            exc_info=exc,
        )
        # New lists: an emit that is under way goes on over the old one.
        self._deliver = [d for k, d in enumerate(self._deliver) if k != i]
        self._observers = [o for k, o in enumerate(self._observers) if k != i]


STRICT_OBSERVERS = False
"""Whether an observer that raises stops the run. Tests switch it on."""

_HOOKS: Final = frozenset(EVENT_NAMES)


def observing(observer: object) -> Deliver:
    """Give the function that hands an event to the observer.

    Raises:
        ConfigError: It has neither `on_event` nor a method named like an event, or it has an `on_…`
            method that is neither.
    """
    whole = getattr(observer, "on_event", None)
    names = [n for n in dir(observer) if n.startswith("on_") and n != "on_event"]
    wrong = [n for n in names if n not in _HOOKS]
    if wrong or not (names or whole):
        raise ConfigError(
            f"{shown(observer)} is no observer: "
            + (f"there is no event {wrong[0]!r}. " if wrong else "")
            + "Give it a method on_event(event), or methods named like the events: "
            + ", ".join(EVENT_NAMES[:3])
            + ", …"
        )
    if not names:
        return whole  # type: ignore[return-value]  # not None: checked above
    hooks: dict[str, Deliver] = {n: getattr(observer, n) for n in names}

    def deliver(event: StreamEvent) -> None:
        hook = hooks.get(event["event"])
        if hook is not None:
            hook(event)
        if whole is not None:
            whole(event)

    return deliver
