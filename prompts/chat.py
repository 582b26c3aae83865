"""`ChatPromptTemplate`: messages with variables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from typing import Any, NoReturn, Self, TypeAlias, cast, overload

from pydantic import BaseModel, Field, InstanceOf
from typing_extensions import Unpack

from ..errors import MessageError, shown
from ..messages import AnyMessage, BaseMessage
from ._parts import MessageLike, MessageLikeRepresentation, is_pair, no_part, to_part
from ._shapes import is_items
from .base import PromptFields, infer_variables
from .chat_base import BaseChatPromptTemplate
from .formats import PromptTemplateFormat
from .message import BaseMessagePromptTemplate, BaseStringMessagePromptTemplate, MessagesPlaceholder

__all__ = ["ChatPromptTemplate"]


class ChatPromptTemplate(BaseChatPromptTemplate):
    """Messages with variables.

    `ChatPromptTemplate([("system", "You are {tone}."), ("human", "{question}")])`. What is a
    message already is kept as it is: braces in it are text.

    Attributes:
        messages: The parts.
        validate_template: Whether `input_variables` that are given have to be those of the parts;
            otherwise they are taken from the parts.

    Raises:
        TemplateError: A template is malformed, or asks for more than the values of variables.
        MessageError: A part is nothing that a prompt is made of, or has a role that does not exist.
    """

    messages: list[
        InstanceOf[BaseMessagePromptTemplate]
        | InstanceOf[BaseMessage]
        | InstanceOf[BaseChatPromptTemplate]
    ]
    validate_template: bool = Field(default=False, repr=False)

    def __init__(
        self,
        messages: Iterable[MessageLikeRepresentation],
        *,
        template_format: PromptTemplateFormat = "f-string",
        validate_template: bool = False,
        **fields: Unpack[PromptFields],
    ) -> None:
        self._fill(messages, template_format, validate_template, fields)

    def _fill(
        self,
        messages: Iterable[MessageLikeRepresentation],
        template_format: PromptTemplateFormat,
        validate_template: bool,
        fields: PromptFields,
        **more: Any,
    ) -> None:
        given: object = messages
        if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
            raise MessageError(
                f"a chat prompt is a list of messages; got {shown(messages)}. "
                'Write ChatPromptTemplate([("human", "...")]).'
            )
        parts = [to_part(message, template_format) for message in messages]
        infer_variables(fields, _needed(parts), validate=validate_template)
        BaseModel.__init__(
            self, messages=parts, validate_template=validate_template, **fields, **more
        )
        self._infer()

    @classmethod
    def from_messages(
        cls,
        messages: Iterable[MessageLikeRepresentation],
        template_format: PromptTemplateFormat = "f-string",
    ) -> Self:
        """Make a chat prompt from its parts.

        Raises:
            TemplateError: A template is malformed, or asks for more than the values of variables.
            MessageError: A part is nothing that a prompt is made of, or its role does not exist.
        """
        return cls(messages, template_format=template_format)

    @classmethod
    def from_template(
        cls,
        template: str,
        *,
        template_format: PromptTemplateFormat = "f-string",
        **fields: Unpack[PromptFields],
    ) -> Self:
        """Make a chat prompt where the user says one text.

        Raises:
            TemplateError: The template is malformed, or asks for more than the values of variables.
        """
        return cls([("human", template)], template_format=template_format, **fields)

    # As a list of parts.

    def append(self, message: MessageLikeRepresentation) -> None:
        """Add a part at the end."""
        self.extend([message])

    def extend(self, messages: Iterable[MessageLikeRepresentation]) -> None:
        """Add parts at the end."""
        # A new list: copies of this prompt have the old one.
        self.messages = [*self.messages, *map(to_part, messages)]
        self._infer()

    def __len__(self) -> int:
        return len(self.messages)

    @overload
    def __getitem__(self, index: int) -> MessageLike: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> MessageLike | Self:
        if isinstance(index, int):
            return self.messages[index]
        return self._with(self.messages[index], self.partial_variables)

    def __add__(self, other: MessageLikeRepresentation | list[MessageLikeRepresentation]) -> Self:
        if isinstance(other, ChatPromptTemplate):
            partials = {**self.partial_variables, **other.partial_variables}
            return self._with([*self.messages, *other.messages], partials)
        return self._with([*self.messages, *_parts(other)], self.partial_variables)

    def __radd__(self, other: MessageLikeRepresentation | list[MessageLikeRepresentation]) -> Self:
        return self._with([*_parts(other), *self.messages], self.partial_variables)

    def _with(self, parts: list[MessageLike], partials: Mapping[str, Any]) -> Self:
        made = self._changed(messages=parts, partial_variables=dict(partials))
        made._infer()
        return made

    def _infer(self) -> None:
        """Take the variables from the parts."""
        needed = _needed(self.messages)
        optional: set[str] = set()
        types: dict[str, Any] = {}
        for part in self.messages:
            if isinstance(part, MessagesPlaceholder):
                types[part.variable_name] = list[AnyMessage]
                if part.optional:
                    optional.add(part.variable_name)
            elif isinstance(part, BaseChatPromptTemplate):
                types |= part.input_types
                optional.update(part.optional_variables)
        given = self.partial_variables.keys()
        self.input_variables: list[str] = sorted(needed - given)
        self.optional_variables: list[str] = sorted(optional - needed - given)
        self.input_types: dict[str, Any] = {**types, **self.input_types}

    # Filling it in.

    def _format_messages(self, values: Mapping[str, Any]) -> list[BaseMessage]:
        messages: list[BaseMessage] = []
        for part in self.messages:
            format_part = _formatters.get(type(part)) or _formatter(type(part))
            messages += format_part(part, values)
        return messages

    async def _aformat_messages(self, values: Mapping[str, Any]) -> list[BaseMessage]:
        messages: list[BaseMessage] = []
        for part in self.messages:
            format_part = _formatters.get(type(part)) or _formatter(type(part))
            if format_part is _format_prompt:
                prompt = cast(BaseChatPromptTemplate, part)
                messages += await prompt._aformat_messages(prompt._complete(values))
            else:
                messages += format_part(part, values)
        return messages

    def _hint(self, missing: list[str]) -> str:
        for part in self.messages:
            if isinstance(part, BaseStringMessagePromptTemplate) and (hint := part._hint(missing)):
                return hint
        return ""

    def pretty_repr(self, html: bool = False) -> str:
        return "\n\n".join(part.pretty_repr(html) for part in self.messages)


def _parts(added: object) -> list[MessageLike]:
    """Give the parts that are added: one, or a list of some."""
    if is_items(added) and not is_pair(added):
        return [*map(to_part, added)]
    return [to_part(added)]


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
        return _format_nothing
    return _formatters.setdefault(kind, found)


def _format_message(part: BaseMessage, values: Mapping[str, Any]) -> list[BaseMessage]:
    # A message of its own for each call: whoever gives it an id is not to change the prompt.
    own = {name: copy(value) for name, value in part if type(value) in (list, dict)}
    return [part.model_copy(update=own)]


def _format_prompt(part: BaseChatPromptTemplate, values: Mapping[str, Any]) -> list[BaseMessage]:
    return part._format_messages(part._complete(values))


def _format_nothing(part: object, values: Mapping[str, Any]) -> NoReturn:
    raise no_part(part)


def _needed(parts: Iterable[MessageLike]) -> set[str]:
    """Give the names that the parts cannot do without."""
    return {
        name for part in parts if not isinstance(part, BaseMessage) for name in part.input_variables
    }
