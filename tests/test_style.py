"""Rules of the house that a machine can check and ruff does not."""

from __future__ import annotations

import ast
import builtins
import io
import re
import sys
import tokenize
from collections.abc import Iterator

import pytest

from house import MODULES, name_of

FILES = {name_of(path): path.read_text(encoding="utf-8") for path in MODULES.values()}
TREES = {name: ast.parse(text, name) for name, text in FILES.items()}


def calls(method: str) -> Iterator[str]:
    """Give the places where something's method of this name is called."""
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", None) == method:
                yield f"{name}:{node.lineno}"


# --- words of a message ---


LITERAL = re.compile(
    r"""(?P<prefix>\w*)(?P<quote>'''|\"\"\"|'|")(?P<body>.*)(?P=quote)$""", re.DOTALL
)


def literals(text: str) -> Iterator[tuple[int, str, bool]]:
    """Give the line and source of each string, and whether another one stands right before it."""
    lines = text.splitlines(keepends=True)
    depth, start, after_string = 0, (0, 0), False
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = tokenize.tok_name[token.type]  # 3.11 has no FSTRING tokens: it gives one STRING
        depth += {"FSTRING_START": 1, "FSTRING_END": -1}.get(kind, 0)
        if kind == "FSTRING_START" and depth == 1:
            start = token.start
        elif kind in ("STRING", "FSTRING_END") and depth == 0:
            begin = start if kind == "FSTRING_END" else token.start
            yield begin[0], cut(lines, begin, token.end), after_string
            after_string = True
        elif depth == 0 and kind not in ("NL", "COMMENT"):
            after_string = False


def cut(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    if start[0] == end[0]:
        return lines[start[0] - 1][start[1] : end[1]]
    middle = lines[start[0] : end[0] - 1]
    return "".join([lines[start[0] - 1][start[1] :], *middle, lines[end[0] - 1][: end[1]]])


def glued(text: str) -> list[int]:
    """Give the lines where a string goes on in the next literal without a space between words."""
    found, end = [], ""
    for line, source, goes_on in literals(text):
        literal = LITERAL.match(source)
        assert literal, source
        body = literal["body"]
        if goes_on and re.search(r"(?<!\\)[\w.,;:!?)}'\"]$", end) and re.match(r"[\w(]", body):
            found.append(line)
        # A raw string is a pattern, not a sentence.
        end = "" if "r" in literal["prefix"].lower() else body
    return found


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('f(\n"one"\n"two")', [3]),
        ('f(\n"one "\n"two")', []),
        ('f(\n"one"\n" two")', []),
        ('f(\n"one", "two")', []),
        ('f(\nf"{one}"\n"two")', [3]),
        ('f(\nf"{one} "\nf"{two}")', []),
        ('f(\nf"{one}."\nf"{two}")', []),
        ('f(\nf"{one}"  # why\n\n"two")', [4]),
        ("f(\nr'one'\nr'two')", []),
        ('"one"\n"two"', []),
        ("f(\nf\"{one['two'] 'three'}\")", []),
        ('f(\n"one\\n"\n"two")', []),
    ],
)
def test_glued_words_are_found(code: str, expected: list[int]) -> None:
    assert glued(code) == expected


@pytest.mark.parametrize("name", FILES)
def test_no_words_are_glued_where_a_message_is_split(name: str) -> None:
    assert not [f"{name}:{line}" for line in glued(FILES[name])]


# --- one place for each thing ---


@pytest.mark.parametrize("method", ["started", "finished", "failed"])
def test_runs_are_opened_and_closed_in_one_file(method: str) -> None:
    # A run in _run.py may start itself: a streamed one does with its first chunk.
    places = ("runnables/_execute.py", "runnables/_run.py")
    assert not [place for place in calls(method) if not place.startswith(places)]


@pytest.mark.parametrize("method", ["create_task", "run_in_executor", "call_soon_threadsafe"])
def test_work_beside_a_generator_is_started_in_one_file(method: str) -> None:
    places = ("runnables/_beside.py", "runnables/_waiter.py")
    assert not [place for place in calls(method) if not place.startswith(places)]


def test_exceptions_are_defined_in_one_file() -> None:
    errors = {node.name for node in TREES["errors.py"].body if isinstance(node, ast.ClassDef)}
    builtin = {
        name
        for name, value in vars(builtins).items()
        if isinstance(value, type) and issubclass(value, BaseException)
    }
    elsewhere = [
        f"{name}:{node.lineno} {node.name}"
        for name, tree in TREES.items()
        if name != "errors.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and {base.id for base in node.bases if isinstance(base, ast.Name)} & (errors | builtin)
        and not node.name.startswith("_")
    ]
    assert not elsewhere


def test_no_file_is_a_drawer() -> None:
    drawers = re.compile(r"(^|/)_?(utils?|helpers?|common|misc|shared)(\.py|/)")
    assert not [name for name in FILES if drawers.search(name)]


def test_names_are_nouns_of_the_domain() -> None:
    empty = re.compile(r"^_?Abstract|(Manager|Handler|Helper|Utils?)$")
    found = [
        f"{name}:{node.lineno} {node.name}"
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and empty.search(node.name)
    ]
    assert not found


def test_what_is_left_to_do_has_an_issue() -> None:
    loose = [
        f"{name}:{number}"
        for name, text in FILES.items()
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(r"#.*\b(TODO|FIXME|XXX)\b(?!.*#\d+)", line)
    ]
    assert not loose


def test_no_module_at_the_root_hides_one_of_python() -> None:
    # `python -m` puts the folder that it is called from first: a `_json.py` there breaks json.
    roots = {name.partition("/")[0].removesuffix(".py") for name in FILES}
    assert not roots & sys.stdlib_module_names - {"__init__", "__main__"}
