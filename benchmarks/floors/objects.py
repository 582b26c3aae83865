"""The one class of the hand-written programs."""

from __future__ import annotations

from pydantic import BaseModel


class Message(BaseModel):
    """A message, and a piece of one: four fields, validated when built."""

    role: str
    content: str
    id: str | None = None
    finish_reason: str | None = None
