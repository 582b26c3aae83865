"""Events as a trace that is the same in every run, and how to record it.

    python tests/support/traces.py        # writes tests/traces/<scenario>.<version>.json

The form is that of event recordings made with LCEL: run ids are numbers by first appearance,
messages are dictionaries of the fields that say something, an error is its type and text.
"""

from __future__ import annotations

import json
import re
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Any

import anyio

from levada.messages import BaseMessage, PromptValue
from scenarios import SCENARIOS, Planned, Scenario

HOME = Path(__file__).resolve().parent.parent / "traces"
VERSIONS = ("v1", "v2")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Normal:
    """Makes plain values of what events carry."""

    def __init__(self) -> None:
        self._runs: dict[str, int] = {}

    def run(self, run_id: str) -> int:
        return self._runs.setdefault(run_id, len(self._runs))

    def event(self, event: Any) -> dict[str, Any]:
        parents = [self.run(parent) for parent in event["parent_ids"]]
        return {
            "event": event["event"],
            "name": event["name"],
            "run": self.run(event["run_id"]),
            "parents": parents,
            "tags": list(event["tags"]),
            "metadata": self.value(event["metadata"]),
            "data": self.value(event["data"]),
        }

    def value(self, value: Any) -> Any:
        if isinstance(value, PromptValue):
            return self.value(value.to_messages())
        if isinstance(value, BaseMessage):
            fields = {k: self.value(v) for k, v in value if v not in (None, [], {})}
            return {"type": value.type, "content": self.value(value.content), **fields}
        if isinstance(value, BaseException):
            # What a cancellation is called depends on the event loop.
            planned = isinstance(value, Exception)
            name = type(value).__name__ if planned else "cancellation"
            return {"error_type": name, "message": str(value) if planned else ""}
        if isinstance(value, dict):
            return {str(k): self.value(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(v) for v in value]
        if isinstance(value, str):
            return _ID.sub(lambda found: f"#{self.run(found[0])}", value)
        return value


class Observer:
    """Keeps the events of a run, also those that happen when its reader has left."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.on_event = self.events.append


async def arecord(name: str, version: Any) -> dict[str, Any]:
    """Run a scenario by `astream_events`, and give its trace."""
    scenario = SCENARIOS[name]()
    observer = Observer()
    config = {**(scenario.config or {}), "callbacks": [observer]}
    seen: list[Any] = []
    error: Exception | None = None
    try:
        async with aclosing(
            scenario.chain.astream_events(
                scenario.input, config, version=version, **scenario.filters
            )
        ) as events:
            async for event in events:
                seen.append(event)
                if len(seen) == scenario.stops:
                    break
    except Exception as exc:  # noqa: BLE001  # a part of the trace
        error = exc
    return trace(name, version, scenario, seen, observer.events, error)


def record(name: str, version: Any) -> dict[str, Any]:
    """Run a scenario by `stream_events`, and give its trace."""
    scenario = SCENARIOS[name]()
    observer = Observer()
    config = {**(scenario.config or {}), "callbacks": [observer]}
    seen: list[Any] = []
    error: Exception | None = None
    events = scenario.chain.stream_events(
        scenario.input, config, version=version, **scenario.filters
    )
    try:
        for event in events:
            seen.append(event)
            if len(seen) == scenario.stops:
                break
    except Exception as exc:  # noqa: BLE001  # a part of the trace
        error = exc
    events.close()
    return trace(name, version, scenario, seen, observer.events, error)


def trace(
    name: str,
    version: str,
    scenario: Scenario,
    seen: list[Any],
    observed: list[Any],
    error: Exception | None,
) -> dict[str, Any]:
    """Give the trace of a run; of one that its reader has left, with what observers saw then."""
    if scenario.stops is not None:
        # How far the run was ahead of its reader is a matter of luck, and at which of its stages it
        # was stopped; how each of them ended is not.
        ends = [e for e in observed if e["event"].endswith("_error")]
        ends.sort(key=lambda e: (-len(e["parent_ids"]), e["name"]))
        seen += [{**e, "data": {"error": e["data"]["error"]}} for e in ends]
    normal = Normal()
    return {
        "scenario": name,
        "version": version,
        "doc": " ".join((SCENARIOS[name].__doc__ or "").split()),
        "order": "exact",
        "error": None
        if error is None
        else {
            "type": type(error).__name__,
            "message": str(error) if isinstance(error, Planned) else None,
        },
        "events": [normal.event(event) for event in seen],
    }


def written(found: dict[str, Any]) -> str:
    """Give a trace as JSON with one event a line."""
    head = json.dumps({k: v for k, v in found.items() if k != "events"}, indent=1)
    lines = ",\n".join("  " + json.dumps(e, ensure_ascii=False) for e in found["events"])
    return f'{head[:-2]},\n "events": [\n{lines}\n ]\n}}\n'


def path_of(name: str, version: str) -> Path:
    return HOME / f"{name}.{version}.json"


def recorded() -> list[str]:
    """Give the scenarios whose order is always the same."""
    return [name for name, make in SCENARIOS.items() if not make().concurrent]


def main() -> None:
    HOME.mkdir(exist_ok=True)
    for name in recorded():
        for version in VERSIONS:
            path_of(name, version).write_text(
                written(anyio.run(arecord, name, version)), encoding="utf-8"
            )
            sys.stdout.write(f"{name} {version}\n")


if __name__ == "__main__":
    main()
