"""The vocabulary of events, what each version shows of them, and the filters.

Every start of a run is followed by exactly one end or error of it, and children end before their
parents. A closed or cancelled run ends in an error event whose error is the cancellation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Literal, TypedDict, get_args

from ..errors import ConfigError, shown

__all__ = [
    "EVENT_NAMES",
    "KINDS",
    "EventData",
    "EventFilter",
    "Kind",
    "StreamEvent",
    "Version",
    "checked_version",
    "renderer",
]

Kind = Literal["chain", "prompt", "chat_model", "parser", "tool", "retriever"]
Version = Literal["v1", "v2"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)
PHASES: Final = ("start", "stream", "end", "error")
EVENT_NAMES: Final = (
    *(f"on_{kind}_{phase}" for kind in KINDS for phase in PHASES),
    "on_custom_event",
)


class EventData(TypedDict, total=False):
    """What an event carries, by its phase.

    Attributes:
        input: The input; in start, end and error events. A streamed step starts before it has seen
            its whole input: its start has none. The end of the outermost run has none.
        chunk: One piece of the output; in stream events.
        output: The whole output; in end events.
        error: The exception, a cancellation too; in error events.
    """

    input: Any
    chunk: Any
    output: Any
    error: BaseException


class StreamEvent(TypedDict):
    """One event of one run.

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


def checked_version(version: str) -> Version:
    """Give the version back if it is one.

    Raises:
        ConfigError: It is not.
    """
    if version == "v1" or version == "v2":
        return version
    raise ConfigError(f"astream_events has version='v1' and version='v2'; got {shown(version)}")


class EventFilter:
    """Which runs a reader wants to see; each run is tested by itself, the outermost too."""

    __slots__ = ("_excluded", "_included", "_runs")

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
        self._included = _Lists(include_names, include_types, include_tags)
        self._excluded = _Lists(exclude_names, exclude_types, exclude_tags)
        self._runs: dict[str, bool] = {}

    @property
    def needed(self) -> bool:
        """Whether there is anything to test."""
        return self._included.given or self._excluded.given

    def admits(self, event: StreamEvent) -> bool:
        """Whether the reader sees this event."""
        if event["event"] == "on_custom_event":  # has a name of its own, which may be listed
            return self._admits(event)
        run_id = event["run_id"]
        known = self._runs.get(run_id)
        if known is None:
            known = self._runs[run_id] = self._admits(event)
        if event["event"].endswith(("_end", "_error")):
            del self._runs[run_id]
        return known

    def _admits(self, event: StreamEvent) -> bool:
        included = not self._included.given or self._included.match(event)
        return included and not self._excluded.match(event)


class _Lists:
    """Names, types and tags, any of which may match."""

    __slots__ = ("given", "names", "tags", "types")

    def __init__(
        self,
        names: Iterable[str] | None,
        types: Iterable[str] | None,
        tags: Iterable[str] | None,
    ) -> None:
        # An empty list of inclusions is given, and lets nothing through.
        self.given = names is not None or types is not None or tags is not None
        self.names = _words("names", names)
        self.types = _words("types", types)
        self.tags = _words("tags", tags)

    def match(self, event: StreamEvent) -> bool:
        kind = event["event"].removeprefix("on_").rpartition("_")[0]
        return (
            event["name"] in self.names
            or kind in self.types
            or not self.tags.isdisjoint(event["tags"])
        )


def _words(what: str, words: Iterable[str] | None) -> frozenset[str]:
    if isinstance(words, str):
        raise ConfigError(
            f"include_{what} and exclude_{what} take a list; write [{words!r}] instead of {words!r}"
        )
    return frozenset(words or ())


def renderer(
    version: Version, raw_input: object, put: Callable[[StreamEvent], None]
) -> Callable[[StreamEvent], None]:
    """Give the function that shows the events of one reader as its version has them.

    The first run that it sees is the outermost one of this reader, though perhaps not of others: its
    start has the raw input, its end only the output, and parents above it are left out.
    """
    root = ""
    depth = 0
    streamed = False

    def render(event: StreamEvent) -> None:
        nonlocal root, depth, streamed
        if not root:
            root, depth = event["run_id"], len(event["parent_ids"])
        if version == "v1":
            event = {**event, "parent_ids": []}
        elif depth:
            event = {**event, "parent_ids": event["parent_ids"][depth:]}
        if event["run_id"] != root:
            put(event)
            return
        phase = event["event"].rpartition("_")[2]
        if phase == "start":
            event = {**event, "data": {"input": raw_input}}
        elif phase == "stream":
            streamed = True
        elif phase == "end":
            output = event["data"]["output"]
            if version == "v1" and not streamed:
                # v1 shows the output of a step that does not stream as its one chunk.
                name = f"{event['event'][:-4]}_stream"
                put({**event, "event": name, "data": {"chunk": output}})
            event = {**event, "data": {"output": output}}
        put(event)

    return render
