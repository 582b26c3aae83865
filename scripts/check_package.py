"""Check the built wheel and sdist: what is in them, and that levada runs however it is installed.

    python scripts/check_package.py WHEEL SDIST

Each way of installing has an environment and a copy of this checkout of its own, in a temporary
directory.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
NOT_SOURCE = shutil.ignore_patterns(
    ".git", ".*_cache", ".venv*", "__pycache__", "*.egg-info", "build", "dist", "site", "uv.lock"
)


def main(wheel: Path, sdist: Path) -> None:
    problems = contents_of_wheel(wheel) + contents_of_sdist(sdist)
    if problems:
        sys.exit("\n".join(problems))
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(2) as pool:
        ways = ways_to_install(wheel, sdist)
        for done in pool.map(lambda way: try_out(Path(scratch, way), ways[way]), ways):
            print(f"{done}: imports and runs", flush=True)


def ways_to_install(wheel: Path, sdist: Path) -> dict[str, list[str]]:
    """Give the command of each way, to be run in a checkout; HOME stands for the environment."""
    pip = ["HOME/bin/pip", "install", "--quiet", "--no-compile"]
    uv = [UV, "pip", "install", "--quiet", "--python", "HOME/bin/python"]
    return {
        "pip-wheel": [*pip, str(wheel)],
        "pip-folder": [*pip, "."],
        "pip-editable": [*pip, "--editable", "."],
        "uv-sdist": [*uv, str(sdist)],
        "uv-folder": [*uv, "."],
        "uv-editable": [*uv, "--editable", "."],
        "uv-sync": [UV, "sync", "--quiet", "--python", "HOME/bin/python"],
    }


def try_out(scratch: Path, command: list[str]) -> str:
    """Install one way and run the small chain, from where the checkout cannot be imported."""
    checkout, home = scratch / "checkout", scratch / "environment"
    shutil.copytree(ROOT, checkout, ignore=NOT_SOURCE)
    call([UV, "venv", "--quiet", "--seed", "--python", sys.executable, "HOME"], checkout, home)
    call(command, checkout, home)
    call(["HOME/bin/python", "-I", str(ROOT / "scripts/smoke.py")], home, home)
    call(["HOME/bin/levada", "--version"], home, home)
    return scratch.name


def contents_of_wheel(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    inside = {name for name in names if not name.split("/")[0].endswith(".dist-info")}
    listed = {package.replace(".", "/") for package in _settings()["packages"]}
    problems = [f"{wheel.name} lacks levada/py.typed"] * ("levada/py.typed" not in inside)
    problems += [
        f"{wheel.name} holds {name}, which is in no package of pyproject.toml"
        for name in sorted(inside)
        if str(Path(name).parent) not in listed
    ]
    problems += [
        f"{wheel.name} holds {name}: not code, and not in package-data"
        for name in sorted(inside)
        if not name.endswith((".py", "py.typed"))
    ]
    if not any(name.endswith("licenses/LICENSE") for name in names):
        problems.append(f"{wheel.name} lacks the licence")
    return problems


def contents_of_sdist(sdist: Path) -> list[str]:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "py.typed",
        "__init__.py",
        "tests/conftest.py",
    }
    return [f"{sdist.name} lacks {name}" for name in sorted(wanted - names)]


def call(command: list[str], folder: Path, home: Path) -> None:
    words = [word.replace("HOME", str(home)) for word in command]
    # `uv sync` chooses the environment by this variable; another active one would get in its way.
    settings = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(home)}
    settings.pop("VIRTUAL_ENV", None)
    done = subprocess.run(
        words, cwd=folder, env=settings, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"$ {' '.join(words)}\n{done.stdout}{done.stderr}")


def _settings() -> dict[str, list[str]]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    settings: dict[str, list[str]] = tomllib.loads(text)["tool"]["setuptools"]
    return settings


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
