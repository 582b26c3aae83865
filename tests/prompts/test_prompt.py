"""Text prompts."""

from __future__ import annotations

import pytest

from levada.errors import PromptInputError, TemplateError
from levada.messages import StringPromptValue
from levada.prompts import (
    PromptTemplate,
    StringPromptTemplate,
    check_valid_template,
    get_template_variables,
)
from levada.prompts.formats import MAX_TEMPLATE_LENGTH

HELLO = PromptTemplate.from_template("Hello {name}, it is {day}.")


def test_variables_become_a_text(run):
    value = run.invoke(HELLO, {"name": "Ann", "day": "Monday"})
    assert value == StringPromptValue(text="Hello Ann, it is Monday.")
    assert value.to_messages()[0].text == "Hello Ann, it is Monday."


def test_more_variables_than_are_needed_do_no_harm():
    assert HELLO.format(name="Ann", day="Monday", more=1) == "Hello Ann, it is Monday."


def test_runs_are_called_after_the_class_or_the_name_of_the_prompt(run):
    assert run.heads(PromptTemplate.from_template("{a}"), {"a": 1}) == [
        ("on_prompt_start", "PromptTemplate"),
        ("on_prompt_end", "PromptTemplate"),
    ]
    named = PromptTemplate.from_template("{a}", name="triage")
    assert {name for _, name in run.heads(named, {"a": 1})} == {"triage"}


# Partial variables.


def test_partial_variables_need_not_be_given():
    prompt = HELLO.partial(day="Monday")
    assert prompt.input_variables == ["name"]
    assert prompt.format(name="Ann") == "Hello Ann, it is Monday."
    assert HELLO.input_variables == ["day", "name"]


def test_a_partial_function_is_called_at_each_use():
    days = iter(["Monday", "Tuesday"])
    prompt = HELLO.partial(day=lambda: next(days))
    assert [prompt.format(name="Ann")[-8:-1] for _ in range(2)] == [" Monday", "Tuesday"]


def test_what_the_call_says_wins_over_a_partial_variable():
    assert HELLO.partial(day="Monday").format(name="Ann", day="Sunday").endswith("Sunday.")


def test_partial_variables_can_be_given_to_the_constructor():
    prompt = PromptTemplate("{a}{b}", partial_variables={"a": 1})
    assert prompt.input_variables == ["b"]
    assert prompt.invoke(2).text == "12"


# Adding up.


def test_two_templates_add_up():
    prompt = PromptTemplate.from_template("{a}, ") + PromptTemplate.from_template("{b}") + "{c}"
    assert prompt.input_variables == ["a", "b", "c"]
    assert prompt.format(a=1, b=2, c=3) == "1, 23"


def test_partial_variables_add_up_too():
    prompt = PromptTemplate.from_template("{a}") + HELLO.partial(day="Monday")
    assert prompt.input_variables == ["a", "name"]


def test_templates_of_different_formats_do_not_add_up():
    with pytest.raises(TemplateError, match="one in mustache do not add up"):
        HELLO + PromptTemplate.from_template("{{a}}", template_format="mustache")


def test_a_variable_that_both_templates_give_a_value_is_refused():
    with pytest.raises(TemplateError, match="both templates have a value for day"):
        HELLO.partial(day=1) + HELLO.partial(day=2)


def test_what_is_added_must_be_a_template():
    with pytest.raises(TypeError, match="unsupported operand"):
        HELLO + 5
    with pytest.raises(TemplateError, match=r"Single '\{'"):
        HELLO + "{"


# Other ways to make one.


def test_a_prompt_is_made_from_a_file(tmp_path):
    path = tmp_path / "hello.txt"
    path.write_text("Grüß {name}", encoding="utf-8")
    assert PromptTemplate.from_file(path).format(name="Ann") == "Grüß Ann"
    path.write_text("Grüß {{name}}", encoding="latin-1")
    prompt = PromptTemplate.from_file(path, "latin-1", template_format="mustache")
    assert prompt.format(name="Ann") == "Grüß Ann"


def test_a_prompt_is_made_from_examples():
    prompt = PromptTemplate.from_examples(["1 + 1 = 2"], "{sum} =", ["sum"], prefix="Add.")
    assert prompt.format(sum="2 + 3") == "Add.\n\n1 + 1 = 2\n\n2 + 3 ="


def test_variables_that_are_said_are_checked_if_that_is_wanted():
    with pytest.raises(TemplateError, match=r"has the variables \['a'\]; .* says \['b'\]"):
        PromptTemplate("{a}", input_variables=["b"], validate_template=True)
    assert PromptTemplate("{a}", input_variables=["b"]).input_variables == ["a"]


def test_a_template_is_checked_without_making_a_prompt():
    check_valid_template("{a}", "f-string", ["a"])
    with pytest.raises(TemplateError, match="has the variables"):
        check_valid_template("{a}", "f-string", [])


def test_a_format_that_does_not_exist_is_refused():
    with pytest.raises(TemplateError, match="there is no template format 'jinja'; write one of"):
        PromptTemplate.from_template("", template_format="jinja")


def test_a_template_that_is_no_text_is_refused():
    with pytest.raises(TemplateError, match="a template is a string; got 5"):
        PromptTemplate.from_template(5)


@pytest.mark.parametrize("template_format", ["f-string", "mustache", "jinja2"])
def test_a_template_has_a_limited_length(template_format):
    with pytest.raises(TemplateError, match="at most 1,000,000 characters"):
        get_template_variables("a" * (MAX_TEMPLATE_LENGTH + 1), template_format)


# As a model.


def test_a_template_that_is_changed_is_read_again():
    prompt = PromptTemplate.from_template("{a}")
    prompt.template = "{a}!"
    assert prompt.format(a=1) == "1!"
    prompt.template_format = "mustache"
    prompt.template = "{{a}}?"
    assert prompt.format(a=1) == "1?"


def test_a_missing_variable_of_a_changed_template_is_an_error_of_ours():
    prompt = PromptTemplate.from_template("{a}").model_copy(update={"template": "{b}"})
    with pytest.raises(PromptInputError, match="needs 'b'; the input has 'a'"):
        prompt.format(a=1)


def test_a_key_error_of_a_value_is_left_alone():
    class Broken:
        def __str__(self):
            return {}["key of its own"]

    with pytest.raises(KeyError, match="key of its own"):
        PromptTemplate.from_template("{a}").format(a=Broken())


def test_a_variable_may_be_called_self():
    assert PromptTemplate.from_template("{self}").format(self="me") == "me"


def test_an_unknown_field_is_refused():
    with pytest.raises(ValueError, match="Extra inputs"):
        PromptTemplate("{a}", tamplate_format="mustache")


def test_the_schema_of_the_input_has_the_variables():
    schema = PromptTemplate.from_template("{a} {my var} {copy} {_b}").get_input_schema()
    assert schema.model_json_schema()["required"] == ["_b", "a", "copy", "my var"]


def test_a_prompt_prints_its_template(capsys):
    HELLO.pretty_print()
    assert capsys.readouterr().out == "Hello {name}, it is {day}.\n"


def test_the_repr_shows_what_makes_the_prompt():
    assert repr(PromptTemplate.from_template("{a}")) == (
        "PromptTemplate(name=None, input_variables=['a'], optional_variables=[], "
        "partial_variables={}, template='{a}', template_format='f-string')"
    )


# Prompts of one's own.


class Shout(StringPromptTemplate):
    """Shouts its variables."""

    def _format(self, values):
        return " ".join(f"{key}={value}".upper() for key, value in sorted(values.items()))


def test_a_prompt_of_ones_own_writes_one_hook(run):
    prompt = Shout(input_variables=["a"], partial_variables={"b": 2})
    assert run.invoke(prompt, {"a": "x"}).text == "A=X B=2"
    assert prompt.format(a="x") == "A=X B=2"


def test_a_prompt_that_overrides_a_public_method_is_told_the_hook():
    with pytest.raises(TypeError, match=r"write the hook _format\(self, values\) instead"):

        class Wrong(StringPromptTemplate):
            def format(self, **kwargs):
                return ""
