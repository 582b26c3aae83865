"""Run what CI runs: `make test`, or some parts of it, as in `make test PARTS="lint types"`.

Types, coverage and tests look at what a user gets: the wheel, built from the sdist and installed
into `build/env-<python>` with the test tools. The tools themselves are those of the environment
that runs this file. Every part is run, also after one has failed; the exit status is 0 only if all
are well.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
TOOLS = Path(sys.executable).parent
SUPPORTED = ("3.11", "3.12", "3.13")
# No command takes this long; one that hangs is ended, and its part has failed.
LIMIT_S = 1800
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


def lint() -> None:
    side_by_side([TOOLS / "ruff", "format", "--check", "."], [TOOLS / "ruff", "check", "."])


def types() -> None:
    python = environment(HERE) / "bin/python"
    mypy = [TOOLS / "mypy", "--python-executable", python]
    side_by_side(
        [*mypy, "--cache-dir", ".mypy_cache/package", "--package", "levada"],
        [*mypy, "--cache-dir", ".mypy_cache/typing", "tests/typing"],
        # It looks at build/installed, the wheel unpacked, because it leaves out environments.
        [TOOLS / "pyright", "--pythonpath", python],
        # Whether a user's checker knows every public type without guessing. Here it finds the
        # environment by PATH alone.
        [
            "env",
            f"PATH={python.parent}{os.pathsep}{os.environ['PATH']}",
            TOOLS / "pyright",
            *("--verifytypes", "levada", "--ignoreexternal"),
        ],
    )


def tests() -> None:
    pull_weights()
    every_core = ["--numprocesses=auto", "--maxprocesses=4", "--dist=worksteal"]
    run(environment(HERE) / "bin/pytest", *every_core, "--cov", "--cov-report=term")


def package() -> None:
    run(sys.executable, "scripts/check_package.py", wheel(), sdist())


def docs() -> None:
    wheel()
    run(TOOLS / "mkdocs", "build", "--strict", "--quiet", NO_MKDOCS_2_WARNING="1")


def benchmark() -> None:
    # The workloads whose targets are met; the others are measured by `make bench`.
    run(sys.executable, "-m", "benchmarks", "--short", "--check", "--only", "W1,W2,W3,W6,W8,W9,W10")


def pythons() -> None:
    """Run the tests on the oldest versions that are allowed, and on the other Pythons here."""
    here = [version for version in SUPPORTED if interpreter(version)]
    print("on this machine: Python", ", ".join(here), flush=True)
    pull_weights()
    homes = [environment(here[0], lowest=True)]
    homes += [environment(version) for version in here if version != HERE]
    side_by_side(*([home / "bin/pytest", "--quiet", "-p", "no:cacheprovider"] for home in homes))


# Pytest comes last: its closing line is what a reader looks for. `pythons` runs when it is named.
PARTS: dict[str, Callable[[], object]] = {
    "lint": lint,
    "types": types,
    "package": package,
    "docs": docs,
    "benchmark": benchmark,
    "tests": tests,
    "pythons": pythons,
}


@cache
def pull_weights() -> None:
    """Fetch the small model that the tests of the local one run, if it is not in the cache."""
    run(environment(HERE) / "bin/levada", "pull")


@cache
def wheel() -> Path:
    """Build the sdist, the wheel from it, and unpack the wheel where pyright and mkdocs look."""
    shutil.rmtree(BUILD / "dist", ignore_errors=True)
    run(TOOLS / "uv", "build", "--quiet", "--out-dir", BUILD / "dist")
    built = next((BUILD / "dist").glob("*.whl"))
    shutil.rmtree(BUILD / "installed", ignore_errors=True)
    install("--target", BUILD / "installed", "--no-deps", "--reinstall", built)
    return built


def sdist() -> Path:
    wheel()
    return next((BUILD / "dist").glob("*.tar.gz"))


@cache
def environment(version: str, *, lowest: bool = False) -> Path:
    """Give an environment with the wheel, all extras and the test tools; make it if need be."""
    home = BUILD / (f"env-{version}-lowest" if lowest else f"env-{version}")
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = home / "stamp"
    python = home / "bin/python"
    if not stamp.exists() or stamp.read_text() != wanted:
        run(TOOLS / "uv", "venv", "--quiet", "--clear", "--python", interpreter(version), home)
        resolution = ["--resolution", "lowest-direct"] if lowest else []
        install("--python", python, "-r", "pyproject.toml", "--all-extras", *resolution)
        install("--python", python, "--group", "test")
        stamp.write_text(wanted)
    install("--python", python, "--no-deps", "--reinstall", wheel())
    return home


@cache
def interpreter(version: str) -> Path | None:
    """Find a Python of this version: the one that runs, on PATH, or one of pyenv's."""
    if version == HERE:
        return Path(sys.executable)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    on_path = shutil.which(f"python{version}")
    found = [on_path] if on_path else []
    found += sorted(map(str, pyenv.glob(f"{version}.*/bin/python")), reverse=True)
    # A stub of pyenv's is on PATH also where its Python is not active: ask each.
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in found:
        told = subprocess.run([candidate, "-c", ask], capture_output=True, text=True, check=False)
        if told.stdout.strip() == version:
            return Path(candidate)
    return None


def install(*what: object) -> None:
    run(TOOLS / "uv", "pip", "install", "--quiet", *what)


def side_by_side(*commands: Sequence[object]) -> None:
    """Run the commands two at a time, show what each said, and fail if one has failed."""

    def call(command: Sequence[object]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(word) for word in command],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=LIMIT_S,
        )

    with ThreadPoolExecutor(2) as pool:
        ended = list(zip(commands, pool.map(call, commands), strict=True))
    for command, done in ended:
        show(command)
        print(done.stdout, end="", flush=True)
    for _, done in ended:
        done.check_returncode()


def run(*command: object, **settings: str) -> None:
    show(command)
    words = [str(word) for word in command]
    env = {**os.environ, **settings}
    subprocess.run(words, cwd=ROOT, env=env, check=True, stdin=subprocess.DEVNULL, timeout=LIMIT_S)


def show(command: Sequence[object]) -> None:
    print("$", " ".join(str(word).removeprefix(f"{ROOT}/") for word in command), flush=True)


def main(names: list[str]) -> int:
    """Run the named parts, or all, and say how long each took."""
    if unknown := set(names) - {*PARTS, "wheel"}:
        print(
            f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}", file=sys.stderr
        )
        return 2
    # Tools that look for others (the benchmark for uv) find those of this environment.
    os.environ["PATH"] = f"{TOOLS}{os.pathsep}{os.environ['PATH']}"
    os.environ.pop("VIRTUAL_ENV", None)
    # Many short processes are started, which should not compile their modules each time.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    failed, took = [], {}
    for name in names or [part for part in PARTS if part != "pythons"]:
        print(f"\n--- {name} ---", flush=True)
        started = time.monotonic()
        try:
            {**PARTS, "wheel": wheel}[name]()
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            failed.append(name)
            print(f"{name} failed: {error}", flush=True)
        took[name] = time.monotonic() - started
    print()
    for name, seconds in took.items():
        print(f"{name:12} {seconds:4.0f} s  {'FAILED' if name in failed else 'well'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
