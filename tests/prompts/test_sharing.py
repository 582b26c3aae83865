"""Prompts share nothing that can be changed with what they are made of and with what they make."""

from __future__ import annotations

import copy

import pytest

from levada.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage
from levada.prompts import (
    ChatPromptTemplate,
    DictPromptTemplate,
    FewShotPromptTemplate,
    HumanMessagePromptTemplate,
    ImagePromptTemplate,
    PromptTemplate,
)


def chat():
    fields = {"metadata": {"a": 1}, "tags": ["x"], "partial_variables": {"c": "C"}}
    return ChatPromptTemplate([SystemMessage("be brief"), "{a}{b}{c}"], **fields)


def change(prompt):
    """Change all that a prompt holds."""
    for value in dict(prompt).values():
        if isinstance(value, list):
            value.append("changed")
        elif isinstance(value, dict):
            value["changed"] = 1


@pytest.mark.parametrize(
    "derive",
    [
        lambda prompt: prompt.partial(a=1),
        lambda prompt: prompt + "more",
        lambda prompt: "before" + prompt,
        lambda prompt: prompt + prompt,
        lambda prompt: prompt[:],
        lambda prompt: prompt[1:],
        copy.deepcopy,
    ],
)
def test_what_is_made_of_a_prompt_does_not_change_it(derive):
    prompt = chat()
    change(derive(prompt))
    assert prompt == chat()


def test_a_text_does_not_change_with_what_is_made_of_it():
    def text():
        return PromptTemplate("{a}{b}", metadata={"a": 1}, partial_variables={"b": 2})

    prompt = text()
    change(prompt.partial(a=1))
    change(prompt + "{c}")
    assert prompt == text()


@pytest.mark.parametrize("twin", [copy.copy, ChatPromptTemplate.model_copy])
def test_what_is_appended_to_a_copy_is_not_in_the_prompt(twin):
    prompt = chat()
    twin(prompt).append("{more}")
    assert prompt == chat()


def test_a_prompt_keeps_none_of_what_it_was_made_of():
    messages, partials = [SystemMessage("s"), "{a}"], {"a": 1}
    prompt = ChatPromptTemplate(messages, partial_variables=partials)
    messages.append("more")
    partials["a"] = 2
    assert [m.text for m in prompt.format_messages()] == ["s", "1"]

    block = {"type": "text", "text": "{a}", "cache": {"for": ["{b}"]}}
    prompt = ChatPromptTemplate([("human", [block])])
    block["cache"]["for"][0] = "changed {c}"
    assert prompt.format_messages(a=1, b=2)[0].content[0]["cache"] == {"for": ["2"]}

    template = {"a": {"b": ["{c}"]}}
    made = DictPromptTemplate(template)
    template["a"]["b"].append("{d}")
    assert made.format(c=1) == {"a": {"b": ["1"]}}

    template = {"url": "https://a.example/{a}"}
    image = ImagePromptTemplate(template)
    template["url"] = "https://b.example"
    assert image.format(a=1) == {"url": "https://a.example/1"}

    examples = [{"q": "1"}]
    few = FewShotPromptTemplate(
        example_prompt=PromptTemplate("{q}"), examples=examples, suffix="end"
    )
    examples[0]["q"] = "changed"
    examples.append({"q": "2"})
    assert few.format() == "1\n\nend"


def test_what_a_prompt_gives_does_not_change_it():
    more = HumanMessagePromptTemplate.from_template("{a}", additional_kwargs={"k": 1})
    block = {"type": "text", "text": "{a}", "cache": {"for": ["ever"]}}
    prompt = ChatPromptTemplate([SystemMessage("s"), more, ("human", [block])])
    before = prompt.invoke({"a": 1}).model_copy(deep=True)
    value = prompt.invoke({"a": 1})
    for message in value.messages:
        message.id = "msg-1"  # as a store of messages does
        message.content = "changed"
        message.additional_kwargs["k"] = 2
    value.messages.clear()
    blocks = prompt.invoke({"a": 1}).messages[-1].content
    blocks[0]["cache"]["for"].append("a day")
    assert prompt.invoke({"a": 1}) == before


def test_a_placeholder_passes_messages_on_and_keeps_the_list_apart():
    history = [HumanMessage("hi"), AIMessage("hello")]
    value = ChatPromptTemplate([("placeholder", "{history}")]).invoke({"history": history})
    value.messages.append(HumanMessage("more"))
    assert len(history) == 2


def test_a_sum_of_chunks_does_not_change_them():
    one = AIMessageChunk([{"type": "text", "text": "a"}], additional_kwargs={"x": {"y": "1"}})
    two = AIMessageChunk([{"type": "text", "text": "b"}], additional_kwargs={"x": {"y": "2"}})
    before = copy.deepcopy([one, two])
    total = one + two
    for block in total.content:
        block["text"] = "changed"
    total.content.append("more")
    total.additional_kwargs["x"]["y"] = "changed"
    assert [one, two] == before
