"""The real model inside this process, loaded once."""

from __future__ import annotations

from pathlib import Path

import pytest

from levada.chat_models._llama_engine import LlamaEngine, get_engine


@pytest.fixture(scope="session")
def engine(model_path: Path) -> LlamaEngine:
    """Give an engine that runs one request at a time, with 512 tokens of context."""
    return get_engine(model_path, n_ctx=512)
