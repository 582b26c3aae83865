"""Leaving the events of a run anywhere closes the connection to the model behind them.

The server says one word after the other until nobody listens. LEVADA_STOP_SEED=N repeats a choice.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import aclosing, closing
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

import anthropic_wire as wire
from levada.chat_models import ChatAnthropic
from levada.parsers import StrOutputParser
from levada.prompts import ChatPromptTemplate
from levada.runnables import Runnable, RunnableLambda, RunnableParallel
from scenarios.scenario import both
from scripted_server import Reply, ScriptedServer, event

STOPS = 100  # in each colour
LAST = 12
SEED = int(os.environ.get("LEVADA_STOP_SEED", "0")) or random.randrange(1, 2**32)


class EndlessAnswer(tuple[bytes, ...]):
    """The pieces of an answer that goes on as long as somebody listens."""

    def __iter__(self) -> Iterator[bytes]:
        yield wire.started()
        block = {"type": "text", "text": ""}
        yield event(
            "content_block_start",
            {"type": "content_block_start", "index": 0, "content_block": block},
        )
        while True:
            delta = {"type": "text_delta", "text": "more "}
            yield wire.said("content_block_delta", index=0, delta=delta)


def called_by_functions(chat: ChatAnthropic) -> Runnable[Any, Any]:
    def inner(call: Any) -> Any:
        return lambda x: call(chat, x)

    def outer(call: Any) -> Any:
        return lambda x: call(both(inner) | StrOutputParser(), x)

    return both(outer)


SHAPES: dict[str, Callable[[ChatAnthropic], Runnable[Any, Any]]] = {
    "alone": lambda chat: chat,
    "chain": lambda chat: ChatPromptTemplate.from_template("{x}") | chat | StrOutputParser(),
    "called": called_by_functions,
    "called in a thread": lambda chat: RunnableLambda(lambda x: chat.invoke(x)),
    "parallel": lambda chat: RunnableParallel(a=chat, b=chat | StrOutputParser()),
    "retried": lambda chat: chat.with_retry() | StrOutputParser(),
    "in time": lambda chat: chat.with_timeout(60) | StrOutputParser(),
    "hedged": lambda chat: chat.with_hedge(after=60) | StrOutputParser(),
}


def stop_points(share: str) -> list[tuple[str, int, bool]]:
    """Give shapes, numbers of events after which to leave, and whether by being cancelled."""
    chance = random.Random(f"{SEED} {share}")
    names = sorted(SHAPES)
    return [
        (chance.choice(names), chance.randrange(LAST), chance.random() < 0.5) for _ in range(STOPS)
    ]


@pytest.fixture
def chat(scripted: ScriptedServer) -> Iterator[ChatAnthropic]:
    """Give a model at a server that goes on without end."""
    scripted.always_answers(Reply(EndlessAnswer(), headers={"content-type": "text/event-stream"}))
    with ChatAnthropic(
        model="claude-x", base_url=scripted.url, api_key="sekrit", max_retries=0
    ) as chat:
        yield chat


def all_have_left(scripted: ScriptedServer) -> bool:
    left = all(request.left.wait(10) for request in scripted.requests)
    scripted.requests.clear()
    return left


@pytest.mark.timeout(180)
def test_events_that_are_left_anywhere_leave_no_connection_in_sync(scripted, chat) -> None:
    asked = 0
    for name, count, _ in stop_points("sync"):
        with closing(SHAPES[name](chat).stream_events("Hi")) as events:
            for _ in range(count):
                next(events)
        asked += len(scripted.requests)
        assert all_have_left(scripted), f"{name} after {count} events; LEVADA_STOP_SEED={SEED}"
    assert asked > STOPS // 2


@pytest.mark.timeout(180)
@pytest.mark.anyio
async def test_events_that_are_left_anywhere_leave_no_connection(
    scripted, chat, anyio_backend_name
) -> None:
    asked = 0
    for name, count, cancelled in stop_points(anyio_backend_name):
        with anyio.CancelScope() as scope:
            async with aclosing(SHAPES[name](chat).astream_events("Hi")) as events:
                for _ in range(count):
                    await anext(events)
                if cancelled:
                    scope.cancel()
                    await anyio.lowlevel.checkpoint()
        asked += len(scripted.requests)
        left = await anyio.to_thread.run_sync(all_have_left, scripted)
        assert left, f"{name} after {count} events; LEVADA_STOP_SEED={SEED}"
    assert asked > STOPS // 2
