from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from levada.chat_models import GenericFakeChatModel
from levada.errors import CompositionError, OutputParserException
from levada.messages import AIMessage, AIMessageChunk, BaseMessage, StringPromptValue
from levada.parsers import (
    BaseGenerationOutputParser,
    BaseOutputParser,
    BaseTransformOutputParser,
    StrOutputParser,
)
from levada.runnables import RunnableLambda


class Shout(BaseOutputParser[str]):
    def parse(self, text: str) -> str:
        return text.upper()


class CountCalls(BaseGenerationOutputParser[int]):
    def parse_result(self, result: Sequence[BaseMessage], *, partial: bool = False) -> int:
        message = result[0]
        return len(message.tool_calls) if isinstance(message, AIMessage) else 0


class ShoutPieces(BaseTransformOutputParser[str]):
    def parse(self, text: str) -> str:
        return text.upper()


@pytest.mark.parametrize(
    "answer", ["hi", AIMessage("hi"), AIMessage([{"type": "text", "text": "hi"}])]
)
def test_a_parser_of_text_takes_text_and_messages(run: Any, answer: Any) -> None:
    assert run.invoke(Shout(), answer) == "HI"


def test_a_parser_of_text_waits_for_the_whole_answer(run: Any) -> None:
    assert run.transform(Shout(), ["h", "i"]) == ["HI"]


def test_a_parser_of_pieces_gives_a_value_for_each(run: Any) -> None:
    assert run.transform(ShoutPieces(), ["h", "i"]) == ["H", "I"]


def test_a_parser_of_messages_sees_the_whole_message(run: Any) -> None:
    message = AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "1"}])
    assert run.invoke(CountCalls(), message) == 1
    assert run.invoke(CountCalls(), "text") == 0


def test_a_parser_that_is_asynchronous_is_awaited() -> None:
    class Later(Shout):
        async def aparse_result(
            self, result: Sequence[BaseMessage], *, partial: bool = False
        ) -> str:
            return f"later {self.parse_result(result)}"

    import anyio

    assert anyio.run(Later().ainvoke, "hi") == "later HI"


@pytest.mark.parametrize("answer", [None, 1, ["hi"]])
def test_what_is_no_answer_is_refused(run: Any, answer: Any) -> None:
    with pytest.raises(CompositionError, match="an output parser takes a message or text; got"):
        run.invoke(StrOutputParser(), answer)
    with pytest.raises(CompositionError, match="an output parser takes a message or text; got"):
        run.invoke(Shout(), answer)


def test_a_parser_without_instructions_says_so() -> None:
    with pytest.raises(NotImplementedError, match="Shout has no format instructions"):
        Shout().get_format_instructions()


def test_parsing_with_the_prompt_is_parsing() -> None:
    assert Shout().parse_with_prompt("hi", StringPromptValue(text="say hi")) == "HI"


def test_a_subclass_of_the_text_parser_parses_its_own_way(run: Any) -> None:
    class Loud(StrOutputParser):
        def parse(self, text: str) -> str:
            return text.upper()

    assert run.invoke(Loud(), "hi") == "HI"
    assert run.transform(Loud(), ["h", AIMessageChunk("i")]) == ["H", "I"]


def test_a_parser_that_calls_a_step_is_its_parent(run: Any) -> None:
    inner = RunnableLambda(str.upper, name="inner")

    class Calls(StrOutputParser):
        def parse(self, text: str) -> str:
            return inner.invoke(text)

    chain = GenericFakeChatModel(messages=iter(["hi"])) | Calls()
    events = run.events(chain, "x")
    start = next(e for e in events if e["name"] == "inner")
    parser = next(e for e in events if e["name"] == "Calls")
    assert start["parent_ids"][-1] == parser["run_id"]


def test_an_error_keeps_the_answer_and_says_where_in_the_chain(run: Any) -> None:
    class Picky(BaseOutputParser[str]):
        def parse(self, text: str) -> str:
            raise OutputParserException("no good", llm_output=text)

    chain = GenericFakeChatModel(messages=iter(["hi"])) | Picky()
    with pytest.raises(OutputParserException, match="no good") as caught:
        run.invoke(chain, "x")
    assert caught.value.llm_output == "hi"
    assert caught.value.__notes__ == ["in RunnableSequence > step 2: Picky"]
