"""The format "f-string"."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from levada.errors import TemplateError
from levada.prompts import PromptTemplate, get_template_variables

ALPHABET = "ab{}[]\"'%$ \n\0é\N{GRINNING FACE}"


@pytest.mark.parametrize(
    ("template", "variables", "expected"),
    [
        ("", [], ""),
        ("no variable", [], "no variable"),
        ("{a}", ["a"], "A"),
        ("{a}{b}{a}", ["a", "b"], "ABA"),
        ("{{a}} {{{a}}}", ["a"], "{a} {A}"),
        ("{my var} {2fast} { a }", [" a ", "2fast", "my var"], "MY VAR 2FAST  A "),
        ("{a!r} {a!s} {a!a}", ["a"], "'A' A 'A'"),
        ("{a:>3}|{a:<3}|{a!r:>5}", ["a"], "  A|A  |  'A'"),
        ("%s {a} %(a)s $a", ["a"], "%s A %(a)s $a"),
        ("{__class__}", ["__class__"], "__CLASS__"),
        ("é {a} \N{GRINNING FACE}", ["a"], "é A \N{GRINNING FACE}"),
    ],
)
def test_variables_are_filled_in(template, variables, expected):
    prompt = PromptTemplate.from_template(template)
    assert prompt.input_variables == variables
    assert prompt.format(**{name: name.upper() for name in variables}) == expected


@pytest.mark.parametrize("template", ["{a}", "<{{{a}}}>", "{a}{a}", "{a!s}", "{a:}", "{b}{a}"])
@pytest.mark.parametrize("value", ["x", "{b}", 5, 0.1, None, True, date(2026, 1, 2), [1], b"x"])
def test_a_template_is_filled_in_as_python_does(template, value):
    values = {"a": value, "b": "B"}
    assert PromptTemplate(template).format(**values) == template.format(**values)


def test_a_value_is_formatted_by_its_own_rules():
    prompt = PromptTemplate.from_template("{day:%d.%m.%Y} {price:.2f} {number:,}")
    text = prompt.format(day=date(2026, 3, 1), price=2.5, number=12_345)
    assert text == "01.03.2026 2.50 12,345"


def test_braces_in_a_value_are_text():
    assert PromptTemplate.from_template("{a}").format(a="{b} {{c}}") == "{b} {{c}}"


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{", "Single '{'"),
        ("}", "Single '}'"),
        ("{a", "expected '}'"),
        ("{a}}", "Single '}'"),
        ("{}", "has no name"),
        ("{!r}", "has no name"),
        ("{0}", "has no name"),
        ("{٣}", "has no name"),
        ("{a.b}", "reads an attribute or an item"),
        ("{a[0]}", "reads an attribute or an item"),
        ("{a]}", "reads an attribute or an item"),
        ("{a:{b}}", "has a field in its format spec"),
        ("{a!r:{b}}", "has a field in its format spec"),
        ("{a!x}", "has a conversion"),
        ("{a:1000}", "width or precision over 999"),
        ("{a:.99999f}", "width or precision over 999"),
    ],
)
def test_what_is_no_template_is_refused_with_a_reason(template, why):
    with pytest.raises(TemplateError, match=why):
        PromptTemplate.from_template(template)


def test_braces_that_do_not_match_say_how_to_write_them():
    with pytest.raises(TemplateError, match=r"Braces that are text are doubled: \{\{ and \}\}\."):
        PromptTemplate.from_template('Answer with {"name": "..."}')


@given(st.text(ALPHABET))
def test_doubled_braces_give_the_text_back(text):
    template = text.replace("{", "{{").replace("}", "}}")
    assert PromptTemplate.from_template(template).format() == text


@given(st.text("{}a!r:.[]0 "), st.text(ALPHABET))
@example("{a!r:}", "x")
def test_any_text_is_a_template_or_refused(template, value):
    try:
        names = get_template_variables(template, "f-string")
    except TemplateError:
        return
    prompt = PromptTemplate.from_template(template)
    try:
        prompt.format(**dict.fromkeys(names, value))
    except ValueError as exc:  # a format spec that does not go with a text
        assert type(exc) is ValueError
