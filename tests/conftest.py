"""What every test may use: both event loops, one test body for all, and a real model's weights."""

from __future__ import annotations

import gc
import importlib.util
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing, closing, nullcontext
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from hypothesis import HealthCheck, settings

from levada.chat_models.weights import pull_weights
from levada.errors import WeightsError
from levada.runnables import Runnable, _sink

# A machine that does something else as well is no failure.
settings.register_profile(
    "levada", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("levada")


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run each test marked `anyio` on both event loops."""
    return request.param


@pytest.fixture(params=["sync", "asyncio", "trio"])
def how(request: pytest.FixtureRequest) -> str:
    """Run the test three times: this says which one it is."""
    return request.param


@pytest.fixture
def run(how: str) -> Caller:
    """Call runnables in the colour of the test: one body says what all three do.

    def test_a_chain_hands_the_output_on(run):
        assert run.invoke(double | add_one, 2) == 5
    """
    return Caller(how)


@pytest.fixture(autouse=True)
def observers_that_raise_fail_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of tests an observer that raises is logged and dropped."""
    monkeypatch.setattr(_sink, "STRICT_OBSERVERS", True)


class Caller:
    """The verbs of a runnable, sync or on an event loop; streams come back as lists."""

    def __init__(self, how: str) -> None:
        self.how = how
        self.sync = how == "sync"

    def step(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Give the function in the colour of the test: itself, or an async one that waits once."""
        if self.sync:
            return function

        async def waiting(value: Any) -> Any:
            await anyio.lowlevel.checkpoint()
            return function(value)

        waiting.__name__ = function.__name__
        return waiting

    def invoke(self, step: Runnable[Any, Any], *args: Any, **options: Any) -> Any:
        if self.sync:
            return step.invoke(*args, **options)
        return self._run(lambda: step.ainvoke(*args, **options))

    def batch(self, step: Runnable[Any, Any], *args: Any, **options: Any) -> list[Any]:
        if self.sync:
            return step.batch(*args, **options)
        return self._run(lambda: step.abatch(*args, **options))

    def completed(
        self, step: Runnable[Any, Any], *args: Any, take: int | None = None, **options: Any
    ) -> list[tuple[int, Any]]:
        """Give (number, result) as they are done: all, or the first `take`, and then close."""
        if self.sync:
            return _first(take, step.batch_as_completed(*args, **options))
        return self._run(lambda: _afirst(take, step.abatch_as_completed(*args, **options)))

    def stream(
        self, step: Runnable[Any, Any], *args: Any, take: int | None = None, **options: Any
    ) -> list[Any]:
        """Give the chunks: all, or the first `take` and then close the stream."""
        if self.sync:
            return _first(take, step.stream(*args, **options))
        return self._run(lambda: _afirst(take, step.astream(*args, **options)))

    def transform(
        self, step: Runnable[Any, Any], chunks: Iterable[Any], *args: Any, **options: Any
    ) -> list[Any]:
        """Give the chunks that the step makes of these."""
        if self.sync:
            return list(step.transform(iter(chunks), *args, **options))
        return self._run(lambda: _afirst(None, step.atransform(_later(chunks), *args, **options)))

    def events(
        self,
        step: Runnable[Any, Any],
        input: Any,
        config: dict[str, Any] | None = None,
        *,
        raises: type[BaseException] | None = None,
        **options: Any,
    ) -> list[dict[str, Any]]:
        """Give the events of a stream: by `stream_events` in sync, by `astream_events` in async.

        An observer must see the same, unless the reader wants less or sees it otherwise.

        Args:
            step: What to run.
            input: Its input.
            config: Its config.
            raises: The exception that must end the stream; the events before it are given.
            options: `version`, filters and options of the step.
        """
        seen: list[dict[str, Any]] = []
        observed: list[dict[str, Any]] = []
        observers = [*((config or {}).get("callbacks") or ()), _Recorder(observed)]
        config = {**(config or {}), "callbacks": observers}
        with pytest.raises(raises) if raises else nullcontext():
            if self.sync:
                with closing(step.stream_events(input, config, **options)) as events:
                    for event in events:
                        seen.append(event)
            else:
                self._run(lambda: _read(step.astream_events(input, config, **options), seen))
        if options.keys().isdisjoint({"version", *_FILTERS}):
            assert seen == observed
        return seen

    def heads(self, step: Runnable[Any, Any], *args: Any, **options: Any) -> list[tuple[str, str]]:
        """Give what happened to whom, in order: `[("on_chain_start", "triage"), ...]`."""
        return [(event["event"], event["name"]) for event in self.events(step, *args, **options)]

    def _run(self, call: Callable[[], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            return await call()

        return anyio.run(main, backend=self.how)


_FILTERS = {f"{way}_{by}" for way in ("include", "exclude") for by in ("names", "types", "tags")}


class _Recorder:
    def __init__(self, seen: list[dict[str, Any]]) -> None:
        self.on_event = seen.append


def _first(count: int | None, chunks: Any) -> list[Any]:
    taken: list[Any] = []
    with closing(chunks):
        for chunk in chunks:
            taken.append(chunk)
            if len(taken) == count:
                break
    return taken


async def _afirst(count: int | None, chunks: Any) -> list[Any]:
    taken: list[Any] = []
    async with aclosing(chunks):
        async for chunk in chunks:
            taken.append(chunk)
            if len(taken) == count:
                break
    return taken


async def _later(chunks: Iterable[Any]) -> AsyncIterator[Any]:
    for chunk in chunks:
        await anyio.lowlevel.checkpoint()
        yield chunk


async def _read(events: Any, seen: list[dict[str, Any]]) -> None:
    async with aclosing(events):
        async for event in events:
            seen.append(event)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a test of hundreds of examples more time than one that makes one."""
    for item in items:
        of_examples = hasattr(getattr(item, "obj", None), "hypothesis")
        if of_examples and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(180))


# The weights of the real model, for tests that need one: fetched once.

WEIGHTS = pytest.StashKey[Path | str]()


def pytest_collection_finish(session: pytest.Session) -> None:
    # Here and not in the fixture: a download may last longer than a test.
    if any("model_path" in getattr(item, "fixturenames", ()) for item in session.items):
        session.config.stash[WEIGHTS] = _weights()
    # Thousands of tests live to the end: nobody need look at them whenever one collects garbage.
    gc.collect()
    gc.freeze()


def _weights() -> Path | str:
    if importlib.util.find_spec("xllamacpp") is None:
        return "xllamacpp is not installed"
    try:
        return pull_weights()
    except WeightsError as exc:
        return str(exc)


@pytest.fixture(scope="session")
def model_path(pytestconfig: pytest.Config) -> Path:
    """Give the default model; without it tests are skipped, or fail if LEVADA_REQUIRE_WEIGHTS=1."""
    weights = pytestconfig.stash[WEIGHTS]
    if isinstance(weights, Path):
        return weights
    if os.environ.get("LEVADA_REQUIRE_WEIGHTS") == "1":
        pytest.fail(weights)
    pytest.skip(weights)
