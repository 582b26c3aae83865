from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levada.parsers import JsonOutputParser
from levada.parsers.json_patch import make_patch

scalars = st.none() | st.integers(0, 3) | st.text("ab/~", max_size=3)
values = st.recursive(
    scalars,
    lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text("ab/~", max_size=2), v, max_size=4),
)


def applied(document: Any, patch: list[dict[str, Any]]) -> Any:
    """Do what RFC 6902 says about add, remove and replace."""
    document = copy.deepcopy(document)
    for operation in patch:
        *path, last = [
            part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")
        ]
        if not path:
            assert operation["op"] == "replace"
            document = copy.deepcopy(operation["value"])
            continue
        place = document
        for part in path[1:]:
            place = place[int(part)] if isinstance(place, list) else place[part]
        key: Any = int(last) if isinstance(place, list) else last
        if operation["op"] == "remove":
            del place[key]
        elif isinstance(place, list) and operation["op"] == "add":
            place.insert(key, copy.deepcopy(operation["value"]))
        else:
            assert operation["op"] == "add" or key in place or isinstance(place, list)
            place[key] = copy.deepcopy(operation["value"])
    return document


@given(values, values)
@settings(max_examples=150)
def test_a_patch_leads_from_any_value_to_any_other(old: Any, new: Any) -> None:
    assert applied(old, make_patch(old, new)) == new


@given(values)
def test_nothing_changes_a_value_into_itself(value: Any) -> None:
    assert make_patch(value, value) == []
    assert make_patch(value, copy.deepcopy(value)) == []


@pytest.mark.parametrize(("old", "new"), [(1, True), (1, 1.0), (0, False), (None, {})])
def test_values_of_different_types_are_different(old: Any, new: Any) -> None:
    assert make_patch(old, new) == [{"op": "replace", "path": "", "value": new}]


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"b": [1, {"c": "def"}], "": null}, "x/y~z": [[], {}, [1.5, true]]}',
        '{"a": 1, "b": {"c": 2}, "a": [3, 4], "d": 5}',
        '[{"a": 1}, {"a": 1}, [[["deep"]]], "last"]',
    ],
)
@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_the_patches_of_a_stream_make_the_document(text: str, size: int) -> None:
    pieces = [text[i : i + size] for i in range(0, len(text), size)]
    document = None
    for patch in JsonOutputParser(diff=True).transform(pieces):
        document = applied(document, patch)
    assert document == JsonOutputParser().parse(text)


def test_what_is_new_is_told_and_nothing_else() -> None:
    old = {"items": [{"name": "a", "size": 1}, {"name": "b"}], "rest": "x"}
    new = {"items": [old["items"][0], {"name": "bc", "size": 2}], "rest": "x", "more": []}
    assert make_patch(old, new) == [
        {"op": "replace", "path": "/items/1/name", "value": "bc"},
        {"op": "add", "path": "/items/1/size", "value": 2},
        {"op": "add", "path": "/more", "value": []},
    ]


def test_a_wide_object_is_compared_less_often_than_it_grows() -> None:
    text = "{" + ", ".join(f'"key {i}": {i}' for i in range(4000)) + "}"
    pieces = [text[i : i + 4] for i in range(0, len(text), 4)]
    document, patches = None, 0
    for patch in JsonOutputParser(diff=True).transform(pieces):
        document = applied(document, patch) if patches % 100 == 0 else {**document, **added(patch)}
        patches += 1
    assert document == JsonOutputParser().parse(text)
    assert 1000 < patches < 6000


def added(patch: list[dict[str, Any]]) -> dict[str, Any]:
    return {operation["path"].removeprefix("/"): operation["value"] for operation in patch}
