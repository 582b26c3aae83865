"""Every example that a reader may copy runs: in pages, in docstrings, and the files of examples/.

The blocks of a page run in order and share their names. A block of what is printed, fenced as
```output and put right behind a ```python block, must be what the block prints. A comment
`<!-- skip: reason -->` before a block leaves it out, and so does a line `# skip: reason` at the
top of a file in examples/.
"""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pytest

from house import MODULES, ROOT, name_of

PAGES = [*ROOT.glob("README.md"), *sorted(ROOT.glob("docs/**/*.md"))]
EXAMPLES = sorted(ROOT.glob("examples/**/*.py"))
FENCE = re.compile(
    r"(?:^<!-- skip: (?P<skip>.+?) -->\s*\n)?"
    r"^(?P<indent> *)```(?P<language>python|output)\b[^\n]*\n(?P<body>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    line: int
    code: str
    prints: str | None
    skip: str | None


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found: list[Block] = []
    end = 0
    for fence in FENCE.finditer(text):
        indent = fence["indent"]
        body = "".join(
            line.removeprefix(indent) for line in fence["body"].splitlines(keepends=True)
        )
        line = text.count("\n", 0, fence.start("body"))
        if fence["language"] == "python":
            found.append(Block(line, body, None, fence["skip"]))
        else:
            assert found, f"{page.name}:{line}: output before any code"
            assert not text[end : fence.start()].strip(), f"{page.name}:{line}: output of what?"
            found[-1] = Block(found[-1].line, found[-1].code, body, found[-1].skip)
        end = fence.end()
    return found


@pytest.mark.timeout(90)  # a page may import the SDKs of several providers
@pytest.mark.parametrize("page", [p for p in PAGES if blocks_of(p)], ids=name_of)
def test_the_blocks_of_a_page_run(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks_of(page):
        if block.skip:
            continue
        # Blank lines before it give the code the line numbers of the page.
        exec(compile("\n" * block.line + block.code, name_of(page), "exec"), names)
        printed = capsys.readouterr().out
        if block.prints is not None:
            assert printed.rstrip() == block.prints.rstrip(), f"{name_of(page)}:{block.line}"


@pytest.mark.timeout(90)  # one asks a real model
@pytest.mark.parametrize("path", EXAMPLES, ids=name_of)
def test_an_example_runs(path: Path) -> None:
    skip = re.match(r"# skip: (.+)", path.read_text(encoding="utf-8"))
    if skip:
        pytest.skip(skip[1])
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", str(path)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout, "an example shows something"


WITH_EXAMPLES = [name for name, path in MODULES.items() if ">>> " in path.read_text("utf-8")]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_in_docstrings_run(name: str) -> None:
    failed, _ = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS)
    assert not failed
