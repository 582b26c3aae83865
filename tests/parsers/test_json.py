from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from levada.chat_models import GenericFakeChatModel
from levada.errors import OutputParserException
from levada.messages import AIMessage, AIMessageChunk
from levada.parsers import JsonOutputParser

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(
    scalars, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(), v, max_size=4)
)
cuts = st.lists(st.integers(0, 300), max_size=20) | st.just(list(range(300)))


def cut(text: str, places: list[int]) -> list[str]:
    inside = sorted({place for place in places if place <= len(text)} | {0, len(text)})
    return [text[i:j] for i, j in pairwise(inside)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('  [1, "b"]\n', [1, "b"]),
        ("12", 12),
        ("null", None),
        ('Here you are:\n```json\n{"a": 1}\n```\nEnjoy {"b"}!', {"a": 1}),
        ("```\n[1]\n``` and more", [1]),
        ('The answer is {"a": [1]} or so', {"a": [1]}),
        ('{"a": "two\nlines"}', {"a": "two\nlines"}),
        ('{"a": 1, "b": [tr', {"a": 1, "b": []}),
        ('{"a": "cut o', {"a": "cut o"}),
        ('{"a": 1.', {"a": 1}),
        ('{"a": "\\u00e', {"a": ""}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('["\\ud800", 1e999, NaN]', ["\ud800", math.inf, math.nan]),
    ],
)
def test_the_json_of_an_answer_is_found(run: Any, text: str, value: Any) -> None:
    parser = JsonOutputParser()
    assert repr(run.invoke(parser, AIMessage(text))) == repr(value)
    assert repr(run.transform(parser, list(text))[-1]) == repr(value)


@pytest.mark.parametrize(
    ("text", "position", "near"),
    [
        ('{"a": 1, b: 2}', 9, '{"a": 1, b: 2}'),
        ('{"a": 1,}', 8, '{"a": 1,}'),
        ("[1, 2,]", 6, "[1, 2,]"),
        ("There is none.", 14, "There is none."),
        ("", 0, ""),
        (' {"a" 1}', 6, ' {"a" 1}'),
        ("x" * 100 + '{"a": ?}' + "y" * 100, 106, "x" * 34 + '{"a": ?}' + "y" * 38),
    ],
)
def test_what_is_wrong_and_where_is_told(run: Any, text: str, position: int, near: str) -> None:
    parser = JsonOutputParser()
    for go in (lambda: run.invoke(parser, text), lambda: run.transform(parser, [text])):
        with pytest.raises(OutputParserException, match=f"at character {position}, near") as caught:
            go()
        assert str(caught.value).startswith("the answer is not JSON: expected ")
        assert repr(near) in str(caught.value)
        assert caught.value.llm_output == text


def test_an_error_is_raised_as_soon_as_it_is_certain() -> None:
    got = []
    with pytest.raises(OutputParserException, match="expected ',' or '}' at character 8"):
        for value in JsonOutputParser().transform(iter(['{"a": 1 ', "b", "never read"])):
            got.append(value)
    assert got == [{"a": 1}]


def test_the_value_is_given_whenever_it_has_grown(run: Any) -> None:
    pieces = ['{"na', 'me": ', '"A', 'da"', ', "n": 1', "2", "}", " bye"]
    assert run.transform(JsonOutputParser(), pieces) == [
        {},
        {"name": "A"},
        {"name": "Ada"},
        {"name": "Ada", "n": 1},
        {"name": "Ada", "n": 12},
    ]


def test_a_word_alone_is_given_once(run: Any) -> None:
    assert run.transform(JsonOutputParser(), ["nu", "ll"]) == [None]
    assert run.transform(JsonOutputParser(), ["1", "2"]) == [12]


def test_patches_lead_from_value_to_value(run: Any) -> None:
    pieces = ['{"a/b": "', "x", 'y", "c": [', "1", ", 2]}"]
    assert run.transform(JsonOutputParser(diff=True), pieces) == [
        [{"op": "replace", "path": "", "value": {"a/b": ""}}],
        [{"op": "replace", "path": "/a~1b", "value": "x"}],
        [
            {"op": "replace", "path": "/a~1b", "value": "xy"},
            {"op": "add", "path": "/c", "value": []},
        ],
        [{"op": "add", "path": "/c/0", "value": 1}],
        [{"op": "add", "path": "/c/1", "value": 2}],
    ]


def test_a_call_gives_the_value_not_patches(run: Any) -> None:
    assert run.invoke(JsonOutputParser(diff=True), "[1]") == [1]


@given(values, cuts, st.booleans(), st.sampled_from([None, 1]))
@settings(max_examples=150)
def test_the_last_value_is_that_of_the_document(
    value: Any, places: list[int], ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    parser = JsonOutputParser()
    *_, last = parser.transform(iter(cut(text, places)))
    assert repr(last) == repr(value)
    assert repr(parser.parse(text)) == repr(value)


def grows(old: Any, new: Any) -> bool:
    """Say whether `new` is `old` with more at its end."""
    if isinstance(old, dict) and isinstance(new, dict):
        *done, last = list(old) or [None]
        return all(new[key] == old[key] for key in done) and (
            not old or grows(old[last], new[last])
        )
    if isinstance(old, list) and isinstance(new, list):
        known = len(old) - 1
        return not old or (old[:known] == new[:known] and grows(old[known], new[known]))
    if isinstance(old, str) and isinstance(new, str):
        return new.startswith(old)
    if isinstance(old, int | float) and isinstance(new, int | float):
        return True
    return old == new


@given(values, cuts)
@settings(max_examples=100)
def test_no_value_changes_once_it_is_complete(value: Any, places: list[int]) -> None:
    seen = list(JsonOutputParser().transform(iter(cut(json.dumps(value), places))))
    kept = [json.dumps(v) for v in seen]
    assert all(grows(old, new) for old, new in pairwise(seen))
    assert [json.dumps(v) for v in seen] == kept


class City(BaseModel):
    name: str


def test_instructions_show_the_schema() -> None:
    told = JsonOutputParser(pydantic_object=City).get_format_instructions()
    assert json.loads(told.partition("\n")[2]) == City.model_json_schema()
    assert "JSON" in JsonOutputParser().get_format_instructions()


def test_behind_a_model_it_streams_token_by_token(run: Any) -> None:
    model = GenericFakeChatModel(messages=iter([AIMessage('{"a": "b c"}')]))
    assert run.stream(model | JsonOutputParser(), "x") == [
        {},
        {"a": "b"},
        {"a": "b "},
        {"a": "b c"},
    ]


def test_as_the_root_of_a_stream_it_shows_no_stream_events(run: Any) -> None:
    heads = run.heads(JsonOutputParser(), "[1]")
    assert heads == [("on_parser_start", "JsonOutputParser"), ("on_parser_end", "JsonOutputParser")]


def test_a_very_long_string_is_given_less_often_than_it_grows() -> None:
    pieces = ['["', *(["x" * 1000] * 1000), '"]']
    seen = list(JsonOutputParser().transform(map(AIMessageChunk, pieces)))
    assert seen[-1] == ["x" * 1_000_000]
    assert 100 < len(seen) < 500


@pytest.mark.parametrize(
    ("text", "value"),
    [(f"[{'1' * 5000}.5]", math.inf), (f"[{'1' * 5000}e-5000]", 0.1111111111111111)],
)
def test_a_number_of_thousands_of_digits_may_become_a_float(
    run: Any, text: str, value: float
) -> None:
    seen = run.transform(JsonOutputParser(), [text[i : i + 500] for i in range(0, len(text), 500)])
    assert seen[0][:-1] == []
    assert seen[-1] == [value]
