"""What OpenAI's Responses API answers, whole or event by event, as messages.

The content of an answer is a list of standard blocks, in the order in which the model made them.
What a block cannot say goes into its `extras`; see `_openai_responses_request.py`.
Source: OpenAI API reference, "Responses" and "Streaming events" (2026-11).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from ..messages import (
    AIMessage,
    AIMessageChunk,
    ToolCallChunk,
    default_tool_parser,
    tool_call_chunk,
)
from ..messages.shapes import is_object
from ._openai_api import about, usage_of

__all__ = ["LAST_EVENTS", "ResponsesAnswer", "read_response", "settled"]

Block: TypeAlias = dict[str, Any]
Item: TypeAlias = dict[str, Any]
Event: TypeAlias = dict[str, Any]

LAST_EVENTS = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "error"},
)
"""The names of the events after which there are no more."""

# What a response says about itself.
_ABOUT = ("id", "status", "created_at", "incomplete_details", "service_tier", "metadata")

# Tools that the provider runs: their items, and our names for them.
_SERVER_TOOLS = {
    "code_interpreter_call": "code_interpreter",
    "file_search_call": "file_search",
    "image_generation_call": "image_generation",
    "mcp_call": "mcp",
    "mcp_list_tools": "mcp_list_tools",
    "web_search_call": "web_search",
}
# Where such an item has what went into the tool, and what came out of it.
_SERVER_ARGS = ("action", "arguments", "code", "container_id", "queries", "revised_prompt")
_SERVER_OUTPUT = ("output", "outputs", "results", "tools")

_PLACES = ("url", "start_index", "end_index")


def read_response(response: Mapping[str, Any]) -> AIMessage:
    """Read a whole response."""
    content: list[str | Block] = []
    raw_calls: list[Block] = []
    asides: dict[str, Any] = {}
    told = _told(response)
    for item in response["output"]:
        content += _blocks(item, told, asides)
        if item["type"] == "function_call":
            function = {"name": item["name"], "arguments": item["arguments"]}
            raw_calls.append({"id": item["call_id"], "function": function})
    calls, invalid = default_tool_parser(raw_calls)
    return AIMessage(
        content=content,
        id=response.get("id"),
        additional_kwargs=asides,
        tool_calls=calls,
        invalid_tool_calls=invalid,
        response_metadata=told,
        usage_metadata=usage_of(response.get("usage")),
    )


def settled(message: AIMessage) -> AIMessage:
    """Give the sum of a stream as the same answer would be if it had come whole."""
    if isinstance(message.content, str):
        return message
    blocks: list[str | Block] = [
        {key: value for key, value in block.items() if key != "index"}
        if is_object(block)
        else block
        for block in message.content
    ]
    return message.model_copy(update={"content": blocks})


def _told(response: Mapping[str, Any]) -> dict[str, Any]:
    told = about(response, *_ABOUT)
    told["finish_reason"] = _finish_reason(response)
    return told


def _finish_reason(response: Mapping[str, Any]) -> str:
    """Give why it ended, in the words of chat completions, which all classes use."""
    if response.get("status") == "incomplete":
        details: Block = response.get("incomplete_details") or {}
        reason = str(details.get("reason"))
        return "length" if reason == "max_output_tokens" else reason
    items = response.get("output") or ()
    return "tool_calls" if any(i.get("type") == "function_call" for i in items) else "stop"


# Items.


def _blocks(item: Item, told: dict[str, Any], asides: dict[str, Any]) -> Iterator[Block]:
    """Give a whole output item as blocks; what is no content goes into the dictionaries."""
    match item["type"]:
        case "message":
            for part in item.get("content") or ():
                if part["type"] == "refusal":
                    asides["refusal"] = asides.get("refusal", "") + part["refusal"]
                    continue
                if logprobs := part.get("logprobs"):
                    told.setdefault("logprobs", {"content": []})["content"] += logprobs
                yield _text_block(item, part)
        case "reasoning":
            yield from _reasoning_blocks(item)
        case "function_call":
            if (block := _call_block(item)) is not None:
                yield block
        case _:
            yield from _provider_blocks(item)


def _text_block(message: Item, part: Block) -> Block:
    block: Block = {"type": "text", "text": part["text"], "id": message["id"]}
    if annotations := part.get("annotations"):
        block["annotations"] = [_citation(annotation) for annotation in annotations]
    if phase := message.get("phase"):
        block["extras"] = {"phase": phase}
    return block


def _citation(annotation: Block) -> Block:
    known = {key: annotation[key] for key in _PLACES if key in annotation}
    if title := annotation.get("title") or annotation.get("filename"):
        known["title"] = title
    used = {*known, "type", "title", "filename"}
    more = {key: value for key, value in annotation.items() if key not in used}
    return {"type": "citation", **known, "extras": {"kind": annotation.get("type"), **more}}


def _reasoning_blocks(item: Item) -> list[Block]:
    blocks: list[Block] = [
        {"type": "reasoning", "reasoning": part["text"], "id": item["id"]}
        for part in item.get("summary") or ()
    ]
    blocks += [
        {"type": "reasoning", "reasoning": part["text"], "id": item["id"], "extras": {"raw": True}}
        for part in item.get("content") or ()
    ]
    blocks = blocks or [{"type": "reasoning", "reasoning": "", "id": item["id"]}]
    if sealed := item.get("encrypted_content"):
        blocks[-1].setdefault("extras", {})["encrypted_content"] = sealed
    return blocks


def _call_block(item: Item) -> Block | None:
    """Give the block that keeps a call's place among the others; calls are a field besides."""
    try:
        args: object = json.loads(item["arguments"] or "{}")
    except ValueError:
        return None
    if not is_object(args):
        return None
    extras = {"extras": {"item_id": item["id"]}} if item.get("id") else {}
    call = {"type": "tool_call", "id": item["call_id"], "name": item["name"], "args": args}
    return {**call, **extras}


def _provider_blocks(item: Item) -> Iterator[Block]:
    name = _SERVER_TOOLS.get(item["type"])
    if name is None:
        yield {"type": "non_standard", "value": item}
        return
    yield {
        "type": "server_tool_call",
        "id": item["id"],
        "name": item.get("name") or name,
        "args": _server_args(item),
        "extras": {"item": item},
    }
    if image := item.get("result"):
        kind = item.get("output_format") or "png"
        yield {"type": "image", "base64": image, "mime_type": f"image/{kind}", "id": item["id"]}
    failed = item.get("error") or item.get("status") in ("failed", "incomplete")
    yield {
        "type": "server_tool_result",
        "tool_call_id": item["id"],
        "status": "error" if failed else "success",
        "output": item.get("error") or next((item[k] for k in _SERVER_OUTPUT if item.get(k)), None),
    }


def _server_args(item: Item) -> dict[str, Any]:
    args: dict[str, Any] = {}
    for key in _SERVER_ARGS:
        value = item.get(key)
        if key == "arguments" and isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                value = {"arguments": value}
        if is_object(value):
            args.update(value)
        elif value:
            args[key] = value
    return args


# Events.


class ResponsesAnswer:
    """Reads the events of one answer.

    Each part of it (a text, a part of a summary, a call) is a block with an `index` of its own, by
    which its pieces add up. Servers that follow this API leave out the places of parts, so these
    are told by the items they are in.

    Attributes:
        ended: Whether the event that says so has come.
        failed: The error that came in its place.
    """

    __slots__ = ("_argued", "_id", "_items", "_last", "_places", "ended", "failed")

    def __init__(self) -> None:
        self._id: str | None = None
        self._last: Mapping[str, Any] = {}
        self._places: dict[tuple[object, ...], int] = {}
        self._items: dict[str, Item] = {}  # as they began
        self._argued: set[str] = set()  # the calls of which arguments have come
        self.ended = False
        self.failed: object = None

    def chunk(self, event: Event) -> AIMessageChunk | None:
        """Give the piece of the message that an event brings, if it brings any.

        Events of a kind that is not known say nothing: new ones may be added to the API.
        """
        read = _READERS.get(event["type"])
        return read(self, event) if read else None

    def end(self) -> AIMessageChunk:
        """Give the chunk that ends the message."""
        return AIMessageChunk(
            [],
            id=self._id,
            response_metadata=_told(self._last),
            usage_metadata=usage_of(self._last.get("usage")),
            chunk_position="last",
        )

    def _index(self, *part: object) -> tuple[int, bool]:
        """Give the index of a part, and whether this is the first that is seen of it."""
        known = self._places.get(part)
        if known is not None:
            return known, False
        return self._places.setdefault(part, len(self._places)), True

    def _chunk(self, *blocks: Block, **fields: Any) -> AIMessageChunk:
        return AIMessageChunk(list(blocks), id=self._id, **fields)

    def _on_created(self, event: Event) -> None:
        self._id = event["response"].get("id")

    def _on_item(self, event: Event) -> AIMessageChunk | None:
        item = event["item"]
        self._items[item["id"]] = item
        if item["type"] != "function_call":
            return None
        return self._chunk(tool_call_chunks=[self._call(item)])

    def _call(self, item: Item) -> ToolCallChunk:
        if item["arguments"]:
            self._argued.add(item["id"])
        index, _ = self._index(item["id"])
        name, id = item["name"], item["call_id"]
        return tool_call_chunk(name=name, args=item["arguments"], id=id, index=index)

    def _on_arguments(self, event: Event) -> AIMessageChunk:
        self._argued.add(event["item_id"])
        index, _ = self._index(event["item_id"])
        return self._chunk(tool_call_chunks=[tool_call_chunk(args=event["delta"], index=index)])

    def _on_text(self, event: Event) -> AIMessageChunk:
        item_id = event["item_id"]
        index, is_new = self._index(item_id, event.get("content_index"))
        block: Block = {"type": "text", "text": event["delta"], "index": index}
        if is_new:
            block["id"] = item_id
            if phase := self._items.get(item_id, {}).get("phase"):
                block["extras"] = {"phase": phase}
        if logprobs := event.get("logprobs"):
            return self._chunk(block, response_metadata={"logprobs": {"content": logprobs}})
        return self._chunk(block)

    def _on_annotation(self, event: Event) -> AIMessageChunk:
        index, _ = self._index(event["item_id"], event.get("content_index"))
        citation = _citation(event["annotation"])
        return self._chunk({"type": "text", "text": "", "annotations": [citation], "index": index})

    def _on_refusal(self, event: Event) -> AIMessageChunk:
        return self._chunk(additional_kwargs={"refusal": event["delta"]})

    def _on_summary(self, event: Event) -> AIMessageChunk:
        index, is_new = self._index(event["item_id"], "summary", event.get("summary_index"))
        return self._chunk(_thought(event, index, is_new))

    def _on_thought(self, event: Event) -> AIMessageChunk:
        index, is_new = self._index(event["item_id"], "content", event.get("content_index"))
        block = _thought(event, index, is_new)
        if is_new:
            block["extras"] = {"raw": True}
        return self._chunk(block)

    def _on_item_done(self, event: Event) -> AIMessageChunk | None:
        item = event["item"]
        begun = self._items.pop(item["id"], None)
        match item["type"]:
            case "message":
                return None
            case "reasoning":
                return self._reasoning_done(item)
            case "function_call":
                return self._call_done(item, begun)
            case _:
                blocks = list(_provider_blocks(item))
                for number, block in enumerate(blocks):
                    block["index"], _ = self._index(item["id"], number)
                return self._chunk(*blocks)

    def _reasoning_done(self, item: Item) -> AIMessageChunk | None:
        mine = [index for part, index in self._places.items() if part[0] == item["id"]]
        sealed = item.get("encrypted_content")
        if mine and not sealed:
            return None
        index = mine[-1] if mine else self._index(item["id"])[0]
        block: Block = {"type": "reasoning", "reasoning": "", "id": item["id"], "index": index}
        if sealed:
            block["extras"] = {"encrypted_content": sealed}
        return self._chunk(block)

    def _call_done(self, item: Item, begun: Item | None) -> AIMessageChunk:
        index, _ = self._index(item["id"])
        block = _call_block(item)
        blocks = [] if block is None else [{**block, "index": index}]
        fragments: list[ToolCallChunk] = []
        if item["id"] not in self._argued:  # a server that sends no pieces
            fragment = self._call(item)
            if begun is not None:
                fragment["name"] = None  # it has been said, and names add up
            fragments.append(fragment)
        return self._chunk(*blocks, tool_call_chunks=fragments)

    def _on_end(self, event: Event) -> None:
        self._last = event["response"]
        self.ended = True

    def _on_failure(self, event: Event) -> None:
        # An `error` event is one itself, or holds one; a failed response has one.
        failed = event.get("response") or event
        self.failed = failed.get("error") or failed


def _thought(event: Event, index: int, is_new: bool) -> Block:
    block: Block = {"type": "reasoning", "reasoning": event["delta"], "index": index}
    if is_new:
        block["id"] = event["item_id"]
    return block


_READERS: dict[str, Callable[[ResponsesAnswer, Event], AIMessageChunk | None]] = {
    "error": ResponsesAnswer._on_failure,
    "response.completed": ResponsesAnswer._on_end,
    "response.created": ResponsesAnswer._on_created,
    "response.failed": ResponsesAnswer._on_failure,
    "response.function_call_arguments.delta": ResponsesAnswer._on_arguments,
    "response.incomplete": ResponsesAnswer._on_end,
    "response.output_item.added": ResponsesAnswer._on_item,
    "response.output_item.done": ResponsesAnswer._on_item_done,
    "response.output_text.annotation.added": ResponsesAnswer._on_annotation,
    "response.output_text.delta": ResponsesAnswer._on_text,
    "response.reasoning_summary_text.delta": ResponsesAnswer._on_summary,
    "response.reasoning_text.delta": ResponsesAnswer._on_thought,
    "response.refusal.delta": ResponsesAnswer._on_refusal,
}
