"""Templates written by somebody who wants more than the values of variables.

Each is refused, or what it gives has nothing but the texts of the values, whichever way the prompt
came to be. Among them are strings of the kinds that are published for format strings and for the
sandbox of Jinja.
"""

from __future__ import annotations

import copy
import pickle

import pytest
from pydantic import ValidationError

from levada.errors import PromptInputError, TemplateError
from levada.prompts import (
    ChatPromptTemplate,
    DictPromptTemplate,
    FewShotPromptTemplate,
    HumanMessagePromptTemplate,
    ImagePromptTemplate,
    PromptTemplate,
    prompt_from_dict,
)

LEAK = "LEAK"  # what a template would give that reaches anything behind a value


class LEAKY:
    """LEAK."""

    LEAK = LEAK
    secret = LEAK

    def __init__(self) -> None:
        self.api_key = LEAK

    def __str__(self) -> str:
        return "harmless"

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return "harmless"

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return LEAK

    def __getitem__(self, key: object) -> str:
        return LEAK

    def __call__(self, *args: object, **kwargs: object) -> str:
        return LEAK

    def method(self, *args: object) -> str:
        return LEAK


F_STRING = [
    "{a.secret}",
    "{a.api_key}",
    "{a.__class__}",
    "{a.__class__.__name__}",
    "{a.__class__.__mro__[1].__subclasses__}",
    "{a.__dict__}",
    "{a.__doc__}",
    "{a.__init__.__globals__}",
    "{a.__init__.__globals__[LEAK]}",
    "{a.__init__.__func__.__globals__[os].environ}",
    "{a.method.__func__.__globals__[pickle]}",
    "{a.__module__}",
    "{a[0]}",
    "{a[secret]}",
    "{a[__class__]}",
    "{a!r:{b}}",
    "{a:{b.secret}}",
    "{b:{a.__class__}}",
    "{b!s:{a[0]}>{a[1]}}",
    "{a.secret!r}",
    "{a.secret:>10}",
    "{ a.secret }",
    "{a .secret}",
    "{a. secret}",
    "{a.\nsecret}",
    "{a!r.secret}",
    "{0.__class__}",
    "{0[0]}",
    "{.__class__}",
    "{[secret]}",
    "{{{a.secret}}}",
    "{a\N{ONE DOT LEADER}secret}",
    "{b:>99999999999}",
    "{b:.99999999999}",
    "%(a)s {a.__class__.__init__}",
    "${a.secret}",
]
MUSTACHE = [
    "{{a.secret}}",
    "{{{a.secret}}}",
    "{{&a.secret}}",
    "{{a.__class__}}",
    "{{a.__class__.__mro__}}",
    "{{a.__init__.__globals__}}",
    "{{#a.__class__}}x{{/a.__class__}}",
    "{{^a.missing}}x{{/a.missing}}",
    "{{#a}}{{secret}}{{/a}}",
    "{{#a}}{{api_key}}{{method}}{{/a}}",
    "{{#a}}{{__class__}}{{__dict__}}{{/a}}",
    "{{#a}}{{#__class__}}{{__name__}}{{.}}{{/__class__}}{{/a}}",
    "{{#a}}{{.secret}}{{/a}}",
    "{{#a}}{{..secret}}{{/a}}",
    "{{#a}}{{0}}{{/a}}",
    "{{a.0}}",
    "{{a[0]}}",
    "{{a[secret]}}",
    "{{a.method()}}",
    "{{a()}}",
    "{{#a}}{{#.}}{{secret}}{{/.}}{{/a}}",
    "{{#f}}{{a.secret}}{{/f}}",
    "{{#f}}LEA{{/f}}",
    "{{=<% %>=}}<%a.secret%>",
    "{{=a. .a=}}a.a.secret.a",
    "{{=| |=}}|a.secret|",
    "{{>a.secret}}",
    "{{> /etc/passwd}}",
    "{{! }}{{a.secret}}",
    "{{.}}",
    "{{^a}}{{.}}{{/a}}",
    "{{#b}}{{#l}}{{#d}}{{a.secret}}{{/d}}{{/l}}{{/b}}",
    "{{#l}}{{append}}{{__class__}}{{/l}}",
    "{{#d}}{{keys}}{{__class__}}{{/d}}",
    "{a.secret}",
]
JINJA2 = [
    "{{ a.secret }}",
    "{{ a['secret'] }}",
    "{{ a[0] }}",
    "{{ a() }}",
    "{{ a.method() }}",
    "{{ a.__class__ }}",
    "{{ a['__cl' ~ 'ass__'] }}",
    "{{ a|attr('secret') }}",
    "{{ a|attr('__class__')|attr('__mro__') }}",
    "{{ a|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ a|attr(['__', 'class__']|join) }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ [].__class__.__base__.__subclasses__()[40]('/etc/passwd').read() }}",
    "{{ ().__class__.__bases__[0].__subclasses__() }}",
    "{{ config.__class__.__init__.__globals__['os'].popen('id').read() }}",
    "{{ self.__init__.__globals__.__builtins__.__import__('os').popen('id').read() }}",
    "{{ self._TemplateReference__context.cycler.__init__.__globals__.os.environ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__.os.environ }}",
    "{{ request['application']['__globals__'] }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ url_for.__globals__['os'] }}",
    "{{ dict(x=a).x }}",
    "{{ range(9999999999) }}",
    "{{ lipsum(9999) }}",
    "{{ '%s'|format(a.secret) }}",
    "{{ '{0.secret}'.format(a) }}",
    "{{ ('%s' % a).__class__ }}",
    "{{ '%999999999d' % 1 }}",
    "{{ '%999999999d' is divisibleby 2 }}",
    "{{ '%999999999d' is even }}",
    "{{ 'a' * 999999999 }}",
    "{{ 9 ** 999999999 }}",
    "{{ [a]|map(attribute='secret')|join }}",
    "{{ [a]|map('attr', 'secret')|list }}",
    "{{ [a]|selectattr('secret')|list }}",
    "{{ [a]|groupby('secret') }}",
    "{{ [a]|sum(attribute='secret', start='') }}",
    "{{ [a]|join('', 'secret') }}",
    "{{ [a]|join(attribute='secret') }}",
    "{{ [a]|sort(attribute='secret') }}",
    "{{ [a]|sort(false, false, 'secret') }}",
    "{{ [a]|unique(attribute='secret')|list }}",
    "{{ [a]|max(attribute='secret') }}",
    "{{ a|xmlattr }}",
    "{{ a|pprint }}",
    "{{ a|tojson }}",
    "{% set x = a.secret %}{{ x }}",
    "{% set x %}{{ a.secret }}{% endset %}{{ x }}",
    "{% with x = a.secret %}{{ x }}{% endwith %}",
    "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}",
    "{% call(x) a.method() %}{{ x }}{% endcall %}",
    "{% filter attr('secret') %}a{% endfilter %}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}{{ os }}",
    "{% from 'os' import environ %}{{ environ }}",
    "{% extends a %}",
    "{% block x %}{{ self.x.__class__ }}{% endblock %}",
    "{% for x in a.secret %}{{ x }}{% endfor %}",
    "{% for x in [a] if x.secret %}{{ x }}{% endfor %}",
    "{% for x in [a] recursive %}{{ loop([a]) }}{% endfor %}",
    "{% for x in [a] %}{{ loop.__class__ }}{% endfor %}",
    "{% for x in [a] %}{{ loop._environment }}{% endfor %}",
    "{% for x in [a] %}{{ loop.cycle.__globals__ }}{% endfor %}",
    "{% for x in [a] %}{{ loop['__class__'] }}{% endfor %}",
    "{% for x in [a] %}{{ loop.previtem.secret }}{% endfor %}",
    "{% for x in loop.first %}{{ x }}{% endfor %}",
    "{% if a.secret %}x{% endif %}",
    "{% if a is sameas(a.secret) %}x{% endif %}",
    "{{ a if a.secret else '' }}",
    "{{ a.secret|default(a.api_key) }}",
    "{{ missing|default(a.secret) }}",
    "{{ a['secret':] }}",
    "{{ {'k': a.secret} }}",
    "{% print(a.secret) %}",
    "{% do a.method() %}",
    "{% debug %}",
    "{% autoescape a.secret %}{% endautoescape %}",
    "{{ a.secret",
    "{%- raw %}{{ a }}{% endraw -%}{{ a.secret }}",
    "{{ ((a)).secret }}",
    "{{ a . secret }}",
    "{{ a\n.secret }}",
    "{{ caller }}{{ varargs }}{{ kwargs }}{{ super }}",
]
CORPUS = [
    *[("f-string", template) for template in F_STRING],
    *[("mustache", template) for template in MUSTACHE],
    *[("jinja2", template) for template in JINJA2],
]


class Mine(PromptTemplate):
    """A prompt of somebody's own."""


def constructed(template, template_format):
    return PromptTemplate(template, template_format=template_format)


def constructed_blindly(template, template_format):
    return PromptTemplate.model_construct(template=template, template_format=template_format)


def validated(template, template_format):
    return PromptTemplate.model_validate({"template": template, "template_format": template_format})


def pickled(template, template_format):
    return pickle.loads(pickle.dumps(constructed_blindly(template, template_format)))


def unpickled_from_a_changed_state(template, template_format):
    honest = PromptTemplate("honest", template_format=template_format)
    state = honest.__getstate__()
    state["__dict__"] |= {"template": template}
    made = PromptTemplate.__new__(PromptTemplate)
    made.__setstate__(state)
    return made


def copied(template, template_format):
    update = {"template": template, "template_format": template_format}
    return PromptTemplate("honest").model_copy(update=update)


def copied_deeply(template, template_format):
    return copy.deepcopy(constructed_blindly(template, template_format))


def changed(template, template_format):
    prompt = PromptTemplate("honest")
    prompt.format()
    prompt.template, prompt.template_format = template, template_format
    return prompt


def of_a_subclass(template, template_format):
    return Mine.model_construct(template=template, template_format=template_format)


def added(template, template_format):
    return PromptTemplate("", template_format=template_format) + template


def in_a_message(template, template_format):
    prompt = constructed_blindly(template, template_format)
    return ChatPromptTemplate([HumanMessagePromptTemplate(prompt=prompt)])


def in_a_dict(template, template_format):
    return DictPromptTemplate.model_construct(
        template={"x": [template]}, template_format=template_format
    )


def in_an_image(template, template_format):
    return ImagePromptTemplate.model_construct(
        template={"url": template}, template_format=template_format
    )


def with_examples(template, template_format):
    prompt = FewShotPromptTemplate(example_prompt=PromptTemplate(""), examples=[], suffix="")
    return prompt.model_copy(update={"suffix": template, "template_format": template_format})


def loaded(template, template_format):
    return prompt_from_dict({"template": template, "template_format": template_format})


WAYS = [
    *(constructed, constructed_blindly, validated, pickled, unpickled_from_a_changed_state),
    *(copied, copied_deeply, changed, of_a_subclass, added, in_a_message, in_a_dict),
    *(in_an_image, with_examples, loaded),
]


def test_the_corpus_is_large_enough():
    assert len(set(CORPUS)) == len(CORPUS) >= 60


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_an_honest_template_is_filled_in(way):
    for template_format, template in (("f-string", "<{a}>"), ("mustache", "<{{a}}>")):
        assert "<harmless>" in str(way(template, template_format).format(a=LEAKY()))


@pytest.fixture(autouse=True)
def leak_in_the_environment(monkeypatch):
    monkeypatch.setenv("LEVADA_TEST_KEY", LEAK)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("template_format", ["f-string", "mustache", "jinja2"])
def test_a_hostile_template_is_refused_or_inert(way, template_format):
    if template_format == "jinja2":
        pytest.importorskip("jinja2")
    values = {"a": LEAKY(), "b": "text", "f": lambda *args: LEAK, "l": [1], "d": {"k": 1}}
    for template in [t for f, t in CORPUS if f == template_format]:
        try:
            prompt = way(template, template_format)
            names = [name for name in getattr(prompt, "input_variables", []) if name not in values]
            given = prompt.format(**values, **dict.fromkeys(names, "text"))
        except (TemplateError, PromptInputError, ValidationError):
            continue
        text = str(given)
        assert LEAK not in text, template
        assert "<class" not in text, template
        assert len(text) < 1000, template
