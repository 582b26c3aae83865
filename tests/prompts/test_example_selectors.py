"""Examples by their length."""

from __future__ import annotations

import pytest

from levada.prompts import LengthBasedExampleSelector, PromptTemplate

WORDS = [{"w": "one"}, {"w": "one two"}, {"w": "one two three"}]


def selector(**fields):
    return LengthBasedExampleSelector(
        examples=list(WORDS), example_prompt=PromptTemplate("{w}"), **{"max_length": 5, **fields}
    )


@pytest.mark.parametrize(
    ("text", "count"), [("x", 2), ("x x", 2), ("x\nx x", 1), ("x x x x", 1), ("x x x x x", 0)]
)
def test_there_are_as_many_examples_as_there_is_room_for(text, count):
    assert selector().select_examples({"input": text}) == WORDS[:count]


def test_all_variables_of_the_input_count():
    assert selector().select_examples({"a": "x x", "b": 2, "c": "x"}) == WORDS[:1]


def test_the_length_can_be_measured_otherwise():
    chosen = selector(get_text_length=len, max_length=11).select_examples({"a": "x"})
    assert chosen == WORDS[:2]


@pytest.mark.anyio
async def test_an_example_can_be_added():
    made = selector(max_length=100)
    made.add_example({"w": "four"})
    await made.aadd_example({"w": "five"})
    assert made.example_text_lengths == [1, 2, 3, 1, 1]
    assert await made.aselect_examples({"a": "x"}) == [*WORDS, {"w": "four"}, {"w": "five"}]
