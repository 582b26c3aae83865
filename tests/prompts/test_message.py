"""Templates of single messages."""

from __future__ import annotations

import pytest

from levada.errors import PromptInputError, TemplateError
from levada.messages import AIMessage, BaseMessage, ChatMessage, HumanMessage, SystemMessage
from levada.prompts import (
    AIMessagePromptTemplate,
    BaseMessagePromptTemplate,
    ChatMessagePromptTemplate,
    ChatPromptTemplate,
    HumanMessagePromptTemplate,
    MessagesPlaceholder,
    PromptTemplate,
    SystemMessagePromptTemplate,
)

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (HumanMessagePromptTemplate, HumanMessage),
        (AIMessagePromptTemplate, AIMessage),
        (SystemMessagePromptTemplate, SystemMessage),
    ],
)
async def test_each_role_has_a_template(template, message):
    made = template.from_template("Hello {name}")
    assert made.input_variables == ["name"]
    assert made.format(name="Ann") == message("Hello Ann")
    assert await made.aformat(name="Ann") == message("Hello Ann")
    assert made.format_messages(name="Ann") == [message("Hello Ann")]
    assert await made.aformat_messages(name="Ann") == [message("Hello Ann")]


def test_any_speaker_has_a_template():
    made = ChatMessagePromptTemplate.from_template("Order, {who}!", role="judge")
    assert made.format(who="Ann") == ChatMessage("Order, Ann!", role="judge")


def test_additional_kwargs_go_to_each_message_as_a_dict_of_its_own():
    made = HumanMessagePromptTemplate.from_template("x", additional_kwargs={"a": 1})
    first, second = made.format(), made.format()
    assert first == HumanMessage("x", additional_kwargs={"a": 1})
    assert first.additional_kwargs is not second.additional_kwargs


def test_partial_variables_of_a_message_hold_unless_the_call_says_others():
    made = HumanMessagePromptTemplate.from_template("{a}{b}", partial_variables={"a": "inner"})
    prompt = ChatPromptTemplate([made, ("ai", "{b}")])
    assert prompt.input_variables == ["b"]
    assert [m.text for m in prompt.format_messages(b="!")] == ["inner!", "!"]
    assert [m.text for m in prompt.format_messages(a="call", b="!")] == ["call!", "!"]


def test_a_missing_variable_is_an_error():
    with pytest.raises(PromptInputError, match="PromptTemplate needs 'name'; the input has 'nam'"):
        HumanMessagePromptTemplate.from_template("{name}").format(nam="Ann")
    with pytest.raises(PromptInputError, match=r"needs 'history'\. .* optional=True"):
        MessagesPlaceholder("history").format_messages()


def test_content_blocks_have_variables():
    made = HumanMessagePromptTemplate.from_template(
        [
            "What is {thing}?",
            {"type": "text", "text": "Look: {a}"},
            {"type": "image_url", "image_url": "https://a.example/{id}.png"},
            {"type": "image_url", "image_url": {"url": "{url}", "detail": "low"}},
            {"type": "text", "text": "{a}", "cache_control": {"type": "ephemeral"}},
            {"type": "audio", "base64": "{sound}", "index": 3},
        ]
    )
    assert made.input_variables == ["a", "id", "sound", "thing", "url"]
    assert made.format(thing="x", a="A", id=7, url="data:,", sound="AAAA").content == [
        {"type": "text", "text": "What is x?"},
        {"type": "text", "text": "Look: A"},
        {"type": "image_url", "image_url": {"url": "https://a.example/7.png"}},
        {"type": "image_url", "image_url": {"url": "data:,", "detail": "low"}},
        {"type": "text", "text": "A", "cache_control": {"type": "ephemeral"}},
        {"type": "audio", "base64": "AAAA", "index": 3},
    ]


def test_content_blocks_may_be_in_mustache():
    prompt = ChatPromptTemplate(
        [("human", [{"type": "text", "text": "{{a}}"}])], template_format="mustache"
    )
    assert prompt.format_messages(a="{x}")[0].text == "{x}"


def test_a_missing_variable_of_a_content_block_is_an_error_that_talks_of_braces():
    prompt = ChatPromptTemplate([("human", ["{a}"])])
    with pytest.raises(PromptInputError, match=r"double its braces: \{\{a\}\}\."):
        prompt.invoke({})


@pytest.mark.parametrize("content", [5, None, b"x", {"a": 1}])
def test_what_is_no_content_is_refused(content):
    with pytest.raises(TemplateError, match="is a text or a list of content blocks; got"):
        HumanMessagePromptTemplate.from_template(content)


def test_what_is_no_content_block_is_refused():
    with pytest.raises(TemplateError, match="5 is no content block"):
        HumanMessagePromptTemplate.from_template([5])


def test_content_blocks_take_no_partial_variables_of_their_own():
    with pytest.raises(TemplateError, match="content blocks take no partial_variables"):
        HumanMessagePromptTemplate.from_template(["{a}"], partial_variables={"a": 1})


def test_a_template_is_read_from_a_file(tmp_path):
    (tmp_path / "a.txt").write_text("Grüß {name}", encoding="utf-8")
    made = SystemMessagePromptTemplate.from_template_file(tmp_path / "a.txt")
    assert made.format(name="Ann") == SystemMessage("Grüß Ann")


def test_a_template_takes_a_prompt_and_not_a_description_of_one():
    with pytest.raises(ValueError, match="instance of StringPromptTemplate"):
        HumanMessagePromptTemplate(prompt={"template": "x"})
    assert HumanMessagePromptTemplate(prompt=PromptTemplate("x")).format() == HumanMessage("x")


class Twice(BaseMessagePromptTemplate):
    """Says a variable twice."""

    @property
    def input_variables(self) -> list[str]:
        return ["word"]

    def _format_messages(self, values) -> list[BaseMessage]:
        return [HumanMessage(values["word"]), HumanMessage(values["word"])]


def test_a_part_of_ones_own_writes_two_things(run):
    prompt = ChatPromptTemplate([Twice(), ("ai", "{word}")])
    assert prompt.input_variables == ["word"]
    assert [m.text for m in run.invoke(prompt, "no").messages] == ["no", "no", "no"]


@pytest.mark.parametrize(
    ("part", "title", "body"),
    [
        (HumanMessagePromptTemplate.from_template("Hi {a}"), " Human Message ", "Hi {a}"),
        (SystemMessagePromptTemplate.from_template("Hi"), " System Message ", "Hi"),
        (ChatMessagePromptTemplate.from_template("Hi", role="judge"), " Judge Message ", "Hi"),
        (MessagesPlaceholder("history"), " Messages Placeholder ", "{history}"),
        (Twice(), " Twice ", "{word}"),
    ],
)
def test_a_template_prints_well(part, title, body, capsys):
    part.pretty_print()
    assert capsys.readouterr().out == f"{title:=^80}\n\n{body}\n"
    assert "\033[1m" in part.pretty_repr(html=True)


def test_a_content_block_may_be_a_prompt():
    made = HumanMessagePromptTemplate.from_template([PromptTemplate("{a}", name="part")])
    assert made.format(a=1).content == [{"type": "text", "text": "1"}]
