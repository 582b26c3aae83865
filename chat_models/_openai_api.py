"""What OpenAI's two APIs have in common: how tokens are counted, tools chosen, and errors told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from ..errors import ModelError
from ..messages import UsageMetadata
from ..messages.shapes import is_object
from ._http_errors import status_error

__all__ = ["PROVIDER", "about", "chosen_tools", "told_error", "usage_of"]

PROVIDER = "openai"

_MODES = frozenset({"auto", "none", "required"})

_DETAILS = {
    "input_token_details": (
        ("prompt_tokens_details", "input_tokens_details"),
        {
            "cached_tokens": "cache_read",
            "cache_write_tokens": "cache_creation",
            "audio_tokens": "audio",
        },
    ),
    "output_token_details": (
        ("completion_tokens_details", "output_tokens_details"),
        {"reasoning_tokens": "reasoning", "audio_tokens": "audio"},
    ),
}

# What stands for a status if an error comes in the place of an answer, or in mid-stream.
# Source: OpenAI API reference, "Error codes" and "Response object", `error.code` (2026-11).
_STATUS = {
    "authentication_error": 401,
    "insufficient_quota": 429,
    "invalid_request_error": 400,
    "permission_error": 403,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "server_error": 500,
    "vector_store_timeout": 500,
}


def about(answer: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Give what an answer says about itself, as far as it says it, under these keys of its own."""
    said: dict[str, Any] = {key: answer[key] for key in keys if answer.get(key)}
    if answer.get("model"):
        said["model_name"] = answer["model"]
    return {"model_provider": PROVIDER, **said}


def usage_of(usage: Mapping[str, Any] | None) -> UsageMetadata | None:
    """Give the tokens used, as either API counts them."""
    if not usage:
        return None
    given = usage.get("prompt_tokens", usage.get("input_tokens")) or 0
    written = usage.get("completion_tokens", usage.get("output_tokens")) or 0
    counted: dict[str, Any] = {
        "input_tokens": given,
        "output_tokens": written,
        "total_tokens": usage.get("total_tokens") or given + written,
    }
    for ours, (theirs, names) in _DETAILS.items():
        details: dict[str, Any] = usage.get(theirs[0]) or usage.get(theirs[1]) or {}
        found = {ours: details[key] for key, ours in names.items() if details.get(key) is not None}
        if found:
            counted[ours] = found
    return cast("UsageMetadata", counted)


def chosen_tools(
    tools: Sequence[Mapping[str, Any]], choice: Any, *, only_chosen: bool
) -> tuple[list[Mapping[str, Any]], Any]:
    """Give the tools and the choice among them: a mode, or `{"name": ...}` for one of them.

    Args:
        tools: Tools in OpenAI's form, or the provider's own.
        choice: See `BaseChatModel.bind_tools`; also as one of the APIs has it.
        only_chosen: Whether to leave out what must not be called. Many servers that follow OpenAI
            take no notice of a choice, and OpenAI caches prompts with all their tools.
    """
    if choice in ("any", True):
        choice = "required"
    elif isinstance(choice, str) and choice not in _MODES:
        choice = {"name": choice}
    elif is_object(choice) and choice.get("type") == "function":
        function: Mapping[str, Any] = choice.get("function") or choice
        choice = {"name": function.get("name")}
    if only_chosen and choice == "none":
        return [], None
    if only_chosen and is_object(choice) and choice.keys() == {"name"}:
        tools = [tool for tool in tools if _name(tool) == choice["name"]] or tools
    return list(tools), choice


def _name(tool: Mapping[str, Any]) -> Any:
    function = tool.get("function")
    return function.get("name") if is_object(function) else tool.get("name", tool.get("type"))


def told_error(
    who: str, error: object, status: int | None = None, headers: Mapping[str, str] | None = None
) -> ModelError:
    """Give the error for one that the API tells of.

    Args:
        who: The name of the model.
        error: What stands under `error`, or the whole body.
        status: The HTTP status; None: there was none, as the answer had begun.
        headers: Those of the response.
    """
    told = error if is_object(error) else {}
    code, kind = told.get("code"), told.get("type")
    message = str(told.get("message") or told.get("detail") or error or "nothing more")
    if status is None:
        status = _status(code, kind)
    return status_error(who, status, message, code=str(code or kind), headers=headers)


def _status(code: object, kind: object) -> int:
    if isinstance(code, int) and 400 <= code < 600:  # of servers that follow OpenAI
        return code
    known = _STATUS.get(str(code)) or _STATUS.get(str(kind))
    # A code that is not known is a word for what is wrong with the request.
    return known or (400 if code else 500)
