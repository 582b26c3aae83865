"""Models without a model: what they answer, and how they stream it."""

from __future__ import annotations

from typing import Any

import pytest

from levada.chat_models import (
    FakeChatModel,
    FakeListChatModel,
    FakeMessagesListChatModel,
    GenericFakeChatModel,
    ParrotFakeChatModel,
    SimpleChatModel,
)
from levada.chat_models import fakes as fakes_module
from levada.errors import FakeListChatModelError, ModelError
from levada.messages import AIMessage, AIMessageChunk, HumanMessage
from levada.runnables import RunnableLambda, RunnablePassthrough


def fake(*answers: Any) -> GenericFakeChatModel:
    return GenericFakeChatModel(messages=iter(answers))


def test_each_call_gets_the_next_answer(run) -> None:
    model = fake("one", AIMessage("two"), "three")
    assert [run.invoke(model, "hi").content for _ in range(3)] == ["one", "two", "three"]


def test_a_call_too_many_is_an_error_that_says_so(run) -> None:
    for verb in (run.invoke, run.stream):
        with pytest.raises(ModelError, match="called more often than it has messages"):
            verb(fake(), "hi")


def test_answers_may_be_made_as_it_goes(run) -> None:
    asked: list[int] = []

    def answers() -> Any:
        while True:
            asked.append(len(asked))
            yield f"answer {len(asked)}"

    model = GenericFakeChatModel(messages=answers())
    assert [run.invoke(model, "hi").content for _ in range(2)] == ["answer 1", "answer 2"]
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("answer", "pieces"),
    [
        ("hello there", ["hello", " ", "there"]),
        ("a  b\nc ", ["a", " ", " ", "b", "\n", "c", " "]),
        ("word", ["word"]),
        ("", [""]),
        (" ", [" "]),
    ],
)
def test_a_stream_is_cut_into_words_and_spaces(run, answer, pieces) -> None:
    chunks = run.stream(fake(answer), "hi")
    assert [c.content for c in chunks] == pieces
    assert all(type(c) is AIMessageChunk for c in chunks)
    assert [c.chunk_position for c in chunks] == [None] * (len(pieces) - 1) + ["last"]
    assert len({c.id for c in chunks}) == 1


def test_chunks_add_up_to_the_answer(run) -> None:
    chunks = run.stream(fake("hello there you"), "hi")
    total = chunks[0]
    for chunk in chunks[1:]:
        total = total + chunk
    assert total.content == "hello there you"


CALL = {"name": "look", "args": {"city": "Oslo", "days": 2}, "id": "1", "type": "tool_call"}
USAGE = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}


@pytest.mark.parametrize("text", ["hello there", ""])
def test_tool_calls_and_usage_are_the_same_streamed_and_not(run, text) -> None:
    def answer() -> AIMessage:
        return AIMessage(
            text,
            tool_calls=[CALL, {**CALL, "id": "2"}],
            usage_metadata=USAGE,
            response_metadata={"model": "fake"},
            additional_kwargs={"extra": 1},
        )

    whole = run.invoke(fake(answer()), "hi")
    chunks = run.stream(fake(answer()), "hi")
    total = chunks[0]
    for chunk in chunks[1:]:
        total = total + chunk
    for field in (
        "content",
        "tool_calls",
        "usage_metadata",
        "response_metadata",
        "additional_kwargs",
    ):
        assert getattr(total, field) == getattr(whole, field), field


def test_an_id_of_the_answer_stays(run) -> None:
    assert run.invoke(fake(AIMessage("a", id="mine")), "hi").id == "mine"
    assert {c.id for c in run.stream(fake(AIMessage("a b", id="mine")), "hi")} == {"mine"}


def test_the_answer_itself_is_not_changed(run) -> None:
    answer = AIMessage("a b")
    ids = {run.invoke(fake(answer), "hi").id, run.stream(fake(answer), "hi")[0].id}
    assert len(ids) == 2
    assert answer.id is None


def test_a_wrong_answer_is_an_error_that_says_so(run) -> None:
    with pytest.raises(TypeError, match="AIMessage"):
        run.invoke(fake(HumanMessage("hi")), "hi")
    with pytest.raises(TypeError, match="AIMessage"):
        run.invoke(fake(5), "hi")
    with pytest.raises(TypeError, match="AIMessage"):
        run.stream(fake(5), "hi")


def test_a_chain_with_a_fake_streams_live(run) -> None:
    chain = RunnablePassthrough() | fake("hello there") | RunnableLambda(lambda m: m.content)
    assert run.invoke(chain, "hi") == "hello there"
    heads = run.heads(RunnablePassthrough() | fake("hello there"), "hi")
    assert heads.count(("on_chat_model_stream", "GenericFakeChatModel")) == 3


def test_a_batch_takes_one_answer_each(run) -> None:
    messages = run.batch(fake(*"abcdef"), list(range(6)) and ["q"] * 6)
    assert sorted(m.content for m in messages) == list("abcdef")


def test_options_are_ignored(run) -> None:
    assert run.invoke(fake("a"), "hi", stop=["x"], temperature=1).content == "a"


# --- the others ---


def content(messages: list[Any]) -> list[Any]:
    return [m.content for m in messages]


def test_a_list_of_texts_begins_anew_after_the_last(run) -> None:
    model = FakeListChatModel(responses=["one", "two"])
    assert content([run.invoke(model, "hi") for _ in range(3)]) == ["one", "two", "one"]
    assert model.i == 1


def test_a_list_of_texts_streams_by_characters(run) -> None:
    chunks = run.stream(FakeListChatModel(responses=["a b"]), "hi")
    assert content(chunks) == ["a", " ", "b"]
    assert [c.chunk_position for c in chunks] == [None, None, "last"]


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_stream_may_fail_at_a_chosen_chunk(run, at) -> None:
    for model in (
        FakeListChatModel(responses=["abc"], error_on_chunk_number=at),
        GenericFakeChatModel(messages=iter(["a b"]), error_on_chunk_number=at),
    ):
        events = run.events(model, "hi", raises=FakeListChatModelError)
        assert [e["event"] for e in events].count("on_chat_model_stream") == at
        assert events[-1]["data"]["error"].args[0] == f"chunk {at} was to fail, and did"


def test_a_list_of_messages_gives_them_whole(run) -> None:
    model = FakeMessagesListChatModel(responses=[AIMessage("", tool_calls=[CALL]), AIMessage("b")])
    (first,), (second,) = run.stream(model, "hi"), run.stream(model, "hi")
    assert (first.tool_calls[0]["args"], second.content) == (CALL["args"], "b")
    with pytest.raises(TypeError, match="must return an AIMessage"):
        run.invoke(FakeMessagesListChatModel(responses=[HumanMessage("hi")]), "hi")


@pytest.mark.parametrize("config", [None, {"max_concurrency": 5}])
@pytest.mark.parametrize("cls", [FakeListChatModel, FakeMessagesListChatModel])
def test_the_elements_of_a_batch_get_the_answers_in_order(run, cls, config) -> None:
    texts = [str(i) for i in range(50)]
    answers = texts if cls is FakeListChatModel else [AIMessage(t) for t in texts]
    assert content(run.batch(cls(responses=answers), ["hi"] * 50, config)) == texts


def test_a_list_without_answers_says_so(run) -> None:
    with pytest.raises(ModelError, match="has no answers"):
        run.invoke(FakeListChatModel(responses=[]), "hi")


def test_one_that_always_says_the_same_and_one_that_repeats(run) -> None:
    assert run.invoke(FakeChatModel(), "hi").content == "fake response"
    assert run.invoke(ParrotFakeChatModel(), "hi").content == "hi"
    said = AIMessage("polly", tool_calls=[CALL])
    assert run.invoke(ParrotFakeChatModel(), ["hi", said]).tool_calls[0]["name"] == "look"
    with pytest.raises(ModelError, match="at least one message"):
        run.invoke(ParrotFakeChatModel(), [])


def test_a_simple_model_needs_one_method(run) -> None:
    class Shouts(SimpleChatModel):
        def _call(self, messages: Any, stop: Any = None, **kwargs: Any) -> str:
            return str(messages[-1].content).upper()

    assert run.invoke(Shouts(), "hi").content == "HI"
    with pytest.raises(TypeError, match="_call"):

        class Mute(SimpleChatModel):
            pass

        Mute()


def test_fakes_wait_before_an_answer_and_before_each_chunk(run, monkeypatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(fakes_module, "sleep", waits.append)
    run.invoke(FakeListChatModel(responses=["abc"], sleep=0.5), "hi")
    run.stream(FakeListChatModel(responses=["abc"], sleep=0.25), "hi")
    run.invoke(FakeChatModel(sleep=1), "hi")
    assert waits == [0.5, 0.25, 0.25, 0.25, 1]


def test_content_blocks_come_one_by_one(run) -> None:
    blocks = [{"type": "text", "text": "a"}, {"type": "reasoning", "reasoning": "b"}]
    chunks = run.stream(fake(AIMessage(blocks)), "hi")
    assert content(chunks) == [[blocks[0]], [blocks[1]]]


def test_the_arguments_of_a_call_come_in_pieces(run) -> None:
    chunks = run.stream(fake(AIMessage("", tool_calls=[CALL])), "hi")
    assert len(chunks) > 2
    assert {f["index"] for c in chunks for f in c.tool_call_chunks} == {0}


def test_a_broken_call_streams_as_it_is(run) -> None:
    bad = {"name": "look", "args": '{"city": Oslo', "id": "1", "error": None}
    chunks = run.stream(fake(AIMessage("", invalid_tool_calls=[bad])), "hi")
    total = chunks[0] + chunks[1:]
    assert total.invalid_tool_calls[0]["args"] == bad["args"]


def test_a_fake_takes_tools(run) -> None:
    def look(city: str) -> str:
        """Look."""
        return city

    model = fake(AIMessage("", tool_calls=[CALL])).bind_tools([look], tool_choice="any")
    assert model.kwargs["tools"][0]["function"]["name"] == "look"
    assert run.invoke(model, "hi").tool_calls[0]["args"] == CALL["args"]
