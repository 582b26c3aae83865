"""The real model, for tests that need one: fetched once, loaded once."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from levada.chat_models._llama_engine import LlamaEngine, get_engine
from levada.chat_models.weights import pull_weights
from levada.errors import WeightsError

WEIGHTS = pytest.StashKey[Path | str]()


def pytest_collection_finish(session: pytest.Session) -> None:
    # Here and not in the fixture: a download may last longer than a test.
    if any("model_path" in getattr(item, "fixturenames", ()) for item in session.items):
        session.config.stash[WEIGHTS] = _weights()


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


@pytest.fixture(scope="session")
def engine(model_path: Path) -> LlamaEngine:
    """Give an engine that runs one request at a time, with 512 tokens of context."""
    return get_engine(model_path, n_ctx=512)
