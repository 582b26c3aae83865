"""The arguments of a function as a pydantic class, from its annotations and its docstring."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo
from typing_extensions import Unpack

from ..errors import ConfigError, SchemaAnnotationError, shown
from .docstrings import Docstring, read_docstring
from .injected import FILTERED_ARGS, Source, source_of
from .json_schema import Schema, json_schema_of

__all__ = [
    "Parameter",
    "arguments_schema",
    "create_schema_from_function",
    "described",
    "model_of_fields",
    "name_of",
    "parameters_of",
    "visible_part",
]

ParameterKind = Literal["positional", "named", "rest", "named rest"]

_KINDS: dict[Any, ParameterKind] = {
    inspect.Parameter.POSITIONAL_ONLY: "positional",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "named",
    inspect.Parameter.KEYWORD_ONLY: "named",
    inspect.Parameter.VAR_POSITIONAL: "rest",
    inspect.Parameter.VAR_KEYWORD: "named rest",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function, and where its value comes from.

    Attributes:
        name: Its name.
        kind: How it is passed; "rest" is `*args`, "named rest" `**kwargs`.
        annotation: What it may be; of all values together, where it stands for several.
        default: What it is if nothing is passed; `...` if something must be.
        source: Where its value comes from.
    """

    name: str
    kind: ParameterKind
    annotation: Any
    default: Any
    source: Source


def name_of(function: Callable[..., Any]) -> str:
    """Give the name of a function, of what a partial calls, or of a callable object's class."""
    while isinstance(function, partial):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


def parameters_of(function: Callable[..., Any], *, described: bool = False) -> list[Parameter]:
    """Give the parameters of a function.

    Args:
        function: The function.
        described: Whether `args_schema` says what the arguments are, so that the function need not.

    Raises:
        SchemaAnnotationError: It has no signature, or an annotation names what is not there.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        if described:
            return [
                Parameter("", "named rest", dict[str, Any], Field(default_factory=dict), "model")
            ]
        raise SchemaAnnotationError(
            f"{shown(function)} has no signature from which to tell its arguments; "
            f"give them by args_schema="
        ) from None
    hints = _hints(function, signature, described=described)
    return [_parameter(p, hints.get(p.name, p.annotation)) for p in signature.parameters.values()]


def _parameter(found: inspect.Parameter, annotation: Any) -> Parameter:
    empty = inspect.Parameter.empty
    annotation = Any if annotation is empty else annotation
    default = ... if found.default is empty else found.default
    kind = _KINDS[found.kind]
    source = source_of(annotation)
    if kind == "rest":
        annotation, default = list[annotation], Field(default_factory=list)
    elif kind == "named rest":
        default = Field(default_factory=dict)
        if get_origin(annotation) is Unpack:
            [annotation] = get_args(annotation)
        else:
            annotation = dict[str, annotation]
    return Parameter(found.name, kind, annotation, default, source)


def _hints(
    function: Callable[..., Any], signature: inspect.Signature, *, described: bool
) -> dict[str, Any]:
    """Read annotations that are text; that of the result is nobody's business here."""
    written = {
        p.name: p.annotation for p in signature.parameters.values() if isinstance(p.annotation, str)
    }
    if not written:
        return {}
    home = function
    while isinstance(home, partial):
        home = home.func
    home = inspect.unwrap(getattr(home, "__func__", home))
    if not hasattr(home, "__globals__") and not isinstance(home, type):
        home = type(home).__call__
    names = getattr(home, "__globals__", None) or vars(inspect.getmodule(home))
    hints: dict[str, Any] = {}
    for name, text in written.items():
        one = SimpleNamespace(__annotations__={name: text})
        try:
            hints |= get_type_hints(one, globalns=names, include_extras=True)
        except NameError as exc:
            if not described:
                raise SchemaAnnotationError(
                    f"an annotation of {name_of(function)!r} cannot be read: {exc}. Import the "
                    f"name at the top of the module, not under TYPE_CHECKING or in a function, "
                    f"or give args_schema="
                ) from None
            hints[name] = Any
    return hints


def create_schema_from_function(
    model_name: str,
    func: Callable[..., Any],
    *,
    filter_args: Sequence[str] | None = None,
    parse_docstring: bool = False,
    error_on_invalid_docstring: bool = False,
    include_injected: bool = True,
) -> type[BaseModel]:
    """Make a pydantic class that has the arguments of a function as its fields.

    A text in an annotation describes the argument: `city: Annotated[str, "The city to look up"]`.
    `*args` and `**kwargs` are a list and a dict with these names. Arguments that take the config
    or the run are left out.

    Args:
        model_name: The name of the class.
        func: The function.
        filter_args: Arguments to leave out; None: `FILTERED_ARGS`.
        parse_docstring: Take descriptions from the docstring, in Google's, numpy's or Sphinx's
            style (extra `docstrings`).
        error_on_invalid_docstring: Refuse a docstring without arguments, or with wrong ones.
        include_injected: Keep arguments that the caller or the tool call gives.

    Raises:
        SchemaAnnotationError: The arguments cannot be told from the function.
        ConfigError: The docstring is refused.
    """
    parameters = parameters_of(func)
    said = Docstring(inspect.getdoc(func) or "", {})
    if parse_docstring:
        said = read_docstring(said.description)
        if error_on_invalid_docstring:
            _check_docstring(name_of(func), said, parameters)
    hidden = set(FILTERED_ARGS if filter_args is None else filter_args)
    wanted = [
        p
        for p in parameters
        if p.name not in hidden
        and p.source not in ("config", "run")
        and (include_injected or p.source == "model")
    ]
    fields: dict[str, Any] = {}
    for p in wanted:
        annotation, default = described(p.annotation, said.parameters.get(p.name)), p.default
        field = p.name
        if field.startswith("_") or hasattr(BaseModel, field):
            # What cannot be a field, such as "copy", is known by its alias.
            field, annotation = (
                f"argument_{len(fields)}",
                Annotated[annotation, Field(alias=p.name)],
            )
        fields[field] = (annotation, default)
    return model_of_fields(model_name, said.description, fields)


def _check_docstring(name: str, said: Docstring, parameters: list[Parameter]) -> None:
    names = [p.name for p in parameters]
    if unknown := [n for n in said.parameters if n not in names]:
        raise ConfigError(
            f"the docstring of {name!r} describes {', '.join(map(repr, unknown))}, "
            f"which it does not take; it takes {', '.join(map(repr, names)) or 'nothing'}"
        )
    if not said.parameters and any(p.source == "model" for p in parameters):
        raise ConfigError(
            f"the docstring of {name!r} describes no arguments. Write a section on them, such as "
            f"'Args:' with a line 'name: what it is' for each, or leave parse_docstring=True out"
        )


def model_of_fields(name: str, description: str, fields: dict[str, Any]) -> type[BaseModel]:
    """Make a pydantic class of fields, each with its annotation and its default."""
    config = ConfigDict(arbitrary_types_allowed=True, protected_namespaces=())
    made: type[BaseModel] = create_model(
        name, __config__=config, __doc__=description or None, **fields
    )
    return made


def described(annotation: Any, description: str | None = None) -> Any:
    """Give the annotation with its description as that of a field: the text in it, or this one."""
    metadata: list[Any] = []
    if get_origin(annotation) is Annotated:
        annotation, *metadata = get_args(annotation)
    for i, item in enumerate(metadata):
        if isinstance(item, str):
            metadata[i] = Field(description=item)
    if description and not any(isinstance(m, FieldInfo) and m.description for m in metadata):
        metadata.append(Field(description=description))
    for item in metadata:
        annotation = Annotated[annotation, item]
    return annotation


def visible_part(model: type[BaseModel]) -> type[BaseModel]:
    """Give a pydantic class without the fields that the model is not to see."""
    fields = model.model_fields
    seen: dict[str, Any] = {
        name: (field.annotation, field)
        for name, field in fields.items()
        if source_of(field.annotation, field.metadata) == "model"
    }
    if len(seen) == len(fields):
        return model
    doc = model.__doc__ if model.__doc__ != BaseModel.__doc__ else None
    made: type[BaseModel] = create_model(
        model.__name__, __config__=model.model_config, __doc__=doc, **seen
    )
    return made


def arguments_schema(model: type[Any]) -> Schema:
    """Make the JSON schema of the arguments that the model gives.

    Args:
        model: A pydantic class or a dataclass that has them as its fields.

    Raises:
        SchemaAnnotationError: One of them is of a type that JSON cannot say.
    """
    if issubclass(model, BaseModel):
        model = visible_part(model)
    try:
        schema = json_schema_of(model)
    except PydanticUserError as exc:
        raise _cannot_be_said(model, exc) from None
    if schema.get("type") != "object":
        raise SchemaAnnotationError(
            f"a tool takes arguments by name; {model.__name__} is no object with fields"
        )
    return {"type": "object", "properties": {}, **schema}


def _cannot_be_said(model: type[Any], exc: PydanticUserError) -> SchemaAnnotationError:
    """Find the field that has no JSON schema, and say what to do about it."""
    fields: dict[str, Any] = getattr(model, "__pydantic_fields__", {})
    for name, field in fields.items():
        try:
            TypeAdapter(
                field.annotation, config=ConfigDict(arbitrary_types_allowed=True)
            ).json_schema()
        except PydanticUserError:
            return SchemaAnnotationError(
                f"{field.alias or name!r} of {model.__name__!r} is {shown(field.annotation)}, "
                f"which JSON cannot say, so no model can give it. Give it a type of JSON, or hide "
                f"it from the model: Annotated[..., InjectedToolArg]"
            )
    return SchemaAnnotationError(f"{model.__name__!r} has no JSON schema: {exc.message}")
