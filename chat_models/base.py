"""`BaseChatModel`: a step from messages to a message, and how authors write one.

How a provider class is written. It declares its settings as fields, and writes hooks that do one
thing: build the request, call the SDK, and give the answer as messages. All else is done here:

    class ChatAcme(BaseChatModel):
        _binds_tools = True                                   # a call may say tools=, tool_choice=
        _structures_by = ("json_schema", "function_calling")  # a call may say response_format=

        model: str
        api_key: SecretStr | None = Field(default=None, repr=False, exclude=True)

        def _generate(self, messages, stop=None, **options): ...     # and _agenerate
        def _stream(self, messages, stop=None, **options): ...       # and _astream
        def _model_error(self, exc): ...                             # the SDK's errors, as ours
        def _close(self): ...                                        # and _aclose: its connections

- The messages are a list of the hook's own. `stop` and the other options are those of the call;
  an option that the API has too is the same as the field of that name, and wins over it.
- `tools` come in OpenAI's form, `{"type": "function", "function": {...}}`; what is not of this type
  is a tool of the provider's own and goes through as it is. `tool_choice` is "auto", "none", "any"
  or a tool's name; `response_format` is `{"type": "json_object"}` or `{"type": "json_schema",
  "json_schema": {"name": ..., "schema": ..., "strict": ...}}`. The hook translates them.
- Retries, the rate limiter and the cache are around the hooks, so the SDK's own retries are
  switched off. A call is made again up to `max_retries` times after a `ModelError` that is
  `retryable`, at once or after its `retry_after`; a stream only until its first chunk.
- A hook lets the SDK's errors through; `_model_error` says what they mean. The error of ours is
  raised from that of the SDK, and holds the part of the message that had come.
- A stream closes its response in a `finally` (`with closing(...)`), also when it is left early.
- Chunks have the id that the provider gives the message, all of them: one without an id is copied.
  The last one says `chunk_position="last"`; usage and why it ended stand on it or before it.
- The class is named in `init.py`, and its tests derive from `tests/support/chat_model_contract.py`.
"""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Generator,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing, closing
from functools import partial
from time import sleep
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Literal,
    NoReturn,
    Self,
    TypeAlias,
    TypeVar,
    overload,
)

import anyio
from anyio import sleep as asleep
from pydantic import ConfigDict, Field, NonNegativeInt, PositiveFloat

from .._lazy import later
from ..errors import (
    CompositionError,
    ConfigError,
    LevadaError,
    MessageError,
    ModelError,
    UnsupportedError,
    shown,
)
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
from ..runnables import (
    Run,
    Runnable,
    RunnableConfig,
    RunnableSerializable,
    aclose,
    acollect,
    call_in_thread,
    close,
    collect,
    iterate_in_thread,
)
from ..runnables.events import Kind
from ._attempts import Attempts
from ._blocks import ain_version, in_blocks, in_version
from ._heard import Heard
from ._kept import Kept, key_text
from ._pieces import cut_message
from .caches import SHARED, BaseCache
from .profile import ModelProfile, StructureMethod
from .rate_limiters import BaseRateLimiter

if TYPE_CHECKING or not later(
    globals(),
    "..messages.buffer",
    "..messages.tokens",
    "..tools.convert",
    ".message_stream",
    ".structured",
):
    from ..messages import buffer, tokens
    from ..tools import convert
    from . import message_stream, structured

__all__ = ["BaseChatModel", "BaseLanguageModel", "LanguageModelInput", "LanguageModelLike"]

LanguageModelInput: TypeAlias = PromptValue | str | Sequence[MessageLikeRepresentation]
"""What a model takes: the value of a prompt, the user's text, or messages."""

T = TypeVar("T")

_HOOKS = ("_generate", "_agenerate", "_stream", "_astream")

# A chunk of which only these are given is text and nothing else: its `content` and its `id`.
_FIELDS_OF_TEXT = 2
_TEXT_ALONE = {"content"}


class BaseChatModel(RunnableSerializable[LanguageModelInput, AIMessage], abstract=True):
    """A model that answers messages with a message, at once or chunk by chunk.

    An author writes one of these and more where the model can do more; what is not written is
    derived, so that any model can stand for any other:

    - `_generate(messages, stop=None, **kwargs) -> AIMessage`
    - `_agenerate(messages, stop=None, **kwargs) -> AIMessage`; else `_generate` in a worker thread
    - `_stream(messages, stop=None, **kwargs) -> Iterator[AIMessageChunk]`; else one whole message
    - `_astream(messages, stop=None, **kwargs) -> AsyncIterator[AIMessageChunk]`; else `_stream` in
      a worker thread

    A message without an id gets one that is made from the run, `run-<run id>`, the same on every
    chunk. A stream whose last chunk is not marked gets an empty one that is.

    Attributes:
        cache: Where answers are kept; True: where `set_llm_cache` says, False: nowhere, None:
            where `set_llm_cache` says, if it does.
        rate_limiter: What makes calls wait for their turn.
        disable_streaming: Whether to answer at once when a stream is asked for; "tool_calling":
            only if tools are given.
        streaming: Whether `invoke` reads a stream too, as some servers cut off long silent answers.
        max_retries: How often a call is made again after an error that may pass.
        timeout: The seconds that a request may take; None: as the provider's SDK has it.
        output_version: "v1": the content of answers is a list of standard blocks.
        profile: What is known of the model, such as the size of its context.
        tags: Tags of the runs of this model.
        metadata: Metadata of the runs of this model.
        custom_get_token_ids: Gives the tokens of a text, where the model itself cannot say.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    _kind: ClassVar[Kind] = "chat_model"
    _writes: ClassVar[frozenset[str]] = frozenset()
    _binds_tools: ClassVar[bool] = False
    """Whether the hooks take the options `tools` and `tool_choice`."""
    _structures_by: ClassVar[tuple[StructureMethod, ...]] = ()
    """How it can be made to answer with a value, the best way first."""

    cache: BaseCache | bool | None = None
    rate_limiter: BaseRateLimiter | None = None
    disable_streaming: bool | Literal["tool_calling"] = False
    streaming: bool = False
    max_retries: NonNegativeInt = 2
    timeout: PositiveFloat | None = None
    output_version: Literal["v0", "v1"] | None = None
    profile: ModelProfile | None = None
    tags: list[str] | None = None
    metadata: dict[str, Any] | None = None
    custom_get_token_ids: Callable[[str], list[int]] | None = Field(default=None, exclude=True)

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

    def stream_message(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **options: Any
    ) -> message_stream.MessageStream:
        """Run once and give the message while it is made: its text, reasoning and tool calls.

        Args:
            input: See `LanguageModelInput`.
            config: See `RunnableConfig`.
            options: Options of this call.
        """
        return message_stream.MessageStream(self.stream(input, config, **options))

    def astream_message(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **options: Any
    ) -> message_stream.AsyncMessageStream:
        """Run once and give the message while it is made; see `stream_message`."""
        return message_stream.AsyncMessageStream(self.astream(input, config, **options))

    # What an author writes, and what stands for it.

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        if "_stream" not in self._writes:
            raise CompositionError(
                f"{self.get_name()} is asynchronous only; call ainvoke() or astream() instead"
            )
        heard = Heard()
        stream = in_version(self.output_version, self._stream(messages, stop=stop, **kwargs))
        try:
            for chunk in stream:
                heard.add(self._checked(chunk))
        except Exception as exc:  # noqa: BLE001 - raised there
            self._fail(exc, heard)
        finally:
            _close(stream)
        return self._whole(heard.total())

    async def _agenerate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        if "_generate" in self._writes or "_astream" not in self._writes:
            work = partial(self._generate, messages, stop=stop, **kwargs)
            return await call_in_thread(work)
        heard = Heard()
        stream = ain_version(self.output_version, self._astream(messages, stop=stop, **kwargs))
        try:
            async for chunk in stream:
                heard.add(self._checked(chunk))
        except Exception as exc:  # noqa: BLE001 - raised there
            self._fail(exc, heard)
        finally:
            await aclose(stream)
        return self._whole(heard.total())

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> Iterator[AIMessageChunk]:
        raise NotImplementedError  # never called: see _streams

    def _astream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        return iterate_in_thread(partial(self._stream, messages, stop=stop, **kwargs))

    def _settled(self, message: AIMessage) -> AIMessage:
        """The sum of a stream as the same answer would be if it had come whole."""
        return message

    def _model_error(self, exc: Exception) -> ModelError | None:
        """What an error of the provider's SDK means; None: it is none."""
        return None

    def _close(self) -> None:
        """Close the connections of synchronous calls; the next call opens new ones."""

    async def _aclose(self) -> None:
        """Close the connections of asynchronous calls on this event loop."""

    @property
    def _llm_type(self) -> str:
        """What kind of model this is, for caches and logs."""
        return type(self).__name__

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        """The settings that an answer depends on, for caches: fields that are not excluded."""
        own = type(self).model_fields.keys() - BaseChatModel.model_fields.keys()
        fields = type(self).model_fields
        return {name: getattr(self, name) for name in own if not fields[name].exclude}

    # What a user writes.

    def bind_tools(
        self, tools: Sequence[convert.ToolLike], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Give this model with tools that it may call.

        Args:
            tools: Functions, pydantic models, TypedDicts, tools, or dicts as the provider has them.
            tool_choice: "auto", "any" for at least one call, "none", or the name of a tool.
            kwargs: More options of each call.

        Raises:
            UnsupportedError: This class does not call tools.
        """
        if not self._binds_tools:
            raise UnsupportedError(f"{type(self).__name__} does not call tools")
        strict = kwargs.pop("strict", None)
        options: dict[str, Any] = {
            "tools": [convert.convert_to_openai_tool(tool, strict=strict) for tool in tools]
        }
        if tool_choice is not None:
            options["tool_choice"] = tool_choice
        return self.bind(**options, **kwargs)

    @overload
    def with_structured_output(
        self,
        schema: type[T],
        *,
        method: StructureMethod | None = None,
        include_raw: Literal[False] = False,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, T]: ...
    @overload
    def with_structured_output(
        self,
        schema: Mapping[str, Any],
        *,
        method: StructureMethod | None = None,
        include_raw: bool = False,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, dict[str, Any]]: ...
    @overload
    def with_structured_output(
        self,
        schema: type[Any],
        *,
        method: StructureMethod | None = None,
        include_raw: Literal[True],
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, dict[str, Any]]: ...
    def with_structured_output(
        self,
        schema: Any,
        *,
        method: StructureMethod | None = None,
        include_raw: bool = False,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Give a step that answers with a value of this schema; it streams the value as it grows.

        Args:
            schema: A pydantic model, TypedDict or dataclass, or a JSON schema, whose values are
                dicts.
            method: How to ask for it: by a tool that the model must call, by the schema, or for
                any JSON, where the prompt must say which. None: the best that this class can.
            include_raw: Give `{"raw": message, "parsed": value, "parsing_error": None}` instead. An
                answer that does not parse is then no failure.
            strict: Whether the provider holds the model to the schema; None: as it has it.
            kwargs: More options of each call.

        Raises:
            UnsupportedError: This class has no structured output, or not by this method.
            OutputParserException: When it runs: the answer is no value of this schema.
        """
        way = self._structure_method(method)
        wanted = structured.Structure(schema, strict)
        if way == "function_calling":
            asking = self.bind_tools([wanted.tool()], tool_choice=wanted.name, **kwargs)
        else:
            asking = self.bind(response_format=wanted.response_format(way), **kwargs)
        parser = wanted.parser(way)
        return asking | (structured.WithRaw(parser) if include_raw else parser)

    def _structure_method(self, asked: StructureMethod | None) -> StructureMethod:
        ways = self._structures_by
        if not ways:
            raise UnsupportedError(f"{type(self).__name__} has no structured output")
        if asked is not None and asked not in ways:
            raise UnsupportedError(
                f"{type(self).__name__} has no structured output by method={asked!r}; "
                f"it has {', '.join(map(repr, ways))}"
            )
        return asked or ways[0]

    def get_token_ids(self, text: str) -> list[int]:
        """Give the tokens of a text, by `custom_get_token_ids`.

        Raises:
            UnsupportedError: There is no such function.
        """
        if self.custom_get_token_ids is None:
            raise UnsupportedError(
                f"{self.get_name()} does not know the tokens of a text. Give it a tokenizer: "
                "custom_get_token_ids=encoding.encode"
            )
        return self.custom_get_token_ids(text)

    def get_num_tokens(self, text: str) -> int:
        """Give how many tokens a text has; an estimate, if there is no `custom_get_token_ids`."""
        if self.custom_get_token_ids is not None:
            return len(self.custom_get_token_ids(text))
        return tokens.count_tokens_approximately([text], extra_tokens_per_message=0)

    def get_num_tokens_from_messages(
        self,
        messages: Sequence[MessageLikeRepresentation],
        tools: Sequence[convert.ToolLike] | None = None,
    ) -> int:
        """Give how many tokens messages and tools have; a provider may know better than to guess.

        Args:
            messages: Whatever `convert_to_messages` takes.
            tools: See `bind_tools`.
        """
        described = [convert.convert_to_openai_tool(tool) for tool in tools or ()]
        if self.custom_get_token_ids is None:
            return tokens.count_tokens_approximately(messages, tools=described)
        texts = [buffer.get_buffer_string([message]) for message in convert_to_messages(messages)]
        return sum(map(self.get_num_tokens, [*texts, *map(key_text, described)]))

    def __repr_args__(self) -> Any:
        for name, value in super().__repr_args__():
            if name in self.model_fields_set:
                yield name, value

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        with anyio.CancelScope(shield=True):
            await self._aclose()

    # The hooks of the kernel. Twins, side by side.

    def _invoke(self, value: LanguageModelInput, run: Run, /, **options: Any) -> AIMessage:
        if self.streaming and self._streams(options, "_stream"):
            with closing(self._chunks(value, run, options)) as stream:
                return self._whole(collect(stream))
        messages = self._messages(value)
        cached = self.cache is not None or SHARED.cache is not None
        kept = self._kept(messages, options) if cached else None
        if kept is not None and (known := kept.get()) is not None:
            return self._named(known, run)
        attempts: Attempts | None = None
        while True:
            try:
                if self.rate_limiter is not None:
                    self.rate_limiter.acquire()
                answer = self._named(self._generate([*messages], **options), run)
            except Exception as exc:  # noqa: BLE001 - raised there, if it is the last
                attempts = attempts or Attempts(self.max_retries)
                seconds = self._wait_after(exc, attempts)
            else:
                if kept is not None:
                    kept.put(answer)
                return answer
            sleep(seconds)

    async def _ainvoke(self, value: LanguageModelInput, run: Run, /, **options: Any) -> AIMessage:
        if self.streaming and self._streams(options, "_stream", "_astream"):
            async with aclosing(self._achunks(_asingle(value), run, options)) as astream:
                return self._whole(await acollect(astream))
        messages = self._messages(value)
        cached = self.cache is not None or SHARED.cache is not None
        kept = self._kept(messages, options) if cached else None
        if kept is not None and (known := await kept.aget()) is not None:
            return self._named(known, run)
        attempts: Attempts | None = None
        while True:
            try:
                if self.rate_limiter is not None:
                    await self.rate_limiter.aacquire()
                answer = self._named(await self._agenerate([*messages], **options), run)
            except Exception as exc:  # noqa: BLE001 - raised there, if it is the last
                attempts = attempts or Attempts(self.max_retries)
                seconds = self._wait_after(exc, attempts)
            else:
                if kept is not None:
                    await kept.aput(answer)
                return answer
            await asleep(seconds)

    def _transform(
        self, chunks: Iterator[LanguageModelInput], run: Run, /, **options: Any
    ) -> Generator[AIMessage, None, None]:
        value = collect(chunks)
        if self._streams(options, "_stream"):
            yield from self._chunks(value, run, options)
        else:
            yield self._invoke(value, run, **options)

    def _atransform(
        self, chunks: AsyncIterator[LanguageModelInput], run: Run, /, **options: Any
    ) -> AsyncGenerator[AIMessage, None]:
        if self._streams(options, "_stream", "_astream"):
            return self._achunks(chunks, run, options)
        return self._aanswer(chunks, run, options)

    async def _aanswer(
        self, chunks: AsyncIterator[LanguageModelInput], run: Run, options: Mapping[str, Any]
    ) -> AsyncGenerator[AIMessage, None]:
        yield await self._ainvoke(await acollect(chunks), run, **options)

    def _chunks(
        self, value: LanguageModelInput, run: Run, options: Mapping[str, Any]
    ) -> Generator[AIMessageChunk, None, None]:
        messages = self._messages(value)
        name = f"run-{run.own_id()}"
        cached = self.cache is not None or SHARED.cache is not None
        kept = self._kept(messages, options) if cached else None
        if kept is not None and (known := kept.get()) is not None:
            yield from cut_message(known.model_copy(update={"id": name}))
            return
        heard, attempts = Heard(run), Attempts(self.max_retries)
        text = heard.text
        last: AIMessageChunk | None = None
        while True:
            stream: Iterator[AIMessageChunk] | None = None
            try:
                self._take_turn()
                stream = in_version(self.output_version, self._stream([*messages], **options))
                for chunk in stream:
                    if type(chunk) is not AIMessageChunk or chunk.id is None:
                        chunk = self._checked(chunk, name)
                    else:
                        name = chunk.id
                    last = chunk
                    # Per token: no call, and nothing kept that the garbage collector looks at.
                    if len(chunk.__pydantic_fields_set__) == _FIELDS_OF_TEXT:
                        text.append(chunk.content)
                    else:
                        heard.add(chunk)
                    yield chunk
                break
            except Exception as exc:  # noqa: BLE001 - raised there, if it is the last
                seconds = self._wait_after(exc, attempts, heard if last else None)
            finally:
                _close(stream)
            sleep(seconds)
        closing = self._closing_chunk(last, name, run)
        if kept is not None and (total := heard.sum_or_none()) is not None:
            kept.put(self._whole(total))
        if closing is not None:
            yield closing

    async def _achunks(
        self, chunks: AsyncIterator[LanguageModelInput], run: Run, options: Mapping[str, Any]
    ) -> AsyncGenerator[AIMessageChunk, None]:
        messages = self._messages(await acollect(chunks))
        name = f"run-{run.own_id()}"
        cached = self.cache is not None or SHARED.cache is not None
        kept = self._kept(messages, options) if cached else None
        if kept is not None and (known := await kept.aget()) is not None:
            for piece in cut_message(known.model_copy(update={"id": name})):
                yield piece
            return
        heard, attempts = Heard(run), Attempts(self.max_retries)
        text = heard.text
        last: AIMessageChunk | None = None
        while True:
            stream: AsyncIterator[AIMessageChunk] | None = None
            try:
                await self._atake_turn()
                stream = ain_version(self.output_version, self._astream([*messages], **options))
                async for chunk in stream:
                    if type(chunk) is not AIMessageChunk or chunk.id is None:
                        chunk = self._checked(chunk, name)
                    else:
                        name = chunk.id
                    last = chunk
                    # Per token: no call, and nothing kept that the garbage collector looks at.
                    if len(chunk.__pydantic_fields_set__) == _FIELDS_OF_TEXT:
                        text.append(chunk.content)
                    else:
                        heard.add(chunk)
                    yield chunk
                break
            except Exception as exc:  # noqa: BLE001 - raised there, if it is the last
                seconds = self._wait_after(exc, attempts, heard if last else None)
            finally:
                await _aclose(stream)
            await asleep(seconds)
        closing = self._closing_chunk(last, name, run)
        if kept is not None and (total := heard.sum_or_none()) is not None:
            await kept.aput(self._whole(total))
        if closing is not None:
            yield closing

    def _stream_style(
        self, options: Mapping[str, Any], *, asynchronous: bool
    ) -> Literal["through", "whole"]:
        hooks = ("_stream", "_astream") if asynchronous else ("_stream",)
        return "through" if self._streams(options, *hooks) else "whole"

    def _live(
        self, value: LanguageModelInput, run: Run, options: Mapping[str, Any]
    ) -> Generator[AIMessageChunk, None, None] | None:
        if not self._streams(options, "_stream"):
            return None
        return self._chunks(value, run, options)

    def _alive(
        self, value: LanguageModelInput, run: Run, options: Mapping[str, Any]
    ) -> AsyncGenerator[AIMessageChunk, None] | None:
        if not self._streams(options, "_stream", "_astream"):
            return None
        return self._achunks(_asingle(value), run, options)

    def _labels(self) -> tuple[Sequence[str], Mapping[str, Any]]:
        return self.tags or (), self.metadata or {}

    def _shown_input(self, value: LanguageModelInput) -> Any:
        return {"messages": [[*self._messages(value)]]}

    def _take_turn(self) -> None:
        if self.rate_limiter is not None:
            self.rate_limiter.acquire()

    async def _atake_turn(self) -> None:
        if self.rate_limiter is not None:
            await self.rate_limiter.aacquire()

    # What both colours do alike.

    def _whole(self, total: AIMessageChunk | None) -> AIMessage:
        if total is None:
            raise ModelError(f"{self.get_name()} ended its stream without a single chunk")
        whole = self._settled(message_chunk_to_message(total))
        return in_blocks(whole) if self.output_version == "v1" else whole

    def _streams(self, options: Mapping[str, Any], *hooks: str) -> bool:
        """Whether this call can stream by one of these hooks."""
        if self.disable_streaming is True or self._writes.isdisjoint(hooks):
            return False
        return not (self.disable_streaming == "tool_calling" and options.get("tools"))

    def _messages(self, value: LanguageModelInput) -> list[BaseMessage]:
        """Give the messages of an input. The list may be the caller's: a hook gets a copy."""
        # What a prompt gives is asked first, as it is the most usual.
        if type(value) is ChatPromptValue:
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

    def _kept(self, messages: list[BaseMessage], options: Mapping[str, Any]) -> Kept | None:
        """Give the place of the answer in the cache, if there is one."""
        cache = self.cache
        if cache is None or cache is True:
            if cache and SHARED.cache is None:
                raise ConfigError(
                    "cache=True says to use the cache of all models, and there is none. "
                    "Write set_llm_cache(InMemoryCache())."
                )
            cache = SHARED.cache
        if cache is None or cache is False:
            return None
        who = {"type": self._llm_type, "output_version": self.output_version, "options": options}
        return Kept(cache, messages, {**self._identifying_params, **who})

    def _named(self, message: AIMessage, run: Run) -> AIMessage:
        if not isinstance(message, AIMessage):
            raise CompositionError(
                f"_generate of {type(self).__name__} must return an AIMessage; got {shown(message)}"
            )
        if self.output_version == "v1":
            message = in_blocks(message)
        if message.id is not None:
            return message
        # A copy: the author may have prepared the object, and give it again.
        return message.model_copy(update={"id": f"run-{run.own_id()}"})

    def _checked(self, chunk: AIMessageChunk, name: str | None = None) -> AIMessageChunk:
        """Give a chunk of a hook, with an id if it has none; a copy, as in `_named`."""
        if not isinstance(chunk, AIMessageChunk):
            raise CompositionError(
                f"a stream of {type(self).__name__} must give AIMessageChunks; got {shown(chunk)}"
            )
        if chunk.id is not None or name is None:
            return chunk
        if type(chunk) is AIMessageChunk and chunk.__pydantic_fields_set__ == _TEXT_ALONE:
            return AIMessageChunk(chunk.content, id=name)  # half of what model_copy takes
        return chunk.model_copy(update={"id": name})

    def _closing_chunk(
        self, last: AIMessageChunk | None, name: str, run: Run
    ) -> AIMessageChunk | None:
        """The empty chunk that ends a message whose last chunk the model did not mark."""
        if last is None:
            raise ModelError(f"{self.get_name()} ended its stream without a single chunk")
        if last.chunk_position == "last":
            return None
        if self.output_version != "v1":  # there it ends the blocks in the output, too
            run.seal()
        nothing: str | list[str | dict[str, Any]] = [] if self.output_version == "v1" else ""
        return AIMessageChunk(nothing, id=name, chunk_position="last")

    def _failure(self, exc: Exception, heard: Heard | None = None) -> Exception:
        """What a failure of a hook means to the caller: an error of ours, if it is the SDK's."""
        failure = exc if isinstance(exc, LevadaError) else self._model_error(exc) or exc
        if failure is not exc:
            failure.__cause__ = exc
        if heard is not None and isinstance(failure, ModelError) and failure.partial is None:
            failure.partial = heard.sum_or_none()
        return failure

    def _fail(self, exc: Exception, heard: Heard) -> NoReturn:
        raise self._failure(exc, heard)

    def _wait_after(self, exc: Exception, attempts: Attempts, heard: Heard | None = None) -> float:
        """Give how long to wait before the next attempt; raise the failure, if there is none."""
        failure = self._failure(exc, heard)
        seconds = None if heard is not None else attempts.wait_after(failure)
        if seconds is None:
            raise failure
        return seconds


def _close(stream: Iterator[AIMessageChunk] | None) -> None:
    if stream is not None:
        close(stream)


async def _aclose(stream: AsyncIterator[AIMessageChunk] | None) -> None:
    if stream is not None:
        await aclose(stream)


async def _asingle(value: LanguageModelInput) -> AsyncIterator[LanguageModelInput]:
    yield value


BaseLanguageModel: TypeAlias = BaseChatModel
"""What LCEL calls the base of all models of language: here there is one kind, the chat model."""

LanguageModelLike: TypeAlias = Runnable[LanguageModelInput, AIMessage]
"""A model, or one with something bound to it."""
