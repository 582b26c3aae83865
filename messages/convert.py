"""Messages from what people write for them: strings, pairs of role and content, dictionaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, TypeGuard, TypeVar, overload

from pydantic import ValidationError

from ..errors import MessageError, shown
from .ai import AIMessage, AIMessageChunk
from .base import BaseMessage
from .chunks import BaseMessageChunk
from .prompt_values import PromptValue
from .roles import (
    ChatMessage,
    ChatMessageChunk,
    FunctionMessage,
    FunctionMessageChunk,
    HumanMessage,
    HumanMessageChunk,
    RemoveMessage,
    SystemMessage,
    SystemMessageChunk,
)
from .shapes import has_type, is_array, is_object
from .tool import ToolMessage, ToolMessageChunk
from .tool_calls import default_tool_parser, tool_call

__all__ = [
    "MessageLikeRepresentation",
    "build_message",
    "convert_to_messages",
    "message_chunk_to_message",
    "message_class",
    "tool_result_message",
]

MessageLikeRepresentation: TypeAlias = (
    BaseMessage | str | tuple[str, str | list[str | dict[str, Any]]] | list[str] | dict[str, Any]
)
"""What can be written for a message: a message, the user's text, (role, content), a dictionary."""

_CLASSES: dict[str, type[BaseMessage]] = {
    "human": HumanMessage,
    "user": HumanMessage,
    "ai": AIMessage,
    "assistant": AIMessage,
    "system": SystemMessage,
    "developer": SystemMessage,
    "tool": ToolMessage,
    "function": FunctionMessage,
    "chat": ChatMessage,
    "remove": RemoveMessage,
    "AIMessageChunk": AIMessageChunk,
    "ChatMessageChunk": ChatMessageChunk,
    "FunctionMessageChunk": FunctionMessageChunk,
    "HumanMessageChunk": HumanMessageChunk,
    "SystemMessageChunk": SystemMessageChunk,
    "ToolMessageChunk": ToolMessageChunk,
}

_HOW = '"Hello", ("user", "Hello"), {"role": "user", "content": "Hello"} or HumanMessage("Hello")'


def convert_to_messages(
    messages: Iterable[MessageLikeRepresentation] | PromptValue,
) -> list[BaseMessage]:
    """Give the messages that are meant.

    A message is itself. A string is what the user says. A pair is a role and a content. A
    dictionary has the keys of OpenAI's or Anthropic's API, or of our messages: `role` (or `type`),
    `content`, and what else goes with the role; a key that has no field goes to
    `additional_kwargs`. Results of tools in Anthropic's shape, which are blocks of a user's
    message, become tool messages.

    Raises:
        MessageError: Something is none of these, or its role does not exist.
    """
    if isinstance(messages, PromptValue):
        return messages.to_messages()
    if not _is_several(messages):
        raise MessageError(f"{shown(messages)} is not a list of messages. Write [{_HOW}].")
    return [converted for message in messages for converted in _convert(message)]


def _is_several(given: object) -> bool:
    one = isinstance(given, str | bytes | Mapping | BaseMessage)
    return isinstance(given, Iterable) and not one


def message_class(word: object) -> type[BaseMessage]:
    """Give the class for a role or a `type`.

    Raises:
        MessageError: There is no such role.
    """
    if isinstance(word, str) and word in _CLASSES:
        return _CLASSES[word]
    raise MessageError(
        f"there is no role {shown(word)}. Write 'user', 'assistant', 'system', 'developer' or "
        f"'tool'; or ChatMessage(..., role={shown(word)}) if your model knows that role."
    )


def _convert(message: MessageLikeRepresentation) -> Sequence[BaseMessage]:
    match message:
        case BaseMessage():
            return [message]
        case str():
            return [HumanMessage(message)]
        case dict():
            return _from_dict(message)
        case [str() as role, content]:
            return _from_dict({"role": role, "content": content})
        case _:
            raise MessageError(f"{shown(message)} is not a message. Write {_HOW}.")


def _from_dict(message: Mapping[str, Any]) -> Sequence[BaseMessage]:
    fields = dict(message)
    kind = fields.pop("type", None)
    has_both = kind in ("chat", "ChatMessageChunk")
    role = kind if has_both else fields.pop("role", kind)
    if role is None or ("content" not in fields and role != "remove"):
        missing = "who speaks" if role is None else "what is said"
        raise MessageError(
            f"{shown(message)} does not say {missing}. "
            "Write {'role': 'user', 'content': 'Hello'}."
        )
    cls = message_class(role)
    if fields.get("content") is None:
        fields["content"] = ""
    content = fields["content"]
    results: list[BaseMessage] = []
    if is_array(content) and issubclass(cls, HumanMessage):
        results = [tool_result_message(item) for item in content if has_type(item, "tool_result")]
        rest = [item for item in content if not has_type(item, "tool_result")]
        if results and not rest:
            return results
        fields["content"] = rest
    if issubclass(cls, AIMessage):
        _read_tool_calls(fields)
    if role == "developer":
        fields["__openai_role__"] = role
    return [*results, build_message(cls, fields)]


def tool_result_message(block: Mapping[str, Any]) -> ToolMessage:
    """Read a result of a tool, which in Anthropic's API is a block of a user's message.

    Source: Anthropic API reference, "Messages", `tool_result`.
    """
    fields: dict[str, Any] = {
        "content": block.get("content") or "",
        "tool_call_id": block.get("tool_use_id"),
        "status": "error" if block.get("is_error") else "success",
    }
    return build_message(ToolMessage, fields)


def _read_tool_calls(fields: dict[str, Any]) -> None:
    """Bring tool calls in OpenAI's or Anthropic's shape into ours; ours stay as they are."""
    given: list[Any] = fields.pop("tool_calls", None) or []
    content = fields["content"]
    if not given and is_array(content):
        given = [
            tool_call(name=item.get("name", ""), args=item.get("input") or {}, id=item.get("id"))
            for item in content
            if has_type(item, "tool_use")
        ]
    if is_array(given):
        calls, invalid = default_tool_parser([call for call in given if _is_openai_call(call)])
        given = [call for call in given if not _is_openai_call(call)] + calls
        if invalid:
            fields["invalid_tool_calls"] = [*fields.get("invalid_tool_calls", ()), *invalid]
    if given:
        fields["tool_calls"] = given


def _is_openai_call(call: object) -> TypeGuard[dict[str, Any]]:
    return is_object(call) and is_object(call.get("function"))


Message = TypeVar("Message", bound=BaseMessage)


def build_message(cls: type[Message], fields: Mapping[str, Any]) -> Message:
    """Make a message of data; what `cls` has no field for goes to `additional_kwargs`.

    Raises:
        MessageError: The data does not make such a message.
    """
    known = {key: value for key, value in fields.items() if key in cls.model_fields}
    # What says nothing is left out: OpenAI's `refusal: None`, the `example: False` of LCEL 0.3.
    extras = {
        key: value
        for key, value in fields.items()
        if key not in known and value is not None and value is not False
    }
    if extras:
        known["additional_kwargs"] = {**extras, **(known.get("additional_kwargs") or {})}
    try:
        return cls(**known)
    except ValidationError as exc:
        wrong = exc.errors(include_url=False)[0]
        where = ".".join(str(part) for part in wrong["loc"])
        raise MessageError(
            f"{shown(fields)} does not make a {cls.__name__}: {where}: {wrong['msg']}."
        ) from exc


@overload
def message_chunk_to_message(chunk: AIMessage) -> AIMessage: ...
@overload
def message_chunk_to_message(chunk: BaseMessage) -> BaseMessage: ...
def message_chunk_to_message(chunk: BaseMessage) -> BaseMessage:
    """Give the whole message that a chunk, or a sum of chunks, amounts to."""
    if not isinstance(chunk, BaseMessageChunk):
        return chunk
    whole = next(
        cls
        for cls in type(chunk).__mro__
        if issubclass(cls, BaseMessage) and not issubclass(cls, BaseMessageChunk)
    )
    known = whole.model_fields.keys() - {"type"}
    return whole(**{name: value for name, value in chunk if name in known})
