"""Who watches a call, and how events reach them."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

from ..errors import ConfigError, shown
from ._pipe import Pipe
from .events import EVENT_NAMES, Deliver, StreamEvent, Takers

if TYPE_CHECKING:
    from ._run import WatchedRun

__all__ = ["Follower", "Sink", "check_observer"]

_log = logging.getLogger("levada")


class Follower(Protocol):
    """An observer inside levada: decides once per run what takes the events of it, if anything."""

    def follow(self, run: WatchedRun, /, *, alone: bool) -> Takers | None: ...


class Sink:
    """The observers of a call. Each of them gets every event once, in the order of causality.

    Attributes:
        gate: The buffer that the steps must not overfill, if an observer has one.
        calls_users: Whether an observer is the user's code, which may call runnables.
    """

    __slots__ = ("_followers", "_known", "calls_users", "gate")

    def __init__(
        self, known: Sequence[object], followers: Sequence[Follower], gate: Gate | None
    ) -> None:
        self._known = known
        self._followers = followers
        self.gate: Gate | None = gate
        self.calls_users: bool = bool(known)

    @classmethod
    def joining(
        cls,
        outer: Sink | None,
        observers: Sequence[object],
        reader: tuple[Follower, Pipe[StreamEvent]] | None = None,
    ) -> Sink | None:
        """Give a sink with the observers of `outer` and these, each only once.

        Args:
            outer: The sink around the call.
            observers: Objects of the user's.
            reader: A follower of our own and the buffer that it fills.
        """
        known: list[object] = [] if outer is None else [*outer._known]
        followers: list[Follower] = [] if outer is None else [*outer._followers]
        gate = None if outer is None else outer.gate
        for observer in observers:
            if not any(observer is k for k in known):
                known.append(observer)
                followers.append(_Observer(observer))
        if reader is not None:
            followers.append(reader[0])
            gate = reader[1] if gate is None else _Gates(gate, reader[1])
        return cls(known, followers, gate) if followers else None

    def follow(self, run: WatchedRun) -> Takers | None:
        """Give what takes the events of a run; None if nobody does."""
        alone = len(self._followers) == 1
        takers = [t for f in self._followers if (t := f.follow(run, alone=alone)) is not None]
        if len(takers) < 2:
            return takers[0] if takers else None
        return Takers(_to_all([t.chunks for t in takers]), _to_all([t.others for t in takers]))


def _to_all(takers: Sequence[Deliver]) -> Deliver:
    def deliver(event: StreamEvent) -> None:
        for take in takers:
            take(event)

    return deliver


class Gate(Protocol):
    """A buffer that may be full."""

    @property
    def full(self) -> bool: ...

    async def room(self) -> None: ...

    def room_in_thread(self) -> None: ...


class _Gates:
    """The buffers of a reader within the run of another reader."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, outer: Gate, inner: Gate) -> None:
        self._outer = outer
        self._inner = inner

    @property
    def full(self) -> bool:
        return self._outer.full or self._inner.full

    async def room(self) -> None:
        await self._inner.room()
        await self._outer.room()

    def room_in_thread(self) -> None:
        self._inner.room_in_thread()
        self._outer.room_in_thread()


STRICT_OBSERVERS = False
"""Whether an observer that raises stops the run. Tests switch it on."""


def check_observer(who: object) -> list[str]:
    """Give the names of the methods by which `who` observes.

    Raises:
        ConfigError: It has none, or an `on_…` method that no event is named like, or an async one.
    """
    names = [n for n in dir(who) if n.startswith("on_")]
    unknown = [n for n in names if n not in _HOOKS]
    if unknown or not names or isinstance(who, type):
        raise ConfigError(
            f"{shown(who)} is no observer: "
            + (f"there is no event {unknown[0]!r}. " if unknown else "")
            + "Give an object with a method on_event(event), or with methods named like the "
            + f"events: {', '.join(EVENT_NAMES[:3])}, …"
        )
    for name in names:
        if inspect.iscoroutinefunction(getattr(who, name)):
            raise ConfigError(
                f"{name} of {shown(who)} is async; an observer is called as the events happen, "
                f"between two tokens. Write `def {name}(self, event)`"
            )
    return names


class _Observer:
    """An object of the user's, and whether it still gets events."""

    __slots__ = ("_dropped", "_hooks", "_on_event", "_who")

    def __init__(self, who: object) -> None:
        names = check_observer(who)
        self._who = who
        self._on_event: Deliver | None = getattr(who, "on_event", None)
        self._hooks: dict[str, Deliver] = {n: getattr(who, n) for n in names if n != "on_event"}
        self._dropped = False

    def follow(self, run: WatchedRun, /, *, alone: bool) -> Takers | None:
        return None if self._dropped else Takers(self._take, self._take)

    def _take(self, event: StreamEvent) -> None:
        if self._dropped:
            return
        try:
            if self._on_event is not None:
                self._on_event(event)
            hook = self._hooks.get(event["event"])
            if hook is not None:
                hook(event)
        except Exception:
            if STRICT_OBSERVERS:
                raise
            self._dropped = True
            _log.exception(
                "observer %r raised on %s and gets no further events of this call",
                self._who,
                event["event"],
            )


_HOOKS: Final = frozenset({*EVENT_NAMES, "on_event"})
