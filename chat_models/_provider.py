"""What the classes of all providers do alike: their connections, and answers that are none."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from pydantic import PrivateAttr

from ..errors import ConnectionError
from ._clients import Clients
from ._http_errors import broke_off, not_of_the_api
from .base import BaseChatModel

__all__ = ["NOT_OF_THE_API", "ProviderChatModel"]

# What reading an answer raises that is not what the API sends; pydantic's errors are ValueErrors.
NOT_OF_THE_API = (ValueError, LookupError, TypeError, AttributeError)


class _Streamed(Protocol):
    """What has been read of an answer that streams."""

    @property
    def ended(self) -> bool: ...


class ProviderChatModel(BaseChatModel, abstract=True):
    """A chat model that is reached through the SDK of its provider."""

    _api: ClassVar[str]
    """What the errors call the provider's API."""

    _clients: Clients[Any, Any] = PrivateAttr(default_factory=Clients[Any, Any])

    def _close(self) -> None:
        self._clients.close()

    async def _aclose(self) -> None:
        await self._clients.aclose()

    def _not_of_the_api(self, data: bytes) -> ConnectionError:
        return not_of_the_api(self.get_name(), self._api, data)

    def _check_ended(self, answer: _Streamed) -> None:
        if not answer.ended:
            raise broke_off(self.get_name())
