"""Generators that do not end when they are closed, and clean-ups that fail: the closer is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from levada.chat_models import BaseChatModel
from levada.errors import CompositionError
from levada.messages import AIMessageChunk, BaseMessage
from levada.runnables import Runnable, RunnableGenerator, RunnableLambda, RunnablePassthrough
from levada.tools import tool

# More than branches run ahead of their reader.
MANY = ["two"] * 200


def in_finally(value: Any) -> Iterator[str]:
    try:
        yield "one"
        yield from MANY
    finally:
        yield "last words"


def after_exit(chunks: Iterator[Any]) -> Iterator[str]:
    for _ in chunks:
        try:
            yield "one"
            yield from MANY
        except GeneratorExit:
            yield "last words"


async def in_afinally(value: Any) -> AsyncIterator[str]:
    try:
        yield "one"
        for chunk in MANY:
            yield chunk
    finally:
        yield "last words"


async def after_aexit(chunks: AsyncIterator[Any]) -> AsyncIterator[str]:
    async for _ in chunks:
        try:
            yield "one"
            for chunk in MANY:
                yield chunk
        except GeneratorExit:
            yield "last words"


class Talker(BaseChatModel):
    def _stream(self, messages: list[BaseMessage], stop: Any = None) -> Iterator[AIMessageChunk]:
        try:
            yield AIMessageChunk("one")
            for chunk in MANY:
                yield AIMessageChunk(chunk)
        finally:
            yield AIMessageChunk("last words")


class AsyncTalker(BaseChatModel):
    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None
    ) -> AsyncIterator[AIMessageChunk]:
        try:
            yield AIMessageChunk("one")
            for chunk in MANY:
                yield AIMessageChunk(chunk)
        finally:
            yield AIMessageChunk("last words")


Made = Callable[[], Runnable[Any, Any]]
PLAIN: dict[str, Made] = {
    "in_finally": lambda: RunnableLambda(in_finally),
    "after_exit": lambda: RunnableGenerator(after_exit),
    "Talker._stream": Talker,
}
ASYNC: dict[str, Made] = {
    "in_afinally": lambda: RunnableLambda(in_afinally),
    "after_aexit": lambda: RunnableGenerator(after_aexit),
    "AsyncTalker._astream": AsyncTalker,
}
AROUND: dict[str, Callable[[Runnable[Any, Any]], Runnable[Any, Any]]] = {
    "alone": lambda step: step,
    "first": lambda step: step | RunnablePassthrough(),
    "behind": lambda step: RunnablePassthrough() | step,
    "branches": lambda step: RunnablePassthrough() | {"a": step, "b": step},
    "assigned": lambda step: RunnablePassthrough.assign(y=(lambda d: d["x"]) | step),
    "again": lambda step: step.with_retry().with_fallbacks([step]),
    "timed": lambda step: step.with_timeout(60),
    "hedged": lambda step: step.with_hedge(after=60),
    "limited": lambda step: step.with_concurrency(2),
}


def given(around: str) -> Any:
    return {"x": "x"} if around == "assigned" else "x"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("name", PLAIN)
def test_a_generator_that_yields_after_close_is_named(run, name, around) -> None:
    step = AROUND[around](PLAIN[name]())
    with pytest.raises(CompositionError, match=rf"{name} gave a chunk after it was closed"):
        run.stream(step, given(around), take=2)


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("name", ASYNC)
def test_an_async_generator_that_yields_after_close_is_named(run, name, around) -> None:
    if run.sync:
        pytest.skip("async only")
    step = AROUND[around](ASYNC[name]())
    with pytest.raises(CompositionError, match=rf"{name} gave a chunk after it was closed"):
        run.stream(step, given(around), take=2)


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("name", PLAIN)
def test_it_is_named_where_somebody_watches_too(run, watch, name, around) -> None:
    step = AROUND[around](PLAIN[name]())
    with pytest.raises(CompositionError, match=rf"{name} gave a chunk after it was closed"):
        run.stream(step, given(around), {"callbacks": [watch]}, take=2)
    watch.assert_whole()


def test_the_message_says_where_and_what_to_write(run) -> None:
    with pytest.raises(CompositionError) as caught:
        run.stream(RunnableLambda(in_finally), "x", take=1)
    line = in_finally.__code__.co_firstlineno + 5
    assert str(caught.value) == (
        f"in_finally gave a chunk after it was closed, in line {line}: it yields in `finally`, or "
        "where it catches GeneratorExit. There it may only clean up; yield the last chunks before, "
        "and catch `Exception` instead of everything"
    )


def test_a_tool_that_yields_after_close_is_named(run) -> None:
    @tool
    def digits(n: int) -> Iterator[str]:
        """Give digits."""
        try:
            yield from "123"
        finally:
            yield "4"

    with pytest.raises(CompositionError, match="digits gave a chunk after it was closed"):
        run.stream(digits, {"n": 1}, take=1)


@pytest.mark.parametrize("around", AROUND)
def test_a_clean_up_that_fails_fails_the_close(run, around) -> None:
    def failing(value: Any) -> Iterator[str]:
        try:
            yield "one"
            yield from MANY
        finally:
            raise OSError("the file cannot be closed")

    async def afailing(value: Any) -> AsyncIterator[str]:
        try:
            for chunk in MANY:
                yield chunk
        finally:
            raise OSError("the file cannot be closed")

    for function in (failing,) if run.sync else (failing, afailing):
        with pytest.raises(OSError, match="cannot be closed"):
            run.stream(AROUND[around](RunnableLambda(function)), given(around), take=2)


def test_an_error_of_its_own_is_not_taken_for_one_of_closing(run) -> None:
    def failing(value: Any) -> Iterator[str]:
        yield "one"
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        run.stream(RunnableLambda(failing), "x")
