"""The base of chat models: one hook is enough, events are the same whichever it is."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from levada.chat_models import BaseChatModel
from levada.errors import CompositionError, MessageError, ModelError
from levada.messages import (
    AIMessage,
    AIMessageChunk,
    ChatPromptValue,
    HumanMessage,
    StringPromptValue,
    SystemMessage,
)
from levada.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough

WORDS = ["one", " ", "two"]


class Generates(BaseChatModel):
    def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
        return AIMessage("".join(WORDS))


class Streams(BaseChatModel):
    def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Iterator[AIMessageChunk]:
        for word in WORDS:
            yield AIMessageChunk(word)


class GeneratesAsync(BaseChatModel):
    async def _agenerate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
        await anyio.lowlevel.checkpoint()
        return AIMessage("".join(WORDS))


class StreamsAsync(BaseChatModel):
    async def _astream(
        self, messages: Any, stop: Any = None, **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        for word in WORDS:
            await anyio.lowlevel.checkpoint()
            yield AIMessageChunk(word)


class GeneratesAndStreams(Generates, Streams):
    pass


class All(GeneratesAndStreams, GeneratesAsync, StreamsAsync):
    pass


BOTH = [Generates, Streams, GeneratesAndStreams, All]
ASYNC_ONLY = [GeneratesAsync, StreamsAsync]


def text(chunks: list[Any]) -> list[str]:
    return [c.content for c in chunks]


# --- hooks ---


@pytest.mark.parametrize("author", BOTH)
def test_any_hook_answers_every_verb(run, author) -> None:
    model = author()
    assert run.invoke(model, "hi").content == "one two"
    assert "".join(text(run.stream(model, "hi"))) == "one two"
    assert text(run.batch(model, ["a", "b"])) == ["one two"] * 2


@pytest.mark.anyio
@pytest.mark.parametrize("author", [*BOTH, *ASYNC_ONLY])
async def test_any_hook_answers_every_async_verb(author) -> None:
    model = author()
    assert (await model.ainvoke("hi")).content == "one two"
    assert "".join(text([c async for c in model.astream("hi")])) == "one two"
    assert text(await model.abatch(["a", "b"])) == ["one two"] * 2


@pytest.mark.parametrize("author", ASYNC_ONLY)
def test_an_async_model_in_a_sync_call_says_what_to_call(author) -> None:
    with pytest.raises(CompositionError, match=rf"{author.__name__} is asynchronous only.*ainvoke"):
        author().invoke("hi")
    with pytest.raises(CompositionError, match="asynchronous only"):
        list(author().stream("hi"))


def test_a_model_without_a_hook_is_refused_when_its_class_is_made() -> None:
    with pytest.raises(TypeError, match="Mute has no hook; write _generate"):

        class Mute(BaseChatModel):
            pass


def test_a_base_class_of_models_may_say_that_it_is_abstract() -> None:
    class Base(BaseChatModel, abstract=True):
        size: int = 1

    class Model(Base):
        def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
            return AIMessage("x" * self.size)

    assert Model(size=3).invoke("hi").content == "xxx"


def test_a_model_that_streams_without_streaming_hooks_gives_its_message(run) -> None:
    (message,) = run.stream(Generates(), "hi")
    assert type(message) is AIMessage


@pytest.mark.anyio
async def test_blocking_hooks_run_in_worker_threads() -> None:
    homes: set[int] = set()

    class Blocks(BaseChatModel):
        def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
            homes.add(threading.get_ident())
            return AIMessage("a")

        def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Any:
            homes.add(threading.get_ident())
            yield AIMessageChunk("a")

    await Blocks().ainvoke("hi")
    async for _ in Blocks().astream("hi"):
        pass
    assert threading.get_ident() not in homes


# --- what goes in ---


class Echo(BaseChatModel):
    def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
        return AIMessage(
            repr([(m.type, m.content) for m in messages] + [stop, kwargs][: len(kwargs)])
        )


@pytest.mark.parametrize(
    "value",
    [
        "hi",
        [HumanMessage("hi")],
        ["hi"],
        [("user", "hi")],
        [{"role": "user", "content": "hi"}],
        (HumanMessage("hi"),),
        StringPromptValue(text="hi"),
        ChatPromptValue(messages=[HumanMessage("hi")]),
    ],
)
def test_a_model_takes_text_messages_and_what_prompts_give(run, value) -> None:
    assert run.invoke(Echo(), value).content == "[('human', 'hi')]"


@pytest.mark.parametrize("value", [5, None, {"a": 1}, b"abc", [5], [("robot", "hi")], object()])
def test_anything_else_is_refused(run, value) -> None:
    for verb in (run.invoke, run.stream):
        with pytest.raises(MessageError):
            verb(Echo(), value)


def test_a_refused_input_ends_the_run_of_the_model(run, whole_model) -> None:
    events = run.events(RunnablePassthrough() | Echo(), 5, raises=MessageError)
    whole_model(events)
    assert ("on_chat_model_error", "Echo") in [(e["event"], e["name"]) for e in events]


def test_options_and_stop_words_reach_the_hook(run) -> None:
    seen: list[Any] = []

    class Looks(BaseChatModel):
        def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
            seen.append((stop, kwargs))
            return AIMessage("")

    run.invoke(Looks(), "hi", stop=["."], temperature=0.5)
    run.invoke(Looks().bind(stop=["!"]) | RunnablePassthrough(), "hi")
    run.invoke((Looks() | RunnablePassthrough()).bind(seed=1), "hi")
    assert seen == [(["."], {"temperature": 0.5}), (["!"], {}), (None, {"seed": 1})]


# --- what comes out ---


@pytest.mark.parametrize("author", [Streams, All])
def test_all_chunks_of_a_message_have_one_id_and_the_last_is_marked(run, author) -> None:
    chunks = run.stream(author(), "hi")
    assert text(chunks) == [*WORDS, ""]
    assert len({c.id for c in chunks}) == 1
    assert [c.chunk_position for c in chunks] == [None, None, None, "last"]


def test_the_id_is_made_from_the_run(run) -> None:
    events = run.events(Streams(), "hi")
    ids = {e["data"]["chunk"].id for e in events if e["event"].endswith("_stream")}
    assert ids == {f"run-{events[0]['run_id']}"}
    assert events[-1]["data"]["output"].id == f"run-{events[0]['run_id']}"


def test_an_id_of_the_models_own_stays(run) -> None:
    class Own(BaseChatModel):
        def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Any:
            yield AIMessageChunk("a", id="mine")
            yield AIMessageChunk("b", id="mine", chunk_position="last")

    chunks = run.stream(Own(), "hi")
    assert [(c.id, c.chunk_position) for c in chunks] == [("mine", None), ("mine", "last")]
    assert run.invoke(Own(), "hi").id == "mine"


def test_an_id_is_that_of_its_run_also_when_the_model_gives_prepared_objects(run) -> None:
    message, chunks = AIMessage("a"), [AIMessageChunk("a"), AIMessageChunk("b")]

    class Prepared(BaseChatModel):
        def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
            return message

        def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Any:
            yield from chunks

    one, two = (run.invoke(Prepared(), "hi") for _ in range(2))
    assert one.id != two.id
    first, second = (run.stream(Prepared(), "hi") for _ in range(2))
    assert {c.id for c in first}.isdisjoint({c.id for c in second})
    assert (message.id, [c.id for c in chunks]) == (None, [None, None])


def test_a_model_may_not_change_the_messages_of_its_caller(run) -> None:
    class Grows(BaseChatModel):
        def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
            messages.insert(0, SystemMessage("be kind"))
            return AIMessage(str(len(messages)))

    value = ChatPromptValue(messages=[HumanMessage("hi")])
    given = [HumanMessage("hi")]
    assert [run.invoke(Grows(), v).content for v in (value, value, given, given)] == ["2"] * 4
    assert (len(value.messages), len(given)) == (1, 1)


def test_a_stream_without_a_chunk_is_an_error(run) -> None:
    class Empty(BaseChatModel):
        def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Any:
            yield from ()

    for verb in (run.invoke, run.stream):
        with pytest.raises(ModelError, match="Empty ended its stream without a single chunk"):
            verb(Empty(), "hi")


@pytest.mark.parametrize("wrong", ["text", None, HumanMessage("hi"), 5])
def test_a_hook_that_gives_no_message_is_an_error_that_says_so(run, wrong) -> None:
    class Wrong(BaseChatModel):
        def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> Any:
            return wrong

    with pytest.raises(CompositionError, match="_generate of Wrong must return an AIMessage; got"):
        run.invoke(Wrong(), "hi")


@pytest.mark.parametrize("wrong", ["text", AIMessage("a"), 5])
def test_a_stream_hook_that_gives_no_chunks_is_an_error_of_ours(run, wrong) -> None:
    class Wrong(BaseChatModel):
        def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Any:
            yield wrong

    with pytest.raises(CompositionError, match="Wrong"):
        run.stream(Wrong(), "hi")


# --- disable_streaming ---


class Both(BaseChatModel):
    def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
        return AIMessage("at once")

    def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Any:
        yield AIMessageChunk("in pieces", chunk_position="last")


@pytest.mark.parametrize(
    ("setting", "options", "content"),
    [
        (False, {}, "in pieces"),
        (True, {}, "at once"),
        ("tool_calling", {}, "in pieces"),
        ("tool_calling", {"tools": []}, "in pieces"),
        ("tool_calling", {"tools": [{}]}, "at once"),
        (True, {"tools": [{}]}, "at once"),
    ],
)
def test_streaming_can_be_switched_off(run, setting, options, content) -> None:
    model = Both(disable_streaming=setting)
    assert text(run.stream(model, "hi", **options)) == [content]
    events = run.events(RunnableLambda(lambda x: x) | model, "hi") if not options else []
    streamed = any(e["event"] == "on_chat_model_stream" for e in events)
    assert streamed is (bool(events) and content == "in pieces")


# --- events ---


def test_events_of_a_model_as_the_root(run) -> None:
    events = run.events(Streams(), "hi")
    assert [e["event"].removeprefix("on_chat_model_") for e in events] == [
        "start",
        *["stream"] * 4,
        "end",
    ]
    assert events[0]["data"] == {"input": "hi"}
    output = events[-1]["data"]["output"]
    assert (type(output), output.content) == (AIMessageChunk, "one two")
    assert output.chunk_position is None  # the empty last chunk is not part of the sum


def test_tags_and_metadata_of_a_model_are_those_of_its_runs(run) -> None:
    model = Streams(tags=["fast", "mine"], metadata={"team": "a", "tier": 1})
    config = {"tags": ["mine", "call"], "metadata": {"tier": 2}}
    for event in run.events(RunnablePassthrough() | model, "hi", config):
        if event["name"] == "Streams":
            assert event["tags"] == ["seq:step:2", "mine", "call", "fast"]
            assert event["metadata"] == {"team": "a", "tier": 2}
        else:
            assert "fast" not in event["tags"]
            assert event["metadata"] == {"tier": 2}


def test_events_of_a_model_as_a_child(run) -> None:
    events = run.events(
        RunnablePassthrough() | Streams() | RunnableLambda(lambda m: m.content), "hi"
    )
    model = [e for e in events if "chat_model" in e["event"]]
    assert model[0]["data"] == {"input": {"messages": [[HumanMessage("hi")]]}}
    assert model[-1]["data"]["input"] == {"messages": [[HumanMessage("hi")]]}
    assert events[-1]["data"] == {"output": "one two"}


@pytest.mark.parametrize("author", [Streams, GeneratesAndStreams, All])
def test_a_watched_model_streams_also_when_it_is_awaited(run, author) -> None:
    model = author()
    if run.sync:
        caller = RunnableLambda(lambda x: model.invoke(x))
    else:

        async def caller_(x: Any) -> Any:
            return await model.ainvoke(x)

        caller = RunnableLambda(caller_)
    events = [e for e in run.events(caller, "hi") if "chat_model" in e["event"]]
    chunks = [e["data"]["chunk"].content for e in events if e["event"].endswith("_stream")]
    assert chunks == [*WORDS, ""]
    assert type(events[-1]["data"]["output"]) is AIMessage
    assert events[-1]["data"]["output"].content == "one two"


def test_what_is_returned_is_the_same_whether_somebody_watches_or_not(run, watch_model) -> None:
    for author in BOTH:
        alone = run.invoke(author(), "hi")
        watched = run.invoke(author(), "hi", {"callbacks": [watch_model]})
        assert type(alone) is type(watched) is AIMessage
        assert alone.content == watched.content


# --- closing and failing ---


class Held(BaseChatModel):
    """Keeps note of streams that are open."""

    opened: int = 0
    closed: int = 0
    fails_after: int = 99

    def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Any:
        self.opened += 1
        try:
            for i in range(10):
                if i == self.fails_after:
                    raise ModelError("it broke", partial="so far")
                yield AIMessageChunk(str(i))
        finally:
            self.closed += 1


class HeldAsync(Held):
    async def _astream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Any:
        self.opened += 1
        try:
            for i in range(10):
                await anyio.lowlevel.checkpoint()
                yield AIMessageChunk(str(i))
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
                self.closed += 1


def test_closing_a_sync_stream_closes_the_hook() -> None:
    model = Held()
    with closing((RunnablePassthrough() | model | RunnablePassthrough()).stream("hi")) as stream:
        next(stream)
    assert (model.opened, model.closed) == (1, 1)


@pytest.mark.anyio
@pytest.mark.parametrize("author", [Held, HeldAsync])
@pytest.mark.parametrize("verb", ["astream", "astream_events"])
@pytest.mark.parametrize("shape", ["chain", "parallel", "function"])
async def test_closing_an_async_stream_closes_the_hook(author, verb, shape) -> None:
    model = author()

    async def calls(x: Any) -> Any:
        return await model.ainvoke(x)

    chain = {
        "chain": RunnablePassthrough() | model | RunnablePassthrough(),
        "parallel": RunnableParallel(a=model, b=RunnablePassthrough()),
        "function": RunnableLambda(calls),
    }[shape]
    async with aclosing(getattr(chain, verb)("hi")) as stream:
        for _ in range(3 if verb == "astream_events" else 1):
            await anext(stream)
    assert model.opened == model.closed <= 1


def test_a_model_that_fails_half_way_ends_in_an_error_event(run, whole_model) -> None:
    model = Held(fails_after=2)
    events = run.events(model | RunnablePassthrough(), "hi", raises=ModelError)
    whole_model(events)
    (error,) = [e for e in events if e["event"] == "on_chat_model_error"]
    assert error["data"]["error"].partial == "so far"
    assert error["data"]["input"] == {"messages": [[HumanMessage("hi")]]}
    assert (model.opened, model.closed) == (1, 1)


@pytest.fixture
def watch_model() -> Any:
    class Watch:
        def __init__(self) -> None:
            self.events: list[Any] = []

        def on_event(self, event: Any) -> None:
            self.events.append(event)

    return Watch()


@pytest.fixture
def whole_model() -> Any:
    """Give the check that every run ends once, and runs within others before these."""

    def check(events: list[Any]) -> None:
        running: list[str] = []
        for event in events:
            if event["event"].endswith("_start"):
                running.append(event["run_id"])
            elif event["event"].endswith(("_end", "_error")):
                running.remove(event["run_id"])
            assert set(event["parent_ids"]) <= set(running) | {event["run_id"]}
        assert running == []

    return check


def test_a_cancelled_call_waits_for_the_thread_of_a_model_that_blocks() -> None:
    began, go, ended = threading.Event(), threading.Event(), threading.Event()

    class Blocks(BaseChatModel):
        def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
            began.set()
            go.wait(10)
            ended.set()
            return AIMessage("late")

    async def main() -> None:
        task = asyncio.create_task(Blocks().ainvoke("x"))
        await anyio.to_thread.run_sync(began.wait)
        task.cancel()
        await anyio.wait_all_tasks_blocked()
        assert not task.done()
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()

    asyncio.run(main())
