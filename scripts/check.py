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
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
TOOLS = Path(sys.executable).parent
SUPPORTED = ("3.11", "3.12", "3.13")
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


def lint() -> None:
    run_all([TOOLS / "ruff", "format", "--check", "."], [TOOLS / "ruff", "check", "."])


def types() -> None:
    python = environment(HERE) / "bin/python"
    run_all(
        [TOOLS / "mypy", "--python-executable", python, "--package", "levada"],
        [TOOLS / "mypy", "--python-executable", python, "tests/typing"],
        # It looks at build/installed, the wheel unpacked, because it leaves out environments.
        [TOOLS / "pyright", "--pythonpath", python],
    )


def public_types() -> None:
    """Check that no type which a user sees is left to be guessed."""
    # Here pyright does not listen to --pythonpath; it asks the first Python on PATH.
    path = f"{environment(HERE) / 'bin'}{os.pathsep}{os.environ['PATH']}"
    run(TOOLS / "pyright", "--verifytypes", "levada", "--ignoreexternal", PATH=path)


def tests() -> None:
    home = environment(HERE)
    run(home / "bin/levada", "pull")
    run(home / "bin/pytest", "--cov", "--cov-report=term")


def package() -> None:
    run(sys.executable, "scripts/check_package.py", wheel(), sdist())


def docs() -> None:
    wheel()
    run(TOOLS / "mkdocs", "build", "--strict", "--quiet", NO_MKDOCS_2_WARNING="1")


def benchmark() -> None:
    run(sys.executable, "-m", "benchmarks", "--short", "--check")


def lowest() -> None:
    """Run the tests on the oldest versions that are allowed, with the oldest Python here."""
    oldest = next((version for version in SUPPORTED if interpreter(version)), HERE)
    home = environment(oldest, lowest=True)
    run(home / "bin/pytest", "--quiet", "-p", "no:cacheprovider")


def pythons() -> None:
    """Run the tests on the other Pythons that this machine has."""
    others = [version for version in SUPPORTED if version != HERE and interpreter(version)]
    print("on this machine:", ", ".join(others) or "no other Python", flush=True)
    run_all(
        *(
            [environment(other) / "bin/pytest", "--quiet", "-p", "no:cacheprovider"]
            for other in others
        )
    )


# Pytest comes last: its closing line is what a reader looks for.
PARTS: dict[str, Callable[[], object]] = {
    "lint": lint,
    "types": types,
    "public-types": public_types,
    "package": package,
    "docs": docs,
    "benchmark": benchmark,
    "tests": tests,
    "lowest": lowest,
    "pythons": pythons,
}


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


def run_all(*commands: Sequence[object]) -> None:
    """Run each of them, and fail at the end if one has failed."""
    failures = []
    for command in commands:
        try:
            run(*command)
        except subprocess.CalledProcessError as error:
            failures.append(error)
    if failures:
        raise failures[0]


def run(*command: object, **settings: str) -> None:
    words = [str(word) for word in command]
    print("$", " ".join(word.removeprefix(f"{ROOT}/") for word in words), flush=True)
    env = {**os.environ, **settings}
    subprocess.run(words, cwd=ROOT, env=env, check=True, stdin=subprocess.DEVNULL)


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
    for name in names or PARTS:
        print(f"\n--- {name} ---", flush=True)
        started = time.monotonic()
        try:
            {**PARTS, "wheel": wheel}[name]()
        except subprocess.CalledProcessError as error:
            failed.append(name)
            print(f"{name} failed: {Path(error.cmd[0]).name} gave {error.returncode}", flush=True)
        took[name] = time.monotonic() - started
    print()
    for name, seconds in took.items():
        print(f"{name:12} {seconds:4.0f} s  {'FAILED' if name in failed else 'well'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
