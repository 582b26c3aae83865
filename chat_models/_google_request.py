"""Messages and options in the shapes that Google's generateContent takes.

Source: Gemini API reference, "Generating content", "Function calling", "Thought signatures", 2026.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeAlias, cast

from pydantic import BaseModel

from ..errors import ConfigError, MessageError, shown
from ..messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from ..messages.ids import LC_AUTO_PREFIX
from ..messages.shapes import is_array, is_object, type_of
from ..messages.standard import standard_blocks
from ..tools import ToolLike, convert_to_openai_function
from ._google_answer import CALL_SIGNATURES, TEXT_SIGNATURES

__all__ = [
    "BODY_OPTIONS",
    "GENERATION_OPTIONS",
    "google_tool",
    "written_messages",
    "written_options",
]

Block: TypeAlias = dict[str, Any]

GENERATION_OPTIONS = frozenset(
    {
        *("temperature", "top_p", "top_k", "max_output_tokens", "stop_sequences", "seed"),
        *("candidate_count", "presence_penalty", "frequency_penalty", "response_logprobs"),
        *("logprobs", "response_mime_type", "response_schema", "response_json_schema"),
        *("response_modalities", "media_resolution", "speech_config", "thinking_config"),
        *("image_config", "audio_timestamp", "enable_enhanced_civic_answers", "routing_config"),
    }
)
"""What goes into the `generationConfig` of a request."""

BODY_OPTIONS = frozenset(
    {
        *("tools", "tool_config", "safety_settings", "cached_content", "system_instruction"),
        *("labels", "service_tier", "model_armor_config", "store"),
    }
)
"""What stands beside the contents in a request."""

# Dicts whose keys are the caller's.
_OPAQUE = frozenset({"labels", "responseJsonSchema", "parametersJsonSchema", "responseSchema"})


# Messages.


def written_messages(messages: Sequence[BaseMessage]) -> Block:
    """Give the request's `contents`, and its `systemInstruction` if there are system messages.

    What the same side says in a row is one turn, results of tools included. The API has one place
    for system messages, wherever they stand.

    Raises:
        MessageError: There is nothing to answer, or a message or block has no counterpart.
    """
    system = [message for message in messages if isinstance(message, SystemMessage)]
    spoken = [message for message in messages if not isinstance(message, SystemMessage)]
    names: dict[str | None, str] = {}
    turns: list[Block] = []
    for role, said in groupby(spoken, _role):
        parts: list[Block] = []
        for message in said:
            if isinstance(message, AIMessage):
                names.update((call["id"], call["name"]) for call in message.tool_calls)
            parts += _parts(message, names)
        if parts:
            turns.append({"role": role, "parts": parts})
    if not turns:
        raise MessageError(
            f"Google's models need at least one message of the user; got {shown(messages)}"
        )
    request: Block = {"contents": turns}
    if system:
        request["systemInstruction"] = {"parts": [p for s in system for p in _content(s)]}
    return request


def _role(message: BaseMessage) -> str:
    if isinstance(message, HumanMessage | ToolMessage):
        return "user"
    if isinstance(message, AIMessage):
        return "model"
    if isinstance(message, ChatMessage) and message.role in _ROLES:
        return _ROLES[message.role]
    raise MessageError(
        f"Google's models have no place for {shown(message)}. "
        "Write a HumanMessage, AIMessage, SystemMessage or ToolMessage."
    )


_ROLES = {"user": "user", "human": "user", "assistant": "model", "ai": "model", "model": "model"}


def _parts(message: BaseMessage, names: Mapping[str | None, str]) -> list[Block]:
    if isinstance(message, ToolMessage):
        return [_result(message, names)]
    if not isinstance(message, AIMessage):
        return _content(message)
    parts = _content(message)
    signatures = message.additional_kwargs.get(TEXT_SIGNATURES)
    if is_array(signatures) and signatures:
        _sign(parts, signatures[-1])
    signed = message.additional_kwargs.get(CALL_SIGNATURES)
    signed = signed if is_object(signed) else {}
    calls = [(call["id"], call["name"], call["args"]) for call in message.tool_calls]
    # One that could not be read is named, so that its result finds it.
    calls += [(call["id"], call["name"] or "", {}) for call in message.invalid_tool_calls]
    for id, name, args in calls:
        part: Block = {"functionCall": {"name": name, "args": args, **_id_of(id)}}
        if id in signed:
            part["thoughtSignature"] = signed[id]
        parts.append(part)
    return parts


def _sign(parts: list[Block], signature: str) -> None:
    """Put the signature of an answer on its last part, where it came."""
    if parts and "text" in parts[-1]:
        parts[-1]["thoughtSignature"] = signature
    else:
        parts.append({"text": "", "thoughtSignature": signature})


def _id_of(id: str | None) -> Block:
    """Give the id of a call, unless it is one that was made up here: Vertex AI knows none."""
    return {"id": id} if id and not id.startswith(LC_AUTO_PREFIX) else {}


def _result(message: ToolMessage, names: Mapping[str | None, str]) -> Block:
    name = message.name or names.get(message.tool_call_id)
    if name is None:
        raise MessageError(
            f"{shown(message)} does not say which tool it is from, and no call before it has its "
            "id. Give it name='...'."
        )
    parts = _content(message)
    text = "\n".join(part["text"] for part in parts if "text" in part)
    key = "error" if message.status == "error" else "output"
    result: Block = {"name": name, "response": {key: text}, **_id_of(message.tool_call_id)}
    if media := [part for part in parts if "text" not in part]:
        result["parts"] = media
    return {"functionResponse": result}


def _content(message: BaseMessage) -> list[Block]:
    written = (_part(block) for block in cast("list[Block]", standard_blocks(message.content)))
    return [part for part in written if part is not None]


def _part(block: Block) -> Block | None:
    """Give a block as the API takes it; None for one that is not to be sent."""
    kind = type_of(block)
    if kind in _WRITERS:
        return _WRITERS[kind](block)
    if (source := _source(block)) is not None:
        extras = block.get("extras")
        more: Block = _camel(extras) if is_object(extras) else {}
        # How much of it is to be looked at: other keys are other providers'.
        return {**source, **{k: v for k, v in more.items() if k in _OF_MEDIA}}
    raise MessageError(
        f"Google's models take no block like {shown(block)}. They take text, images, sound, video "
        "and files, each with its base64 and mime_type, its url, or the file_id of the Files API."
    )


_OF_MEDIA = frozenset({"videoMetadata", "mediaResolution"})


def _source(block: Block) -> Block | None:
    mime_type = block.get("mime_type")
    if isinstance(data := block.get("base64"), str):
        default = _MIME_TYPES.get(type_of(block))
        return {"inlineData": {"mimeType": mime_type or default, "data": data}}
    uri = block.get("url") or block.get("file_id")
    if isinstance(uri, str):
        return {"fileData": {"fileUri": uri, **({"mimeType": mime_type} if mime_type else {})}}
    return None


_MIME_TYPES = {"image": "image/png", "file": "application/pdf", "audio": "audio/wav"}


def _text(block: Block) -> Block | None:
    return {"text": block["text"]} if block.get("text") else None


def _plain_text(block: Block) -> Block | None:
    return _text(block) or _source({"mime_type": "text/plain", **block})


def _nothing(block: Block) -> None:
    """Leave out thoughts, which are shown and not read, and what stands in `tool_calls` as well."""


def _server_call(block: Block) -> Block | None:
    args = block.get("args")
    return {"executableCode": args} if block.get("name") == "code_execution" else None


def _server_result(block: Block) -> Block | None:
    extras = block.get("extras")
    outcome = extras.get("outcome") if is_object(extras) else None
    if outcome is None:  # of another provider's tool
        return None
    return {"codeExecutionResult": {"outcome": outcome, "output": block.get("output")}}


def _value(block: Block) -> Block | None:
    return cast("Block", block["value"])


_WRITERS: dict[str, Callable[[Block], Block | None]] = {
    "text": _text,
    "text-plain": _plain_text,
    "reasoning": _nothing,
    "tool_call": _nothing,
    "tool_call_chunk": _nothing,
    "invalid_tool_call": _nothing,
    "server_tool_call": _server_call,
    "server_tool_result": _server_result,
    "non_standard": _value,
}


# Options.


def written_options(said: Mapping[str, Any]) -> Block:
    """Give the fields of a request for what the model and a call say.

    Raises:
        ConfigError: One of them says what the API cannot do.
    """
    said = dict(said)
    body = _tools(said)
    config = _thinking(said)
    if (wanted := said.pop("response_format", None)) is not None:
        config.update(_format(wanted))
    if (likely := said.pop("logprobs", None)) is not None:
        config["responseLogprobs"] = bool(likely)
        if likely and likely is not True:
            config["logprobs"] = likely
    if is_object(safety := said.get("safety_settings")):
        said["safety_settings"] = [{"category": c, "threshold": t} for c, t in safety.items()]
    for key, value in said.items():
        (config if key in GENERATION_OPTIONS else body).update(_camel({key: value}))
    return {**body, "generationConfig": config} if config else body


def _thinking(said: Block) -> Block:
    names = ("thinking_budget", "thinking_level", "include_thoughts")
    given = {name: said.pop(name) for name in names if said.get(name) is not None}
    whole = {**_camel(given), **_camel(said.pop("thinking_config", None) or {})}
    return {"thinkingConfig": whole} if whole else {}


def _camel(value: Any) -> Any:
    """Give the SDK's words, its objects or dicts in snake case, as they go over the wire."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    if is_array(value):
        return [_camel(item) for item in value]
    if not is_object(value):
        return value
    written: Block = {}
    for key, item in value.items():
        name = re.sub(r"_([a-z])", lambda found: found[1].upper(), key)
        written[name] = item if name in _OPAQUE and is_object(item) else _camel(item)
    return written


def google_tool(tool: Any) -> Block:
    """Give a tool as the API wants it: the declaration of a function, or one of its own tools."""
    if isinstance(tool, BaseModel) and type(tool).__module__.startswith("google."):
        return cast("Block", _camel(tool))
    if is_object(tool) and not _SAID_OF_FUNCTIONS.intersection(tool):
        return cast("Block", _camel(tool))
    told = convert_to_openai_function(cast("ToolLike", tool))
    declared: Block = {"name": told["name"], "description": told.get("description") or ""}
    if (parameters := told.get("parameters")) and parameters.get("properties") != {}:
        declared["parametersJsonSchema"] = parameters
    return {"functionDeclarations": [declared]}


# What a dict that describes a function has, and one of Google's own tools has not.
_SAID_OF_FUNCTIONS = frozenset({"function", "name", "title", "type"})


def _tools(said: Block) -> Block:
    choice = said.pop("tool_choice", None)
    declared: list[Block] = []
    others: list[Block] = []
    for tool in said.pop("tools", None) or ():
        written = google_tool(tool)
        declared += written.pop("functionDeclarations", ())
        others += [written] if written else []
    if not declared and not others:
        return {}
    body: Block = {"tools": others}
    if declared:
        body["tools"] = [{"functionDeclarations": declared}, *others]
        if choice is not None:
            body["toolConfig"] = {"functionCallingConfig": _chosen(choice)}
    if config := _camel(said.pop("tool_config", None)):
        body["toolConfig"] = {**body.get("toolConfig", {}), **config}
    return body


def _chosen(choice: Any) -> Block:
    if choice in ("auto", "none", "validated"):
        return {"mode": choice.upper()}
    if choice in ("any", "required", True):
        return {"mode": "ANY"}
    if is_object(choice) and is_object(function := choice.get("function")):
        choice = function.get("name")
    names = choice if is_array(choice) else [choice]
    if names and all(isinstance(name, str) for name in names):
        return {"mode": "ANY", "allowedFunctionNames": names}
    raise ConfigError(
        f"tool_choice is {shown(choice)}. Write 'auto', 'any', 'none', the name of a tool or a "
        "list of names."
    )


def _format(wanted: Any) -> Block:
    if is_object(wanted):
        if wanted.get("type") == "json_object":
            return {"responseMimeType": "application/json"}
        if is_object(named := wanted.get("json_schema")) and is_object(named.get("schema")):
            schema = named["schema"]
            return {"responseMimeType": "application/json", "responseJsonSchema": schema}
    raise ConfigError(
        f"response_format is {shown(wanted)}. Write "
        '{"type": "json_schema", "json_schema": {"name": ..., "schema": ...}} or '
        '{"type": "json_object"}.'
    )
