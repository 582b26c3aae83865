from __future__ import annotations

import copy

import pytest

from levada.messages import AIMessageChunk, merge_content
from levada.messages.merge import merge_dicts


@pytest.mark.parametrize(
    ("contents", "whole"),
    [
        (["a", "b", "c"], "abc"),
        (["a"], "a"),
        (["", [{"type": "text", "text": "b"}]], [{"type": "text", "text": "b"}]),
        (["a", [{"type": "image"}]], ["a", {"type": "image"}]),
        ([["a"], "b"], ["ab"]),
        ([["a"], ["b"]], ["a", "b"]),
        ([["a"], "b", "c"], ["abc"]),
        ([[], "a"], ["a"]),
        ([[{"type": "image"}], ""], [{"type": "image"}]),
        ([[{"type": "image"}], "a"], [{"type": "image"}, "a"]),
    ],
)
def test_contents_add_up(contents, whole):
    assert merge_content(*contents) == whole


def test_blocks_with_the_same_index_are_merged_and_others_listed():
    assert merge_content(
        [{"type": "text", "text": "a", "index": 0}],
        [{"type": "text", "text": "b", "index": 0}, {"type": "text", "text": "x", "index": 1}],
        [{"type": "text", "text": "y", "index": 1}, {"type": "text", "text": "z"}],
        [{"type": "text", "text": "z"}],
    ) == [
        {"type": "text", "text": "ab", "index": 0},
        {"type": "text", "text": "xy", "index": 1},
        {"type": "text", "text": "z"},
        {"type": "text", "text": "z"},
    ]


def test_a_delta_goes_into_the_block_that_it_continues_whatever_its_type():
    assert merge_content(
        [{"type": "tool_use", "id": "1", "partial_json": "", "index": 1}],
        [{"type": "input_json_delta", "partial_json": '{"a":', "index": 1}],
        [{"type": "input_json_delta", "partial_json": " 1}", "index": 1}],
    ) == [{"type": "tool_use", "id": "1", "partial_json": '{"a": 1}', "index": 1}]


def test_blocks_with_the_same_index_and_different_ids_stay_apart():
    assert merge_content(
        [{"index": 0, "id": "1", "args": "a"}],
        [{"index": 0, "id": "2", "args": "b"}],
        [{"index": 0, "id": None, "args": "c"}],
    ) == [{"index": 0, "id": "1", "args": "a"}, {"index": 0, "id": "2", "args": "bc"}]


@pytest.mark.parametrize(
    ("left", "right", "whole"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": "x"}, {"a": "y"}, {"a": "xy"}),
        ({"a": "x"}, {"a": "x"}, {"a": "xx"}),
        ({"id": "x", "type": "t"}, {"id": "x", "type": "t"}, {"id": "x", "type": "t"}),
        ({"model_name": "m"}, {"model_name": "m"}, {"model_name": "m"}),
        ({"a": None}, {"a": "y"}, {"a": "y"}),
        ({"a": "x"}, {"a": None}, {"a": "x"}),
        ({"a": {"b": "x"}}, {"a": {"b": "y", "c": 1}}, {"a": {"b": "xy", "c": 1}}),
        ({"a": [1]}, {"a": [1, 2]}, {"a": [1, 1, 2]}),
        ({"a": 1}, {"a": 2}, {"a": 3}),
        ({"a": 2}, {"a": 2}, {"a": 2}),
        ({"a": True}, {"a": True}, {"a": True}),
        ({"a": 0.5}, {"a": 0.5}, {"a": 0.5}),
        ({"created": 5}, {"created": 7}, {"created": 7}),
    ],
)
def test_dictionaries_add_up(left, right, whole):
    before = copy.deepcopy((left, right))
    assert merge_dicts(left, right) == whole
    assert (left, right) == before


@pytest.mark.parametrize(
    ("left", "right"),
    [(True, False), (1, True), (0.5, 0.7), ("a", 1), ({}, []), ([1], "a"), (b"a", b"b")],
)
def test_values_that_do_not_add_up_are_an_error_that_names_the_key(left, right):
    with pytest.raises(TypeError, match=r"'flag' is .* in one and .* in a later one"):
        AIMessageChunk("", additional_kwargs={"flag": left}) + AIMessageChunk(
            "", additional_kwargs={"flag": right}
        )


def test_the_error_names_the_key_inside_a_dictionary_and_after_merging():
    with pytest.raises(TypeError, match="'inner' is 'xy' in one and 1 in a later one"):
        merge_dicts({"outer": {"inner": "x"}}, {"outer": {"inner": "y"}}, {"outer": {"inner": 1}})
