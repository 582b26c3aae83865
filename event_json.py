"""Events as JSON, and as server-sent events: from a server to a browser, to a file, and back.

    for event in chain.stream_events(question):
        response.write(encode_sse(event))

A message is written as its fields, so that a page reads `event.data.chunk.content`. What JSON would
not tell apart from a plain dictionary is listed in `types`, beside the data and not in it: what the
user's values look like can never turn them into anything else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel

from ._orjson import dumps, loads
from .errors import DecodedError, EventError, shown
from .messages import (
    BaseMessage,
    ChatPromptValue,
    ImagePromptValue,
    PromptValue,
    StringPromptValue,
    messages_from_dict,
)
from .runnables import StreamEvent

__all__ = ["decode_event", "decode_sse", "encode_event", "encode_sse"]

MAX_DEPTH = 100
"""How deep values may be nested; what lies deeper is written as its repr."""

_KEYS = ("event", "name", "run_id", "parent_ids", "tags", "metadata", "data")
_INT64 = 2**63


def encode_event(event: StreamEvent) -> bytes:
    """Give an event as one line of JSON, which `decode_event` reads.

    Messages, prompt values, exceptions and tuples come back as what they were. Any other object is
    written as plain data if it is a pydantic model or a dataclass, else as its repr.
    """
    return dumps(_written(event))


def encode_sse(event: StreamEvent) -> bytes:
    """Give an event as a server-sent event, of the type that its `event` says."""
    written = _written(event)
    # No line break can stand in a name of ours, and dumps writes none.
    return b"event: %b\ndata: %b\n\n" % (written["event"].encode(), dumps(written))


def decode_event(line: bytes | str) -> StreamEvent:
    """Give the event that `encode_event` wrote.

    Nothing is imported or run for what the line names. An exception comes back as a `DecodedError`.

    Raises:
        EventError: The line was not written by `encode_event`.
    """
    try:
        written = loads(line)
    except ValueError as exc:
        raise EventError(f"{shown(line)} is no event: {exc}") from None
    if not isinstance(written, dict) or any(key not in written for key in _KEYS):
        raise EventError(
            f"{shown(line)} is no event. One has the keys {', '.join(_KEYS)}; write it with "
            f"encode_event(event)"
        )
    event = cast("dict[str, Any]", written)
    types = event.pop("types", {})
    if not isinstance(types, dict):
        raise EventError(f"{shown(line)} is no event: its types are {shown(types)}")
    # The innermost first: a prompt value is made of messages.
    for path in sorted(cast("dict[str, Any]", types), key=len, reverse=True):
        _restore(event, path, types[path])
    return cast("StreamEvent", event)


def decode_sse(chunks: Iterable[bytes]) -> Iterator[StreamEvent]:
    """Give the events of a stream of server-sent events, however it is cut into chunks.

    Raises:
        EventError: A block of data was not written by `encode_sse`.
    """
    rest = b""
    for chunk in chunks:
        *blocks, rest = (rest + chunk).replace(b"\r\n", b"\n").split(b"\n\n")
        for block in blocks:
            lines = [line[5:].lstrip() for line in block.split(b"\n") if line[:5] == b"data:"]
            if lines:  # else it is a comment that keeps the connection open
                yield decode_event(b"\n".join(lines))


# Writing.


def _written(event: StreamEvent) -> dict[str, Any]:
    writer = _Writer()
    given = cast("Mapping[str, Any]", event)
    written: dict[str, Any] = {key: writer.plain(given[key], f"/{key}") for key in _KEYS}
    if writer.types:
        written["types"] = writer.types
    return written


class _Writer:
    """Makes plain data of values, and lists where they were of a type that JSON does not have."""

    def __init__(self) -> None:
        self.types: dict[str, str] = {}
        self._around: set[int] = set()  # the objects that are being written

    def plain(self, value: Any, path: str) -> Any:
        kind = type(value)  # pyright: ignore[reportUnknownVariableType]  # of any value
        if kind is str:
            return value if value.isascii() else _utf8(value)
        if value is None or kind is bool:
            return value
        if kind is int or kind is float:
            return self._number(value, path)
        if id(value) in self._around or len(self._around) == MAX_DEPTH:
            return self._repr(value, path)
        self._around.add(id(value))
        try:
            return self._object(value, path)
        finally:
            self._around.discard(id(value))

    def _number(self, value: float, path: str) -> Any:
        if isinstance(value, int) and -_INT64 <= value < _INT64:
            return value
        if isinstance(value, float) and math.isfinite(value):
            return value
        self.types[path] = type(value).__name__
        return hex(value) if isinstance(value, int) else repr(value)

    def _object(self, value: Any, path: str) -> Any:
        if isinstance(value, BaseMessage):
            self.types[path] = "message"
            return self._fields(value, path, keep=("type", "content", "id"))
        if isinstance(value, PromptValue):
            self.types[path] = "prompt"
            return {
                "type": next((n for n, c in _PROMPTS.items() if isinstance(value, c)), "text"),
                **self._fields(value, path, keep=()),
            }
        if isinstance(value, BaseException):
            self.types[path] = "error"
            notes = [str(note) for note in getattr(value, "__notes__", ())]
            return {
                "type": type(value).__name__,
                "message": _utf8(_said(value)),
                **({"notes": notes} if notes else {}),
            }
        if isinstance(value, Mapping):
            return self._mapping(value, path)  # pyright: ignore[reportUnknownArgumentType]
        if isinstance(value, list | tuple):
            if isinstance(value, tuple):
                self.types[path] = "tuple"
            items = cast("Sequence[Any]", value)
            return [self.plain(item, f"{path}/{i}") for i, item in enumerate(items)]
        return self._other(value, path)

    def _fields(self, value: BaseModel, path: str, keep: Sequence[str]) -> dict[str, Any]:
        """The fields of a model that say something."""
        fields = type(value).model_fields
        shown_fields = {
            name: field
            for name, field in value
            if name in keep
            or field != fields[name].get_default(call_default_factory=True, validated_data={})
        }
        return {k: self.plain(v, f"{path}/{_step(k)}") for k, v in shown_fields.items()}

    def _mapping(self, value: Mapping[Any, Any], path: str) -> dict[str, Any]:
        if any(type(key) is not str for key in value):
            self.types[path] = "keys"  # they come back as text
        plain: dict[str, Any] = {}
        for key, item in value.items():
            name = _utf8(key if isinstance(key, str) else str(key))
            plain[name] = self.plain(item, f"{path}/{_step(name)}")
        return plain

    def _other(self, value: Any, path: str) -> Any:
        if isinstance(value, str):
            return _utf8(str(value))
        if isinstance(value, bytes | bytearray):
            self.types[path] = "bytes"
            return bytes(value).hex()
        if isinstance(value, BaseModel):
            return self._mapping(dict(value), path)
        if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
            names = cast("Iterable[str]", value.__dataclass_fields__)
            return self._mapping({name: getattr(value, name, None) for name in names}, path)
        return self._repr(value, path)

    def _repr(self, value: Any, path: str) -> str:
        self.types[path] = "repr"
        try:
            return _utf8(shown(value, 1000))
        except Exception as exc:  # noqa: BLE001  # an event can always be written
            return f"<{type(value).__name__}, whose repr raised {type(exc).__name__}>"


def _utf8(text: str) -> str:
    """Half of a surrogate pair has no place in UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as exc:  # noqa: BLE001  # an event can always be written
        return f"(its text raised {type(exc).__name__})"


def _step(key: str) -> str:
    """A key as a step of a path, which is written as RFC 6901 has it."""
    return key.replace("~", "~0").replace("/", "~1")


# Reading.


def _restore(event: dict[str, Any], path: str, kind: Any) -> None:
    place: Any = event
    try:
        *above, last = [s.replace("~1", "/").replace("~0", "~") for s in path.split("/")[1:]]
        for step in above:
            place = place[int(step) if isinstance(place, list) else step]
        key: Any = int(last) if isinstance(place, list) else last
        place[key] = _KINDS[kind](place[key])
    except (KeyError, IndexError, TypeError, ValueError) as exc:
        raise EventError(
            f"the event says that at {path!r} there is {shown(kind)}, and there is none: {exc}"
        ) from None


def _message(fields: Any) -> BaseMessage:
    return messages_from_dict([{"type": fields["type"], "data": fields}])[0]


def _prompt(fields: Any) -> PromptValue:
    made = {key: value for key, value in fields.items() if key != "type"}
    return _PROMPTS[fields["type"]](**made)


def _error(fields: Any) -> DecodedError:
    error = DecodedError(str(fields["type"]), str(fields["message"]))
    for note in fields.get("notes", ()):
        error.add_note(str(note))
    return error


_PROMPTS: dict[str, type[PromptValue]] = {
    "messages": ChatPromptValue,
    "image": ImagePromptValue,
    "text": StringPromptValue,
}
_KINDS: dict[str, Callable[[Any], Any]] = {
    "message": _message,
    "prompt": _prompt,
    "error": _error,
    "tuple": tuple,
    "bytes": bytes.fromhex,
    "int": lambda text: int(text, 16),
    "float": float,
    "keys": dict,
    "repr": str,
}
