"""Chat prompts: a list of messages with variables."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NoReturn, Self, TypeAlias, cast, overload

from pydantic import BaseModel
from typing_extensions import Unpack

from ..errors import MessageError, TemplateError, shown
from ..messages import AnyMessage, BaseMessage, ChatPromptValue
from .base import BasePromptTemplate, PromptFields
from .formats import PromptTemplateFormat
from .message import (
    AIMessagePromptTemplate,
    BaseMessagePromptTemplate,
    BaseStringMessagePromptTemplate,
    HumanMessagePromptTemplate,
    MessagesPlaceholder,
    SystemMessagePromptTemplate,
)

__all__ = [
    "BaseChatPromptTemplate",
    "ChatPromptTemplate",
    "MessageLike",
    "MessageLikeRepresentation",
]


class BaseChatPromptTemplate(BasePromptTemplate[str, ChatPromptValue]):
    """A prompt that is a list of messages. An author writes `_format_messages(self, values)`."""

    @abstractmethod
    def _format_messages(self, values: Mapping[str, Any]) -> list[BaseMessage]:
        """Give the messages."""

    async def _aformat_messages(self, values: Mapping[str, Any]) -> list[BaseMessage]:
        return self._format_messages(values)

    def _inner(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Give the variables of this prompt as a part of another one."""
        names = {*self.input_variables, *self.optional_variables} & values.keys()
        return {**{name: values[name] for name in names}, **self._partials()}

    def _format(self, values: Mapping[str, Any]) -> str:
        return self._format_prompt(values).to_string()

    async def _aformat(self, values: Mapping[str, Any]) -> str:
        return (await self._aformat_prompt(values)).to_string()

    def _format_prompt(self, values: Mapping[str, Any]) -> ChatPromptValue:
        return ChatPromptValue(messages=self._format_messages(values))

    async def _aformat_prompt(self, values: Mapping[str, Any]) -> ChatPromptValue:
        return ChatPromptValue(messages=await self._aformat_messages(values))

    def format_messages(self, /, **kwargs: Any) -> list[BaseMessage]:
        """Give the messages.

        Raises:
            PromptInputError: A variable is missing.
        """
        return self._format_messages(self._complete(kwargs))

    async def aformat_messages(self, /, **kwargs: Any) -> list[BaseMessage]:
        """Give the messages; see `format_messages`."""
        return await self._aformat_messages(self._complete(kwargs))


MessageLike: TypeAlias = BaseMessagePromptTemplate | BaseMessage | BaseChatPromptTemplate
"""What a chat prompt is made of."""

MessageLikeRepresentation: TypeAlias = (
    MessageLike | str | tuple[str | type[BaseMessage], str | Sequence[object]] | Mapping[str, Any]
)
"""What can be written for a part of a chat prompt.

A part itself; the user's text; (role, template); ("placeholder", "{name}"); a dict with the keys
`role` and `content`.
"""


class ChatPromptTemplate(BaseChatPromptTemplate):
    """A list of messages with variables.

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

    messages: list[MessageLike]
    validate_template: bool = False

    def __init__(
        self,
        messages: Iterable[MessageLikeRepresentation],
        *,
        template_format: PromptTemplateFormat = "f-string",
        validate_template: bool = False,
        **fields: Unpack[PromptFields],
    ) -> None:
        declared = fields.pop("input_variables", None)
        BaseModel.__init__(
            self,
            messages=[_part(message, template_format) for message in messages],
            validate_template=validate_template,
            **fields,
        )
        self._infer()
        if (
            validate_template
            and declared is not None
            and set(declared) != set(self.input_variables)
        ):
            raise TemplateError(
                f"the messages have the variables {self.input_variables}; "
                f"input_variables says {sorted(declared)}"
            )

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

    def append(self, message: MessageLikeRepresentation) -> None:
        """Add a part at the end."""
        self.extend([message])

    def extend(self, messages: Iterable[MessageLikeRepresentation]) -> None:
        """Add parts at the end."""
        self.messages.extend([_part(message, "f-string") for message in messages])
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
        part = self.model_copy(update={"messages": self.messages[index]})
        part._infer()
        return part

    def _format_messages(self, values: Mapping[str, Any]) -> list[BaseMessage]:
        messages: list[BaseMessage] = []
        for part in self.messages:
            messages += _formatter(type(part))(part, values)
        return messages

    async def _aformat_messages(self, values: Mapping[str, Any]) -> list[BaseMessage]:
        messages: list[BaseMessage] = []
        for part in self.messages:
            format_part = _formatter(type(part))
            if format_part is _format_prompt:
                messages += await _aformat_prompt(cast(BaseChatPromptTemplate, part), values)
            else:
                messages += format_part(part, values)
        return messages

    def _hint(self, missing: list[str]) -> str:
        for part in self.messages:
            if (
                isinstance(part, BaseStringMessagePromptTemplate)
                and missing[0] in part.input_variables
            ):
                return part.prompt._hint(missing)
        return ""

    def _infer(self) -> None:
        """Take the variables from the parts."""
        needed: set[str] = set()
        optional: set[str] = set()
        types: dict[str, Any] = {}
        for part in self.messages:
            if isinstance(part, BaseMessage):
                continue
            needed.update(part.input_variables)
            if isinstance(part, MessagesPlaceholder):
                types[part.variable_name] = list[AnyMessage]
                if part.optional:
                    optional.add(part.variable_name)
            elif isinstance(part, BaseChatPromptTemplate):
                types |= part.input_types
                optional.update(part.optional_variables)
        partials = self.partial_variables.keys()
        self.input_variables = sorted(needed - partials)
        self.optional_variables = sorted(optional - needed - partials)
        self.input_types = {**types, **self.input_types}


@lru_cache(maxsize=256)
def _formatter(kind: type) -> Callable[[Any, Mapping[str, Any]], list[BaseMessage]]:
    """Give what makes messages of a part; isinstance() would be slow for pydantic's classes."""
    if issubclass(kind, BaseMessage):
        return _format_message
    if issubclass(kind, BaseChatPromptTemplate):
        return _format_prompt
    if issubclass(kind, BaseMessagePromptTemplate):
        return kind._format_messages
    return _format_nothing


def _format_message(part: BaseMessage, values: Mapping[str, Any]) -> list[BaseMessage]:
    return [part]


def _format_prompt(part: BaseChatPromptTemplate, values: Mapping[str, Any]) -> list[BaseMessage]:
    return part._format_messages(part._inner(values))


async def _aformat_prompt(
    part: BaseChatPromptTemplate, values: Mapping[str, Any]
) -> list[BaseMessage]:
    return await part._aformat_messages(part._inner(values))


def _format_nothing(part: object, values: Mapping[str, Any]) -> NoReturn:
    raise _no_part(part)


def _no_part(given: object) -> MessageError:
    return MessageError(
        f"{shown(given)} is no part of a chat prompt. Write "
        '("human", "Hello {name}"), MessagesPlaceholder("history") or a message.'
    )


_ROLES: dict[
    str, type[HumanMessagePromptTemplate | AIMessagePromptTemplate | SystemMessagePromptTemplate]
] = {
    "human": HumanMessagePromptTemplate,
    "user": HumanMessagePromptTemplate,
    "ai": AIMessagePromptTemplate,
    "assistant": AIMessagePromptTemplate,
    "system": SystemMessagePromptTemplate,
}


def _part(given: MessageLikeRepresentation, template_format: PromptTemplateFormat) -> MessageLike:
    """Give the part that is meant."""
    if isinstance(given, BaseMessagePromptTemplate | BaseMessage | BaseChatPromptTemplate):
        return given
    if isinstance(given, str):
        return _template("human", given, template_format)
    if isinstance(given, Mapping) and given.keys() == {"role", "content"}:
        return _template(given["role"], given["content"], template_format)
    if isinstance(given, Sequence) and len(given) == 2:
        return _template(given[0], given[1], template_format)
    raise _no_part(given)


def _template(role: Any, content: Any, template_format: PromptTemplateFormat) -> MessageLike:
    if role == "placeholder":
        return _placeholder(content)
    if isinstance(role, type) and issubclass(role, BaseMessage):
        role = role.model_fields["type"].default
    if not isinstance(role, str) or role not in _ROLES:
        raise MessageError(
            f"there is no role {shown(role)} in a prompt. Write 'system', 'human', 'ai' or "
            "'placeholder', "
            f"or ChatMessagePromptTemplate.from_template(..., role={shown(role)})."
        )
    return _ROLES[role].from_template(content, template_format)


def _placeholder(content: Any) -> MessagesPlaceholder:
    optional = True
    if isinstance(content, Sequence) and not isinstance(content, str) and len(content) == 2:
        content, optional = content
    if not (
        isinstance(content, str)
        and isinstance(optional, bool)
        and content[:1] == "{"
        and content[-1:] == "}"
        and (name := content[1:-1])
        and "{" not in name
        and "}" not in name
    ):
        raise TemplateError(
            f"a placeholder is one variable in braces; got {shown(content)}. "
            'Write ("placeholder", "{history}").'
        )
    return MessagesPlaceholder(name, optional=optional)
