"""`ChatOpenAI`: OpenAI's models, and the many servers that speak OpenAI's API."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, cast
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    BaseModel,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    model_validator,
)

from .._orjson import loads
from ..errors import MissingExtraError, ModelError, UnsupportedError
from ..messages import AIMessage, AIMessageChunk, BaseMessage
from ..messages.shapes import is_object
from ..tools import convert_to_openai_function
from ._openai_chat import ChatAnswer, chat_messages, chat_options, read_completion
from ._openai_clients import (
    ACaller,
    Caller,
    KeyProvider,
    Request,
    awaitable,
    made,
    model_error,
    options_of_chat,
    options_of_responses,
    sdk_error,
)
from ._openai_responses_answer import LAST_EVENTS, ResponsesAnswer, read_response, settled
from ._openai_responses_request import responses_input, responses_options
from ._options import check_options
from ._provider import NOT_OF_THE_API, ProviderChatModel
from ._sse import ServerEvent, aread_events, read_events
from .profile import StructureMethod

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI, OpenAI

__all__ = ["ChatOpenAI"]

# The fields that are a part of each request.
_REQUEST_FIELDS = (
    *("temperature", "top_p", "max_tokens", "max_completion_tokens", "stop", "seed"),
    *("presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs"),
    *("reasoning_effort", "reasoning", "verbosity", "service_tier", "store", "include"),
    *("truncation", "extra_body"),
)
# What only the Responses API has: a request with one of these goes there.
_RESPONSES_ONLY = frozenset(
    {
        *("background", "conversation", "include", "instructions", "max_output_tokens"),
        *("max_tool_calls", "previous_response_id", "prompt", "reasoning", "text", "truncation"),
    }
)


class _Api(NamedTuple):
    """One of the two APIs: where it is, and what reads its answers."""

    path: str
    read: Callable[[Mapping[str, Any]], AIMessage]
    answer: Callable[[], ChatAnswer | ResponsesAnswer]


_CHAT = _Api("/chat/completions", read_completion, ChatAnswer)
_RESPONSES = _Api("/responses", read_response, ResponsesAnswer)


class ChatOpenAI(ProviderChatModel):
    """OpenAI's models, and servers that speak its API (extra `openai`).

        chat = ChatOpenAI(model="gpt-5-mini")
        for chunk in chat.stream("Write me a 1 verse song about goldfish on the moon"):
            print(chunk.text, end="", flush=True)

    With `base_url`, it talks to vLLM, llama.cpp, LM Studio, Ollama, OpenRouter and others. Requests
    go to chat completions, or to the Responses API if they need it: for tools that the provider
    runs, summaries of thoughts, or answers that it remembers. The content of an answer is text
    there, and a list of standard blocks here. A call takes every option of both APIs.

    Attributes:
        model: The model's name at the provider.
        temperature: 0 for the likeliest answer.
        top_p: Choose among the likeliest tokens that have this probability together.
        max_tokens: The most tokens of an answer. OpenAI gets it as `max_completion_tokens`, which
            counts thoughts too; other servers as it is, for not all of them know that name.
        max_completion_tokens: The same, under this name everywhere.
        stop: Texts that end the answer, and are not a part of it.
        seed: With the same seed, the same prompt mostly has the same answer.
        presence_penalty: Above 0, what was said becomes less likely.
        frequency_penalty: Above 0, what was said often becomes less likely.
        logit_bias: How much likelier tokens become, by their numbers.
        logprobs: Whether `response_metadata` says how likely each token was.
        top_logprobs: How many other tokens it names at each place.
        reasoning_effort: How hard the model thinks: "low", "medium", "high" ...
        reasoning: Effort and summaries, such as `{"effort": "low", "summary": "auto"}`.
        verbosity: How long answers are: "low", "medium" or "high".
        service_tier: "flex", "priority" ...: slower and cheaper, or the reverse.
        store: Whether the provider keeps the answer.
        include: More to be sent, such as `["reasoning.encrypted_content"]`.
        truncation: "auto" to leave out what is too long for the model.
        use_responses_api: True or False; None: if a request needs it.
        use_previous_response_id: Send what follows the last answer, which the provider remembers.
        stream_usage: Whether streams say how many tokens they took, at their end.
        api_key: The key, or a function that gives one; None: that of OPENAI_API_KEY.
        base_url: Where the API is; None: at OpenAI, or where OPENAI_BASE_URL says.
        organization: Who pays; None: that of OPENAI_ORG_ID.
        default_headers: More headers of each request.
        default_query: More parameters in the URL of each request.
        model_kwargs: More fields of each request, by the names of the API.
        extra_body: More fields of each request, which the API need not know.
        http_client: An `httpx2.Client` in place of one of our own, for proxies and certificates.
            Who made it closes it.
        http_async_client: An `httpx2.AsyncClient` for asynchronous calls.

    Raises:
        MissingExtraError: The package openai is not installed.
        AuthenticationError: A call without a key, or with one that is refused.
        ContextLengthError: A call whose prompt is longer than the model's context.
        ContentFilterError: A call that the provider will not answer.
        BadRequestError: A call that the API refuses.
        RateLimitError: Too many calls; `retry_after` says when to come back.
        OverloadedError: The API is too busy, or broken.
        ConnectionError: The API was not reached, or a stream ended before its message.
        TimeoutError: The answer, or the next piece of it, took longer than `timeout`.
        UnsupportedError: An option that the API of the request does not have.
    """

    _api: ClassVar[str] = "OpenAI's API"
    _binds_tools: ClassVar[bool] = True
    _structures_by: ClassVar[tuple[StructureMethod, ...]] = (
        *("json_schema", "function_calling", "json_mode"),
    )

    model: str = Field(validation_alias=AliasChoices("model", "model_name"))
    temperature: NonNegativeFloat | None = None
    top_p: float | None = Field(default=None, gt=0, le=1)
    max_tokens: PositiveInt | None = None
    max_completion_tokens: PositiveInt | None = None
    stop: list[str] | str | None = Field(
        default=None, validation_alias=AliasChoices("stop", "stop_sequences")
    )
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: dict[int, int] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = Field(default=None, ge=0)
    reasoning_effort: str | None = None
    reasoning: dict[str, Any] | None = None
    verbosity: str | None = None
    service_tier: str | None = None
    store: bool | None = None
    include: list[str] | None = None
    truncation: str | None = None
    use_responses_api: bool | None = None
    use_previous_response_id: bool = False
    stream_usage: bool = True
    api_key: SecretStr | KeyProvider | None = Field(
        default=None,
        validation_alias=AliasChoices("api_key", "openai_api_key"),
        repr=False,
        exclude=True,
    )
    base_url: str | None = Field(
        default=None, validation_alias=AliasChoices("base_url", "openai_api_base")
    )
    organization: str | None = Field(
        default=None, validation_alias=AliasChoices("organization", "openai_organization")
    )
    timeout: PositiveFloat | None = Field(
        default=None, validation_alias=AliasChoices("timeout", "request_timeout")
    )
    default_headers: dict[str, str] | None = Field(default=None, repr=False, exclude=True)
    default_query: dict[str, str] | None = None
    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    extra_body: dict[str, Any] | None = None
    http_client: Any = Field(default=None, repr=False, exclude=True)
    http_async_client: Any = Field(default=None, repr=False, exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _read_output_version(cls, given: Any) -> Any:
        # LCEL's word for the Responses API. Its answers are standard blocks in any case.
        if is_object(given) and given.get("output_version") == "responses/v1":
            rest = {key: value for key, value in given.items() if key != "output_version"}
            return {"use_responses_api": True, **rest}
        return given

    @model_validator(mode="after")
    def _is_installed(self) -> Self:
        if importlib.util.find_spec("openai") is None:
            raise MissingExtraError(type(self).__name__, "openai", "openai")
        return self

    @property
    def model_name(self) -> str:
        """The model's name at the provider, as LCEL calls it."""
        return self.model

    # What the base class calls.

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        caller = self._caller()
        api, request = self._request(messages, stop, kwargs, stream=False)
        return self._read_whole(api, caller.post(request, stream=False))

    async def _agenerate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        caller = await self._acaller()
        api, request = self._request(messages, stop, kwargs, stream=False)
        return self._read_whole(api, await caller.post(request, stream=False))

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> Generator[AIMessageChunk, None, None]:
        caller = self._caller()
        api, request = self._request(messages, stop, kwargs, stream=True)
        answer = api.answer()
        response = caller.post(request, stream=True)
        with closing(read_events(response, b"[DONE]", last_names=LAST_EVENTS)) as events:
            for event in events:
                if (chunk := self._read(event, answer, response)) is not None:
                    yield chunk
        yield self._last_chunk(answer)

    async def _astream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AsyncGenerator[AIMessageChunk, None]:
        caller = await self._acaller()
        api, request = self._request(messages, stop, kwargs, stream=True)
        answer = api.answer()
        response = await caller.post(request, stream=True)
        async with aclosing(aread_events(response, b"[DONE]", last_names=LAST_EVENTS)) as events:
            async for event in events:
                if (chunk := self._read(event, answer, response)) is not None:
                    yield chunk
        yield self._last_chunk(answer)

    def _settled(self, message: AIMessage) -> AIMessage:
        return settled(message)

    def _model_error(self, exc: Exception) -> ModelError | None:
        return model_error(self.get_name(), exc)

    # The request.

    def _request(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        options: Mapping[str, Any],
        *,
        stream: bool,
    ) -> tuple[_Api, Request]:
        known = options_of_chat() | options_of_responses() | self.model_kwargs.keys()
        check_options(self.get_name(), options, known)
        fields = {name: getattr(self, name) for name in _REQUEST_FIELDS}
        said: dict[str, Any] = {"model": self._model_sent(), **fields}
        said.update({**self.model_kwargs, **options})
        if stop is not None:
            said["stop"] = stop
        said = {key: value for key, value in said.items() if value is not None}
        of_http = {"extra_headers": "headers", "extra_query": "params", "timeout": "timeout"}
        sent = {theirs: said.pop(ours) for ours, theirs in of_http.items() if ours in said}
        more: dict[str, Any] = said.pop("extra_body", {})
        if isinstance(wanted := said.get("response_format"), type):
            said["response_format"] = _schema_format(wanted)
        if self._needs_responses(said):
            api, body = _RESPONSES, self._responses_body(messages, said)
        else:
            api, body = _CHAT, self._chat_body(messages, said, stream=stream)
        if stream:
            body["stream"] = True
        return api, Request(api.path, {**body, **more}, sent)

    def _needs_responses(self, said: Mapping[str, Any]) -> bool:
        if self.use_responses_api is not None:
            return self.use_responses_api
        if self.use_previous_response_id or not said.keys().isdisjoint(_RESPONSES_ONLY):
            return True
        return any(tool.get("type") not in ("function", "custom") for tool in said.get("tools", ()))

    def _chat_body(
        self, messages: list[BaseMessage], said: Mapping[str, Any], *, stream: bool
    ) -> dict[str, Any]:
        body = chat_options(said, is_openai=self._is_openai())
        self._check_known(body, options_of_chat(), "use_responses_api=True")
        body["messages"] = chat_messages(messages)
        if stream and self.stream_usage:
            body["stream_options"] = {"include_usage": True, **said.get("stream_options", {})}
        return body

    def _responses_body(
        self, messages: list[BaseMessage], said: Mapping[str, Any]
    ) -> dict[str, Any]:
        body = responses_options(said, is_openai=self._is_openai())
        self._check_known(body, options_of_responses(), "use_responses_api=False")
        if self.use_previous_response_id and (known := _answered(messages)):
            body["previous_response_id"], messages = known
        body["input"] = responses_input(messages, stored=said.get("store") is not False)
        return body

    def _check_known(self, body: dict[str, Any], known: frozenset[str], other: str) -> None:
        if unknown := body.keys() - known - self.model_kwargs.keys():
            which = "chat completions have" if other.endswith("True") else "Responses API has"
            raise UnsupportedError(
                f"OpenAI's {which} no {min(unknown)!r}. Leave it out, or ask the other API with "
                f"{type(self).__name__}({other})."
            )

    def _model_sent(self) -> str:
        return self.model

    def _is_openai(self) -> bool:
        url = self.base_url or os.environ.get("OPENAI_BASE_URL")
        host = urlsplit(url).hostname if url else None
        return not url or f".{host}".endswith(".api.openai.com")

    # The connections.

    def _caller(self) -> Caller:
        caller: Caller = self._clients.get(self._settings(), self._make_caller)
        return caller

    async def _acaller(self) -> ACaller:
        caller: ACaller = await self._clients.aget(self._settings(), self._make_acaller)
        return caller

    def _settings(self) -> tuple[object, ...]:
        """Give what the SDK's clients are made of; those made of the same are the same."""
        return (
            self.api_key,
            self.base_url,
            self.organization,
            self.timeout,
            tuple((self.default_headers or {}).items()),
            tuple((self.default_query or {}).items()),
            self.http_client,
            self.http_async_client,
        )

    def _make_caller(self) -> Caller:
        kind, _ = self._sdk()
        lent = self.http_client
        arguments = self._client_arguments(asynchronous=False)
        return Caller(made(kind, {**arguments, "http_client": lent}), is_lent=lent is not None)

    def _make_acaller(self) -> ACaller:
        _, kind = self._sdk()
        options_of_chat()  # imports the rest, here in a worker thread rather than in the loop
        options_of_responses()
        lent = self.http_async_client
        arguments = self._client_arguments(asynchronous=True)
        for name, value in arguments.items():
            if callable(value):
                arguments[name] = awaitable(cast("KeyProvider", value))
        return ACaller(made(kind, {**arguments, "http_client": lent}), is_lent=lent is not None)

    def _sdk(self) -> tuple[type[OpenAI], type[AsyncOpenAI]]:
        """Give the classes of the clients, for threads and for event loops."""
        import openai

        return openai.OpenAI, openai.AsyncOpenAI

    def _client_arguments(self, *, asynchronous: bool) -> dict[str, Any]:
        """Give the arguments of a client."""
        key: Any = self.api_key
        if isinstance(key, SecretStr):
            key = key.get_secret_value()
        if key is None and not self._is_openai() and not os.environ.get("OPENAI_API_KEY"):
            key = "none"  # for a server of one's own, which wants none
        arguments = {
            "api_key": key,
            "base_url": self.base_url,
            "organization": self.organization,
            "default_headers": self.default_headers,
            "default_query": self.default_query,
        }
        return arguments if self.timeout is None else {**arguments, "timeout": self.timeout}

    # The answer.

    def _read_whole(self, api: _Api, response: httpx2.Response) -> AIMessage:
        try:
            said = loads(response.content)
            if not said.get("error"):
                return api.read(said)
        except NOT_OF_THE_API as exc:
            raise self._not_of_the_api(response.content) from exc
        raise sdk_error(said["error"], response)

    def _read(
        self, event: ServerEvent, answer: ChatAnswer | ResponsesAnswer, response: httpx2.Response
    ) -> AIMessageChunk | None:
        try:
            chunk = answer.chunk(loads(event.data))
        except NOT_OF_THE_API as exc:
            raise self._not_of_the_api(event.data) from exc
        if answer.failed is not None:
            raise sdk_error(answer.failed, response)
        return chunk

    def _last_chunk(self, answer: ChatAnswer | ResponsesAnswer) -> AIMessageChunk:
        self._check_ended(answer)
        return answer.end()


def _schema_format(wanted: type[BaseModel]) -> dict[str, Any]:
    function = convert_to_openai_function(wanted, strict=True)
    schema = {"name": function["name"], "schema": function["parameters"], "strict": True}
    return {"type": "json_schema", "json_schema": schema}


def _answered(messages: list[BaseMessage]) -> tuple[str, list[BaseMessage]] | None:
    """Give the id of the last answer, and what follows it, if the provider can know it."""
    for i in range(len(messages), 0, -1):
        id = messages[i - 1].response_metadata.get("id")
        if isinstance(messages[i - 1], AIMessage) and str(id).startswith("resp_"):
            return str(id), messages[i:]
    return None
