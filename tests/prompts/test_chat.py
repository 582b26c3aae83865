"""Chat prompts: from variables to messages."""

from __future__ import annotations

import functools
import operator
from types import MappingProxyType

import pytest

from levada.errors import CompositionError, MessageError, PromptInputError, TemplateError
from levada.messages import AIMessage, ChatPromptValue, HumanMessage, SystemMessage
from levada.prompts import (
    BaseChatPromptTemplate,
    ChatPromptTemplate,
    FewShotChatMessagePromptTemplate,
    HumanMessagePromptTemplate,
    MessagesPlaceholder,
    PromptTemplate,
)

pytestmark = pytest.mark.anyio

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
    with pytest.raises(CompositionError, match=r'Pass \{"tone": \.\.\., "topic": \.\.\.\}\.'):
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


@pytest.mark.parametrize("given", ["text", 5, None, {"a": 1}, HumanMessage("x"), b"x", ("ai", "x")])
def test_a_placeholder_refuses_what_is_no_list(given):
    with pytest.raises(
        MessageError, match=r"MessagesPlaceholder\('history'\) takes a list of messages; got"
    ):
        MessagesPlaceholder("history").format_messages(history=given)


def test_a_placeholder_refuses_what_is_no_message():
    with pytest.raises(MessageError, match=r"MessagesPlaceholder\('history'\): 5 is not a message"):
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


def test_text_instead_of_a_list_is_refused():
    with pytest.raises(MessageError, match="a chat prompt is a list of messages; got 'Hello'"):
        ChatPromptTemplate("Hello")


def test_variables_that_are_said_are_checked_if_that_is_wanted():
    with pytest.raises(TemplateError, match=r"has the variables \['a'\]; .* says \['b'\]"):
        ChatPromptTemplate(["{a}"], input_variables=["b"], validate_template=True)


# As a list.


def test_parts_are_added_at_the_end():
    prompt = ChatPromptTemplate.from_messages([("system", "{a}")])
    prompt.append(("human", "{b}"))
    prompt.extend([AIMessage("x"), MessagesPlaceholder("c")])
    assert prompt.input_variables == ["a", "b", "c"]
    assert len(prompt) == 4


def test_a_copy_keeps_its_own_parts():
    prompt = ChatPromptTemplate.from_messages(["{a}"])
    partial = prompt.partial(a=1)
    partial.append("{b}")
    assert len(prompt) == 1
    assert partial.input_variables == ["b"]


def test_a_slice_is_a_prompt_with_the_variables_that_it_needs():
    prompt = ChatPromptTemplate(["{a}", "{b}", "{c}"], partial_variables={"c": 3})
    assert prompt[1:].input_variables == ["b"]
    assert prompt[1:].format_messages(b=2) == [HumanMessage("2"), HumanMessage("3")]
    assert isinstance(prompt[0], HumanMessagePromptTemplate)


@pytest.mark.parametrize(
    ("other", "texts"),
    [
        ("{b}", ["1", "2"]),
        (("ai", "{b}"), ["1", "2"]),
        (HumanMessage("{b}"), ["1", "{b}"]),
        (["{b}", ("ai", "x")], ["1", "2", "x"]),
        ((HumanMessage("{b}"), "{b}"), ["1", "{b}", "2"]),
        (("{b}", "x", "y"), ["1", "2", "x", "y"]),
        (ChatPromptTemplate(["{b}{c}"], partial_variables={"c": 3}), ["1", "23"]),
        (HumanMessagePromptTemplate.from_template("{b}"), ["1", "2"]),
    ],
)
def test_prompts_add_up(other, texts):
    prompt = ChatPromptTemplate(["{a}"]) + other
    assert [m.text for m in prompt.format_messages(a=1, b=2)] == texts


@pytest.mark.parametrize("other", ["{b}", SystemMessage("2"), [("system", "{b}")]])
def test_a_prompt_can_be_added_to_something(other):
    prompt = other + ChatPromptTemplate(["{a}"])
    assert [m.text for m in prompt.format_messages(a=1, b=2)] == ["2", "1"]


@pytest.mark.parametrize(
    "others",
    [
        [AIMessage("x"), "{b}"],
        [[AIMessage("x"), "{b}"]],
        [("ai", "x"), ("human", "{b}")],
        [ChatPromptTemplate([("ai", "x"), "{b}"])],
    ],
)
def test_messages_add_up_to_a_prompt(others):
    prompt = functools.reduce(operator.add, others, SystemMessage("{a}"))
    assert prompt.input_variables == ["b"]
    messages = [SystemMessage("{a}"), AIMessage("x"), HumanMessage("2")]
    assert prompt.format_messages(b=2) == messages


def test_parts_add_up_to_a_prompt():
    prompt = HumanMessagePromptTemplate.from_template("{a}") + MessagesPlaceholder("h") + "{b}"
    assert prompt.input_variables == ["a", "b", "h"]


@pytest.mark.parametrize("other", [3, None, object()])
def test_what_is_no_part_cannot_be_added(other):
    for left in (ChatPromptTemplate(["a"]), HumanMessage("a"), MessagesPlaceholder("h")):
        with pytest.raises(MessageError, match="is no part of a chat prompt"):
            left + other


# Prompts in prompts.


def test_a_prompt_in_a_prompt_has_its_partial_variables_unless_the_call_says_others():
    inner = ChatPromptTemplate(["{a}{b}", ("placeholder", "{history}")]).partial(b="inner")
    outer = ChatPromptTemplate([inner, "{c}"])
    assert outer.input_variables == ["a", "c"]
    assert outer.optional_variables == ["history"]
    texts = [m.text for m in outer.format_messages(a="A", c="C", history=["past"])]
    assert texts == ["Ainner", "past", "C"]
    assert outer.format_messages(a="A", b="call", c="C")[0].text == "Acall"
    assert outer.partial(b="outer").format_messages(a="A", c="C")[0].text == "Aouter"


def test_a_selector_in_a_prompt_in_a_prompt_sees_the_whole_input(run):
    class Selector:
        def select_examples(self, input_variables):
            return [{"seen": sorted(input_variables)}]

    examples = FewShotChatMessagePromptTemplate(
        example_prompt=HumanMessagePromptTemplate.from_template("{seen}"),
        example_selector=Selector(),
    )
    prompt = ChatPromptTemplate([ChatPromptTemplate([examples]), "{a}{b}"])
    assert run.invoke(prompt, {"a": 1, "b": 2}).messages[0].text == "['a', 'b']"


def test_a_variable_that_one_part_needs_is_not_optional():
    prompt = ChatPromptTemplate([("placeholder", "{h}"), MessagesPlaceholder("h")])
    assert (prompt.input_variables, prompt.optional_variables) == (["h"], [])


def test_partial_messages_fill_a_placeholder():
    prompt = ChatPromptTemplate([MessagesPlaceholder("history"), "{q}"])
    assert len(prompt.partial(history=[("ai", "x")]).invoke("why").messages) == 2


def test_the_schema_of_the_input_has_messages_for_a_placeholder():
    schema = ChatPromptTemplate(["{q}", ("placeholder", "{h}")]).get_input_schema()
    assert schema.model_json_schema()["required"] == ["q"]
    assert schema(q="why", h=[{"type": "human", "content": "x"}]).h == [HumanMessage("x")]


async def test_all_ways_to_format_agree():
    expected = POET.invoke(VALUES)
    assert POET.format_prompt(**VALUES) == expected
    assert await POET.aformat_prompt(**VALUES) == expected
    assert await POET.aformat_messages(**VALUES) == expected.messages
    assert POET.format(**VALUES) == await POET.aformat(**VALUES) == expected.to_string()


def test_a_prompt_prints_as_its_messages_do():
    prompt = ChatPromptTemplate([SystemMessage("Be brief."), "{q}"])
    assert prompt.pretty_repr() == (
        f"{' System Message ':=^80}\n\nBe brief.\n\n{' Human Message ':=^80}\n\n{{q}}"
    )


def test_a_failing_prompt_says_where_in_the_chain_it_is(run):
    chain = POET | (lambda value: value)
    with pytest.raises(PromptInputError) as caught:
        run.invoke(chain, {"tone": "gay"})
    assert "ChatPromptTemplate" in caught.value.__notes__[0]


def test_any_mapping_is_an_input():
    assert POET.invoke(MappingProxyType(VALUES)) == POET.invoke(VALUES)


class Echo(BaseChatPromptTemplate):
    """Gives a message for each variable."""

    def _format_messages(self, values):
        return [HumanMessage(f"{name}={value}") for name, value in sorted(values.items())]


def test_a_prompt_of_ones_own_writes_one_hook(run):
    prompt = Echo(input_variables=["a"], partial_variables={"b": 2})
    assert [m.text for m in run.invoke(prompt, 1).messages] == ["a=1", "b=2"]
    nested = ChatPromptTemplate([prompt, "{c}"])
    texts = [m.text for m in run.invoke(nested, {"a": 1, "c": 3}).messages]
    assert texts == ["a=1", "b=2", "c=3", "3"]


def test_what_is_no_part_is_refused_where_the_constructor_did_not_see_it():
    prompt = ChatPromptTemplate.model_construct(messages=[("human", "{a.b}")])
    with pytest.raises(MessageError, match="is no part of a chat prompt"):
        prompt.format_messages(a=1)
