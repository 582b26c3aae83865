"""One chain for many threads and event loops at once, and chains that are dropped."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import pytest

from levada.prompts import PromptTemplate
from levada.runnables import (
    ConfigurableField,
    Runnable,
    RunnableBranch,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
)


def double(x: int) -> int:
    return 2 * x


async def adouble(x: int) -> int:
    await anyio.lowlevel.checkpoint()
    return 2 * x


def each(chunks: Iterator[int]) -> Iterator[int]:
    for chunk in chunks:
        yield chunk + 1


async def aeach(chunks: AsyncIterator[int]) -> AsyncIterator[int]:
    async for chunk in chunks:
        yield chunk + 1


step = RunnableLambda(double, adouble)
CHAINS: list[Runnable[Any, Any]] = [
    step | step | RunnableGenerator(each, aeach),
    RunnableParallel(a=step, b=step | step, c=RunnablePassthrough()),
    RunnableBranch((lambda x: x % 2 == 0, step), RunnablePassthrough()),
    step.with_retry().with_fallbacks([step]).with_config(tags=["t"]),
    step.with_timeout(60, first_chunk=60),
    step.with_hedge(after=60),
    step.with_concurrency(3),
    step.configurable_alternatives(ConfigurableField(id="which"), other=step | step),
    RunnableParallel(x=step)
    | PromptTemplate("{x}").configurable_fields(template=ConfigurableField(id="t")),
]


@pytest.mark.parametrize("chain", CHAINS, ids=lambda c: type(c).__name__ + c.get_name())
def test_a_chain_gives_the_same_in_many_threads_and_loops_as_alone(
    chain: Runnable[Any, Any],
) -> None:
    alone = [(chain.invoke(x), list(chain.stream(x))) for x in range(5)]
    seen: list[Any] = []
    failed: list[BaseException] = []
    barrier = threading.Barrier(6)

    def work() -> None:
        barrier.wait(10)
        for _ in range(5):
            seen.append([(chain.invoke(x), list(chain.stream(x))) for x in range(5)])

    def loop(backend: str) -> None:
        async def one(x: int) -> Any:
            return await chain.ainvoke(x), [chunk async for chunk in chain.astream(x)]

        async def main() -> None:
            for _ in range(5):
                seen.append([await one(x) for x in range(5)])

        barrier.wait(10)
        anyio.run(main, backend=backend)

    def noting(target: Any, *args: Any) -> None:
        try:
            target(*args)
        except BaseException as exc:  # noqa: BLE001  # shown by the assertion below
            failed.append(exc)

    threads = [threading.Thread(target=noting, args=[work]) for _ in range(2)]
    backends = ("asyncio", "trio")
    threads += [threading.Thread(target=noting, args=[loop, b]) for b in backends for _ in "12"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(seen) == 30
    for results in seen:
        for (value, chunks), (own_value, own_chunks) in zip(alone, results, strict=True):
            assert own_value == value
            assert sorted(map(str, own_chunks)) == sorted(map(str, chunks))


class Owner:
    def method(self, x: int) -> int:
        return x + 1


def test_a_dropped_chain_lets_the_object_of_a_bound_method_go(run: Any) -> None:
    owner = Owner()
    gone = weakref.ref(owner)
    chain = RunnableLambda(owner.method) | owner.method | {"a": owner.method}
    assert run.invoke(chain, 1) == {"a": 4}
    assert run.stream(chain, 1) == [{"a": 4}]
    assert chain.get_input_jsonschema()
    assert chain.get_graph()
    timed = chain.with_timeout(60).with_hedge(after=60).with_concurrency(2)
    assert run.invoke(timed, 1) == {"a": 4}
    del owner, chain, timed
    gc.collect()
    assert gone() is None
