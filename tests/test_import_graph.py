"""Who imports whom, read from the source: the floors of the house, no circles, nothing late."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from house import MODULES, PYPROJECT

PROJECT = PYPROJECT["project"]

# What each floor may import besides itself; `_lazy`, `_orjson` and `errors` are the ground of all.
GROUND = {"_lazy", "_orjson", "errors"}
MIDDLE = GROUND | {"messages", "runnables"}
FLOORS: dict[str, set[str]] = {
    "_lazy": set(),
    "_orjson": {"errors"},
    "errors": {"_lazy"},
    "messages": GROUND,
    "runnables": GROUND,
    "prompts": MIDDLE,
    "parsers": MIDDLE,
    "tools": MIDDLE,
    "history": MIDDLE,
    "chat_models": MIDDLE | {"parsers", "tools"},
}
# On top of all: what is made of the rest.
FLOORS["agents"] = set(FLOORS)
FLOORS["testing"] = set(FLOORS)
FLOORS["console"] = MIDDLE
FLOORS["event_json"] = MIDDLE
FLOORS["demo"] = set(FLOORS)
FLOORS["__main__"] = set(FLOORS)
FLOORS["__init__"] = set(FLOORS)


# What points up for type checkers alone: the types of events name what a chat model gives.
TYPES_ONLY = {("levada.runnables.event_types", "messages")}


def import_name(requirement: str) -> str:
    """Give the module of `xllamacpp>=2026.10`."""
    package = requirement.split("[")[0].split(">")[0].strip()
    return {"pyyaml": "yaml", "google-genai": "google"}.get(package, package.replace("-", "_"))


REQUIRED = {import_name(wanted) for wanted in PROJECT["dependencies"]}
# Pydantic's own parts: its core, and the TypedDict that it asks for on Python 3.11.
REQUIRED |= {"pydantic_core", "typing_extensions"}
EXTRAS = {
    import_name(wanted)
    for group in PROJECT["optional-dependencies"].values()
    for wanted in group
    if not wanted.startswith("levada[")
}
# Where sugar is: functions that import one thing, wherever it lives, and return what it makes. They
# are the only imports that may point up, with those that their annotations need.
SUGAR = {
    "levada.runnables.base": "Runnable",  # step | step, with_retry, ...
    "levada.messages.base": "__add__",  # message + text is a prompt
    "levada.messages.step": "_step",  # trim_messages(max_tokens=...) is a step
    "levada.prompts.message": "__add__",  # part + text is a prompt
}
# An event loop that is not asyncio's is there only if the program runs on it.
LOOPS = {"trio"}


@dataclass(frozen=True)
class Import:
    """One imported module, or name of a module, and where it says so."""

    importer: str
    target: str
    relative: bool
    line: int
    typing_only: bool
    function: str | None
    sugar: bool

    @property
    def floor(self) -> str:
        return floor_of(self.importer)

    @property
    def ours(self) -> bool:
        return self.target.split(".")[0] == "levada"

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.target}"


def floor_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


class Collector(ast.NodeVisitor):
    """Collects the imports of one file."""

    def __init__(self, module: str, path: Path) -> None:
        self.module = module
        self.is_package = path.name == "__init__.py"
        self.found: list[Import] = []
        self._scopes: list[ast.AST] = []
        self._typing_only = False

    def visit_If(self, node: ast.If) -> None:
        # What is imported when it is first used, by `lazy` or `later`, is imported all the same.
        typing_only = "TYPE_CHECKING" in (test := ast.unparse(node.test)) and " or not " not in test
        outer, self._typing_only = self._typing_only, self._typing_only or typing_only
        for child in node.body:
            self.visit(child)
        self._typing_only = outer
        for child in node.orelse:
            self.visit(child)

    def _visit_scope(self, node: ast.AST) -> None:
        self._scopes.append(node)
        self.generic_visit(node)
        self._scopes.pop()

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _visit_scope

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name, node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = node.module or ""
        if node.level:
            above = self.module.split(".")
            up = node.level - 1 if self.is_package else node.level
            base = ".".join([*above[: len(above) - up], *filter(None, [node.module])])
        for alias in node.names:
            self._add(f"{base}.{alias.name}", node)

    def _add(self, target: str, node: ast.stmt) -> None:
        functions = [
            s for s in self._scopes if isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        self.found.append(
            Import(
                importer=self.module,
                target=target,
                relative=isinstance(node, ast.ImportFrom) and node.level > 0,
                line=node.lineno,
                typing_only=self._typing_only,
                function=functions[-1].name if functions else None,
                sugar=bool(functions) and self._is_sugar(functions[-1]),
            )
        )

    def _is_sugar(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        """Whether this is listed as sugar, imports something and returns what it makes."""
        docless = function.body[1:] if ast.get_docstring(function) else function.body
        names = {s.name for s in self._scopes if isinstance(s, ast.ClassDef | ast.FunctionDef)}
        return SUGAR.get(self.module) in names and [type(s) for s in docless] == [
            ast.ImportFrom,
            ast.Return,
        ]


def collect(module: str, path: Path) -> list[Import]:
    collector = Collector(module, path)
    collector.visit(ast.parse(path.read_text(encoding="utf-8"), str(path)))
    return collector.found


IMPORTS = [found for module, path in MODULES.items() for found in collect(module, path)]
OURS = [found for found in IMPORTS if found.ours]
FOREIGN = [found for found in IMPORTS if not found.ours]


def listed(wrong: list[Import]) -> str:
    return "\n".join(map(str, wrong))


def test_every_module_stands_on_a_floor() -> None:
    homeless = sorted({floor_of(module) for module in MODULES} - set(FLOORS))
    assert not homeless, f"give it a floor in FLOORS, with a reason: {homeless}"


def test_imports_point_down() -> None:
    wrong = [
        found
        for found in OURS
        if floor_of(found.target) not in FLOORS[found.floor] | {found.floor}
        and found.target != "levada.__version__"
        and not found.sugar
        and not (found.typing_only and found.importer in SUGAR)
        and not (found.typing_only and (found.importer, floor_of(found.target)) in TYPES_ONLY)
    ]
    assert not wrong, listed(wrong)


def test_modules_have_no_circle() -> None:
    graph: dict[str, set[str]] = {module: set() for module in MODULES}
    for found in OURS:
        if found.function or found.typing_only:
            continue
        # `from .base import Runnable` needs the module .base; `from . import base` does, too.
        module = found.target if found.target in MODULES else found.target.rpartition(".")[0]
        # A package that gathers its modules is needed by whoever imports from the package.
        if module != found.importer:
            graph[found.importer].add(module)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def imported_and_put_off(path: Path) -> list[tuple[set[str], set[str]]]:
    """Give what each `if ... not later(...)` of a file imports, and what it puts off."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.If) and "not later(" in ast.unparse(node.test):
            calls = [call for call in ast.walk(node.test) if isinstance(call, ast.Call)]
            put_off = {ast.literal_eval(module) for call in calls for module in call.args[1:]}
            imported = set()
            for statement in node.body:
                assert isinstance(statement, ast.Import | ast.ImportFrom)
                base = ""
                if isinstance(statement, ast.ImportFrom):
                    base = "." * statement.level + (statement.module or "")
                    base += "." * (not base.endswith("."))
                assert all(alias.asname is None for alias in statement.names)
                imported |= {base + alias.name for alias in statement.names}
            found.append((imported, put_off))
    return found


def test_what_is_put_off_is_what_type_checkers_read() -> None:
    pairs = {module: imported_and_put_off(path) for module, path in MODULES.items()}
    wrong = {module: pair for module, all_ in pairs.items() for pair in all_ if pair[0] != pair[1]}
    assert not wrong
    assert ({"tenacity"}, {"tenacity"}) in pairs["levada.chat_models._attempts"]


def test_imports_inside_the_package_are_relative() -> None:
    wrong = [found for found in OURS if not found.relative]
    assert not wrong, listed(wrong)


def test_private_things_stay_in_their_package() -> None:
    """`levada.runnables._plan` is for `levada.runnables` alone, `levada._orjson` for all."""
    wrong = []
    for found in OURS:
        parts = found.target.split(".")
        private = [i for i, part in enumerate(parts) if part.startswith("_") and part[:2] != "__"]
        if private:
            home = parts[: private[0]]
            # A private name of a module is for that module's package.
            module = MODULES.get(".".join(home))
            if module and module.stem != "__init__":
                home = home[:-1]
            if found.importer.split(".")[: len(home)] != home:
                wrong.append(found)
    assert not wrong, listed(wrong)


def test_an_import_inside_a_function_is_for_an_extra_or_makes_sugar() -> None:
    wrong = [
        found
        for found in IMPORTS
        if found.function
        and not found.typing_only
        and not found.sugar
        and found.target.split(".")[0] not in EXTRAS | LOOPS
    ]
    assert not wrong, listed(wrong)


def test_only_the_four_dependencies_are_imported_with_a_module() -> None:
    wrong = [
        found
        for found in FOREIGN
        if not found.function
        and not found.typing_only
        and found.target.split(".")[0] not in REQUIRED | set(sys.stdlib_module_names)
    ]
    assert not wrong, listed(wrong)


def test_nothing_is_imported_that_pyproject_does_not_name() -> None:
    known = REQUIRED | EXTRAS | LOOPS | set(sys.stdlib_module_names)
    wrong = [found for found in FOREIGN if found.target.split(".")[0] not in known]
    assert not wrong, listed(wrong)


def test_orjson_is_imported_in_one_file() -> None:
    wrong = [f for f in FOREIGN if f.target.split(".")[0] == "orjson" and f.floor != "_orjson"]
    assert not wrong, listed(wrong)


def test_an_event_loop_is_touched_in_the_kernel_alone() -> None:
    """Elsewhere anyio does, which runs on both."""
    loops = {"asyncio", *LOOPS}
    wrong = [f for f in FOREIGN if f.target.split(".")[0] in loops and f.floor != "runnables"]
    assert not wrong, listed(wrong)
