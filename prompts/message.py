"""Templates of single messages, and the place that other messages take."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, InstanceOf

from .._lazy import DEFER_BUILD
from ..errors import MessageError, PromptInputError, TemplateError, shown
from ..messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    convert_to_messages,
    get_msg_title_repr,
)
from ..messages.base import plain_message
from ._content import ContentPart, content_template, fill_content
from ._shapes import is_sequence
from .formats import PromptTemplateFormat
from .prompt import PromptTemplate
from .string_base import StringPromptTemplate

if TYPE_CHECKING:
    from .chat import ChatPromptTemplate

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

    model_config: ClassVar[ConfigDict] = ConfigDict(defer_build=DEFER_BUILD, extra="forbid")

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

    def __add__(self, other: Any) -> ChatPromptTemplate:
        from .chat import ChatPromptTemplate

        return ChatPromptTemplate([self]).__add__(other)

    def pretty_repr(self, html: bool = False) -> str:
        """Give the template for people; `html` makes its title bold in a terminal."""
        return f"{get_msg_title_repr(self._title(), bold=html)}\n\n{self._body()}"

    def pretty_print(self) -> None:
        """Print the template for people."""
        print(self.pretty_repr())  # noqa: T201 - it is what the method is for

    def _title(self) -> str:
        return type(self).__name__

    def _body(self) -> str:
        return ", ".join(f"{{{name}}}" for name in self.input_variables)


class BaseStringMessagePromptTemplate(BaseMessagePromptTemplate, ABC):
    """A message whose content has variables. An author writes `_message(self, content)`.

    Attributes:
        prompt: Gives the content: a text, or a list of parts that become content blocks.
        additional_kwargs: Goes to the message.
    """

    prompt: InstanceOf[StringPromptTemplate] | list[ContentPart]
    additional_kwargs: dict[str, Any] = Field(default_factory=dict)

    @abstractmethod
    def _message(self, content: Any) -> BaseMessage:
        """Give the message with this content."""

    @classmethod
    def from_template(
        cls,
        template: str | Sequence[str | Mapping[str, Any]],
        template_format: PromptTemplateFormat = "f-string",
        *,
        partial_variables: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Self:
        """Make a template of a message from its content; other fields are keyword arguments.

        Raises:
            TemplateError: See `PromptTemplate`; or there are partial variables for content blocks.
        """
        prompt = content_template(template, template_format)
        if partial_variables:
            if isinstance(prompt, list):
                raise TemplateError(
                    "content blocks take no partial_variables here. Write "
                    "ChatPromptTemplate(...).partial(...)."
                )
            prompt = prompt.partial(**partial_variables)
        return cls(prompt=prompt, **kwargs)

    @classmethod
    def from_template_file(
        cls, template_file: str | Path, *, encoding: str | None = None, **kwargs: Any
    ) -> Self:
        """Make a template of a message from the text of a file; see `from_template`."""
        return cls.from_template(Path(template_file).read_text(encoding or "utf-8"), **kwargs)

    @property
    def input_variables(self) -> list[str]:
        if isinstance(self.prompt, list):
            return sorted({name for part in self.prompt for name in part.input_variables})
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
        prompt = self.prompt
        if type(prompt) is PromptTemplate and not prompt.partial_variables:  # as usual, and fast
            return [self._message(prompt._format(values))]
        return [self._message(fill_content(prompt, values))]

    def _hint(self, missing: list[str]) -> str:
        prompts = self.prompt if isinstance(self.prompt, list) else [self.prompt]
        for prompt in prompts:
            if isinstance(prompt, StringPromptTemplate) and missing[0] in prompt.input_variables:
                return prompt._hint(missing)
        return ""

    def _body(self) -> str:
        parts = self.prompt if isinstance(self.prompt, list) else [self.prompt]
        return "\n".join(part.pretty_repr() for part in parts)


class _RoleMessagePromptTemplate(BaseStringMessagePromptTemplate, ABC):
    _message_class: ClassVar[type[HumanMessage | AIMessage | SystemMessage]]

    def _message(self, content: Any) -> BaseMessage:
        if self.additional_kwargs:
            return self._message_class(content, additional_kwargs=dict(self.additional_kwargs))
        return plain_message(self._message_class, content)

    def _title(self) -> str:
        return f"{self._message_class.model_fields['type'].default.title()} Message"


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

    def _title(self) -> str:
        return f"{self.role.title()} Message"


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

    def _title(self) -> str:
        return "Messages Placeholder"

    def _body(self) -> str:
        return f"{{{self.variable_name}}}"

    def _format_messages(self, values: Mapping[str, Any]) -> list[BaseMessage]:
        name = self.variable_name
        if name not in values:
            if self.optional:
                return []
            raise PromptInputError(
                f'MessagesPlaceholder({name!r}) needs {name!r}. Pass {{"{name}": [...]}}, '
                f"or write MessagesPlaceholder({name!r}, optional=True)."
            )
        given: object = values[name]
        # A pair of texts is one message; as a list, the user would say both.
        if not is_sequence(given) or (isinstance(given, tuple) and set(map(type, given)) == {str}):
            raise MessageError(
                f"MessagesPlaceholder({name!r}) takes a list of messages; got {shown(given)}. "
                f'Pass {{"{name}": [...]}}.'
            )
        try:
            messages = convert_to_messages(given)
        except MessageError as exc:
            raise MessageError(f"MessagesPlaceholder({name!r}): {exc}") from exc
        return messages if self.n_messages is None else messages[-self.n_messages :]
