"""Tool calls, as far as they have come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import OutputParserException, shown
from ..messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    InvalidToolCall,
    ToolCallChunk,
    invalid_tool_call,
)
from ..messages.partial_json import PartialJsonError, PartialJsonParser, parse_partial_json
from ..messages.shapes import is_object
from .base import MAX_DEPTH
from .json import load_json

__all__ = ["Call", "Calls", "make_invalid_tool_call", "parse_tool_call", "parse_tool_calls"]


class Call:
    """A tool call, as far as it has come.

    Attributes:
        name: Which tool.
        id: What ties the answer to the call.
        length: How many characters of its arguments have come in fragments.
    """

    __slots__ = ("_args", "_parser", "_stuck", "_texts", "id", "length", "name")

    def __init__(
        self, name: str = "", args: dict[str, Any] | None = None, id: str | None = None
    ) -> None:
        self.name: str = name
        self.id: str | None = id
        self.length: int = 0
        self._args: Any = args
        self._texts: list[str] = []
        self._parser: PartialJsonParser | None = None
        self._stuck = False

    @property
    def args(self) -> dict[str, Any]:
        """With what: an object of JSON, empty before it begins."""
        if self._parser is not None and not self._stuck:
            try:
                self._args = self._parser.snapshot()
            except PartialJsonError:  # an integer of thousands of digits; it may yet become a float
                self._stuck = True
        if self._args is None:
            return {}
        if is_object(self._args):
            return self._args
        raise self.wrong("expected an object at character 0")

    @property
    def copied(self) -> int:
        """About how much the last look at the arguments had to copy, in items of a list."""
        return 0 if self._parser is None else self._parser.copied

    def feed(self, fragment: ToolCallChunk, *, strict: bool) -> int:
        """Read on; tell by how much the call has grown."""
        self.name += fragment["name"] or ""
        self.id = self.id or fragment["id"]
        text = fragment["args"] or ""
        if text:
            self._texts.append(text)
            self.length += len(text)
            parser = self._parser = self._parser or PartialJsonParser(
                strict=strict, max_depth=MAX_DEPTH
            )
            self._read(lambda: parser.feed(text))
        return 1 + len(text)

    def finish(self) -> None:
        """Check the arguments: nothing will follow."""
        if self._parser is not None:
            self._args = self._read(self._parser.finish)
            if self._args is None:
                raise self.wrong("expected an object at character 0")
            self._stuck = False

    def _read(self, step: Callable[[], Any]) -> Any:
        try:
            return step()
        except PartialJsonError as error:
            raise self.wrong(str(error)) from None

    def wrong(self, what: str) -> OutputParserException:
        """Make the exception that says what is wrong with the call."""
        return _wrong(self.name, "".join(self._texts) or repr(self._args), what)


class Calls:
    """The tool calls of one answer, as far as they have come."""

    def __init__(self, *, strict: bool) -> None:
        self.all: list[Call] = []
        self._strict = strict
        self._by_index: dict[int | str, list[Call]] = {}

    def feed(self, message: BaseMessage) -> int:
        """Read on; tell by how much the calls have grown."""
        if isinstance(message, AIMessageChunk):
            return sum(map(self._feed_fragment, message.tool_call_chunks))
        if not isinstance(message, AIMessage):
            return 0
        calls = [Call(call["name"], call["args"], call["id"]) for call in message.tool_calls]
        calls += [_reread(call, self._strict) for call in message.invalid_tool_calls]
        self.all += calls
        return len(calls)

    def _feed_fragment(self, fragment: ToolCallChunk) -> int:
        return self._call_of(fragment).feed(fragment, strict=self._strict)

    def _call_of(self, fragment: ToolCallChunk) -> Call:
        """Give the call that a fragment belongs to, by the rule by which messages add up."""
        index = fragment["index"]
        there = [] if index is None else self._by_index.setdefault(index, [])
        for call in reversed(there):
            if not call.id or not fragment["id"] or call.id == fragment["id"]:
                return call
        call = Call()
        there.append(call)
        self.all.append(call)
        return call

    def finish(self) -> None:
        """Check the arguments of all: nothing will follow."""
        for call in self.all:
            call.finish()


def _wrong(name: str | None, arguments: str, what: str) -> OutputParserException:
    return OutputParserException(
        f"the call of tool {name!r} does not parse: {what}; its arguments are {shown(arguments)}",
        llm_output=arguments,
    )


def _reread(call: InvalidToolCall, strict: bool) -> Call:
    # The message has read it strictly; this parser may be more lenient, and knows what is wrong.
    return Call(call["name"] or "", _arguments(call["name"], call["args"], strict), call["id"])


def _arguments(name: str | None, text: str | None, strict: bool) -> dict[str, Any]:
    """Read the whole arguments of a call."""
    if not text:
        return {}
    try:
        args = load_json(text, strict=strict)
    except ValueError as error:
        raise _wrong(name, text, str(error)) from None
    if not is_object(args):
        raise _wrong(name, text, "expected an object at character 0")
    return args


# For those who write chat models: calls in the shape of OpenAI's chat completions.
# Source: OpenAI API reference, "Chat completion object", `message.tool_calls`.


def parse_tool_call(
    raw_tool_call: Mapping[str, Any],
    *,
    partial: bool = False,
    strict: bool = False,
    return_id: bool = True,
) -> dict[str, Any] | None:
    """Read a tool call; None if it calls no function, or has no arguments yet.

    Args:
        raw_tool_call: The call, `{"id": ..., "function": {"name": ..., "arguments": "{...}"}}`.
        partial: Whether the arguments may be cut off.
        strict: Refuse control characters, such as line ends, in the strings of the arguments.
        return_id: Give the id of the call too.

    Raises:
        OutputParserException: The arguments are not an object of JSON.
    """
    function = raw_tool_call.get("function")
    if not function:
        return None
    name, text = function["name"], function["arguments"]
    if partial:
        try:
            args = parse_partial_json(text or "", strict=strict)
        except PartialJsonError:
            return None
    else:
        args = _arguments(name, text, strict)
    call = {"name": name or "", "args": args or {}}
    return {**call, "id": raw_tool_call.get("id"), "type": "tool_call"} if return_id else call


def parse_tool_calls(
    raw_tool_calls: Sequence[Mapping[str, Any]],
    *,
    partial: bool = False,
    strict: bool = False,
    return_id: bool = True,
) -> list[dict[str, Any]]:
    """Read tool calls, and leave out those that `parse_tool_call` gives None for.

    Raises:
        OutputParserException: The arguments of some are not an object of JSON; it names them all.
    """
    calls: list[dict[str, Any]] = []
    errors: list[OutputParserException] = []
    for raw in raw_tool_calls:
        try:
            call = parse_tool_call(raw, partial=partial, strict=strict, return_id=return_id)
        except OutputParserException as error:
            errors.append(error)
        else:
            calls += [] if call is None else [call]
    if errors:
        raise OutputParserException("\n\n".join(map(str, errors)))
    return calls


def make_invalid_tool_call(
    raw_tool_call: Mapping[str, Any], error_msg: str | None
) -> InvalidToolCall:
    """Make an invalid tool call of one that could not be read."""
    function = raw_tool_call["function"]
    return invalid_tool_call(
        name=function["name"],
        args=function["arguments"],
        id=raw_tool_call.get("id"),
        error=error_msg,
    )
