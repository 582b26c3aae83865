"""Prompts as plain data, which is what a file holds, and back.

Reading makes objects of the classes that are named here and of no others. It runs no code, imports
nothing, and reads neither the environment nor another file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeGuard

from pydantic import BaseModel, ValidationError

from ..errors import TemplateError, closest, shown
from ..messages import BaseMessage, messages_from_dict
from ..messages.shapes import is_object
from ._shapes import is_items, is_mapping
from .base import BasePromptTemplate
from .chat import ChatPromptTemplate
from .dict import DictPromptTemplate
from .few_shot import (
    FewShotChatMessagePromptTemplate,
    FewShotPromptTemplate,
    FewShotPromptWithTemplates,
)
from .image import ImagePromptTemplate
from .message import (
    AIMessagePromptTemplate,
    BaseStringMessagePromptTemplate,
    ChatMessagePromptTemplate,
    HumanMessagePromptTemplate,
    MessagesPlaceholder,
    SystemMessagePromptTemplate,
)
from .prompt import PromptTemplate

__all__ = ["prompt_from_dict", "prompt_to_dict"]

MAX_DEPTH: Final = 32
"""How deep the data of a prompt may be nested."""

MAX_VALUES: Final = 100_000
"""How many values it may have."""

_CLASSES: Final[dict[str, type[BaseModel]]] = {
    "prompt": PromptTemplate,
    "chat": ChatPromptTemplate,
    "few_shot": FewShotPromptTemplate,
    "few_shot_with_templates": FewShotPromptWithTemplates,
    "few_shot_chat": FewShotChatMessagePromptTemplate,
    "image": ImagePromptTemplate,
    "dict": DictPromptTemplate,
    "system": SystemMessagePromptTemplate,
    "human": HumanMessagePromptTemplate,
    "ai": AIMessagePromptTemplate,
    "chat_message": ChatMessagePromptTemplate,
    "placeholder": MessagesPlaceholder,
}
_KINDS: Final[dict[type[object], str]] = {cls: kind for kind, cls in _CLASSES.items()}

_MADE_OF_PROMPTS: Final = frozenset({"messages", "prompt", "example_prompt", "prefix", "suffix"})
_INFERRED: Final = frozenset({"input_variables", "optional_variables", "input_types"})
_NO_DATA: Final = frozenset({"output_parser", "example_selector"})


def prompt_to_dict(prompt: BasePromptTemplate[Any, Any]) -> dict[str, Any]:
    """Give a prompt as plain data, which `prompt_from_dict` reads.

    Raises:
        TemplateError: It has something that is no data, such as a function, a parser or an example
            selector, or its class is none of levada's.
    """
    data = _write(prompt)
    _check_plain(data)
    return data


def prompt_from_dict(data: Mapping[str, Any]) -> BasePromptTemplate[Any, Any]:
    """Give the prompt that is described by plain data.

    Raises:
        TemplateError: The data is nothing that `prompt_to_dict` writes, is too large or nested too
            deeply, or a template in it is malformed or not allowed.
        MessageError: There is something in the place of a message that is none.
    """
    _check_plain(data)
    if not is_mapping(data):
        raise TemplateError(f"a prompt is described by a dict; got {shown(data)}")
    kind = "chat" if "messages" in data else "prompt"  # what is meant if nothing is said
    prompt = _read({"_type": kind, **data})
    if not _is_prompt(prompt):
        raise TemplateError(f"{shown(data)} describes a part of a prompt, not a prompt")
    return prompt


def _is_prompt(value: object) -> TypeGuard[BasePromptTemplate[Any, Any]]:
    return isinstance(value, BasePromptTemplate)


def _write(value: object) -> dict[str, Any]:
    if isinstance(value, BaseMessage):
        fields = value.model_dump(exclude_defaults=True)
        return {"_type": "message", "type": value.type, "data": fields}
    kind = _KINDS.get(type(value))
    if kind is None or not isinstance(value, BaseModel):
        raise TemplateError(f"a {type(value).__name__} cannot be saved as data")
    if isinstance(value, BaseStringMessagePromptTemplate) and (short := _short(kind, value)):
        return short
    data: dict[str, Any] = {"_type": kind}
    for name, field in type(value).model_fields.items():
        given = getattr(value, name)
        if name in _INFERRED and kind != "few_shot_chat":
            continue
        if given == field.get_default(call_default_factory=True, validated_data={}):
            continue
        if name in _NO_DATA:
            raise TemplateError(f"the {name} {shown(given)} cannot be saved as data")
        data[name] = _write_field(given) if name in _MADE_OF_PROMPTS else given
    return data


def _write_field(given: object) -> object:
    if is_items(given):
        return [_write(item) for item in given]
    return _write(given) if isinstance(given, BaseModel) else given


def _short(kind: str, template: BaseStringMessagePromptTemplate) -> dict[str, Any] | None:
    """Give the usual template of a message as people write it."""
    prompt = template.prompt
    if kind == "chat_message" or template.additional_kwargs:
        return None
    if not isinstance(prompt, PromptTemplate) or prompt != PromptTemplate(prompt.template):
        return None
    return {"role": kind, "content": prompt.template}


def _read(data: Mapping[str, Any]) -> object:
    fields = dict(data)
    kind = fields.pop("_type")
    if kind == "message":
        return messages_from_dict([fields])[0]
    cls = _CLASSES.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise TemplateError(
            f"there is no prompt of the _type {shown(kind)}; write one of {', '.join(_CLASSES)}"
        )
    fields = {
        name: _read_field(value) if name in _MADE_OF_PROMPTS else value
        for name, value in fields.items()
        if not (name in _NO_DATA and value is None)
        and not (name in _INFERRED and kind != "few_shot_chat")
    }
    _check_names(kind, cls, fields)
    try:
        return cls(**fields)
    except ValidationError as exc:
        wrong = exc.errors(include_url=False)[0]
        raise TemplateError(
            f"{wrong['loc'][0]!r} of the prompt {shown(data)} is wrong: {wrong['msg']}"
        ) from None


def _read_field(value: object) -> object:
    if is_items(value):
        return [_read_field(item) for item in value]
    return _read(value) if is_mapping(value) and "_type" in value else value


def _check_names(kind: str, cls: type[BaseModel], fields: Mapping[str, Any]) -> None:
    known = set(cls.model_fields) - _NO_DATA
    if kind == "chat":
        known.add("template_format")
    if unknown := fields.keys() - known:
        name = min(unknown)
        close = closest(name, known)
        hint = f"did you mean {close!r}?" if close else f"it has {', '.join(sorted(known))}"
        raise TemplateError(f"a prompt of the _type {kind!r} has no {name!r}; {hint}")
    for name, field in cls.model_fields.items():
        if field.is_required() and name not in fields:
            raise TemplateError(f"a prompt of the _type {kind!r} needs {name!r}")


def _check_plain(data: object) -> None:
    """Refuse what a file could not hold, and what is too large."""
    left = MAX_VALUES
    level = [data]
    for _ in range(MAX_DEPTH):
        below: list[object] = []
        for value in level:
            left -= 1
            if is_object(value):
                if not all(isinstance(key, str) for key in value):
                    raise TemplateError(f"the keys of {shown(value)} are not all strings")
                below += value.values()
            elif is_items(value):
                below += value
            elif value is not None and not isinstance(value, str | int | float):
                raise TemplateError(
                    f"{shown(value)}, a {type(value).__name__}, is no plain data. In YAML, quotes "
                    "make it a text."
                )
            if left < len(below):
                raise TemplateError(f"the data of a prompt has over {MAX_VALUES:,} values")
        if not below:
            return
        level = below
    raise TemplateError(f"the data of a prompt is nested over {MAX_DEPTH} deep")
