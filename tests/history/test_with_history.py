"""Chains that remember their conversations."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from levada.chat_models import GenericFakeChatModel
from levada.errors import CompositionError, ConfigError
from levada.history import (
    BaseChatMessageHistory,
    InMemoryChatMessageHistory,
    RunnableWithMessageHistory,
)
from levada.messages import AIMessage, HumanMessage
from levada.parsers import StrOutputParser
from levada.prompts import ChatPromptTemplate, MessagesPlaceholder
from levada.runnables import ConfigurableFieldSpec, RunnableLambda

SESSION: Any = {"configurable": {"session_id": "s"}}


class Store:
    """The conversations of a test."""

    def __init__(self) -> None:
        self.of: defaultdict[Any, BaseChatMessageHistory] = defaultdict(InMemoryChatMessageHistory)

    def __call__(self, session_id: str) -> BaseChatMessageHistory:
        return self.of[session_id]

    def said(self, session_id: Any = "s") -> list[str]:
        return [message.text for message in self.of[session_id].messages]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def step(run: Any) -> Any:
    """Make steps of plain functions in the colour of the test."""
    return lambda function: RunnableLambda(run.step(function))


def model(*answers: str) -> GenericFakeChatModel:
    return GenericFakeChatModel(messages=iter(answers))


prompt = ChatPromptTemplate([MessagesPlaceholder("past"), ("human", "{question}")])


def test_what_was_said_is_there_in_the_next_call(run, store) -> None:
    seen: list[Any] = []

    def look(value: Any) -> Any:
        seen.append([m.text for m in value.messages])
        return value

    looks = RunnableLambda(look, inline=True)
    chain = RunnableWithMessageHistory(
        prompt | looks | model("Hi Kim", "You are Kim"),
        store,
        input_messages_key="question",
        history_messages_key="past",
    )
    assert run.invoke(chain, {"question": "I am Kim"}, SESSION).text == "Hi Kim"
    assert run.invoke(chain, {"question": "Who am I?"}, SESSION).text == "You are Kim"
    assert seen == [["I am Kim"], ["I am Kim", "Hi Kim", "Who am I?"]]
    assert store.said() == ["I am Kim", "Hi Kim", "Who am I?", "You are Kim"]


def test_conversations_are_kept_apart(run, store) -> None:
    chain = RunnableWithMessageHistory(model("a", "b"), store)
    run.invoke(chain, "1", {"configurable": {"session_id": "x"}})
    run.invoke(chain, "2", {"configurable": {"session_id": "y"}})
    assert store.said("x") == ["1", "a"]
    assert store.said("y") == ["2", "b"]


def test_a_stream_is_kept_when_it_has_ended(run, store) -> None:
    chain = RunnableWithMessageHistory(model("one two", "three four"), store)
    assert "".join(c.text for c in run.stream(chain, "count", SESSION)) == "one two"
    assert store.said() == ["count", "one two"]
    run.stream(chain, "again", SESSION, take=1)
    assert store.said() == ["count", "one two"]


def test_a_failed_call_keeps_nothing(run, store, step) -> None:
    def fails(value: Any) -> Any:
        raise OSError("no model")

    chain = RunnableWithMessageHistory(step(fails), store)
    with pytest.raises(OSError, match="no model"):
        run.invoke(chain, "Hi", SESSION)
    assert store.said() == []


def test_a_text_is_the_models_answer(run, store) -> None:
    chain = RunnableWithMessageHistory(model("hello") | StrOutputParser(), store)
    assert run.invoke(chain, "Hi", SESSION) == "hello"
    assert [type(m) for m in store.of["s"].messages] == [HumanMessage, AIMessage]


@pytest.mark.parametrize(
    ("output", "key", "kept"),
    [
        (AIMessage("a"), None, ["a"]),
        ([AIMessage("a"), AIMessage("b")], None, ["a", "b"]),
        ({"answer": "a"}, None, ["a"]),
        ({"output": "a", "more": 1}, None, ["a"]),
        ({"said": [AIMessage("a")], "more": 1}, "said", ["a"]),
    ],
)
def test_what_of_the_output_is_kept(run, store, step, output, key, kept) -> None:
    chain = RunnableWithMessageHistory(step(lambda _: output), store, output_messages_key=key)
    assert run.invoke(chain, "Hi", SESSION) == output
    assert store.said() == ["Hi", *kept]


@pytest.mark.parametrize(
    ("value", "keys", "given"),
    [
        ("Hi", {}, ["old", "Hi"]),
        (HumanMessage("Hi"), {}, ["old", "Hi"]),
        ([HumanMessage("Hi"), AIMessage("Yes?")], {}, ["old", "Hi", "Yes?"]),
        ({"q": "Hi"}, {"input_messages_key": "q"}, {"q": ["old", "Hi"]}),
        ({"q": "Hi"}, {"history_messages_key": "past"}, {"past": ["old"], "q": "Hi"}),
    ],
)
def test_what_the_chain_is_given(run, store, step, value, keys, given) -> None:
    def look(value: Any) -> Any:
        seen.append(texts(value))
        return "answer"

    def texts(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: texts(inner) for key, inner in sorted(value.items())}
        return [m.text for m in value] if isinstance(value, list) else value

    seen: list[Any] = []
    store.of["s"].add_message(HumanMessage("old"))
    chain = RunnableWithMessageHistory(step(look), store, **keys)
    run.invoke(chain, value, SESSION)
    assert seen == [given]
    assert store.said()[0:2] == ["old", "Hi"]
    assert store.said()[-1] == "answer"


def test_a_store_may_need_no_session(run) -> None:
    only = InMemoryChatMessageHistory()
    chain = RunnableWithMessageHistory(model("a"), lambda: only)
    run.invoke(chain, "Hi")
    assert [m.text for m in only.messages] == ["Hi", "a"]


def test_a_store_may_be_found_by_several_keys(run, store) -> None:
    specs = [ConfigurableFieldSpec(id=key, annotation=str) for key in ("user", "talk")]
    chain = RunnableWithMessageHistory(
        model("a"), lambda talk, user: store.of[user, talk], history_factory_config=specs
    )
    run.invoke(chain, "Hi", {"configurable": {"user": "u", "talk": "t"}})
    assert store.said(("u", "t")) == ["Hi", "a"]
    assert [spec.id for spec in chain.config_specs] == ["talk", "user"]
    with pytest.raises(ConfigError, match="which conversation it is: talk is missing"):
        run.invoke(chain, "Hi", {"configurable": {"user": "u"}})


def test_without_a_session_the_error_shows_the_config(run, store) -> None:
    chain = RunnableWithMessageHistory(model("a"), store)
    with pytest.raises(ConfigError, match=r'config=\{"configurable": \{"session_id": ...\}\}'):
        run.invoke(chain, "Hi")


@pytest.mark.parametrize(
    ("value", "output", "says"),
    [
        (3, "a", "the input of a chain with a history is text, .* got 3"),
        ({"a": "x", "b": "y"}, "a", "the input has no key 'input', .*input_messages_key=..."),
        ("Hi", 3, "the output of a chain with a history is text, .* got 3"),
        ("Hi", {"a": 1, "b": 2}, "the output has no key 'output', .*output_messages_key=..."),
    ],
)
def test_what_holds_no_messages_is_refused(run, store, step, value, output, says) -> None:
    chain = RunnableWithMessageHistory(step(lambda _: output), store)
    with pytest.raises(CompositionError, match=says):
        run.invoke(chain, value, SESSION)


def test_a_store_that_fails_is_not_silent(run) -> None:
    class Full(InMemoryChatMessageHistory):
        def add_messages(self, messages: Any) -> None:
            raise OSError("disk full")

    chain = RunnableWithMessageHistory(model("a"), lambda: Full())
    with pytest.raises(OSError, match="disk full"):
        run.invoke(chain, "Hi")


def test_it_is_a_step_like_any_other(run, store, step) -> None:
    chain = RunnableWithMessageHistory(model("hello"), store) | StrOutputParser() | step(str.upper)
    assert run.invoke(chain.with_config(configurable={"session_id": "s"}), "Hi") == "HELLO"
    assert store.said() == ["Hi", "hello"]


def test_events_have_the_names_of_lcel(run, store) -> None:
    chain = RunnableWithMessageHistory(
        prompt | model("a"), store, input_messages_key="question", history_messages_key="past"
    )
    heads = run.heads(chain, {"question": "Hi"}, SESSION)
    assert sorted(name for kind, name in heads if kind.endswith("_start")) == [
        "ChatPromptTemplate",
        "GenericFakeChatModel",
        "RunnableParallel<past>",
        "RunnableSequence",
        "RunnableWithMessageHistory",
        "check_sync_or_async",
        "insert_history",
        "load_history",
    ]


def test_what_it_takes_and_gives(store) -> None:
    chain = RunnableWithMessageHistory(
        prompt | model() | StrOutputParser(),
        store,
        input_messages_key="question",
        history_messages_key="past",
    )
    assert list(chain.input_schema.model_fields) == ["question"]
    assert chain.OutputType is str
    assert [spec.id for spec in chain.config_specs] == ["session_id"]
    assert chain.get_prompts() == [prompt]


def test_what_gives_no_store_is_refused() -> None:
    with pytest.raises(CompositionError, match="get_session_history is a function that gives"):
        RunnableWithMessageHistory(model(), InMemoryChatMessageHistory())  # type: ignore[arg-type]


def test_a_key_of_the_history_alone_is_enough(run, store) -> None:
    chain = RunnableWithMessageHistory(prompt | model("a", "b"), store, history_messages_key="past")
    run.invoke(chain, {"question": "Hi"}, SESSION)
    run.invoke(chain, {"question": "Again"}, SESSION)
    assert store.said() == ["Hi", "a", "Again", "b"]


def test_what_holds_no_message_at_the_end_fails_the_call(run, store, step) -> None:
    chain = RunnableWithMessageHistory(step(lambda _: 5), store)
    with pytest.raises(CompositionError, match=r"the output of a chain with a history is .*got 5"):
        run.invoke(chain, "Hi", SESSION)
    assert store.said() == []
