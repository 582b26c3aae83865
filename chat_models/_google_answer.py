"""What Google's generateContent answers, whole or piece by piece, as messages.

Source: Gemini API reference, "GenerateContentResponse", and "Thought signatures", 2026.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from ..messages import (
    AIMessage,
    AIMessageChunk,
    InputTokenDetails,
    OutputTokenDetails,
    ToolCall,
    UsageMetadata,
    tool_call,
    tool_call_chunk,
)
from ..messages.ids import ensure_id
from ..messages.shapes import is_object

__all__ = ["CALL_SIGNATURES", "TEXT_SIGNATURES", "Answer", "read_message"]

Said: TypeAlias = Mapping[str, Any]
Block: TypeAlias = dict[str, Any]

PROVIDER = "google_genai"
CALL_SIGNATURES = "thought_signatures"
"""Where a message keeps the signature of the thoughts behind each of its calls, by their ids."""
TEXT_SIGNATURES = "text_signatures"
"""Where it keeps those of its text: a list."""

# What an answer, and its candidate, say of themselves besides the content.
_ABOUT = ("modelVersion", "responseId", "createTime", "promptFeedback", "modelStatus")
_ABOUT_CANDIDATE = (
    *("finishReason", "finishMessage", "safetyRatings", "citationMetadata", "avgLogprobs"),
    *("groundingMetadata", "urlContextMetadata"),
)
# The answer is held back, or cut off, for what it says.
_FILTERED = frozenset(
    {
        *("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR"),
        *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
    }
)


class Answer:
    """Reads the pieces of one answer: `chunk` of each, and `last` of all.

    Attributes:
        ended: Whether the piece that says why it ended has come.
        filtered: Why it is held back, if it is.
    """

    __slots__ = ("_about", "_calls", "_id", "_in_blocks", "_index", "_usage", "ended", "filtered")

    def __init__(self) -> None:
        self._id: str | None = None
        self._about: Block = {}
        self._usage: Block = {}
        self._calls = 0
        self._index = 0
        self._in_blocks = False
        self.ended = False
        self.filtered: str | None = None

    def chunk(self, said: Said) -> AIMessageChunk | None:
        """Give the piece of the message that a piece of the answer brings, if it brings any."""
        self._note(said)
        candidate = _candidate(said)
        read = _read_parts(candidate)
        likely = _logprobs(candidate)
        if not (read.fields or read.blocks or read.calls or likely):
            return self._text(read.text) if read.text else None
        fields = dict(read.fields)
        if read.calls:
            fields["tool_call_chunks"] = [
                tool_call_chunk(
                    name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=i
                )
                for i, call in enumerate(read.calls, self._calls)
            ]
            self._calls += len(read.calls)
        return AIMessageChunk(self._content(read), id=self._id, response_metadata=likely, **fields)

    def last(self) -> AIMessageChunk:
        """Give the chunk that ends the message, when all has come."""
        return AIMessageChunk(
            [] if self._in_blocks else "",
            id=self._id,
            response_metadata=self._about,
            usage_metadata=_read_usage(self._usage),
            chunk_position="last",
        )

    def _note(self, said: Said) -> None:
        self._id = self._id or said.get("responseId")
        self._about.update(_about(said))
        if usage := said.get("usageMetadata"):
            self._usage.update(usage)  # each tells all that there is so far
        if (blocked := _blocked(said)) is not None:
            self.filtered = blocked
        if "finish_reason" in self._about or self.filtered is not None:
            self.ended = True

    def _text(self, text: str) -> AIMessageChunk:
        if self._in_blocks:
            block = {"type": "text", "text": text, "index": self._index}
            return AIMessageChunk([block], id=self._id)
        return AIMessageChunk(text, id=self._id)

    def _content(self, read: _Parts) -> str | list[str | Block]:
        """Give text as long as there is nothing else; pieces of one block have the same index."""
        if not read.blocks and not self._in_blocks:
            return read.text
        self._in_blocks = True
        content: list[str | Block] = []
        for block in read.blocks or ([{"type": "text", "text": read.text}] if read.text else []):
            if block["type"] != "text":
                self._index += 1
            content.append({**block, "index": self._index})
            if block["type"] != "text":
                self._index += 1
        return content


def read_message(said: Said) -> tuple[AIMessage, str | None]:
    """Read a whole answer; give why it is held back, too, if it is."""
    candidate = _candidate(said)
    read = _read_parts(candidate)
    if not candidate and _blocked(said) is None:
        raise ValueError("an answer without a candidate")
    message = AIMessage(
        [*read.blocks] if read.blocks else read.text,
        id=said.get("responseId"),
        tool_calls=read.calls,
        response_metadata={**_logprobs(candidate), **_about(said)},
        usage_metadata=_read_usage(said.get("usageMetadata") or {}),
        **read.fields,
    )
    return message, _blocked(said)


class _Parts(NamedTuple):
    """What the parts of a content say.

    Attributes:
        text: Their text, without thoughts.
        blocks: All that is said, if it is more than text: texts too, in their places.
        calls: The calls of tools.
        fields: More fields of the message: thoughts and signatures.
    """

    text: str
    blocks: list[Block]
    calls: list[ToolCall]
    fields: dict[str, Any]


def _candidate(said: Said) -> Block:
    """Give the answer among the alternatives, of which there is one unless more are asked for."""
    candidates: list[Block] = said.get("candidates") or []
    return candidates[0] if candidates else {}


def _read_parts(candidate: Said) -> _Parts:
    content: Block = candidate.get("content") or {}
    parts: list[Block] = content.get("parts") or []
    blocks: list[Block] = []
    calls: list[ToolCall] = []
    more: Block = {}
    call_signatures: dict[str, str] = {}
    code_id: str | None = None
    for part in parts:
        signature = part.get("thoughtSignature")
        if "functionCall" in part:
            call = part["functionCall"]
            id = ensure_id(call.get("id"))
            calls.append(tool_call(name=call["name"], args=call.get("args") or {}, id=id))
            if signature:
                call_signatures[id] = signature
            continue
        if signature:
            more.setdefault(TEXT_SIGNATURES, []).append(signature)
        if part.get("thought"):
            thought = more.get("reasoning_content", "") + part.get("text", "")
            more["reasoning_content"] = thought
        elif (block := _block(part, code_id)) is not None:
            code_id = block.get("id", code_id)
            _add(blocks, block)
    if call_signatures:
        more[CALL_SIGNATURES] = call_signatures
    text = "".join(block["text"] for block in blocks if block["type"] == "text")
    plain = all(block["type"] == "text" for block in blocks)
    return _Parts(text, [] if plain else blocks, calls, {"additional_kwargs": more} if more else {})


def _add(blocks: list[Block], block: Block) -> None:
    if block["type"] == "text" and blocks and blocks[-1]["type"] == "text":
        blocks[-1] = {"type": "text", "text": blocks[-1]["text"] + block["text"]}
    else:
        blocks.append(block)


def _block(part: Said, code_id: str | None) -> Block | None:
    if "text" in part:
        return {"type": "text", "text": part["text"]} if part["text"] else None
    if is_object(data := part.get("inlineData")):
        kind = str(data.get("mimeType")).partition("/")[0]
        kind = kind if kind in ("image", "audio", "video") else "file"
        return {"type": kind, "base64": data.get("data"), "mime_type": data.get("mimeType")}
    if is_object(code := part.get("executableCode")):
        args = {"language": code.get("language"), "code": code.get("code")}
        call = {"name": "code_execution", "args": args, "id": ensure_id(code.get("id"))}
        return {"type": "server_tool_call", **call}
    if is_object(result := part.get("codeExecutionResult")):
        outcome = result.get("outcome")
        return {
            "type": "server_tool_result",
            "tool_call_id": result.get("id") or code_id or "",
            "status": "success" if outcome == "OUTCOME_OK" else "error",
            "output": result.get("output", ""),
            "extras": {"outcome": outcome},
        }
    # One of a kind that is not known here goes back as it came.
    known = {"thoughtSignature", "thought"}
    rest = {key: value for key, value in part.items() if key not in known}
    return {"type": "non_standard", "value": rest} if rest else None


def _blocked(said: Said) -> str | None:
    """Say why the answer is held back; None: it is not."""
    feedback: Block = said.get("promptFeedback") or {}
    if reason := feedback.get("blockReason"):
        return f"the prompt is blocked: {reason} {feedback.get('blockReasonMessage', '')}".rstrip()
    candidate = _candidate(said)
    if (reason := candidate.get("finishReason")) in _FILTERED:
        return f"the answer is held back: {reason} {candidate.get('finishMessage', '')}".rstrip()
    return None


def _about(said: Said) -> Block:
    candidate = _candidate(said)
    about = {_snake(key): said[key] for key in _ABOUT if key in said}
    about.update((_snake(key), candidate[key]) for key in _ABOUT_CANDIDATE if key in candidate)
    about["model_name"] = about.pop("model_version", None)
    return {"model_provider": PROVIDER, **{k: v for k, v in about.items() if v is not None}}


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _logprobs(candidate: Said) -> Block:
    """Read how likely the tokens were, in the shape that OpenAI has made usual."""
    result = candidate.get("logprobsResult")
    if not is_object(result):
        return {}
    others: list[Block] = result.get("topCandidates") or []
    content: list[Block] = []
    for i, chosen in enumerate(result.get("chosenCandidates") or ()):
        top: list[Block] = others[i].get("candidates") or [] if i < len(others) else []
        content.append({**_likely(chosen), "top_logprobs": [_likely(other) for other in top]})
    return {"logprobs": {"content": content}} if content else {}


def _likely(one: Said) -> Block:
    return {"token": one.get("token"), "logprob": one.get("logProbability")}


def _read_usage(usage: Said) -> UsageMetadata | None:
    """Read the usage. Google counts thoughts apart; here they are a part of the output."""
    if not usage:
        return None
    thought = usage.get("thoughtsTokenCount") or 0
    given = (usage.get("promptTokenCount") or 0) + (usage.get("toolUsePromptTokenCount") or 0)
    written = (usage.get("candidatesTokenCount") or 0) + thought
    counted = UsageMetadata(
        input_tokens=given,
        output_tokens=written,
        total_tokens=usage.get("totalTokenCount") or given + written,
    )
    if "cachedContentTokenCount" in usage:
        cached = usage["cachedContentTokenCount"]
        counted["input_token_details"] = InputTokenDetails(cache_read=cached)
    if "thoughtsTokenCount" in usage:
        counted["output_token_details"] = OutputTokenDetails(reasoning=thought)
    return counted
