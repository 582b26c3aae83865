"""`BaseChatModel`: a step from messages to a message, and how authors write one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Literal, TypeAlias

import anyio.to_thread

from ..errors import CompositionError, MessageError, ModelError, shown
from ..messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatPromptValue,
    HumanMessage,
    MessageLikeRepresentation,
    PromptValue,
    convert_to_messages,
    message_chunk_to_message,
)
from ..runnables import Run, RunnableSerializable, aclose, acollect, collect, iterate_in_thread
from ..runnables.events import Kind

__all__ = ["BaseChatModel", "LanguageModelInput"]

LanguageModelInput: TypeAlias = PromptValue | str | Sequence[MessageLikeRepresentation]
"""What a model takes: the value of a prompt, the user's text, or messages."""

_HOOKS = ("_generate", "_agenerate", "_stream", "_astream")


class BaseChatModel(RunnableSerializable[LanguageModelInput, AIMessage], abstract=True):
    """A model that answers messages with a message, at once or chunk by chunk.

    An author writes one of these and more where the model can do more; what is not written is
    derived, so that any model can stand for any other:

    - `_generate(messages, stop=None, **kwargs) -> AIMessage`
    - `_agenerate(messages, stop=None, **kwargs) -> AIMessage`; else `_generate` in a worker thread
    - `_stream(messages, stop=None, **kwargs) -> Iterator[AIMessageChunk]`; else one whole message
    - `_astream(messages, stop=None, **kwargs) -> AsyncIterator[AIMessageChunk]`; else `_stream` in
    a
      worker thread

    A message without an id gets one that is made from the run, `run-<run id>`, the same on every
    chunk. A stream whose last chunk is not marked gets an empty one that is.

    Attributes:
        disable_streaming: Whether to answer at once when a stream is asked for; "tool_calling":
        only
            if tools are given.
    """

    _kind: ClassVar[Kind] = "chat_model"
    _writes: ClassVar[frozenset[str]] = frozenset()

    disable_streaming: bool | Literal["tool_calling"] = False

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        kwargs["abstract"] = abstract  # a word that pydantic's own signature does not know
        super().__init_subclass__(**kwargs)
        cls._writes = frozenset(
            h for h in _HOOKS if getattr(cls, h) is not getattr(BaseChatModel, h)
        )
        if not cls._writes and not abstract:
            raise TypeError(
                f"{cls.__name__} has no hook; write _generate(self, messages, stop=None, **kwargs) "
                f"or one of {', '.join(_HOOKS)}, or say class {cls.__name__}(..., abstract=True)"
            )

    # What an author writes, and what stands for it.

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        if "_stream" not in self._writes:
            raise CompositionError(
                f"{self.get_name()} is asynchronous only; call ainvoke() or astream() instead"
            )
        return self._whole(collect(self._stream(messages, stop=stop, **kwargs)))

    async def _agenerate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        if "_generate" in self._writes or "_astream" not in self._writes:
            work = partial(self._generate, messages, stop=stop, **kwargs)
            return await anyio.to_thread.run_sync(work)
        return self._whole(await acollect(self._astream(messages, stop=stop, **kwargs)))

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> Iterator[AIMessageChunk]:
        raise NotImplementedError  # never called: see _streams

    def _astream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        return iterate_in_thread(partial(self._stream, messages, stop=stop, **kwargs))

    @property
    def _llm_type(self) -> str:
        """What kind of model this is, for caches and logs."""
        return type(self).__name__

    # The hooks of the kernel.

    def _invoke(self, value: LanguageModelInput, run: Run, /, **options: Any) -> AIMessage:
        return self._named(self._generate(self._messages(value), **options), run)

    async def _ainvoke(self, value: LanguageModelInput, run: Run, /, **options: Any) -> AIMessage:
        return self._named(await self._agenerate(self._messages(value), **options), run)

    def _transform(
        self, chunks: Iterator[LanguageModelInput], run: Run, /, **options: Any
    ) -> Iterator[AIMessage]:
        value = collect(chunks)
        if self._streams(options, "_stream"):
            yield from self._chunks(value, run, options)
        else:
            yield self._invoke(value, run, **options)

    async def _atransform(
        self, chunks: AsyncIterator[LanguageModelInput], run: Run, /, **options: Any
    ) -> AsyncGenerator[AIMessage, None]:
        value = await acollect(chunks)
        if not self._streams(options, "_stream", "_astream"):
            yield await self._ainvoke(value, run, **options)
            return
        stream = self._astream(self._messages(value), **options)
        name, last = f"run-{run.own_id()}", None
        try:
            async for chunk in stream:
                last = chunk
                if chunk.id is None:
                    # Per token: past pydantic's __setattr__, which costs half as much as a chunk.
                    chunk.__dict__["id"] = name  # pyright: ignore[reportIndexIssue]
                    chunk.__pydantic_fields_set__.add("id")
                else:
                    name = chunk.id
                yield chunk
        finally:
            await aclose(stream)
        if (closing := self._closing_chunk(last, name)) is not None:
            run.seal()
            yield closing

    def _chunks(
        self, value: LanguageModelInput, run: Run, options: Mapping[str, Any]
    ) -> Generator[AIMessageChunk, None, None]:
        stream = self._stream(self._messages(value), **options)
        name, last = f"run-{run.own_id()}", None
        try:
            for chunk in stream:
                last = chunk
                if chunk.id is None:
                    chunk.__dict__["id"] = name  # pyright: ignore[reportIndexIssue]
                    chunk.__pydantic_fields_set__.add("id")
                else:
                    name = chunk.id
                yield chunk
        finally:
            close = getattr(stream, "close", None)
            if close is not None:
                close()
        if (closing := self._closing_chunk(last, name)) is not None:
            run.seal()
            yield closing

    def _stream_style(
        self, options: Mapping[str, Any], *, asynchronous: bool
    ) -> Literal["through", "whole"]:
        hooks = ("_stream", "_astream") if asynchronous else ("_stream",)
        return "through" if self._streams(options, *hooks) else "whole"

    def _live(
        self, value: LanguageModelInput, run: Run, options: Mapping[str, Any]
    ) -> Generator[AIMessageChunk, None, None] | None:
        return self._chunks(value, run, options) if self._streams(options, "_stream") else None

    def _alive(
        self, value: LanguageModelInput, run: Run, options: Mapping[str, Any]
    ) -> AsyncGenerator[AIMessage, None] | None:
        if not self._streams(options, "_stream", "_astream"):
            return None
        return self._atransform(_asingle(value), run, **options)

    def _shown_input(self, value: LanguageModelInput) -> Any:
        return {"messages": [self._messages(value)]}

    def _whole(self, total: AIMessageChunk | None) -> AIMessage:
        if total is None:
            raise ModelError(f"{self.get_name()} ended its stream without a single chunk")
        return message_chunk_to_message(total)

    def _streams(self, options: Mapping[str, Any], *hooks: str) -> bool:
        """Whether this call can stream by one of these hooks."""
        if self.disable_streaming is True or self._writes.isdisjoint(hooks):
            return False
        return not (self.disable_streaming == "tool_calling" and options.get("tools"))

    def _messages(self, value: LanguageModelInput) -> list[BaseMessage]:
        if (
            type(value) is ChatPromptValue
        ):  # what a prompt gives, asked first as it is the most usual
            return value.messages
        if isinstance(value, str):
            return [HumanMessage(value)]
        if isinstance(value, PromptValue):
            return value.to_messages()
        if isinstance(value, Sequence):
            return convert_to_messages(value)
        raise MessageError(
            f"{self.get_name()} takes text, messages or the value of a prompt; got {shown(value)}"
        )

    def _named(self, message: AIMessage, run: Run) -> AIMessage:
        if not isinstance(message, AIMessage):
            raise CompositionError(
                f"_generate of {type(self).__name__} must return an AIMessage; got {shown(message)}"
            )
        if message.id is None:
            # pyright takes the dict of a model for that of its class.
            message.__dict__["id"] = f"run-{run.own_id()}"  # pyright: ignore[reportIndexIssue]
            message.__pydantic_fields_set__.add("id")
        return message

    def _closing_chunk(self, last: AIMessageChunk | None, name: str) -> AIMessageChunk | None:
        """The empty chunk that ends a message whose last chunk the model did not mark."""
        if last is None:
            raise ModelError(f"{self.get_name()} ended its stream without a single chunk")
        if last.chunk_position == "last":
            return None
        return AIMessageChunk(content="", id=name, chunk_position="last")


async def _asingle(value: LanguageModelInput) -> AsyncIterator[LanguageModelInput]:
    yield value
