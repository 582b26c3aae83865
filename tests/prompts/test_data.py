"""Prompts as plain data."""

from __future__ import annotations

import pytest

from levada.errors import MessageError, TemplateError
from levada.messages import AIMessage, HumanMessage, ToolMessage
from levada.prompts import (
    ChatMessagePromptTemplate,
    ChatPromptTemplate,
    FewShotChatMessagePromptTemplate,
    FewShotPromptTemplate,
    FewShotPromptWithTemplates,
    HumanMessagePromptTemplate,
    ImagePromptTemplate,
    MessagesPlaceholder,
    PromptTemplate,
    StructuredPrompt,
    prompt_from_dict,
    prompt_to_dict,
)

EXAMPLES = [{"q": "1 + 1", "a": "2"}]
SUM = PromptTemplate("{q} = {a}")
PROMPTS = [
    PromptTemplate("{a}", name="n", tags=["t"], metadata={"k": [1, 2.5, None, True]}),
    PromptTemplate("{{a}}", template_format="mustache", partial_variables={"a": 1}),
    ChatPromptTemplate(
        [
            ("system", "Be {tone}."),
            MessagesPlaceholder("history", optional=True, n_messages=3),
            HumanMessage("{literal}"),
            ToolMessage("5", tool_call_id="1"),
            AIMessage("x", tool_calls=[{"name": "f", "args": {"a": 1}, "id": "1"}]),
            HumanMessagePromptTemplate.from_template("{a}", additional_kwargs={"k": 1}),
            HumanMessagePromptTemplate.from_template("{{a}}", "mustache"),
            ChatMessagePromptTemplate.from_template("{a}", role="judge"),
            ("human", ["{a}", {"image_url": "{url}"}, {"type": "audio", "base64": "{b}"}]),
            ChatPromptTemplate(["{inner}"]),
            FewShotChatMessagePromptTemplate(
                example_prompt=ChatPromptTemplate(["{q}", ("ai", "{a}")]),
                examples=EXAMPLES,
                input_variables=["q"],
            ),
        ],
        partial_variables={"tone": "brief"},
    ),
    FewShotPromptTemplate(example_prompt=SUM, examples=EXAMPLES, prefix="{p}", suffix="{q} ="),
    FewShotPromptWithTemplates(example_prompt=SUM, examples=EXAMPLES, suffix=SUM, prefix=SUM),
    ImagePromptTemplate({"url": "{u}"}),
]


@pytest.mark.parametrize("prompt", PROMPTS, ids=lambda prompt: type(prompt).__name__)
def test_a_prompt_comes_back_from_its_data(prompt):
    assert prompt_from_dict(prompt_to_dict(prompt)) == prompt


def test_data_is_short_where_people_write_it():
    prompt = ChatPromptTemplate([("system", "Be {tone}."), MessagesPlaceholder("h")])
    assert prompt_to_dict(prompt) == {
        "_type": "chat",
        "messages": [
            {"role": "system", "content": "Be {tone}."},
            {"_type": "placeholder", "variable_name": "h"},
        ],
    }


def test_data_that_people_write_is_read():
    data = {"messages": ["Hi {name}", {"role": "ai", "content": ["{a}"]}], "name": "greeting"}
    prompt = prompt_from_dict(data)
    assert (prompt.name, prompt.input_variables) == ("greeting", ["a", "name"])
    data = {"messages": ["{{a}}"], "template_format": "mustache"}
    assert prompt_from_dict(data).input_variables == ["a"]


def test_data_that_langchain_wrote_is_read():
    data = {
        "_type": "prompt",
        "name": None,
        "input_variables": ["a"],
        "optional_variables": [],
        "input_types": {},
        "output_parser": None,
        "partial_variables": {},
        "metadata": None,
        "tags": None,
        "template": "Hi {a}",
        "template_format": "f-string",
        "validate_template": False,
    }
    assert prompt_from_dict(data) == PromptTemplate("Hi {a}")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ([], "described by a dict; got"),
        ({}, "needs 'template'"),
        ({"template": "x", "tamplate": "y"}, "no 'tamplate'; did you mean 'template'?"),
        ({"template": "x", "template_path": "/etc/passwd"}, "no 'template_path'"),
        ({"template": "x", "zzz": 1}, "no 'zzz'; it has"),
        ({"template": "x", "output_parser": {"_type": "x"}}, "no 'output_parser'"),
        ({"template": "x", "name": 5}, "'name' of the prompt .* is wrong"),
        ({"template": "{a.b}"}, "reads an attribute"),
        ({"_type": "os.system", "command": "id"}, "no prompt of the _type 'os.system'"),
        ({"_type": ["prompt"], "template": "x"}, "no prompt of the _type"),
        ({"_type": "placeholder", "variable_name": "x"}, "describes a part of a prompt"),
        ({"_type": "few_shot", "suffix": "x", "example_prompt": "y"}, "'example_prompt' of the"),
        ({"messages": [("placeholder", "{a.b}x")]}, "a placeholder is one variable"),
        ({"template": "x", "metadata": {1: 2}}, "keys of .* are not all strings"),
        ({"template": "x", "metadata": {"a": object()}}, "an? object, is no plain data"),
        ({"template": "x", "metadata": {"a": b"x"}}, "a bytes, is no plain data"),
        ({"template": "x", "metadata": {"a": [0] * 100_001}}, "over 100,000 values"),
    ],
)
def test_data_that_describes_no_prompt_is_refused(data, why):
    with pytest.raises(TemplateError, match=why):
        prompt_from_dict(data)


@pytest.mark.parametrize("part", [5, {"role": "judge", "content": "x"}, {"_type": "message"}])
def test_data_that_describes_no_message_is_refused(part):
    with pytest.raises(MessageError):
        prompt_from_dict({"messages": [part]})


def test_data_is_not_nested_without_end():
    deep: object = "x"
    for _ in range(33):
        deep = [deep]
    with pytest.raises(TemplateError, match="nested over 32 deep"):
        prompt_from_dict({"template": "x", "metadata": {"a": deep}})


def test_data_that_contains_itself_is_refused():
    data: dict[str, object] = {"template": "x"}
    data["metadata"] = {"a": data, "b": data}
    with pytest.raises(TemplateError, match=r"over 100,000 values|nested over 32 deep"):
        prompt_from_dict(data)


class Mine(PromptTemplate):
    """A prompt of somebody's own."""


class Selector:
    """Selects nothing."""

    def select_examples(self, input_variables):
        return []


@pytest.mark.parametrize(
    ("prompt", "why"),
    [
        (Mine("x"), "a Mine cannot be saved as data"),
        (StructuredPrompt(["x"], Mine), "a StructuredPrompt cannot be saved"),
        (PromptTemplate("{a}", partial_variables={"a": print}), "is no plain data"),
        (
            FewShotPromptTemplate(example_prompt=SUM, suffix="", example_selector=Selector()),
            "the example_selector .* cannot be saved",
        ),
        (PromptTemplate("x", output_parser=SUM), "the output_parser .* cannot be saved"),
    ],
)
def test_what_is_no_data_is_not_saved(prompt, why):
    with pytest.raises(TemplateError, match=why):
        prompt_to_dict(prompt)
