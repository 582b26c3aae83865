"""Texts that no model should write: a value or an OutputParserException, however they are cut.

LEVADA_FUZZ says how many texts there are in all.
"""

from __future__ import annotations

import os
from datetime import datetime
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
    StrOutputParser,
    TypeAdapterOutputParser,
    XMLOutputParser,
    YamlOutputParser,
)
from levada.runnables import collect

TEXTS = int(os.environ.get("LEVADA_FUZZ", "2600"))


class Word(Enum):
    A = "a"


class Node(BaseModel):
    a: int = 0
    b: list[str] = []


PARSERS: dict[str, tuple[BaseOutputParser[Any], str]] = {
    "text": (StrOutputParser(), "a \n"),
    "json": (JsonOutputParser(), "json"),
    "patches": (JsonOutputParser(diff=True), "json"),
    "object": (PydanticOutputParser(pydantic_object=Node), "json"),
    "list of objects": (TypeAdapterOutputParser(list[Node | dict[str, Any]]), "json"),
    "any type": (TypeAdapterOutputParser(Any), "json"),
    "commas": (CommaSeparatedListOutputParser(), 'a",\n\r '),
    "numbers": (NumberedListOutputParser(), "a1. \n\r"),
    "markdown": (MarkdownListOutputParser(), "a-* \n\r"),
    "xml": (XMLOutputParser(), "xml"),
    "yes or no": (BooleanOutputParser(), "yesno \n"),
    "date": (DatetimeOutputParser(), "0123-T:.Z "),
    "enum": (EnumOutputParser(enum=Word), "a \n"),
}
PIECES = {
    "json": [
        *('{"a": 1, "b": ["x"]}', '[{"a": 2}, {"b": []}]', '"a":', '"b"', "```json\n", "```", "`"),
        *(
            "{",
            "}",
            "[",
            "]",
            '"',
            ",",
            ":",
            " ",
            "\n",
            "\\",
            "\\u12",
            "\\ud83d",
            "\\n",
            "\ud83d",
            "é",
        ),
        *("1", "-", ".", "e", "+", "0", "1e999", "true", "nul", "NaN", "-Infinity", "a", "\x00"),
        "9" * 5000,
    ],
    "xml": [
        *(
            "<a>",
            "</a>",
            "<b>",
            "</b>",
            "<a/>",
            "<c:d x='y'>",
            "</c:d>",
            "<",
            ">",
            "</",
            "/>",
            "<!--",
        ),
        *(
            "-->",
            "<![CDATA[",
            "]]>",
            "<?xml version='1.0'?>",
            "<?p",
            "?>",
            "&amp;",
            "&#x41;",
            "&",
            ";",
        ),
        *(
            "<!DOCTYPE a>",
            "<!DOC",
            "<!ENTITY",
            "&x;",
            " ",
            "\n",
            "x",
            "é",
            "\ud800",
            "\x00",
            "'",
            '"',
        ),
    ],
}
PIECES["tags"] = ["<a>", "</a>", "<b>", "</b>", "x", " ", "<c/>"]


def texts(kind: str) -> st.SearchStrategy[str]:
    pieces = PIECES.get(kind, [*kind, "\ud800", "é"])
    made = st.lists(st.sampled_from(pieces), max_size=20).map("".join)
    return made | st.text(max_size=20)


def outcome(call: Any) -> str:
    try:
        return repr(call())
    except OutputParserException as error:
        assert error.llm_output is not None
        assert len(str(error)) < 1000
        return "an error"


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.timeout(600)
def test_any_text_gives_a_value_or_an_error_however_it_is_cut(name: str) -> None:
    parser, kind = PARSERS[name]

    @settings(max_examples=TEXTS // len(PARSERS))
    @given(texts(kind), st.integers(1, 9))
    def check(text: str, size: int) -> None:
        pieces = [text[i : i + size] for i in range(0, len(text), size)] or [""]
        once = outcome(lambda: parser.parse(text))
        streamed = outcome(lambda: collect(parser.transform(iter(pieces))))
        if name == "patches" or streamed == "None":
            # Patches add up to a patch; nothing at all is no empty list or text.
            assert (once == "an error") == (streamed == "an error")
        else:
            assert streamed == once

    check()


@settings(max_examples=TEXTS // 13)
@given(texts("json").filter(lambda text: len(text) < 1000), st.integers(1, 9))
def test_any_arguments_give_calls_or_an_error(text: str, size: int) -> None:
    pieces = [text[i : i + size] for i in range(0, len(text), size)]
    chunks = [
        AIMessageChunk("", tool_call_chunks=[tool_call_chunk(name="", args=piece, index=0)])
        for piece in ["", *pieces]
    ]
    parser = JsonOutputToolsParser()
    once = outcome(lambda: parser.invoke(collect(iter(chunks))))
    assert outcome(lambda: list(parser.transform(chunks))[-1]) == once


@settings(max_examples=TEXTS // 13)
@given(st.lists(st.sampled_from(PIECES["tags"]), max_size=12).map("".join), st.integers(1, 9))
def test_tags_in_any_order_give_a_value_or_an_error(text: str, size: int) -> None:
    pieces = [text[i : i + size] for i in range(0, len(text), size)]
    parser = XMLOutputParser()
    once = outcome(lambda: parser.parse(text))
    assert outcome(lambda: collect(parser.transform(iter(pieces)))) == once


YAML = [
    "a: ",
    "b: ",
    "- ",
    "\n",
    "  ",
    "[",
    "]",
    "{",
    "}",
    ",",
    '"',
    "'",
    "|",
    ">",
    "#",
    "?",
    ":",
    "x",
]
YAML += [
    "&x ",
    "*x",
    "!!int ",
    "!",
    "%",
    "@",
    "`",
    "1e3",
    "0x",
    "12:30:45",
    "2024-02-30",
    "<<: ",
    "~",
]
YAML += ["---\n", "...\n", "```yaml\n", "```", "\t", "\ud800", "\x00", "é", "._", "0_", "=", "\x85"]


@settings(max_examples=TEXTS // 13)
@given(st.lists(st.sampled_from(YAML), max_size=15).map("".join))
def test_any_yaml_gives_an_object_or_an_error(text: str) -> None:
    pytest.importorskip("yaml")
    outcome(lambda: YamlOutputParser(pydantic_object=Node).parse(text))


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00.0Z"])
def test_the_first_and_the_last_moment(text: str) -> None:
    assert isinstance(DatetimeOutputParser().parse(text), datetime)
