"""What a scenario is, and the models and steps that they are made of."""

from __future__ import annotations

import inspect
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeAlias

import anyio
import anyio.lowlevel

from levada.chat_models import BaseChatModel, GenericFakeChatModel
from levada.messages import AIMessage, AIMessageChunk
from levada.prompts import ChatPromptTemplate
from levada.runnables import Runnable, RunnableLambda

SOON = 0.005
"""A time limit that is to pass."""
LONG = 60.0
"""One that is not."""


class Planned(ValueError):
    """The only exception of their own that scenarios raise on purpose."""


def nothing() -> None:
    """Let go of nothing."""


@dataclass
class Scenario:
    """A chain to run.

    Attributes:
        chain: The chain.
        input: Its input.
        config: The config of the call.
        filters: What the reader wants to see.
        concurrent: Whether its events have no order that is always the same.
        stops: After how many events the reader leaves; None if it reads to the end.
        cancelled: Whether it does not leave by itself: its task is cancelled.
        release: Lets go of the threads that the run has left to themselves.
        in_time: Whether, as the events say, what a limit cut off had begun by then. On a busy
            machine it may not have.
    """

    chain: Runnable[Any, Any]
    input: Any
    config: Any = None
    filters: dict[str, Any] = field(default_factory=dict[str, Any])
    concurrent: bool = False
    stops: int | None = None
    cancelled: bool = False
    release: Callable[[], object] = nothing
    in_time: Callable[[list[Any]], bool] = lambda events: True


Make: TypeAlias = Callable[[float], Scenario]

SCENARIOS: dict[str, Make] = {}


def scenario(make: Callable[..., Scenario]) -> Callable[..., Scenario]:
    """Give the scenario its name; it may take the time limit that is to pass in it."""
    takes_limit = bool(inspect.signature(make).parameters)

    @wraps(make)
    def made(soon: float) -> Scenario:
        return make(soon) if takes_limit else make()

    SCENARIOS[make.__name__] = made
    return make


class Scripted(BaseChatModel):
    """Plays one turn of its script a call: texts, chunks, exceptions to raise, what to wait for."""

    script: list[list[Any]]

    def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Iterator[AIMessageChunk]:
        for item in self.script.pop(0):
            if isinstance(item, Stuck):
                item.wait()
            elif isinstance(item, Exception):
                raise item
            else:
                yield AIMessageChunk(content=item) if isinstance(item, str) else item

    async def _astream(
        self, messages: Any, stop: Any = None, **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        for item in self.script.pop(0):
            await anyio.lowlevel.checkpoint()
            if isinstance(item, Stuck):
                await item.await_()
            elif isinstance(item, Exception):
                raise item
            else:
                yield AIMessageChunk(content=item) if isinstance(item, str) else item


class Endless(BaseChatModel):
    """Does not end before its reader leaves."""

    def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Iterator[AIMessageChunk]:
        while True:
            yield AIMessageChunk(content="more ")

    async def _astream(
        self, messages: Any, stop: Any = None, **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        while True:
            await anyio.lowlevel.checkpoint()
            yield AIMessageChunk(content="more ")


class Whole(BaseChatModel):
    """Cannot stream."""

    def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
        return AIMessage("all at once")


class Stuck:
    """Something that takes longer than anybody waits: until it is released, or cancelled.

    Attributes:
        began: Set when somebody has begun to wait for it.
    """

    def __init__(self) -> None:
        self.began = threading.Event()
        self._released = threading.Event()

    def release(self) -> None:
        self._released.set()

    def wait(self) -> None:
        self.began.set()
        if not self._released.wait(20):
            raise TimeoutError("the scenario was not released")

    async def await_(self) -> None:
        self.began.set()
        await anyio.sleep_forever()

    def scenario(self, chain: Runnable[Any, Any], value: Any, **about: Any) -> Scenario:
        """Give a scenario in which this is what a limit cuts off."""
        given: dict[str, Any] = {"in_time": lambda events: self.began.is_set(), **about}
        return Scenario(chain, value, release=self.release, **given)


def says(text: str) -> GenericFakeChatModel:
    return GenericFakeChatModel(messages=iter([text] * 3))


def ask() -> ChatPromptTemplate:
    return ChatPromptTemplate.from_messages([("human", "Tell me about {topic}.")])


def fails(x: Any) -> Any:
    raise Planned("no")


def both(function: Callable[[Any], Any]) -> RunnableLambda[Any, Any]:
    """Give a step that calls runnables: `function(call)` in sync, awaited in async."""

    def step(x: Any) -> Any:
        return function(lambda runnable, value: runnable.invoke(value))(x)

    async def astep(x: Any) -> Any:
        return await function(lambda runnable, value: runnable.ainvoke(value))(x)

    return RunnableLambda(step, astep, name=function.__name__)
