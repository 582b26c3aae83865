"""W4 by hand: the program of W1 for every input, by 50 threads or by 50 tasks.

In async the model waits once (`sleep(0)`), here and in every peer: a model that never waits would
let the first task take every input, and nothing would run side by side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from ..cases import case
from ..material import VALUES, WORKERS
from .invoke import amodel, program, prompt, text
from .objects import Message


async def patient_model(messages: list[Message]) -> Message:
    await asyncio.sleep(0)
    return await amodel(messages)


async def patient_program(values: dict[str, str]) -> str:
    return text(await patient_model(prompt(values)))


@case("batch.sync")
def batch_sync(size: int) -> Callable[[], int]:
    inputs = [VALUES] * size

    def run() -> int:
        with ThreadPoolExecutor(WORKERS) as pool:
            return len(list(pool.map(program, inputs)))

    return run


@case("batch.async")
def batch_async(size: int) -> Callable[[], Awaitable[int]]:
    inputs = [VALUES] * size

    async def run() -> int:
        results: list[str] = [""] * size
        source = enumerate(inputs)

        async def work() -> None:
            for index, values in source:
                results[index] = await patient_program(values)

        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(work())
        return len(results)

    return run
