"""How long a server wants to be left alone, as an exception of any client library says it.

Source: RFC 9110, section 10.2.3 (Retry-After: seconds, or a date); `retry-after-ms` is what the
servers of OpenAI and Azure send besides.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

__all__ = ["seconds_asked"]

_MOST_CAUSES = 10


def seconds_asked(exc: BaseException | None) -> float:
    """Give the seconds until the next attempt that an exception, or one of its causes, asks for.

    It is an attribute `retry_after` in seconds, or a header of the response that the exception
    carries as `response`, or as `headers`. 0 if nothing is asked.
    """
    for _ in range(_MOST_CAUSES):
        if exc is None:
            break
        for asked in (_seconds(getattr(exc, "retry_after", None)), _of_headers(exc)):
            if asked is not None:
                return asked
        exc = exc.__cause__
    return 0.0


def _of_headers(exc: BaseException) -> float | None:
    response = getattr(exc, "response", None)
    for owner in (response, exc):
        headers = getattr(owner, "headers", None)
        if headers is None or not hasattr(headers, "items"):
            continue
        named = {str(name).lower(): value for name, value in headers.items()}
        milliseconds = _seconds(named.get("retry-after-ms"))
        if milliseconds is not None:
            return milliseconds / 1000
        if "retry-after" in named:
            return _after(named["retry-after"])
    return None


def _after(value: Any) -> float | None:
    seconds = _seconds(value)
    if seconds is not None or not isinstance(value, str):
        return seconds
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    when = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
