from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from levada.errors import OutputParserException
from levada.messages import AIMessageChunk, BaseMessage
from levada.parsers import BaseCumulativeTransformOutputParser, JsonOutputParser
from levada.parsers.cumulative import Pace
from levada.runnables import RunnableLambda, RunnableParallel


class Words(BaseCumulativeTransformOutputParser[list[str]]):
    def parse(self, text: str) -> list[str]:
        if "?" in text:
            raise OutputParserException("a question", llm_output=text)
        return text.split()


class CountsCalls(BaseCumulativeTransformOutputParser[int]):
    def parse(self, text: str) -> int:
        raise NotImplementedError

    def parse_result(self, result: Sequence[BaseMessage], *, partial: bool = False) -> Any:
        return len(result[0].text) if not partial or len(result[0].text) > 2 else None


def test_the_value_so_far_is_given_whenever_it_has_grown(run: Any) -> None:
    pieces = ["a", " ", "b", "c"]
    assert run.transform(Words(), pieces) == [["a"], ["a", "b"], ["a", "bc"]]


def test_messages_add_up(run: Any) -> None:
    chunks = [AIMessageChunk("a "), AIMessageChunk("b")]
    assert run.transform(Words(), chunks) == [["a"], ["a", "b"]]


def test_there_may_be_no_value_yet(run: Any) -> None:
    assert run.transform(CountsCalls(), ["ab", "c", "d"]) == [3, 4]


def test_what_does_not_parse_yet_is_no_error_before_the_end(run: Any) -> None:
    with pytest.raises(OutputParserException, match="a question"):
        run.transform(Words(), ["a", "?"])


def test_patches_are_made_of_any_values(run: Any) -> None:
    assert run.transform(Words(diff=True), ["a", " b"]) == [
        [{"op": "replace", "path": "", "value": ["a"]}],
        [{"op": "add", "path": "/1", "value": "b"}],
    ]


def test_a_subclass_that_parses_otherwise_streams_otherwise(run: Any) -> None:
    class Keys(JsonOutputParser):
        def parse(self, text: str) -> Any:
            return list(super().parse(text))

    assert run.invoke(Keys(), '{"a": 1, "b": 2}') == ["a", "b"]
    assert run.transform(Keys(), ['{"a": 1', ', "b": 2}']) == [["a"], ["a", "b"]]


@pytest.mark.parametrize("document", ["[1, [2], 3]", '"one two"', '{"a": [1, 2]}', "12"])
def test_the_next_step_gets_the_last_value_not_a_sum(run: Any, document: str) -> None:
    whole = RunnableLambda(lambda value: {"got": value})
    parser = JsonOutputParser()
    want = {"got": parser.parse(document)}
    assert run.transform(parser | whole, list(document)) == [want]
    beside = RunnableParallel(a=parser) | RunnableLambda(lambda value: {"got": value["a"]})
    assert run.transform(beside, list(document)) == [want]


def test_the_run_of_a_streamed_list_ends_with_the_last_value(run: Any) -> None:
    chain = RunnableLambda(lambda _: iter(["[1", ", 2]"]).__next__()) | JsonOutputParser()
    ends = [e["data"]["output"] for e in run.events(chain, 0) if e["event"] == "on_parser_end"]
    assert ends == [[1]]


@pytest.mark.parametrize("length", [1_000, 100_000])
def test_looks_at_a_growing_answer_cost_linear_time(length: int) -> None:
    pace = Pace(100)
    work = sum(i for i in range(length) if pace.due(1))
    assert work < 700 * length


def test_a_short_answer_is_looked_at_every_time() -> None:
    pace = Pace(100)
    assert all(pace.due(1) for _ in range(150))
