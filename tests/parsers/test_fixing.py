from __future__ import annotations

from typing import Any

import pytest

from levada.chat_models import GenericFakeChatModel
from levada.errors import CompositionError, OutputParserException
from levada.messages import AIMessage, ChatPromptValue, HumanMessage, SystemMessage
from levada.parsers import (
    BaseOutputParser,
    JsonOutputParser,
    OutputFixingParser,
    RetryOutputParser,
)
from levada.runnables import RunnableLambda, RunnableParallel


class Asked(GenericFakeChatModel):
    """A fake model that keeps what it is asked."""

    questions: list[Any]

    def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
        self.questions.append(messages)
        return super()._generate(messages, stop, **kwargs)


def model(*answers: str) -> Asked:
    return Asked(messages=iter(answers), questions=[])


PROMPT = ChatPromptValue(messages=[SystemMessage("You are terse."), HumanMessage("Numbers?")])


def test_an_answer_that_parses_is_not_asked_for_again(run: Any) -> None:
    parser = OutputFixingParser.from_llm(model(), JsonOutputParser())
    assert run.invoke(parser, "[1]") == [1]
    assert parser.parse("[1]") == [1]


def test_an_answer_that_does_not_parse_is_written_again(run: Any) -> None:
    writer = model("[1, 2]")
    assert run.invoke(OutputFixingParser.from_llm(writer, JsonOutputParser()), "[1; 2]") == [1, 2]
    [[question]] = writer.questions
    for part in ("[1; 2]", "expected ',' or ']' at character 2", "Answer with one JSON value"):
        assert part in question.text


def test_a_question_can_be_asked_again_in_its_conversation(run: Any) -> None:
    writer = model("none", "[1, 2]")
    chain = RunnableParallel(
        completion=RunnableLambda(lambda _: PROMPT) | writer,
        prompt_value=RunnableLambda(lambda _: PROMPT),
    ) | RetryOutputParser.from_llm(writer, JsonOutputParser())
    assert run.invoke(chain, {}) == [1, 2]
    first, second = writer.questions
    assert second[:3] == [*first, AIMessage("none")]
    assert "expected a JSON value at character 4" in second[3].text


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_it_asks_so_many_times_and_no_more(run: Any, limit: int) -> None:
    writer = model(*["{"] * 10, "[1]")
    parser = OutputFixingParser.from_llm(writer, JsonNoCut(), max_retries=limit)
    with pytest.raises(OutputParserException, match="not whole"):
        run.invoke(parser, "{")
    assert len(writer.questions) == limit


class JsonNoCut(BaseOutputParser[Any]):
    def parse(self, text: str) -> Any:
        if text.startswith("{"):
            raise OutputParserException(
                "not whole", llm_output=text.upper(), observation="Close it.", send_to_llm=True
            )
        return JsonOutputParser().parse(text)


def test_what_the_exception_wants_told_is_told(run: Any) -> None:
    writer = model("[1]")
    retry = RetryOutputParser.from_llm(writer, JsonNoCut())
    assert run.invoke(retry, {"completion": "{a", "prompt_value": PROMPT}) == [1]
    [[*_, answer, question]] = writer.questions
    assert answer == AIMessage("{A")
    assert "Close it." in question.text


def test_the_question_can_be_asked_in_other_words(run: Any) -> None:
    writer = model("[1]")
    prompt = RunnableLambda(lambda given: f"{given['completion']}! {given['error'][:22]}")
    parser = OutputFixingParser.from_llm(writer, JsonOutputParser(), prompt=prompt)
    assert run.invoke(parser, "?") == [1]
    assert writer.questions == [[HumanMessage("?! the answer is not JSON")]]


def test_other_errors_are_raised_at_once(run: Any) -> None:
    class Broken(BaseOutputParser[str]):
        def parse(self, text: str) -> str:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run.invoke(OutputFixingParser.from_llm(model("x"), Broken()), "x")


def test_each_attempt_shows_in_the_events(run: Any) -> None:
    chain = model("[1;", "[1]") | OutputFixingParser.from_llm(model("[1]"), JsonOutputParser())
    heads = [head for head in run.heads(chain, "x") if "parser" in head[0]]
    assert heads == [
        ("on_parser_start", "OutputFixingParser"),
        ("on_parser_start", "JsonOutputParser"),
        ("on_parser_error", "JsonOutputParser"),
        ("on_parser_start", "JsonOutputParser"),
        ("on_parser_end", "JsonOutputParser"),
        ("on_parser_end", "OutputFixingParser"),
    ]


def test_parsing_with_a_prompt_outside_of_a_chain() -> None:
    retry = RetryOutputParser.from_llm(model("[1]"), JsonOutputParser())
    assert retry.parse_with_prompt("?", PROMPT) == [1]


def test_what_lacks_the_prompt_is_refused(run: Any) -> None:
    retry = RetryOutputParser.from_llm(model(), JsonOutputParser())
    with pytest.raises(CompositionError, match=r"'completion' and 'prompt_value'; got {'compl"):
        run.invoke(retry, {"completion": "x"})
    with pytest.raises(CompositionError, match="got AIMessage"):
        run.invoke(retry, AIMessage("x"))


def test_instructions_are_those_of_the_parser() -> None:
    parser = OutputFixingParser.from_llm(model(), JsonOutputParser())
    assert parser.get_format_instructions() == JsonOutputParser().get_format_instructions()
    assert OutputFixingParser.from_llm(model(), JsonNoCut()).get_format_instructions() == ""


@pytest.mark.anyio
async def test_the_asynchronous_twins_of_parse() -> None:
    parser = OutputFixingParser.from_llm(model("[1]"), JsonOutputParser())
    assert await parser.aparse("?") == [1]
    retry = RetryOutputParser.from_llm(model("[1]"), JsonOutputParser())
    assert await retry.aparse_with_prompt("?", PROMPT) == [1]
    assert await JsonOutputParser().aparse("[1]") == [1]
