"""Functions that a model may call: their schemas, and how providers are told of them.

The loop that calls them is not here. Start reading at `base.py`; `schema.py` makes their schemas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING or not lazy(__name__):
    from ..errors import SchemaAnnotationError as SchemaAnnotationError
    from ..errors import ToolException as ToolException
    from .base import ArgsSchema as ArgsSchema
    from .base import BaseTool as BaseTool
    from .base import BaseToolkit as BaseToolkit
    from .base import ToolInput as ToolInput
    from .convert import ToolLike as ToolLike
    from .convert import convert_to_anthropic_tool as convert_to_anthropic_tool
    from .convert import convert_to_openai_function as convert_to_openai_function
    from .convert import convert_to_openai_tool as convert_to_openai_tool
    from .decorator import convert_runnable_to_tool as convert_runnable_to_tool
    from .decorator import tool as tool
    from .executor import OnError as OnError
    from .executor import ToolExecutor as ToolExecutor
    from .executor import aexecute_tool_calls as aexecute_tool_calls
    from .executor import execute_tool_calls as execute_tool_calls
    from .injected import FILTERED_ARGS as FILTERED_ARGS
    from .injected import InjectedToolArg as InjectedToolArg
    from .injected import InjectedToolCallId as InjectedToolCallId
    from .output import TOOL_MESSAGE_BLOCK_TYPES as TOOL_MESSAGE_BLOCK_TYPES
    from .output import ToolExceptionHandlerOutput as ToolExceptionHandlerOutput
    from .render import ToolsRenderer as ToolsRenderer
    from .render import render_text_description as render_text_description
    from .render import render_text_description_and_args as render_text_description_and_args
    from .schema import create_schema_from_function as create_schema_from_function
    from .structured import StructuredTool as StructuredTool
    from .structured import Tool as Tool

__all__ = [
    "FILTERED_ARGS",
    "TOOL_MESSAGE_BLOCK_TYPES",
    "ArgsSchema",
    "BaseTool",
    "BaseToolkit",
    "InjectedToolArg",
    "InjectedToolCallId",
    "OnError",
    "SchemaAnnotationError",
    "StructuredTool",
    "Tool",
    "ToolException",
    "ToolExceptionHandlerOutput",
    "ToolExecutor",
    "ToolInput",
    "ToolLike",
    "ToolsRenderer",
    "aexecute_tool_calls",
    "convert_runnable_to_tool",
    "convert_to_anthropic_tool",
    "convert_to_openai_function",
    "convert_to_openai_tool",
    "create_schema_from_function",
    "execute_tool_calls",
    "render_text_description",
    "render_text_description_and_args",
    "tool",
]
