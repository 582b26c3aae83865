"""Chat models without a model, for unit tests: no network, the same answer every time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import ConfigDict

from ..errors import ModelError
from ..messages import AIMessage, AIMessageChunk, BaseMessage, ToolCallChunk
from .base import BaseChatModel

__all__ = ["GenericFakeChatModel"]


class GenericFakeChatModel(BaseChatModel):
    """Gives the messages of an iterator, one per call; streams them by words and spaces.

    Attributes:
        messages: What to answer, such as `iter([AIMessage("one"), "two"])`. An iterator, so that it
            may be a generator which decides as it goes.

    Raises:
        ModelError: A call when there is no message left.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(arbitrary_types_allowed=True)

    messages: Iterator[Any]

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        answer = next(self.messages, None)
        if answer is None:
            raise ModelError(
                "the fake model was called more often than it has messages; give it more"
            )
        # A copy: the answer gets the id of its run, and the test may use the object again.
        return AIMessage(answer) if isinstance(answer, str) else answer.model_copy()

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> Iterator[AIMessageChunk]:
        chunks = list(cut_message(self._generate(messages, stop, **kwargs)))
        last = chunks.pop()
        yield from chunks
        yield last.model_copy(update={"chunk_position": "last"})


def cut_message(message: AIMessage) -> Iterator[AIMessageChunk]:
    """Give a message as the chunks in which a model would stream it: words, spaces, tool calls."""
    for piece in re.split(r"(\s)", message.text):
        if piece or not message.text:
            yield AIMessageChunk(content=piece, id=message.id)
    for i, call in enumerate(message.tool_calls):
        yield AIMessageChunk(
            content="",
            id=message.id,
            tool_call_chunks=[
                ToolCallChunk(
                    type="tool_call_chunk", name=call["name"], args="", id=call["id"], index=i
                )
            ],
        )
