"""What is shipped, read from pyproject.toml and the files: for tests that look at the source."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = PYPROJECT["tool"]["setuptools"]["packages"]
# By the name that a user imports: "levada", "levada.errors", "levada.runnables", ...
MODULES: dict[str, Path] = {
    package if path.stem == "__init__" else f"{package}.{path.stem}": path
    for package in PACKAGES
    for path in sorted(ROOT.joinpath(*package.split(".")[1:]).glob("*.py"))
}


def name_of(path: Path) -> str:
    """Give the path as a reader of the repository writes it."""
    return path.relative_to(ROOT).as_posix()
