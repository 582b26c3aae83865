from __future__ import annotations

import re
import sys
from typing import Any

import pytest
from pydantic import BaseModel

from levada.errors import MissingExtraError, OutputParserException
from levada.parsers import YamlOutputParser
from levada.parsers import yaml as module


class Film(BaseModel):
    title: str
    tags: list[str] = []


parser = YamlOutputParser(pydantic_object=Film)


@pytest.fixture
def yaml() -> Any:
    return pytest.importorskip("yaml")


@pytest.mark.parametrize(
    "text",
    [
        "title: Alien\ntags: [old, good]",
        "Sure:\n```yaml\ntitle: Alien\ntags:\n- old\n- good\n```\nAnything else?",
        "```yml\ntitle: Alien\ntags: [old, good]\n```",
        "```\n{title: Alien, tags: [old, good]}",
    ],
)
def test_yaml_becomes_an_object(run: Any, yaml: Any, text: str) -> None:
    assert run.invoke(parser, text) == Film(title="Alien", tags=["old", "good"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: [", "the answer is not YAML: expected the node content.* at character 8"),
        ("```yaml\na: 'b\n```", "the answer is not YAML: found unexpected end.* at character 14"),
        (
            "title: !!python/name:os.system",
            "the answer is not YAML: tags are not read at character 7",
        ),
        ("a: &x [1]\nb: *x", "the answer is not YAML: aliases are not read at character 13"),
        ("[" * 101, "the answer is not YAML: nested more than 100 levels deep at character 100"),
        ("a: 2024-02-30", "the answer is not YAML: day"),
        ("a: 1\n---\nb: 2", "the answer is not YAML: but found another document at character 5"),
        ("\ud800", "the answer is not YAML: special characters are not allowed at character 0"),
        ("a" * 100_001, "the YAML has more than 100,000 characters at character 100000"),
        ("", "the YAML of the answer is not valid: the value: Input should be a valid dict"),
        ("tags: x", "the YAML of the answer is not valid: title: Field required; tags: Input"),
    ],
)
def test_what_is_wrong_is_told(run: Any, yaml: Any, text: str, message: str) -> None:
    with pytest.raises(OutputParserException, match=message) as caught:
        run.invoke(parser, text)
    assert caught.value.llm_output == text


def test_a_caller_deep_in_calls_gets_an_error_too(yaml: Any) -> None:
    def deep(levels: int) -> Any:
        return deep(levels - 1) if levels else parser.parse("[" * 100 + "]" * 100)

    frame, used = sys._getframe(), 0
    while frame := frame.f_back:  # type: ignore[assignment]
        used += 1
    with pytest.raises(OutputParserException, match="nested too deep"):
        deep(sys.getrecursionlimit() - used - 150)


def test_the_fence_can_be_another_one(run: Any, yaml: Any) -> None:
    other = YamlOutputParser(
        pydantic_object=Film, pattern=re.compile("<yaml>(?P<yaml>.*)</yaml>", re.DOTALL)
    )
    assert run.invoke(other, "<yaml>title: Alien</yaml>") == Film(title="Alien")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    module._yaml.cache_clear()
    with pytest.raises(MissingExtraError, match=r"pip install 'levada\[yaml\]'"):
        parser.parse("title: Alien")


def test_instructions_ask_for_yaml() -> None:
    assert parser.get_format_instructions().startswith("Answer with one YAML document")
