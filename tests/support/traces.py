"""Events as a trace that is the same in every run, and how to record it.

    python tests/support/traces.py        # writes tests/traces/<scenario>.<version>.json

The form is that of event recordings made with LCEL: run ids are numbers by first appearance,
messages are dictionaries of the fields that say something, an error is its type and text.
"""

from __future__ import annotations

import json
import re
import sys
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel

from levada.messages import BaseMessage, PromptValue
from scenarios import SCENARIOS, SOON, Planned, Scenario

HOME = Path(__file__).resolve().parent.parent / "traces"
VERSIONS = ("v1", "v2")
LIMITS = (SOON, 0.1, 2.0)
"""A limit that passes before its step has begun makes another trace: then a longer one is tried."""
_LIMIT = re.compile(r"\b0?\.\d+ s\b|\b2 s\b")
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
            return {"error_type": name, "message": self.value(str(value)) if planned else ""}
        if isinstance(value, dict):
            return {str(k): self.value(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(v) for v in value]
        if isinstance(value, str):
            value = _LIMIT.sub("SOON", value)
            return _ID.sub(lambda found: f"#{self.run(found[0])}", value)
        return value


class Observer:
    """Keeps the events of a run, also those that happen when its reader has left."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.on_event = self.events.append


async def arecord(name: str, version: Any) -> dict[str, Any]:
    """Run a scenario by `astream_events`, and give its trace."""
    for soon in LIMITS:
        scenario, observer = SCENARIOS[name](soon), Observer()
        seen, error = await _aread(scenario, observer, version)
        if scenario.in_time(observer.events):
            break
    return trace(name, version, scenario, seen, observer.events, error)


async def _aread(
    scenario: Scenario, observer: Observer, version: Any
) -> tuple[list[Any], Exception | None]:
    config = {**(scenario.config or {}), "callbacks": [observer]}
    stream = scenario.chain.astream_events(
        scenario.input, config, version=version, **scenario.filters
    )
    seen: list[Any] = []
    try:
        with anyio.CancelScope() as scope:
            async with aclosing(stream) as events:
                async for event in events:
                    seen.append(event)
                    if len(seen) == scenario.stops and not scenario.cancelled:
                        break
                    if len(seen) == scenario.stops:
                        scope.cancel()
                        await anyio.lowlevel.checkpoint()
    except Exception as exc:  # noqa: BLE001  # a part of the trace
        return seen, exc
    finally:
        scenario.release()
    return seen, None


def record(name: str, version: Any) -> dict[str, Any]:
    """Run a scenario by `stream_events`, and give its trace."""
    for soon in LIMITS:
        scenario, observer = SCENARIOS[name](soon), Observer()
        seen, error = _read(scenario, observer, version)
        if scenario.in_time(observer.events):
            break
    return trace(name, version, scenario, seen, observer.events, error)


def _read(
    scenario: Scenario, observer: Observer, version: Any
) -> tuple[list[Any], Exception | None]:
    config = {**(scenario.config or {}), "callbacks": [observer]}
    seen: list[Any] = []
    try:
        with closing(
            scenario.chain.stream_events(
                scenario.input, config, version=version, **scenario.filters
            )
        ) as events:
            for event in events:
                seen.append(event)
                if len(seen) == scenario.stops:
                    break
    except Exception as exc:  # noqa: BLE001  # a part of the trace
        return seen, exc
    finally:
        scenario.release()
    return seen, None


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
    return [name for name, make in SCENARIOS.items() if not make(SOON).concurrent]


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
