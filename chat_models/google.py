"""`ChatGoogle`: Gemini, by the Gemini API or Vertex AI."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import aclosing, closing
from typing import Any, ClassVar, Self

import anyio
from pydantic import (
    AliasChoices,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    SecretStr,
    model_validator,
)

from .._orjson import loads
from ..errors import (
    AuthenticationError,
    ContentFilterError,
    MissingExtraError,
    ModelError,
)
from ..messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    MessageLikeRepresentation,
    convert_to_messages,
)
from ..messages.shapes import is_array, is_object
from ..runnables import Runnable
from ..tools import ToolLike
from ._google_answer import Answer, read_message
from ._google_client import STREAM, Asked, AsyncConnected, Connected, Same, Settings, is_installed
from ._google_request import (
    BODY_OPTIONS,
    GENERATION_OPTIONS,
    google_tool,
    written_messages,
    written_options,
)
from ._http_errors import status_error, transport_error
from ._options import check_options
from ._provider import NOT_OF_THE_API, ProviderChatModel
from ._sse import aread_events, read_events
from .base import LanguageModelInput
from .profile import StructureMethod

__all__ = ["ChatGoogle"]

# The fields that are a part of each request.
_REQUEST_FIELDS = (
    *("temperature", "top_p", "top_k", "max_output_tokens", "stop_sequences", "seed"),
    *("presence_penalty", "frequency_penalty", "logprobs", "response_modalities"),
    *("thinking_budget", "thinking_level", "include_thoughts"),
    *("safety_settings", "cached_content", "timeout"),
)
_KNOWN = (
    GENERATION_OPTIONS
    | BODY_OPTIONS
    | {"model", "tool_choice", "response_format", "max_tokens", *_REQUEST_FIELDS}
)
_OTHER_WORDS = {"max_tokens": "max_output_tokens"}  # as other providers say it
_ANSWER, _COUNT = "generateContent", "countTokens"
# What a count of tokens takes of a request.
_COUNTED = ("contents", "systemInstruction", "tools")


class ChatGoogle(ProviderChatModel):
    """Gemini, and what else Google serves by generateContent (extra `google`).

        chat = ChatGoogle(model="gemini-2.5-flash", max_output_tokens=1000)
        for chunk in chat.stream("Write me a 1 verse song about goldfish on the moon"):
            print(chunk.text, end="", flush=True)

    The answer is text; pictures, sound, and code that the model runs make it a list of standard
    blocks. Thoughts stand apart, in `content_blocks`. Signatures of thoughts are kept in the
    message and go back with it. A call takes every option of the API, and those of the fields in
    its own way.

    Attributes:
        model: The name of the model.
        max_output_tokens: The most tokens of an answer, thoughts included.
        temperature: 0 for the likeliest answer.
        top_p: Choose among the likeliest tokens that have this probability together.
        top_k: Choose among that many of the likeliest tokens.
        stop_sequences: Texts that end the answer, and are not a part of it.
        seed: With the same seed, the same prompt has the same answer, mostly.
        presence_penalty: Above 0, words that were said become less likely.
        frequency_penalty: Above 0, words that were said often become less likely.
        thinking_budget: The most tokens of thoughts; 0: none, -1: as many as the model likes.
        thinking_level: How hard it thinks: "low", "high" ...
        include_thoughts: Whether the answer shows what was thought.
        logprobs: Whether the answer tells how likely its tokens were; a number: and that many
            others at each place.
        safety_settings: What to hold back, such as
            `{"HARM_CATEGORY_HARASSMENT": "BLOCK_ONLY_HIGH"}`.
        response_modalities: What the answer may be: "TEXT", "IMAGE", "AUDIO".
        cached_content: The name of what is cached of the prompt.
        api_key: The key; None: that of GOOGLE_API_KEY or GEMINI_API_KEY.
        vertexai: Whether to use Vertex AI; None: what GOOGLE_GENAI_USE_VERTEXAI says.
        project: The project at Vertex AI; None: that of GOOGLE_CLOUD_PROJECT.
        location: The region of Vertex AI; None: that of GOOGLE_CLOUD_LOCATION.
        credentials: Credentials of google-auth for Vertex AI; None: those of the machine.
        base_url: Where the API is; None: at Google.
        api_version: Which version of it, such as "v1beta"; None: that of the SDK.
        default_headers: More headers of each request.
        model_kwargs: More fields of each request, also those that are not known here.

    Raises:
        MissingExtraError: The package google-genai is not installed.
        AuthenticationError: A call without a key, or with one that is refused.
        ContentFilterError: A call whose prompt or answer Google holds back; `partial` is what came.
        ContextLengthError: A call whose prompt is longer than the model's context.
        BadRequestError: A call that the API refuses.
        RateLimitError: Too many calls; `retry_after` says when to come back.
        OverloadedError: The API is too busy, or broken.
        ConnectionError: The API was not reached, or a stream ended before its message.
        TimeoutError: The answer, or the next piece of it, took longer than `timeout`.
    """

    _api: ClassVar[str] = "Google"
    _binds_tools: ClassVar[bool] = True
    _structures_by: ClassVar[tuple[StructureMethod, ...]] = (
        "json_schema",
        "function_calling",
        "json_mode",
    )

    model: str = Field(validation_alias=AliasChoices("model", "model_name"))
    max_output_tokens: PositiveInt | None = Field(
        default=None, validation_alias=AliasChoices("max_output_tokens", "max_tokens")
    )
    temperature: NonNegativeFloat | None = None
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: NonNegativeInt | None = None
    stop_sequences: list[str] | None = Field(
        default=None, validation_alias=AliasChoices("stop_sequences", "stop")
    )
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    thinking_budget: int | None = None
    thinking_level: str | None = None
    include_thoughts: bool | None = None
    logprobs: bool | int | None = None
    safety_settings: dict[str, str] | list[dict[str, Any]] | None = None
    response_modalities: list[str] | None = None
    cached_content: str | None = None
    api_key: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("api_key", "google_api_key"),
        repr=False,
        exclude=True,
    )
    vertexai: bool | None = None
    project: str | None = None
    location: str | None = None
    credentials: Any = Field(default=None, repr=False, exclude=True)
    base_url: str | None = None
    api_version: str | None = None
    default_headers: dict[str, str] | None = Field(
        default=None,
        validation_alias=AliasChoices("default_headers", "additional_headers"),
        repr=False,
        exclude=True,
    )
    model_kwargs: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_installed(self) -> Self:
        if not is_installed():
            raise MissingExtraError("ChatGoogle", "google-genai", "google")
        return self

    def bind_tools(
        self,
        tools: Sequence[ToolLike],
        *,
        tool_choice: str | list[str] | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        # In the API's own form at once, which has tools of its own too. It holds a model to the
        # schema of a tool in any case.
        kwargs.pop("strict", None)
        kwargs["tools"] = [google_tool(tool) for tool in tools]
        if tool_choice is not None:
            kwargs["tool_choice"] = tool_choice
        return self.bind(**kwargs)

    def get_num_tokens_from_messages(
        self, messages: Sequence[MessageLikeRepresentation], tools: Sequence[Any] | None = None
    ) -> int:
        """Ask the API how many tokens these messages and tools take; the answer costs nothing."""
        options = {"tools": tools} if tools else {}
        asked = self._asked(_COUNT, convert_to_messages(messages), None, options)
        counted = {key: asked.body[key] for key in _COUNTED if key in asked.body}
        try:
            connected = self._client()
            if not connected.vertexai:
                model = connected.path(asked.model)
                counted = {"generateContentRequest": {"model": model, **counted}}
            response = connected.send(asked._replace(body=counted))
            self._check(response)
            return int(loads(response.content)["totalTokens"])
        except Exception as exc:
            raise self._failure(exc) from exc

    # What the base class calls.

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        response = self._client().send(self._asked(_ANSWER, messages, stop, kwargs))
        self._check(response)
        return self._read_whole(response.content)

    async def _agenerate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        asked = self._asked(_ANSWER, messages, stop, kwargs)
        response = await (await self._aclient()).send(asked)
        self._check(response)
        return self._read_whole(response.content)

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> Generator[AIMessageChunk, None, None]:
        answer = Answer()
        response = self._client().send(self._asked(STREAM, messages, stop, kwargs))
        with closing(response):
            if not response.is_success:
                response.read()
            self._check(response)
            with closing(read_events(response)) as events:
                for event in events:
                    if (chunk := self._read(event.data, answer)) is not None:
                        yield chunk
        yield self._last(answer)

    async def _astream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AsyncGenerator[AIMessageChunk, None]:
        asked = self._asked(STREAM, messages, stop, kwargs)
        answer = Answer()
        response = await (await self._aclient()).send(asked)
        try:
            if not response.is_success:
                await response.aread()
            self._check(response)
            async with aclosing(aread_events(response)) as events:
                async for event in events:
                    if (chunk := self._read(event.data, answer)) is not None:
                        yield chunk
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()
        yield self._last(answer)

    def _model_error(self, exc: Exception) -> ModelError | None:
        who = self.get_name()
        if type(exc).__module__.startswith("google.auth"):
            return AuthenticationError(f"{who} has no credentials for Vertex AI: {exc}")
        return transport_error(who, exc)

    # The request. The SDK knows where the API is and who asks; bodies are written and answers read
    # here: it makes objects of both, and its asynchronous side runs on asyncio alone.

    def _asked(
        self,
        verb: str,
        messages: list[BaseMessage],
        stop: list[str] | None,
        options: Mapping[str, Any],
    ) -> Asked:
        check_options(self.get_name(), options, _KNOWN)
        fields = {name: getattr(self, name) for name in _REQUEST_FIELDS}
        said = {_OTHER_WORDS.get(key, key): value for key, value in options.items()}
        if stop is not None:
            said["stop_sequences"] = stop
        said = {**fields, **said}
        said = {key: value for key, value in said.items() if value is not None}
        model, timeout = said.pop("model", self.model), said.pop("timeout", None)
        body = {**written_options(said), **written_messages(messages)}
        return Asked(model, verb, _updated(body, self.model_kwargs), timeout)

    # The connections.

    def _settings(self) -> Settings:
        key = None if self.api_key is None else self.api_key.get_secret_value()
        where = (self.vertexai, self.project, self.location, self.base_url, self.api_version)
        headers = tuple((self.default_headers or {}).items())
        return Settings(self.get_name(), key, Same(self.credentials), *where, headers)

    def _client(self) -> Connected:
        settings = self._settings()
        client: Connected = self._clients.get(settings, settings.client)
        return client

    async def _aclient(self) -> AsyncConnected:
        settings = self._settings()
        client: AsyncConnected = await self._clients.aget(settings, settings.aclient)
        return client

    # The answer.

    def _check(self, response: Any) -> None:
        if not response.is_success:
            raise self._refusal(response.status_code, response.content, response)

    def _refusal(self, status: int, body: bytes, response: Any = None) -> ModelError:
        """Give the error for what the API refuses, whose cause is that of the SDK."""
        from google.genai import errors

        told, message = _told(body)
        kind = errors.ClientError if status < 500 else errors.ServerError
        cause = kind(status, {"error": told or {"message": message}}, response)
        headers = {} if response is None else {**response.headers}
        for detail in filter(is_object, told.get("details") or ()):
            if detail.get("reason") == "API_KEY_INVALID":
                status = 401  # the API says 400
            if "retryDelay" in detail:
                headers.setdefault("retry-after", str(detail["retryDelay"]).removesuffix("s"))
        error = status_error(
            self.get_name(), status, message, code=told.get("status"), headers=headers
        )
        error.__cause__ = cause
        return error

    def _read_whole(self, body: bytes) -> AIMessage:
        try:
            message, filtered = read_message(loads(body))
        except NOT_OF_THE_API as exc:
            raise self._not_of_the_api(body) from exc
        if filtered is not None:
            raise ContentFilterError(
                f"{self.get_name()} does not answer: {filtered}", partial=message
            )
        return message

    def _read(self, data: bytes, answer: Answer) -> AIMessageChunk | None:
        try:
            said = loads(data)
            if "error" not in said:
                return answer.chunk(said)
            status = int(said["error"].get("code") or 500)
        except NOT_OF_THE_API as exc:
            raise self._not_of_the_api(data) from exc
        raise self._refusal(status, data)

    def _last(self, answer: Answer) -> AIMessageChunk:
        self._check_ended(answer)
        if answer.filtered is not None:
            raise ContentFilterError(f"{self.get_name()} does not answer: {answer.filtered}")
        return answer.last()


def _updated(body: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Give the body with more fields, those inside of objects too."""
    whole = dict(body)
    for key, value in more.items():
        there = whole.get(key)
        if is_object(there) and is_object(value):
            value = _updated(there, value)
        whole[key] = value
    return whole


def _told(body: bytes) -> tuple[dict[str, Any], str]:
    """Give the error that a refusal tells, and its message."""
    try:
        said = loads(body)
    except ValueError:
        said = None
    if is_array(said) and said:  # so it comes where a stream was asked for
        said = said[0]
    error = said.get("error") if is_object(said) else None
    if is_object(error):
        return error, str(error.get("message") or json.dumps(error))
    return {}, body.decode(errors="replace") or "nothing more"
