from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from levada.errors import OutputParserException
from levada.messages import AIMessageChunk, BaseMessage
from levada.messages.partial_json import PartialJsonParser
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


def looks(pace: Pace, chunks: int, length: int) -> list[int]:
    """Look whenever it is time at an answer that grows; give what each look took."""
    taken = []
    for i in range(1, chunks + 1):
        if pace.due(length):
            pace.spend(length * i)
            taken.append(length * i)
    return taken


@pytest.mark.parametrize("length", [0, 1, 1_000])
@pytest.mark.parametrize("chunks", [100, 10_000])
def test_all_looks_at_a_growing_answer_take_linear_time(length: int, chunks: int) -> None:
    *paid, last = looks(Pace(100), chunks, length)
    assert sum(paid) <= (100 + length // 4) * chunks
    assert last <= length * chunks


def test_a_short_answer_is_looked_at_every_time() -> None:
    assert looks(Pace(100), 100, 1) == [*range(1, 101)]


WIDE = {
    "a list": ("[", "1, "),
    "an object": ("{", '"{}": 1, '),
    "an object in a list": ("[{", '"{}": 1, '),
    "a text": ('"', "words " * 100),
}


@pytest.mark.parametrize("name", WIDE)
def test_the_work_for_values_of_a_wide_answer_is_linear(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = []
    spend = Pace.spend
    monkeypatch.setattr(Pace, "spend", lambda self, work: (copied.append(work), spend(self, work)))
    opening, piece = WIDE[name]
    pieces = [opening, *(piece.replace("{}", str(i)) for i in range(20_000))]
    values = list(JsonOutputParser().transform(iter(pieces)))
    assert values[-1] == JsonOutputParser().parse("".join(pieces))
    assert sum(copied[:-1]) < (1_250 + 600 // 4) * len(pieces)
    assert len(values) > 300  # or it would stream no more
    assert len(values) < 16_000  # or the bound above would have shown nothing


def test_a_value_is_given_for_every_token_of_an_answer_of_common_size(run: Any) -> None:
    text = json.dumps([{"id": i, "words": ["some", "words"]} for i in range(100)])
    values = run.transform(JsonOutputParser(), list(text))
    parser, changes = PartialJsonParser(), 0
    for char in text:
        parser.feed(char)
        changes += parser.changed
        parser.snapshot()
    assert len(values) == changes
