"""The events of what LCEL has no recordings of: errors, second tries, custom events, readers that
leave. Recorded in tests/traces by tests/support/traces.py, and the same in every colour.
"""

from __future__ import annotations

import json

import anyio
import pytest

from traces import HOME, VERSIONS, arecord, path_of, record, recorded, written


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", recorded())
def test_events_are_those_of_the_trace(name: str, version: str, how: str) -> None:
    found = (
        record(name, version) if how == "sync" else anyio.run(arecord, name, version, backend=how)
    )
    wanted = json.loads(path_of(name, version).read_text(encoding="utf-8"))
    for got, want in zip(found["events"], wanted["events"], strict=False):
        assert got == want
    assert json.loads(written(found)) == wanted


def test_every_trace_has_a_scenario() -> None:
    assert {path.name for path in HOME.glob("*.json")} == {
        path_of(name, version).name for name in recorded() for version in VERSIONS
    }
