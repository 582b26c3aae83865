"""What a short template or file could cost: there is a limit, and an error that says so.

Without the limits, most of these take hours, or more memory than there is.
"""

from __future__ import annotations

import pytest

from levada.errors import MessageError, TemplateError
from levada.messages import messages_from_dict
from levada.prompts import PromptTemplate, load_prompt

LONG = "x" * 100_000
MANY = list(range(1000))


def jinja(template, **values):
    pytest.importorskip("jinja2")
    return PromptTemplate(template, template_format="jinja2").format(**values)


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in many %}{% for b in many %}{% for c in many %}" + "{% endfor %}" * 3,
        "{% for a in long %}{% for b in long %}{% endfor %}{% endfor %}",
        "{% for a in long %}{% if long|upper %}{% endif %}{% endfor %}",
        "{% for a in many %}{{ '' if long|list|sort|count else '' }}{% endfor %}",
        "{{ long|list|join(long) }}",
        "{{ many|join(long) }}",
        "{{ " + " ~ ".join(["long"] * 1000) + " }}",
    ],
)
def test_work_that_multiplies_is_stopped(template):
    with pytest.raises(TemplateError, match="costs too much to fill in"):
        jinja(template, long=LONG, many=MANY)


@pytest.mark.parametrize(
    "template",
    [
        "{{ 5|round(-999999999) }}",
        "{{ 1.5|round(999999999, 'ceil') }}",
        "{{ 5|round(n) }}",
        "{{ 1.5|round(0, n) }}",
        "{{ " + "9" * 5000 + " }}",
        "{{ 0x" + "f" * 5000 + " }}",
        "{{ a }}" * 20_000,
        "{{ 'ab'|truncate(1, true, 'long') }}",
    ],
)
def test_numbers_and_sizes_that_cost_much_are_refused(template):
    with pytest.raises(TemplateError):
        jinja(template, n=-999_999_999, a=1)


def test_usual_work_is_done():
    template = "{% for a in many %}{{ loop.revindex }}{{ a|string|upper ~ ',' }}{% endfor %}"
    assert jinja(template, many=MANY).endswith("2998,1999,")
    assert jinja(
        "{{ 2.5|round }} {{ 2.345|round(2, 'floor') }} {{ l|join(', ') }}", l=[1, "a"]
    ) == ("2.0 2.34 1, a")
    assert jinja("{{ long|count }}", long=LONG * 10) == "1000000"


@pytest.mark.parametrize("template", ["{a}" * 1000, "{a:>999}" * 20_000])
def test_a_text_of_many_fields_has_a_limit(template):
    with pytest.raises(TemplateError, match="gives over 10,000,000 characters"):
        PromptTemplate(template).format(a=LONG)


def test_many_fields_are_filled_in_as_few_are():
    template = "{{x}}{a}{b!r:>5}}}{{ {a:.1f}" * 60
    assert PromptTemplate(template).format(a=1.25, b="é") == template.format(a=1.25, b="é")


def test_a_section_over_a_long_list_has_a_limit():
    prompt = PromptTemplate("{{#many}}{{long}}{{/many}}", template_format="mustache")
    with pytest.raises(TemplateError, match="give over 10,000,000 characters"):
        prompt.format(many=MANY, long=LONG)


def test_a_value_is_not_compared_with_empty_ones():
    class Array:
        def __eq__(self, other):
            raise ValueError("the truth of an array is ambiguous")

        __hash__ = None

        def __str__(self):
            return "[1 2]"

    prompt = PromptTemplate("{{a}}", template_format="mustache")
    assert prompt.format(a=Array()) == "[1 2]"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("a.yaml", "a: &a {b: 1}\ntemplate: x\n<<: [*a, *a]", "merges mappings with <<"),
        ("a.yaml", "template: x\nmetadata: {a: 1" + ":59" * 1000 + "}", "over 100 digits"),
        ("a.yaml", "template: x\nmetadata: {a: 1" + ":59" * 1000 + ".5}", "over 100 digits"),
        ("a.yaml", "template: x\nmetadata: {a: 0x" + "f" * 1000 + "}", "over 100 digits"),
        ("a.json", '{"template": "x", "metadata": {"a": ' + "9" * 5000 + "}}", "is no JSON"),
        ("a.json", '{"template": "x", "partial_variables": [1]}', "partial_variables is a dict"),
    ],
)
def test_files_that_cost_much_to_read_are_refused(tmp_path, name, text, why):
    if name.endswith(".yaml"):
        pytest.importorskip("yaml")
    (tmp_path / name).write_text(text)
    with pytest.raises(TemplateError, match=why):
        load_prompt(tmp_path / name)


def test_numbers_in_a_file_are_numbers(tmp_path):
    pytest.importorskip("yaml")
    (tmp_path / "a.yaml").write_text("template: x\nmetadata: {a: 12, b: 0x1f, c: 2.5, d: 1:30}")
    assert load_prompt(tmp_path / "a.yaml").metadata == {"a": 12, "b": 31, "c": 2.5, "d": 90}


@pytest.mark.parametrize("given", ["abc", None, [1], {"type": "human", "data": {}}, 5])
def test_what_is_no_list_of_messages_is_refused(given):
    with pytest.raises(MessageError, match="no list of dictionaries"):
        messages_from_dict(given)


def test_an_error_about_something_nested_too_deeply_can_be_written():
    deep = 1
    for _ in range(100_000):
        deep = {"a": deep}
    with pytest.raises(MessageError, match="dict nested too deeply"):
        messages_from_dict(deep)
