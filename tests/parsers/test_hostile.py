"""Long and nasty answers: bounded time and memory, and the errors of parsers, nothing else."""

from __future__ import annotations

import tracemalloc
from collections import deque
from itertools import pairwise
from time import process_time
from typing import Any

import pytest
from pydantic import BaseModel

from levada.errors import OutputParserException
from levada.parsers import (
    BaseOutputParser,
    BooleanOutputParser,
    CommaSeparatedListOutputParser,
    JsonOutputParser,
    MarkdownListOutputParser,
    NumberedListOutputParser,
    PydanticOutputParser,
    TypeAdapterOutputParser,
    XMLOutputParser,
    YamlOutputParser,
)
from levada.runnables import collect


class Node(BaseModel):
    a: int = 0


JSON = JsonOutputParser()
XML = XMLOutputParser()
NUMBERS = NumberedListOutputParser()
MARKDOWN = MarkdownListOutputParser()
COMMAS = CommaSeparatedListOutputParser()
YAML = YamlOutputParser(pydantic_object=Node)

# What takes quadratic time when it is done without thought; a few seconds of it in one piece.
CASES: dict[str, tuple[BaseOutputParser[Any], str]] = {
    "10,000 lists deep": (JSON, "[" * 10_000),
    "10,000 objects deep": (JSON, '{"a":' * 10_000),
    "a long string": (JSON, '["' + "x" * 200_000),
    "a string of escapes": (JSON, '["' + "\\\\" * 60_000),
    "half escapes": (JSON, '["' + "\\u12" * 40_000),
    "halves of pairs": (JSON, '["' + "\\ud800" * 20_000),
    "a long number": (JSON, "[" + "1" * 200_000),
    "a wide list": (JSON, "[" + "1," * 20_000),
    "patches of a wide list": (JsonOutputParser(diff=True), "[" + "1," * 10_000),
    "much blank": (JSON, "[" + " " * 200_000),
    "braces in prose": (JSON, "{ " * 50_000),
    "backticks": (JSON, "`" * 100_000),
    "prose": (JSON, "word " * 40_000),
    "objects to validate": (TypeAdapterOutputParser(list[Node]), "[" + '{"a": 1},' * 5_000),
    "a field to ignore": (PydanticOutputParser(pydantic_object=Node), '{"b": "' + "x" * 200_000),
    "digits": (NUMBERS, "1" * 200_000),
    "digits and dots": (NUMBERS, "1." * 60_000),
    "empty lines": (MARKDOWN, "\n" * 60_000),
    "blank lines": (MARKDOWN, (" " * 200 + "\n") * 600),
    "a line of blanks": (MARKDOWN, " " * 200_000),
    "quotes": (COMMAS, '"' * 100_000),
    "commas": (COMMAS, "," * 60_000),
    "open tags": (XML, "<a>" * 10_000),
    "angles": (XML, "<" * 200_000),
    "an attribute of angles": (XML, '<a b="' + ">" * 100_000),
    "a comment of angles": (XML, "<!--" + "->" * 50_000),
    "a long text": (XML, "<a>" + "x" * 200_000),
    "many elements": (XML, "<a>" + "<b>1</b>" * 10_000),
    "many attributes": (XML, "<a " + " ".join(f'b{i}=""' for i in range(10_000))),
    "yes and yes": (BooleanOutputParser(), "yes " * 60_000),
}


def pieces(text: str, size: int = 4) -> list[str]:
    return [text[i:j] for i, j in pairwise([*range(0, len(text), size), len(text)])]


@pytest.mark.parametrize("name", CASES)
def test_time_is_bounded(name: str) -> None:
    parser, text = CASES[name]
    began = process_time()
    for chunks in ([text], pieces(text)):
        try:
            collect(parser.transform(iter(chunks)))
        except OutputParserException as error:
            assert len(str(error)) < 1000
    assert process_time() - began < 10


@pytest.mark.parametrize(
    "text", ["a: b\n" * 4_000, "[" * 100_000, "- " * 50_000, '"' + "x " * 49_000]
)
def test_time_is_bounded_for_yaml(text: str) -> None:
    pytest.importorskip("yaml")
    began = process_time()
    with pytest.raises(OutputParserException):
        YAML.parse(text)
    assert process_time() - began < 10


def test_a_string_of_50_megabytes_is_read() -> None:
    text = '{"a": "' + "x" * 50_000_000 + '"}'
    tracemalloc.start()
    try:
        value = JSON.parse(text)
        assert len(value["a"]) == 50_000_000
        last = deque(JSON.transform(iter(pieces(text, 500_000))), maxlen=1)
        assert last[0] == value
        assert tracemalloc.get_traced_memory()[1] < 500_000_000
    finally:
        tracemalloc.stop()


def test_an_error_in_50_megabytes_is_told_in_a_line() -> None:
    text = "[" + "1 " * 25_000_000
    with pytest.raises(OutputParserException, match="at character 3, near") as caught:
        JSON.parse(text)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "parser",
    [
        JSON,
        JsonOutputParser(diff=True),
        *(TypeAdapterOutputParser(object, diff=d) for d in (False, True)),
    ],
)
@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("size", [3, 10_000])
def test_200_levels_are_read_and_no_more(parser: Any, opening: str, size: int) -> None:
    def document(levels: int) -> str:
        closing = "]" if opening == "[" else "}"
        return f"{opening * levels}1{closing * levels}"

    collect(parser.transform(iter(pieces(document(200), size))))
    for go in (
        lambda: parser.parse(document(201)),
        lambda: collect(parser.transform(iter(pieces(document(201), size)))),
    ):
        with pytest.raises(OutputParserException, match="expected at most 200 levels"):
            go()
