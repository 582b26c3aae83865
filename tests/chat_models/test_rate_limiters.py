"""How many requests a second get through. The clock stands still until it is told otherwise."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import Any

import anyio.lowlevel
import pytest

from levada.chat_models import FakeListChatModel, InMemoryCache, InMemoryRateLimiter
from levada.chat_models import rate_limiters as module
from levada.errors import ConfigError


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.naps: list[float] = []
        self._lock = threading.Lock()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds
            self.naps.append(seconds)

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)
        await anyio.lowlevel.checkpoint()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "sleep", clock.sleep)
    monkeypatch.setattr(module, "asleep", clock.asleep)
    return clock


def limiter(clock: Clock, **settings: Any) -> InMemoryRateLimiter:
    made = InMemoryRateLimiter(**settings)
    made._clock = lambda: clock.now
    return made


def test_who_may_not_wait_is_told(clock) -> None:
    bucket = limiter(clock, requests_per_second=2)
    assert bucket.acquire(blocking=False) is False
    clock.now += 0.5
    assert [bucket.acquire(blocking=False) for _ in range(2)] == [True, False]


def test_a_pause_lets_more_through_at_once_but_not_more_than_the_bucket_holds(clock) -> None:
    bucket = limiter(clock, requests_per_second=2, max_bucket_size=3)
    bucket.acquire(blocking=False)
    clock.now += 1000
    assert [bucket.acquire(blocking=False) for _ in range(4)] == [True, True, True, False]


def test_who_waits_looks_again_in_time(clock) -> None:
    bucket = limiter(clock, requests_per_second=4, check_every_n_seconds=0.125)
    assert bucket.acquire() is True
    assert clock.now == 100.25
    assert clock.naps == [0.125, 0.125]


def test_a_models_calls_take_turns(run, clock) -> None:
    bucket = limiter(clock, requests_per_second=4, check_every_n_seconds=0.25)
    model = FakeListChatModel(responses=["a"], rate_limiter=bucket)
    for _ in range(2):
        run.invoke(model, "hi")
        run.stream(model, "hi")
    assert clock.now == 101.0


def test_threads_share_the_rate(clock) -> None:
    bucket = limiter(clock, requests_per_second=8, check_every_n_seconds=0.125)
    threads = [threading.Thread(target=bucket.acquire) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now >= 102.0


@pytest.mark.anyio
async def test_tasks_share_the_rate(clock) -> None:
    bucket = limiter(clock, requests_per_second=8, check_every_n_seconds=0.125)
    async with anyio.create_task_group() as tasks:
        for _ in range(16):
            tasks.start_soon(bucket.aacquire)
    assert clock.now >= 102.0
    assert await bucket.aacquire(blocking=False) in (True, False)


@pytest.mark.parametrize(
    "wrong",
    [{"requests_per_second": 0}, {"check_every_n_seconds": -1}, {"max_bucket_size": 0.5}],
)
def test_numbers_that_let_nothing_through_are_refused(wrong) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        InMemoryRateLimiter(**wrong)


def test_a_copy_shares_the_rate_and_the_cache_and_another_process_has_its_own(run) -> None:
    bucket, cache = InMemoryRateLimiter(requests_per_second=1e9), InMemoryCache(maxsize=3)
    model = FakeListChatModel(responses=["a"], rate_limiter=bucket, cache=cache)
    other = copy.deepcopy(model)
    assert (other.rate_limiter, other.cache) == (bucket, cache)
    away = pickle.loads(pickle.dumps(model))
    assert away.rate_limiter is not bucket
    assert away.rate_limiter.requests_per_second == 1e9
    assert run.invoke(away, "hi").content == "a"
    assert cache.lookup("", "") is None
