"""Parsers of lists: each item is given once, as soon as it is certain."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from typing import Any, ClassVar, Literal, Protocol

from ..messages import BaseMessage
from ..runnables import Run
from .base import BaseTransformOutputParser, text_of

__all__ = [
    "CommaSeparatedListOutputParser",
    "ListOutputParser",
    "MarkdownListOutputParser",
    "NumberedListOutputParser",
]


class ItemReader(Protocol):
    """Reads one answer, piece by piece."""

    @abstractmethod
    def feed(self, text: str) -> Iterable[str]:
        """Read on; give the items that have become certain."""

    @abstractmethod
    def finish(self) -> Iterable[str]:
        """Give the items that are left when no piece will follow."""


class ListOutputParser(BaseTransformOutputParser[list[str]], abstract=True):
    """A parser of a list, which streams lists of one item.

    An author writes `parse`, which is then called with the text so far at every chunk; all items
    but the last count as certain. An author who minds the quadratic time writes `_reader()` too.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "_reader" not in cls.__dict__ and "parse" in cls.__dict__:
            # What the class inherits does the work of another `parse`.
            cls._reader = ListOutputParser._reader  # type: ignore[method-assign]

    def _reader(self) -> ItemReader:
        """Give what reads one answer."""
        return _Rereader(self.parse)

    def _transform(self, chunks: Iterator[BaseMessage | str], run: Run) -> Iterator[list[str]]:
        reader = self._reader()
        for chunk in chunks:
            for item in reader.feed(text_of(chunk)):
                yield [item]
        for item in reader.finish():
            yield [item]

    async def _atransform(
        self, chunks: AsyncIterator[BaseMessage | str], run: Run
    ) -> AsyncGenerator[list[str], None]:
        reader = self._reader()
        async for chunk in chunks:
            for item in reader.feed(text_of(chunk)):
                yield [item]
        for item in reader.finish():
            yield [item]


class CommaSeparatedListOutputParser(ListOutputParser):
    """Give the items between the commas of an answer.

    Read as Python's csv module does it: spaces after a comma do not count, an item in double quotes
    may have commas and line ends in it, and a line end ends an item as well.
    """

    _calls_out: ClassVar[bool] = False

    def parse(self, text: str) -> list[str]:
        return _all_items(_CommaReader(), text)

    def get_format_instructions(self) -> str:
        return (
            "Answer with the items alone, separated by commas, such as: red, green, blue\n"
            'Put an item that has a comma in it into double quotes: "red, dark", green'
        )

    def _reader(self) -> ItemReader:
        return _CommaReader()


class _LineListOutputParser(ListOutputParser, abstract=True):
    _calls_out: ClassVar[bool] = False

    pattern: str

    def parse(self, text: str) -> list[str]:
        return _all_items(self._reader(), text)

    def parse_iter(self, text: str) -> Iterator[re.Match[str]]:
        """Find the items in some lines."""
        return re.finditer(self.pattern, text, re.MULTILINE)

    def _reader(self) -> ItemReader:
        return _LineReader(self.parse_iter)


class NumberedListOutputParser(_LineListOutputParser):
    """Give the items of a numbered list, one item a line, whatever else stands in the answer.

    Attributes:
        pattern: What an item looks like; its first group is the item.
    """

    # A number begins at its first digit: without the lookbehind, a long one takes quadratic time.
    pattern: str = r"(?<!\d)\d+\.\s([^\n]+)"

    def get_format_instructions(self) -> str:
        return "Answer with a numbered list, one item a line, such as:\n1. red\n2. green\n3. blue"


class MarkdownListOutputParser(_LineListOutputParser):
    """Give the items of a markdown list, one item a line, whatever else stands in the answer.

    Attributes:
        pattern: What an item looks like; its first group is the item.
    """

    pattern: str = r"^\s*[-*]\s([^\n]+)$"

    def get_format_instructions(self) -> str:
        return "Answer with a markdown list, one item a line, such as:\n- red\n- green\n- blue"


def _all_items(reader: ItemReader, text: str) -> list[str]:
    return [*reader.feed(text), *reader.finish()]


class _Rereader:
    """Reads the whole text again with every piece."""

    def __init__(self, parse: Callable[[str], list[str]]) -> None:
        self._parse = parse
        self._text = ""
        self._given = 0

    def feed(self, text: str) -> Iterable[str]:
        self._text += text
        return self._rest(self._parse(self._text)[:-1])

    def finish(self) -> Iterable[str]:
        return self._rest(self._parse(self._text))

    def _rest(self, items: list[str]) -> list[str]:
        new = items[self._given :]
        self._given += len(new)
        return new


class _LineReader:
    """Finds items line by line. A marker alone on its line is followed by its item on the next."""

    def __init__(self, find: Callable[[str], Iterable[re.Match[str]]]) -> None:
        self._find = find
        self._pieces: list[str] = []  # of the line that has not ended
        self._before = ""  # the line before it, if there is no item in that

    def feed(self, text: str) -> Iterator[str]:
        *ended, last = text.split("\n")
        for line in ended:
            yield from self._items("".join([*self._pieces, line]))
            self._pieces.clear()
        self._pieces.append(last)

    def finish(self) -> Iterator[str]:
        yield from self._items("".join(self._pieces))

    def _items(self, line: str) -> list[str]:
        line = line.removesuffix("\r")
        items = [found[1] for found in self._find(f"{self._before}\n{line}")]
        self._before = "" if items else line
        return items


class _CommaReader:
    """Reads comma-separated values, with the quotes and line ends of csv."""

    def __init__(self) -> None:
        self._state: Literal["start", "plain", "quoted", "after quote"] = "start"
        self._pieces: list[str] = []  # of the item that is being read
        self._blank = True  # whether there is nothing yet on this line

    def feed(self, text: str) -> Iterator[str]:
        pos = 0
        while pos < len(text):
            char = text[pos]
            if self._state == "quoted":
                pos = self._read_to(_quote, text, pos)
                if pos < len(text):
                    self._state = "after quote"
            elif char == '"' and self._state != "plain":
                if self._state == "after quote":  # two of them stand for one
                    self._pieces.append(char)
                self._state, self._blank = "quoted", False
            elif char == " " and self._state == "start":
                self._blank = False
            else:
                self._state = "plain"
                pos = self._read_to(_separator, text, pos)
                if pos < len(text):
                    yield from self._item(text[pos])
            pos += 1

    def finish(self) -> Iterator[str]:
        yield from self._item("\n")

    def _read_to(self, pattern: re.Pattern[str], text: str, pos: int) -> int:
        found = pattern.search(text, pos)
        end = found.start() if found else len(text)
        self._pieces.append(text[pos:end])
        return end

    def _item(self, separator: str) -> Iterator[str]:
        item = "".join(self._pieces)
        if separator == "\n":
            item = item.removesuffix("\r")
        if item or separator == "," or not self._blank:
            yield item
        self._pieces.clear()
        self._state = "start"
        self._blank = separator == "\n"


_quote = re.compile('"')
_separator = re.compile("[,\n]")
