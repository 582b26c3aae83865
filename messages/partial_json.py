"""JSON as far as it has come: a parser that is fed a text piece by piece and never reads a character twice.

`parse_partial_json` reads one text that may have been cut anywhere; `PartialJsonParser` reads a stream and
gives the value so far whenever it is asked. The grammar is that of `json.loads`, whose value for a whole
document is the value here; only the end of the text may be missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from json import JSONDecodeError, JSONDecoder
from math import inf, nan
from typing import Any, TypeAlias

__all__ = ["PartialJsonError", "PartialJsonParser", "parse_partial_json"]

MAX_DEPTH = 1000

_Container: TypeAlias = "dict[str, Any] | list[Any]"
_Step: TypeAlias = "Callable[[PartialJsonParser, str, int], int]"

_NOTHING: Any = object()  # stands for "no value": None is a value
_WORDS: dict[str, Any] = {
    "true": True,
    "false": False,
    "null": None,
    "NaN": nan,
    "Infinity": inf,
    "-Infinity": -inf,
}
_BLANK = " \t\n\r"
_skip_blanks = re.compile(r"[ \t\n\r]*").match
_plain_body = {False: re.compile(r'[^"\\]*').match, True: re.compile(r'[^"\\\x00-\x1f]*').match}
_decoders = {False: JSONDecoder(strict=False), True: JSONDecoder(strict=True)}

# An escape whose end has not come: `\`, `\u12`, or the first half of a surrogate pair.
_cut_escape = re.compile(
    r"(?<!\\)(?:\\\\)*(\\(?:u[0-9a-fA-F]{0,3})?|\\u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u[0-9a-fA-F]{0,3})?)?)\Z"
).search

_scalar_run = re.compile(r"[-+.0-9A-Za-z]*").match
_number = re.compile(r"-?(?:0|[1-9][0-9]*)((?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)")
_digit = re.compile(r"[0-9]").search
_digits = re.compile(r"[0-9]{2,}")
_scalar_prefix = re.compile(
    r"-?(?:(?:0|[1-9][0-9]*)(?:\.(?:[0-9]+(?:[eE][-+]?[0-9]*)?)?|[eE][-+]?[0-9]*)?)?|"
    + "|".join(word[:end] for word in _WORDS for end in range(1, len(word) + 1))
).fullmatch


class PartialJsonError(ValueError):
    """The text is not the beginning of a JSON document.

    Attributes:
        pos: Where the text goes wrong, in characters from its beginning.
        excerpt: The text around that place.
    """

    def __init__(self, message: str, pos: int, excerpt: str) -> None:
        super().__init__(f"{message} at character {pos}, near {excerpt!r}")
        self.pos = pos
        self.excerpt = excerpt


class PartialJsonParser:
    """Reads JSON piece by piece."""

    __slots__ = (
        "_changed",
        "_container",
        "_held",
        "_in_key",
        "_key",
        "_max_depth",
        "_names",
        "_parents",
        "_pieces",
        "_read",
        "_recent",
        "_root",
        "_shape",
        "_snapshot",
        "_step",
        "_strict",
    )

    def __init__(self, *, strict: bool = False, max_depth: int = MAX_DEPTH) -> None:
        self._strict = strict
        self._max_depth = max_depth
        self._step: _Step = PartialJsonParser._value
        self._container: _Container | None = None  # the innermost open one
        self._key = ""  # where its next value goes, if it is a dict
        self._parents: list[tuple[_Container | None, str]] = []
        self._root: Any = _NOTHING
        self._in_key = False
        self._pieces: list[str] = []  # of the string or scalar being read
        self._shape = ""  # of the scalar being read: its text with runs of digits shortened
        self._names: dict[str, str] = {}
        self._held = ""  # read, but not understood without what comes next
        self._read = 0
        self._recent = ""
        self._changed = False
        self._snapshot: Any = None

    @property
    def changed(self) -> bool:
        return self._changed

    @property
    def complete(self) -> bool:
        return self._root is not _NOTHING

    def feed(self, text: str) -> None:
        if self._held:
            text = self._held + text
            self._held = ""
        pos, end = 0, len(text)
        while pos < end:
            pos = self._step(self, text, pos)
        self._read += end - len(self._held)
        self._recent = (self._recent + text[-40:])[-40:]

    def snapshot(self) -> Any:
        if self._changed:
            self._changed = False
            self._snapshot = self._copy_open() if self._root is _NOTHING else self._root
        return self._snapshot

    def finish(self) -> Any:
        value = self.snapshot()
        if self._snapshot is None and self._root is _NOTHING and self._container is None:
            raise self._error("no JSON value", "", 0)
        return value

    # steps: each reads on from `pos` and gives the place it came to

    def _value(self, text: str, pos: int) -> int:
        char = text[pos]
        if char == '"':
            return self._open_string(pos, in_key=False)
        if char == "{":
            return self._open(text, pos, {}, PartialJsonParser._first_key)
        if char == "[":
            return self._open(text, pos, [], PartialJsonParser._first_item)
        if char in _BLANK:
            return _skip_blanks(text, pos).end()  # type: ignore[union-attr]
        self._pieces, self._shape = [], ""
        self._step = PartialJsonParser._scalar
        if _scalar_prefix(char) is None:
            raise self._error("expected a value", text, pos)
        return pos

    def _first_item(self, text: str, pos: int) -> int:
        if text[pos] == "]":
            return self._close(pos)
        if text[pos] not in _BLANK:
            self._step = PartialJsonParser._value
        return PartialJsonParser._value(self, text, pos)

    def _first_key(self, text: str, pos: int) -> int:
        if text[pos] == "}":
            return self._close(pos)
        return self._next_key(text, pos)

    def _next_key(self, text: str, pos: int) -> int:
        char = text[pos]
        if char == '"':
            return self._open_string(pos, in_key=True)
        if char in _BLANK:
            return pos + 1
        raise self._error("expected a key in double quotes", text, pos)

    def _colon(self, text: str, pos: int) -> int:
        char = text[pos]
        if char == ":":
            self._step = PartialJsonParser._value
        elif char not in _BLANK:
            raise self._error("expected ':'", text, pos)
        return pos + 1

    def _more(self, text: str, pos: int) -> int:
        char = text[pos]
        if char in _BLANK:
            return _skip_blanks(text, pos).end()  # type: ignore[union-attr]
        is_list = isinstance(self._container, list)
        if char == ",":
            self._step = PartialJsonParser._value if is_list else PartialJsonParser._next_key
            return pos + 1
        if char == ("]" if is_list else "}"):
            return self._close(pos)
        raise self._error(f"expected ',' or {']' if is_list else '}'!r}", text, pos)

    def _end(self, text: str, pos: int) -> int:
        if text[pos] in _BLANK:
            return _skip_blanks(text, pos).end()  # type: ignore[union-attr]
        raise self._error("expected nothing after the end of the document", text, pos)

    def _string(self, text: str, pos: int) -> int:
        end = _plain_body[self._strict](text, pos).end()  # type: ignore[union-attr]
        if end < len(text) and text[end] != '"':
            return self._escaped(text, pos)
        if end > pos:
            self._pieces.append(text[pos:end])
            self._changed |= not self._in_key
        if end < len(text):
            self._end_string()
            end += 1
        return end

    def _escaped(self, text: str, pos: int) -> int:
        decode = _decoders[self._strict].raw_decode
        # A string that goes on from an earlier piece starts at 0 and has its quote there.
        source, start = (text, pos - 1) if pos else ('"' + text, 0)
        try:
            piece, end = decode(source, start)
        except JSONDecodeError:
            cut = _cut_escape(text, pos)
            end = cut.start(1) if cut else len(text)
            try:
                piece, _ = decode(f'"{text[pos:end]}"')
            except JSONDecodeError as error:
                raise self._error(error.msg, text, pos + error.pos - 1) from None
            self._held = text[end:]
            self._pieces.append(piece)
            self._changed |= not self._in_key and piece != ""
            return len(text)
        self._pieces.append(piece)
        self._changed |= not self._in_key
        self._end_string()
        return end if pos else end - 1

    def _scalar(self, text: str, pos: int) -> int:
        end = _scalar_run(text, pos).end()  # type: ignore[union-attr]
        run = text[pos:end]
        self._pieces.append(run)
        if end < len(text):
            self._changed |= end > pos
            value = self._convert(text, pos)
            self._add(value)
            return end
        self._shape = _digits.sub("1", self._shape + run)
        if not _scalar_prefix(self._shape):
            raise self._error("expected a value", text, pos)
        if _digit(run) or self._shape in _WORDS:
            self._changed = True
        return end

    def _convert(self, text: str, pos: int) -> Any:
        word = "".join(self._pieces)
        if word in _WORDS:
            return _WORDS[word]
        number = _number.fullmatch(word)
        if not number:
            raise self._error("expected a value", text, pos)
        return self._to_number(number, text, pos)

    def _to_number(self, number: re.Match[str], text: str, pos: int) -> int | float:
        if number[1]:
            return float(number[0])
        try:
            return int(number[0])
        except ValueError:
            raise self._error("integer with too many digits", text, pos) from None

    # the tree

    def _open(self, text: str, pos: int, container: _Container, step: _Step) -> int:
        if len(self._parents) >= self._max_depth:
            raise self._error(f"more than {self._max_depth} levels of nesting", text, pos)
        self._parents.append((self._container, self._key))
        self._container = container
        self._step = step
        self._changed = True
        return pos + 1

    def _close(self, pos: int) -> int:
        done = self._container
        self._container, self._key = self._parents.pop()
        self._add(done)
        return pos + 1

    def _open_string(self, pos: int, *, in_key: bool) -> int:
        self._in_key = in_key
        self._pieces = []
        self._step = PartialJsonParser._string
        if not in_key:
            self._changed = True
        return pos + 1

    def _end_string(self) -> None:
        text = "".join(self._pieces)
        if self._in_key:
            self._key = self._names.setdefault(text, text)
            self._step = PartialJsonParser._colon
        else:
            self._add(text)

    def _add(self, value: Any) -> None:
        container = self._container
        self._step = PartialJsonParser._more
        if isinstance(container, dict):
            container[self._key] = value
        elif container is not None:
            container.append(value)
        else:
            self._root = value
            self._step = PartialJsonParser._end

    def _copy_open(self) -> Any:
        value = self._unfinished()
        for container, key in ((self._container, self._key), *reversed(self._parents)):
            if container is None:
                break
            copy = container.copy()
            if value is not _NOTHING:
                if isinstance(copy, dict):
                    copy[key] = value
                else:
                    copy.append(value)
            value = copy
        return value

    def _unfinished(self) -> Any:
        if self._step is PartialJsonParser._string and not self._in_key:
            text = "".join(self._pieces)
            self._pieces = [text]
            return text
        if self._step is PartialJsonParser._scalar:
            text = "".join(self._pieces)
            self._pieces = [text]
            if text in _WORDS:
                return _WORDS[text]
            if number := _number.match(text):
                return self._to_number(number, "", 0)
        return _NOTHING

    def _error(self, message: str, text: str, pos: int) -> PartialJsonError:
        before = (self._recent + text[max(0, pos - 40) : pos])[-40:]
        return PartialJsonError(message, self._read + pos, before + text[pos : pos + 40])


def parse_partial_json(text: str, *, strict: bool = False) -> Any:
    """Give the value of a JSON text that may have been cut anywhere.

    Raises:
        PartialJsonError: The text is not the beginning of a JSON document.
    """
    try:
        return _decoders[strict].decode(text)
    except (ValueError, RecursionError):
        pass
    parser = PartialJsonParser(strict=strict)
    parser.feed(text)
    return parser.finish()
