"""The format "jinja2": output, conditions, loops, and filters and tests that only make text.

What a template may consist of is listed here, and everything else is refused when it is parsed. The
sandbox in which it runs refuses it again: no attribute, no item and no call, but those of `loop`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ..errors import MissingExtraError, TemplateError, shown
from ._parsed import Render

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["parse_jinja2"]

MAX_LOOPS: Final = 4
"""How many loops may be inside each other."""

MAX_LENGTH: Final = 10_000_000
"""How many characters a template may be filled in with: loops in loops multiply."""

_LOOP: Final = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length"})

_NODES: Final = frozenset(
    {
        *("Template", "Output", "TemplateData", "If", "For"),
        *("Name", "Const", "List", "Tuple", "Concat", "CondExpr"),
        *("And", "Or", "Not", "Compare", "Operand", "Filter", "Test", "Getattr"),
    }
)
# How many arguments each takes; the further ones of some name an attribute to read.
_FILTERS: Final = {
    "capitalize": 0,
    "lower": 0,
    "title": 0,
    "trim": 1,
    "upper": 0,
    "string": 0,
    "truncate": 4,
    "abs": 0,
    "float": 1,
    "int": 1,
    "round": 2,
    "default": 2,
    "d": 2,
    "count": 0,
    "length": 0,
    "wordcount": 0,
    "join": 1,
    "list": 0,
    "reverse": 0,
    "sort": 2,
}
# Without those that use %, which on a text of the template is a format with any width.
_TESTS: Final = frozenset(
    {
        *("boolean", "defined", "false", "float", "integer", "iterable", "mapping"),
        *("none", "number", "sequence", "string", "true", "undefined"),
        *("eq", "equalto", "==", "ne", "!=", "gt", ">", "ge", ">=", "lt", "<", "le", "<=", "in"),
    }
)


def parse_jinja2(text: str) -> tuple[tuple[str, ...], Render]:
    """Give the variables of a template, and what fills it in.

    Raises:
        TemplateError: It is malformed, or has what a template may not have.
        MissingExtraError: jinja2 is not installed.
    """
    environment = _environment()
    from jinja2 import TemplateSyntaxError, UndefinedError, meta

    try:
        tree = environment.parse(text)
        _check(tree, text, loops=0)
        names = meta.find_undeclared_variables(tree)
        template = environment.from_string(tree)
    except TemplateSyntaxError as exc:
        raise TemplateError(f"{shown(text)}, line {exc.lineno}: {exc.message}") from None
    except (RecursionError, SyntaxError, MemoryError):  # the last two are of Python's compiler
        raise TemplateError(f"{shown(text)} is nested too deeply") from None

    def render(values: Mapping[str, Any]) -> str:
        pieces: list[str] = []
        room = MAX_LENGTH
        try:
            for piece in template.generate(values):
                pieces.append(piece)
                room -= len(piece)
                if room < 0:
                    raise TemplateError(f"{shown(text)} gives over {MAX_LENGTH:,} characters")
        except UndefinedError as exc:
            raise KeyError(exc.message) from None
        return "".join(pieces)

    return tuple(sorted(names)), render


@cache
def _environment() -> Environment:
    try:
        from jinja2 import StrictUndefined
        from jinja2.runtime import LoopContext
        from jinja2.sandbox import SandboxedEnvironment
    except ImportError as exc:
        raise MissingExtraError("the template format 'jinja2'", "jinja2", "jinja2") from exc

    class Sandbox(SandboxedEnvironment):
        def getattr(self, obj: Any, attribute: str) -> Any:
            if type(obj) is LoopContext and attribute in _LOOP:
                return super().getattr(obj, attribute)
            _refuse(f"the attribute {attribute!r}")

        def getitem(self, obj: Any, argument: Any) -> Any:
            _refuse(f"the item {shown(argument)}")

        def is_safe_callable(self, obj: Any) -> bool:
            return False

    sandbox = Sandbox(undefined=StrictUndefined)
    sandbox.globals.clear()
    sandbox.filters = {name: sandbox.filters[name] for name in _FILTERS}
    sandbox.tests = {name: sandbox.tests[name] for name in _TESTS}
    return sandbox


def _check(node: Any, text: str, loops: int) -> None:
    """Refuse what is not listed."""
    match type(node).__name__:
        case "For":
            loops += 1
            if loops > MAX_LOOPS:
                raise TemplateError(f"{shown(text)} has over {MAX_LOOPS} loops inside each other")
        case "Getattr":
            of_loop = loops and type(node.node).__name__ == "Name" and node.node.name == "loop"
            if not (of_loop and node.attr in _LOOP):
                _refuse(f"the attribute {node.attr!r}", text)
        case "Filter":
            _check_filter(node, text)
        case "Test" if node.name not in _TESTS:
            _refuse(f"the test {node.name!r}", text)
        case "Name" if node.name == "self":
            _refuse("the name 'self', which is Jinja's own,", text)
        case kind:
            if kind not in _NODES:
                _refuse(f"what Jinja calls {kind}", text)
    for child in node.iter_child_nodes():
        _check(child, text, loops)


def _check_filter(node: Any, text: str) -> None:
    if node.name not in _FILTERS:
        _refuse(f"the filter {node.name!r}", text)
    if len(node.args) > _FILTERS[node.name] or node.kwargs or node.dyn_args or node.dyn_kwargs:
        _refuse(f"the filter {node.name!r} with these arguments", text)


def _refuse(what: str, text: str | None = None) -> NoReturn:
    where = "" if text is None else f" in {shown(text)}"
    raise TemplateError(
        f"{what}{where} is not allowed. A Jinja template here has {{{{ name }}}}, {{% if %}}, "
        f"{{% for %}} and the filters {', '.join(_FILTERS)}. "
        "Pass what else is wanted as a variable of its own."
    )
