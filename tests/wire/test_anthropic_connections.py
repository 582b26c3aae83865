"""The connections of ChatAnthropic: who opens them, who uses them again, and who closes them."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
from collections.abc import Iterator
from contextlib import aclosing, closing
from typing import Any

import anyio
import anyio.to_thread
import pytest

import anthropic_wire as wire
from levada.chat_models import ChatAnthropic
from levada.errors import AuthenticationError, MissingExtraError
from scripted_server import Reply, ScriptedServer, sse


@pytest.fixture
def chat(scripted: ScriptedServer) -> Iterator[ChatAnthropic]:
    """Give a model at the scripted server that tries once."""
    with ChatAnthropic(
        model="claude-x", base_url=scripted.url, api_key="sekrit", max_retries=0
    ) as chat:
        yield chat


@pytest.fixture
def stalls(scripted: ScriptedServer) -> None:
    """Let the server say nothing more after the first words."""
    scripted.always_answers(sse(*wire.PLAIN[:-1], end="stall"))


def test_a_server_that_does_not_end_its_answer_does_not_hold_it(
    scripted: ScriptedServer, chat: ChatAnthropic, run: Any
) -> None:
    scripted.always_answers(sse(*wire.PLAIN, end="stall"))
    for _ in range(2):
        assert run.stream(chat, "Hi")[-1].chunk_position == "last"
    assert scripted.connections == 2


@pytest.mark.usefixtures("stalls")
def test_closing_a_stream_closes_its_connection(
    scripted: ScriptedServer, chat: ChatAnthropic
) -> None:
    with closing(chat.stream("Hi")) as stream:
        next(stream)
        assert not scripted.requests[0].left.is_set()
    assert scripted.requests[0].left.wait(10)


@pytest.mark.anyio
@pytest.mark.usefixtures("stalls")
async def test_closing_an_async_stream_leaves_nothing_behind(
    scripted: ScriptedServer, chat: ChatAnthropic
) -> None:
    async with aclosing(chat.astream("Hi")) as stream:
        await anext(stream)
    assert await anyio.to_thread.run_sync(scripted.requests[0].left.wait, 10)
    gc.collect()  # trio would warn of a generator that was left open, and a warning is an error
    await anyio.lowlevel.checkpoint()


@pytest.mark.anyio
@pytest.mark.usefixtures("stalls")
async def test_a_cancelled_call_closes_its_connection(
    scripted: ScriptedServer, chat: ChatAnthropic
) -> None:
    waits = sse(*wire.PLAIN[:-1], threading.Event())
    scripted.answers(waits, waits)

    async def reads(verb: str, started: anyio.Event) -> None:
        if verb == "ainvoke":
            started.set()
            await chat.ainvoke("Hi")
        async for _ in chat.astream("Hi"):
            started.set()

    for n, verb in enumerate(["ainvoke", "astream"]):
        started = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reads, verb, started)
            await started.wait()
            await anyio.to_thread.run_sync(_arrives, scripted, n)
            tasks.cancel_scope.cancel()
        assert await anyio.to_thread.run_sync(scripted.requests[n].left.wait, 10)


def _arrives(scripted: ScriptedServer, n: int) -> None:
    waiting = threading.Event()
    while len(scripted.requests) <= n:
        waiting.wait(0.01)


def test_calls_one_after_the_other_use_one_connection(
    scripted: ScriptedServer, chat: ChatAnthropic
) -> None:
    scripted.always_answers(sse(*wire.PLAIN))
    for _ in range(3):
        assert len(list(chat.stream("Hi"))) == 4
    assert (len(scripted.requests), scripted.connections) == (3, 1)


# Its end comes with its last event: a busy machine cannot come between them.
AT_ONCE = sse(b"".join(wire.PLAIN), framing="length")


@pytest.mark.anyio
async def test_async_calls_one_after_the_other_use_one_connection(
    scripted: ScriptedServer, chat: ChatAnthropic
) -> None:
    scripted.always_answers(AT_ONCE)
    for _ in range(3):
        assert len([chunk async for chunk in chat.astream("Hi")]) == 4
    assert (len(scripted.requests), scripted.connections) == (3, 1)


def test_each_event_loop_has_its_own_connections(
    scripted: ScriptedServer, chat: ChatAnthropic
) -> None:
    """Also loops in several threads, one after the other, and of both kinds."""
    scripted.always_answers(AT_ONCE)
    texts: list[str] = []

    async def main() -> None:
        for _ in range(2):
            texts.append("".join([chunk.text async for chunk in chat.astream("Hi")]))

    def run(backend: str) -> None:
        anyio.run(main, backend=backend)

    run("asyncio")
    run("trio")
    threads = [threading.Thread(target=run, args=(kind,)) for kind in ("asyncio", "trio")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == ["Goldfish é🐟."] * 8
    assert scripted.connections == 4
    gc.collect()  # a socket that was left open would warn, and a warning is an error


def test_a_forgotten_model_closes_its_connections(scripted: ScriptedServer) -> None:
    """Also one in a circle, where the collector would come to the socket first: it would warn."""
    scripted.always_answers(AT_ONCE)
    circles: list[Any] = []
    for _ in range(3):
        chat = ChatAnthropic(model="claude-x", base_url=scripted.url, api_key="k")
        list(chat.stream("Hi"))
        circle: list[Any] = [chat]
        circle.append(circle)
        circles.append(circle)
    del chat, circle
    circles.clear()
    gc.collect()


def test_a_with_statement_closes_the_pool(scripted: ScriptedServer, chat: ChatAnthropic) -> None:
    scripted.always_answers(sse(*wire.PLAIN))
    with chat:
        list(chat.stream("Hi"))
    list(chat.stream("Hi"))
    assert scripted.connections == 2


@pytest.mark.anyio
async def test_an_async_with_statement_closes_the_pool(
    scripted: ScriptedServer, chat: ChatAnthropic
) -> None:
    scripted.always_answers(sse(*wire.PLAIN))
    async with chat:
        await chat.ainvoke("Hi", max_tokens=64_000)
    await chat.ainvoke("Hi", max_tokens=64_000)
    assert scripted.connections == 2


def test_the_key_is_nowhere_to_be_seen(chat: ChatAnthropic) -> None:
    for shown in (repr(chat), str(chat), str(chat.model_dump()), chat.model_dump_json()):
        assert "sekrit" not in shown


@pytest.mark.parametrize(
    "copied",
    [
        lambda chat: pickle.loads(pickle.dumps(chat)),
        copy.copy,
        copy.deepcopy,
        lambda chat: chat.model_copy(update={"temperature": 1.0}),
    ],
    ids=["pickle", "copy", "deepcopy", "model_copy"],
)
def test_copies_work_by_themselves(
    scripted: ScriptedServer, chat: ChatAnthropic, copied: Any
) -> None:
    scripted.always_answers(sse(*wire.PLAIN))
    list(chat.stream("Hi"))
    other = copied(chat)
    assert len(list(other.stream("Hi"))) == 4
    assert (
        scripted.requests[0].headers["authorization"]
        == (scripted.requests[1].headers["authorization"])
    )
    assert (other == chat) is (other.temperature == chat.temperature)


def test_a_copy_that_goes_elsewhere_goes_there(
    scripted: ScriptedServer, chat: ChatAnthropic
) -> None:
    scripted.always_answers(sse(*wire.PLAIN))
    list(chat.stream("Hi"))
    with ScriptedServer() as other:
        other.always_answers(sse(*wire.PLAIN))
        list(chat.model_copy(update={"base_url": other.url}).stream("Hi"))
        assert len(other.requests) == 1
    assert len(scripted.requests) == 1


def test_the_key_is_found_in_the_environment(
    scripted: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.answers(sse(*wire.PLAIN))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "from-outside")
    list(ChatAnthropic(model_name="claude-x", anthropic_api_url=scripted.url).stream("Hi"))
    assert "from-outside" in scripted.requests[0].headers["authorization"]


@pytest.mark.parametrize(
    ("home", "says"), [("HOME", "ANTHROPIC_API_KEY"), ("ANTHROPIC_CONFIG_DIR", "default.json")]
)
def test_without_a_key_the_call_says_where_to_put_it(
    scripted: ScriptedServer,
    run: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
    home: str,
    says: str,
) -> None:
    monkeypatch.setenv(home, str(tmp_path))
    chat = ChatAnthropic(model="claude-x", base_url=scripted.url)
    with pytest.raises(AuthenticationError, match=says):
        run.invoke(chat, "Hi")
    assert scripted.requests == []


def test_without_the_sdk_the_class_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'levada\[anthropic\]'"):
        ChatAnthropic(model="claude-x", api_key="k")


def test_the_retries_of_the_sdk_are_switched_off(
    scripted: ScriptedServer, chat: ChatAnthropic
) -> None:
    """Those of the base class are enough: they know when a stream has begun."""
    scripted.always_answers(Reply(b"{}", 500))
    with pytest.raises(Exception, match="500"):
        chat.invoke("Hi")
    assert len(scripted.requests) == 1
