"""Chat prompts: from variables to messages."""

from __future__ import annotations

import pytest

from levada.errors import CompositionError, MessageError, PromptInputError, TemplateError
from levada.messages import AIMessage, ChatPromptValue, HumanMessage, SystemMessage
from levada.prompts import (
    ChatPromptTemplate,
    HumanMessagePromptTemplate,
    MessagesPlaceholder,
    PromptTemplate,
)

POET = ChatPromptTemplate.from_messages(
    [("system", "You are a {tone} poet."), ("human", "Write about {topic}.")]
)
VALUES = {"tone": "gay", "topic": "rain"}


def test_variables_become_messages(run):
    assert run.invoke(POET, VALUES) == ChatPromptValue(
        messages=[SystemMessage("You are a gay poet."), HumanMessage("Write about rain.")]
    )


def test_a_prompt_streams_its_value_whole(run):
    assert run.stream(POET, VALUES) == [POET.invoke(VALUES)]


@pytest.mark.parametrize(
    "part",
    [
        ("human", "Hello {name}"),
        ("user", "Hello {name}"),
        (HumanMessage, "Hello {name}"),
        {"role": "user", "content": "Hello {name}"},
        "Hello {name}",
        HumanMessagePromptTemplate.from_template("Hello {name}"),
        ChatPromptTemplate.from_template("Hello {name}"),
    ],
)
def test_a_part_can_be_written_in_many_ways(part):
    prompt = ChatPromptTemplate.from_messages([part])
    assert prompt.input_variables == ["name"]
    assert prompt.format_messages(name="Ann") == [HumanMessage("Hello Ann")]


def test_braces_in_a_message_are_text():
    prompt = ChatPromptTemplate.from_messages([SystemMessage('{"json": {x}}')])
    assert prompt.format_messages() == [SystemMessage('{"json": {x}}')]


def test_a_placeholder_takes_messages():
    prompt = ChatPromptTemplate.from_messages([MessagesPlaceholder("history")])
    history = [HumanMessage("a"), ("ai", "b"), "c"]
    assert prompt.invoke({"history": history}).messages == [
        HumanMessage("a"),
        AIMessage("b"),
        HumanMessage("c"),
    ]


def test_a_placeholder_keeps_the_last_messages():
    placeholder = MessagesPlaceholder("history", n_messages=1)
    assert placeholder.format_messages(history=["a", "b"]) == [HumanMessage("b")]


def test_a_placeholder_in_a_pair_is_optional():
    prompt = ChatPromptTemplate.from_messages([("placeholder", "{history}"), "{question}"])
    assert prompt.input_variables == ["question"]
    assert prompt.optional_variables == ["history"]
    assert prompt.invoke("Why?").messages == [HumanMessage("Why?")]


def test_a_prompt_with_one_variable_takes_its_bare_value(run):
    assert run.invoke(PromptTemplate.from_template("Hello {name}"), "Ann").text == "Hello Ann"


def test_a_bare_value_for_several_variables_says_what_to_pass():
    with pytest.raises(CompositionError, match=r"Pass \{'tone': \.\.\., 'topic': \.\.\.\}\."):
        POET.invoke("rain")  # type: ignore[arg-type]


def test_a_missing_variable_is_named_with_what_was_given_and_what_to_write():
    with pytest.raises(PromptInputError) as caught:
        POET.invoke({"tone": "gay", "tipic": "rain"})
    assert str(caught.value) == (
        "ChatPromptTemplate needs 'topic'; the input has 'tone' and 'tipic'.\n"
        'Pass {"topic": ...}, or rename the variable in the template. '
        "If {topic} is meant as text, double its braces: {{topic}}."
    )


def test_an_error_gives_the_name_of_the_prompt():
    prompt = PromptTemplate.from_template("{x}", name="triage")
    with pytest.raises(PromptInputError, match=r"prompt 'triage' \(PromptTemplate\) needs 'x'"):
        prompt.invoke({})


@pytest.mark.parametrize("given", ["text", 5, None, {"a": 1}, HumanMessage("x"), b"x"])
def test_a_placeholder_refuses_what_is_no_list(given):
    with pytest.raises(MessageError, match="'history' is a list of messages; got"):
        MessagesPlaceholder("history").format_messages(history=given)


def test_a_placeholder_refuses_what_is_no_message():
    with pytest.raises(MessageError, match="'history' is a list of messages: 5 is not a message"):
        MessagesPlaceholder("history").format_messages(history=[5])


def test_a_role_that_does_not_exist_is_refused():
    with pytest.raises(MessageError, match="there is no role 'judge'"):
        ChatPromptTemplate.from_messages([("judge", "Order!")])


@pytest.mark.parametrize("part", [5, None, ("human", "a", "b"), {"role": "user"}, object])
def test_what_is_no_part_is_refused(part):
    with pytest.raises(MessageError, match="is no part of a chat prompt"):
        ChatPromptTemplate.from_messages([part])


@pytest.mark.parametrize("content", ["x", "{x} y", "{}", "{a}{b}", 5, ["{x}", "yes"], ["{x}"]])
def test_a_placeholder_that_is_not_one_variable_is_refused(content):
    with pytest.raises(TemplateError, match="a placeholder is one variable in braces"):
        ChatPromptTemplate.from_messages([("placeholder", content)])
