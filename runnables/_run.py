"""One execution of a step, and the one that is going on."""

from __future__ import annotations

from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ._ids import new_id
from ._merge import Sum
from ._place import NOWHERE, Place
from ._sink import Follower, Sink
from .config import PLAIN, RunnableConfig, Settings, checked
from .events import EVENTS_OF, Takers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._pipe import Pipe
    from .base import Runnable
    from .events import Deliver, EventDict

__all__ = [
    "APART",
    "IDLE",
    "INSIDE",
    "UNKNOWN",
    "Run",
    "RunObservers",
    "WatchedRun",
    "current",
    "everywhere",
    "run_from",
]

_NO_NOTES: Final[dict[str, Any]] = {}

UNKNOWN: Final[Any] = object()
"""Stands for an input that is not known as a whole."""


class Run:
    """What a step knows about its execution, and what it hands down to the steps that it calls.

    While nobody watches, all runs of a call are one object: of a call without any config the one
    named `IDLE`, for which nothing is paid. Below a sink, a plain `Run` is a position from which a
    step is called; the step's own execution is a `WatchedRun`.

    Attributes:
        settings: What all runs below inherit.
        sink: Who watches, or None.
        parents: The ids of the runs around this one, from the outermost to the parent.
        id: The id of the run; None if nobody watches it.
        given: The whole input of the step that is called from here, or `UNKNOWN`.
        around: The run around this one, if it is watched.
    """

    __slots__ = ("around", "given", "id", "name", "parents", "place", "run_id", "settings", "sink")

    def __init__(
        self,
        settings: Settings,
        sink: Sink | None,
        parents: tuple[str, ...] = (),
        place: Place = NOWHERE,
        name: str | None = None,
        run_id: str | None = None,
        given: Any = UNKNOWN,
        around: WatchedRun | None = None,
    ) -> None:
        self.settings: Settings = settings
        self.sink: Sink | None = sink
        self.parents: tuple[str, ...] = parents
        self.place: Place = place
        self.name: str | None = name
        self.run_id: str | None = run_id
        self.given: Any = given
        self.around: WatchedRun | None = around
        self.id: str | None = None

    @property
    def config(self) -> RunnableConfig:
        """The config that this step runs with, as a copy.

        Passed on to where the context does not go, such as a bare thread, it nests calls there too.
        """
        config = self.settings.as_config()
        if self.sink is not None:
            config["callbacks"] = RunObservers(self)
        return config

    def own_id(self) -> str:
        """Give the id of this run; a new one each time if nobody watches it."""
        return self.id or new_id()

    def child(self, step: Runnable[Any, Any], place: Place) -> Run:
        """Give the run for a call of `step` from here."""
        sink = self.sink
        if sink is None:
            # The name, id and input of a call are of its step alone, not of those that it calls.
            named = self.given is not UNKNOWN or self.name is not None or self.run_id is not None
            return Run(self.settings, None) if named and step._has_run else self
        if place is NOWHERE:
            place = self.place
        if not step._has_run:
            return self._at(place, self.given)
        return WatchedRun(
            step,
            sink,
            self.settings,
            self.parents,
            place,
            self.around,
            name=self.name,
            run_id=self.run_id,
            given=self.given,
        )

    def below(self, given: Any = UNKNOWN) -> Run:
        """Give the position from which this run calls a step; its whole input may be known."""
        return self if self is IDLE else self._at(self.place, given)

    def _at(self, place: Place, given: Any) -> Run:
        return Run(
            self.settings,
            self.sink,
            self.parents,
            place,
            self.name,
            self.run_id,
            given,
            self.around,
        )

    def with_settings(
        self,
        settings: Settings,
        *,
        callbacks: Sequence[object] = (),
        reader: tuple[Follower, Pipe[EventDict]] | None = None,
        name: str | None = None,
        run_id: str | None = None,
    ) -> Run:
        """Give a position below this run where other things hold."""
        run = self.below(self.given)
        if run is IDLE:
            run = Run(settings, None)
        run.settings = settings
        run.sink = Sink.joining(self.sink, callbacks, reader)
        run.name = name if run.name is None else run.name
        run.run_id = run_id if run.run_id is None else run.run_id
        return run

    def bound_with(self, config: RunnableConfig) -> Run:
        """Give the position for a step bound to `config`; what the caller said wins."""
        if not config:
            return self
        return self.with_settings(
            self.settings.bound_with(config),
            callbacks=config.get("callbacks") or (),
            name=config.get("run_name"),
        )

    def deeper(self, given: Any) -> Run:
        """Give the position for a runnable that a function returned; see `Settings.deeper`."""
        run = self.below().with_settings(self.settings.deeper())
        run.given = given
        return run

    def seal(self) -> None:
        """Say that the output is complete: what comes now is passed on but not part of it."""

    def settle(self, output: Any) -> None:
        """Say what the output is, whatever the pieces add up to."""

    def note(self, **data: Any) -> None:
        """Say what an error event of this run is to have besides the error and the input."""

    def gives(self, last: WatchedRun) -> None:
        """Say that what comes out of this run is what `last` passes on: it need not be added up."""

    def output(self) -> Any:
        """Give the sum of the pieces of the output so far; None if nobody watches."""
        return None


class WatchedRun(Run):
    """A run that somebody watches. Its reports are made by `_execute.py` alone.

    Attributes:
        event: The pattern of its events.
        input: What the events show of the input, once that is known as a whole.
        showed: Whether it has shown a chunk.
    """

    __slots__ = (
        "_after",
        "_began",
        "_below",
        "_chunks_to",
        "_last",
        "_names",
        "_next",
        "_notes",
        "_others_to",
        "_output",
        "_source",
        "_sum",
        "_taken",
        "event",
        "input",
        "showed",
    )

    around: WatchedRun | None
    id: str  # a watched run always has one,
    sink: Sink  # and somebody who watches  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(
        self,
        step: Runnable[Any, Any],
        sink: Sink,
        settings: Settings,
        parents: tuple[str, ...],
        place: Place,
        around: WatchedRun | None,
        *,
        name: str | None = None,
        run_id: str | None = None,
        given: Any = UNKNOWN,
    ) -> None:
        super().__init__(settings, sink, parents, place, name, run_id, given, around)
        self.id = run_id or new_id()  # pyright: ignore[reportIncompatibleVariableOverride]
        self.input: Any = UNKNOWN
        self.showed: bool = False
        self._below: tuple[str, ...] | None = None
        self._began = False
        self._sum = Sum()
        self._after: list[Any] | None = None
        self._last: WatchedRun | None = None
        self._output: Any = UNKNOWN  # of a stream that has ended
        self._taken: Sum | None = None
        self._source: WatchedRun | None = None
        self._next: WatchedRun | None = None
        self._notes = _NO_NOTES
        self._names = EVENTS_OF[step._kind]
        tags = [place.tag, *settings.tags] if place.tag else [*settings.tags]
        own_tags, own_metadata = step._labels()
        if own_tags:
            tags += [tag for tag in own_tags if tag not in settings.tags]
        # All events of the run are copies of one dict: a copy is cheaper than a new one.
        self.event: EventDict = {
            "event": self._names["stream"],
            "name": name or step.get_name(),
            "run_id": self.id,
            "parent_ids": list(parents),
            "tags": tags,
            "metadata": {**own_metadata, **settings.metadata},
            "data": None,
        }
        takers = sink.follow(self)
        if takers is not None and sink.calls_users:
            takers = Takers(partial(_apart, takers.chunks), partial(_apart, takers.others))
        self._chunks_to = None if takers is None else takers.chunks
        self._others_to = None if takers is None else takers.others

    def child(self, step: Runnable[Any, Any], place: Place) -> Run:
        parents = self._below or self._parents_below()
        if step._has_run:
            return WatchedRun(step, self.sink, self.settings, parents, place, self)
        return Run(self.settings, self.sink, parents, place, around=self)

    def below(self, given: Any = UNKNOWN) -> Run:
        parents = self._below or self._parents_below()
        return Run(self.settings, self.sink, parents, given=given, around=self)

    def _parents_below(self) -> tuple[str, ...]:
        """Make the ids for the runs below, once for all the steps of a sequence."""
        self._below = (*self.parents, self.id)
        return self._below

    def is_outermost(self) -> bool:
        """Whether async observers begin to watch with this run."""
        return self.around is None or self.around.sink.awaited is not self.sink.awaited

    def seal(self) -> None:
        self._after = []

    def settle(self, output: Any) -> None:
        self._sum = Sum()
        self._sum.add(output)

    def note(self, **data: Any) -> None:
        self._notes = data

    def gives(self, last: WatchedRun) -> None:
        self._last = last

    def reads(self, source: WatchedRun) -> None:
        """Say that this run reads what `source` passes on, and starts with its first chunk."""
        self._source = source
        source._next = self

    def started(self, **data: Any) -> None:
        """Report the start."""
        self._began = True
        if self.around is not None and not self.around._began:
            # It gives something before the step around it has taken anything.
            self.around.started()
        self._report("start", data)

    def took(self, chunk: Any) -> None:
        """Note a piece of the input; the first one starts the run."""
        if self._taken is None:
            self._taken = Sum()
        if not self._began:
            self.started()
        try:
            self._taken.add(chunk)
        except Exception as exc:  # noqa: BLE001  # for whoever needs the sum
            self._taken = _NoSum(exc, chunk)

    def streamed(self, chunk: Any, shown: bool) -> None:
        """Note a piece of the output, and report it if it is shown."""
        if self._after is not None:
            self._after.append(chunk)
        elif self._last is None:
            try:
                self._sum.add(chunk)
            except Exception as exc:  # noqa: BLE001  # for whoever needs the sum
                self._sum = _NoSum(exc, chunk)
        if not self._began:  # it gives something before it has taken anything
            self.started()
        if shown and self._chunks_to is not None:
            self.showed = True
            event = self.event.copy()
            event["data"] = {"chunk": chunk}
            self._chunks_to(event)
        following = self._next
        if following is not None:
            self._next = None
            if not following._began:
                following.started()

    def gave(self, output: Any) -> None:
        """Note the whole output of a run that has ended and goes to the next stage."""
        self._sum = Sum()
        self._sum.add(output)
        if self._next is not None and not self._next._began:
            self._next.started()
        self._next = None

    def output(self) -> Any:
        """Give the sum of the pieces of the output; raise if they do not add up."""
        return self._sum.result()

    def shown_output(self) -> Any:
        """Give what the events show of the output: pieces that do not add up are no failure."""
        return _shown(self._sum) if self._last is None else self._last.passed_on()

    def finished(self, output: Any = UNKNOWN) -> None:
        """Report a good end; of a stream, whose output is what its pieces add up to."""
        if output is UNKNOWN:
            output = self._output = self.shown_output()
        if not self._began:  # it was streamed, and its input had no chunk
            self.started()
        if self.parents or self.input is UNKNOWN:
            self._report("end", {"output": output, "input": self._whole_input()})
        else:
            self._report("end", {"output": output})
        self.around = None  # else it and the run around it, which may have its output, are a cycle

    def failed(self, exc: BaseException) -> None:
        """Report that the run failed, or was closed or cancelled.

        A step that failed before its first chunk arrived has not started: what failed is before it.
        """
        if self._began:
            self._report("error", {"error": exc, "input": self._whole_input(), **self._notes})
        self.around = None

    def _whole_input(self) -> Any:
        if self.input is not UNKNOWN:
            return self.input
        if self._source is not None:
            return self._source.passed_on()
        return None if self._taken is None else _shown(self._taken)

    def passed_on(self) -> Any:
        """Give the sum of all that went to the next step, which may be more than the output."""
        output = self.shown_output() if self._output is UNKNOWN else self._output
        if not self._after:
            return output
        total = Sum()
        for chunk in (output, *self._after):
            total.add(chunk)
        return _shown(total)

    def gave_custom(self, name: str, data: Any) -> None:
        """Report an event of the user's."""
        if not self._began:  # a function that takes its input in pieces has not taken any
            self.started()
        event = self.event.copy()
        event["event"] = "on_custom_event"
        event["name"] = name
        event["data"] = data
        _apart(self.sink.take_custom, event)

    def _report(self, phase: str, data: dict[str, Any]) -> None:
        if self._others_to is not None:
            event = self.event.copy()
            event["event"] = self._names[phase]
            event["data"] = data
            self._others_to(event)


class _NoSum(Sum):
    """Stands for the sum of pieces that did not add up.

    Whoever watches must not fail where nobody asks for a sum: the error is kept for who does.
    """

    def __init__(self, error: Exception, latest: Any) -> None:
        super().__init__()
        self.error = error
        self.latest = latest

    def add(self, chunk: Any, /) -> None:
        self.latest = chunk

    def result(self) -> Any:
        raise self.error


def _shown(total: Sum) -> Any:
    """What the events show: of pieces that do not add up the last one, as where `+` is missing."""
    try:
        return total.result()
    except Exception:  # noqa: BLE001  # nobody asked for the sum
        return total.latest if isinstance(total, _NoSum) else None


class RunObservers(list[object]):
    """What a config has as callbacks while somebody watches: nobody new, but the run itself."""

    __slots__ = ("run",)

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run: Run = run


IDLE: Final = Run(PLAIN, None)
"""The run of every call that has no config and that nobody watches."""

APART: Final = Run(PLAIN, None)
"""The position from which an observer calls runnables: in no run, and seen by nobody."""

INSIDE: Final = Run(PLAIN, None)
"""Tells the tasks that an async function starts that they are in a run, though `IDLE`."""

everywhere: Final[list[object]] = []
"""The observers of every call in the process that is not made within another one."""

current: Final[ContextVar[Run]] = ContextVar("levada_run", default=IDLE)
"""The run around the user's code that is being executed."""


def _apart(deliver: Deliver, event: EventDict) -> None:
    """Deliver to observers of the user's, so that what they call is no part of what they watch."""
    token = current.set(APART)
    try:
        deliver(event)
    finally:
        current.reset(token)


def run_from(
    config: RunnableConfig | None,
    reader: tuple[Follower, Pipe[EventDict]] | None = None,
    around: Run | None = None,
) -> Run:
    """Give the position of a call by the user: below the run around it, with what `config` says.

    Args:
        config: What the caller gave; checked here.
        reader: One more who watches, and the buffer that it fills.
        around: The run around the call, if it is not the one that is going on.
    """
    around = current.get() if around is None else around
    if around is INSIDE:
        around = IDLE
    if config is None and reader is None and not (everywhere and around is IDLE):
        return around
    config = checked(config)
    callbacks = config.get("callbacks")
    if around is IDLE:
        if isinstance(callbacks, RunObservers):
            around = callbacks.run
        elif everywhere:
            callbacks = [*everywhere, *(callbacks or ())]
    run_id = config.get("run_id")
    return around.below().with_settings(
        around.settings.called_with(config),
        callbacks=callbacks or (),
        reader=reader,
        name=config.get("run_name"),
        run_id=None if run_id is None else str(run_id),
    )
