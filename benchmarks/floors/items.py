"""Growth in items by hand: inputs from an iterator, never all of them in memory."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice, repeat

from ..cases import case
from ..material import VALUES, WORKERS
from .batch import patient_program
from .invoke import program


def results(inputs: Iterable[dict[str, str]]) -> Iterator[str]:
    source = iter(inputs)
    with ThreadPoolExecutor(WORKERS) as pool:
        ahead: deque[Future[str]] = deque()
        ahead.extend(pool.submit(program, values) for values in islice(source, WORKERS))
        while ahead:
            yield ahead.popleft().result()
            ahead.extend(pool.submit(program, values) for values in islice(source, 1))


async def aresults(inputs: Iterable[dict[str, str]]) -> AsyncIterator[str]:
    source = iter(inputs)
    done: asyncio.Queue[str | None] = asyncio.Queue(WORKERS)

    async def work() -> None:
        for values in source:
            await done.put(await patient_program(values))
        await done.put(None)

    tasks = [asyncio.create_task(work()) for _ in range(WORKERS)]
    working = len(tasks)
    while working:
        text = await done.get()
        if text is None:
            working -= 1
        else:
            yield text
    await asyncio.gather(*tasks)


@case("items.sync")
def items_sync(size: int) -> Callable[[], int]:
    def run() -> int:
        return len(list(results(repeat(VALUES, size))))

    return run


@case("items.async")
def items_async(size: int) -> Callable[[], Awaitable[int]]:
    async def run() -> int:
        return len([text async for text in aresults(repeat(VALUES, size))])

    return run
