"""Whether a call of a model that failed is made again, and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .._lazy import later
from ..errors import ModelError

if TYPE_CHECKING or not later(globals(), "tenacity"):
    import tenacity

__all__ = ["Attempts"]

# A provider that asks for a longer wait than this means: not now. Its error says how long.
LONGEST_WAIT_S = 60.0


class Attempts:
    """The attempts of one call. The waits between them grow, and are as long as a provider asks."""

    __slots__ = ("_retries", "_state")

    def __init__(self, retries: int) -> None:
        self._retries = retries
        self._state: tenacity.RetryCallState | None = None  # costs more than a call that succeeds

    def wait_after(self, failure: Exception) -> float | None:
        """Give the seconds to wait before the next attempt; None: this failure is the last."""
        if not isinstance(failure, ModelError) or not failure.retryable:
            return None
        if self._state is None:
            self._state = tenacity.RetryCallState(tenacity.Retrying(), fn=None, args=(), kwargs={})
        asked = failure.retry_after or 0.0
        if asked > LONGEST_WAIT_S or tenacity.stop_after_attempt(self._retries + 1)(self._state):
            return None
        seconds = max(_wait()(self._state), asked)
        self._state.prepare_for_next_attempt()
        return seconds


def _wait() -> Callable[[tenacity.RetryCallState], float]:
    """Give how long to wait: twice as long each time, and never as long as another caller."""
    return tenacity.wait_exponential(multiplier=0.5, max=8.0) + tenacity.wait_random(0, 0.5)
