"""A pydantic class with the variables of a prompt as its fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from ..runnables.schema import model_of

__all__ = ["schema_of"]


def schema_of(needed: Mapping[str, Any], optional: Mapping[str, Any]) -> type[BaseModel]:
    """Give a class with a field for each name, of the type that goes with it."""
    fields = {name: (kind, ...) for name, kind in needed.items()}
    return model_of("PromptInput", {**fields, **{n: (kind, None) for n, kind in optional.items()}})
