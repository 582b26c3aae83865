"""Parsers of answers that are one word, or one date."""

from __future__ import annotations

import re
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, TypeVar

from pydantic import SkipValidation

from ..errors import OutputParserException, shown
from .base import BaseOutputParser

__all__ = ["BooleanOutputParser", "DatetimeOutputParser", "EnumOutputParser"]

Member = TypeVar("Member", bound=Enum, covariant=True)

_EXAMPLES = (datetime(2023, 7, 4, 14, 30), datetime(1815, 12, 10, 9, 5, 7, 250_000))


class BooleanOutputParser(BaseOutputParser[bool]):
    """Say whether the answer has the word for yes or the one for no, in upper or lower case.

    Attributes:
        true_val: The word for yes.
        false_val: The word for no.

    Raises:
        OutputParserException: It has neither, or both.
    """

    _calls_out: ClassVar[bool] = False

    true_val: str = "YES"
    false_val: str = "NO"

    def parse(self, text: str) -> bool:
        yes, no = (
            re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) is not None
            for word in (self.true_val, self.false_val)
        )
        if yes == no:
            has = "has both" if yes else "has neither"
            wanted = f"{self.true_val!r} or {self.false_val!r}"
            raise OutputParserException(
                f"expected {wanted}; the answer {has}: {shown(text)}", llm_output=text
            )
        return yes

    def get_format_instructions(self) -> str:
        return f"Answer with one word, {self.true_val} or {self.false_val}."


class EnumOutputParser(BaseOutputParser[Member]):
    """Give the member of an enum whose value the answer is.

    Attributes:
        enum: The enum.

    Raises:
        OutputParserException: There is no such member.
    """

    _calls_out: ClassVar[bool] = False

    enum: SkipValidation[type[Member]]

    @property
    def OutputType(self) -> Any:
        return self.enum

    def parse(self, text: str) -> Member:
        wanted = text.strip()
        for member in self.enum:
            if str(member.value) == wanted:
                return member
        raise OutputParserException(
            f"expected one of {', '.join(self._values())}; the answer is {shown(text)}",
            llm_output=text,
        )

    def get_format_instructions(self) -> str:
        return f"Answer with one of these and nothing else: {', '.join(self._values())}"

    def _values(self) -> list[str]:
        return [str(member.value) for member in self.enum]


class DatetimeOutputParser(BaseOutputParser[datetime]):
    """Give the date and time of an answer.

    Attributes:
        format: How it is written, as `datetime.strptime` has it.

    Raises:
        OutputParserException: The answer is not written so, or there is no such date.
    """

    _calls_out: ClassVar[bool] = False

    format: str = "%Y-%m-%dT%H:%M:%S.%fZ"

    def parse(self, text: str) -> datetime:
        try:
            return datetime.strptime(text.strip(), self.format)
        except (ValueError, OverflowError):
            raise OutputParserException(
                f"expected a date and time like {self._examples()}; the answer is {shown(text)}",
                llm_output=text,
            ) from None

    def get_format_instructions(self) -> str:
        return f"Answer with a date and time and nothing else, written like {self._examples()}."

    def _examples(self) -> str:
        return " or ".join(example.strftime(self.format) for example in _EXAMPLES)
