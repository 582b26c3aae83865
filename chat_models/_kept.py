"""The place of an answer in a cache: under what it is kept, and what is given out again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic_core import to_jsonable_python

from .._lazy import later
from ..messages import AIMessage, BaseMessage
from .caches import BaseCache

if TYPE_CHECKING or not later(globals(), "json"):
    import json

__all__ = ["Kept", "key_text"]

# Of a message, what the model is not told: how it came about.
_NOT_SENT = {"id", "response_metadata", "usage_metadata"}


def key_text(value: Any) -> str:
    """Give a text that is the same for equal values."""
    plain = to_jsonable_python(value, fallback=repr, bytes_mode="base64", inf_nan_mode="constants")
    return json.dumps(plain, sort_keys=True)


class Kept:
    """Where the answer to one call is kept, if it is.

    Args:
        cache: The cache.
        messages: What is asked.
        model: Who is asked, and how.
    """

    __slots__ = ("_cache", "_model", "_prompt")

    def __init__(
        self, cache: BaseCache, messages: Sequence[BaseMessage], model: Mapping[str, Any]
    ) -> None:
        self._cache = cache
        self._prompt = key_text([m.model_dump(exclude=_NOT_SENT, warnings=False) for m in messages])
        self._model = key_text(model)

    def get(self) -> AIMessage | None:
        """Give the answer, which says that it is an old one."""
        return _again(self._cache.lookup(self._prompt, self._model))

    async def aget(self) -> AIMessage | None:
        """Give the answer; see `get`."""
        return _again(await self._cache.alookup(self._prompt, self._model))

    def put(self, answer: AIMessage) -> None:
        """Keep the answer."""
        self._cache.update(self._prompt, self._model, answer)

    async def aput(self, answer: AIMessage) -> None:
        """Keep the answer."""
        await self._cache.aupdate(self._prompt, self._model, answer)


def _again(answer: AIMessage | None) -> AIMessage | None:
    if answer is None:
        return None
    said: dict[str, Any] = {
        "id": None,  # that of the call that was paid for
        "response_metadata": {**answer.response_metadata, "cached": True},
    }
    if answer.usage_metadata is not None:
        said["usage_metadata"] = {**answer.usage_metadata, "total_cost": 0}
    return answer.model_copy(update=said)
