"""What every chat model does at a real server: it is read by many at once, and stopped at once.

A test class derives from `LiveServerContract`, in a module whose fixture `chat` gives a model at
the server of the fixture `llama`.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from contextlib import aclosing, closing
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest

from levada.parsers import StrOutputParser
from levada.prompts import ChatPromptTemplate

__all__ = ["SONG", "TELL", "LiveServerContract"]

SONG = "Write me a 1 verse song about goldfish on the moon"
TELL = "Tell me a very long story."
TRIES = 5  # on a machine that does other things too, something may be late once


class LiveServerContract:
    """Tests of a chat model, which says 8 tokens at the most if it is not told otherwise."""

    def test_a_chain_streams_text_and_shows_its_events(self, chat: Any, run: Any) -> None:
        prompt = ChatPromptTemplate.from_messages([("system", "Be brief."), ("human", "{what}")])
        chain = prompt | chat | StrOutputParser()
        assert len(run.stream(chain, {"what": SONG})) > 3
        events = run.events(chat, SONG)
        kinds = [event["event"] for event in events]
        assert kinds[0] == "on_chat_model_start"
        assert set(kinds[1:-1]) == {"on_chat_model_stream"}
        assert events[-1]["data"]["output"].usage_metadata["output_tokens"] == 8

    def test_closing_a_stream_frees_the_server_within_a_second(self, chat: Any, llama: Any) -> None:
        def leaves() -> None:
            with closing(chat.stream(TELL, max_tokens=600)) as stream:
                for _ in range(5):
                    next(stream)
                assert llama.is_busy()

        assert _is_free_soon(llama, leaves)

    @pytest.mark.anyio
    @pytest.mark.parametrize("verb", ["astream", "astream_events"])
    async def test_closing_an_async_stream_frees_the_server_within_a_second(
        self, chat: Any, llama: Any, verb: str
    ) -> None:
        async def leaves() -> None:
            async with aclosing(getattr(chat, verb)(TELL, max_tokens=600)) as stream:
                for _ in range(5):
                    await anext(stream)

        assert await anyio.to_thread.run_sync(_is_free_soon, llama, _in_this_loop(leaves))

    @pytest.mark.anyio
    async def test_cancelling_a_task_frees_the_server_within_a_second(
        self, chat: Any, llama: Any
    ) -> None:
        chat.max_tokens = 600
        chain = ChatPromptTemplate.from_template("{what}") | chat | StrOutputParser()

        async def leaves() -> None:
            under_way = anyio.Event()

            async def reads() -> None:
                async for text in chain.astream({"what": TELL}):
                    if text:
                        under_way.set()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(reads)
                await under_way.wait()
                tasks.cancel_scope.cancel()

        assert await anyio.to_thread.run_sync(_is_free_soon, llama, _in_this_loop(leaves))

    @pytest.mark.anyio
    async def test_twenty_streams_at_once_on_one_loop(self, chat: Any) -> None:
        texts: list[str] = []

        async def reads() -> None:
            texts.append("".join([chunk.text async for chunk in chat.astream(SONG)]))

        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(reads)
        assert len(texts) == 20
        assert len(set(texts)) == 1

    def test_twenty_streams_at_once_in_threads(self, chat: Any) -> None:
        texts: list[str] = []

        def reads() -> None:
            texts.append("".join(chunk.text for chunk in chat.stream(SONG)))

        threads = [threading.Thread(target=reads) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(texts) == 20
        assert len(set(texts)) == 1


def _in_this_loop(act: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    """Give what a worker thread calls so that the loop it was started from does this."""
    return lambda: anyio.from_thread.run(act)


def _is_free_soon(llama: Any, leaves: Callable[[], None]) -> bool:
    """Say whether the server has stopped within a second of being left in the middle."""
    for _ in range(TRIES):
        before = llama.tokens_predicted()
        leaves()
        if llama.becomes_idle(within_s=1):
            return True
        # It was late, but it has to stop long before the answer is whole.
        assert llama.becomes_idle(within_s=10)
        assert llama.tokens_predicted() - before < 300
    return False
