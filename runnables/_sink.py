"""Who watches a call, and how events reach them.

A reader of events and a plain observer take an event where it happens. An async observer is awaited
in a task of its own, which lives as long as the call: the call waits for it at its end, and when it
is too far ahead.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from .._lazy import later
from ..errors import ConfigError, shown
from ._beside import Beside
from ._pipe import Pipe, _Closed
from .events import EVENT_NAMES, Deliver, EventDict, Takers

if TYPE_CHECKING:
    from ._run import WatchedRun
if TYPE_CHECKING or not later(globals(), "logging"):
    import logging

__all__ = ["EVENTS_AHEAD", "AwaitedObserver", "Follower", "Sink", "check_observer"]

# A run that is this many events ahead of its reader waits. Enough to make the cost of waking the
# other side small beside that of the events, few enough to stop a model soon.
EVENTS_AHEAD: Final = 320


class Follower(Protocol):
    """An observer inside levada: decides once per run what takes the events of it, if anything."""

    def follow(self, run: WatchedRun, /, *, alone: bool) -> Takers | None: ...

    def take_custom(self, event: EventDict, /) -> object: ...


class Sink:
    """The observers of a call. Each of them gets every event once, in the order of causality.

    Attributes:
        gate: The buffer that the steps must not overfill, if an observer has one.
        calls_users: Whether an observer is the user's code, which may call runnables.
        awaited: The async observers, the same object as long as there are no more of them.
    """

    __slots__ = ("_followers", "_known", "awaited", "calls_users", "gate")

    def __init__(
        self,
        known: Sequence[object],
        followers: Sequence[Follower],
        gate: Gate | None,
        awaited: tuple[AwaitedObserver, ...],
    ) -> None:
        self._known = known
        self._followers = followers
        self.gate: Gate | None = gate
        self.calls_users: bool = bool(known)
        self.awaited: tuple[AwaitedObserver, ...] = awaited

    @classmethod
    def joining(
        cls,
        outer: Sink | None,
        observers: Sequence[object],
        reader: tuple[Follower, Pipe[EventDict]] | None = None,
    ) -> Sink | None:
        """Give a sink with the observers of `outer` and these, each only once.

        Args:
            outer: The sink around the call.
            observers: Objects of the user's.
            reader: A follower of our own and the buffer that it fills.
        """
        known: list[object] = [] if outer is None else [*outer._known]
        followers: list[Follower] = [] if outer is None else [*outer._followers]
        gates: list[Gate] = [] if outer is None or outer.gate is None else [outer.gate]
        awaited: list[AwaitedObserver] = []
        for observer in observers:
            if not any(observer is k for k in known):
                known.append(observer)
                if is_async(observer):
                    awaited.append(AwaitedObserver(observer))
                else:
                    followers.append(_Observer(observer))
        if reader is not None:
            followers.append(reader[0])
            gates.append(reader[1])
        before = () if outer is None else outer.awaited
        sink = cls(
            known,
            [*followers, *awaited],
            _one_gate([*gates, *awaited]),
            (*before, *awaited) if awaited else before,
        )
        return sink if sink._followers else None

    def follow(self, run: WatchedRun) -> Takers | None:
        """Give what takes the events of a run; None if nobody does."""
        if len(self._followers) == 1:
            return self._followers[0].follow(run, alone=True)
        takers = [t for f in self._followers if (t := f.follow(run, alone=False)) is not None]
        if len(takers) < 2:
            return takers[0] if takers else None
        return Takers(_to_all([t.chunks for t in takers]), _to_all([t.others for t in takers]))

    def take_custom(self, event: EventDict) -> None:
        """Hand an event of the user's to all observers."""
        for follower in self._followers:
            follower.take_custom(event)

    def refuse_awaited(self) -> ConfigError:
        """Give the error of a synchronous call that an async observer is to watch."""
        return ConfigError(
            f"{shown(self.awaited[-1].who)} has async methods, and this call is synchronous; "
            f"watch ainvoke, astream, abatch or astream_events, or write `def` in place of "
            f"`async def`"
        )


def _to_all(takers: Sequence[Deliver]) -> Deliver:
    def deliver(event: EventDict) -> None:
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
    """The buffers of several readers, of which one may be within the run of another."""

    __slots__ = ("_gates",)

    def __init__(self, gates: Sequence[Gate]) -> None:
        self._gates = gates

    @property
    def full(self) -> bool:
        return any(gate.full for gate in self._gates)

    async def room(self) -> None:
        for gate in reversed(self._gates):
            await gate.room()

    def room_in_thread(self) -> None:
        for gate in reversed(self._gates):
            gate.room_in_thread()


def _one_gate(gates: Sequence[Gate]) -> Gate | None:
    if len(gates) < 2:
        return gates[0] if gates else None
    return _Gates(gates)


STRICT_OBSERVERS = False
"""Whether an observer that raises stops the run. Tests switch it on."""


def check_observer(who: object) -> list[str]:
    """Give the names of the methods by which `who` observes.

    Raises:
        ConfigError: It has none, or an `on_…` method that no event is named like.
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
    return names


def is_async(who: object) -> bool:
    """Whether a method of the observer has to be awaited."""
    return any(inspect.iscoroutinefunction(getattr(who, n)) for n in check_observer(who))


class _Hooks:
    """The methods of an object of the user's, and whether it still gets events."""

    __slots__ = ("_dropped", "_hooks", "_on_event", "who")

    def __init__(self, who: object) -> None:
        self.who: object = who
        self._on_event: Callable[[EventDict], object] | None = getattr(who, "on_event", None)
        names = check_observer(who)
        self._hooks: dict[str, Deliver] = {n: getattr(who, n) for n in names if n != "on_event"}
        self._dropped = False

    def _drop(self, event: EventDict) -> None:
        self._dropped = True
        logging.getLogger("levada").exception(
            "observer %r raised on %s and gets no further events of this call",
            self.who,
            event["event"],
        )


class _Observer(_Hooks):
    """An object of the user's that is called where the event happens."""

    __slots__ = ()

    def follow(self, run: WatchedRun, /, *, alone: bool) -> Takers | None:
        return None if self._dropped else Takers(self._take, self._take)

    def take_custom(self, event: EventDict, /) -> None:
        self._take(event)

    def _take(self, event: EventDict) -> None:
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
            self._drop(event)


class AwaitedObserver(_Hooks):
    """An object of the user's with async methods: a task of its own awaits them in order.

    It is a gate too: a call that is too far ahead of the observer waits for it.
    """

    __slots__ = ("_beside", "_calls", "_pipe")

    def __init__(self, who: object) -> None:
        super().__init__(who)
        self._pipe: Pipe[EventDict] | None = None
        self._beside: Beside | None = None
        self._calls = 0

    def follow(self, run: WatchedRun, /, *, alone: bool) -> Takers | None:
        return Takers(self.take_custom, self.take_custom)

    def take_custom(self, event: EventDict, /) -> None:
        if self._pipe is not None:
            self._pipe.put(event)

    def begin(self) -> None:
        """Say that a call begins that is watched: the first one starts the task."""
        self._calls += 1
        if self._calls == 1:
            self._pipe = Pipe(EVENTS_AHEAD)
            self._beside = Beside()
            self._beside.start(partial(self._work, self._pipe))

    async def end(self) -> None:
        """Say that a call has ended: the last one waits until all its events have been seen."""
        self._calls -= 1
        if not self._calls and self._pipe is not None and self._beside is not None:
            self._pipe.close()
            await self._beside.ended()
            self._beside.raise_failure()

    async def _work(self, pipe: Pipe[EventDict]) -> None:
        try:
            while batch := await pipe.take():
                for event in batch:
                    await self._see(event)
        finally:
            pipe.close()

    async def _see(self, event: EventDict) -> None:
        if self._dropped:
            return
        try:
            for hook in (self._on_event, self._hooks.get(event["event"])):
                seen = None if hook is None else hook(event)
                if inspect.isawaitable(seen):
                    await seen
        except Exception:
            if STRICT_OBSERVERS:
                raise
            self._drop(event)

    # A gate like the pipe, but that of one who sees the call, not of one who drives it: once
    # closed, it stops nobody.

    @property
    def full(self) -> bool:
        return self._pipe is not None and self._pipe.full and not self._pipe.closed

    async def room(self) -> None:
        if self.full and self._pipe is not None:
            with contextlib.suppress(_Closed):
                await self._pipe.room()

    def room_in_thread(self) -> None:
        if self.full and self._pipe is not None:
            with contextlib.suppress(_Closed):
                self._pipe.room_in_thread()


_HOOKS: Final = frozenset({*EVENT_NAMES, "on_event"})
