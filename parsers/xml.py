"""`XMLOutputParser`: the XML in an answer as dicts and lists, element by element.

Safe by construction: a document type declaration is refused, so there are no entities to expand and
nothing outside of the answer to load.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any, ClassVar, Literal
from xml.parsers import expat

from ..errors import OutputParserException
from ..messages import BaseMessage
from ..runnables import AddableDict, Run
from .base import MAX_DEPTH, BaseTransformOutputParser, parse_error, text_of

__all__ = ["XMLOutputParser"]

# Where XML begins in prose. Declarations and comments are for expat, which knows where they end.
_beginning = re.compile(r"<(?=[A-Za-z_]|!DOCTYPE|!--|\?xml)")
_perhaps_beginning = re.compile(r"<[!?]?[-A-Zlmx]{0,6}\Z")


class XMLOutputParser(BaseTransformOutputParser[dict[str, Any]]):
    """Give the XML of an answer: an element is `{tag: text}`, or `{tag: [its children]}`.

    It streams every innermost element once it has ended, inside of those around it. Text between
    the children of an element stands among them; attributes are left out. The XML may stand in
    prose or in a fence of markdown; what follows it is not read.

    Attributes:
        tags: The tags that the format instructions ask for.

    Raises:
        OutputParserException: The answer has no XML, it goes wrong or is cut off, it declares a
            document type, or its elements are nested more than 200 levels deep.
    """

    _calls_out: ClassVar[bool] = False

    tags: list[str] | None = None

    def parse(self, text: str) -> dict[str, Any]:
        reader, total = _Reader(), _Document()
        for chunk in [*reader.feed(text), *reader.finish()]:
            total.add(chunk)
        return total.result()

    def get_format_instructions(self) -> str:
        tags = "tags that say what is in them"
        if self.tags:
            tags = f"these tags and no others: {', '.join(self.tags)}"
        return (
            "Answer with one XML element and nothing else, without a document type declaration. "
            f"Use {tags}. Close every tag that you open, and in texts write &amp; for & and "
            "&lt; for <. For example:\n<colors><color>red</color><color>green</color></colors>"
        )

    def _transform(self, chunks: Iterator[BaseMessage | str], run: Run) -> Iterator[dict[str, Any]]:
        reader = _Reader()
        for chunk in chunks:
            yield from reader.feed(text_of(chunk))
        yield from reader.finish()

    async def _atransform(
        self, chunks: AsyncIterator[BaseMessage | str], run: Run
    ) -> AsyncGenerator[dict[str, Any], None]:
        reader = _Reader()
        async for chunk in chunks:
            for element in reader.feed(text_of(chunk)):
                yield element
        for element in reader.finish():
            yield element


class _Element:
    """An element that is open. It is itself, however often its tag occurs."""

    __slots__ = ("has_children", "tag")

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.has_children = False


class XMLChunk(AddableDict):
    """An innermost element, or a text beside elements, inside of the elements around it.

    Such chunks add up to the whole document: they know which of their elements are the same.
    """

    def __init__(self, around: tuple[_Element, ...], content: Any) -> None:
        self.around = around
        self.content = content
        for element in reversed(around):
            content = {element.tag: [content]}
        super().__init__(content)

    @classmethod
    def accumulator(cls) -> Any:
        return _Document()


class _Document:
    """The sum of chunks."""

    def __init__(self) -> None:
        self._root: dict[str, Any] = {}
        self._contents: dict[_Element, list[Any]] = {}

    def add(self, chunk: XMLChunk) -> None:
        inside: list[Any] | None = None
        for element in chunk.around:
            content = self._contents.get(element)
            if content is None:
                content = self._contents[element] = []
                self._put({element.tag: content}, inside)
            inside = content
        self._put(chunk.content, inside)

    def _put(self, content: Any, inside: list[Any] | None) -> None:
        if inside is None:
            self._root = content
        else:
            inside.append(content)

    def result(self) -> dict[str, Any]:
        return self._root


class _Reader:
    """Reads one answer, piece by piece."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._state: Literal["prose", "xml", "end"] = "prose"
        self._held: str = ""  # the end of the prose, if it may be the beginning of XML
        self._begins = 0  # where the XML begins
        self._read = 0  # how many characters of it have been parsed
        self._read_bytes = 0
        self._unread: list[str] = []
        self._unread_length = 0
        self._enough = 0  # how much has to be unread before it is parsed
        self._open: list[_Element] = []
        self._text: list[str] = []
        self._found: list[XMLChunk] = []
        self._expat = expat.ParserCreate("utf-8")
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._text.append
        self._expat.StartDoctypeDeclHandler = self._refuse_doctype

    def feed(self, text: str) -> list[XMLChunk]:
        """Read on; give the elements that have ended."""
        self._texts.append(text)
        if self._state == "prose":
            text = self._skip_prose(text)
        if self._state == "xml":
            # Up to the end of a tag: expat begins again with what it has a part of.
            end = text.rfind(">") + 1
            self._unread_length += len(text)
            if end and self._unread_length >= self._enough:
                self._parse("".join([*self._unread, text[:end]]))
                text = text[end:]
                self._unread.clear()
                self._unread_length = len(text)
            self._unread.append(text)
        found, self._found = self._found, []
        return found

    def finish(self) -> list[XMLChunk]:
        """Give the elements that are left, and check that the document has ended."""
        if self._state == "prose":
            raise self._error("the answer has no XML: expected a tag", self._begins)
        if self._state == "xml":
            self._parse("".join(self._unread))
        if self._state == "xml":
            expected = f"</{self._open[-1].tag}>" if self._open else "a tag"
            raise self._error(f"the XML is cut off: expected {expected}", self._begins + self._read)
        return self._found

    def _skip_prose(self, text: str) -> str:
        text = self._held + text
        found = _beginning.search(text)
        if found:
            self._state = "xml"
            self._begins += found.start()
            return text[found.start() :]
        perhaps = _perhaps_beginning.search(text)
        end = perhaps.start() if perhaps else len(text)
        self._begins += end
        self._held = text[end:]
        return ""

    def _parse(self, text: str) -> None:
        try:
            data = text.encode()
            self._expat.Parse(data)
        except expat.ExpatError as error:
            if self._state == "end":  # what follows the document is no error
                return
            what = expat.ErrorString(error.code)
            raise self._error_here(f"the XML is wrong: {what}") from None
        except UnicodeEncodeError as error:
            self._parse(text[: error.start])
            if self._state == "end":
                return
            pos = self._begins + self._read
            raise self._error("the XML is wrong: half of a surrogate pair", pos) from None
        self._read += len(text)
        self._read_bytes += len(data)
        # A ">" need not end a tag. Then it takes twice as much, or the time would be quadratic.
        self._enough = self._read_bytes - self._expat.CurrentByteIndex

    def _error_here(self, message: str) -> OutputParserException:
        """Make the exception for the place that expat has come to, which it counts in bytes."""
        xml = "".join(self._texts)[self._begins :].encode(errors="surrogatepass")
        before = xml[: self._expat.CurrentByteIndex].decode(errors="ignore")
        return self._error(message, self._begins + len(before))

    def _error(self, message: str, pos: int) -> OutputParserException:
        return parse_error(message, "".join(self._texts), pos)

    # What expat calls.

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._open) == MAX_DEPTH:
            raise self._error_here(f"the XML is nested more than {MAX_DEPTH} levels deep")
        if self._open:
            self._end_text()
            self._open[-1].has_children = True
        self._text.clear()
        self._open.append(_Element(tag))

    def _end(self, tag: str) -> None:
        if self._open[-1].has_children:
            self._end_text()
            self._open.pop()
        else:
            text = "".join(self._text) or None
            self._open.pop()
            if not self._open and (text is None or text.isspace()):
                self._found.append(XMLChunk((), {tag: []}))
            else:
                self._found.append(XMLChunk(tuple(self._open), {tag: text}))
        self._text.clear()
        if not self._open:
            self._state = "end"
            self._expat.StartElementHandler = None
            self._expat.EndElementHandler = None
            self._expat.StartDoctypeDeclHandler = None

    def _end_text(self) -> None:
        """Give the text before a child, or behind the last one, unless it is blank."""
        text = "".join(self._text)
        if text and not text.isspace():
            self._found.append(XMLChunk(tuple(self._open), text))

    def _refuse_doctype(self, *declaration: object) -> None:
        raise self._error_here(
            "the XML declares a document type, which may define entities and is not read"
        )
