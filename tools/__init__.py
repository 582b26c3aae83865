"""Functions that a model may call: their schemas, and how providers are told of them.

The loop that calls them is not here. Start reading at `schema.py`, then `convert.py`.
"""

from __future__ import annotations

from .convert import ToolLike as ToolLike
from .convert import convert_to_anthropic_tool as convert_to_anthropic_tool
from .convert import convert_to_openai_function as convert_to_openai_function
from .convert import convert_to_openai_tool as convert_to_openai_tool
from .injected import FILTERED_ARGS as FILTERED_ARGS
from .injected import InjectedToolArg as InjectedToolArg
from .injected import InjectedToolCallId as InjectedToolCallId
from .schema import create_schema_from_function as create_schema_from_function

__all__ = [
    "FILTERED_ARGS",
    "InjectedToolArg",
    "InjectedToolCallId",
    "ToolLike",
    "convert_to_anthropic_tool",
    "convert_to_openai_function",
    "convert_to_openai_tool",
    "create_schema_from_function",
]
