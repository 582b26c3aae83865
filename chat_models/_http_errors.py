"""What goes wrong over HTTP, told in levada's errors; the same for every provider."""

from __future__ import annotations

import email.utils
import math
import re
import ssl
import time
from collections.abc import Mapping

import anyio

from ..errors import (
    AuthenticationError,
    BadRequestError,
    ConnectionError,
    ContentFilterError,
    ContextLengthError,
    ModelError,
    OverloadedError,
    RateLimitError,
    TimeoutError,
    shown,
)

__all__ = ["broke_off", "not_of_the_api", "retry_after", "status_error", "transport_error"]

# No provider has a status or a code of its own for it that all its servers use.
_TOO_LONG = re.compile(
    r"context[ _](length|size|window)|maximum (context|prompt|input)|(prompt|input) is too long"
    r"|too many (input )?tokens|input token count|exceed\w* the (maximum|available|model)",
    re.IGNORECASE,
)
_FILTERED = frozenset(
    {
        "content_filter",
        "content_policy_violation",
        "invalid_prompt",
        "image_content_policy_violation",
    }
)


def status_error(
    who: str,
    status: int,
    message: str,
    *,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> ModelError:
    """Give the error for a status that is no success.

    Args:
        who: The name of the model.
        status: The HTTP status, or what a provider puts in its place in mid-stream.
        message: What the provider says is wrong.
        code: The provider's word for it.
        headers: Those of the response.
    """
    headers = headers or {}
    text = f"the provider of {who} answers {status}: {message}"
    asked = headers.get("x-should-retry")
    again = None if asked is None else asked == "true"
    if status in (401, 403):
        return AuthenticationError(text)
    if status == 429:
        # A quota that is used up is not there again in a moment.
        again = False if code == "insufficient_quota" else again
        return RateLimitError(text, retryable=again, retry_after=retry_after(headers))
    if status == 408:
        return TimeoutError(text, retryable=again, retry_after=retry_after(headers))
    if status == 409 or status >= 500:
        return OverloadedError(text, retryable=again, retry_after=retry_after(headers))
    if code in _FILTERED:
        return ContentFilterError(text)
    if _TOO_LONG.search(f"{code} {message}"):
        return ContextLengthError(f"{text}. Shorten the prompt.")
    return BadRequestError(text)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Give the seconds after which the provider asks to be called again, if it does.

    Source: RFC 9110, section 10.2.3; `retry-after-ms` is OpenAI's and Anthropic's.
    """
    try:
        seconds = float(headers["retry-after-ms"]) / 1000
    except (KeyError, ValueError):
        asked = headers.get("retry-after", "")
        try:
            seconds = float(asked)
        except ValueError:
            date = email.utils.parsedate_tz(asked)
            if date is None:
                return None
            seconds = email.utils.mktime_tz(date) - time.time()
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def transport_error(who: str, exc: BaseException) -> ModelError | None:
    """Give the error for an exception of httpx or httpx2; None for any other exception.

    They are told by their names: the one that is not installed cannot be asked for its classes.
    """
    names = {
        cls.__name__
        for cls in type(exc).__mro__
        if cls.__module__.partition(".")[0] in ("httpx", "httpx2", "httpcore", "httpcore2")
    }
    reason = str(exc) or type(exc).__name__
    if "TimeoutException" in names:
        return TimeoutError(
            f"the provider of {who} takes too long: {reason}. Give it more time with timeout=..."
        )
    # httpx2 lets these of a broken TLS connection through: its issue 854.
    if names or isinstance(exc, ssl.SSLError | anyio.EndOfStream):
        return ConnectionError(f"the connection to the provider of {who} failed: {reason}")
    return None


def broke_off(who: str) -> ConnectionError:
    """Give the error for a stream that ends and does not say that the answer is whole."""
    return ConnectionError(f"the stream of {who} broke off before the answer was whole")


def not_of_the_api(who: str, api: str, data: bytes) -> ConnectionError:
    """Give the error for an answer, or a piece of one, that is not what the API sends."""
    text = shown(data.decode(errors="replace"))
    return ConnectionError(f"{who} got what {api} does not send: {text}")
