"""OpenAI's chat completions: messages as they take them, and answers as messages.

Answers are read as JSON objects, not as the SDK's models: servers that follow this API add fields
of their own, and those of the SDK cost more than the rest of a token.
Source: OpenAI API reference, "Chat completions" and "Chat completion chunks" (2026-11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from ..messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ToolMessage,
    convert_to_openai_messages,
    default_tool_chunk_parser,
    default_tool_parser,
)
from ..messages.shapes import is_object
from ._openai_api import about, chosen_tools, usage_of

__all__ = ["ChatAnswer", "chat_messages", "chat_options", "read_completion"]

# Deltas with nothing but these are text.
_PLAIN = frozenset({"role", "content"})
# What an answer says about itself.
_ABOUT = ("id", "system_fingerprint", "service_tier")


# What is asked.


def chat_messages(messages: Sequence[BaseMessage]) -> list[dict[str, Any]]:
    """Give messages as the API takes them.

    Raises:
        MessageError: A block has no counterpart in this API.
    """
    return [written for message in messages for written in _written(message)]


def _written(message: BaseMessage) -> list[dict[str, Any]]:
    if not isinstance(message, AIMessage):
        written = _converted(message)
        if isinstance(message, ToolMessage):
            written[0].pop("name", None)  # that of the tool, which the call has said
        return written
    if not isinstance(message.content, str):
        # Of what a model said, the API takes back text, and calls in a field of their own.
        texts = [block for block in message.content_blocks if block.get("type") == "text"]
        message = message.model_copy(update={"content": texts})
    written = _converted(message)
    if message.invalid_tool_calls:
        # A message with an answer to such a call may follow, and needs the call before it.
        written[0].setdefault("tool_calls", []).extend(
            {
                "type": "function",
                "id": call["id"],
                "function": {"name": call["name"] or "", "arguments": call["args"] or ""},
            }
            for call in message.invalid_tool_calls
        )
    if is_object(audio := message.additional_kwargs.get("audio")) and "id" in audio:
        written[0]["audio"] = {"id": audio["id"]}
    return written


def _converted(message: BaseMessage) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", convert_to_openai_messages([message]))


def chat_options(said: Mapping[str, Any], *, is_openai: bool) -> dict[str, Any]:
    """Give the options of a call as this API has them.

    Args:
        said: The options.
        is_openai: Whether the server is OpenAI's own; others know less.
    """
    given = dict(said)
    if is_openai and "max_tokens" in given:
        # The old name is refused by models that think.
        given.setdefault("max_completion_tokens", given.pop("max_tokens"))
    if reasoning := given.pop("reasoning", None):
        given.setdefault("reasoning_effort", reasoning.get("effort"))
    tools, choice = chosen_tools(
        given.pop("tools", None) or (), given.pop("tool_choice", None), only_chosen=not is_openai
    )
    if tools:
        given["tools"] = tools
        if is_object(choice) and choice.keys() == {"name"}:
            choice = {"type": "function", "function": choice}
        if choice is not None:
            given["tool_choice"] = choice
    else:
        given.pop("parallel_tool_calls", None)  # refused without tools
    return given


# What is answered.


def read_completion(completion: Mapping[str, Any]) -> AIMessage:
    """Read a whole completion: the first, if there are several."""
    choice = completion["choices"][0]
    said = choice["message"]
    calls, invalid = default_tool_parser(said.get("tool_calls") or ())
    usage = completion.get("usage")
    told = _told(completion, choice.get("finish_reason"), usage)
    if choice.get("logprobs"):
        told["logprobs"] = choice["logprobs"]
    return AIMessage(
        content=said.get("content") or "",
        id=completion.get("id"),
        additional_kwargs=_asides(said),
        tool_calls=calls,
        invalid_tool_calls=invalid,
        response_metadata=told,
        usage_metadata=usage_of(usage),
    )


class ChatAnswer:
    """Reads the chunks of one answer; of several that come together, the first.

    Attributes:
        failed: The error that came in the place of a chunk.
    """

    __slots__ = ("_finish", "_id", "_last", "_usage", "failed")

    def __init__(self) -> None:
        self._id: str | None = None
        self._last: dict[str, Any] = {}
        self._finish: str | None = None
        self._usage: dict[str, Any] | None = None
        self.failed: object = None

    @property
    def ended(self) -> bool:
        """Whether the answer is whole. What follows is usage, which not all servers send."""
        return self._finish is not None

    def chunk(self, said: dict[str, Any]) -> AIMessageChunk | None:
        """Give the piece of the message that a chunk brings, if it brings any."""
        # Some servers count the usage up in every chunk: the last one counts.
        if usage := said.get("usage"):
            self._usage = usage
        choices = said.get("choices")
        if not choices:  # usage, what a filter thinks of the prompt, or an error
            self.failed = said.get("error")
            return None
        choice = choices[0]
        if choice.get("index"):
            return None
        if self._id is None:
            self._id = said.get("id") or None
        if finish := choice.get("finish_reason"):
            self._finish, self._last = finish, said
            self.failed = said.get("error")
        delta: dict[str, Any] = choice.get("delta") or {}
        logprobs = choice.get("logprobs")
        if logprobs or not delta.keys() <= _PLAIN:
            return self._more(delta, logprobs)
        text = delta.get("content")
        return AIMessageChunk(text, id=self._id) if text else None

    def end(self) -> AIMessageChunk:
        """Give the chunk that ends the message."""
        return AIMessageChunk(
            "",
            id=self._id,
            response_metadata=_told(self._last, self._finish, self._usage),
            usage_metadata=usage_of(self._usage),
            chunk_position="last",
        )

    def _more(
        self, delta: dict[str, Any], logprobs: dict[str, Any] | None
    ) -> AIMessageChunk | None:
        text = delta.get("content") or ""
        asides = _asides(delta)
        fragments = default_tool_chunk_parser(delta.get("tool_calls") or ())
        if not (asides or fragments or logprobs):
            return AIMessageChunk(text, id=self._id) if text else None
        told: dict[str, Any] = {}
        if logprobs:
            told["logprobs"] = {key: value for key, value in logprobs.items() if value}
        return AIMessageChunk(
            text,
            id=self._id,
            additional_kwargs=asides,
            tool_call_chunks=fragments,
            response_metadata=told,
        )


def _told(
    answer: Mapping[str, Any], finish: str | None, usage: Mapping[str, Any] | None
) -> dict[str, Any]:
    told = {**about(answer, *_ABOUT), "finish_reason": finish}
    return {**told, "token_usage": usage} if usage else told


def _asides(said: Mapping[str, Any]) -> dict[str, Any]:
    """Give what is said besides text and calls, whole or a delta of it."""
    asides = {key: said[key] for key in ("refusal", "audio", "annotations") if said.get(key)}
    # The name that most servers use, and that of OpenRouter and newer versions of vLLM.
    thought = said.get("reasoning_content") or said.get("reasoning")
    if thought and isinstance(thought, str):
        asides["reasoning_content"] = thought
    return asides
