"""`ChatOllama`: models that an Ollama server runs, on this machine or another."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, NoReturn, Self

from pydantic import (
    AliasChoices,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    SecretStr,
    model_validator,
)

from .._orjson import dumps, loads
from ..errors import MissingExtraError, ModelError
from ..messages import AIMessage, AIMessageChunk, BaseMessage
from ..messages.shapes import is_object
from ._http_errors import status_error, transport_error
from ._json_lines import aread_lines, read_lines
from ._ollama_answer import Answer, read_message
from ._ollama_request import BODY_OPTIONS, MODEL_OPTIONS, written_messages, written_options
from ._options import check_options
from ._provider import NOT_OF_THE_API, ProviderChatModel
from .profile import StructureMethod

if TYPE_CHECKING:
    from ollama import AsyncClient, Client

__all__ = ["ChatOllama"]

# The fields that are a part of each request.
_REQUEST_FIELDS = (
    *("model", "think", "format", "keep_alive", "logprobs", "top_logprobs", "timeout", "options"),
    *("temperature", "top_k", "top_p", "min_p", "seed", "stop", "num_ctx", "num_predict"),
    *("num_gpu", "num_thread", "repeat_last_n", "repeat_penalty"),
)
_KNOWN = (
    BODY_OPTIONS
    | MODEL_OPTIONS
    | {"tool_choice", "response_format", "timeout", "max_tokens", "reasoning"}
)
# Words that other providers have for the same.
_OTHER_WORDS = {"max_tokens": "num_predict", "reasoning": "think"}


def _key_in_environment() -> SecretStr | None:
    key = os.environ.get("OLLAMA_API_KEY")
    return SecretStr(key) if key else None


class ChatOllama(ProviderChatModel):
    """A model that an Ollama server runs (extra `ollama`).

        chat = ChatOllama(model="llama3.2", temperature=0.7, num_ctx=8192)
        for chunk in chat.stream("Write me a 1 verse song about goldfish on the moon"):
            print(chunk.text, end="", flush=True)

    The answer is text; what the model thinks stands apart from it, in `content_blocks`. A call
    takes every option of the API, and those of the fields in its own way. A model can be kept from
    calling tools, and cannot be made to: `tool_choice` is a wish.

    Attributes:
        model: The name of the model, as `ollama list` shows it.
        think: Whether the model is to think before it answers, or how hard: "low", "high" ...
        format: Makes every answer JSON: "json", or a JSON schema.
        keep_alive: How long the model stays loaded: seconds, or a text such as "10m"; -1: always.
        temperature: 0 for the likeliest answer.
        top_k: Choose among that many of the likeliest tokens.
        top_p: Choose among the likeliest tokens that have this probability together.
        min_p: Choose among tokens that are at least this likely, compared with the likeliest.
        seed: With the same seed, the same prompt has the same answer.
        stop: Texts that end the answer, and are not a part of it.
        num_ctx: How many tokens prompt and answer may have together. The server cuts longer
            prompts off, unless a call says `truncate=False`.
        num_predict: The most tokens of an answer; -1: up to the end of the context.
        num_gpu: How many layers run on the GPU.
        num_thread: How many threads compute.
        repeat_last_n: How far back words count as said; -1: all.
        repeat_penalty: Above 1, words that were said become less likely.
        logprobs: Whether the answer tells how likely its tokens were.
        top_logprobs: How many other tokens it tells at each place.
        options: More of the server's options, also those that are not known here.
        api_key: The key, for a server that wants one; None: that of OLLAMA_API_KEY.
        base_url: Where the server is; None: where OLLAMA_HOST says, or on this machine.
        default_headers: More headers of each request.
        model_kwargs: More fields of each request, also those that are not known here.

    Raises:
        MissingExtraError: The package ollama is not installed.
        AuthenticationError: A call that the server, or ollama.com, wants another key for.
        BadRequestError: A call that the server refuses; the model may not be there.
        ContextLengthError: A call whose prompt is longer than the model's context.
        OverloadedError: The server is too busy, or the model broke down.
        ConnectionError: The server was not reached, or a stream ended before its message.
        TimeoutError: The answer, or the next piece of it, took longer than `timeout`.
    """

    _api: ClassVar[str] = "Ollama"
    _binds_tools: ClassVar[bool] = True
    _structures_by: ClassVar[tuple[StructureMethod, ...]] = (
        "json_schema",
        "function_calling",
        "json_mode",
    )

    model: str = Field(validation_alias=AliasChoices("model", "model_name"))
    think: bool | str | None = Field(
        default=None, validation_alias=AliasChoices("think", "reasoning")
    )
    format: str | dict[str, Any] | None = None
    keep_alive: float | str | None = None
    temperature: NonNegativeFloat | None = None
    top_k: NonNegativeInt | None = None
    top_p: float | None = Field(default=None, gt=0, le=1)
    min_p: float | None = Field(default=None, ge=0, le=1)
    seed: int | None = None
    stop: list[str] | None = Field(
        default=None, validation_alias=AliasChoices("stop", "stop_sequences")
    )
    num_ctx: PositiveInt | None = None
    num_predict: int | None = Field(
        default=None, validation_alias=AliasChoices("num_predict", "max_tokens")
    )
    num_gpu: int | None = None
    num_thread: PositiveInt | None = None
    repeat_last_n: int | None = None
    repeat_penalty: NonNegativeFloat | None = None
    logprobs: bool | None = None
    top_logprobs: NonNegativeInt | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    api_key: SecretStr | None = Field(default_factory=_key_in_environment, repr=False, exclude=True)
    base_url: str | None = None
    default_headers: dict[str, str] | None = Field(default=None, repr=False, exclude=True)
    model_kwargs: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_installed(self) -> Self:
        if importlib.util.find_spec("ollama") is None:
            raise MissingExtraError("ChatOllama", "ollama", "ollama")
        return self

    # What the base class calls.

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        request = self._request(messages, stop, kwargs, stream=False)
        with self._asked(request) as response:
            return self._read_whole(response.read())

    async def _agenerate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        request = self._request(messages, stop, kwargs, stream=False)
        async with self._aasked(request) as response:
            return self._read_whole(await response.aread())

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> Generator[AIMessageChunk, None, None]:
        answer = Answer()
        with (
            self._asked(self._request(messages, stop, kwargs, stream=True)) as response,
            closing(read_lines(response, answer.has_ended)) as lines,
        ):
            for line in lines:
                if (chunk := self._read(line, answer)) is not None:
                    yield chunk
        self._check_ended(answer)

    async def _astream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AsyncGenerator[AIMessageChunk, None]:
        answer = Answer()
        async with (
            self._aasked(self._request(messages, stop, kwargs, stream=True)) as response,
            aclosing(aread_lines(response, answer.has_ended)) as lines,
        ):
            async for line in lines:
                if (chunk := self._read(line, answer)) is not None:
                    yield chunk
        self._check_ended(answer)

    def _model_error(self, exc: Exception) -> ModelError | None:
        return transport_error(self.get_name(), exc)

    # The request. The SDK knows where the server is and who asks; what it would do more is done
    # here. It cuts off what it does not know (the ids of calls, schemas inside of schemas), opens a
    # file if the text of an image happens to name one, and makes an object of every token.

    def _request(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None,
        options: Mapping[str, Any],
        *,
        stream: bool,
    ) -> dict[str, Any]:
        """Give the arguments for a request of the SDK's HTTP client."""
        check_options(self.get_name(), options, _KNOWN)
        fields = {name: getattr(self, name) for name in _REQUEST_FIELDS}
        said = {_OTHER_WORDS.get(key, key): value for key, value in options.items()}
        if stop is not None:
            said["stop"] = stop
        if "options" in said:
            said["options"] = {**self.options, **said["options"]}
        if "response_format" in said:
            fields.pop("format")
        said = {**fields, **self.model_kwargs, **said}
        said = {key: value for key, value in said.items() if value is not None}
        timeout = {"timeout": said.pop("timeout")} if "timeout" in said else {}
        body = {**written_options(said), "messages": written_messages(messages), "stream": stream}
        return {"method": "POST", "url": "/api/chat", "content": dumps(body), **timeout}

    @contextmanager
    def _asked(self, request: Mapping[str, Any]) -> Generator[Any, None, None]:
        client: Any = self._client()
        with client._client.stream(**request) as response:
            if not response.is_success:
                response.read()
                self._refuse(response)
            yield response

    @asynccontextmanager
    async def _aasked(self, request: Mapping[str, Any]) -> AsyncGenerator[Any, None]:
        client: Any = await self._aclient()
        async with client._client.stream(**request) as response:
            if not response.is_success:
                await response.aread()
                self._refuse(response)
            yield response

    def _refuse(self, response: Any) -> NoReturn:
        status, told = response.status_code, _told(response.content)
        raise status_error(self.get_name(), status, told, headers=response.headers) from _sdk_error(
            told, status
        )

    # The connections.

    def _settings(self) -> _Settings:
        key = None if self.api_key is None else self.api_key.get_secret_value()
        return _Settings(key, self.base_url, tuple((self.default_headers or {}).items()))

    def _client(self) -> Client:
        settings = self._settings()
        client: Client = self._clients.get(settings, settings.client)
        return client

    async def _aclient(self) -> AsyncClient:
        settings = self._settings()
        client: AsyncClient = await self._clients.aget(settings, settings.aclient)
        return client

    # The answer.

    def _read_whole(self, body: bytes) -> AIMessage:
        try:
            return read_message(loads(body))
        except NOT_OF_THE_API as exc:
            raise self._not_of_the_api(body) from exc

    def _read(self, line: bytes, answer: Answer) -> AIMessageChunk | None:
        try:
            said = loads(line)
            if "error" not in said:
                return answer.chunk(said)
        except NOT_OF_THE_API as exc:
            raise self._not_of_the_api(line) from exc
        # The status was 200 when the answer began.
        told = str(said["error"])
        raise status_error(self.get_name(), 500, told) from _sdk_error(told, 500)


class _Settings(NamedTuple):
    """What the clients of the SDK are made with; those made with the same are the same."""

    api_key: str | None
    base_url: str | None
    headers: tuple[tuple[str, str], ...]

    def client(self) -> Client:
        from ollama import Client

        return Client(self.base_url, headers=self._headers())

    def aclient(self) -> AsyncClient:
        from ollama import AsyncClient

        return AsyncClient(self.base_url, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        key = {"authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        return {**key, **{name.lower(): value for name, value in self.headers}}


def _told(body: bytes) -> str:
    """Give what a server that refuses a request says is wrong."""
    try:
        said = loads(body)
    except ValueError:
        said = None
    if is_object(said) and said.get("error"):
        return str(said["error"])
    return body.decode(errors="replace") or "nothing more"


def _sdk_error(told: str, status: int) -> Exception:
    from ollama import ResponseError

    error = ResponseError("", status)
    error.args, error.error = (told,), told  # it would read the text as JSON once more
    return error
