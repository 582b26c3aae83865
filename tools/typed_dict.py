"""The JSON schema of a TypedDict whose annotations may carry descriptions and defaults."""

from __future__ import annotations

import inspect
import typing
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import typing_extensions
from pydantic import BaseModel, Field
from typing_extensions import is_typeddict

from .docstrings import Docstring, read_docstring
from .schema import described, model_of_fields

__all__ = ["model_from_typed_dict"]

_NEEDED = {typing.Required, typing_extensions.Required}
_OPTIONAL = {typing.NotRequired, typing_extensions.NotRequired}

_GENERIC: dict[Any, Any] = {kind: kind for kind in (list, dict, tuple, set)}


def model_from_typed_dict(kind: type[Any], *, parse_docstring: bool = False) -> type[BaseModel]:
    """Make a pydantic class that has the JSON schema of a TypedDict.

    Annotations may have LCEL's form, `Annotated[int, 10, "How many"]`, where `...` or a default
    stands before the description. TypedDicts inside are read in the same way.
    """
    return _Reading(parse_docstring).model(kind)


class _Reading:
    """Reads a TypedDict, and those that it is made of."""

    def __init__(self, parse_docstring: bool) -> None:
        self._parse_docstring = parse_docstring
        self._read: dict[Any, Any] = {}

    def model(self, kind: type[Any]) -> type[BaseModel]:
        self._read[kind] = kind  # inside itself it stays what it is
        doc = inspect.cleandoc(kind.__doc__ or "")
        said = read_docstring(doc) if self._parse_docstring else Docstring(doc, {})
        required: frozenset[str] = kind.__required_keys__
        fields: dict[str, Any] = {}
        for name, hint in get_type_hints(kind, include_extras=True).items():
            annotation, default = self._field(hint, name in required)
            annotation = described(annotation, said.parameters.get(name))
            # Any name may be a key, and only some may be fields.
            fields[f"key_{len(fields)}"] = (Annotated[annotation, Field(alias=name)], default)
        self._read[kind] = made = model_of_fields(kind.__name__, said.description, fields)
        return made

    def _field(self, hint: Any, needed: bool) -> tuple[Any, Any]:
        """Give the annotation of a key, and its default; `...` if it has none."""
        while (origin := get_origin(hint)) in _NEEDED | _OPTIONAL:
            needed = origin in _NEEDED
            [hint] = get_args(hint)
        default: Any = ...
        if get_origin(hint) is Annotated:
            bare, *metadata = get_args(hint)
            if len(metadata) > 1 and isinstance(metadata[1], str):
                default, *metadata = metadata
            hint = self._inside(bare)
            for item in metadata:
                hint = Annotated[hint, item]
        else:
            hint = self._inside(hint)
        if default is ... and not needed:
            # Only the schema counts, and it does not show what a factory makes.
            default = Field(default_factory=dict)
        return hint, default

    def _inside(self, hint: Any) -> Any:
        """Give an annotation with the TypedDicts in it read."""
        if is_typeddict(hint):
            return self._read.get(hint) or self.model(hint)
        origin, arguments = get_origin(hint), get_args(hint)
        if origin in (Union, UnionType):
            return Union[tuple(self._inside(a) for a in arguments)]  # noqa: UP007
        if origin in _GENERIC:
            return _GENERIC[origin][tuple(self._inside(a) for a in arguments)]
        return hint
