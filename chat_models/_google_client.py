"""Where Google's models are and who asks for them: clients of the SDK, and their connections."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio.to_thread

from .._orjson import dumps
from ..errors import AuthenticationError, ConfigError

if TYPE_CHECKING:
    from google.genai import Client

__all__ = ["STREAM", "Asked", "AsyncConnected", "Connected", "Same", "Settings", "is_installed"]

STREAM = "streamGenerateContent"
"""The verb of a request whose answer streams."""


def is_installed() -> bool:
    """Say whether the SDK is there."""
    # Looking for google.genai imports the parent, which other packages may share, or not be there.
    try:
        return importlib.util.find_spec("google.genai") is not None
    except ModuleNotFoundError:
        return False


class Asked(NamedTuple):
    """A request.

    Attributes:
        model: The name of the model.
        verb: What it is to do, such as "generateContent".
        body: What it is told.
        timeout: The seconds that the answer, or the next piece of it, may take.
    """

    model: str
    verb: str
    body: Mapping[str, Any]
    timeout: float | None


class Same:
    """Equal only to one that holds the same object, which need not be hashable."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


class Settings(NamedTuple):
    """What the clients of the SDK are made with; those made with the same are the same."""

    who: str
    api_key: str | None
    credentials: Same
    vertexai: bool | None
    project: str | None
    location: str | None
    base_url: str | None
    api_version: str | None
    headers: tuple[tuple[str, str], ...]

    def client(self) -> Connected:
        client, http, _ = self._sdk_client()
        return Connected(client, http)

    def aclient(self) -> AsyncConnected:
        client, _, http = self._sdk_client()
        return AsyncConnected(client, http)

    def _sdk_client(self) -> tuple[Client, Any, Any]:
        """Give a client of the SDK with HTTP clients of ours: its own async one is for asyncio."""
        import httpx2
        from google.genai import Client, types

        context = httpx2.create_ssl_context()
        http = httpx2.Client(timeout=None, verify=context)
        asynchronous = httpx2.AsyncClient(timeout=None, verify=context)
        options: dict[str, Any] = {
            "base_url": self.base_url,
            "api_version": self.api_version,
            "headers": dict(self.headers),
            "httpx_client": http,
            "httpx_async_client": asynchronous,
        }
        given = {key: value for key, value in options.items() if value is not None}
        try:
            client = Client(
                vertexai=self.vertexai,
                api_key=self.api_key,
                credentials=self.credentials.value,
                project=self.project,
                location=self.location,
                http_options=types.HttpOptions(**given),
            )
        except ValueError as exc:
            if "key" not in str(exc).lower():
                raise ConfigError(f"{self.who} cannot be used like this: {exc}") from exc
            raise AuthenticationError(
                f"{self.who} has no key: {exc} Give it api_key=..., or set GOOGLE_API_KEY."
            ) from exc
        return client, http, asynchronous


class _Connection:
    """A client of the SDK, and the HTTP client that its requests go over."""

    def __init__(self, client: Client, http: Any) -> None:
        self._client = client
        self._api: Any = client._api_client
        self._http = http
        self.vertexai = bool(client.vertexai)

    def path(self, model: str) -> str:
        """Give the name of a model as it stands in a URL."""
        if model.startswith(("models/", "tunedModels/", "projects/", "publishers/")):
            return model
        return f"publishers/google/models/{model}" if self.vertexai else f"models/{model}"

    def _wants_token(self) -> bool:
        api = self._api
        return self.vertexai and not api.api_key and bool(api.project or api.location)

    def _request(self, asked: Asked, token: str | None) -> Any:
        query = "?alt=sse" if asked.verb == STREAM else ""
        path = f"{self.path(asked.model)}:{asked.verb}{query}"
        built = self._api._build_request("post", path, {})
        headers = {**built.headers, **({"Authorization": f"Bearer {token}"} if token else {})}
        content = dumps(asked.body)
        return self._http.build_request(
            "POST", built.url, content=content, headers=headers, timeout=asked.timeout
        )


class Connected(_Connection):
    """The connections of all threads."""

    def send(self, asked: Asked) -> Any:
        """Send a request; the response is still to be checked, and to be read if it streams."""
        token = self._api._access_token() if self._wants_token() else None
        return self._http.send(self._request(asked, token), stream=asked.verb == STREAM)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


class AsyncConnected(_Connection):
    """The connections of one event loop."""

    async def send(self, asked: Asked) -> Any:
        """Send a request, as the other class does."""
        token = None
        if self._wants_token():
            token = await anyio.to_thread.run_sync(self._api._access_token)
        return await self._http.send(self._request(asked, token), stream=asked.verb == STREAM)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
