"""What steps take and give, as pydantic classes; made when somebody asks, never before."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import (
    TYPE_CHECKING,
    Any,
    NotRequired,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import pydantic
from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from typing_extensions import TypedDict, is_typeddict

from .config import RunnableConfig

if TYPE_CHECKING:
    from .base import Runnable

__all__ = [
    "Fields",
    "config_schema",
    "declared_types",
    "either",
    "fields_of",
    "input_schema",
    "input_type",
    "json_schema",
    "model_of",
    "output_schema",
    "output_type",
    "prompts_in",
    "root_model",
    "sequence_input",
    "sequence_output",
    "whole",
]

Schema: TypeAlias = type[BaseModel]
Fields: TypeAlias = Mapping[str, tuple[Any, Any]]
"""The type and the default of each field; `...`: it has none."""

_CONFIG = ConfigDict(protected_namespaces=(), arbitrary_types_allowed=True)


# Of one step. A step that stands for another one has that one's.


def input_type(step: Runnable[Any, Any]) -> Any:
    """Give the type that a step takes, as its class says it."""
    inner = step._stands_for()
    return declared_types(type(step))[0] if inner is None else inner.InputType


def output_type(step: Runnable[Any, Any]) -> Any:
    """Give the type that a step gives, as its class says it."""
    inner = step._stands_for()
    return declared_types(type(step))[1] if inner is None else inner.OutputType


def input_schema(step: Runnable[Any, Any], config: RunnableConfig | None) -> Schema:
    """Give the class of what a step takes."""
    inner = step._stands_for(config)
    if inner is not None:
        return inner.get_input_schema(config)
    return root_model(step.get_name("Input"), step.InputType)


def output_schema(step: Runnable[Any, Any], config: RunnableConfig | None) -> Schema:
    """Give the class of what a step gives."""
    inner = step._stands_for(config)
    if inner is not None:
        return inner.get_output_schema(config)
    return root_model(step.get_name("Output"), step.OutputType)


def config_schema(step: Runnable[Any, Any], include: Sequence[str] | None) -> Schema:
    """Give the class of the config of a step: what can be configured, and the keys in `include`."""
    specs: dict[str, Any] = {
        s.id: (s.annotation, Field(s.default, alias=s.id, title=s.name, description=s.description))
        for s in step.config_specs
    }
    keys = get_type_hints(RunnableConfig)
    fields: dict[str, Any] = {
        key: (keys[key], None) for key in include or () if key in keys and key != "configurable"
    }
    if specs:
        fields["configurable"] = (model_of("Configurable", specs), None)
    return model_of(step.get_name("Config"), fields)


def prompts_in(step: Runnable[Any, Any]) -> list[Runnable[Any, Any]]:
    """Give the prompts of a chain, in their order."""
    found: list[Runnable[Any, Any]] = []
    seen: set[int] = set()
    ahead = [step]
    while ahead:
        step = ahead.pop()
        if id(step) in seen:
            continue
        seen.add(id(step))
        if step._kind == "prompt":
            found.append(step)
        ahead += reversed(list(step._steps_inside()))
    return found


# Of a sequence: some steps hand their input on, and are looked through.


def sequence_input(steps: Sequence[Runnable[Any, Any]], config: RunnableConfig | None) -> Schema:
    """Give the class of what the first of these steps takes, with what the next ones take."""
    count = 0
    while count < len(steps) - 1 and steps[count]._hands_on:
        count += 1
    schema = steps[count].get_input_schema(config)
    for step in reversed(steps[:count]):
        schema = step._input_before(schema, config)
    return schema


def sequence_output(steps: Sequence[Runnable[Any, Any]], config: RunnableConfig | None) -> Schema:
    """Give the class of what the last of these steps gives, with what the ones before it gave."""
    count = len(steps) - 1
    while count > 0 and steps[count]._hands_on:
        count -= 1
    schema = steps[count].get_output_schema(config)
    for step in steps[count + 1 :]:
        schema = step._output_after(schema, config)
    return schema


# Classes.


def model_of(name: str, fields: Fields) -> Schema:
    """Give a class with these fields.

    A name that pydantic refuses, such as "my var" or "copy", is the alias of its field.
    """
    named: dict[str, Any] = {}
    for key, (kind, default) in fields.items():
        if key.isidentifier() and key[0] != "_" and not hasattr(BaseModel, key):
            named[key] = (whole(kind), default)
        else:
            named[f"field_{len(named)}"] = (
                whole(kind),
                default if isinstance(default, FieldInfo) else Field(default, alias=key),
            )
    made: Schema = create_model(name, __config__=_CONFIG, **named)
    return made


def root_model(name: str, kind: Any) -> Schema:
    """Give a class of which a value is the whole; a pydantic class is that itself."""
    if isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, BaseModel):
        return kind
    return _root_model(name, whole(kind)) if _hashable(kind) else _new_root(name, whole(kind))


@lru_cache(maxsize=256)
def _root_model(name: str, kind: Any) -> Schema:
    return _new_root(name, kind)


def _new_root(name: str, kind: Any) -> Schema:
    base: Any = pydantic.RootModel  # imported when it is asked for
    try:
        made: Schema = type(name, (base[kind],), {"model_config": _ROOT_CONFIG, "__doc__": None})
        made.model_rebuild()
    except (PydanticUndefinedAnnotation, PydanticUserError, NameError, TypeError):
        # A name that only type checkers see, or something that is no type.
        made = type(name, (base[Any],), {"__doc__": None})
    return made


_ROOT_CONFIG = ConfigDict(arbitrary_types_allowed=True)


def _hashable(kind: Any) -> bool:
    try:
        hash(kind)
    except TypeError:
        return False
    return True


def fields_of(schema: Schema) -> Fields | None:
    """Give the fields of a class by the names they have in data; None of what is no object."""
    if not issubclass(schema, pydantic.RootModel):
        return {
            field.alias or name: (
                field.annotation,
                ... if field.is_required() else field.get_default(call_default_factory=False),
            )
            for name, field in schema.model_fields.items()
        }
    kind: Any = schema.model_fields["root"].annotation
    if is_typeddict(kind):
        hints = get_type_hints(kind)
        return {k: (hints[k], ... if k in kind.__required_keys__ else None) for k in hints}
    return {} if kind is Any or (get_origin(kind) or kind) in (dict, Mapping) else None


class _Lenient(GenerateJsonSchema):
    """What JSON cannot say, such as a class of the user's, may be anything."""

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> JsonSchemaValue:
        return {}


def json_schema(schema: Schema) -> dict[str, Any]:
    """Give the JSON schema of a class."""
    return schema.model_json_schema(schema_generator=_Lenient)


# Types.


def whole(kind: Any) -> Any:
    """Give a type that pydantic takes: a type variable, or none, is anything."""
    if is_typeddict(kind) and sys.version_info < (3, 12):
        return _typed_dict(kind)
    return Any if kind is None or isinstance(kind, TypeVar) else kind


def _typed_dict(kind: Any) -> Any:
    """The same TypedDict, of the kind that pydantic asks for before Python 3.12."""
    keys: dict[str, Any] = {
        key: hint if key in kind.__required_keys__ else NotRequired[hint]
        for key, hint in get_type_hints(kind, include_extras=True).items()
    }
    make: Any = TypedDict  # a checker wants the keys written out
    return make(kind.__name__, keys)


def either(kinds: Iterable[Any]) -> Any:
    """Give the type of what is of one of these; Any if one is."""
    different = list(dict.fromkeys(map(whole, kinds)))
    return Any if Any in different or not different else Union[tuple(different)]  # noqa: UP007


@lru_cache(maxsize=1024)
def declared_types(cls: type[Any]) -> tuple[Any, Any]:
    """Give what a class says that it takes and gives: `Runnable[str, int]` in its bases."""
    found = _arguments(cls, ())
    return found if found is not None else (Any, Any)


def _arguments(cls: Any, given: tuple[Any, ...]) -> tuple[Any, Any] | None:
    if _is_root(cls):
        return (given[0], given[1]) if len(given) == 2 else (Any, Any)
    parameters = cls.__dict__.get("__parameters__", ())
    known = dict(zip(parameters, given, strict=False))
    for base in cls.__dict__.get("__orig_bases__", cls.__bases__):
        origin = get_origin(base) or base
        if any(map(_is_root, origin.__mro__)):
            return _arguments(origin, tuple(_filled(arg, known) for arg in get_args(base)))
    return None


def _is_root(cls: type[Any]) -> bool:
    """Whether this is `Runnable`, which knows this file: no other class has the final verbs."""
    return "invoke" in cls.__dict__ and "ainvoke" in cls.__dict__


def _filled(kind: Any, known: Mapping[Any, Any]) -> Any:
    if isinstance(kind, TypeVar):
        default = getattr(kind, "__default__", Any)
        return known.get(kind, default if isinstance(default, type) else Any)
    inner = getattr(kind, "__parameters__", ())
    return kind[tuple(_filled(p, known) for p in inner)] if inner else kind
