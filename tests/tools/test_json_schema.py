"""JSON schemas: references, titles, and what is not a schema in them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from levada.errors import ConfigError
from levada.tools.json_schema import inlined, json_schema_of, without_titles


class Leaf(BaseModel):
    """A leaf."""

    title: str


class Branch(BaseModel):
    left: Leaf
    right: Leaf


def test_references_are_put_in_their_place() -> None:
    leaf = {
        "description": "A leaf.",
        "type": "object",
        "properties": {"title": {"type": "string"}},
        "required": ["title"],
    }
    assert json_schema_of(Branch)["properties"] == {"left": leaf, "right": leaf}
    assert "$defs" not in json_schema_of(Branch)


def test_what_stands_beside_a_reference_is_kept() -> None:
    schema = {"properties": {"a": {"$ref": "#/$defs/A", "description": "mine"}}}
    schema["$defs"] = {"A": {"type": "string", "description": "its own"}}
    assert inlined(schema) == {"properties": {"a": {"type": "string", "description": "mine"}}}


class Tree(BaseModel):
    leaf: Leaf
    below: "list[Tree]" = []  # noqa: UP037


def test_a_circle_keeps_its_references_and_the_outermost_is_open() -> None:
    schema = json_schema_of(Tree)
    assert schema["type"] == "object"
    assert schema["properties"]["below"]["items"] == {"$ref": "#/$defs/Tree"}
    assert set(schema["$defs"]) == {"Tree", "Leaf"}
    assert schema["properties"]["leaf"]["type"] == "object"


def test_a_schema_may_refer_to_all_of_itself() -> None:
    schema = {"type": "object", "properties": {"me": {"$ref": "#"}}}
    assert inlined(schema) == schema


def test_definitions_may_stand_in_definitions_and_have_odd_names() -> None:
    schema = {
        "definitions": {"a/b": {"type": "integer"}},
        "properties": {"x": {"$ref": "#/definitions/a~1b"}},
    }
    assert inlined(schema) == {"properties": {"x": {"type": "integer"}}}


def test_a_reference_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"refers to '#/\$defs/B', which is not in it"):
        inlined({"properties": {"x": {"$ref": "#/$defs/B"}}})


def test_a_schema_that_would_explode_keeps_its_references() -> None:
    levels = {
        f"L{i}": {"properties": {s: {"$ref": f"#/$defs/L{i + 1}"} for s in "ab"}} for i in range(40)
    }
    schema = {"$ref": "#/$defs/L0", "$defs": {**levels, "L40": {"type": "string"}}}
    opened = inlined(schema)
    assert opened == {**levels["L0"], "$defs": schema["$defs"]}


def test_titles_of_schemas_go_and_those_of_data_stay() -> None:
    schema: dict[str, Any] = {
        "title": "T",
        "properties": {"title": {"title": "Title", "type": "string", "default": {"title": 1}}},
        "anyOf": [{"title": "A"}],
        "items": {"title": "I", "enum": [{"title": "kept"}]},
    }
    assert without_titles(schema) == {
        "properties": {"title": {"type": "string", "default": {"title": 1}}},
        "anyOf": [{}],
        "items": {"enum": [{"title": "kept"}]},
    }


def test_a_default_that_is_no_json_is_left_out() -> None:
    def later() -> None: ...

    class Odd(BaseModel):
        when: object = later

    assert json_schema_of(Odd)["properties"] == {"when": {}}
