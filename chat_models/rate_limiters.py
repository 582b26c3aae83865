"""Rate limiters: what makes a model wait before it is asked again."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from time import monotonic, sleep

from anyio import sleep as asleep

from ..errors import ConfigError

__all__ = ["BaseRateLimiter", "InMemoryRateLimiter"]


class BaseRateLimiter(ABC):
    """Says when a model may be asked; models that share one share its rate."""

    @abstractmethod
    def acquire(self, *, blocking: bool = True) -> bool:
        """Take the permission for one request.

        Args:
            blocking: Wait for it; else give at once whether it was there.
        """

    @abstractmethod
    async def aacquire(self, *, blocking: bool = True) -> bool:
        """Take the permission for one request; see `acquire`."""


class InMemoryRateLimiter(BaseRateLimiter):
    """Lets so many requests a second through, for all threads and event loops of this process.

    It is a bucket of permissions: it fills by `requests_per_second`, up to `max_bucket_size`, and
    each request takes one out. It is empty at first.

    Args:
        requests_per_second: The rate.
        check_every_n_seconds: How long who waits sleeps at most before looking again.
        max_bucket_size: How many requests may go at once after a pause; at least 1.

    Raises:
        ConfigError: A number is out of range.
    """

    def __init__(
        self,
        *,
        requests_per_second: float = 1,
        check_every_n_seconds: float = 0.1,
        max_bucket_size: float = 1,
    ) -> None:
        for name, value in (
            ("requests_per_second", requests_per_second),
            ("check_every_n_seconds", check_every_n_seconds),
        ):
            if value <= 0:
                raise ConfigError(f"{name} must be more than 0; got {value}")
        if max_bucket_size < 1:
            raise ConfigError(
                f"max_bucket_size must be at least 1, else nothing gets through; "
                f"got {max_bucket_size}"
            )
        self.requests_per_second = requests_per_second
        self.check_every_n_seconds = check_every_n_seconds
        self.max_bucket_size = max_bucket_size
        self._clock: Callable[[], float] = monotonic
        self._lock = threading.Lock()
        self._there = 0.0
        self._filled_at: float | None = None

    def __deepcopy__(self, memo: object) -> InMemoryRateLimiter:
        return self  # copies of a model share its rate

    def __reduce__(self) -> tuple[partial[InMemoryRateLimiter], tuple[()]]:
        settings = {
            "requests_per_second": self.requests_per_second,
            "check_every_n_seconds": self.check_every_n_seconds,
            "max_bucket_size": self.max_bucket_size,
        }
        return partial(InMemoryRateLimiter, **settings), ()  # another process has its own

    def acquire(self, *, blocking: bool = True) -> bool:
        while (seconds := self._take()) > 0:
            if not blocking:
                return False
            sleep(min(seconds, self.check_every_n_seconds))
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        while (seconds := self._take()) > 0:
            if not blocking:
                return False
            await asleep(min(seconds, self.check_every_n_seconds))
        return True

    def _take(self) -> float:
        """Take one permission, or give the seconds until there will be one."""
        with self._lock:
            now = self._clock()
            if self._filled_at is not None:
                grown = (now - self._filled_at) * self.requests_per_second
                self._there = min(self._there + grown, self.max_bucket_size)
            self._filled_at = now
            if self._there < 1:
                return (1 - self._there) / self.requests_per_second
            self._there -= 1
            return 0.0
