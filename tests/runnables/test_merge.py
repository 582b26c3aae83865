"""Chunks add up from left to right, in linear time, and what cannot be added gives way."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from levada.runnables import AddableDict, aadd, acollect, add, collect


class Word(str):
    """A string of a class of its own."""


class Counted:
    """Adds up by an accumulator, and says how often `+` was used instead."""

    pluses = 0

    def __init__(self, items: list[int]) -> None:
        self.items = items

    def __add__(self, other: object) -> Counted:
        if not isinstance(other, Counted):
            return NotImplemented
        type(self).pluses += 1
        return Counted(self.items + other.items)

    @classmethod
    def accumulator(cls) -> Any:
        class Accumulator:
            def __init__(self) -> None:
                self.items: list[int] = []

            def add(self, chunk: Counted) -> None:
                self.items += chunk.items

            def result(self) -> Counted:
                return Counted(list(self.items))

        return Accumulator()


async def later(chunks: Any) -> Any:
    for chunk in chunks:
        yield chunk


@pytest.mark.parametrize(
    ("chunks", "total"),
    [
        ([], None),
        (["a"], "a"),
        (["a", "", "b"], "ab"),
        ([Word("a"), "b"], "ab"),
        (["a", Word("b")], "ab"),
        ([[1], [], [2, 3]], [1, 2, 3]),
        ([1, 2, 3], 6),
        ([1.5, 1], 2.5),
        ([(1,), (2,)], (1, 2)),
        ([b"a", b"b"], b"ab"),
        ([{"a": 1}, {"b": 2}], {"b": 2}),
        ([{1}, {2}], {2}),
        ([AddableDict(a=1), AddableDict(a=2, b="x")], {"a": 3, "b": "x"}),
        ([AddableDict(a="x"), {"a": "y"}], {"a": "xy"}),
        ([{"a": "x"}, AddableDict(a="y")], {"a": "xy"}),
        (
            [AddableDict(a=AddableDict(b="x")), AddableDict(a=AddableDict(b="y"))],
            {"a": {"b": "xy"}},
        ),
        ([AddableDict(a=None), AddableDict(a=1), AddableDict(a=None)], {"a": 1}),
        ([AddableDict(a={"k": 1}), AddableDict(a={"l": 2})], {"a": {"l": 2}}),
        ([AddableDict(a=1), AddableDict(a="x")], {"a": "x"}),
        ([AddableDict(a=1), "x"], "x"),
        (["x", AddableDict(a=1)], {"a": 1}),
        (["x", AddableDict(a=1), AddableDict(a=2)], {"a": 3}),
        (["a", 1], 1),
        ([1, "a", "b"], "ab"),
        (["a", None, "b"], "ab"),
        ([[1], (2,)], (2,)),
        ([None, None], None),
        (["a", None], "a"),
        ([None, 1, 2], 3),
        ([True, True], 2),
    ],
)
@pytest.mark.anyio
async def test_sums(chunks, total) -> None:
    assert collect(iter(chunks)) == total
    assert await acollect(later(chunks)) == total


def test_a_sum_keeps_the_class_of_addable_dicts() -> None:
    assert type(collect(iter([AddableDict(a=1), AddableDict(b=1)]))) is AddableDict


def test_a_single_chunk_is_the_sum_itself() -> None:
    chunk = object()
    assert collect(iter([chunk])) is chunk


def test_an_accumulator_is_used_where_there_is_one() -> None:
    assert collect(Counted([i]) for i in range(5)).items == [0, 1, 2, 3, 4]
    assert Counted.pluses == 0


def test_something_else_after_chunks_with_an_accumulator_stays() -> None:
    assert collect(iter([Counted([1]), "x"])) == "x"


def test_chunks_are_not_changed_by_adding_them_up() -> None:
    lists, dicts = [[1], [2]], [AddableDict(a=[1]), AddableDict(a=[2])]
    collect(iter(lists))
    collect(iter(dicts))
    assert lists == [[1], [2]]
    assert dicts == [{"a": [1]}, {"a": [2]}]


def test_an_error_of_the_chunks_own_is_raised() -> None:
    class Refuses:
        def __add__(self, other: object) -> None:
            raise ValueError("these do not add up")

    with pytest.raises(ValueError, match="do not add up"):
        collect(iter([Refuses(), Refuses()]))


# --- AddableDict by itself ---


def test_addable_dicts_add_up_on_either_side() -> None:
    assert AddableDict(a=1) + {"a": 2, "b": 1} == {"a": 3, "b": 1}
    assert {"a": 1} + AddableDict(a=2) == {"a": 3}  # type: ignore[operator]
    assert type({"a": 1} + AddableDict(a=2)) is AddableDict  # type: ignore[operator]


def test_none_yields_to_any_value() -> None:
    assert AddableDict(a=None, b=1) + {"a": 1, "b": None} == {"a": 1, "b": 1}


def test_values_that_cannot_be_added_name_their_key() -> None:
    with pytest.raises(TypeError, match="key 'a' cannot be added: int and str"):
        AddableDict(a=1) + AddableDict(a="x")


@pytest.mark.parametrize("other", ["x", None, 5, [1]])
def test_what_is_no_dict_cannot_be_added_to_one(other) -> None:
    with pytest.raises(TypeError):
        AddableDict(a=1) + other
    with pytest.raises(TypeError):
        other + AddableDict(a=1)


@pytest.mark.anyio
async def test_add_and_aadd_sum_any_number_of_values() -> None:
    assert add([AddableDict(a=1), AddableDict(a=2)]) == {"a": 3}
    assert add([]) is None
    assert await aadd(later("abc")) == "abc"
    assert await aadd(later("")) is None


# --- linear ---


def seconds(make: Callable[[int], Any], count: int) -> float:
    chunks = [make(i) for i in range(count)]
    best = 1e9
    for _ in range(3):
        start = time.perf_counter()
        collect(iter(chunks))
        best = min(best, time.perf_counter() - start)
    return best


@pytest.mark.parametrize(
    "make",
    [
        lambda i: "x" * 20,
        lambda i: Word("x" * 20),
        lambda i: b"x" * 20,
        lambda i: (i,),
        lambda i: [i],
        lambda i: None if i == 0 else "x" * 20,
        lambda i: AddableDict(a="x" * 20),
        lambda i: AddableDict(a=AddableDict(b=b"x" * 20)),
        lambda i: Counted([i]),
    ],
    ids=["str", "subclass", "bytes", "tuple", "list", "none first", "dict", "nested", "own"],
)
def test_sums_take_linear_time(make) -> None:
    # 16 times the chunks: 16 times the time if linear, 256 if quadratic.
    assert seconds(make, 32_000) < 80 * max(seconds(make, 2_000), 0.0002)
