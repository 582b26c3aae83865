"""What a prompt gives: text or messages, whichever the model takes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, SerializeAsAny, ValidationError
from typing_extensions import TypedDict

from .._lazy import DEFER_BUILD, later
from ..errors import MessageError, shown
from .ai import AIMessage
from .any_message import AnyMessage
from .base import BaseMessage, set_extra, set_given, set_private, set_values
from .roles import HumanMessage, SystemMessage
from .tool import ToolMessage

if TYPE_CHECKING or not later(globals(), ".buffer"):
    from . import buffer

__all__ = [
    "ChatPromptValue",
    "ChatPromptValueConcrete",
    "ImagePromptValue",
    "ImageURL",
    "PromptValue",
    "StringPromptValue",
    "chat_prompt_value",
]


class PromptValue(BaseModel, ABC):
    """What a prompt gives; a model of text asks for `to_string`, a chat model for `to_messages`."""

    model_config: ClassVar[ConfigDict] = ConfigDict(defer_build=DEFER_BUILD)

    @abstractmethod
    def to_string(self) -> str:
        """Give the prompt as one text."""

    @abstractmethod
    def to_messages(self) -> list[BaseMessage]:
        """Give the prompt as messages."""


class StringPromptValue(PromptValue):
    """A prompt that is one text; as messages, the user says it."""

    text: str
    type: Literal["StringPromptValue"] = "StringPromptValue"

    def to_string(self) -> str:
        return self.text

    def to_messages(self) -> list[BaseMessage]:
        return [HumanMessage(self.text)]


class ChatPromptValue(PromptValue):
    """A prompt that is a list of messages; as a text, one line a message, with who says it."""

    messages: list[SerializeAsAny[BaseMessage]]

    if TYPE_CHECKING:  # any sequence will do: it is copied into a list

        def __init__(self, *, messages: Sequence[BaseMessage]) -> None: ...

    def to_string(self) -> str:
        return buffer.get_buffer_string(self.messages)

    def to_messages(self) -> list[BaseMessage]:
        return list(self.messages)


# Prompts make one at each call: of these classes there is nothing to validate in an object.
_PLAIN: frozenset[type] = frozenset({HumanMessage, AIMessage, SystemMessage, ToolMessage})


def chat_prompt_value(messages: list[BaseMessage]) -> ChatPromptValue:
    """Make a prompt of messages, without validation if they are of the usual classes.

    Raises:
        MessageError: They are no list of messages.
    """
    if type(messages) is not list or not _PLAIN.issuperset(map(type, messages)):
        try:
            return ChatPromptValue(messages=messages)
        except ValidationError:
            raise MessageError(f"{shown(messages)} is no list of messages") from None
    value = object.__new__(ChatPromptValue)  # see `plain_message`
    set_values(value, {"messages": messages.copy()})
    set_given(value, {"messages"})
    set_extra(value, None)
    set_private(value, None)
    return value


class ChatPromptValueConcrete(ChatPromptValue):
    """A ChatPromptValue that can be read from JSON: each message gets the class of its type."""

    # Narrower than the base's, and a list may be written to: what is read back is never another's.
    messages: list[AnyMessage]  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleVariableOverride]
    type: Literal["ChatPromptValueConcrete"] = "ChatPromptValueConcrete"


class ImageURL(TypedDict, total=False):
    """Where an image is: a web address or a `data:` URL, and how closely the model is to look."""

    detail: Literal["auto", "low", "high"]
    url: str


class ImagePromptValue(PromptValue):
    """A prompt that is one image; as a text, its address."""

    image_url: ImageURL
    type: Literal["ImagePromptValue"] = "ImagePromptValue"

    def to_string(self) -> str:
        return self.image_url.get("url", "")

    def to_messages(self) -> list[BaseMessage]:
        return [HumanMessage([{"type": "image_url", "image_url": dict(self.image_url)}])]
