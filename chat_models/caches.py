"""Caches of answers: what one is, one in memory, and the one that all models use."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from .._lazy import later
from ..errors import ConfigError, shown
from ..messages import AIMessage, message_to_dict, messages_from_dict
from ..runnables import call_in_thread

if TYPE_CHECKING or not later(globals(), "json"):
    import json

__all__ = [
    "BaseCache",
    "InMemoryCache",
    "get_llm_cache",
    "read_answer",
    "set_llm_cache",
    "written_answer",
]


class BaseCache(ABC):
    """Keeps the answers of models, by what they were asked and who was asked.

    An author writes `lookup`, `update` and `clear`; where they wait for something else than a disk,
    also their async twins, which else call them in a worker thread.
    """

    @abstractmethod
    def lookup(self, prompt: str, llm_string: str) -> AIMessage | None:
        """Give the answer that is kept, or None.

        Args:
            prompt: What the model is asked: the messages, as JSON.
            llm_string: Who is asked, and how: the model, its settings and the options of the call.
        """

    @abstractmethod
    def update(self, prompt: str, llm_string: str, return_val: AIMessage) -> None:
        """Keep an answer, in place of an older one to the same."""

    @abstractmethod
    def clear(self, **kwargs: Any) -> None:
        """Forget all answers."""

    async def alookup(self, prompt: str, llm_string: str) -> AIMessage | None:
        """Give the answer that is kept, or None; see `lookup`."""
        return await call_in_thread(partial(self.lookup, prompt, llm_string))

    async def aupdate(self, prompt: str, llm_string: str, return_val: AIMessage) -> None:
        """Keep an answer, in place of an older one to the same."""
        await call_in_thread(partial(self.update, prompt, llm_string, return_val))

    async def aclear(self, **kwargs: Any) -> None:
        """Forget all answers."""
        await call_in_thread(partial(self.clear, **kwargs))


def written_answer(answer: AIMessage) -> str:
    """Give the text under which a cache outside of the process keeps an answer."""
    return json.dumps(message_to_dict(answer), default=repr)


def read_answer(text: str | bytes) -> AIMessage | None:
    """Give the answer that is kept as this text; None if it is another kind of message."""
    (answer,) = messages_from_dict([json.loads(text)])
    return answer if isinstance(answer, AIMessage) else None


class InMemoryCache(BaseCache):
    """Keeps answers in this process, for all its threads and event loops.

    Args:
        maxsize: How many answers; the one that was not asked for the longest goes first. None: all.

    Raises:
        ConfigError: `maxsize` is not a positive number.
    """

    def __init__(self, *, maxsize: int | None = None) -> None:
        if maxsize is not None and maxsize < 1:
            raise ConfigError(f"maxsize must be at least 1, or None for no limit; got {maxsize}")
        self._maxsize = maxsize
        self._answers: OrderedDict[tuple[str, str], AIMessage] = OrderedDict()
        self._lock = threading.Lock()

    def __deepcopy__(self, memo: object) -> InMemoryCache:
        return self  # copies of a model share its cache

    def __reduce__(self) -> tuple[partial[InMemoryCache], tuple[()]]:
        return partial(InMemoryCache, maxsize=self._maxsize), ()  # another process begins anew

    def lookup(self, prompt: str, llm_string: str) -> AIMessage | None:
        with self._lock:
            answer = self._answers.get((prompt, llm_string))
            if answer is not None:
                self._answers.move_to_end((prompt, llm_string))
        # A copy: whoever gets it may change it.
        return None if answer is None else answer.model_copy(deep=True)

    def update(self, prompt: str, llm_string: str, return_val: AIMessage) -> None:
        kept = return_val.model_copy(deep=True)
        with self._lock:
            self._answers[prompt, llm_string] = kept
            self._answers.move_to_end((prompt, llm_string))
            if self._maxsize is not None and len(self._answers) > self._maxsize:
                self._answers.popitem(last=False)

    def clear(self, **kwargs: Any) -> None:
        with self._lock:
            self._answers.clear()

    async def alookup(self, prompt: str, llm_string: str) -> AIMessage | None:
        return self.lookup(prompt, llm_string)

    async def aupdate(self, prompt: str, llm_string: str, return_val: AIMessage) -> None:
        self.update(prompt, llm_string, return_val)

    async def aclear(self, **kwargs: Any) -> None:
        self.clear(**kwargs)


class _Shared:
    """Holds the cache of all models, so that reading it costs no call."""

    cache: BaseCache | None = None


SHARED: Final = _Shared()


def set_llm_cache(value: BaseCache | None) -> None:
    """Set the cache of all models that do not have one of their own, nor `cache=False`."""
    if value is not None and not isinstance(value, BaseCache):
        raise ConfigError(f"a cache is a BaseCache, such as InMemoryCache(); got {shown(value)}")
    SHARED.cache = value


def get_llm_cache() -> BaseCache | None:
    """Give the cache of all models, or None."""
    return SHARED.cache
