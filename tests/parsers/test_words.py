from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

import pytest

from levada.errors import OutputParserException
from levada.parsers import BooleanOutputParser, DatetimeOutputParser, EnumOutputParser


class Color(Enum):
    RED = "red"
    BLUE = "dark blue"
    FIRST = 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [("YES", True), ("Yes, of course.", True), ("no", False), ("Well - no!", False)],
)
def test_yes_and_no(run: Any, text: str, expected: bool) -> None:
    assert run.invoke(BooleanOutputParser(), text) is expected


def test_the_words_for_yes_and_no_can_be_others(run: Any) -> None:
    parser = BooleanOutputParser(true_val="si", false_val="no (lo siento)")
    assert run.invoke(parser, "Si.") is True
    assert "si or no (lo siento)" in parser.get_format_instructions()


@pytest.mark.parametrize(
    ("text", "has"),
    [("yes and no", "has both"), ("nobody knows", "has neither"), ("", "has neither")],
)
def test_neither_yes_nor_no_is_an_error(run: Any, text: str, has: str) -> None:
    with pytest.raises(OutputParserException, match=f"expected 'YES' or 'NO'; the answer {has}"):
        run.invoke(BooleanOutputParser(), text)


@pytest.mark.parametrize(
    ("text", "member"), [("red", Color.RED), (" dark blue\n", Color.BLUE), ("1", Color.FIRST)]
)
def test_an_answer_is_a_member_of_an_enum(run: Any, text: str, member: Color) -> None:
    parser = EnumOutputParser(enum=Color)
    assert run.invoke(parser, text) is member
    assert "red, dark blue, 1" in parser.get_format_instructions()


def test_no_member_of_the_enum_is_an_error(run: Any) -> None:
    with pytest.raises(OutputParserException, match=r"expected one of red, dark blue, 1; .* 'RED'"):
        run.invoke(EnumOutputParser(enum=Color), "RED")


def test_a_date_and_time(run: Any) -> None:
    moment = datetime(2024, 2, 29, 12, 30, 0, 500_000)
    assert run.invoke(DatetimeOutputParser(), " 2024-02-29T12:30:00.5Z\n") == moment
    assert run.invoke(DatetimeOutputParser(format="%d.%m.%Y"), "29.02.2024") == datetime(
        2024, 2, 29
    )


@pytest.mark.parametrize("text", ["tomorrow", "2024-02-30T12:30:00.5Z", ""])
def test_no_date_is_an_error(run: Any, text: str) -> None:
    with pytest.raises(OutputParserException, match="expected a date and time like 2023-07-04T14"):
        run.invoke(DatetimeOutputParser(), text)


def test_the_examples_in_the_instructions_parse() -> None:
    parser = DatetimeOutputParser(format="%Y-%m-%d %H:%M")
    examples = parser.get_format_instructions().rpartition("like ")[2].rstrip(".").split(" or ")
    assert [parser.parse(example).year for example in examples] == [2023, 1815]
