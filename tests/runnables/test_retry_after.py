"""How long a server wants to be left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest

from levada.runnables import RunnableLambda, _plan
from levada.runnables._retry_after import seconds_asked


def failure(**attributes: Any) -> Exception:
    exc = RuntimeError("busy")
    for name, value in attributes.items():
        setattr(exc, name, value)
    return exc


def response(**headers: Any) -> Any:
    return SimpleNamespace(headers={k.replace("_", "-"): v for k, v in headers.items()})


@pytest.mark.parametrize(
    ("exc", "seconds"),
    [
        (failure(), 0),
        (None, 0),
        (failure(retry_after=3), 3),
        (failure(retry_after="2.5"), 2.5),
        (failure(retry_after=None), 0),
        (failure(retry_after="soon"), 0),
        (failure(retry_after=-1), 0),
        (failure(retry_after=float("nan")), 0),
        (failure(response=response(Retry_After="7")), 7),
        (failure(response=response(retry_after_ms="1500", retry_after="2")), 1.5),
        (failure(response=response(content_type="text")), 0),
        (failure(response=response(retry_after="soon")), 0),
        (failure(response=None), 0),
        (failure(response={"Error": {}}), 0),
        (failure(headers={"RETRY-AFTER": 4}), 4),
        (failure(headers=None), 0),
    ],
)
def test_it_is_read_where_client_libraries_put_it(exc, seconds) -> None:
    assert seconds_asked(exc) == seconds


def test_it_may_be_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1))
    assert 3000 < seconds_asked(failure(response=response(retry_after=later))) <= 3600
    before = format_datetime(datetime.now(UTC) - timedelta(hours=1))
    assert seconds_asked(failure(response=response(retry_after=before))) == 0


def test_it_may_stand_on_what_caused_the_exception() -> None:
    ours = RuntimeError("the model is busy")
    ours.__cause__ = failure(response=response(retry_after="5"))
    assert seconds_asked(ours) == 5
    circle = RuntimeError("a")
    circle.__cause__ = circle
    assert seconds_asked(circle) == 0


def test_a_retry_waits_that_long(run, step, monkeypatch) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(_plan.time, "sleep", waits.append)
    monkeypatch.setattr(_plan.anyio, "sleep", sleep)
    calls: list[int] = []

    def fails(value: Any) -> Any:
        calls.append(value)
        if len(calls) < 3:
            raise failure(response=response(retry_after="9"))
        return "done"

    if not run.sync:
        source = fails

        async def fails(value: Any) -> Any:
            return source(value)

    retried = RunnableLambda(fails).with_retry(wait_exponential_jitter=False)
    assert run.invoke(retried, 1) == "done"
    assert waits == [9.0, 9.0]
