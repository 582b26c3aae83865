"""The vocabulary of events, what each version shows of them, and the filters.

Every start of a run is followed by exactly one end or error of it, and children end before their
parents. A closed or cancelled run ends in an error event whose error is the cancellation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeAlias, TypedDict, get_args

from ..errors import ConfigError, shown

__all__ = [
    "EVENTS_OF",
    "EVENT_NAMES",
    "KINDS",
    "Deliver",
    "EventDict",
    "EventFilter",
    "Kind",
    "Rendering",
    "Takers",
    "Version",
    "checked_version",
]

Kind = Literal["chain", "prompt", "chat_model", "parser", "tool", "retriever"]
Version = Literal["v1", "v2"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)
VERSIONS: Final[tuple[Version, ...]] = get_args(Version)
PHASES: Final = ("start", "stream", "end", "error")
EVENTS_OF: Final = {kind: {phase: f"on_{kind}_{phase}" for phase in PHASES} for kind in KINDS}
EVENT_NAMES: Final = (
    *(name for names in EVENTS_OF.values() for name in names.values()),
    "on_custom_event",
)


class EventDict(TypedDict):
    """One event of one run, as the kernel makes it; `StreamEvent` is what a user sees of it.

    Attributes:
        event: `on_<kind>_<phase>`, or "on_custom_event".
        name: The name of the run.
        run_id: The id of the run, a UUIDv7 as text.
        parent_ids: The ids from the outermost run to the parent; always empty in v1.
        tags: The position of the step, then the tags it inherits.
        metadata: The metadata that the run inherits.
        data: What happened.
    """

    event: str
    name: str
    run_id: str
    parent_ids: Sequence[str]
    tags: list[str]
    metadata: dict[str, Any]
    data: Any


Deliver: TypeAlias = Callable[[EventDict], object]
"""What takes an event."""


def checked_version(version: str) -> Version:
    """Give the version back if it is one.

    Raises:
        ConfigError: It is not.
    """
    for known in VERSIONS:
        if version == known:
            return known
    hint = "; for 'v3' see stream_message of chat models" if version == "v3" else ""
    raise ConfigError(
        f"astream_events has version='v1' and version='v2'; got {shown(version)}{hint}"
    )


class EventFilter:
    """Which runs a reader wants to see; each run is tested by itself, the outermost too."""

    __slots__ = ("_admits_all", "_excluded", "_included")

    def __init__(
        self,
        *,
        include_names: Sequence[str] | None = None,
        include_types: Sequence[str] | None = None,
        include_tags: Sequence[str] | None = None,
        exclude_names: Sequence[str] | None = None,
        exclude_types: Sequence[str] | None = None,
        exclude_tags: Sequence[str] | None = None,
    ) -> None:
        self._included = _Lists("include", include_names, include_types, include_tags)
        self._excluded = _Lists("exclude", exclude_names, exclude_types, exclude_tags)
        self._admits_all = not self._included.given and not self._excluded.given

    def admits(self, event: EventDict) -> bool:
        """Whether the reader sees this event, and with it all others of the same run."""
        if self._admits_all:
            return True
        included = not self._included.given or self._included.match(event)
        return included and not self._excluded.match(event)


class _Lists:
    """Names, types and tags, any of which may match."""

    __slots__ = ("given", "names", "tags", "types")

    def __init__(
        self,
        what: str,
        names: Iterable[str] | None,
        types: Iterable[str] | None,
        tags: Iterable[str] | None,
    ) -> None:
        # An empty list of inclusions is given, and lets nothing through.
        self.given = names is not None or types is not None or tags is not None
        self.names = _words(f"{what}_names", names)
        self.types = _words(f"{what}_types", types)
        self.tags = _words(f"{what}_tags", tags)

    def match(self, event: EventDict) -> bool:
        kind = event["event"].removeprefix("on_").rpartition("_")[0]
        return (
            event["name"] in self.names
            or kind in self.types
            or not self.tags.isdisjoint(event["tags"])
        )


# An empty frozenset takes 200 bytes, and every reader has six.
_NO_WORDS: Final[frozenset[str]] = frozenset()


def _words(argument: str, words: Iterable[str] | None) -> frozenset[str]:
    if isinstance(words, str):
        raise ConfigError(f"{argument} takes a list; write {argument}=[{words!r}]")
    if words is not None and not isinstance(words, Iterable):
        raise ConfigError(f"{argument} takes a list of strings; got {shown(words)}")
    return frozenset(words) if words else _NO_WORDS


class FollowedRun(Protocol):
    """What a reader looks at in a run."""

    event: EventDict
    showed: bool

    def passed_on(self) -> Any: ...


class Takers(NamedTuple):
    """What takes the events of one run: its chunks, of which there are many, and the others."""

    chunks: Deliver
    others: Deliver


class Rendering:
    """How one reader sees the events: in its version, and only the runs that it wants.

    The first run that it meets is the outermost one of this reader, though perhaps not of others:
    its start has the raw input, its end only the output, and parents above it are left out.
    """

    __slots__ = ("_depth", "_plain", "_put", "_raw_input", "_root", "_version", "_wanted")

    def __init__(
        self, version: Version, wanted: EventFilter, raw_input: object, put: Deliver
    ) -> None:
        self._version = version
        self._wanted = wanted
        self._raw_input = raw_input
        self._put = put
        self._plain = Takers(put, put)
        self._root = ""
        self._depth = 0

    def follow(self, run: FollowedRun, *, alone: bool) -> Takers | None:
        """Give what takes the events of a run; None for a hidden one.

        Args:
            run: The run, which has just begun.
            alone: Whether nobody else gets the events: then their pattern can be made to fit.
        """
        event = run.event
        is_root = not self._root
        if is_root:
            self._root, self._depth = event["run_id"], len(event["parent_ids"])
        if not self._wanted.admits(event):
            return None
        hidden = len(event["parent_ids"]) if self._version == "v1" else self._depth
        put = self._put
        if hidden and alone:
            event["parent_ids"] = event["parent_ids"][hidden:]
        elif hidden:
            put = partial(self._without_parents, hidden)
        if is_root and (self._depth or self._version == "v1"):
            return Takers(put, partial(self._as_root, run, put))
        return self._plain if put is self._put else Takers(put, put)

    def take_custom(self, event: EventDict, /) -> None:
        """Take an event of the user's, tested by its own name, its run's tags, and "custom"."""
        if self._wanted.admits(event):
            hidden = len(event["parent_ids"]) if self._version == "v1" else self._depth
            self._without_parents(hidden, event)

    def _without_parents(self, hidden: int, event: EventDict) -> None:
        event = event.copy()
        event["parent_ids"] = event["parent_ids"][hidden:]
        self._put(event)

    def _as_root(self, run: FollowedRun, put: Deliver, event: EventDict) -> None:
        event = event.copy()
        if event["event"].endswith("_start"):
            event["data"] = {"input": self._raw_input}
        elif event["event"].endswith("_end"):
            output = event["data"]["output"]
            if self._version == "v1" and run.showed:  # v1 sums up what it has shown,
                output = run.passed_on()
            elif self._version == "v1":  # and shows what does not stream as its one chunk
                chunk = event.copy()
                chunk["event"] = event["event"].removesuffix("_end") + "_stream"
                chunk["data"] = {"chunk": output}
                put(chunk)
            event["data"] = {"output": output}
        put(event)
