"""`stream_message`: the parts of a message while they come, for several readers."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import suppress
from typing import Any

import anyio
import pytest

from levada.chat_models import BaseChatModel, GenericFakeChatModel
from levada.chat_models.message_stream import MessageStream
from levada.errors import ModelError
from levada.messages import AIMessage, AIMessageChunk, ToolCallChunk


class Scripted(BaseChatModel):
    """Streams its script, and says what it has made and whether it was closed."""

    script: list[Any]
    made: list[Any] = []  # noqa: RUF012  # pydantic copies it
    closed: list[bool] = []  # noqa: RUF012

    def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Iterator[AIMessageChunk]:
        try:
            for item in self.script:
                if isinstance(item, Exception):
                    raise item
                self.made.append(item)
                yield item
        finally:
            self.closed.append(True)

    async def _astream(
        self, messages: Any, stop: Any = None, **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        for item in self._stream(messages):
            await anyio.lowlevel.checkpoint()
            yield item


def fragment(args: str, name: str | None = None, id: str | None = None) -> AIMessageChunk:
    call = ToolCallChunk(type="tool_call_chunk", name=name, args=args, id=id, index=0)
    return AIMessageChunk(content="", tool_call_chunks=[call])


def thought(text: str) -> AIMessageChunk:
    return AIMessageChunk(content="", additional_kwargs={"reasoning_content": text})


def script() -> list[Any]:
    return [
        thought("Let me "),
        thought("think."),
        AIMessageChunk(content="It is "),
        AIMessageChunk(content="cold."),
        fragment("", "weather", "call-1"),
        fragment('{"city": "Os'),
        fragment('lo"}'),
        AIMessageChunk(
            content="",
            usage_metadata={"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
            chunk_position="last",
        ),
    ]


WEATHER = {"name": "weather", "args": {"city": "Oslo"}, "id": "call-1", "type": "tool_call"}


class Reads:
    """Reads a message in the colour of the test."""

    def __init__(self, run: Any, model: BaseChatModel) -> None:
        self.run = run
        self.model = model

    def __call__(self, body: Any) -> Any:
        """Call `body(message, pieces, get)`, an async function, in either colour."""
        if self.run.sync:

            async def pieces(part: Any) -> list[Any]:
                return list(part)

            async def get(value: Any) -> Any:
                return value

            with self.model.stream_message("hi") as message:
                coroutine = body(message, pieces, get)
                try:
                    coroutine.send(None)
                except StopIteration as stop:
                    return stop.value
                raise AssertionError("it waited")

        async def apieces(part: Any) -> list[Any]:
            return [piece async for piece in part]

        async def aget(value: Any) -> Any:
            return await value

        async def main() -> Any:
            async with self.model.astream_message("hi") as message:
                return await body(message, apieces, aget)

        return anyio.run(main, backend=self.run.how)


@pytest.fixture
def reads(run: Any) -> Reads:
    """Give a reader of a scripted message."""
    return Reads(run, Scripted(script=script()))


def test_each_part_gives_its_pieces_and_its_whole(reads) -> None:
    async def body(message: Any, pieces: Any, get: Any) -> None:
        assert await pieces(message.text) == ["It is ", "cold."]
        assert await pieces(message.reasoning) == ["Let me ", "think."]
        fragments = await pieces(message.tool_calls)
        assert [f["args"] for f in fragments] == ["", '{"city": "Os', 'lo"}']
        assert await get(message.text.whole()) == "It is cold."
        assert await get(message.reasoning.whole()) == "Let me think."
        assert await get(message.tool_calls.whole()) == [WEATHER]

    reads(body)


@pytest.mark.parametrize("first", ["usage", "output", "text", "tool_calls"])
def test_what_is_asked_first_takes_nothing_from_the_others(reads, first) -> None:
    async def body(message: Any, pieces: Any, get: Any) -> None:
        if first in ("usage", "output"):
            await get(getattr(message, first))
        else:
            await get(getattr(message, first).whole())
        assert "".join(await pieces(message.text)) == "It is cold."
        assert "".join(await pieces(message.text)) == "It is cold."
        usage = await get(message.usage)
        assert (usage["input_tokens"], usage["total_tokens"]) == (3, 7)
        output = await get(message.output)
        assert type(output) is AIMessage
        assert (output.text, output.tool_calls) == ("It is cold.", [WEATHER])

    reads(body)


def test_only_what_is_read_is_made(reads) -> None:
    async def body(message: Any, pieces: Any, get: Any) -> None:
        assert reads.model.made == []
        if reads.run.sync:
            assert next(iter(message.text)) == "It is "
        else:
            assert await anext(aiter(message.text)) == "It is "
        assert len(reads.model.made) == 3

    reads(body)
    assert reads.model.closed == [True]


def test_a_closed_message_says_so_when_more_is_read(reads) -> None:
    async def body(message: Any, pieces: Any, get: Any) -> None:
        text = iter(message.text) if reads.run.sync else aiter(message.text)
        assert await get(next(text) if reads.run.sync else anext(text)) == "It is "
        if reads.run.sync:
            message.close()
        else:
            await message.aclose()
        assert reads.model.closed == [True]
        with pytest.raises(ModelError, match="was closed before its end"):
            await get(message.output)
        with pytest.raises(ModelError, match="was closed before its end"):
            await pieces(message.text)

    reads(body)


def test_a_failure_is_raised_to_every_reader_after_what_came(run) -> None:
    model = Scripted(script=[AIMessageChunk(content="It is "), ModelError("broken")])

    async def body(message: Any, pieces: Any, get: Any) -> None:
        for _ in range(2):
            with pytest.raises(ModelError, match="broken"):
                await pieces(message.text)
            with pytest.raises(ModelError, match="broken"):
                await get(message.usage)

    Reads(run, model)(body)


def test_a_model_that_cannot_stream_gives_its_parts_at_once(run) -> None:
    answer = AIMessage("Cold.", tool_calls=[{"name": "f", "args": {"x": 1}, "id": "1"}])
    model = GenericFakeChatModel(messages=iter([answer]), disable_streaming=True)

    async def body(message: Any, pieces: Any, get: Any) -> None:
        assert await pieces(message.text) == ["Cold."]
        assert [f["args"] for f in await pieces(message.tool_calls)] == ['{"x": 1}']
        assert (await get(message.tool_calls.whole()))[0]["args"] == {"x": 1}
        assert (await get(message.output)).text == "Cold."

    Reads(run, model)(body)


@pytest.mark.parametrize("read", [0, 1, 2000])
def test_pieces_that_wait_for_a_reader_are_joined(run, read) -> None:
    """A reader that is far behind gets fewer and larger pieces, and no letter less."""
    words = [f"{i} " for i in range(8_000)]
    model = Scripted(script=[AIMessageChunk(content=word) for word in words])

    async def body(message: Any, pieces: Any, get: Any) -> None:
        got: list[str] = []
        text = iter(message.text) if run.sync else aiter(message.text)
        for _ in range(read):
            got.append(await get(next(text) if run.sync else anext(text)))
        assert got == words[:read]
        await get(message.output)
        rest = await pieces(text)
        assert len(rest) < 3000
        assert "".join([*got, *rest]) == "".join(words)

    Reads(run, model)(body)


def test_fragments_of_tool_calls_that_wait_are_joined_by_call(run) -> None:
    start = fragment("[", "f", "1")
    model = Scripted(script=[start, *(fragment("1,") for _ in range(3000)), fragment("1]")])

    async def body(message: Any, pieces: Any, get: Any) -> None:
        await get(message.output)
        rest = await pieces(message.tool_calls)
        assert len(rest) < 2000
        assert (rest[0]["name"], rest[0]["id"]) == ("f", "1")
        assert "".join(f["args"] for f in rest) == "[" + "1," * 3000 + "1]"

    Reads(run, model)(body)


@pytest.mark.parametrize("fails", [False, True])
def test_what_another_reader_took_until_the_end_is_not_lost(
    monkeypatch: pytest.MonkeyPatch, *, fails: bool
) -> None:
    def pieces() -> Generator[AIMessage, None, None]:
        for word in ("The ", "sea", "."):
            yield AIMessageChunk(content=word)
        if fails:
            raise ValueError("no more")

    message = MessageStream(pieces())
    took = message.take

    def take_before_the_other_reads_on(parts: Any, reader: object) -> list[Any]:
        if not (piece := took(parts, reader)):
            with suppress(ValueError):
                _ = message.output
        return piece

    monkeypatch.setattr(message, "take", take_before_the_other_reads_on)
    text, got = iter(message.text), []
    with pytest.raises(ValueError, match="no more") if fails else pytest.raises(StopIteration):
        while True:
            got.append(next(text))
    assert got == ["The ", "sea", "."]


def test_several_threads_read_several_parts() -> None:
    model = Scripted(script=[c for _ in range(500) for c in (thought("a"), fragment("1"))])
    message = model.stream_message("hi")
    got: dict[str, list[Any]] = {}

    def read(name: str, part: Any) -> None:
        got[name] = list(part)

    parts = {"reasoning": message.reasoning, "calls": message.tool_calls, "more": message.reasoning}
    threads = [threading.Thread(target=read, args=item) for item in parts.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "".join(got["reasoning"]) == "".join(got["more"]) == "a" * 500
    assert "".join(call["args"] for call in got["calls"]) == "1" * 500


@pytest.mark.anyio
async def test_several_tasks_read_several_parts_while_they_come() -> None:
    model = Scripted(script=script())
    got: list[str] = []

    async def read(part: Any, name: str) -> None:
        async for _ in part:
            got.append(name)

    async with (
        model.astream_message("hi") as message,
        anyio.create_task_group() as group,
    ):
        group.start_soon(read, message.text, "text")
        group.start_soon(read, message.reasoning, "thought")
        group.start_soon(read, message.tool_calls, "call")
    assert sorted(got) == ["call"] * 3 + ["text"] * 2 + ["thought"] * 2


@pytest.mark.anyio
async def test_a_cancelled_reader_ends_the_stream_and_others_are_told() -> None:
    class Waits(BaseChatModel):
        async def _astream(
            self, messages: Any, stop: Any = None, **kwargs: Any
        ) -> AsyncIterator[AIMessageChunk]:
            yield AIMessageChunk(content="one")
            await anyio.sleep_forever()

    message = Waits().astream_message("hi")
    text = aiter(message.text)
    assert await anext(text) == "one"
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(anext, text)
            await anyio.wait_all_tasks_blocked()
            scope.cancel()
    with pytest.raises(ModelError, match="a reader was cancelled"):
        await message.output


def test_the_call_is_observed_like_any_other() -> None:
    seen: list[str] = []

    class Watch:
        def on_event(self, event: Any) -> None:
            seen.append(event["event"])

    model = GenericFakeChatModel(messages=iter(["one two"]))
    assert model.stream_message("hi", {"callbacks": [Watch()]}).text.whole() == "one two"
    assert seen == ["on_chat_model_start", *["on_chat_model_stream"] * 3, "on_chat_model_end"]
