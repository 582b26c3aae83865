"""How many Python calls levada makes: budgets that hold on any machine.

A call is what `sys.setprofile` reports as one: a function entered, or a generator or coroutine
resumed. The calls of the steps' own functions count too. The third run is counted, when caches are
warm.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from levada.chat_models import BaseChatModel
from levada.messages import AIMessage, AIMessageChunk
from levada.parsers import StrOutputParser
from levada.prompts import ChatPromptTemplate
from levada.runnables import RunnableLambda

pytestmark = pytest.mark.anyio

INPUT = {"tone": "cheerful", "topic": "goldfish"}


class Model(BaseChatModel):
    tokens: int = 1

    @property
    def _llm_type(self) -> str:
        return "fixed"

    def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
        return AIMessage(content="answer", id="run-1")

    async def _agenerate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
        return AIMessage(content="answer", id="run-1")


class StreamModel(Model):
    def _stream(self, messages: Any, stop: Any = None, **kw: Any) -> Iterator[AIMessageChunk]:
        for _ in range(self.tokens):
            yield AIMessageChunk(content="word ", id="run-1")

    async def _astream(
        self, messages: Any, stop: Any = None, **kw: Any
    ) -> AsyncIterator[AIMessageChunk]:
        for _ in range(self.tokens):
            yield AIMessageChunk(content="word ", id="run-1")


def chain(model: Model) -> Any:
    messages = [("system", "You are a {tone} poet."), ("human", "Write about {topic}.")]
    return ChatPromptTemplate.from_messages(messages) | model | StrOutputParser()


LOOPS = {"asyncio", "trio"}


class Counter:
    """Counts the Python calls made while it is entered.

    Those of the event loop are left out: asyncio's are mostly written in C, trio's in Python.
    """

    def __init__(self) -> None:
        self.calls = 0

    def __enter__(self) -> Counter:
        self._before = sys.getprofile()
        sys.setprofile(self._count)
        return self

    def __exit__(self, *exc: object) -> None:
        sys.setprofile(self._before)

    def _count(self, frame: FrameType, event: str, arg: object) -> None:
        if event == "call" and frame.f_code is not Counter.__exit__.__code__:
            self.calls += frame.f_globals.get("__name__", "").partition(".")[0] not in LOOPS


def calls(run: Callable[[], object]) -> int:
    """Give the calls of the third run, less the call of `run` itself."""
    run()
    run()
    with Counter() as counter:
        run()
    return counter.calls - 1


async def acalls(run: Callable[[], Any]) -> int:
    await run()
    await run()
    with Counter() as counter:
        await run()
    return counter.calls - 1


def per_token(count: Callable[[int], int]) -> float:
    """Give what one more token costs: the start and the end of a stream are not counted.

    Over 2,000 tokens: a reader of events is woken once in a hundred, which counts too.
    """
    return (count(2100) - count(100)) / 2000


async def aper_token(count: Callable[[int], Any]) -> float:
    return float((await count(2100) - await count(100)) / 2000)


def test_invoking_two_functions_takes_at_most_25_calls() -> None:
    steps = RunnableLambda(lambda value: value) | RunnableLambda(lambda value: value)
    assert calls(lambda: steps.invoke(1)) <= 25


async def test_awaiting_two_functions_takes_at_most_25_calls() -> None:
    async def same(value: int) -> int:
        return value

    steps = RunnableLambda(same) | RunnableLambda(same)
    assert await acalls(lambda: steps.ainvoke(1)) <= 25


def test_invoking_prompt_model_and_parser_takes_at_most_60_calls() -> None:
    steps = chain(Model())
    assert calls(lambda: steps.invoke(INPUT)) <= 60


async def test_awaiting_prompt_model_and_parser_takes_at_most_60_calls() -> None:
    steps = chain(Model())
    assert await acalls(lambda: steps.ainvoke(INPUT)) <= 60


def test_a_streamed_token_takes_at_most_8_calls() -> None:
    def count(tokens: int) -> int:
        steps = chain(StreamModel(tokens=tokens))

        def read() -> None:
            for _ in steps.stream(INPUT):
                pass

        return calls(read)

    assert per_token(count) <= 8


async def test_a_token_streamed_in_async_takes_at_most_8_calls() -> None:
    async def count(tokens: int) -> int:
        steps = chain(StreamModel(tokens=tokens))

        async def read() -> None:
            async for _ in steps.astream(INPUT):
                pass

        return await acalls(read)

    assert await aper_token(count) <= 8


async def calls_of_events(tokens: int, version: str) -> int:
    steps = chain(StreamModel(tokens=tokens))

    async def read() -> None:
        async for _ in steps.astream_events(INPUT, version=version):
            pass

    return await acalls(read)


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_a_token_with_its_three_events_takes_at_most_20_calls(version: str) -> None:
    assert await aper_token(lambda tokens: calls_of_events(tokens, version)) <= 20


@pytest.mark.timeout(90)
@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_a_token_of_a_long_stream_has_no_more_calls_than_one_of_a_short(version: str) -> None:
    few, more, many, most = [await calls_of_events(n, version) for n in (320, 960, 3200, 6400)]
    assert (most - many) / 3200 <= 1.05 * (more - few) / 640
