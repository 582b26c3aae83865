"""What is public: one list per package, complete, documented, and cheap to import."""

from __future__ import annotations

import ast
import inspect
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from interpreter import run_python

import levada
from house import PACKAGES, ROOT
from levada.errors import LevadaError

# The packages, and the files of the root that users import.
PUBLIC = [
    *(name for name in PACKAGES if name != "levada"),
    "levada.errors",
    "levada.console",
    "levada.event_json",
]
NOT_SHIPPED = {"tests", "benchmarks", "docs", "examples", "scripts", "build", "dist", "site"}


def exported(name: str) -> Iterator[tuple[str, Any]]:
    module = import_module(name)
    for public in module.__all__:
        yield public, getattr(module, public)


def exported_classes() -> list[type]:
    found = {
        value: None for name in PUBLIC for _, value in exported(name) if inspect.isclass(value)
    }
    return list(found)


# --- the list of packages ---


def test_every_package_folder_is_shipped() -> None:
    folders = {
        ".".join(["levada", *init.parent.relative_to(ROOT).parts])
        for init in ROOT.glob("[!.]*/**/__init__.py")
        if init.relative_to(ROOT).parts[0] not in NOT_SHIPPED
    }
    assert folders | {"levada"} == set(PACKAGES)


@pytest.mark.parametrize("folder", [p.replace(".", "/") for p in PACKAGES if p != "levada"])
def test_no_package_of_ours_hides_a_folder_without_init(folder: str) -> None:
    home = ROOT / folder.removeprefix("levada/")
    bare = [path for path in home.glob("*/*.py") if not path.with_name("__init__.py").exists()]
    assert not bare


# --- the names ---


@pytest.mark.parametrize("name", ["levada", *PUBLIC])
def test_all_is_what_can_be_imported(name: str) -> None:
    module = import_module(name)
    assert len(set(module.__all__)) == len(module.__all__)
    missing = [public for public in module.__all__ if not hasattr(module, public)]
    assert not missing


@pytest.mark.parametrize("name", [name for name in PUBLIC if name in PACKAGES])
def test_a_package_shows_nothing_beside_its_list(name: str) -> None:
    module = import_module(name)
    own = {
        public
        for public, value in vars(module).items()
        if not public.startswith("_")
        and public not in ("annotations", "TYPE_CHECKING", "lazy")
        and not isinstance(value, ModuleType)
    }
    assert own <= set(module.__all__)


# What users of LCEL look for beside the prompts: what prompts give, which messages are converted
# from and which is defined with them; and what can be written for a part, of the same name as what
# can be written for a message.
BESIDE_THE_PROMPTS = {
    *("PromptValue", "StringPromptValue", "ChatPromptValue", "ChatPromptValueConcrete"),
    *("ImagePromptValue", "ImageURL", "MessageLikeRepresentation"),
}


def own(name: str) -> Iterator[tuple[str, Any]]:
    """Give what a package exports of its own."""
    for public, value in exported(name):
        if name != "levada.prompts" or public not in BESIDE_THE_PROMPTS:
            yield public, value


def test_a_name_is_exported_by_one_package() -> None:
    # LCEL has exceptions where they are raised; a package may repeat them.
    errors = dict(exported("levada.errors"))
    homes = Counter(
        public
        for name in PUBLIC
        for public, value in own(name)
        if name == "levada.errors" or errors.get(public) is not value
    )
    assert [public for public, count in homes.items() if count > 1] == []


@pytest.mark.parametrize("name", PUBLIC)
def test_what_a_package_exports_is_defined_in_it(name: str) -> None:
    elsewhere = [
        f"{public} comes from {value.__module__}"
        for public, value in own(name)
        if (inspect.isclass(value) or inspect.isfunction(value))
        and not value.__module__.startswith(name)
        and not (inspect.isclass(value) and issubclass(value, LevadaError))
    ]
    assert not elsewhere


def test_the_root_lists_what_type_checkers_see() -> None:
    tree = ast.parse(Path(levada.__file__).read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {
        alias.asname: (node.module, alias.name)
        for node in blocks[0].body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert set(seen) == set(levada.__all__)
    for name, (module, original) in seen.items():
        assert name == original
        assert getattr(levada, name) is getattr(import_module(f"levada.{module}"), name)


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'levada' has no attribute 'Runable'"):
        _ = levada.Runable
    with pytest.raises(ImportError, match="cannot import name 'Runable' from 'levada'"):
        from levada import Runable  # noqa: F401


def test_dir_lists_the_public_names() -> None:
    assert set(levada.__all__) < set(dir(levada))


def test_a_package_is_an_attribute_of_the_root() -> None:
    assert run_python("import levada; print(levada.runnables.__name__)") == ["levada.runnables"]


# --- what importing costs ---

NEW_MODULES = """
import sys
before = set(sys.modules)
{}
print(*sorted(set(sys.modules) - before))
"""
OPTIONAL = {"xllamacpp", "rich", "tqdm", "jinja2", "yaml", "trio", "pytest", "httpx", "numpy"}
OPTIONAL |= {"anthropic", "openai", "google", "ollama", "httpx2", "redis"}
# What any program with the dependencies has loaded by the time it has run something.
DEPENDENCIES = """
import asyncio, orjson, pydantic, tenacity, anyio, anyio.from_thread, anyio.to_thread
class Model(pydantic.BaseModel):
    field: int
pydantic.TypeAdapter(int)
"""
# What levada uses beside that. Before Python 3.13 email and urllib come along with pydantic, and
# secrets with an anyio newer than the oldest allowed.
BESIDE = {"anyio", "pydantic", "concurrent", "queue", "_queue", "difflib", "email", "urllib"}
BESIDE |= {"html", "xml", "pyexpat", "sqlite3", "_sqlite3"}
BESIDE |= {"secrets", "hmac", "hashlib", "_hashlib", "_blake2"}


def test_importing_the_root_imports_nothing_else() -> None:
    modules = run_python(NEW_MODULES.format("import levada"))
    assert [name for name in modules if name.split(".")[0] not in sys.stdlib_module_names] == [
        "levada"
    ]


def test_importing_every_name_imports_no_optional_dependency() -> None:
    everything = "import levada\nfor name in levada.__all__: getattr(levada, name)"
    packages = "\n".join(f"import {name}" for name in PUBLIC)
    modules = run_python(NEW_MODULES.format(f"{everything}\n{packages}"))
    assert not OPTIONAL & {name.split(".")[0] for name in modules}


def test_importing_every_name_costs_few_modules_beside_the_dependencies() -> None:
    everything = "import levada\nfor name in levada.__all__: getattr(levada, name)"
    bare = run_python(NEW_MODULES.format(DEPENDENCIES))
    with_ours = run_python(NEW_MODULES.format(everything))
    foreign = {name for name in set(with_ours) - set(bare) if not name.startswith("levada")}
    assert {name.split(".")[0] for name in foreign} <= BESIDE
    assert len(foreign) <= 32, sorted(foreign)


# --- what a reader finds ---


@pytest.mark.parametrize("name", ["levada", *PUBLIC])
def test_everything_public_is_documented(name: str) -> None:
    module = import_module(name)
    assert module.__doc__
    bare = []
    for public, value in exported(name):
        if not (inspect.isclass(value) or inspect.isfunction(value)):
            continue
        # A class may not borrow the docstring of its base; a method may.
        if not value.__doc__:
            bare.append(public)
        if inspect.isclass(value):
            bare += [
                f"{public}.{method}"
                for method, function in vars(value).items()
                if not method.startswith("_")
                and inspect.isfunction(function)
                and not inspect.getdoc(getattr(value, method))
            ]
    assert not bare


def test_async_twins_take_the_same_parameters() -> None:
    different = []
    for owner in exported_classes():
        for name in dir(owner):
            twin = getattr(owner, f"a{name}", None)
            method = getattr(owner, name)
            if name.startswith("_") or not (inspect.isfunction(method) and callable(twin)):
                continue
            ours, theirs = inspect.signature(method), inspect.signature(twin)
            if list(ours.parameters) != list(theirs.parameters):
                different.append(f"{owner.__name__}.{name}{ours}, a{name}{theirs}")
    assert not different
