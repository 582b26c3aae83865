from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levada.messages import AIMessageChunk
from levada.parsers import (
    CommaSeparatedListOutputParser,
    ListOutputParser,
    MarkdownListOutputParser,
    NumberedListOutputParser,
)

PARSERS = {
    "comma": CommaSeparatedListOutputParser(),
    "number": NumberedListOutputParser(),
    "markdown": MarkdownListOutputParser(),
}


def items(chunks: list[list[str]]) -> list[str]:
    return list(chain.from_iterable(chunks))


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("comma", "red, green,blue", ["red", "green", "blue"]),
        ("comma", '"red, dark", "say ""hi""", blue', ["red, dark", 'say "hi"', "blue"]),
        ("comma", "red,, blue\ngreen\r\nwhite\n", ["red", "", "blue", "green", "white"]),
        ("comma", "", []),
        (
            "number",
            "Colours:\n\n1. red\n\n   2. dark green\n10. blue",
            ["red", "dark green", "blue"],
        ),
        ("number", "1.\nred\n2.\ngreen", ["red", "green"]),
        ("number", "1. red\r\n2. green", ["red", "green"]),
        ("number", "no items", []),
        (
            "markdown",
            "Colours:\n- red\n* dark green\n  - blue\nBye - bye",
            ["red", "dark green", "blue"],
        ),
        ("markdown", "-\nred\n\n-green", ["red"]),
    ],
)
def test_the_items_of_an_answer_are_found_once(
    run: Any, kind: str, text: str, expected: list[str]
) -> None:
    assert run.invoke(PARSERS[kind], text) == expected
    for size in (1, 2, 7, 100):
        pieces = [AIMessageChunk(text[i : i + size]) for i in range(0, len(text), size)]
        assert items(run.transform(PARSERS[kind], pieces)) == expected


@pytest.mark.parametrize(
    ("kind", "pieces", "expected"),
    [
        ("comma", ["a", ", b", ",", " c"], [["a"], ["b"], ["c"]]),
        ("number", ["1. a", "b", "\n2.", " c"], [["ab"], ["c"]]),
        ("markdown", ["- a", "b", "\n- ", " c"], [["ab"], [" c"]]),
    ],
)
def test_an_item_is_given_as_soon_as_it_has_ended(
    kind: str, pieces: list[str], expected: list[list[str]]
) -> None:
    read = 0

    def source() -> Iterator[str]:
        nonlocal read
        for piece in pieces:
            read += 1
            yield piece

    stream = PARSERS[kind].transform(source())
    assert next(stream) == expected[0]
    assert read < len(pieces)
    assert list(stream) == expected[1:]


@given(st.text('a",\n\r b', max_size=12))
@settings(max_examples=200)
def test_commas_are_read_as_csv_reads_them(text: str) -> None:
    text = re.sub("\r(?!\n)", "", text)  # csv takes it for a line end, or for an error
    rows = csv.reader(io.StringIO(text, newline=None), skipinitialspace=True)
    parser = PARSERS["comma"]
    assert parser.parse(text.replace("\r\n", "\n")) == items(list(rows))
    assert items(list(parser.transform(text))) == parser.parse(text)


@given(st.text("a1.-* \n", max_size=14))
@settings(max_examples=200)
def test_items_are_those_that_the_pattern_finds_in_the_whole_text(text: str) -> None:
    number, markdown = PARSERS["number"], PARSERS["markdown"]
    assert number.parse(text) == re.findall(r"\d+\.\s([^\n]+)", text)
    assert markdown.parse(text) == re.findall(r"^\s*[-*]\s([^\n]+)$", text, re.MULTILINE)
    assert items(list(number.transform(text))) == number.parse(text)
    assert items(list(markdown.transform(text))) == markdown.parse(text)


def test_the_pattern_can_be_another_one(run: Any) -> None:
    parser = NumberedListOutputParser(pattern=r"\d+\)\s([^\n]+)")
    assert run.invoke(parser, "1) red\n2. no\n3) blue") == ["red", "blue"]


class Semicolons(ListOutputParser):
    def parse(self, text: str) -> list[str]:
        return [part.strip() for part in text.split(";")]


def test_a_list_of_ones_own_streams_all_but_the_last_item(run: Any) -> None:
    assert run.transform(Semicolons(), ["a b ", " c; d", " e ;", "f"]) == [
        ["a b  c"],
        ["d e"],
        ["f"],
    ]


def test_a_subclass_that_parses_otherwise_streams_otherwise(run: Any) -> None:
    class Long(CommaSeparatedListOutputParser):
        def parse(self, text: str) -> list[str]:
            return [item for item in super().parse(text) if len(item) > 1]

    assert run.transform(Long(), ["ab, c,", " de"]) == [["ab"], ["de"]]


@pytest.mark.parametrize("kind", PARSERS)
def test_the_example_in_the_instructions_parses(kind: str) -> None:
    told = PARSERS[kind].get_format_instructions()
    example = told.partition("such as:")[2].strip()
    if kind == "comma":
        example = example.partition("\n")[0]
    assert PARSERS[kind].parse(example) == ["red", "green", "blue"]


class Shouts(ListOutputParser):
    """Words in capitals, by a pattern."""

    def parse(self, text: str) -> list[str]:
        return re.findall(r"\b([A-Z]+)\b", text)

    def parse_iter(self, text: str) -> Iterator[re.Match[str]]:
        return re.finditer(r"\b([A-Z]+)\b", text)


def test_a_list_found_by_a_pattern_streams_all_but_the_last_item(run: Any) -> None:
    pieces = ["so HE", "RE, AND", " TH", "ERE", " it is"]
    assert run.transform(Shouts(), pieces) == [["HERE"], ["AND"], ["THERE"]]
    assert run.invoke(Shouts(), "".join(pieces)) == ["HERE", "AND", "THERE"]


def test_a_pattern_is_looked_for_behind_what_has_been_given() -> None:
    looked_at = []

    class Noted(Shouts):
        def parse_iter(self, text: str) -> Iterator[re.Match[str]]:
            looked_at.append(text)
            return super().parse_iter(text)

    assert items(list(Noted().transform(["ONE ", "TWO ", "THREE ", "FOUR"]))) == [
        *("ONE", "TWO", "THREE", "FOUR")
    ]
    assert looked_at == ["ONE ", "ONE TWO ", " TWO THREE ", " THREE FOUR"]


def test_a_subclass_that_finds_otherwise_parses_and_streams_otherwise(run: Any) -> None:
    class Letters(NumberedListOutputParser):
        def parse_iter(self, text: str) -> Iterator[re.Match[str]]:
            return re.finditer(r"\b[a-z]\)\s(\w+)", text)

    text = "a) red b) green\nc) blue"
    assert run.invoke(Letters(), text) == ["red", "green", "blue"]
    assert items(run.transform(Letters(), [text[:3], *text[3:]])) == ["red", "green", "blue"]


def test_a_pattern_may_span_lines(run: Any) -> None:
    parser = NumberedListOutputParser(pattern=r"(?s)\d+\.\s(.+?)(?=\n\d|\Z)")
    text = "1. red\nlike wine\n2. green\n3. blue"
    want = ["red\nlike wine", "green", "blue"]
    assert run.invoke(parser, text) == want
    assert items(run.transform(parser, [text[i : i + 5] for i in range(0, len(text), 5)])) == want


def test_lines_begin_and_end_in_the_pattern_of_markdown_only() -> None:
    text = "+ red\n+ green"
    assert MarkdownListOutputParser(pattern=r"^\+ (\w+)$").parse(text) == ["red", "green"]
    assert NumberedListOutputParser(pattern=r"^\+ (\w+)").parse(text) == ["red"]


def test_a_pattern_without_groups_is_the_item(run: Any) -> None:
    parser = NumberedListOutputParser(pattern=r"[a-z]+(?=;)")
    assert run.invoke(parser, "a; b; c") == ["a", "b"]
    assert run.transform(parser, ["a;", " b; c"]) == [["a"], ["b"]]


def test_the_default_pattern_finds_the_items_itself() -> None:
    found = NumberedListOutputParser().parse_iter("Two:\n1. red\n2. green")
    assert [match[1] for match in found] == ["red", "green"]
    with pytest.raises(NotImplementedError, match="Semicolons does not find its items by a patt"):
        Semicolons().parse_iter("a")


@pytest.mark.parametrize(("kind", "method"), [(Semicolons, "parse"), (Shouts, "parse_iter")])
def test_a_list_of_ones_own_is_read_in_linear_work(
    kind: type[ListOutputParser], method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "nothing to find here " * 5_000 + "THERE; " * 5_000
    pieces = [text[i : i + 4] for i in range(0, len(text), 4)]
    want = kind().parse(text)
    read = 0
    original = getattr(kind, method)

    def counted(self: ListOutputParser, text: str) -> Any:
        nonlocal read
        read += len(text)
        return original(self, text)

    monkeypatch.setattr(kind, method, counted)
    assert items(list(kind().transform(iter(pieces)))) == want
    assert read < 2_001 * len(pieces) + 3 * len(text)
