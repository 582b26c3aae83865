"""Dicts with variables."""

from __future__ import annotations

import pytest

from levada.errors import PromptInputError, TemplateError
from levada.prompts import DictPromptTemplate

NESTED = DictPromptTemplate({"a": "{x}", "b": ["{y}", {"c": "{x}!"}, 5, None], "{z}": True})


def test_every_string_is_a_template_and_keys_are_not(run):
    filled = {"a": "1", "b": ["2", {"c": "1!"}, 5, None], "{z}": True}
    assert NESTED.input_variables == ["x", "y"]
    assert run.invoke(NESTED, {"x": 1, "y": 2}) == filled
    assert NESTED.format(x=1, y=2) == filled


@pytest.mark.anyio
async def test_it_is_formatted_in_async_code():
    assert await DictPromptTemplate({"a": "{x}"}).aformat(x=1) == {"a": "1"}


def test_it_may_be_in_mustache():
    made = DictPromptTemplate({"a": "{{x}}"}, template_format="mustache")
    assert made.format(x="{y}") == {"a": "{y}"}


def test_a_missing_variable_is_an_error():
    with pytest.raises(PromptInputError, match="DictPromptTemplate needs 'y'; the input has 'x'"):
        NESTED.format(x=1)


def test_a_template_that_is_not_allowed_is_refused():
    with pytest.raises(TemplateError, match="reads an attribute"):
        DictPromptTemplate({"a": [{"b": "{x.y}"}]})


def test_a_template_is_not_nested_without_end():
    deep = {}
    for _ in range(33):
        deep = {"a": deep}
    with pytest.raises(TemplateError, match="nested over 32 deep"):
        DictPromptTemplate(deep)
    made = DictPromptTemplate.model_construct(template=deep, template_format="f-string")
    with pytest.raises(TemplateError, match="nested over 32 deep"):
        made.format()


def test_it_prints_as_a_dict():
    assert DictPromptTemplate({"a": "{x}"}).pretty_repr() == "{'a': '{x}'}"


def test_a_long_text_is_a_template_too():
    assert DictPromptTemplate({"a": "x" * 20_000 + "{b}"}).format(b="!")["a"].endswith("x!")
