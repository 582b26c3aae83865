"""A pydantic class with the variables of a prompt as its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

__all__ = ["schema_of"]


def schema_of(needed: Mapping[str, Any], optional: Mapping[str, Any]) -> type[BaseModel]:
    """Give a class with a field for each name, of the type that goes with it."""
    fields: dict[str, Any] = {}
    for names, default in ((needed, ...), (optional, None)):
        for name, kind in names.items():
            fine = name.isidentifier() and name[0] != "_" and not hasattr(BaseModel, name)
            # What cannot be a field, such as "my var" or "copy", is known by its alias.
            field = name if fine else f"variable_{len(fields)}"
            fields[field] = (kind, Field(default, alias=name))
    config = ConfigDict(protected_namespaces=(), arbitrary_types_allowed=True)
    made: type[BaseModel] = create_model("PromptInput", __config__=config, **fields)
    return made
