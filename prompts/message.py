"""Templates of single messages, and the place that other messages take."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from ..errors import MessageError, PromptInputError, shown
from ..messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    convert_to_messages,
)
from .formats import PromptTemplateFormat
from .prompt import PromptTemplate
from .string import StringPromptTemplate

__all__ = [
    "AIMessagePromptTemplate",
    "BaseMessagePromptTemplate",
    "BaseStringMessagePromptTemplate",
    "ChatMessagePromptTemplate",
    "HumanMessagePromptTemplate",
    "MessagesPlaceholder",
    "SystemMessagePromptTemplate",
]


class BaseMessagePromptTemplate(BaseModel, ABC):
    """A part of a chat prompt that gives messages.

    An author writes `input_variables` and `_format_messages(self, values)`.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    @property
    @abstractmethod
    def input_variables(self) -> list[str]:
        """The names that it needs."""

    @abstractmethod
    def _format_messages(self, values: Mapping[str, Any]) -> list[BaseMessage]:
        """Give the messages; `values` may have variables of other parts too."""

    def format_messages(self, /, **kwargs: Any) -> list[BaseMessage]:
        """Give the messages.

        Raises:
            PromptInputError: A variable is missing.
        """
        return self._format_messages(kwargs)

    async def aformat_messages(self, /, **kwargs: Any) -> list[BaseMessage]:
        """Give the messages; see `format_messages`."""
        return self._format_messages(kwargs)


class BaseStringMessagePromptTemplate(BaseMessagePromptTemplate, ABC):
    """A message whose content is a text with variables. An author writes `_message(self, content)`.

    Attributes:
        prompt: Gives the content.
        additional_kwargs: Goes to the message.
    """

    prompt: StringPromptTemplate
    additional_kwargs: dict[str, Any] = Field(default_factory=dict)

    @abstractmethod
    def _message(self, content: Any) -> BaseMessage:
        """Give the message with this content."""

    @classmethod
    def from_template(
        cls,
        template: str,
        template_format: PromptTemplateFormat = "f-string",
        partial_variables: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Make a template of a message from its content; other fields are keyword arguments.

        Raises:
            TemplateError: See `PromptTemplate`.
        """
        prompt = PromptTemplate(
            template, template_format=template_format, partial_variables=partial_variables or {}
        )
        return cls(prompt=prompt, **kwargs)

    @property
    def input_variables(self) -> list[str]:
        return self.prompt.input_variables

    def format(self, /, **kwargs: Any) -> BaseMessage:
        """Give the message.

        Raises:
            PromptInputError: A variable is missing.
        """
        return self._format_messages(kwargs)[0]

    async def aformat(self, /, **kwargs: Any) -> BaseMessage:
        """Give the message; see `format`."""
        return self._format_messages(kwargs)[0]

    def _format_messages(self, values: Mapping[str, Any]) -> list[BaseMessage]:
        return [self._message(self.prompt._format_inside(values))]


class _RoleMessagePromptTemplate(BaseStringMessagePromptTemplate, ABC):
    _message_class: ClassVar[type[HumanMessage | AIMessage | SystemMessage]]

    def _message(self, content: Any) -> BaseMessage:
        if self.additional_kwargs:
            return self._message_class(content, additional_kwargs=dict(self.additional_kwargs))
        return self._message_class(content)


class HumanMessagePromptTemplate(_RoleMessagePromptTemplate):
    """What the user says: `HumanMessagePromptTemplate.from_template("Why is {thing} so?")`."""

    _message_class = HumanMessage


class AIMessagePromptTemplate(_RoleMessagePromptTemplate):
    """What the model says, such as in an example."""

    _message_class = AIMessage


class SystemMessagePromptTemplate(_RoleMessagePromptTemplate):
    """How the model is to behave."""

    _message_class = SystemMessage


class ChatMessagePromptTemplate(BaseStringMessagePromptTemplate):
    """What a speaker of any other `role` says."""

    role: str

    def _message(self, content: Any) -> BaseMessage:
        return ChatMessage(content, role=self.role, additional_kwargs=dict(self.additional_kwargs))


class MessagesPlaceholder(BaseMessagePromptTemplate):
    """The place of messages that are passed as a variable: `MessagesPlaceholder("history")`.

    Attributes:
        variable_name: The variable: a list of messages, or of what `convert_to_messages` takes.
        optional: Whether the variable may be missing; then there are no messages here.
        n_messages: Keep only so many, the last ones.
    """

    variable_name: str
    optional: bool = False
    n_messages: int | None = Field(default=None, gt=0)

    def __init__(
        self, variable_name: str, *, optional: bool = False, n_messages: int | None = None
    ) -> None:
        BaseModel.__init__(
            self, variable_name=variable_name, optional=optional, n_messages=n_messages
        )

    @property
    def input_variables(self) -> list[str]:
        return [] if self.optional else [self.variable_name]

    def _format_messages(self, values: Mapping[str, Any]) -> list[BaseMessage]:
        name = self.variable_name
        if name not in values:
            if self.optional:
                return []
            raise PromptInputError(
                f'MessagesPlaceholder({name!r}) needs {name!r}. Pass {{"{name}": [...]}}, '
                f"or write MessagesPlaceholder({name!r}, optional=True)."
            )
        given = values[name]
        if not isinstance(given, Sequence) or isinstance(given, str | bytes):
            raise MessageError(
                f'{name!r} is a list of messages; got {shown(given)}. Pass {{"{name}": [...]}}.'
            )
        try:
            messages = convert_to_messages(given)
        except MessageError as exc:
            raise MessageError(f"{name!r} is a list of messages: {exc}") from exc
        return messages if self.n_messages is None else messages[-self.n_messages :]
