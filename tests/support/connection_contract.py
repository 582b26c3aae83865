"""What every chat model does with its connections: who opens, uses again and closes them.

A test class derives from `ConnectionContract` and says how to make a model at a server, and what
that server sends.
"""

from __future__ import annotations

import copy
import gc
import pickle
import threading
from contextlib import aclosing, closing
from typing import Any, ClassVar

import anyio
import anyio.to_thread
import pytest

from levada.chat_models import BaseChatModel
from levada.errors import OverloadedError
from scripted_server import Reply, ScriptedServer

__all__ = ["ConnectionContract"]


class ConnectionContract:
    """Tests of the connections of a chat model, at a server on loopback."""

    text: ClassVar[str]
    """What the model says in `streamed` and `whole`."""
    field: ClassVar[str] = "temperature"
    """A setting that is a number."""

    def at(self, url: str, **settings: Any) -> BaseChatModel:
        """Give a model whose provider is there; its key is "sekrit"."""
        raise NotImplementedError

    def streamed(self, **how: Any) -> Reply:
        """Give a whole stream; `how` is as of Reply. Its body is one piece if it has a length."""
        raise NotImplementedError

    def begun(self) -> Reply:
        """Give a stream that says nothing more after the first words, and does not end."""
        raise NotImplementedError

    def silent(self) -> Reply:
        """Give the head of an answer that never comes."""
        return Reply([threading.Event()])

    def whole(self) -> Reply:
        """Give an answer that is not streamed."""
        raise NotImplementedError

    @pytest.fixture
    def chat(self, scripted: ScriptedServer) -> Any:
        """Give a model that tries once."""
        with self.at(scripted.url, max_retries=0) as chat:
            yield chat

    def _at_once(self) -> Reply:
        # The end comes with the last piece: a busy machine cannot come between them.
        return self.streamed(framing="length")

    def test_closing_a_stream_closes_its_connection(
        self, scripted: ScriptedServer, chat: BaseChatModel
    ) -> None:
        scripted.answers(self.begun())
        with closing(chat.stream("Hi")) as stream:
            next(stream)
            assert not scripted.requests[0].left.is_set()
        assert scripted.requests[0].left.wait(10)

    @pytest.mark.anyio
    async def test_closing_an_async_stream_leaves_nothing_behind(
        self, scripted: ScriptedServer, chat: BaseChatModel
    ) -> None:
        scripted.answers(self.begun())
        async with aclosing(chat.astream("Hi")) as stream:
            await anext(stream)
        assert await anyio.to_thread.run_sync(scripted.requests[0].left.wait, 10)
        gc.collect()  # trio would warn of a generator that was left open: that is an error
        await anyio.lowlevel.checkpoint()

    @pytest.mark.anyio
    @pytest.mark.parametrize("verb", ["ainvoke", "astream"])
    async def test_a_cancelled_call_closes_its_connection(
        self, scripted: ScriptedServer, chat: BaseChatModel, verb: str
    ) -> None:
        scripted.answers(self.silent() if verb == "ainvoke" else self.begun())

        async def calls(started: anyio.Event) -> None:
            if verb == "ainvoke":
                started.set()
                await chat.ainvoke("Hi")
            async for _ in chat.astream("Hi"):
                started.set()

        started = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(calls, started)
            await started.wait()
            await anyio.to_thread.run_sync(_arrives, scripted)
            tasks.cancel_scope.cancel()
        assert await anyio.to_thread.run_sync(scripted.requests[0].left.wait, 10)

    def test_calls_one_after_the_other_use_one_connection(
        self, scripted: ScriptedServer, chat: BaseChatModel
    ) -> None:
        scripted.answers(self.streamed(), self.whole(), self.streamed())
        texts = ["".join(c.text for c in chat.stream("Hi")), chat.invoke("Hi").text]
        texts += ["".join(c.text for c in chat.stream("Hi"))]
        assert texts == [self.text] * 3
        assert (len(scripted.requests), scripted.connections) == (3, 1)

    @pytest.mark.anyio
    async def test_async_calls_one_after_the_other_use_one_connection(
        self, scripted: ScriptedServer, chat: BaseChatModel
    ) -> None:
        scripted.always_answers(self._at_once())
        for _ in range(3):
            assert "".join([chunk.text async for chunk in chat.astream("Hi")]) == self.text
        assert (len(scripted.requests), scripted.connections) == (3, 1)

    def test_each_event_loop_has_its_own_connections(
        self, scripted: ScriptedServer, chat: BaseChatModel
    ) -> None:
        """Also loops in several threads, one after the other, and of both kinds."""
        scripted.always_answers(self._at_once())
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
        assert texts == [self.text] * 8
        assert scripted.connections == 4
        gc.collect()  # a socket that was left open would warn, and a warning is an error

    def test_a_forgotten_model_closes_its_connections(self, scripted: ScriptedServer) -> None:
        """Also one in a circle, where the collector might come to the socket first."""
        scripted.always_answers(self._at_once())
        circles: list[Any] = []
        for _ in range(3):
            chat = self.at(scripted.url)
            list(chat.stream("Hi"))
            circle: list[Any] = [chat]
            circle.append(circle)
            circles.append(circle)
        del chat, circle
        circles.clear()
        gc.collect()

    def test_a_with_statement_closes_the_pool(
        self, scripted: ScriptedServer, chat: BaseChatModel
    ) -> None:
        scripted.always_answers(self._at_once())
        with chat:
            list(chat.stream("Hi"))
        list(chat.stream("Hi"))
        assert scripted.connections == 2

    @pytest.mark.anyio
    async def test_an_async_with_statement_closes_the_pool(
        self, scripted: ScriptedServer, chat: BaseChatModel
    ) -> None:
        scripted.always_answers(self.whole())
        async with chat:
            await chat.ainvoke("Hi")
        await chat.ainvoke("Hi")
        assert scripted.connections == 2

    def test_the_key_is_sent_and_nowhere_to_be_seen(
        self, scripted: ScriptedServer, chat: BaseChatModel
    ) -> None:
        for shown in (repr(chat), str(chat), str(chat.model_dump()), chat.model_dump_json()):
            assert "sekrit" not in shown
        scripted.answers(self.whole())
        chat.invoke("Hi")
        assert "sekrit" in str(scripted.requests[0].headers)

    @pytest.mark.parametrize("how_copied", ["pickle", "copy", "deepcopy", "model_copy"])
    def test_copies_work_by_themselves(
        self, scripted: ScriptedServer, chat: BaseChatModel, how_copied: str
    ) -> None:
        scripted.always_answers(self._at_once())
        list(chat.stream("Hi"))
        other = {
            "pickle": lambda: pickle.loads(pickle.dumps(chat)),
            "copy": lambda: copy.copy(chat),
            "deepcopy": lambda: copy.deepcopy(chat),
            "model_copy": lambda: chat.model_copy(update={self.field: 1}),
        }[how_copied]()
        assert "".join(chunk.text for chunk in other.stream("Hi")) == self.text
        assert ["sekrit" in str(request.headers) for request in scripted.requests] == [True, True]
        assert (other == chat) is (how_copied != "model_copy")

    def test_a_copy_that_goes_elsewhere_goes_there(
        self, scripted: ScriptedServer, chat: BaseChatModel
    ) -> None:
        scripted.always_answers(self._at_once())
        list(chat.stream("Hi"))
        with ScriptedServer() as other:
            other.always_answers(self._at_once())
            list(chat.model_copy(update={"base_url": other.url}).stream("Hi"))
            assert len(other.requests) == 1
        assert len(scripted.requests) == 1

    @pytest.mark.parametrize("verb", ["invoke", "stream"])
    def test_the_retries_of_the_sdk_are_switched_off(
        self, scripted: ScriptedServer, chat: BaseChatModel, run: Any, verb: str
    ) -> None:
        """Those of the base class are enough: they know when a stream has begun."""
        scripted.always_answers(Reply(b"{}", 500))
        with pytest.raises(OverloadedError, match="500"):
            getattr(run, verb)(chat, "Hi")
        assert len(scripted.requests) == 1


def _arrives(scripted: ScriptedServer) -> None:
    waiting = threading.Event()
    while not scripted.requests:
        waiting.wait(0.01)
