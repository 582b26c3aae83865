"""`ChatLlamaCpp`: a chat model that runs in this process, by llama.cpp."""

from __future__ import annotations

import importlib.util
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from ..errors import CompositionError, ConfigError, MessageError, MissingExtraError, closest, shown
from ..messages import (
    AIMessageChunk,
    BaseMessage,
    UsageMetadata,
    convert_to_openai_messages,
    default_tool_chunk_parser,
)
from ..runnables import call_in_thread
from ._llama_engine import Chunk, LlamaEngine, check_model_file, get_engine
from ._llama_tools import CallReader, answer_format, with_calls_as_text, with_tools_described
from .base import BaseChatModel
from .profile import StructureMethod
from .weights import default_weights

__all__ = ["ChatLlamaCpp"]

# What is no JSON schema, but a way to ask for an answer.
_FORMATS = ("text", "json_object", "json_schema")


class _Sampling(BaseModel):
    """How a model is to answer; None leaves it to llama.cpp."""

    temperature: NonNegativeFloat | None = None
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: NonNegativeInt | None = None
    min_p: float | None = Field(default=None, ge=0, le=1)
    repeat_penalty: NonNegativeFloat | None = None
    seed: NonNegativeInt | None = None
    max_tokens: PositiveInt | None = None
    stop: list[str] | str | None = None
    response_format: type[BaseModel] | dict[str, Any] | None = None


class _CallOptions(_Sampling):
    """What a call may say besides."""

    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None


class _Loaded:
    """The model that an instance has loaded, and the settings, for these may be changed later.

    Nothing that makes instances differ: all are equal, and a pickle or deep copy holds none.
    """

    __slots__ = ("engine", "settings")

    def __init__(
        self, engine: LlamaEngine | None = None, settings: tuple[object, ...] = ()
    ) -> None:
        self.engine = engine
        self.settings = settings

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Loaded)

    def __reduce__(self) -> tuple[type[_Loaded], tuple[()]]:
        return _Loaded, ()


class ChatLlamaCpp(BaseChatModel, _Sampling):
    """A model that runs in this process, from a GGUF file (extra `local`).

        chat = ChatLlamaCpp(temperature=0.7, max_tokens=200)
        for chunk in chat.stream("Write me a 1 verse song about goldfish on the moon"):
            print(chunk.content, end="", flush=True)

    Instances with the same file and context share one loaded model, which is loaded by their first
    call and freed with the last of them. A stream that is closed stops the model. A call may say
    `temperature` ... `response_format` in its own way, and takes `tools` and `tool_choice` in
    OpenAI's form. With tools and a `response_format`, an answer that is no call has that format.

    Attributes:
        model_path: A GGUF file; None: the small model that `levada pull` fetches.
        n_ctx: How many tokens prompt and answer may have together.
        n_parallel: How many calls run at once, each with `n_ctx` tokens; others wait their turn.
        n_threads: How many processors compute. On a busy machine one is faster than two.
        chat_template: A Jinja template in place of the one in the file.
        calls_by: How the model calls tools. "schema": it is told of them in words, and its answer
            is held to the schema of one call, or of an answer; for any model. "template": by its
            chat template, which must know tools. None: by the template if `chat_template` is given.
        temperature: 0 for the likeliest answer, and the same each time.
        top_p: Choose among the likeliest tokens that have this probability together.
        top_k: Choose among that many of the likeliest tokens.
        min_p: Choose among tokens that are at least this likely, compared with the likeliest.
        repeat_penalty: Above 1, words that were said become less likely.
        seed: With the same seed, the same prompt has the same answer.
        max_tokens: The most tokens of an answer; None: up to the end of the context.
        stop: Texts that end the answer, and are not a part of it.
        response_format: Makes every answer valid JSON: a pydantic model or a JSON schema, or
            {"type": "json_object"} for any object.

    Raises:
        MissingExtraError: xllamacpp is not installed.
        WeightsError: The file, or the small model, is not there or cannot be loaded.
        ContextLengthError: A call whose prompt is longer than `n_ctx`.
        ModelError: A call that llama.cpp refuses.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    _binds_tools: ClassVar[bool] = True
    _structures_by: ClassVar[tuple[StructureMethod, ...]] = (
        "json_schema",
        "function_calling",
        "json_mode",
    )

    model_path: Path | None = None
    n_ctx: PositiveInt = 4096
    n_parallel: PositiveInt = 1
    n_threads: PositiveInt = 1
    chat_template: str | None = None
    calls_by: Literal["schema", "template"] | None = None

    _loaded: _Loaded = PrivateAttr(default_factory=_Loaded)

    @model_validator(mode="after")
    def _is_there(self) -> Self:
        if importlib.util.find_spec("xllamacpp") is None:
            raise MissingExtraError("ChatLlamaCpp", "xllamacpp", "local")
        check_model_file(self.model_path or default_weights())
        return self

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> Generator[AIMessageChunk, None, None]:
        request, answer = self._request(messages, stop, kwargs)
        engine = self._engine() or self._load()
        with closing(engine.stream(request)) as chunks:
            for chunk in chunks:
                yield from answer.pieces(chunk)

    async def _astream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AsyncGenerator[AIMessageChunk, None]:
        request, answer = self._request(messages, stop, kwargs)
        engine = self._engine()
        if engine is None:
            engine = await call_in_thread(self._load)
        async with aclosing(engine.astream(request)) as chunks:
            async for chunk in chunks:
                for piece in answer.pieces(chunk):
                    yield piece

    def _settings(self) -> tuple[object, ...]:
        return self.model_path, self.n_ctx, self.n_threads, self.n_parallel, self.chat_template

    def _engine(self) -> LlamaEngine | None:
        """Give the loaded model, if it is loaded with the present settings."""
        return self._loaded.engine if self._loaded.settings == self._settings() else None

    def _load(self) -> LlamaEngine:
        settings = self._settings()
        engine = get_engine(
            self.model_path or default_weights(),
            n_ctx=self.n_ctx,
            n_threads=self.n_threads,
            n_parallel=self.n_parallel,
            chat_template=self.chat_template,
        )
        self._loaded = _Loaded(engine, settings)
        return engine

    def _request(
        self, messages: list[BaseMessage], stop: list[str] | None, options: Mapping[str, Any]
    ) -> tuple[dict[str, Any], _Answer]:
        """Give what llama.cpp is asked, and what reads its answer."""
        if not messages:
            raise MessageError(f"{self.get_name()} needs at least one message to answer; got []")
        said = self.model_dump(include=set(_Sampling.model_fields), exclude_none=True)
        said.update(_checked(options, self.get_name()))
        if stop is not None:
            said["stop"] = stop
        if (wanted := said.get("response_format")) is not None:
            said["response_format"] = _response_format(wanted)
        said = _tools(said)
        reader: CallReader | None = None
        if self._calls_by_schema():
            messages = with_calls_as_text(messages)
            if tools := said.pop("tools", None):
                must_call = said.pop("tool_choice", "auto") == "required"
                wanted = said.get("response_format")
                messages = with_tools_described(messages, tools, must_call=must_call)
                said["response_format"] = answer_format(tools, wanted, must_call=must_call)
                reader = CallReader(words=wanted is None)
        return {**said, "messages": convert_to_openai_messages(messages)}, _Answer(reader)

    def _calls_by_schema(self) -> bool:
        if self.calls_by is None:
            return self.chat_template is None
        return self.calls_by == "schema"


def _checked(options: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Check the options of a call, which llama.cpp would partly ignore."""
    for option in options:
        if option not in _CallOptions.model_fields:
            close = closest(option, _CallOptions.model_fields)
            hint = f"; did you mean {close!r}?" if close else "."
            raise CompositionError(
                f"{name} takes no option {shown(option)} in a call{hint} "
                f"It takes {', '.join(_CallOptions.model_fields)}"
            )
    try:
        checked = _CallOptions.model_validate(options)
    except ValidationError as exc:
        error = exc.errors()[0]
        where = ".".join(map(str, error["loc"]))
        raise ConfigError(
            f"option {where!r} of {name}: {error['msg']}; got {shown(error['input'])}"
        ) from None
    return checked.model_dump(exclude_none=True)


def _response_format(wanted: type[BaseModel] | dict[str, Any]) -> dict[str, Any]:
    if isinstance(wanted, dict):
        if wanted.get("type") in _FORMATS:
            return wanted
        return {"type": "json_schema", "json_schema": {"schema": wanted}}
    return {"type": "json_schema", "json_schema": {"schema": wanted.model_json_schema()}}


def _tools(said: dict[str, Any]) -> dict[str, Any]:
    """Leave out the tools that `tool_choice` leaves out, for llama.cpp does not."""
    for tool in said.get("tools", ()):
        if not isinstance(tool.get("function"), dict) or "name" not in tool["function"]:
            raise ConfigError(
                f"ChatLlamaCpp calls functions, not {shown(tool)}. Bind them with bind_tools([...])"
            )
    choice = said.pop("tool_choice", None)
    if choice is None or not said.get("tools"):
        return said
    if choice == "none":
        return {key: value for key, value in said.items() if key != "tools"}
    if choice in ("auto", "required", "any"):
        return {**said, "tool_choice": "auto" if choice == "auto" else "required"}
    name = choice if isinstance(choice, str) else choice.get("function", {}).get("name")
    tools = [tool for tool in said["tools"] if tool.get("function", {}).get("name") == name]
    if not tools:
        raise ConfigError(f"tool_choice is {shown(choice)}, but no tool of the call has that name")
    return {**said, "tools": tools, "tool_choice": "required"}


class _Answer:
    """Reads the chunks of one answer. Why it ended comes before usage, and goes out with it."""

    __slots__ = ("_calls", "_reason")

    def __init__(self, calls: CallReader | None = None) -> None:
        self._calls = calls
        self._reason: str | None = None

    def pieces(self, chunk: Chunk) -> Iterator[AIMessageChunk]:
        if not chunk["choices"]:
            if self._calls is not None:
                if rest := self._calls.end(cut_off=self._reason == "length"):
                    yield rest
                if self._calls.called and self._reason == "stop":
                    self._reason = "tool_calls"
            yield self._last(chunk)
        elif piece := self._piece(chunk["choices"][0]):
            yield piece

    def _piece(self, choice: Mapping[str, Any]) -> AIMessageChunk | None:
        self._reason = choice["finish_reason"]
        delta = choice["delta"]
        text = delta.get("content") or ""
        if calls := delta.get("tool_calls"):
            fragments = default_tool_chunk_parser(calls)
            return AIMessageChunk(content=text, tool_call_chunks=fragments)
        if reasoning := delta.get("reasoning_content"):
            return AIMessageChunk(content=text, additional_kwargs={"reasoning_content": reasoning})
        if text and self._calls is not None:
            return self._calls.feed(text)
        return AIMessageChunk(content=text) if text else None

    def _last(self, chunk: Chunk) -> AIMessageChunk:
        usage = chunk["usage"]
        details: dict[str, int] = usage.get("prompt_tokens_details") or {}
        return AIMessageChunk(
            content="",
            response_metadata={"finish_reason": self._reason, "model_name": chunk["model"]},
            usage_metadata=UsageMetadata(
                input_tokens=usage["prompt_tokens"],
                output_tokens=usage["completion_tokens"],
                total_tokens=usage["total_tokens"],
                input_token_details={"cache_read": details.get("cached_tokens", 0)},
            ),
            chunk_position="last",
        )
