"""`RedisCache`: answers that several machines share, in a Redis server."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from typing import Any, Self

from ..errors import ConfigError, MissingExtraError
from ..messages import AIMessage
from ._clients import Clients
from .caches import BaseCache, read_answer, written_answer

__all__ = ["RedisCache"]

# So many keys are looked at, and forgotten, at once.
_BATCH = 500


class RedisCache(BaseCache):
    """Keeps answers in a Redis server, for all processes that use it (extra `redis`).

    In async it works in worker threads: the asynchronous client of Redis runs on asyncio alone. Its
    connections are pooled, opened when they are first needed, and closed when the cache is
    forgotten or left (`with cache:`). A server that is not there is an error of the call.

    Args:
        redis_url: Where the server is: `redis://`, `rediss://` for TLS, or `unix://`.
        ttl: How many seconds an answer is kept; None: until the server is full.
        prefix: How the keys begin. Caches with the same one share their answers.

    Raises:
        MissingExtraError: The package redis is not installed.
        ConfigError: It is no such URL, or `ttl` is not positive.
    """

    def __init__(
        self,
        redis_url: str = "redis://localhost:6379/0",
        *,
        ttl: float | None = None,
        prefix: str = "levada",
    ) -> None:
        if importlib.util.find_spec("redis") is None:
            raise MissingExtraError("RedisCache", "redis", "redis")
        if ttl is not None and not ttl > 0:
            raise ConfigError(f"ttl is in seconds and must be positive, or None; got {ttl}")
        self._url = redis_url
        self._ttl_ms = None if ttl is None else max(int(ttl * 1000), 1)
        self._prefix = prefix
        self._clients: Clients[Any, Any] = Clients()
        self._redis()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._clients.close()

    def __repr__(self) -> str:
        # Without the URL, in which there may be a password.
        return f"{type(self).__name__}(prefix={self._prefix!r})"

    def lookup(self, prompt: str, llm_string: str) -> AIMessage | None:
        found: Any = self._redis().get(self._key(prompt, llm_string))
        return None if found is None else read_answer(found)

    def update(self, prompt: str, llm_string: str, return_val: AIMessage) -> None:
        answer = written_answer(return_val)
        self._redis().set(self._key(prompt, llm_string), answer, px=self._ttl_ms)

    def clear(self, **kwargs: Any) -> None:
        """Forget all answers under this prefix.

        Args:
            kwargs: `llm_string`: forget those of this model only.
        """
        llm = kwargs.get("llm_string")
        begin = re.sub(r"([\[\]*?^\\-])", r"\\\1", self._prefix)
        pattern = f"{begin}:{'*' if llm is None else _hash(llm)}:*"
        redis = self._redis()
        found: list[Any] = []
        for key in redis.scan_iter(match=pattern, count=_BATCH):
            found.append(key)
            if len(found) == _BATCH:
                redis.unlink(*found)
                found.clear()
        if found:
            redis.unlink(*found)

    def _key(self, prompt: str, llm_string: str) -> str:
        return f"{self._prefix}:{_hash(llm_string)}:{_hash(prompt)}"

    def _redis(self) -> Any:  # whose class is generic in some versions, and in others not
        return self._clients.get(self._url, self._connected)

    def _connected(self) -> Any:
        import redis

        client: Any = redis.Redis
        try:
            return client.from_url(self._url)
        except ValueError as exc:
            raise ConfigError(f"redis_url is not one of Redis: {exc}") from exc


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
