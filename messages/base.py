"""What all messages have in common."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator
from typing_extensions import TypedDict, Unpack

from .._lazy import DEFER_BUILD
from ..errors import MessageError, closest, shown
from .content import Content, ContentBlock
from .pretty import content_repr, get_msg_title_repr, html_repr
from .standard import standard_blocks

if TYPE_CHECKING:
    from ..prompts import ChatPromptTemplate

__all__ = ["BaseMessage", "CommonFields", "GivenContent", "plain_message", "plain_text"]

GivenContent: TypeAlias = str | Sequence[str | Mapping[str, Any]] | None
"""What a constructor takes as content, and keeps as `Content`; none if there are content_blocks."""


class CommonFields(TypedDict, total=False):
    """The keyword arguments that every message takes besides its id.

    `content_blocks` is another way to give the content: blocks in the standard shapes.
    """

    content_blocks: Sequence[ContentBlock] | None
    additional_kwargs: dict[str, Any]
    response_metadata: dict[str, Any]
    name: str | None
    type: str


class BaseMessage(BaseModel):
    """A message of a conversation: who says it (`type`) and what is said (`content`).

    Attributes:
        content: Text, or a list of texts and content blocks.
        additional_kwargs: What a provider sends along that has no field of its own.
        response_metadata: How the response came about, such as the model's name or why it ended.
        type: Who says it; each class has its own word.
        name: Who says it, where several participants have the same role.
        id: Identifies the message; a model's own, or one made from the run that produced it.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(defer_build=DEFER_BUILD, extra="forbid")

    content: Content
    additional_kwargs: dict[str, Any] = Field(default_factory=dict)
    response_metadata: dict[str, Any] = Field(default_factory=dict)
    type: str
    name: str | None = None
    id: str | None = Field(default=None, coerce_numbers_to_str=True)

    def __init__(
        self, content: GivenContent = None, *, id: str | None = None, **fields: Unpack[CommonFields]
    ) -> None:
        self._fill(content, id, fields)

    def _fill(self, content: GivenContent, id: str | None, fields: Mapping[str, Any]) -> None:
        if not fields and type(content) is str and (id is None or type(id) is str):
            kind = _plain.get(type(self))
            if kind is not None:
                _fill_plain(self, kind, content, id)
                return
        self._validate(content, id, **fields)

    def _validate(
        self,
        content: GivenContent,
        id: str | None,
        *,
        content_blocks: Sequence[ContentBlock] | None = None,
        **given: Any,
    ) -> None:
        if content_blocks is not None:
            if content is not None:
                raise MessageError(
                    f"{type(self).__name__} got both content and content_blocks, which say the "
                    "same in two ways. Give one of them."
                )
            given["content"] = content_blocks
        if content is not None:
            given["content"] = content
        if id is not None:
            given["id"] = id
        known = type(self).model_fields
        if self.model_config.get("extra") == "forbid" and (unknown := given.keys() - known):
            raise _unknown_field(type(self).__name__, min(unknown), list(known))
        self.__pydantic_validator__.validate_python(given, self_instance=self)

    @field_validator("type")
    @classmethod
    def _check_type(cls, value: str) -> str:
        expected = cls.model_fields["type"].default
        if isinstance(expected, str) and value != expected:
            raise ValueError(f"a {cls.__name__} has the type {expected!r}, not {value!r}")
        return value

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Give what there is to say: a chunk has eleven fields, most of them empty."""
        yield "content", self.content
        for name, value in self:
            if name not in ("content", "type") and value is not None and value not in ({}, []):
                yield name, value

    def __add__(self, other: Any) -> ChatPromptTemplate:
        """Give a prompt that begins with this message: `SystemMessage("Be brief.") + "{q}"`."""
        from ..prompts import ChatPromptTemplate

        return ChatPromptTemplate([self]).__add__(other)

    @property
    def text(self) -> str:
        """The text of the message: its content, or the texts among its blocks, joined."""
        content = self.content
        return content if isinstance(content, str) else "".join(_texts(content))

    @property
    def content_blocks(self) -> list[ContentBlock]:
        """The content as standard blocks, whatever shape the provider gave it."""
        return standard_blocks(self.content)

    def pretty_repr(self, html: bool = False) -> str:
        """Give the message as it reads best to a person.

        Args:
            html: Mark the title as bold, for terminals (the name of the argument is LCEL's).
        """
        name = f"\nName: {self.name}" if self.name is not None else ""
        return f"{get_msg_title_repr(self._title, bold=html)}{name}\n\n{self._body}"

    def pretty_print(self) -> None:
        """Print the message as it reads best to a person."""
        print(self.pretty_repr(html=sys.stdout.isatty()))  # noqa: T201 - what it is for

    @property
    def _title(self) -> str:
        return f"{self.type.title()} Message"

    @property
    def _body(self) -> str:
        return content_repr(self.content)

    def _repr_html_(self) -> str:
        return html_repr(
            self._title if self.name is None else f"{self._title}: {self.name}", self._body
        )

    def __rich__(self) -> object:
        from rich.panel import Panel
        from rich.text import Text

        return Panel(Text(self._body), title=self._title, title_align="left", subtitle=self.name)


def _texts(content: Sequence[str | dict[str, Any]]) -> list[str]:
    texts: list[str] = []
    for item in content:
        if isinstance(item, str):
            texts.append(item)
        elif item.get("type") == "text" and isinstance(text := item.get("text"), str):
            texts.append(text)
    return texts


def _unknown_field(owner: str, unknown: str, known: list[str]) -> MessageError:
    close = closest(unknown, known)
    hint = f"Did you mean {close!r}?" if close else f"It has {', '.join(known)}."
    return MessageError(
        f"{owner} has no field {shown(unknown)}. {hint} What is a provider's own goes into "
        f"additional_kwargs={{{unknown!r}: ...}}."
    )


# Most messages are plain text: there is nothing to validate in a str, so the constructor fills the
# object itself. tests/messages/test_construction.py holds it to what validation gives. `plain_text`
# lists a class here with its `type`; its subclasses are not, since they may have other fields or
# validators.
_plain: dict[type[BaseMessage], str] = {}

Message = TypeVar("Message", bound=BaseMessage)


def plain_text(cls: type[Message]) -> type[Message]:
    """Let `cls`, which adds no fields, be built from a `str` and an id without validation."""
    _plain[cls] = cls.model_fields["type"].default
    return cls


def plain_message(cls: type[Message], content: GivenContent) -> Message:
    """Give `cls(content)`: for text a quarter cheaper, as the class is not called."""
    kind = _plain.get(cls)
    if kind is None or type(content) is not str:
        return cls(content)
    message = object.__new__(cls)  # to look up the class's own takes as long as to call it
    _fill_plain(message, kind, content, None)
    return message


def _fill_plain(message: BaseMessage, kind: str, content: str, id: str | None) -> None:
    values: dict[str, Any] = {
        "content": content,
        "additional_kwargs": {},
        "response_metadata": {},
        "type": kind,
        "name": None,
        "id": id,
    }
    set_values(message, values)
    set_given(message, {"content"} if id is None else {"content", "id"})
    set_extra(message, None)
    set_private(message, None)


# Setting a slot through its descriptor is the fastest way around BaseModel.__setattr__; and a whole
# new dict is read four times as fast as one that was filled item by item (CPython splits that one).
set_values = BaseModel.__dict__["__dict__"].__set__
set_given = BaseModel.__dict__["__pydantic_fields_set__"].__set__
set_extra = BaseModel.__dict__["__pydantic_extra__"].__set__
set_private = BaseModel.__dict__["__pydantic_private__"].__set__
