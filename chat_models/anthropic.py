"""`ChatAnthropic`: Claude, and whatever else speaks Anthropic's Messages API."""

from __future__ import annotations

import importlib.util
import inspect
import os
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import aclosing, closing
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeVar

from pydantic import (
    AliasChoices,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    SecretStr,
    model_validator,
)

from .._orjson import loads
from ..errors import (
    AuthenticationError,
    ConnectionError,
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
from ..messages.shapes import is_object
from ..runnables import Runnable, acollect
from ..tools import ToolLike, convert_to_anthropic_tool
from ._anthropic_answer import Answer, read_message, settled
from ._anthropic_request import answers_in_blocks, thinks, written_messages, written_options
from ._http_errors import status_error, transport_error
from ._options import check_options
from ._provider import NOT_OF_THE_API, ProviderChatModel
from ._sse import ServerEvent, aread_events, read_events
from .base import LanguageModelInput
from .profile import StructureMethod

if TYPE_CHECKING:
    from anthropic import Anthropic, AsyncAnthropic

__all__ = ["ChatAnthropic"]

Client = TypeVar("Client", "Anthropic", "AsyncAnthropic")

# The fields that are a part of each request. The SDK's own functions do not take all of them.
_REQUEST_FIELDS = (
    *("model", "max_tokens", "temperature", "top_p", "top_k", "stop_sequences"),
    *("thinking", "effort", "betas", "timeout"),
)
_OWN_OPTIONS = frozenset({*_REQUEST_FIELDS, "response_format", "parallel_tool_calls"})
# What a count of tokens takes of a request.
_COUNTED = frozenset({"model", "messages", "system", "tools", "tool_choice", "thinking", "timeout"})
# The SDK refuses to wait for more without a stream: that takes longer than ten minutes.
_MOST_WITHOUT_STREAM = 21_333
_LAST_EVENTS = frozenset({"message_stop"})


def _key_in_environment() -> SecretStr | None:
    key = os.environ.get("ANTHROPIC_API_KEY")
    return SecretStr(key) if key else None


class ChatAnthropic(ProviderChatModel):
    """Claude by Anthropic's Messages API (extra `anthropic`).

        chat = ChatAnthropic(model="claude-sonnet-4-5", max_tokens=1000)
        for chunk in chat.stream("Write me a 1 verse song about goldfish on the moon"):
            print(chunk.text, end="", flush=True)

    The answer is text; with tools, thinking, documents to cite or servers of tools it is a list of
    blocks in the API's own shapes, whose `index` says which pieces of a stream belong together.
    These go back to the API as they came. A call takes every option of the API, and those of the
    fields in its own way.

    Attributes:
        model: The model's name at the provider.
        max_tokens: The most tokens of an answer, thoughts included.
        temperature: 0 for the likeliest answer.
        top_p: Choose among the likeliest tokens that have this probability together.
        top_k: Choose among that many of the likeliest tokens.
        stop_sequences: Texts that end the answer, and are not a part of it.
        thinking: Whether the model may think, such as `{"type": "enabled", "budget_tokens": 2000}`.
        effort: How hard it tries: "low", "medium", "high" ...
        betas: Names of features that are not for everybody yet.
        api_key: The key; None: that of ANTHROPIC_API_KEY, or what else the SDK finds.
        base_url: Where the API is; None: at Anthropic, or where ANTHROPIC_BASE_URL says.
        default_headers: More headers of each request.
        model_kwargs: More fields of each request, also those that are not known here.

    Raises:
        MissingExtraError: The package anthropic is not installed.
        AuthenticationError: A call without a key, or with one that is refused.
        ContextLengthError: A call whose prompt is longer than the model's context.
        BadRequestError: A call that the API refuses.
        RateLimitError: Too many calls; `retry_after` says when to come back.
        OverloadedError: The API is too busy, or broken.
        ConnectionError: The API was not reached, or a stream ended before its message.
        TimeoutError: The answer, or the next piece of it, took longer than `timeout`.
    """

    _api: ClassVar[str] = "the Messages API"
    _binds_tools: ClassVar[bool] = True
    _structures_by: ClassVar[tuple[StructureMethod, ...]] = ("function_calling", "json_schema")

    model: str = Field(validation_alias=AliasChoices("model", "model_name"))
    max_tokens: NonNegativeInt = Field(
        default=4096, validation_alias=AliasChoices("max_tokens", "max_tokens_to_sample")
    )
    temperature: NonNegativeFloat | None = None
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: NonNegativeInt | None = None
    stop_sequences: list[str] | None = Field(
        default=None, validation_alias=AliasChoices("stop_sequences", "stop")
    )
    thinking: dict[str, Any] | None = None
    effort: str | None = None
    betas: list[str] | None = None
    api_key: SecretStr | None = Field(
        default_factory=_key_in_environment,
        validation_alias=AliasChoices("api_key", "anthropic_api_key"),
        repr=False,
        exclude=True,
    )
    base_url: str | None = Field(
        default=None, validation_alias=AliasChoices("base_url", "anthropic_api_url")
    )
    timeout: PositiveFloat | None = Field(
        default=None, validation_alias=AliasChoices("timeout", "default_request_timeout")
    )
    default_headers: dict[str, str] | None = Field(default=None, repr=False, exclude=True)
    model_kwargs: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_installed(self) -> Self:
        if importlib.util.find_spec("anthropic") is None:
            raise MissingExtraError("ChatAnthropic", "anthropic", "anthropic")
        return self

    def bind_tools(
        self, tools: Sequence[ToolLike], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        # In the API's own form at once, which says more than OpenAI's, such as what is cached.
        strict = kwargs.pop("strict", None)
        kwargs["tools"] = [convert_to_anthropic_tool(tool, strict=strict) for tool in tools]
        if tool_choice is not None:
            kwargs["tool_choice"] = tool_choice
        return self.bind(**kwargs)

    def get_num_tokens_from_messages(
        self, messages: Sequence[MessageLikeRepresentation], tools: Sequence[Any] | None = None
    ) -> int:
        """Ask the API how many tokens these messages and tools take; the answer costs nothing."""
        options = {"tools": tools} if tools else {}
        request = self._request(convert_to_messages(messages), None, options)
        counted = {key: value for key, value in request.items() if key in _COUNTED}
        try:
            return self._client().messages.count_tokens(**counted).input_tokens
        except Exception as exc:
            raise self._failure(exc) from exc

    # What the base class calls.

    def _structure_method(self, asked: StructureMethod | None) -> StructureMethod:
        # The API lets nobody make a model call a tool that may think first.
        if asked is None and thinks(self.thinking):
            return "json_schema"
        return super()._structure_method(asked)

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        request = self._request(messages, stop, kwargs)
        if self._takes_long(request):
            return super()._generate(messages, stop, **kwargs)
        api = _messages_api(self._client(), request)
        return self._read_whole(api.with_raw_response.create(**request).http_response.content)

    async def _agenerate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        client = await self._aclient()
        request = self._request(messages, stop, kwargs)
        if self._takes_long(request):
            return self._whole(await acollect(self._astream(messages, stop, **kwargs)))
        api = _messages_api(client, request)
        response = await api.with_raw_response.create(**request)
        return self._read_whole(response.http_response.content)

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> Generator[AIMessageChunk, None, None]:
        request = self._request(messages, stop, kwargs)
        answer = Answer(in_blocks=answers_in_blocks(request))
        api = _messages_api(self._client(), request)
        with api.with_streaming_response.create(**request, stream=True) as response:
            http = response.http_response
            with closing(read_events(http, last_names=_LAST_EVENTS)) as events:
                for event in events:
                    if (chunk := self._read(event, answer, http)) is not None:
                        yield chunk
        self._check_ended(answer)

    async def _astream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AsyncGenerator[AIMessageChunk, None]:
        client = await self._aclient()
        request = self._request(messages, stop, kwargs)
        answer = Answer(in_blocks=answers_in_blocks(request))
        api = _messages_api(client, request)
        async with api.with_streaming_response.create(**request, stream=True) as response:
            http = response.http_response
            async with aclosing(aread_events(http, last_names=_LAST_EVENTS)) as events:
                async for event in events:
                    if (chunk := self._read(event, answer, http)) is not None:
                        yield chunk
        self._check_ended(answer)

    def _settled(self, message: AIMessage) -> AIMessage:
        return settled(message)

    def _model_error(self, exc: Exception) -> ModelError | None:
        import anthropic

        who = self.get_name()
        if isinstance(exc, anthropic.APIStatusError):
            return _told_error(who, exc.status_code, exc.body, exc.response.headers)
        if isinstance(exc, anthropic.APIConnectionError) and isinstance(exc.__cause__, Exception):
            return transport_error(who, exc.__cause__) or ConnectionError(f"{who}: {exc}")
        if isinstance(exc, anthropic.CredentialsError):
            return AuthenticationError(f"{who} has no key: {exc}")
        return transport_error(who, exc)

    # The request.

    def _request(
        self, messages: list[BaseMessage], stop: list[str] | None, options: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Give the arguments for the SDK's `create`."""
        plain, beta = _options_of_sdk()
        known = plain | beta
        check_options(self.get_name(), options, (known | _OWN_OPTIONS) - {"messages", "stream"})
        fields = {name: getattr(self, name) for name in _REQUEST_FIELDS}
        said = {**fields, **self.model_kwargs, **options}
        if stop is not None:
            said["stop_sequences"] = stop
        said = written_options({key: value for key, value in said.items() if value is not None})
        # What the SDK's function does not take goes into the body as it is.
        body = {key: said.pop(key) for key in [*said] if key not in known}
        if body:
            said["extra_body"] = {**body, **said.get("extra_body", {})}
        return {**said, **written_messages(messages)}

    def _takes_long(self, request: Mapping[str, Any]) -> bool:
        return "timeout" not in request and request["max_tokens"] > _MOST_WITHOUT_STREAM

    # The connections.

    def _settings(self) -> _Settings:
        key = None if self.api_key is None else self.api_key.get_secret_value()
        return _Settings(key, self.base_url, tuple((self.default_headers or {}).items()))

    def _client(self) -> Anthropic:
        settings = self._settings()
        client: Anthropic = self._clients.get(settings, settings.client)
        return client

    async def _aclient(self) -> AsyncAnthropic:
        settings = self._settings()
        client: AsyncAnthropic = await self._clients.aget(settings, settings.aclient)
        return client

    # The answer.

    def _read_whole(self, body: bytes) -> AIMessage:
        try:
            return read_message(loads(body))
        except NOT_OF_THE_API as exc:
            raise self._not_of_the_api(body) from exc

    def _read(self, event: ServerEvent, answer: Answer, response: Any) -> AIMessageChunk | None:
        try:
            said = loads(event.data)
            if said["type"] != "error":
                return answer.chunk(said)
        except NOT_OF_THE_API as exc:
            raise self._not_of_the_api(event.data) from exc
        raise _sdk_error(said, response)


class _Settings(NamedTuple):
    """What the clients of the SDK are made with; those made with the same are the same."""

    api_key: str | None
    base_url: str | None
    headers: tuple[tuple[str, str], ...]

    def client(self) -> Anthropic:
        from anthropic import Anthropic

        return _with_key(Anthropic(**self._arguments()))

    def aclient(self) -> AsyncAnthropic:
        from anthropic import AsyncAnthropic

        _options_of_sdk()  # imports the rest, here in a worker thread rather than in the loop
        return _with_key(AsyncAnthropic(**self._arguments()))

    def _arguments(self) -> dict[str, Any]:
        # To try again is the business of the base class.
        where = {"api_key": self.api_key, "base_url": self.base_url, "max_retries": 0}
        return {**where, "default_headers": dict(self.headers)}


def _with_key(client: Client) -> Client:
    """Check that the SDK has found a key, or one of its other ways to say who asks."""
    if not (client.api_key or client.auth_token or client.credentials):
        raise AuthenticationError(
            "ChatAnthropic has no key. Give it api_key=..., or set ANTHROPIC_API_KEY."
        )
    return client


def _messages_api(client: Any, request: Mapping[str, Any]) -> Any:
    """Give the part of the SDK that takes this request: the beta one knows more options."""
    plain, _ = _options_of_sdk()
    return client.beta.messages if request.keys() - plain else client.messages


@cache
def _options_of_sdk() -> tuple[frozenset[str], frozenset[str]]:
    """Give the names of the arguments that the SDK's functions take, the plain and the beta one."""
    from anthropic.resources.beta.messages import Messages as BetaMessages
    from anthropic.resources.messages import Messages

    plain = inspect.signature(Messages.create).parameters.keys()
    beta = inspect.signature(BetaMessages.create).parameters.keys()
    return frozenset(plain - {"self"}), frozenset(beta - {"self"})


def _sdk_error(said: Mapping[str, Any], response: Any) -> Exception:
    """Give the SDK's exception for an error in mid-stream, where the status was 200."""
    import anthropic

    return anthropic.APIStatusError(str(said.get("error")), response=response, body=said)


# An error in mid-stream has no status of its own, but the word that goes with one.
# Source: Anthropic API reference, "Errors".
_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


def _told_error(who: str, status: int, body: object, headers: Mapping[str, str]) -> ModelError:
    error = body.get("error") if is_object(body) else None
    if not is_object(error):
        return status_error(who, status, str(body or "nothing more"), headers=headers)
    code, message = str(error.get("type")), str(error.get("message"))
    if status < 400:
        status = _STATUS.get(code, 500)
    return status_error(who, status, message, code=code, headers=headers)
