"""Packages import their modules when a name is first used."""

from __future__ import annotations

from pathlib import Path

import pytest
from interpreter import run_python

PACKAGE = """
from typing import TYPE_CHECKING

from levada._lazy import lazy

if TYPE_CHECKING or not lazy(__name__):
    from .first import One as One
    from .second import Two as Two

__all__ = ["One", "Two"]
"""


def printed(code: str, home: Path) -> list[str]:
    """Run in a fresh interpreter that finds modules in `home`, and give the words it prints."""
    return run_python(f"import sys; sys.path.insert(0, {str(home)!r})\n{code}")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    package = tmp_path / "things"
    package.mkdir()
    (package / "__init__.py").write_text(PACKAGE)
    (package / "first.py").write_text("class One: pass")
    (package / "second.py").write_text("class Two: pass")
    return tmp_path


LOADED = "print(*sorted(name for name in sys.modules if name.startswith('things.')))"


def test_a_name_imports_its_own_module_only(home: Path) -> None:
    assert printed(f"from things import One; {LOADED}", home) == ["things.first"]


def test_a_module_is_an_attribute_of_its_package(home: Path) -> None:
    assert printed("import things; print(things.second.Two.__name__)", home) == ["Two"]


def test_all_names_are_listed_before_they_are_imported(home: Path) -> None:
    listed = printed(f"import things; print(*dir(things)); {LOADED}", home)
    assert {"One", "Two"} <= set(listed)
    assert "things.first" not in listed


def test_a_star_imports_all(home: Path) -> None:
    assert printed("from things import *; print(One.__name__, Two.__name__)", home) == [
        "One",
        "Two",
    ]


def test_a_name_that_does_not_exist_is_an_attribute_error(home: Path) -> None:
    asked = "import things\ntry: things.Three\nexcept AttributeError as exc: print(exc)"
    assert " ".join(printed(asked, home)) == "module 'things' has no attribute 'Three'"


def test_a_package_without_its_source_imports_all(home: Path) -> None:
    compile_all = "import compileall; compileall.compile_dir(sys.path[0], legacy=True, quiet=2)"
    printed(compile_all, home)
    for source in home.rglob("*.py"):
        source.unlink()
    assert printed(f"from things import One; {LOADED}", home) == ["things.first", "things.second"]


def test_the_base_of_chat_models_loads_no_provider() -> None:
    loaded = printed("import levada.chat_models as c; c.BaseChatModel; print(*sys.modules)", Path())
    ours = {name for name in loaded if name.startswith("levada.chat_models.")}
    assert "levada.chat_models.base" in ours
    assert not ours & {f"levada.chat_models.{name}" for name in ("anthropic", "fakes", "init")}
