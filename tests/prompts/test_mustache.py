"""The format "mustache"."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levada.errors import PromptInputError, TemplateError
from levada.prompts import (
    ChatPromptTemplate,
    PromptTemplate,
    _mustache,
    get_template_variables,
    mustache_formatter,
)

VALUES = {
    "name": "Ann & <Bob>",
    "zero": 0,
    "none": None,
    "yes": True,
    "no": False,
    "empty": [],
    "numbers": [1, 2],
    "pets": [{"pet": "cat"}, {"pet": "dog", "name": "Rex"}],
    "owner": {"pet": "fish", "home": {"city": "Rome"}},
    "rows": [[1, 2], [3]],
}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Hello {{name}}!", "Hello Ann & <Bob>!"),
        ("{{{name}}} {{& name}} {{ name }}", "Ann & <Bob> Ann & <Bob> Ann & <Bob>"),
        ("[{{none}}{{empty}}{{missing}}]", "[]"),
        ("{{zero}} {{no}} {{numbers}}", "0 False [1, 2]"),
        ("{{#yes}}y{{/yes}}{{#no}}n{{/no}}", "y"),
        ("{{^yes}}y{{/yes}}{{^no}}n{{/no}}{{^missing}}m{{/missing}}", "nm"),
        ("{{#numbers}}{{.}},{{/numbers}}", "1,2,"),
        ("{{#pets}}{{name}}: {{pet}}. {{/pets}}", "Ann & <Bob>: cat. Rex: dog. "),
        ("{{#owner}}{{pet}} {{#home}}{{city}}{{/home}}{{/owner}}", "fish Rome"),
        ("{{#rows}}({{#.}}{{.}}{{/.}}){{/rows}}", "(12)(3)"),
        ("{{#zero}}z{{/zero}}{{^zero}}no z{{/zero}}", "no z"),
        ("{{! a comment }}a", "a"),
        ("{{=<% %>=}}<%zero%> {{zero}}", "0 {{zero}}"),
        ("{single} }} {", "{single} }} {"),
        ("{{#yes}}{{#yes}}twice{{/yes}}{{/yes}}", "twice"),
    ],
)
def test_a_template_is_filled_in(template, expected):
    assert mustache_formatter(template, **VALUES) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("a\n{{#numbers}}\n- {{.}}\n{{/numbers}}\nb", "a\n- 1\n- 2\nb"),
        ("a\n  {{! note }}  \nb", "a\nb"),
        ("a {{#yes}}\nb\n{{/yes}}", "a \nb\n"),
        ("{{#yes}}\r\na\r\n{{/yes}}\r\n", "a\r\n"),
        ("{{#yes}} {{/yes}}\nb", " \nb"),
    ],
)
def test_a_line_with_nothing_but_a_section_tag_gives_no_line(template, expected):
    assert mustache_formatter(template, **VALUES) == expected


def test_variables_are_the_names_outside_of_sections_and_the_sections():
    template = "{{a}}{{#b}}{{c}}{{/b}}{{^d}}{{e}}{{/d}}"
    assert get_template_variables(template, "mustache") == ["a", "b", "d"]


def test_a_section_sees_the_other_variables_of_a_chat_prompt():
    prompt = ChatPromptTemplate.from_messages(
        [("system", "{{name}}"), ("human", "{{#yes}}{{name}}{{/yes}}")], "mustache"
    )
    assert prompt.format_messages(name="Ann", yes=True)[1].text == "Ann"


def test_a_missing_variable_is_an_error_without_talk_of_braces():
    prompt = PromptTemplate.from_template("{{a}}", template_format="mustache")
    with pytest.raises(PromptInputError, match="needs 'a'; the input is empty") as caught:
        prompt.invoke({})
    assert str(caught.value).endswith("rename the variable in the template.")


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{a", "is not closed"),
        ("{{{a}}", "is not closed"),
        ("{{}}", "has no name"),
        ("{{#a}}", "the section 'a' .* is not closed"),
        ("{{/a}}", "closes a section that is not open"),
        ("{{#a}}{{#b}}{{/a}}{{/b}}", "closes a section that is not open"),
        ("{{.}}", "is not inside a section"),
        ("{{^a}}{{.}}{{/a}}", "is not inside a section"),
        ("{{a.b}}", r"Write \{\{#a\}\}\{\{b\}\}\{\{/a\}\} if a is a dict"),
        ("{{a.0}}", "reads an attribute or an item"),
        ("{{a[0]}}", "reads an attribute or an item"),
        ("{{>footer}}", "includes another template"),
        ("{{=<% =}}", "no pair of delimiters"),
        ("{{#a}}" * 17 + "{{/a}}" * 17, "over 16 sections"),
    ],
)
def test_what_is_no_template_is_refused_with_a_reason(template, why):
    with pytest.raises(TemplateError, match=why):
        PromptTemplate.from_template(template, template_format="mustache")


def test_a_function_is_not_called():
    assert mustache_formatter("{{#f}}text{{/f}}", f=lambda *args: "called") == "text"


def test_the_methods_of_a_subclass_of_dict_are_not_run():
    class Loud(dict):
        def __getitem__(self, key):
            raise AssertionError(key)

        get = __contains__ = __missing__ = __getitem__

    assert mustache_formatter("{{#d}}{{a}}{{b}}{{/d}}", d=Loud(a=1)) == "1"


def test_sections_in_sections_over_lists_come_to_an_end(monkeypatch):
    monkeypatch.setattr(_mustache, "MAX_PIECES", 1000)
    template = "{{#l}}" * 10 + "{{/l}}" * 10
    with pytest.raises(TemplateError, match="over 1,000 pieces"):
        mustache_formatter(template, l=list("0123456789"))


@given(st.text("a{}#/ \n\0é\N{GRINNING FACE}").filter(lambda text: "{{" not in text))
def test_text_without_tags_stays_as_it_is(text):
    assert mustache_formatter(text) == text


@given(st.text("{}#^/!=>&ab. \n"))
def test_any_text_is_a_template_or_refused(template):
    try:
        names = get_template_variables(template, "mustache")
    except TemplateError:
        return
    mustache_formatter(template, **{key: [1, {"a": "b"}] for key in names})


def test_in_the_schema_a_section_is_any_data_or_missing():
    text = "{{name}}{{#items}}{{x}}{{/items}}{{^none}}!{{/none}}{{#name}}{{/name}}"
    prompt = PromptTemplate(text, template_format="mustache")
    schema = prompt.get_input_schema()
    assert schema.model_json_schema()["required"] == ["name"]
    assert schema(name="Ann", items=[{"x": 1}]).items == [{"x": 1}]
    typed = prompt.model_copy(update={"input_types": {"items": list[int]}})
    assert typed.get_input_schema()(name="Ann", items=["1"]).items == [1]
