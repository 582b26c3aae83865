"""Messages and options in the shapes that Anthropic's Messages API takes.

Source: Anthropic API reference, "Messages", November 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeAlias, cast

from ..errors import ConfigError, MessageError, shown
from ..messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    Content,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from ..messages.shapes import is_array, is_object, type_of
from ..messages.standard import standard_block
from ..messages.tool_calls import parse_arguments
from ..tools import convert_to_anthropic_tool

__all__ = ["answers_in_blocks", "thinks", "written_messages", "written_options"]

Block: TypeAlias = dict[str, Any]

_ROLES = {"user": "user", "human": "user", "assistant": "assistant", "ai": "assistant"}


def written_messages(messages: Sequence[BaseMessage]) -> dict[str, Any]:
    """Give the request's `messages`, and its `system` if the first of them are system messages.

    What the same side says in a row is one turn, results of tools included.

    Raises:
        MessageError: There is nothing to answer, or a message or block has no counterpart.
    """
    spoken = list(messages)
    system: list[BaseMessage] = []
    while spoken and isinstance(spoken[0], SystemMessage):
        system.append(spoken.pop(0))
    turns: list[Block] = []
    for role, said in groupby(spoken, _role):
        content = _joined([_content(message) for message in said])
        if content or role != "assistant":  # the API refuses a turn in which nothing is said
            turns.append({"role": role, "content": content})
    if not turns:
        raise MessageError(
            f"the Messages API needs at least one message of the user; got {shown(messages)}"
        )
    _trim_beginning_of_answer(turns[-1])
    request: dict[str, Any] = {"messages": turns}
    if system:
        request["system"] = _joined([_content(message) for message in system])
    return request


def _role(message: BaseMessage) -> str:
    if isinstance(message, HumanMessage | ToolMessage):
        return "user"
    if isinstance(message, AIMessage):
        return "assistant"
    if isinstance(message, SystemMessage):
        return "system"
    if isinstance(message, ChatMessage) and message.role in _ROLES:
        return _ROLES[message.role]
    raise MessageError(
        f"the Messages API has no place for {shown(message)}. "
        "Write a HumanMessage, AIMessage, SystemMessage or ToolMessage."
    )


def _joined(contents: Sequence[str | list[Block]]) -> str | list[Block]:
    """Give one content for several: text if it is just one text, else blocks."""
    if len(contents) == 1:
        return contents[0]
    return [block for content in contents for block in _as_blocks(content)]


def _as_blocks(content: str | list[Block]) -> list[Block]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return content


def _content(message: BaseMessage) -> str | list[Block]:
    if isinstance(message, ToolMessage):
        return [_tool_result(message)]
    content = _written(message.content)
    if not isinstance(message, AIMessage):
        return content
    there = {block.get("id") for block in content if is_object(block)}
    calls = [
        {"type": "tool_use", "id": call["id"], "name": call["name"], "input": call["args"]}
        for call in message.tool_calls
        if call["id"] not in there
    ]
    # One that could not be read is named, so that its result finds it.
    calls += [
        {"type": "tool_use", "id": call["id"], "name": call["name"] or "", "input": {}}
        for call in message.invalid_tool_calls
        if call["id"] not in there
    ]
    return [*_as_blocks(content), *calls] if calls else content


def _tool_result(message: ToolMessage) -> Block:
    content = _written(message.content)
    result: Block = {"type": "tool_result", "tool_use_id": message.tool_call_id}
    if content:
        result["content"] = content
    if message.status == "error":
        result["is_error"] = True
    if "cache_control" in message.additional_kwargs:
        result["cache_control"] = message.additional_kwargs["cache_control"]
    return result


def _trim_beginning_of_answer(turn: Block) -> None:
    """Leave out the space at the end of an answer that the model is to continue: it is refused."""
    content = turn["content"]
    if turn["role"] != "assistant":
        return
    if isinstance(content, str):
        turn["content"] = content.rstrip()
    elif content[-1].get("type") == "text":
        turn["content"] = [*content[:-1], {**content[-1], "text": content[-1]["text"].rstrip()}]


# Content blocks.


def _written(content: Content) -> str | list[Block]:
    if isinstance(content, str):
        return content
    written = (_block({"type": "text", "text": b} if isinstance(b, str) else b) for b in content)
    return [block for block in written if block is not None]


def _block(block: Block) -> Block | None:
    """Give a block as the API takes it; None for one that is not to be sent."""
    kind = type_of(block)
    if kind in _WRITERS:
        return _WRITERS[kind](block)
    if kind in _STANDARD_DATA and "source" not in block:
        return _data(block)
    # One of the provider's own: it knows better.
    return _without(block, "index")


def _without(block: Mapping[str, Any], *keys: str) -> Block:
    return {key: value for key, value in block.items() if key not in keys and value is not None}


def _extras(block: Mapping[str, Any], *keys: str) -> Block:
    """Give what a block says besides its standard fields, at its top or among its extras."""
    extras = block.get("extras")
    said = {**(extras if is_object(extras) else {}), **block}
    return {key: said[key] for key in keys if said.get(key) is not None}


def _text(block: Block) -> Block | None:
    if not block.get("text"):
        return None  # the API refuses an empty text
    written = {"type": "text", "text": block["text"], **_extras(block, "cache_control")}
    citations = block.get("citations")
    if is_array(annotations := block.get("annotations")):
        citations = [_citation(one) for one in annotations if type_of(one) == "citation"]
    if citations:
        # The API shows the id of the cited file, and does not take it back.
        written["citations"] = [_without(one, "file_id") for one in citations]
    return written


def _citation(annotation: Block) -> Block:
    extras = annotation.get("extras")
    written = {**(extras if is_object(extras) else {}), **_without(annotation, "extras", "type")}
    written.pop("id", None)
    if "document_index" in written:
        written["document_title"] = written.pop("title", None)
    return written


def _thinking(block: Block) -> Block | None:
    # Without its signature the API does not believe that the model thought so.
    if not block.get("signature"):
        return None
    thought = block.get("thinking", "")
    return {"type": "thinking", "thinking": thought, "signature": block["signature"]}


def _reasoning(block: Block) -> Block | None:
    signed = _extras(block, "signature")
    return _thinking({"thinking": block.get("reasoning", ""), **signed})


def _tool_use(block: Block) -> Block:
    written = _without(block, "index", "partial_json")
    if "partial_json" in block:
        written["input"] = parse_arguments(block["partial_json"]) or {}
    return written


def _tool_call(block: Block) -> Block:
    args = block.get("args")
    if not is_object(args):
        args = parse_arguments(args) or {}
    written = {"id": block.get("id"), "name": block.get("name"), "input": args}
    kind = "server_tool_use" if type_of(block).startswith("server") else "tool_use"
    kind = _extras(block, "block_type").get("block_type", kind)
    return {"type": kind, **written, **_extras(block, "cache_control", "caller", "server_name")}


def _server_tool_result(block: Block) -> Block:
    kind = _extras(block, "block_type").get("block_type")
    if kind is None:
        raise MessageError(
            f"{shown(block)} does not say which tool of Anthropic's gave it. Leave it out, or add "
            "extras={'block_type': 'web_search_tool_result'}."
        )
    return {"type": kind, "tool_use_id": block["tool_call_id"], "content": block.get("output")}


def _data(block: Block) -> Block:
    standard = cast("Block", standard_block(block))
    kind = standard["type"]
    source = _source(standard)
    if source is None or kind not in ("image", "file", "text-plain"):
        raise MessageError(
            f"the Messages API takes no block like {shown(block)}. It takes text, images, and "
            "documents, each with its url, its base64 and mime_type, or its file_id."
        )
    written = {"type": "image" if kind == "image" else "document", "source": source}
    more = ("title", "context", "citations", "cache_control", "transformations")
    return {**written, **_extras(standard, *more), **_extras(block, *more)}


def _source(standard: Block) -> Block | None:
    if "file_id" in standard:
        return {"type": "file", "file_id": standard["file_id"]}
    if "url" in standard:
        return {"type": "url", "url": standard["url"]}
    if "text" in standard:
        return {"type": "text", "media_type": "text/plain", "data": standard["text"]}
    if "base64" in standard and "mime_type" in standard:
        mime_type, data = standard["mime_type"], standard["base64"]
        return {"type": "base64", "media_type": mime_type, "data": data}
    return None


def _nothing(block: Block) -> None:
    """Leave out what the message says in its `tool_calls` as well."""


def _value(block: Block) -> Block | None:
    return _block(block["value"])


_WRITERS: dict[str, Callable[[Block], Block | None]] = {
    "text": _text,
    "thinking": _thinking,
    "reasoning": _reasoning,
    "tool_use": _tool_use,
    "server_tool_use": _tool_use,
    "mcp_tool_use": _tool_use,
    "tool_call": _tool_call,
    "server_tool_call": _tool_call,
    "server_tool_call_chunk": _tool_call,
    "server_tool_result": _server_tool_result,
    "tool_call_chunk": _nothing,
    "invalid_tool_call": _nothing,
    "input_json_delta": _nothing,
    "non_standard": _value,
}
_STANDARD_DATA = frozenset(
    {
        *("image", "audio", "video", "file", "text-plain"),
        *("image_url", "input_image", "input_audio", "input_file", "media"),
    }
)


# Options.


def written_options(said: Mapping[str, Any]) -> dict[str, Any]:
    """Give the options of a call as the API takes them: tools and their choice, format and effort.

    Raises:
        ConfigError: One of them says what the API cannot do.
    """
    written = dict(said)
    if tools := written.pop("tools", None):
        written["tools"] = [convert_to_anthropic_tool(tool) for tool in tools]
        parallel = written.pop("parallel_tool_calls", None)
        choice = _tool_choice(written.pop("tool_choice", None), parallel)
        if choice is not None:
            written["tool_choice"] = choice
    else:  # the API refuses a choice among no tools
        written.pop("tool_choice", None)
        written.pop("parallel_tool_calls", None)
    output: Block = {}
    if (effort := written.pop("effort", None)) is not None:
        output["effort"] = effort
    if (wanted := written.pop("response_format", None)) is not None:
        output["format"] = _output_format(wanted)
    if output:
        written["output_config"] = {**output, **written.get("output_config", {})}
    return written


def _tool_choice(choice: Any, parallel: bool | None) -> Block | None:
    written = None if choice is None else _chosen(choice)
    if parallel is not None:
        written = written or {"type": "auto"}
        if written["type"] != "none":
            written["disable_parallel_tool_use"] = not parallel
    return written


def _chosen(choice: Any) -> Block:
    if choice in ("auto", "none", "any"):
        return {"type": choice}
    if choice in ("required", True):
        return {"type": "any"}
    if isinstance(choice, str):
        return {"type": "tool", "name": choice}
    if is_object(choice) and is_object(function := choice.get("function")):
        return {"type": "tool", "name": function.get("name")}
    if is_object(choice) and "type" in choice:
        return dict(choice)
    raise ConfigError(
        f"tool_choice is {shown(choice)}. Write 'auto', 'any', 'none' or the name of a tool."
    )


def _output_format(wanted: Any) -> Block:
    if is_object(wanted):
        if is_object(named := wanted.get("json_schema")):
            wanted = {"type": "json_schema", "schema": named.get("schema")}
        if wanted.get("type") == "json_schema" and is_object(wanted.get("schema")):
            return {"type": "json_schema", "schema": _closed(wanted["schema"])}
    raise ConfigError(
        f"response_format is {shown(wanted)}; the Messages API answers by a schema only. Write "
        '{"type": "json_schema", "json_schema": {"name": ..., "schema": ...}}.'
    )


def _closed(schema: Block) -> Block:
    """Give the schema as the API takes it: every object closed, and other limits in words."""
    from anthropic import transform_schema

    try:
        return transform_schema(schema)
    except ValueError as exc:
        raise ConfigError(f"the Messages API cannot answer by {shown(schema)}: {exc}") from exc


def thinks(thinking: Mapping[str, Any] | None) -> bool:
    """Whether the model may think, with this in the request."""
    return thinking is not None and thinking.get("type") != "disabled"


def answers_in_blocks(request: Mapping[str, Any]) -> bool:
    """Whether the answer to this request may hold more than text, so that it streams as blocks."""
    return bool(
        request.get("tools")
        or request.get("mcp_servers")
        or thinks(request.get("thinking"))
        or any(_cites(turn["content"]) for turn in request["messages"])
    )


def _cites(content: str | Iterable[Block]) -> bool:
    if isinstance(content, str):
        return False
    return any(
        is_object(wanted := block.get("citations")) and wanted.get("enabled") for block in content
    )
