"""What a caller may configure by `config={"configurable": ...}`: as the author says it, and listed.

An author marks a field of a step with a `ConfigurableField` or a choice of options; all that a
chain lets its callers configure is listed as `ConfigurableFieldSpec`s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from ..errors import ConfigError

__all__ = [
    "AnyConfigurableField",
    "ConfigurableField",
    "ConfigurableFieldMultiOption",
    "ConfigurableFieldSingleOption",
    "ConfigurableFieldSpec",
    "options_spec",
    "prefixed",
    "unique_specs",
]


@dataclass(frozen=True, slots=True)
class ConfigurableField:
    """A field that a caller may give another value.

    Attributes:
        id: The key under "configurable".
        name: A title for people.
        description: What it is for; else the description of the field.
        annotation: Its type, where that is not the field's.
        is_shared: Whether the key stays the same under `prefix_keys`.
    """

    id: str
    name: str | None = None
    description: str | None = None
    annotation: Any | None = None
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class ConfigurableFieldSingleOption:
    """A field for which a caller may choose one of some values by its name.

    Attributes:
        id: The key under "configurable".
        options: The values by their names.
        default: The name of the value that is taken if the caller says nothing.
        name: A title for people.
        description: What it is for; else the description of the field.
        is_shared: Whether the key stays the same under `prefix_keys`.
    """

    id: str
    options: Mapping[str, Any]
    default: str
    name: str | None = None
    description: str | None = None
    is_shared: bool = False


@dataclass(frozen=True, slots=True)
class ConfigurableFieldMultiOption:
    """A field, a list, for which a caller may choose some of some values by their names.

    Attributes:
        id: The key under "configurable".
        options: The values by their names.
        default: The names of the values that are taken if the caller says nothing.
        name: A title for people.
        description: What it is for; else the description of the field.
        is_shared: Whether the key stays the same under `prefix_keys`.
    """

    id: str
    options: Mapping[str, Any]
    default: Sequence[str]
    name: str | None = None
    description: str | None = None
    is_shared: bool = False


AnyConfigurableField: TypeAlias = (
    ConfigurableField | ConfigurableFieldSingleOption | ConfigurableFieldMultiOption
)
"""What `configurable_fields` takes for a field."""


@dataclass(frozen=True, slots=True)
class ConfigurableFieldSpec:
    """A key that a chain knows under "configurable".

    Attributes:
        id: The key.
        annotation: The type of its value.
        name: A title for people.
        description: What it is for.
        default: What holds if the caller says nothing.
        is_shared: Whether the key stays the same under `prefix_keys`.
        dependencies: Other keys that belong to it.
    """

    id: str
    annotation: Any
    name: str | None = None
    description: str | None = None
    default: Any = None
    is_shared: bool = False
    dependencies: list[str] | None = None


def options_spec(
    field: ConfigurableFieldSingleOption | ConfigurableFieldMultiOption, description: str | None
) -> ConfigurableFieldSpec:
    """Give the key of a choice; its type has the names of the options."""
    one: Any = Literal[tuple(field.options)]
    several = isinstance(field, ConfigurableFieldMultiOption)
    return ConfigurableFieldSpec(
        id=field.id,
        name=field.name,
        description=field.description or description,
        annotation=Sequence[one] if several else one,
        default=field.default,
        is_shared=field.is_shared,
    )


def prefixed(spec: ConfigurableFieldSpec, prefix: str) -> ConfigurableFieldSpec:
    """Give the key as it is called where its step is one of several; a shared one stays."""
    return spec if spec.is_shared else replace(spec, id=f"{prefix}/{spec.id}")


def unique_specs(specs: Iterable[ConfigurableFieldSpec]) -> list[ConfigurableFieldSpec]:
    """Give each key once, in the order of their names.

    Raises:
        ConfigError: Two steps say different things of one key.
    """
    unique: dict[str, ConfigurableFieldSpec] = {}
    for spec in specs:
        known = unique.setdefault(spec.id, spec)
        if known != spec:
            raise ConfigError(
                f"two steps configure {spec.id!r} differently: {known} and {spec}. "
                f"Give the fields the same type and default, or different ids"
            )
    return [unique[key] for key in sorted(unique)]
