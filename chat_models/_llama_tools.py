"""Tool calls of models whose chat template knows no tools: held to them by a schema, read as JSON.

Such a model is told in words which functions there are, and its answer is held to one JSON object:
`{"name": ..., "arguments": ...}` is a call, `{"answer": ...}` what it says itself. What was called
before is shown to it in the same form. It makes one call at a time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from uuid import uuid4

from .._orjson import dumps, loads
from ..messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    tool_call_chunk,
)
from ..messages.partial_json import PartialJsonParser

__all__ = ["CallReader", "answer_format", "with_calls_as_text", "with_tools_described"]

_Object: TypeAlias = dict[str, Any]

_CALL = re.compile(r'\s*\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"arguments"\s*:\s*')
_ANSWER = re.compile(r'\s*\{\s*"answer"\s*:\s*')
# The end of what has come may be the end of the outer object, which is none of ours.
_END = re.compile(r"[}\s]*\Z")


def with_calls_as_text(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Give the messages with calls and results as text, for a template that drops them."""
    return [_as_text(message) for message in messages]


def _as_text(message: BaseMessage) -> BaseMessage:
    if isinstance(message, ToolMessage):
        return HumanMessage(f"The function returned: {message.text}. Answer in words.")
    if isinstance(message, AIMessage) and message.tool_calls:
        calls = [_shown_call(call["name"], call["args"]) for call in message.tool_calls]
        return AIMessage("\n".join([message.text, *calls] if message.text else calls))
    return message


def _shown_call(name: str, args: Any) -> str:
    return dumps({"name": name, "arguments": args}).decode()


def with_tools_described(
    messages: Sequence[BaseMessage], tools: Sequence[_Object], *, must_call: bool
) -> list[BaseMessage]:
    """Give the messages with the tools, in OpenAI's form, described at the beginning."""
    shown = "\n".join(dumps(tool["function"]).decode() for tool in tools)
    said = (
        f"You can call these functions:\n{shown}\n"
        'To call one, reply with {"name": <function>, "arguments": <JSON object>}.'
    )
    if not must_call:
        said += ' To answer in words, reply with {"answer": <text>}.'
    first, *rest = messages
    if isinstance(first, SystemMessage):
        return [SystemMessage(f"{first.text}\n\n{said}"), *rest]
    return [SystemMessage(f"You are a helpful assistant.\n\n{said}"), *messages]


def answer_format(
    tools: Sequence[_Object], wanted: Mapping[str, Any] | None, *, must_call: bool
) -> _Object:
    """Give the `response_format` that holds an answer to a call, or to an answer.

    Args:
        tools: In OpenAI's form.
        wanted: The `response_format` of an answer that is no call; None for words.
        must_call: There is no other answer than a call.
    """
    definitions: _Object = {}
    choices = [_call_schema(tool["function"], definitions) for tool in tools]
    if not must_call:
        choices.append(_closed(answer=_answer_schema(wanted)))
    schema: _Object = {"anyOf": choices}
    if definitions:
        schema["$defs"] = definitions
    return {"type": "json_schema", "json_schema": {"schema": schema}}


def _call_schema(function: Mapping[str, Any], definitions: _Object) -> _Object:
    name = function["name"]
    parameters: _Object = function.get("parameters") or {"type": "object", "properties": {}}
    if "$defs" in parameters:  # references go from the root: two tools may name theirs alike
        moved = dumps(parameters).replace(b'"#/$defs/', f'"#/$defs/{name}.'.encode())
        parameters = loads(moved)
        for key, definition in parameters.pop("$defs").items():
            definitions[f"{name}.{key}"] = definition
    return _closed(name={"const": name}, arguments=parameters)


def _answer_schema(wanted: Mapping[str, Any] | None) -> _Object:
    if wanted is None or wanted["type"] == "text":
        return {"type": "string"}
    if wanted["type"] == "json_object":
        return {"type": "object"}
    schema: _Object = wanted["json_schema"]["schema"]
    return schema


def _closed(**properties: Any) -> _Object:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


class CallReader:
    """Turn the text of such an answer, as it comes, into content or fragments of a call.

    Args:
        words: The answer, if it is no call, is a text; else it is JSON, and given as it stands.
    """

    __slots__ = ("_answer", "_given", "_held", "_id", "_raw", "_words")

    def __init__(self, *, words: bool) -> None:
        self._words = words
        self._held = ""
        self._id: str | None = None  # of the call
        self._raw = False  # whether what comes now is JSON to pass on
        self._answer: PartialJsonParser | None = None
        self._given = 0  # how much of the answer

    @property
    def called(self) -> bool:
        """Whether the answer is a call."""
        return self._id is not None

    def feed(self, text: str) -> AIMessageChunk | None:
        """Read the next piece; give what it says, if that is clear already."""
        if self._answer is not None:
            return self._more_words(text)
        self._held += text
        if self._raw:
            return self._passed_on(_END.search(self._held))
        if (call := _CALL.match(self._held)) is not None:
            self._held, self._raw = self._held[call.end() :], True
            self._id = f"call_{uuid4().hex}"
            fragment = tool_call_chunk(name=loads(call[1]), args="", id=self._id, index=0)
            more = self.feed("")
            if more is not None:
                fragment["args"] = more.tool_call_chunks[0]["args"]
            return AIMessageChunk("", tool_call_chunks=[fragment])
        if (answer := _ANSWER.match(self._held)) is not None:
            if self._words:
                self._answer = PartialJsonParser()
                whole, self._held = self._held, ""
                return self._more_words(whole)
            self._held, self._raw = self._held[answer.end() :], True
            return self.feed("")
        return None

    def end(self, *, cut_off: bool) -> AIMessageChunk | None:
        """Give what was held back; of an answer that was cut off, all of it."""
        if self._raw and not cut_off:
            self._held = self._held.rstrip().removesuffix("}")
        return self._passed_on(None)

    def _passed_on(self, held: re.Match[str] | None) -> AIMessageChunk | None:
        cut = len(self._held) if held is None else held.start()
        text, self._held = self._held[:cut], self._held[cut:]
        if not text:
            return None
        if self.called:
            return AIMessageChunk("", tool_call_chunks=[tool_call_chunk(args=text, index=0)])
        return AIMessageChunk(text)

    def _more_words(self, text: str) -> AIMessageChunk | None:
        assert self._answer is not None
        self._answer.feed(text)
        said: str = self._answer.snapshot().get("answer", "")
        new, self._given = said[self._given :], len(said)
        return AIMessageChunk(new) if new else None
