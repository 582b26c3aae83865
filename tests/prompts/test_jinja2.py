"""The format "jinja2"."""

from __future__ import annotations

import sys

import pytest

from levada.errors import MissingExtraError, PromptInputError, TemplateError
from levada.prompts import PromptTemplate, _jinja2, get_template_variables, jinja2_formatter

pytest.importorskip("jinja2")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Hello {{ name }}!", "Hello Ann!"),
        ("{% if yes %}y{% elif no %}n{% else %}e{% endif %}", "y"),
        (
            (
                "{% for n in numbers %}{{ loop.index }}={{ n }}{% if not loop.last %}, {% endif %}"
                "{% endfor %}"
            ),
            "1=5, 2=6",
        ),
        ("{% for k, v in pairs %}{{ k }}{{ v }}{% else %}none{% endfor %}", "a1"),
        ("{{ name|upper }} {{ ' a '|trim }} {{ numbers|join('+') }}", "ANN a 5+6"),
        ("{{ none|default('d', true) }} {{ numbers|length }}", "d 2"),
        ("{{ 'a' if yes else 'b' }} {{ name ~ '!' }}", "a Ann!"),
        ("{% if name in ['Ann'] and numbers|length > 1 %}in{% endif %}", "in"),
        ("{% if none is none and name is string %}ok{% endif %}", "ok"),
        ("{# a comment #}{% raw %}{{ raw }}{% endraw %}", "{{ raw }}"),
        ("<b>{{ html }}</b>", "<b><i>&</i></b>"),
    ],
)
def test_a_template_is_filled_in(template, expected):
    values = {
        "name": "Ann",
        "yes": True,
        "no": False,
        "none": None,
        "numbers": [5, 6],
        "pairs": [("a", 1)],
        "html": "<i>&</i>",
    }
    assert jinja2_formatter(template, **values) == expected


def test_variables_are_those_that_the_template_does_not_make_itself():
    template = "{{ b }}{% for a in c %}{{ a }}{{ loop.index }}{% endfor %}"
    assert get_template_variables(template, "jinja2") == ["b", "c"]


def test_a_missing_variable_is_an_error():
    prompt = PromptTemplate.from_template("{{ a }} {{ b }}", template_format="jinja2")
    with pytest.raises(PromptInputError, match="needs 'b'; the input has 'a'"):
        prompt.invoke({"a": 1})


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ a", "line 1: "),
        ("a\n{% if %}", "line 2: "),
        ("{{ a.b }}", "the attribute 'b' in .* is not allowed"),
        ("{{ a['b'] }}", "Getitem in .* is not allowed"),
        ("{{ a() }}", "Call in .* is not allowed"),
        ("{{ a|attr('b') }}", "the filter 'attr' in .* is not allowed"),
        ("{{ a|sort(false, false, 'b') }}", "the filter 'sort' with these arguments"),
        ("{{ a|join(attribute='b') }}", "the filter 'join' with these arguments"),
        ("{% set a = 1 %}", "Assign in .* is not allowed"),
        ("{{ a * 9 }}", "Mul in .* is not allowed"),
        ("{{ a is divisibleby 2 }}", "the test 'divisibleby'"),
        ("{{ self }}", "the name 'self'"),
        ("{{ loop.index }}", "the attribute 'index'"),
        ("{% for a in b recursive %}{{ loop(a) }}{% endfor %}", "Call in .* is not allowed"),
        ("{% for a in b %}" * 5 + "{% endfor %}" * 5, "over 4 loops"),
        ("{{ " + "(" * 5000 + "a" + ")" * 5000 + " }}", "nested too deeply"),
    ],
)
def test_what_is_not_allowed_is_refused_with_a_reason(template, why):
    with pytest.raises(TemplateError, match=why):
        PromptTemplate.from_template(template, template_format="jinja2")


def test_a_loop_variable_of_the_caller_is_not_the_loop_of_jinja():
    class Loop:
        first = "attribute"

    template = "{% for a in loop.first %}{{ a }}{% endfor %}"
    with pytest.raises(TemplateError, match="the attribute 'first' is not allowed"):
        jinja2_formatter(template, loop=Loop())


def test_loops_in_loops_come_to_an_end(monkeypatch):
    monkeypatch.setattr(_jinja2, "MAX_LENGTH", 1000)
    template = "{% for a in l %}{% for b in l %}text{% endfor %}{% endfor %}"
    with pytest.raises(TemplateError, match="gives over 1,000 characters"):
        jinja2_formatter(template, l=range(100))


def test_the_sandbox_refuses_what_the_list_of_allowed_things_would_let_through(monkeypatch):
    monkeypatch.setattr(_jinja2, "_check", lambda *args, **kwargs: None)
    for template in ("{{ a.real }}", "{{ a['real'] }}", "{{ a() }}", "{{ a|attr('real') }}"):
        with pytest.raises(Exception, match=r"not allowed|not safely callable|No filter named"):
            jinja2_formatter(template, a=1)


def test_without_jinja2_the_error_says_what_to_install(monkeypatch):
    _jinja2._environment.cache_clear()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'levada\[jinja2\]'"):
        PromptTemplate.from_template("{{ a }}", template_format="jinja2")
