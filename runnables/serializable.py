"""`RunnableSerializable`: the base of steps that are configured by fields."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from .base import Input, Output, Runnable

__all__ = ["RunnableSerializable"]


class RunnableSerializable(BaseModel, Runnable[Input, Output], abstract=True):
    """A step that is a pydantic model: prompts, chat models, parsers and tools.

    Attributes:
        name: The name of its runs; None: that of its class.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(arbitrary_types_allowed=True)

    name: str | None = None
