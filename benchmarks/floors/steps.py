"""W7 by hand: not a loop over functions that give back what they get.

Such a step costs 20 ns, and a ratio to that says nothing: a step is compared with the building of
one pydantic object, which any real step does at least once. `steps.events` is what it says: the
events of a chain of such functions, every step a generator that collects its input, calls its
function and notes start, stream and end, as in `events.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from ..cases import case
from .events import Event, Observed
from .objects import Message


async def asame(value: int) -> int:
    return value


@case("steps.sync")
def steps_sync(size: int) -> Callable[[], int]:
    def run() -> int:
        for _ in range(size):
            Message(role="ai", content="word ", id="run-1", finish_reason=None)
        return size

    return run


@case("steps.async")
def steps_async(size: int) -> Callable[[], Awaitable[int]]:
    async def run() -> int:
        for _ in range(size):
            Message(role="ai", content="word ", id="run-1", finish_reason=None)
        return size

    return run


case("steps.inline")(steps_async)


async def _once(value: int) -> AsyncIterator[int]:
    yield value


async def _observed(chunks: AsyncIterator[int], run: Observed) -> AsyncIterator[int]:
    whole = None
    async for chunk in chunks:
        if whole is None:
            run.note("start", {})
        whole = chunk
    if whole is not None:
        result = await asame(whole)
        run.note("stream", {"chunk": result})
        yield result
        run.note("end", {"input": whole, "output": result})


async def _events(size: int) -> AsyncIterator[Event]:
    pending: list[Event] = []
    chain = Observed("chain", "chain", pending, None, [])
    chain.note("start", {"input": size})
    chunks = _once(size)
    for number in range(size):
        run = Observed("chain", "asame", pending, chain, [f"seq:step:{number + 1}"])
        chunks = _observed(chunks, run)
    result = None
    async for chunk in chunks:
        result = chunk
        chain.note("stream", {"chunk": chunk})
        for event in pending:
            yield event
        pending.clear()
    chain.note("end", {"output": result})
    for event in pending:
        yield event


@case("steps.events")
def steps_events(size: int) -> Callable[[], Awaitable[int]]:
    async def run() -> int:
        seen = 0
        async for _ in _events(size):
            seen += 1
        return seen

    return run
