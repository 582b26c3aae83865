"""Every way to run a chain gives the same: whatever the chain, the verb and the event loop."""

from __future__ import annotations

import random
import threading
from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import Any

import anyio
import pytest

from levada.runnables import (
    RouterRunnable,
    Runnable,
    RunnableBranch,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnablePick,
    RunnableSequence,
    add,
)

SEEDS = range(40)


class Dice:
    """Makes chains from text to text at random; a seed makes the same one in every colour."""

    def __init__(self, seed: int, *, plain: bool, forks: bool = True) -> None:
        self._random = random.Random(seed)
        self._plain = plain
        self._forks = forks

    def chain(self) -> Runnable[str, str]:
        return self._letters() | self._node(0) | self._node(0)

    def _node(self, depth: int) -> Runnable[str, str]:
        kinds = [self._letters, self._upper, self._reverse]
        if depth < 3:
            kinds += [
                lambda: self._node(depth + 1) | self._node(depth + 1),
                lambda: RunnableSequence(self._node(depth + 1), self._upper(), name="named"),
                lambda: self._node(depth + 1).with_config(tags=["t"], run_name="bound"),
                lambda: self._returned(self._node(depth + 1)),
                lambda: RunnableBranch((self._short(), self._node(depth + 1)), self._upper()),
                lambda: self._fails().with_fallbacks([self._node(depth + 1)]),
                lambda: self._node(depth + 1).with_retry(wait_exponential_jitter=False),
                lambda: self._routed(self._node(depth + 1)),
                lambda: self._mapped(self._node(depth + 1)),
            ]
        if depth < 3 and self._forks:
            kinds += [lambda: self._parallel(depth), lambda: self._assign(depth)]
        return self._random.choice(kinds)()

    def _letters(self) -> Runnable[str, str]:
        """Gives its input letter by letter, and twice."""

        def letters(text: str) -> Iterator[str]:
            yield from text
            yield text

        async def aletters(text: str) -> AsyncIterator[str]:
            for letter in text:
                await anyio.lowlevel.checkpoint()
                yield letter
            yield text

        return RunnableLambda(letters) if self._coin() else RunnableLambda(letters, aletters)

    def _upper(self) -> Runnable[str, str]:
        def upper(chunks: Iterator[str]) -> Iterator[str]:
            for chunk in chunks:
                yield chunk.upper()

        async def aupper(chunks: AsyncIterator[str]) -> AsyncIterator[str]:
            async for chunk in chunks:
                yield chunk.upper()

        # One in a worker thread reads ahead, which is another order: see the test of its own.
        return RunnableGenerator(upper, aupper)

    def _reverse(self) -> Runnable[str, str]:
        return RunnableLambda(lambda text: text[::-1][:40], name="reverse")

    def _short(self) -> Runnable[str, bool]:
        return RunnableLambda(lambda text: len(text) < 20, inline=self._coin())

    def _fails(self) -> Runnable[str, str]:
        def fails(text: str) -> str:
            raise ValueError(text)

        return RunnableLambda(fails)

    def _parallel(self, depth: int) -> Runnable[str, str]:
        steps = {key: self._node(depth + 1) for key in "abc"[: self._random.randint(1, 3)]}
        return RunnableParallel(steps) | RunnableLambda(_flat, name="flat")

    def _assign(self, depth: int) -> Runnable[str, str]:
        new = RunnablePick("a") | self._node(depth + 1)
        return {"a": RunnablePassthrough()} | RunnablePassthrough.assign(b=new) | _flat

    def _returned(self, inner: Runnable[str, str]) -> Runnable[str, str]:
        return RunnableLambda(lambda text: inner, name="returns")

    def _routed(self, inner: Runnable[str, str]) -> Runnable[str, str]:
        ask = RunnableLambda(lambda text: {"key": "k", "input": text}, name="ask")
        return ask | RouterRunnable({"k": inner})

    def _mapped(self, inner: Runnable[str, str]) -> Runnable[str, str]:
        return RunnableLambda(lambda text: [text, text[:3]]) | inner.map() | (lambda x: "+".join(x))

    def _coin(self) -> bool:
        heads = self._random.random() < 0.5
        return heads or self._plain


def _flat(value: dict[str, str]) -> str:
    return ",".join(f"{key}={value[key]}" for key in sorted(value))[:200]


@cache
def expected(seed: int) -> str:
    return Dice(seed, plain=True).chain().invoke("hello")


@pytest.mark.parametrize("seed", SEEDS)
def test_every_verb_gives_the_same(run, seed, watch) -> None:
    chain = Dice(seed, plain=run.sync).chain()
    config: Any = {"callbacks": [watch]}
    assert run.invoke(chain, "hello") == expected(seed)
    assert add(run.stream(chain, "hello")) == expected(seed)
    assert add(run.transform(chain, ["he", "llo"])) == expected(seed)
    assert run.batch(chain, ["hello"] * 3) == [expected(seed)] * 3
    assert run.invoke(chain, "hello", config) == expected(seed)
    assert add(run.stream(chain, "hello", {**config, "max_concurrency": 2})) == expected(seed)
    watch.assert_whole()
    ends = [e for e in watch.events if e["event"] == "on_chain_end" and not e["parent_ids"]]
    assert [e["data"]["output"] for e in ends] == [expected(seed)] * 2


@cache
def expected_heads(seed: int) -> list[tuple[str, str]]:
    seen: list[tuple[str, str]] = []

    class Keeps:
        def on_event(self, event: Any) -> None:
            seen.append((event["event"], event["name"]))

    chain = Dice(seed, plain=True, forks=False).chain()
    add(chain.stream("hello", {"callbacks": [Keeps()], "max_concurrency": 1}))
    return seen


@pytest.mark.parametrize("seed", SEEDS)
def test_every_colour_has_the_same_events_in_the_same_order(run, seed) -> None:
    chain = Dice(seed, plain=run.sync, forks=False).chain()
    assert run.heads(chain, "hello", {"max_concurrency": 1}) == expected_heads(seed)


def test_plain_generators_in_async_use_pull_as_in_sync(run) -> None:
    def letters(text: str) -> Iterator[str]:
        yield from text

    def upper(chunks: Iterator[str]) -> Iterator[str]:
        for chunk in chunks:
            yield chunk.upper()

    again = RunnableGenerator(upper, name="again")
    chain = RunnableLambda(letters) | RunnableGenerator(upper) | again
    one_letter = [
        ("on_chain_stream", "letters"),
        ("on_chain_stream", "upper"),
        ("on_chain_stream", "again"),
        ("on_chain_stream", "RunnableSequence"),
    ]
    assert run.heads(chain, "a" * 20)[8:-4] == one_letter * 19


@pytest.mark.anyio
@pytest.mark.parametrize("seed", SEEDS)
async def test_events_of_both_versions_tell_the_same(seed, whole, nothing_left) -> None:
    chain = Dice(seed, plain=False).chain()
    async with nothing_left():
        for version in ("v1", "v2"):
            events = [e async for e in chain.astream_events("hello", version=version)]
            whole(events)
            root = [e for e in events if e["run_id"] == events[0]["run_id"]]
            chunks = [e["data"]["chunk"] for e in root if e["event"].endswith("_stream")]
            assert add(chunks) == root[-1]["data"]["output"] == expected(seed)


def test_many_threads_and_loops_at_once_give_the_same_as_alone() -> None:
    chains = [Dice(seed, plain=False).chain() for seed in range(8)]
    wrong: list[Any] = []

    async def use(seed: int) -> None:
        found = [
            await chains[seed].ainvoke("hello"),
            add([c async for c in chains[seed].astream("hello")]),
            *await chains[seed].abatch(["hello", "hello"]),
        ]
        wrong.extend(f for f in found if f != expected(seed))

    def work(how: str, seed: int) -> None:
        if how == "sync":
            found = [chains[seed].invoke("hello"), add(chains[seed].stream("hello"))]
            wrong.extend(f for f in found if f != expected(seed))
        else:
            anyio.run(use, seed, backend=how)

    jobs = [(how, seed) for how in ("sync", "asyncio", "trio") for seed in range(8)]
    threads = [threading.Thread(target=work, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
