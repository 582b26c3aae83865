"""The format "jinja2": output, conditions, loops, and filters and tests that only make text.

What a template may consist of is listed here, and everything else is refused when it is parsed. The
sandbox in which it runs refuses it again: no attribute, no item and no call, but those of `loop`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ..errors import MissingExtraError, TemplateError, shown
from ..messages.shapes import is_object
from ._parsed import Render
from ._shapes import is_items

if TYPE_CHECKING:
    from jinja2 import Environment, Template

__all__ = ["parse_jinja2"]

MAX_LOOPS: Final = 4
"""How many loops may be inside each other."""

MAX_LENGTH: Final = 10_000_000
"""How many characters a template may be filled in with: loops in loops multiply."""

MAX_SIZE: Final = 100_000
"""How many characters a Jinja template may have: to compile a million takes seconds."""

MAX_WORK: Final = 10_000_000
"""How much a filling may cost: a unit for each character or item that a filter takes."""

_SLOW: Final = {"sort": 10, "title": 10}  # what a unit costs, where it is more
_ROUND: Final = 100  # what a round of a loop costs, whatever is in it
_MOST_DIGITS: Final = 15  # round(value, -999999999) would compute 10 ** 999999999
_MOST_INTEGER: Final = 10**18

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
    if len(text) > MAX_SIZE:
        raise TemplateError(
            f"a Jinja template has at most {MAX_SIZE:,} characters; this one has {len(text):,}. "
            "Pass long texts as variables."
        )
    environment = _environment()
    from jinja2 import TemplateSyntaxError, meta

    try:
        tree = environment.parse(text)
        _check(tree, text, loops=0)
        names = meta.find_undeclared_variables(tree)
        template = environment.from_string(_counted(tree))
    except TemplateSyntaxError as exc:
        raise TemplateError(f"{shown(text)}, line {exc.lineno}: {exc.message}") from None
    except TemplateError:
        raise
    except ValueError as exc:  # an integer of thousands of digits
        raise TemplateError(f"{shown(text)} is no template: {exc}") from None
    except (RecursionError, SyntaxError, MemoryError):  # the last two are of Python's compiler
        raise TemplateError(f"{shown(text)} is nested too deeply") from None

    return tuple(sorted(names)), _renderer(template, text)


def _renderer(template: Template, text: str) -> Render:
    from jinja2 import UndefinedError

    def render(values: Mapping[str, Any]) -> str:
        pieces: list[str] = []
        room = MAX_LENGTH
        try:
            for piece in template.generate({**values, _WORK: _Work(text)}):
                pieces.append(piece)
                room -= len(piece)
                if room < 0:
                    raise TemplateError(f"{shown(text)} gives over {MAX_LENGTH:,} characters")
        except UndefinedError as exc:
            raise KeyError(exc.message) from None
        except AssertionError as exc:  # such as an end that is longer than what it truncates to
            raise TemplateError(f"{shown(text)}: {exc}") from exc
        return "".join(pieces)

    return render


@cache
def _environment() -> Environment:
    try:
        from jinja2 import StrictUndefined, pass_context
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

    # Not optimized: what is constant would be computed when the template is read, and not counted.
    sandbox = Sandbox(undefined=StrictUndefined, optimized=False)
    sandbox.globals.clear()
    sandbox.filters = {name: _counting(name, _plain()) for name in _FILTERS}
    sandbox.filters |= {"join": pass_context(_join), _ROUNDS: pass_context(_rounds)}
    sandbox.tests = {name: sandbox.tests[name] for name in _TESTS}
    return sandbox


# What a filling costs. Names with blanks are none that a template could have.

_WORK: Final = "the work"
_ROUNDS: Final = "the rounds"


class _Work:
    """Counts what one filling costs."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._room = MAX_WORK

    def spend(self, cost: int) -> None:
        self._room -= cost
        if self._room < 0:
            raise TemplateError(
                f"{shown(self._text)} costs too much to fill in: it has loops in loops, or filters "
                "of long values in loops"
            )


def _plain() -> Environment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(undefined=StrictUndefined)


def _counting(name: str, plain: Environment) -> Any:
    """Give the filter of this name, which counts what it is given."""
    from jinja2 import pass_context

    cost = _SLOW.get(name, 1)

    def counting(context: Any, value: Any, *args: Any) -> Any:
        size = len(value) if isinstance(value, str) or is_items(value) or is_object(value) else 1
        context[_WORK].spend(size * cost)
        return plain.call_filter(name, value, args, context=context)

    return pass_context(counting)


def _join(context: Any, value: Any, separator: Any = "") -> str:
    """Give the texts of all items, with a separator between them."""
    work, between = context[_WORK], str(separator)
    texts: list[str] = []
    for item in value:
        texts.append(str(item))
        work.spend(len(texts[-1]) + len(between) + 1)
    return between.join(texts)


def _rounds(context: Any, value: Any) -> Iterator[Any]:
    """Give the items of a loop."""
    work = context[_WORK]
    for item in value:
        work.spend(_ROUND)
        yield item


def _counted(tree: Any) -> Any:
    """Give the template with loops that count their rounds, and `~` as a filter that counts."""
    from jinja2 import nodes
    from jinja2.visitor import NodeTransformer

    class Counted(NodeTransformer):
        def visit_For(self, node: Any) -> Any:
            self.generic_visit(node)
            node.iter = nodes.Filter(node.iter, _ROUNDS, [], [], None, None, lineno=node.lineno)
            return node

        def visit_Concat(self, node: Any) -> Any:
            self.generic_visit(node)
            items = nodes.List(node.nodes, lineno=node.lineno)
            return nodes.Filter(items, "join", [], [], None, None, lineno=node.lineno)

    return Counted().visit(tree)


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
        case "Const" | "Name" as kind:
            _check_leaf(kind, node, text)
        case kind:
            if kind not in _NODES:
                _refuse(f"what Jinja calls {kind}", text)
    for child in node.iter_child_nodes():
        _check(child, text, loops)


def _check_leaf(kind: str, node: Any, text: str) -> None:
    if kind == "Name" and node.name == "self":
        _refuse("the name 'self', which is Jinja's own,", text)
    if kind == "Const" and isinstance(node.value, int) and abs(node.value) > _MOST_INTEGER:
        _refuse("such a large number", text)


def _check_filter(node: Any, text: str) -> None:
    if node.name not in _FILTERS:
        _refuse(f"the filter {node.name!r}", text)
    if len(node.args) > _FILTERS[node.name] or node.kwargs or node.dyn_args or node.dyn_kwargs:
        _refuse(f"the filter {node.name!r} with these arguments", text)
    if node.name == "round" and not all(_fine_to_round(arg) for arg in node.args):
        _refuse("the filter 'round' with other arguments than a few digits and a method", text)


def _fine_to_round(arg: Any) -> bool:
    kind, value = type(arg).__name__, getattr(arg, "value", None)
    if kind != "Const":
        return False
    if isinstance(value, int):
        return 0 <= value <= _MOST_DIGITS
    return value in ("common", "ceil", "floor")


def _refuse(what: str, text: str | None = None) -> NoReturn:
    where = "" if text is None else f" in {shown(text)}"
    raise TemplateError(
        f"{what}{where} is not allowed. A Jinja template here has {{{{ name }}}}, {{% if %}}, "
        f"{{% for %}} and the filters {', '.join(_FILTERS)}. "
        "Pass what else is wanted as a variable of its own."
    )
