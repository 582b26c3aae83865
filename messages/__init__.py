"""Messages, the chunks in which they stream, and the values that prompts make of them.

Nothing here calls a model or runs a step: it is data, and functions over data. Start with base.py, then ai.py.
"""

from .ai import AIMessage as AIMessage
from .ai import AIMessageChunk as AIMessageChunk
from .any_message import AnyMessage as AnyMessage
from .base import BaseMessage as BaseMessage
from .buffer import get_buffer_string as get_buffer_string
from .chunks import BaseMessageChunk as BaseMessageChunk
from .convert import MessageLikeRepresentation as MessageLikeRepresentation
from .convert import convert_to_messages as convert_to_messages
from .merge import merge_content as merge_content
from .prompt_values import ChatPromptValue as ChatPromptValue
from .prompt_values import PromptValue as PromptValue
from .prompt_values import StringPromptValue as StringPromptValue
from .roles import ChatMessage as ChatMessage
from .roles import ChatMessageChunk as ChatMessageChunk
from .roles import FunctionMessage as FunctionMessage
from .roles import FunctionMessageChunk as FunctionMessageChunk
from .roles import HumanMessage as HumanMessage
from .roles import HumanMessageChunk as HumanMessageChunk
from .roles import RemoveMessage as RemoveMessage
from .roles import SystemMessage as SystemMessage
from .roles import SystemMessageChunk as SystemMessageChunk
from .tool import ToolMessage as ToolMessage
from .tool import ToolMessageChunk as ToolMessageChunk
from .tool_calls import InvalidToolCall as InvalidToolCall
from .tool_calls import ToolCall as ToolCall
from .tool_calls import ToolCallChunk as ToolCallChunk
from .tool_calls import invalid_tool_call as invalid_tool_call
from .tool_calls import tool_call as tool_call
from .tool_calls import tool_call_chunk as tool_call_chunk
from .usage import InputTokenDetails as InputTokenDetails
from .usage import OutputTokenDetails as OutputTokenDetails
from .usage import UsageMetadata as UsageMetadata
from .usage import add_usage as add_usage
from .usage import subtract_usage as subtract_usage
