"""Long and nasty answers: bounded time and memory, and the errors of parsers, nothing else."""

from __future__ import annotations

import json
import tracemalloc
from collections import deque
from collections.abc import Iterable
from enum import Enum
from itertools import pairwise
from math import inf
from typing import Any

import pytest
from pydantic import BaseModel

from levada.errors import OutputParserException
from levada.messages import AIMessageChunk, tool_call_chunk
from levada.parsers import (
    BaseOutputParser,
    BooleanOutputParser,
    CommaSeparatedListOutputParser,
    DatetimeOutputParser,
    EnumOutputParser,
    JsonOutputParser,
    JsonOutputToolsParser,
    MarkdownListOutputParser,
    NumberedListOutputParser,
    PydanticOutputParser,
    PydanticToolsParser,
    StrOutputParser,
    TypeAdapterOutputParser,
    XMLOutputParser,
    YamlOutputParser,
)
from levada.runnables import Runnable, collect
from work import is_linear


class Node(BaseModel):
    a: int = 0


class Word(Enum):
    A = "a"


JSON = JsonOutputParser()
XML = XMLOutputParser()
NUMBERS = NumberedListOutputParser()
MARKDOWN = MarkdownListOutputParser()
COMMAS = CommaSeparatedListOutputParser()
YAML = YamlOutputParser(pydantic_object=Node)

# What takes quadratic work when done without thought: how it begins, and how it goes on.
CASES: dict[str, tuple[BaseOutputParser[Any], str, str]] = {
    "deep lists": (JSON, "", "["),
    "deep objects": (JSON, "", '{"a":'),
    "a long string": (JSON, '["', "xxxx"),
    "a string of escapes": (JSON, '["', "\\\\"),
    "half escapes": (JSON, '["', "\\u12"),
    "halves of pairs": (JSON, '["', "\\ud800"),
    "a long number": (JSON, "[", "1111"),
    "a long fraction": (JSON, "[1.", "1111"),
    "a wide list": (JSON, "[", "1,"),
    "the same key": (JSON, "{", '"a":1,'),
    "patches of a wide list": (JsonOutputParser(diff=True), "[", "1,"),
    "much blank": (JSON, "[", "    "),
    "braces in prose": (JSON, "", "{ "),
    "backticks": (JSON, "", "`"),
    "prose": (JSON, "", "word "),
    "objects to validate": (TypeAdapterOutputParser(list[Node]), "[", '{"a": 1},'),
    "a field to ignore": (PydanticOutputParser(pydantic_object=Node), '{"b": "', "xxxx"),
    "digits": (NUMBERS, "", "1111"),
    "digits and dots": (NUMBERS, "", "1."),
    "empty lines": (MARKDOWN, "", "\n"),
    "blank lines": (MARKDOWN, "", " " * 99 + "\n"),
    "a line of blanks": (MARKDOWN, "", "    "),
    "quotes": (COMMAS, "", '"'),
    "commas": (COMMAS, "", ","),
    "open tags": (XML, "", "<a>"),
    "angles": (XML, "", "<"),
    "an attribute of angles": (XML, '<a b="', ">"),
    "a comment of angles": (XML, "<!--", "->"),
    "a long text of angles": (XML, "<a>", ">>"),
    "many elements": (XML, "<a>", "<b>1</b>"),
    "many attributes": (XML, "<a ", 'b="" '),
    "yes and yes": (BooleanOutputParser(), "", "yes "),
    "a long date": (DatetimeOutputParser(), "", "2024-"),
    "a long member": (EnumOutputParser(enum=Word), "", "aaaa"),
    "a text": (StrOutputParser(), "", "word "),
}


def pieces(text: str, size: int = 4) -> list[str]:
    return [text[i:j] for i, j in pairwise([*range(0, len(text), size), len(text)])]


def read(parser: Runnable[Any, Any], chunks: Iterable[Any]) -> None:
    try:
        collect(parser.transform(chunks))
    except OutputParserException as error:
        assert len(str(error)) < 1000


@pytest.mark.parametrize("name", CASES)
def test_a_stream_of_it_is_linear_work(name: str) -> None:
    parser, opening, piece = CASES[name]
    assert is_linear(lambda size: read(parser, [opening, *[piece] * size]), 1_500)


@pytest.mark.parametrize("name", CASES)
def test_much_of_it_is_read_or_refused(name: str) -> None:
    # For what takes quadratic time in C, inside of one call: it would not end in time.
    parser, opening, piece = CASES[name]
    text = opening + piece * (100_000 // len(piece))
    read(parser, [text])
    read(parser, pieces(text, 50))


@pytest.mark.parametrize("args", ["[", '{"a":', '{"b":"xxxx', '{"b":1,', "x", "{" * 10_000])
@pytest.mark.parametrize("tools", [None, [Node]])
def test_arguments_of_tools_are_linear_work(args: str, tools: Any) -> None:
    parser = JsonOutputToolsParser() if tools is None else PydanticToolsParser(tools=tools)

    def chunks(size: int) -> list[AIMessageChunk]:
        texts = [args, *["xxxx"] * size]
        return [
            AIMessageChunk("", tool_call_chunks=[tool_call_chunk(name="", args=text, index=0)])
            for text in texts
        ]

    made = {size: chunks(size) for size in (1_000, 4_000)}
    assert is_linear(lambda size: read(parser, made[size]), 1_000)


@pytest.mark.parametrize(
    "text", ["a: b\n" * 4_000, "[" * 100_000, "- " * 50_000, '"' + "x " * 49_000]
)
def test_much_yaml_is_refused(text: str) -> None:
    pytest.importorskip("yaml")
    with pytest.raises(OutputParserException, match=r"the YAML|not YAML"):
        YAML.parse(text)


BOMB = """<?xml version="1.0"?>
<!DOCTYPE lolz [
 <!ENTITY lol "lol">
 <!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
 <!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">
]>
<lolz>&lol3;</lolz>"""


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a SYSTEM "http://example.com/a.dtd"><a>1</a>',
        '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://example.com/p"> %p;]><a>1</a>',
        "<!DOCTYPE a [" + "<!ELEMENT a ANY>" * 10_000 + "]><a>1</a>",
    ],
)
@pytest.mark.parametrize("size", [3, 1_000_000])
def test_xml_that_declares_entities_is_refused(text: str, size: int) -> None:
    told = r"declares a document type, which may define entities .* at character \d+, near"
    with pytest.raises(OutputParserException, match=told) as caught:
        collect(XML.transform(pieces(text, size)))
    assert "root:" not in str(caught.value)


def test_an_entity_that_nobody_declared_is_refused_with_its_place() -> None:
    with pytest.raises(OutputParserException, match=r"undefined entity at character 6, near"):
        XML.parse("<a>one&x;</a>")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1, "a": 2}', {"a": 2}),
        (r'["\ud800"]', ["\ud800"]),
        (r'["\ude00\ud83d"]', ["\ude00\ud83d"]),
        ('["\ud800"]', ["\ud800"]),
        ("[Infinity, -Infinity, 1e999]", [inf, -inf, inf]),
        ("[" + "9" * 4_000 + "]", [int("9" * 4_000)]),
        ("[" + "9" * 5_000 + ".5]", [inf]),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1_000_000])
def test_what_json_of_python_reads_is_read(text: str, value: Any, size: int) -> None:
    assert JSON.parse(text) == value == json.loads(text)
    assert collect(JSON.transform(pieces(text, size))) == value


def test_nan_is_read() -> None:
    assert repr(JSON.parse("[NaN]")) == "[nan]"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[" + "9" * 5_000 + "]", "expected an integer of fewer digits than 5000 at character 1,"),
        ('{"a": 1, b: 2}', "expected a key in double quotes at character 9, near"),
        (r'["\u12g4"]', "Invalid .uXXXX escape at character"),
        (r'["\x"]', "Invalid .escape at character"),
        ('{"a" 1}', "expected ':' at character 5, near"),
        ("\x00", "expected a JSON value at character 1, near"),
        ("[\x00]", "expected a value or ']' at character 1, near"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1_000_000])
def test_what_is_no_json_is_refused_with_its_place(text: str, told: str, size: int) -> None:
    for go in (lambda: JSON.parse(text), lambda: collect(JSON.transform(pieces(text, size)))):
        with pytest.raises(OutputParserException, match=told) as caught:
            go()
        assert caught.value.llm_output is not None
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "parser", [DatetimeOutputParser(), EnumOutputParser(enum=Word), BooleanOutputParser()]
)
@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "9" * 5_000, "x" * 5_000_000, "no yes\n"])
def test_words_that_are_none_are_refused_in_a_line(parser: Any, text: str) -> None:
    with pytest.raises(OutputParserException, match=r"expected .*the answer") as caught:
        parser.invoke(text)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("&a [*a, *a]", "aliases are not read at character"),
        ("a: &x [1]\nb: *x", "aliases are not read at character 13"),
        ("!!python/object/apply:os.system ['ls']", "tags are not read at character 0"),
        ("a: [1", "at character"),
        ("a: \x00", "at character 3"),
        ("[" * 200 + "]" * 200, "nested more than 100 levels deep at character"),
        ("a: " + "9" * 5_000, "not YAML"),
    ],
)
def test_yaml_that_may_harm_is_refused_with_its_place(text: str, told: str) -> None:
    pytest.importorskip("yaml")
    with pytest.raises(OutputParserException, match=told) as caught:
        YAML.parse(text)
    assert len(str(caught.value)) < 500


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
