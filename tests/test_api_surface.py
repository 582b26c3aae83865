"""The public names of LCEL are here, or `docs/differences.md` says why not."""

from __future__ import annotations

import csv
import importlib
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT.parent / "shared" / "API_SURFACE.tsv"
# The modules with a part; that of `history` has no rows that are wanted.
COMPLETE: tuple[str, ...] = (
    "chat_models",
    "exceptions",
    "messages",
    "parsers",
    "prompts",
    "runnables",
    "tools",
)


def rows(module: str) -> list[dict[str, str]]:
    """Give the rows of one module that are wanted: those without a note.

    `Base[int]` is what pydantic makes of `Base`, which has a row of its own.
    """
    with TABLE.open(newline="", encoding="utf-8") as table:
        return [
            row
            for row in csv.DictReader(table, delimiter="\t")
            if row["target_module"] == module and not row["note"] and "[" not in row["name"]
        ]


def has(module: str, name: str) -> bool:
    """Whether `levada.<module>` has the name, which may be that of a member: `Class.method`."""
    top, *rest = name.split(".")
    try:
        thing: Any = importlib.import_module(f"levada.{_home(module)}")
        thing = getattr(thing, top)
    except (ImportError, AttributeError):
        return False
    for member in rest:
        fields = {**getattr(thing, "model_fields", {}), **getattr(thing, "__annotations__", {})}
        slots = {s for c in getattr(thing, "__mro__", ()) for s in getattr(c, "__slots__", ())}
        if member in fields or member in slots:
            continue
        if not hasattr(thing, member):
            return False
        thing = getattr(thing, member)
    return True


def _home(module: str) -> str:
    return "errors" if module == "exceptions" else module


def missing(module: str) -> list[str]:
    """Give the names that are neither here nor explained."""
    explained = set(
        re.findall(r"`([\w.*]+)`", (ROOT / "docs" / "differences.md").read_text(encoding="utf-8"))
    )
    return [
        row["name"]
        for row in rows(module)
        if not has(module, row["name"])
        and not {row["name"], row["name"].partition(".")[0], f"*.{row['name'].rpartition('.')[2]}"}
        & explained
    ]


@pytest.mark.skipif(not TABLE.exists(), reason="the table of LCEL's names is not here")
@pytest.mark.parametrize("module", COMPLETE)
def test_every_public_name_of_lcel_is_here_or_explained(module: str) -> None:
    assert rows(module)
    assert missing(module) == []


if __name__ == "__main__":
    with TABLE.open(newline="", encoding="utf-8") as table:
        modules = sorted({row["target_module"] for row in csv.DictReader(table, delimiter="\t")})
    for module in modules:
        print(f"{module}: {', '.join(missing(module)) or 'complete'}")
