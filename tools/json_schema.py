"""JSON schemas as models are given them: without titles, and with references put in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from ..errors import ConfigError
from ..messages.shapes import is_array, is_object

__all__ = ["Schema", "inlined", "json_schema_of", "mapped", "without_titles"]

Schema = dict[str, Any]

# Where in a schema there are schemas; anything else is data, such as a default, and is left alone.
_DEFINITIONS: Final = ("$defs", "definitions")
_NAMED: Final = ("properties", "patternProperties", "dependentSchemas", *_DEFINITIONS)
_LISTED: Final = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE: Final = (
    "items",
    "additionalProperties",
    "contains",
    "propertyNames",
    "not",
    "if",
    "then",
    "else",
    "unevaluatedItems",
    "unevaluatedProperties",
)

# A schema that would grow beyond this when references are put in their place keeps them. Each
# level of definitions that refer to the next one twice doubles it.
_MOST_PARTS: Final = 5_000


class _Generator(GenerateJsonSchema):
    """Makes schemas quietly: a default that is no JSON is left out, as it is where it is used."""

    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def json_schema_of(annotation: Any) -> Schema:
    """Make the JSON schema of what an annotation accepts, with references put in their place.

    Raises:
        PydanticUserError: JSON cannot say it, or pydantic does not know it.
    """
    made: TypeAdapter[Any] = TypeAdapter(annotation)
    return inlined(without_titles(made.json_schema(schema_generator=_Generator)))


def without_titles(schema: Schema) -> Schema:
    """Give the schema without the titles of its parts, which repeat their names."""
    titled = {key: value for key, value in schema.items() if key != "title"}
    return mapped(titled, without_titles)


def inlined(schema: Schema) -> Schema:
    """Give the schema with its own references put in their place, except where they go in a circle.

    A schema that would become huge keeps all of them.

    Raises:
        ConfigError: A reference leads nowhere.
    """
    if not any("$ref" in part for part in _parts(schema)):
        return _without_definitions(schema)
    work = _Inlining(schema)
    opened = work.opened(_without_definitions(schema))
    body = work.put_in(opened)
    if work.parts > _MOST_PARTS:
        return opened | {key: schema[key] for key in _DEFINITIONS if key in schema}
    for key in _DEFINITIONS:
        if kept := {
            name: definition
            for name, definition in _object(schema, key).items()
            if f"#/{key}/{name}" in work.circular
        }:
            body[key] = kept
    return body


class _Inlining:
    """Puts the references of one schema in their place."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self.parts: int = 0
        self.circular: set[str] = set()
        """References that stay: what they lead to leads to itself."""

    def opened(self, schema: Schema) -> Schema:
        """Give a schema that is no reference itself: models want an object, and see its keys."""
        while isinstance(reference := schema.get("$ref"), str) and reference != "#":
            schema = self._beside(schema, reference)
        return schema

    def put_in(self, schema: Schema) -> Schema:
        self.parts += 1
        if self.parts > _MOST_PARTS:
            return schema
        reference = schema.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#"):
            return mapped(schema, self.put_in)
        if reference in self.circular or reference in self._reachable(reference):
            self.circular |= {reference, *self._reachable(reference)}
            return schema
        return self.put_in(self._beside(schema, reference))

    def _beside(self, schema: Schema, reference: str) -> Schema:
        """What stands beside a reference, such as a description, is about this use of it."""
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return {**self._target(reference), **beside}

    def _target(self, reference: str) -> Schema:
        found: Any = self._root
        for part in reference.removeprefix("#").split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if is_object(found) else None
        if not is_object(found):
            raise ConfigError(f"the JSON schema refers to {reference!r}, which is not in it")
        return found

    def _reachable(self, reference: str) -> set[str]:
        """Give all references that a definition has in it, or that those lead to."""
        seen: set[str] = set()
        todo = [reference]
        while todo:
            for part in _parts(self._target(todo.pop())):
                next_one = part.get("$ref")
                if isinstance(next_one, str) and next_one.startswith("#") and next_one not in seen:
                    seen.add(next_one)
                    todo.append(next_one)
        return seen


def mapped(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """Give the schema with each schema that is directly inside it changed."""
    changed: Schema = {}
    for key, value in schema.items():
        if key in _NAMED and is_object(value):
            changed[key] = {n: change(s) if is_object(s) else s for n, s in value.items()}
        elif (key in _LISTED or key in _SINGLE) and is_array(value):
            changed[key] = [change(s) if is_object(s) else s for s in value]
        elif key in _SINGLE and is_object(value):
            changed[key] = change(value)
        else:
            changed[key] = value
    return changed


def _parts(schema: Schema) -> Iterator[Schema]:
    """Give the schema and all schemas inside it."""
    todo = [schema]
    while todo:
        yield (part := todo.pop())
        for key, value in part.items():
            if key in _NAMED and is_object(value):
                value = list(value.values())
            elif not (key in _LISTED or key in _SINGLE):
                continue
            todo += [s for s in (value if is_array(value) else [value]) if is_object(s)]


def _without_definitions(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key not in _DEFINITIONS}


def _object(schema: Schema, key: str) -> dict[str, Any]:
    value = schema.get(key)
    return value if is_object(value) else {}
