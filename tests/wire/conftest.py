"""What speaks HTTP on the other side: a real model's server, and one that does as it is told."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripted_server import ScriptedServer

TEMPLATE = Path(__file__).parent.parent / "chat_models" / "tools.jinja"


class LlamaServer:
    """The HTTP server of llama.cpp with a small model, which speaks several providers' protocols.

    Attributes:
        url: Where it listens. Anthropic's clients take it as it is, OpenAI's with `/v1`.
        n_ctx: How many tokens prompt and answer may have together.
    """

    n_ctx = 1024

    def __init__(self, model_path: Path) -> None:
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(model_path)
        params.port = 0
        params.verbosity = -1
        params.n_ctx, params.n_parallel = self.n_ctx, 1
        # A prompt is given up between two batches only, and one thread does not suffer from others.
        params.n_batch = params.n_ubatch = 128
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
        params.model_alias = {"smol"}
        params.chat_template = TEMPLATE.read_text()
        params.endpoint_metrics = True
        self._server: Any = xllamacpp.Server(params)
        self.url: str = self._server.listening_address

    def is_busy(self) -> bool:
        """Whether it is computing an answer."""
        return any(slot["is_processing"] for slot in json.loads(self._get("/slots")))

    def becomes_idle(self, within_s: float) -> bool:
        """Wait until it computes nothing; say whether that was so in time."""
        deadline = time.monotonic() + within_s
        while self.is_busy():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def tokens_predicted(self) -> int:
        """Give how many tokens it has written since it was started."""
        for line in self._get("/metrics").decode().splitlines():
            if line.startswith("llamacpp:tokens_predicted_total "):
                return int(line.split()[1])
        raise AssertionError("the server does not say how many tokens it has written")

    def stop(self) -> None:
        """Stop it: there is no other way than to let go of the object."""
        self._server = None

    def _get(self, path: str) -> bytes:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.url + path, timeout=30) as response:
            return bytes(response.read())


@pytest.fixture(scope="session")
def llama(model_path: Path) -> Iterator[LlamaServer]:
    """Give the real server, one for all tests."""
    server = LlamaServer(model_path)
    yield server
    server.stop()


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    """Give a server that has nothing to say yet; a new one for each test."""
    with ScriptedServer() as server:
        yield server


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the clients away from proxies, and from keys and addresses in the environment."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", *_PROVIDERS):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


_PROVIDERS = [
    f"{provider}_{what}"
    for provider in ("ANTHROPIC", "OPENAI", "GOOGLE", "GEMINI", "AZURE_OPENAI", "OLLAMA")
    for what in (
        "API_KEY",
        "HOST",
        "BASE_URL",
        "AUTH_TOKEN",
        "CUSTOM_HEADERS",
        "ORG_ID",
        "PROJECT_ID",
    )
]
