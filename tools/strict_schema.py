"""JSON schemas that a provider can hold its model to."""

from __future__ import annotations

from typing import Any, Final

from ..errors import ConfigError
from ..messages.shapes import is_array, is_object
from .json_schema import Schema, mapped

__all__ = ["strict"]

# The words that strict mode knows.
_KNOWN: Final = frozenset(
    {"type", "description", "properties", "required", "additionalProperties", "items", "enum"}
    | {"const", "anyOf", "$ref", "$defs", "definitions", "pattern", "format", "multipleOf"}
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems"}
)
_FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)
# What says more than a limit: without it the schema would mean something else.
_REFUSED: Final = (
    *("allOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas"),
    *("patternProperties", "contains"),
)
_SAYS_WHAT: Final = frozenset({"type", "enum", "const", "anyOf", "$ref"})


def strict(schema: Schema, name: str) -> Schema:
    """Give the schema as OpenAI's strict mode wants it: objects are closed, all keys required.

    A default becomes part of the description, for the model has to say the value itself. Limits
    that strict mode does not know, such as that of the length of a text, are left out: the tool
    checks them.

    Source: OpenAI, "Structured model outputs", section "Supported schemas".

    Args:
        schema: The schema of an object.
        name: The tool that it belongs to, for the error.

    Raises:
        ConfigError: It says what a strict schema cannot.
    """
    return _strict(schema, f"{name!r}")


def _strict(schema: Schema, where: str) -> Schema:
    if refused := [key for key in _REFUSED if key in schema]:
        raise ConfigError(f"{where} has {refused[0]!r}, which a strict schema cannot have")
    schema = _even(schema, where)
    if not _SAYS_WHAT & schema.keys() and "properties" not in schema:
        raise _anything(where)
    if "$ref" in schema:  # nothing may stand beside it but definitions
        alone = {k: v for k, v in schema.items() if k in ("$ref", "$defs", "definitions")}
        return mapped(alone, lambda part: _strict(part, where))
    closed = {key: value for key, value in schema.items() if key in _KNOWN}
    if closed.get("format", "date") not in _FORMATS:
        del closed["format"]
    if schema.get("default") is not None:
        said = f"{schema.get('description', '')} Default: {schema['default']!r}."
        closed["description"] = said.strip()
    if _may_be(schema, "array") and not is_object(schema.get("items")):
        raise _anything(f"an item of {where}")
    if _may_be(schema, "object") or "properties" in schema:
        return _closed(closed, where)
    return mapped(closed, lambda part: _strict(part, where))


def _closed(schema: Schema, where: str) -> Schema:
    """Give the schema of an object that has its keys and no others."""
    properties = schema.pop("properties", None)
    if schema.pop("additionalProperties", False) is not False or properties is None:
        raise ConfigError(
            f"{where} is a dict of any keys, which a strict schema cannot have. "
            f"Name its keys by a TypedDict or a pydantic class"
        )
    return {
        **mapped(schema, lambda part: _strict(part, where)),
        "properties": {
            key: _strict(value if is_object(value) else {}, f"{key!r} of {where}")
            for key, value in properties.items()
        },
        "required": list(properties),
        "additionalProperties": False,
    }


def _even(schema: Schema, where: str) -> Schema:
    """Say in strict mode's words what it has words for."""
    even = dict(schema)
    if "oneOf" in schema:
        if "anyOf" in schema:
            raise ConfigError(
                f"{where} has 'oneOf' beside 'anyOf', which a strict schema cannot have"
            )
        even["anyOf"] = even.pop("oneOf")
    if places := even.pop("prefixItems", None):
        rest = [even["items"]] if is_object(even.get("items")) else []
        if any(place != places[0] for place in [*places, *rest]):
            raise ConfigError(
                f"{where} is a tuple of different things, which a strict schema cannot have. "
                f"Name them by a TypedDict or a pydantic class"
            )
        even["items"] = places[0]
    return even


def _may_be(schema: Schema, kind: str) -> bool:
    said: Any = schema.get("type")
    return said == kind or (is_array(said) and kind in said)


def _anything(where: str) -> ConfigError:
    return ConfigError(
        f"{where} can be anything, which a strict schema cannot have. Say of what type it is"
    )
