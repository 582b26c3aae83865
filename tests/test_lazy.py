"""Packages import their modules when a name is first used, and modules what few programs need."""

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


LATER = """
from typing import TYPE_CHECKING

from levada._lazy import later

if TYPE_CHECKING or not later(globals(), "xml.dom", ".second"):
    from xml import dom

    from . import second
"""


def test_a_module_is_imported_when_a_name_of_it_is_asked_for(home: Path) -> None:
    (home / "things" / "first.py").write_text(LATER)
    asked = f"from things import first; {LOADED}; print(first.second.Two.__name__); {LOADED}"
    assert printed(asked, home) == ["things.first", "Two", "things.first", "things.second"]


def test_a_module_that_was_put_off_takes_its_place(home: Path) -> None:
    (home / "things" / "first.py").write_text(LATER)
    asked = "from things import first; first.dom.Node; import xml.dom; print(first.dom is xml.dom)"
    assert printed(asked, home) == ["True"]


def test_a_name_that_a_module_put_off_lacks_is_an_attribute_error(home: Path) -> None:
    (home / "things" / "first.py").write_text(LATER)
    asked = "from things import first\ntry: first.second.Six\nexcept AttributeError as e: print(e)"
    assert " ".join(printed(asked, home)) == "module 'things.second' has no attribute 'Six'"


CHAIN = """
import anyio, pydantic
before = set(sys.modules)
from levada.chat_models import BaseChatModel
from levada.messages import AIMessage
from levada.parsers import StrOutputParser
from levada.prompts import ChatPromptTemplate
from levada.runnables import RunnableLambda

class Model(BaseChatModel):
    def _generate(self, messages, stop=None, **kwargs):
        return AIMessage("yes")

chain = ChatPromptTemplate.from_template("{x}?") | Model() | StrOutputParser() | RunnableLambda(str)
assert chain.invoke("Is it") == "yes"
assert list(chain.stream("Is it")) == ["yes"]
try:
    (chain | RunnableLambda(int)).invoke("Is it")
except ValueError:
    pass
print(*set(sys.modules) - before)
"""


def test_a_chain_that_runs_in_its_own_thread_loads_no_event_loop_and_nothing_of_tools() -> None:
    loaded = set(printed(CHAIN, Path()))
    assert not loaded & {"asyncio", "concurrent.futures", "tenacity", "difflib", "html", "logging"}
    assert not {name for name in loaded if name.startswith("levada.tools.")}
    assert "levada.chat_models.structured" not in loaded


def test_the_base_of_chat_models_loads_no_provider() -> None:
    loaded = printed("import levada.chat_models as c; c.BaseChatModel; print(*sys.modules)", Path())
    ours = {name for name in loaded if name.startswith("levada.chat_models.")}
    assert "levada.chat_models.base" in ours
    assert not ours & {f"levada.chat_models.{name}" for name in ("anthropic", "fakes", "init")}
