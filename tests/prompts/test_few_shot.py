"""Prompts with examples."""

from __future__ import annotations

import threading

import pytest

from levada.errors import PromptInputError, TemplateError
from levada.messages import AIMessage, HumanMessage, SystemMessage
from levada.prompts import (
    BaseExampleSelector,
    ChatPromptTemplate,
    ExampleSelector,
    FewShotChatMessagePromptTemplate,
    FewShotPromptTemplate,
    FewShotPromptWithTemplates,
    HumanMessagePromptTemplate,
    PromptTemplate,
)

SUM = PromptTemplate.from_template("{q} = {a}")
EXAMPLES = [{"q": "1 + 1", "a": "2"}, {"q": "2 + 2", "a": "4"}]
TURNS = ChatPromptTemplate.from_messages([("human", "{q}"), ("ai", "{a}")])


class Same:
    """Gives the examples whose question is asked, and notes who asks."""

    def select_examples(self, input_variables):
        self.thread = threading.current_thread()
        return [e for e in EXAMPLES if e["q"] == input_variables["q"]]


class AsyncSame(Same):
    """Can be asked without a thread."""

    async def aselect_examples(self, input_variables):
        return self.select_examples(input_variables)


def text(**fields):
    given = {"examples": EXAMPLES, **fields}
    return FewShotPromptTemplate(
        example_prompt=SUM, prefix="{task}", suffix="{q} =", example_separator="\n", **given
    )


def test_examples_stand_between_the_beginning_and_the_end(run):
    value = run.invoke(text(), {"task": "Add.", "q": "3 + 3"})
    assert value.text == "Add.\n1 + 1 = 2\n2 + 2 = 4\n3 + 3 ="


def test_variables_are_those_of_the_beginning_and_the_end():
    assert text().input_variables == ["q", "task"]
    assert text(partial_variables={"task": "Add."}).input_variables == ["q"]


def test_an_empty_beginning_leaves_no_separator():
    assert text(partial_variables={"task": ""}).format(q="x").startswith("1 + 1")


def test_braces_in_an_example_are_text():
    prompt = text(examples=[{"q": "{task}", "a": "{0.__class__}"}])
    assert prompt.format(task="T", q="Q") == "T\n{task} = {0.__class__}\nQ ="


def test_the_beginning_and_the_end_have_a_format():
    prompt = FewShotPromptTemplate(
        example_prompt=SUM, examples=[], suffix="{{q}}{{#x}}!{{/x}}", template_format="mustache"
    )
    assert prompt.format(q=1, x=True) == "1!"


def test_a_template_that_is_not_allowed_is_refused():
    with pytest.raises(TemplateError, match="reads an attribute"):
        FewShotPromptTemplate(example_prompt=SUM, examples=[], suffix="{q.__class__}")


def test_an_example_without_a_variable_is_an_error():
    with pytest.raises(PromptInputError, match="PromptTemplate needs 'a'; the input has 'q'"):
        text(examples=[{"q": "x"}]).format(task="", q="")


def test_a_prompt_made_without_the_constructor_still_says_what_is_missing():
    prompt = text().model_copy(update={"input_variables": []})
    with pytest.raises(PromptInputError, match="FewShotPromptTemplate needs"):
        prompt.format(q="x")


def test_the_beginning_and_the_end_may_be_prompts():
    prompt = FewShotPromptWithTemplates(
        example_prompt=SUM,
        examples=EXAMPLES[:1],
        prefix=PromptTemplate("{task}", partial_variables={"task": "Add."}),
        suffix=PromptTemplate("{q} ="),
    )
    assert prompt.input_variables == ["q"]
    assert prompt.format(q="x") == "Add.\n\n1 + 1 = 2\n\nx ="


@pytest.mark.parametrize("given", [{}, {"examples": [], "example_selector": Same()}])
def test_there_are_examples_or_a_selector(given):
    with pytest.raises(TemplateError, match=r"takes examples=.* or example_selector="):
        FewShotPromptTemplate(example_prompt=SUM, suffix="", **given)
    with pytest.raises(TemplateError, match=r"takes examples=.* or example_selector="):
        FewShotChatMessagePromptTemplate(example_prompt=TURNS, **given)


def test_examples_may_be_messages(run):
    prompt = ChatPromptTemplate(
        [
            ("system", "Add."),
            FewShotChatMessagePromptTemplate(example_prompt=TURNS, examples=EXAMPLES[:1]),
            ("human", "{q}"),
        ]
    )
    assert prompt.input_variables == ["q"]
    assert run.invoke(prompt, "3 + 3").messages == [
        SystemMessage("Add."),
        HumanMessage("1 + 1"),
        AIMessage("2"),
        HumanMessage("3 + 3"),
    ]


def test_an_example_may_be_a_single_message():
    prompt = FewShotChatMessagePromptTemplate(
        example_prompt=HumanMessagePromptTemplate.from_template("{q}"), examples=EXAMPLES
    )
    assert prompt.format() == "Human: 1 + 1\nHuman: 2 + 2"


# Selectors.


@pytest.mark.parametrize("selector", [Same(), AsyncSame()])
def test_a_selector_chooses_the_examples_for_the_input(run, selector):
    prompt = text(examples=None, example_selector=selector, partial_variables={"task": ""})
    assert run.invoke(prompt, {"q": "2 + 2"}).text == "2 + 2 = 4\n2 + 2 ="


@pytest.mark.parametrize("selector", [Same(), AsyncSame()])
def test_a_selector_chooses_messages_in_a_chat_prompt(run, selector):
    few_shot = FewShotChatMessagePromptTemplate(
        example_prompt=TURNS, example_selector=selector, input_variables=["q"]
    )
    prompt = ChatPromptTemplate([few_shot, ("human", "{q}")])
    assert [m.text for m in run.invoke(prompt, "2 + 2").messages] == ["2 + 2", "4", "2 + 2"]


@pytest.mark.parametrize(("selector", "blocks"), [(Same(), False), (AsyncSame(), True)])
def test_a_selector_that_may_block_is_asked_in_a_thread(run, selector, blocks):
    prompt = text(examples=None, example_selector=selector, partial_variables={"task": ""})
    run.invoke(prompt, {"q": ""})
    here = selector.thread is threading.current_thread()
    assert here is (blocks or run.sync)


def test_a_selector_is_anything_that_selects():
    assert isinstance(Same(), ExampleSelector)
    with pytest.raises(ValueError, match="instance of ExampleSelector"):
        text(examples=None, example_selector=object())


class Kept(BaseExampleSelector):
    """Gives all that was added."""

    def __init__(self):
        self.kept = []

    def add_example(self, example):
        self.kept.append(example)

    def select_examples(self, input_variables):
        return self.kept


@pytest.mark.anyio
async def test_the_async_methods_of_a_selector_are_derived():
    selector = Kept()
    await selector.aadd_example({"q": "x"})
    assert await selector.aselect_examples({}) == [{"q": "x"}]
