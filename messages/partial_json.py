r"""JSON as far as it has come.

`parse_partial_json` reads one text that may have been cut off anywhere. `PartialJsonParser` reads
a stream: it is fed piece by piece and gives the value so far when asked.

The grammar is that of `json.loads`, and so is the value of a whole document (RFC 8259, and the NaN,
Infinity and lone surrogates that Python adds). Only the end of the text is treated with leniency:
open strings, lists and objects end where they stand; a key without a value, half a word (`tru`),
half an escape (`\u12`) and what makes no number yet (`-`, the `e` of `1e`) are left out.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from json import JSONDecodeError, JSONDecoder
from typing import Any, ClassVar, Literal, TypeAlias

from ..errors import PartialJsonError as PartialJsonError

__all__ = ["PartialJsonParser", "parse_partial_json"]

MAX_DEPTH = 1000

_Container: TypeAlias = dict[str, Any] | list[Any]
_State: TypeAlias = Literal[
    # what comes next
    "value", "first item", "first key", "key", "colon", "rest of list", "rest of object", "end",
    # what is being read
    "in key", "in string", "in scalar",
    # around the document, in markdown
    "begin", "prose", "fence",
]  # fmt: skip
_VALUE = '"{[-0123456789tfnNI'  # how a value may begin
_EXPECTED: dict[_State, tuple[str, str]] = {  # the characters that may come, and how to say it
    "value": (_VALUE, "a value"),
    "first item": (_VALUE + "]", "a value or ']'"),
    "first key": ('"}', "a key in double quotes or '}'"),
    "key": ('"', "a key in double quotes"),
    "colon": (":", "':'"),
    "rest of list": (",]", "',' or ']'"),
    "rest of object": (",}", "',' or '}'"),
    "end": ("", "nothing after the end of the document"),
}
_NOTHING: Any = object()  # "no value": None is one
_EXCERPT = 40  # characters on either side of an error
_KEY, _CHARACTERS = 4, 32  # a key of a dict takes as long to copy as 4 items, 32 characters as one

_not_blank = re.compile(r"[^ \t\n\r]")
_control = re.compile(r"[\x00-\x1f]")
_decoders = {False: JSONDecoder(strict=False), True: JSONDecoder(strict=True)}  # by `strict`
# An escape whose end has not come: `\`, `\u12`, or half of a surrogate pair; 11 characters at most.
_cut_escape = re.compile(
    r"(?<!\\)(?:\\\\)*(\\u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u[0-9a-fA-F]{0,3})?)?"
    r"|\\(?:u[0-9a-fA-F]{0,3})?)\Z"
)

_not_scalar = re.compile(r"[^-+.0-9A-Za-z]")
_digit = re.compile(r"[0-9]")
_word = re.compile(r"true|false|null|NaN|-?Infinity")

# JSON inside prose: a fence, or a bracket with what follows it in JSON only, so that `{name}`,
# `[1]` and `[ ]` stay prose. Then: what may be one of these when more text has come.
_json_in_prose = re.compile(r'```|\{(?=[ \t\n\r]{0,64}["}])|\[(?=[ \t\n\r]{0,64}["{\[])')
_json_perhaps = re.compile(r"(?:``?|\{[ \t\n\r]{0,64}|\[[ \t\n\r]{0,64})\Z")
_not_language = re.compile(r"[^\w`+-]")


class _Tree:
    """The value that is being built.

    A container joins its parent when it closes. So all that a container holds is finished, and a
    snapshot needs new containers in place of the open ones only.
    """

    def __init__(self, list_type: type[list[Any]]) -> None:
        self.list_type = list_type  # of snapshots that are lists
        self.root: Any = _NOTHING  # the document, once it has ended
        self.open: _Container | None = None  # the innermost open container
        self.key = ""  # where its next value goes, if it is a dict
        self.parents: list[tuple[_Container | None, str]] = []  # both, for the levels around it
        self.copied = 0  # by the last snapshot; see the parser

    def push(self, container: _Container) -> None:
        self.parents.append((self.open, self.key))
        self.open = container

    def pop(self) -> _State:
        closed = self.open
        self.open, self.key = self.parents.pop()
        return self.add(closed)

    def add(self, value: Any) -> _State:
        """Add a finished value; tell what comes next."""
        if isinstance(self.open, dict):
            self.open[self.key] = value
            return "rest of object"
        if self.open is not None:
            self.open.append(value)
            return "rest of list"
        self.root = value
        return "end"

    def snapshot(self, last: Any) -> Any:
        """Give the value, with `last` in the place that comes next (unless it is nothing)."""
        self.copied = len(last) // _CHARACTERS if isinstance(last, str) else 0
        if self.root is not _NOTHING:
            return self.root
        container, key = self.open, self.key
        for parent in reversed(self.parents):
            assert container is not None  # or it would have no parent
            if isinstance(container, dict):
                last = {**container} if last is _NOTHING else {**container, key: last}
                self.copied += _KEY * len(last)
            else:
                items = list(container) if parent[0] is not None else self.list_type(container)
                if last is not _NOTHING:
                    items.append(last)
                self.copied += len(items)
                last = items
            container, key = parent
        return last


class PartialJsonParser:
    """Read JSON piece by piece, and give the value so far at any time.

        parser = PartialJsonParser()
        for piece in ['{"city": "Os', 'lo", "da', 'ys": 2}']:
            parser.feed(piece)
            if parser.changed:
                print(parser.snapshot())  # {'city': 'Os'}, then 'Oslo', then with 'days': 2
        value = parser.finish()

    Reading n characters takes O(n), however they are cut. A snapshot copies the containers that are
    open, one level deep each, and the string or number that is being read; what is finished is
    shared by all snapshots and the final value. So no snapshot changes later and keeping them is
    cheap, but they are for reading: make a deep copy of one before changing it. A snapshot costs
    more only as the open containers get wider (about 6 us for 1,000 keys, or 5,000 items) and the
    open string gets longer (about 0.1 ms for 1 MB). `copied` says how much that was, for who takes
    them at every token and wants to take fewer then.

    Args:
        markdown: Read the first JSON document in a text, and nothing after it. It begins after a
            fence (three backticks), at `{"`, `{}`, `["`, `[{` or `[[` anywhere in prose, or at any
            `{`, `[` or `"` that opens the text; the closing fence ends it, complete or not. A text
            that is a number or a word is JSON as well, but only `finish` can tell.
        strict: Refuse control characters, such as line ends, inside strings.
        max_depth: How many containers may be open at once.
        list_type: What a snapshot is that is a list.
    """

    def __init__(
        self,
        *,
        markdown: bool = False,
        strict: bool = False,
        max_depth: int = MAX_DEPTH,
        list_type: type[list[Any]] = list,
    ) -> None:
        self._markdown = markdown
        self._max_depth = max_depth
        self._raw_decode = _decoders[strict].raw_decode
        self._strict = strict
        self._state: _State = "begin" if markdown else "value"
        self._tree = _Tree(list_type)
        self._names: dict[str, str] = {}  # equal keys are one object, as in json.loads
        self._pieces: list[str] = []  # of the string, number, word or prose that is being read
        self._held = ""  # the end of the last piece, if it means nothing without the next
        self._read = 0  # how many characters came before the present piece
        self._scalar_at = 0  # where the number or word began that is being read
        self._recent: deque[str] = deque(maxlen=_EXCERPT)  # the pieces before it, for errors
        self._changed = False
        self._snapshot: Any = _NOTHING
        self._failure: PartialJsonError | None = None

    @property
    def changed(self) -> bool:
        """Whether the value has grown since the last snapshot."""
        return self._changed

    @property
    def copied(self) -> int:
        """About how much the last snapshot had to copy, in items of a list."""
        return self._tree.copied

    @property
    def complete(self) -> bool:
        """Whether the document has been read to its end."""
        return self._tree.root is not _NOTHING

    def feed(self, text: str) -> None:
        """Read the next piece.

        Raises:
            PartialJsonError: What has been fed is not the beginning of a JSON document. What came
                before the error is kept, and feeding more raises the same error again.
        """
        if self._failure is not None:
            raise self._failure
        text, self._held = self._held + text, ""
        pos, end = 0, len(text)
        try:
            while pos < end:
                pos = self._steps[self._state](self, text, pos)
        except PartialJsonError as error:
            self._failure = error
            raise
        end -= len(self._held)
        self._read += end
        self._recent.append(text[:end][-_EXCERPT:])

    def snapshot(self) -> Any:
        """Give the value so far: None before it begins, the same object again until it grows."""
        if self._changed:
            self._snapshot = self._tree.snapshot(self._unfinished())
            self._changed = False
        else:
            self._tree.copied = 0
        return None if self._snapshot is _NOTHING else self._snapshot

    def finish(self) -> Any:
        """Give the value when no piece will follow: what is open ends where it stands.

        Raises:
            PartialJsonError: There is no value, or a piece has been refused.
        """
        self.feed("")
        if self._state in ("in scalar", "prose"):  # the text may be no more than a number or word
            whole = "".join(self._pieces).strip()
            value, length = self._scalar(whole)
            if 0 < length == len(whole):
                self._changed = self._changed or self._state == "prose"
                self._state = self._tree.add(value)
        value = self.snapshot()
        if self._snapshot is _NOTHING:
            raise self._error("expected a JSON value", "", 0)
        return value

    # Each step reads on from `pos`, where there is a character, and gives the place it came to.

    def _step_begin(self, text: str, pos: int) -> int:
        start = _find(_not_blank, text, pos)
        if start < len(text):
            self._state = "value" if text[start] in '"{[' else "prose"
        return start

    def _step_prose(self, text: str, pos: int) -> int:
        if found := _json_in_prose.search(text, pos):
            is_fence = found[0] == "```"
            self._state = "fence" if is_fence else "value"
            return found.end() if is_fence else found.start()
        end = _find(_json_perhaps, text, pos)
        self._pieces.append(text[pos:end])
        self._held = text[end:]
        return len(text)

    def _step_fence(self, text: str, pos: int) -> int:
        end = _find(_not_language, text, pos)
        if end < len(text):
            self._state = "value"
        return end

    def _step_token(self, text: str, pos: int) -> int:
        char = text[pos]
        if char in " \t\n\r":
            return _find(_not_blank, text, pos)
        allowed, expected = _EXPECTED[self._state]
        if char not in allowed:
            if self._markdown and (char == "`" or self._state == "end"):
                self._state = "end"
                return len(text)
            raise self._error(f"expected {expected}", text, pos)
        if char in "}]":
            self._state = self._tree.pop()
        elif char == ",":
            self._state = "value" if self._state == "rest of list" else "key"
        elif char == ":":
            self._state = "value"
        elif char in "{[":
            self._open(char, text, pos)
        else:
            return self._begin_text(char, pos)
        return pos + 1

    def _open(self, bracket: str, text: str, pos: int) -> None:
        if len(self._tree.parents) == self._max_depth:
            raise self._error(f"expected at most {self._max_depth} levels of nesting", text, pos)
        self._tree.push({} if bracket == "{" else [])
        self._state = "first key" if bracket == "{" else "first item"
        self._changed = True

    def _begin_text(self, char: str, pos: int) -> int:
        """Begin what is collected as text until it ends: a key, a string, a number or a word."""
        self._pieces = []
        if char != '"':
            self._state = "in scalar"
            self._scalar_at = self._read + pos
            return pos
        if self._state in ("first key", "key"):
            self._state = "in key"
        else:
            self._state = "in string"
            self._changed = True
        return pos + 1

    def _step_string(self, text: str, pos: int) -> int:
        quote = text.find('"', pos)
        end = quote if quote >= 0 else len(text)
        if text.find("\\", pos, end) >= 0 or (self._strict and _control.search(text, pos, end)):
            piece, end, closed = self._decode_string(text, pos)
        else:
            piece, closed = text[pos:end], quote >= 0
            end += closed  # over the quote
        if piece:
            self._pieces.append(piece)
            self._changed = self._changed or self._state == "in string"
        if closed:
            whole = "".join(self._pieces)
            if self._state == "in key":
                self._tree.key = self._names.setdefault(whole, whole)
                self._state = "colon"
            else:
                self._state = self._tree.add(whole)
        return end

    def _decode_string(self, text: str, pos: int) -> tuple[str, int, bool]:
        """Read on in a string by json's own decoder: what it is, up to where, whether it ends."""
        # Only a string that began in an earlier piece is at 0; any other has its quote before it.
        source, start = (text, pos - 1) if pos else (f'"{text}', 0)
        try:
            decoded, end = self._raw_decode(source, start)
        except JSONDecodeError:
            end = _find_cut_escape(text, pos)
            try:
                decoded, _ = self._raw_decode(f'"{text[pos:end]}"')
            except JSONDecodeError as error:
                raise self._error(error.msg, text, pos + error.pos - 1) from None
            self._held = text[end:]
            return decoded, len(text), False
        return decoded, end if pos else end - 1, True

    def _step_scalar(self, text: str, pos: int) -> int:
        end = _find(_not_scalar, text, pos)
        new = text[pos:end]
        self._pieces.append(new)
        if end < len(text):
            whole = "".join(self._pieces)
            value, length = self._scalar(whole)
            if length < len(whole):
                raise self._error("expected a JSON value", text, pos)
            self._changed = self._changed or end > pos
            self._state = self._tree.add(value)
            return end
        # The longest word has 9 letters: after 10 pieces it is a number, or nothing.
        word = _word.match("".join(self._pieces)) if len(self._pieces) <= 10 else None
        if word and word.end() < len(word.string):
            raise self._error("expected a JSON value", text, pos)
        self._changed = self._changed or word is not None or _digit.search(new) is not None
        return end

    def _scalar(self, text: str) -> tuple[Any, int]:
        """Give the longest number or word at the beginning of a text, and how long it is."""
        try:
            return self._raw_decode(text)
        except JSONDecodeError:
            return _NOTHING, 0
        except ValueError:  # sys.set_int_max_str_digits
            message = f"expected an integer of fewer digits than {len(text)}"
            raise PartialJsonError(message, self._scalar_at, text[:_EXCERPT]) from None

    def _unfinished(self) -> Any:
        """Give what is known of the value that is being read."""
        if self._state not in ("in string", "in scalar"):
            return _NOTHING
        text = "".join(self._pieces)
        self._pieces = [text]
        return text if self._state == "in string" else self._scalar(text)[0]

    def _error(self, message: str, text: str, pos: int) -> PartialJsonError:
        before = "".join(self._recent) + text[max(0, pos - _EXCERPT) : pos]
        excerpt = before[-_EXCERPT:] + text[pos : pos + _EXCERPT]
        return PartialJsonError(message, self._read + pos, excerpt)

    _steps: ClassVar[dict[_State, Callable[[PartialJsonParser, str, int], int]]] = {
        **dict.fromkeys(_EXPECTED, _step_token),
        "in key": _step_string,
        "in string": _step_string,
        "in scalar": _step_scalar,
        "begin": _step_begin,
        "prose": _step_prose,
        "fence": _step_fence,
    }


def _find(pattern: re.Pattern[str], text: str, pos: int) -> int:
    """Give the place from `pos` on where the pattern begins, or the end of the text."""
    found = pattern.search(text, pos)
    return found.start() if found else len(text)


def _find_cut_escape(text: str, pos: int) -> int:
    """Give the place of an escape whose end has not come, or the end of the text."""
    tail = max(pos, len(text) - 12)
    backslashes = tail - pos - len(text[pos:tail].rstrip("\\"))
    tail -= backslashes % 2  # not to begin inside an escape
    cut = _cut_escape.search(text[tail:])
    return tail + cut.start(1) if cut else len(text)


def parse_partial_json(text: str, *, strict: bool = False) -> Any:
    """Give the value of a JSON text that may have been cut off anywhere.

        parse_partial_json('{"city": "Os')   # {'city': 'Os'}
        parse_partial_json('{"city": ')      # {}

    Args:
        text: The text, or its beginning.
        strict: Refuse control characters, such as line ends, inside strings.

    Raises:
        PartialJsonError: The text is not the beginning of a JSON document, is too little of one to
            have a value, or is nested more than 1,000 levels deep.
    """
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        try:
            return _decoders[strict].decode(text)
        except (ValueError, RecursionError):
            pass  # cut or wrong: the parser knows which, and where
    parser = PartialJsonParser(strict=strict)
    parser.feed(text)
    return parser.finish()
