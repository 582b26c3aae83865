"""What type checkers know of events: `event["event"]` tells the type of `event["data"]`.

    async for event in chain.astream_events(question):
        if event["event"] == "on_chat_model_stream":
            print(event["data"]["chunk"].text)  # an AIMessageChunk

The vocabulary of events names the kinds of steps, of which a chat model is one. So its types name
what a chat model gives, and only they do: the messages are imported for type checkers alone, and
nothing here depends on them when it runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypeAlias, TypedDict

if TYPE_CHECKING:
    from ..messages import AIMessage, AIMessageChunk, PromptValue

__all__ = [
    "BaseStreamEvent",
    "ChatModelEndEvent",
    "ChatModelStreamEvent",
    "ChunkEvent",
    "CustomStreamEvent",
    "EndEvent",
    "ErrorEvent",
    "EventData",
    "PromptEndEvent",
    "StandardStreamEvent",
    "StartEvent",
    "StreamEvent",
]


class EventData(TypedDict, total=False):
    """What an event may carry, by its phase.

    Attributes:
        input: The input; in start, end and error events. A streamed step starts before it has seen
            its whole input: its start has none. The end of the outermost run has none.
        chunk: One piece of the output; in stream events.
        output: The whole output; in end events.
        error: The exception, a cancellation too; in error events.
    """

    input: Any
    chunk: Any
    output: Any
    error: BaseException


class BaseStreamEvent(TypedDict):
    """What all events have besides `event` and `data`.

    Attributes:
        name: The name of the run; of a custom event, its own.
        run_id: The id of the run, a UUIDv7 as text.
        parent_ids: The ids from the outermost run to the parent; always empty in v1.
        tags: The position of the step, then the tags it inherits.
        metadata: The metadata that the run inherits.
    """

    name: str
    run_id: str
    parent_ids: Sequence[str]
    tags: list[str]
    metadata: dict[str, Any]


class StartData(TypedDict):
    """The input of a run, where it is known when the run starts."""

    input: NotRequired[Any]


class ChunkData(TypedDict):
    """One piece of the output of a run."""

    chunk: Any


class MessageChunkData(TypedDict):
    """One piece of a message; a whole one in v1, where a model alone that cannot stream has one."""

    chunk: AIMessageChunk


class EndData(TypedDict):
    """The output of a run, and its input unless it is the outermost one."""

    output: Any
    input: NotRequired[Any]


class MessageData(TypedDict):
    """The message of a model, which is the sum of the chunks if they were streamed."""

    output: AIMessage
    input: NotRequired[Any]


class PromptData(TypedDict):
    """What a prompt gave."""

    output: PromptValue
    input: NotRequired[Any]


class ErrorData(TypedDict):
    """The exception with which a run ended, or the cancellation."""

    error: BaseException
    input: Any


class StartEvent(BaseStreamEvent):
    """A run has started."""

    event: Literal[
        "on_chain_start",
        "on_prompt_start",
        "on_chat_model_start",
        "on_parser_start",
        "on_tool_start",
        "on_retriever_start",
    ]
    data: StartData


class ChunkEvent(BaseStreamEvent):
    """A run has given a piece of its output."""

    event: Literal[
        "on_chain_stream",
        "on_prompt_stream",
        "on_parser_stream",
        "on_tool_stream",
        "on_retriever_stream",
    ]
    data: ChunkData


class ChatModelStreamEvent(BaseStreamEvent):
    """A chat model has given a piece of its message."""

    event: Literal["on_chat_model_stream"]
    data: MessageChunkData


class EndEvent(BaseStreamEvent):
    """A run has ended well."""

    event: Literal["on_chain_end", "on_parser_end", "on_tool_end", "on_retriever_end"]
    data: EndData


class ChatModelEndEvent(BaseStreamEvent):
    """A chat model has given its message."""

    event: Literal["on_chat_model_end"]
    data: MessageData


class PromptEndEvent(BaseStreamEvent):
    """A prompt has made its messages or its text."""

    event: Literal["on_prompt_end"]
    data: PromptData


class ErrorEvent(BaseStreamEvent):
    """A run has failed, or was closed or cancelled."""

    event: Literal[
        "on_chain_error",
        "on_prompt_error",
        "on_chat_model_error",
        "on_parser_error",
        "on_tool_error",
        "on_retriever_error",
    ]
    data: ErrorData


class CustomStreamEvent(BaseStreamEvent):
    """An event of `dispatch_custom_event`: its `data` is what was given there."""

    event: Literal["on_custom_event"]
    data: Any


StandardStreamEvent: TypeAlias = (
    StartEvent
    | ChunkEvent
    | ChatModelStreamEvent
    | EndEvent
    | ChatModelEndEvent
    | PromptEndEvent
    | ErrorEvent
)
"""An event of levada's own."""

StreamEvent: TypeAlias = StandardStreamEvent | CustomStreamEvent
"""One event of one run."""
