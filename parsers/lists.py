"""Parsers of lists: each item is given once, as soon as it is certain."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from typing import Any, ClassVar, Literal, Protocol

from ..messages import BaseMessage
from ..runnables import Run
from .base import BaseTransformOutputParser, text_of
from .cumulative import Pace

__all__ = [
    "CommaSeparatedListOutputParser",
    "ListOutputParser",
    "MarkdownListOutputParser",
    "NumberedListOutputParser",
]

_CHARACTERS_PER_CHUNK = 2_000  # so many are searched in some 10 us


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

    An author writes `parse`, and if items are matches of a pattern, `parse_iter`. The text so far
    is read again and again while it comes, and its last item counts as certain at the end only. An
    author who knows sooner writes `_reader()` too.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # A reader that the class inherits does the work of another `parse` or `parse_iter`.
        if "_reader" in cls.__dict__:
            pass
        elif "parse_iter" in cls.__dict__:
            cls._reader = ListOutputParser._match_reader  # type: ignore[method-assign]
        elif "parse" in cls.__dict__:
            cls._reader = ListOutputParser._reader  # type: ignore[method-assign]

    def parse_iter(self, text: str) -> Iterator[re.Match[str]]:
        """Find the items in a text: an item is the first group of a match.

        Where there is such a method, streams read on behind the last item but one, instead of
        reading all of the text again; `parse` then reads what is left at the end.
        """
        raise NotImplementedError(f"{self.get_name()} does not find its items by a pattern")

    def _reader(self) -> ItemReader:
        """Give what reads one answer."""
        return _Rereader(self.parse)

    def _match_reader(self) -> ItemReader:
        return _MatchReader(self.parse_iter, self.parse)

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


class _PatternListOutputParser(ListOutputParser, abstract=True):
    _calls_out: ClassVar[bool] = False
    _flags: ClassVar[re.RegexFlag] = re.NOFLAG

    pattern: str

    def parse(self, text: str) -> list[str]:
        if self._is_read_by_line():
            return _all_items(_LineReader(self.parse_iter), text)
        return [_item(found) for found in self.parse_iter(text)]

    def parse_iter(self, text: str) -> Iterator[re.Match[str]]:
        return re.finditer(self.pattern, text, self._flags)

    def _reader(self) -> ItemReader:
        return _LineReader(self.parse_iter) if self._is_read_by_line() else self._match_reader()

    def _is_read_by_line(self) -> bool:
        own = type(self).parse_iter is not _PatternListOutputParser.parse_iter
        return not own and self.pattern in (_NUMBERED, _MARKDOWN)


# A number begins at its first digit: without the lookbehind, a long one takes quadratic time.
_NUMBERED = r"(?<!\d)\d+\.\s([^\n]+)"
_MARKDOWN = r"^\s*[-*]\s([^\n]+)$"


class NumberedListOutputParser(_PatternListOutputParser):
    """Give the items of a numbered list, one item a line, whatever else stands in the answer.

    Attributes:
        pattern: What an item looks like; its first group is the item.
    """

    pattern: str = _NUMBERED

    def get_format_instructions(self) -> str:
        return "Answer with a numbered list, one item a line, such as:\n1. red\n2. green\n3. blue"


class MarkdownListOutputParser(_PatternListOutputParser):
    """Give the items of a markdown list, one item a line, whatever else stands in the answer.

    Attributes:
        pattern: What an item looks like, `^` and `$` being the ends of a line; its first group is
            the item.
    """

    _flags: ClassVar[re.RegexFlag] = re.MULTILINE

    pattern: str = _MARKDOWN

    def get_format_instructions(self) -> str:
        return "Answer with a markdown list, one item a line, such as:\n- red\n- green\n- blue"


def _item(found: re.Match[str]) -> str:
    return found[1] if found.re.groups else found[0]


def _all_items(reader: ItemReader, text: str) -> list[str]:
    return [*reader.feed(text), *reader.finish()]


class _Rereader:
    """Reads the whole text again, less often the longer it is."""

    def __init__(self, parse: Callable[[str], list[str]]) -> None:
        self._parse = parse
        self._texts: list[str] = []
        self._given = 0
        self._pace = Pace(_CHARACTERS_PER_CHUNK)

    def feed(self, text: str) -> Iterable[str]:
        self._texts.append(text)
        if not self._pace.due(len(text)):
            return []
        return self._new(self._parsed()[:-1])

    def finish(self) -> Iterable[str]:
        return self._new(self._parsed())

    def _parsed(self) -> list[str]:
        text = "".join(self._texts)
        self._texts = [text]
        self._pace.spend(len(text))
        return self._parse(text)

    def _new(self, items: list[str]) -> list[str]:
        new = items[self._given :]
        self._given += len(new)
        return new


class _MatchReader:
    """Finds items, and again those behind the last one but one with each piece.

    Where nothing is found for long, it looks less often.
    """

    def __init__(
        self,
        find: Callable[[str], Iterable[re.Match[str]]],
        parse: Callable[[str], list[str]],
    ) -> None:
        self._find = find
        self._parse = parse
        self._texts: list[str] = []  # since the last item that was given
        self._pace = Pace(_CHARACTERS_PER_CHUNK)

    def feed(self, text: str) -> Iterable[str]:
        self._texts.append(text)
        if not self._pace.due(len(text)):
            return []
        text = "".join(self._texts)
        self._pace.spend(len(text))
        certain = [*self._find(text)][:-1]
        self._texts = [text[certain[-1].end() :] if certain else text]
        return map(_item, certain)

    def finish(self) -> Iterable[str]:
        return self._parse("".join(self._texts))


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
        items = [_item(found) for found in self._find(f"{self._before}\n{line}")]
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
