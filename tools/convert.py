"""Tools in the form in which providers want to be told of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, is_dataclass
from typing import Any, TypeAlias, TypeGuard

from pydantic import BaseModel
from typing_extensions import is_typeddict

from ..errors import CompositionError, ConfigError, shown
from ..messages.shapes import is_object
from ..runnables import Runnable
from .base import BaseTool
from .docstrings import Docstring, can_read_docstrings, read_docstring
from .json_schema import Schema
from .schema import arguments_schema, create_schema_from_function, name_of
from .strict_schema import strict as closed
from .typed_dict import model_from_typed_dict

__all__ = [
    "ToolLike",
    "convert_to_anthropic_tool",
    "convert_to_openai_function",
    "convert_to_openai_tool",
]

ToolLike: TypeAlias = BaseTool | Callable[..., Any] | type[Any] | Mapping[str, Any]
"""What a model can be told of as a tool: a tool, a function, a pydantic class, a TypedDict, a
dataclass, or a dict in the form of OpenAI, Anthropic, MCP or a JSON schema with a title."""


def convert_to_openai_tool(tool: ToolLike, *, strict: bool | None = None) -> dict[str, Any]:
    """Give a tool as OpenAI's chat completions want it: `{"type": "function", "function": ...}`.

    A dict of another type, one of the provider's own tools, is given as it is.

    Args:
        tool: See `ToolLike`.
        strict: See `convert_to_openai_function`.
    """
    if _is_provider_tool(tool):
        return dict(tool)
    return {"type": "function", "function": convert_to_openai_function(tool, strict=strict)}


def convert_to_openai_function(function: ToolLike, *, strict: bool | None = None) -> dict[str, Any]:
    """Give a tool as `{"name": ..., "description": ..., "parameters": its JSON schema}`.

    The docstring of a function or class describes the tool, and also its arguments if the package
    that reads docstrings is installed (extra `docstrings`).

    Args:
        function: See `ToolLike`.
        strict: Whether the model is held to the schema, which is then closed: every argument
            becomes required, and none may be of any type or a dict of any keys. None leaves it to
            the provider.

    Raises:
        SchemaAnnotationError: JSON cannot say its arguments.
        ConfigError: It is a dict of no known form, or cannot be strict.
        CompositionError: It is nothing that can be a tool.
    """
    told = _told(function)
    made = {"name": told.name, "description": told.description, "parameters": told.parameters}
    return _with_strict({k: v for k, v in made.items() if v is not None}, told, strict)


def convert_to_anthropic_tool(tool: ToolLike, *, strict: bool | None = None) -> dict[str, Any]:
    """Give a tool as Anthropic's messages want it: `{"name": ..., "input_schema": ...}`.

    A dict in this form, or of another type, one of the provider's own tools, is given as it is.

    Args:
        tool: See `ToolLike`.
        strict: See `convert_to_openai_function`.
    """
    if _is_provider_tool(tool) or (_is_dict(tool) and "input_schema" in tool):
        return dict(tool)
    told = _told(tool)
    made = {"name": told.name, "description": told.description or None}
    made = {k: v for k, v in made.items() if v is not None}
    parameters = told.parameters or {"type": "object", "properties": {}}
    return _with_strict({**made, "input_schema": parameters, **told.beside}, told, strict)


@dataclass(slots=True)
class _Told:
    """What a model is told of a tool.

    Attributes:
        name: How it is called.
        description: What it does; None if nothing was said.
        parameters: The JSON schema of its arguments; None if nothing was said.
        strict: Whether the model is held to the schema, if that was said.
        beside: What else one provider wants to know.
    """

    name: str
    description: str | None
    parameters: Schema | None
    strict: bool | None = None
    beside: Mapping[str, Any] = field(default_factory=dict[str, Any])


def _with_strict(made: dict[str, Any], told: _Told, strict: bool | None) -> dict[str, Any]:
    if strict is not None and told.strict not in (None, strict):
        raise ConfigError(f"tool {told.name!r} says strict={told.strict}; got strict={strict}")
    if strict and told.strict is None:
        for key in {"parameters", "input_schema"} & made.keys():
            made[key] = closed(made[key], told.name)
    said = told.strict if strict is None else strict
    return made if said is None else {**made, "strict": said}


def _told(tool: Any) -> _Told:
    if _is_dict(tool):
        return _told_by_dict(tool)
    if isinstance(tool, BaseTool):
        return _told_by_tool(tool)
    if isinstance(tool, Runnable):
        raise CompositionError(
            f"{tool.get_name()} is a runnable and no tool; write .as_tool() behind it"
        )
    if isinstance(tool, type):
        return _told_by_class(tool)
    if callable(tool):
        return _told_by_function(tool)
    raise CompositionError(
        f"a tool is a function, a tool, a pydantic class, a TypedDict, a dataclass or a dict; "
        f"got {shown(tool)}"
    )


def _told_by_tool(tool: BaseTool) -> _Told:
    schema = tool._schema_for_model()
    schema.pop("description", None)
    return _Told(tool.name, tool.description, schema, beside=tool.extras or {})


def _told_by_function(function: Callable[..., Any]) -> _Told:
    name = name_of(function)
    model = create_schema_from_function(
        name, function, parse_docstring=can_read_docstrings(), include_injected=False
    )
    return _told_by_schema(name, arguments_schema(model))


def _told_by_class(kind: type[Any]) -> _Told:
    if is_typeddict(kind):
        model = model_from_typed_dict(kind, parse_docstring=can_read_docstrings())
        return _told_by_schema(kind.__name__, arguments_schema(model))
    if issubclass(kind, BaseModel):
        name = kind.model_config.get("title") or kind.__name__
        return _told_by_schema(name, arguments_schema(kind))
    if is_dataclass(kind):
        return _told_by_dataclass(kind)
    if hasattr(kind, "__fields__"):
        raise CompositionError(
            f"{kind.__name__} is a class of pydantic.v1; derive it from pydantic.BaseModel instead"
        )
    return _told_by_function(kind)


def _told_by_dataclass(kind: type[Any]) -> _Told:
    schema = arguments_schema(kind)
    # Python writes the signature where the author wrote no docstring.
    doc = inspect.cleandoc(kind.__doc__ or "")
    said = Docstring("" if doc.startswith(f"{kind.__name__}(") else doc, {})
    if can_read_docstrings():
        said = read_docstring(said.description)
    for name, text in said.parameters.items():
        if name in schema["properties"]:
            schema["properties"][name].setdefault("description", text)
    return _told_by_schema(kind.__name__, {**schema, "description": said.description})


def _told_by_schema(name: str, schema: Schema) -> _Told:
    description = schema.pop("description", "")
    return _Told(name, description, schema)


def _told_by_dict(given: Mapping[str, Any]) -> _Told:
    said = given
    for key in ("function", "toolSpec"):
        if is_object(inner := said.get(key)):
            said = inner
    description, strict = said.get("description"), said.get("strict")
    if isinstance(name := said.get("name"), str):
        for key in ("parameters", "input_schema", "inputSchema"):
            if is_object(parameters := said.get(key)):
                # Bedrock's form has the schema one level deeper.
                return _Told(name, description, parameters.get("json", parameters), strict)
        return _Told(name, description, None, strict)
    if isinstance(title := said.get("title"), str):
        schema = {key: said[key] for key in said if key not in ("title", "description")}
        return _Told(title, description or "", {"type": "object", "properties": {}, **schema})
    raise ConfigError(
        f"a tool in the form of a dict needs a 'name', or a 'title' if it is a JSON schema; "
        f"got {shown(dict(given))}"
    )


def _is_provider_tool(tool: ToolLike) -> TypeGuard[Mapping[str, Any]]:
    """Whether this is one of a provider's own tools, such as its web search."""
    if not _is_dict(tool):
        return False
    kind = tool.get("type")
    if kind is None or "input_schema" in tool or "parameters" in tool:
        return False
    return kind not in ("function", "object")


def _is_dict(tool: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(tool, Mapping)
