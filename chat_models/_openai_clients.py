"""OpenAI's SDK: its clients, the requests that they send, and what its exceptions mean.

The SDK signs and sends a request and checks the status; the body is read by levada. Its `post` is
what it documents for what it does not know, and so takes the fields of any server.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar, cast

import anyio.to_thread

from ..errors import AuthenticationError, ConnectionError, ModelError
from ..messages.shapes import is_object
from ._http_errors import transport_error
from ._openai_api import told_error

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI, OpenAI

__all__ = [
    "ACaller",
    "Caller",
    "KeyProvider",
    "Request",
    "awaitable",
    "made",
    "model_error",
    "options_of_chat",
    "options_of_responses",
    "sdk_error",
]

Client = TypeVar("Client")

KeyProvider: TypeAlias = Callable[[], str] | Callable[[], Awaitable[str]]
"""What gives a key, or a token in its place, whenever one is needed."""


class Request(NamedTuple):
    """What is sent: the path, the body, and the headers and such of this request alone."""

    path: str
    body: dict[str, Any]
    options: dict[str, Any]

    def arguments(self) -> dict[str, Any]:
        """Give the arguments of the SDK's `post`, for its response without a model of it."""
        import httpx2

        options = {"security": {"bearer_auth": True}, **self.options}
        return {
            "path": self.path,
            "body": self.body,
            "options": options,
            "cast_to": httpx2.Response,
        }


class Caller(NamedTuple):
    """The SDK's client of a pool of connections.

    Attributes:
        client: The client.
        is_lent: Whether the pool is the user's, who will close it.
    """

    client: OpenAI
    is_lent: bool

    def post(self, request: Request, *, stream: bool) -> httpx2.Response:
        """Send a request; of a stream, the body is not read."""
        response: httpx2.Response = self.client.post(**request.arguments(), stream=stream)
        return response

    def close(self) -> None:
        """Close the pool, if it is ours."""
        if not self.is_lent:
            self.client.close()


class ACaller(NamedTuple):
    """The SDK's client of a pool of connections of one event loop; see `Caller`."""

    client: AsyncOpenAI
    is_lent: bool

    async def post(self, request: Request, *, stream: bool) -> httpx2.Response:
        """Send a request; of a stream, the body is not read."""
        response: httpx2.Response = await self.client.post(**request.arguments(), stream=stream)
        return response

    async def close(self) -> None:
        """Close the pool, if it is ours."""
        if not self.is_lent:
            await self.client.close()


def made(kind: Callable[..., Client], arguments: Mapping[str, Any]) -> Client:
    """Make a client of the SDK; one without a key is refused there.

    Raises:
        AuthenticationError: There is no key, or more than one way to say who asks.
    """
    import openai

    try:
        # To try again is the business of the base class.
        return kind(**arguments, max_retries=0)
    except openai.OpenAIError as exc:
        raise AuthenticationError(f"{kind.__name__} of OpenAI's SDK cannot be made: {exc}") from exc


def awaitable(provider: KeyProvider) -> Callable[[], Awaitable[str]]:
    """Give a provider of keys for asynchronous use; one that may block runs in a thread."""
    if inspect.iscoroutinefunction(provider):
        return provider

    async def provide() -> str:
        key = await anyio.to_thread.run_sync(cast("Callable[[], Any]", provider))
        return str(await key if inspect.isawaitable(key) else key)

    return provide


# Its exceptions.


def sdk_error(error: object, response: httpx2.Response) -> Exception:
    """Give the SDK's exception for an error that came under the status 200."""
    import openai

    message = error.get("message") if is_object(error) else None
    return openai.APIError(str(message or error), response.request, body=error)


def model_error(who: str, exc: Exception) -> ModelError | None:
    """Give what an exception of the SDK means; None if it is none."""
    import openai

    if isinstance(exc, openai.APIStatusError):
        told = exc.body or exc.message
        return told_error(who, told, exc.status_code, exc.response.headers)
    if isinstance(exc, openai.APIConnectionError):
        cause = exc.__cause__
        known = None if cause is None else transport_error(who, cause)
        return known or ConnectionError(f"the connection to the provider of {who} failed: {exc}")
    if isinstance(exc, openai.APIError):
        return told_error(who, exc.body)
    if isinstance(exc, openai.OpenAIError):
        return ModelError(f"{who}: {exc}")
    return transport_error(who, exc)


# The options that its functions take.


_NOT_OPTIONS = frozenset({"self", "messages", "input", "stream"})


@cache
def options_of_chat() -> frozenset[str]:
    """Give the options of chat completions."""
    from openai.resources.chat.completions import Completions

    return frozenset(inspect.signature(Completions.create).parameters) - _NOT_OPTIONS


@cache
def options_of_responses() -> frozenset[str]:
    """Give the options of the Responses API."""
    from openai.resources.responses import Responses

    return frozenset(inspect.signature(Responses.create).parameters) - _NOT_OPTIONS
