"""What a chat prompt is made of, and what can be written for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from ..errors import MessageError, TemplateError, shown
from ..messages import BaseMessage
from ._shapes import is_items, is_mapping
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

__all__ = ["MessageLike", "MessageLikeRepresentation", "is_pair", "no_part", "to_part"]

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
    if isinstance(given, BaseMessagePromptTemplate | BaseMessage | BaseChatPromptTemplate):
        return given
    if isinstance(given, str):
        return HumanMessagePromptTemplate.from_template(given, template_format)
    if is_mapping(given) and given.keys() == {"role", "content"}:
        return _template(given["role"], given["content"], template_format)
    if is_items(given) and len(given) == 2:
        return _template(given[0], given[1], template_format)
    raise no_part(given)


def is_pair(given: object) -> bool:
    """Say whether a value is a role and what is said, rather than several parts."""
    if not is_items(given) or isinstance(given, list) or len(given) != 2:
        return False
    return isinstance(given[0], str | type)


def no_part(given: object) -> MessageError:
    """Say what can be written for a part."""
    return MessageError(
        f"{shown(given)} is no part of a chat prompt. Write "
        '("human", "Hello {name}"), MessagesPlaceholder("history") or a message.'
    )


def _template(role: object, content: Any, template_format: PromptTemplateFormat) -> MessageLike:
    if role == "placeholder":
        return _placeholder(content)
    word: object = role
    if isinstance(role, type) and issubclass(role, BaseMessage):
        word = role.model_fields["type"].default
    if not isinstance(word, str) or word not in _TEMPLATES:
        raise MessageError(
            f"there is no role {shown(word)} in a prompt. Write 'system', 'human', 'ai' or "
            "'placeholder', or "
            f"ChatMessagePromptTemplate.from_template(..., role={shown(word)})."
        )
    return _TEMPLATES[word].from_template(content, template_format)


def _placeholder(content: Any) -> MessagesPlaceholder:
    text, optional = content, True
    if is_items(content) and len(content) == 2 and isinstance(content[1], bool):
        text, optional = content
    if not isinstance(text, str) or not re.fullmatch(r"\{[^{}]+\}", text):
        raise TemplateError(
            f"a placeholder is one variable in braces; got {shown(content)}. "
            'Write ("placeholder", "{history}").'
        )
    return MessagesPlaceholder(text[1:-1], optional=optional)
