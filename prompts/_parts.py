"""What a chat prompt is made of, and what can be written for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NoReturn, TypeAlias, cast

from ..errors import MessageError, TemplateError, shown
from ..messages import BaseMessage
from .chat_base import BaseChatPromptTemplate
from .formats import PromptTemplateFormat
from .message import (
    AIMessagePromptTemplate,
    BaseMessagePromptTemplate,
    BaseStringMessagePromptTemplate,
    HumanMessagePromptTemplate,
    MessagesPlaceholder,
    SystemMessagePromptTemplate,
)

__all__ = ["MessageLike", "MessageLikeRepresentation", "aformat_parts", "format_parts", "to_part"]

MessageLike: TypeAlias = BaseMessagePromptTemplate | BaseMessage | BaseChatPromptTemplate
"""What a chat prompt is made of."""

MessageLikeRepresentation: TypeAlias = (
    MessageLike | str | tuple[str | type[BaseMessage], str | Sequence[object]] | Mapping[str, Any]
)
"""What can be written for a part of a chat prompt.

A part itself; the user's text; (role, template); ("placeholder", "{name}"); a dict with the keys
`role` and `content`.
"""

_TEMPLATES: Final[dict[str, type[BaseStringMessagePromptTemplate]]] = {
    "human": HumanMessagePromptTemplate,
    "user": HumanMessagePromptTemplate,
    "ai": AIMessagePromptTemplate,
    "assistant": AIMessagePromptTemplate,
    "system": SystemMessagePromptTemplate,
}


def to_part(given: object, template_format: PromptTemplateFormat = "f-string") -> MessageLike:
    """Give the part that is meant.

    Raises:
        MessageError: None is, or its role does not exist.
        TemplateError: See `PromptTemplate`.
    """
    match given:
        case BaseMessagePromptTemplate() | BaseMessage() | BaseChatPromptTemplate():
            return given
        case str():
            return HumanMessagePromptTemplate.from_template(given, template_format)
        case {"role": role, "content": content, **rest} if not rest:
            return _template(role, content, template_format)
        case [role, content]:
            return _template(role, content, template_format)
        case _:
            _refuse(given)
    return None


def _refuse(given: object, values: object = None) -> NoReturn:
    raise MessageError(
        f"{shown(given)} is no part of a chat prompt. Write "
        '("human", "Hello {name}"), MessagesPlaceholder("history") or a message.'
    )


def _template(role: Any, content: Any, template_format: PromptTemplateFormat) -> MessageLike:
    if role == "placeholder":
        return _placeholder(content)
    if isinstance(role, type) and issubclass(role, BaseMessage):
        role = role.model_fields["type"].default
    if not isinstance(role, str) or role not in _TEMPLATES:
        raise MessageError(
            f"there is no role {shown(role)} in a prompt. Write 'system', 'human', 'ai' or "
            "'placeholder', or "
            f"ChatMessagePromptTemplate.from_template(..., role={shown(role)})."
        )
    return _TEMPLATES[role].from_template(content, template_format)


def _placeholder(content: Any) -> MessagesPlaceholder:
    match content:
        case str(), bool():
            text, optional = content
        case _:
            text, optional = content, True
    if not isinstance(text, str) or not re.fullmatch(r"\{[^{}]+\}", text):
        raise TemplateError(
            f"a placeholder is one variable in braces; got {shown(content)}. "
            'Write ("placeholder", "{history}").'
        )
    return MessagesPlaceholder(text[1:-1], optional=optional)


_Formatter: TypeAlias = Callable[[Any, Mapping[str, Any]], list[BaseMessage]]

# What makes messages of a part, by its class: isinstance() is slow for pydantic's classes.
_formatters: dict[type, _Formatter] = {}


def _formatter(kind: type) -> _Formatter:
    found: _Formatter
    if issubclass(kind, BaseMessage):
        found = _format_message
    elif issubclass(kind, BaseChatPromptTemplate):
        found = _format_prompt
    elif issubclass(kind, BaseMessagePromptTemplate):
        found = kind._format_messages
    else:
        return _refuse
    return _formatters.setdefault(kind, found)


def format_parts(parts: Iterable[MessageLike], values: Mapping[str, Any]) -> list[BaseMessage]:
    """Give the messages of the parts.

    Raises:
        PromptInputError: A variable is missing.
        MessageError: Something is no part, or a placeholder got what are no messages.
    """
    messages: list[BaseMessage] = []
    for part in parts:
        format_part = _formatters.get(type(part)) or _formatter(type(part))
        messages += format_part(part, values)
    return messages


async def aformat_parts(
    parts: Iterable[MessageLike], values: Mapping[str, Any]
) -> list[BaseMessage]:
    """Give the messages of the parts; see `format_parts`."""
    messages: list[BaseMessage] = []
    for part in parts:
        format_part = _formatters.get(type(part)) or _formatter(type(part))
        if format_part is _format_prompt:
            prompt = cast(BaseChatPromptTemplate, part)
            messages += await prompt._aformat_messages(prompt._inner(values))
        else:
            messages += format_part(part, values)
    return messages


def _format_message(part: BaseMessage, values: Mapping[str, Any]) -> list[BaseMessage]:
    return [part]


def _format_prompt(part: BaseChatPromptTemplate, values: Mapping[str, Any]) -> list[BaseMessage]:
    return part._format_messages(part._inner(values))
