"""Messages, the chunks in which they stream, and the values that prompts make of them.

Nothing here calls a model or runs a step: it is data, and functions over data. Begin with base.py,
then ai.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING or not lazy(__name__):
    from .ai import AIMessage as AIMessage
    from .ai import AIMessageChunk as AIMessageChunk
    from .ai import add_ai_message_chunks as add_ai_message_chunks
    from .any_message import AnyMessage as AnyMessage
    from .base import BaseMessage as BaseMessage
    from .blocks import create_audio_block as create_audio_block
    from .blocks import create_citation as create_citation
    from .blocks import create_file_block as create_file_block
    from .blocks import create_image_block as create_image_block
    from .blocks import create_non_standard_block as create_non_standard_block
    from .blocks import create_plaintext_block as create_plaintext_block
    from .blocks import create_reasoning_block as create_reasoning_block
    from .blocks import create_text_block as create_text_block
    from .blocks import create_tool_call as create_tool_call
    from .blocks import create_video_block as create_video_block
    from .buffer import get_buffer_string as get_buffer_string
    from .chunks import BaseMessageChunk as BaseMessageChunk
    from .content import KNOWN_BLOCK_TYPES as KNOWN_BLOCK_TYPES
    from .content import Annotation as Annotation
    from .content import AudioContentBlock as AudioContentBlock
    from .content import Citation as Citation
    from .content import Content as Content
    from .content import ContentBlock as ContentBlock
    from .content import DataContentBlock as DataContentBlock
    from .content import FileContentBlock as FileContentBlock
    from .content import ImageContentBlock as ImageContentBlock
    from .content import NonStandardAnnotation as NonStandardAnnotation
    from .content import NonStandardContentBlock as NonStandardContentBlock
    from .content import PlainTextContentBlock as PlainTextContentBlock
    from .content import ReasoningContentBlock as ReasoningContentBlock
    from .content import ServerToolCall as ServerToolCall
    from .content import ServerToolCallChunk as ServerToolCallChunk
    from .content import ServerToolResult as ServerToolResult
    from .content import TextContentBlock as TextContentBlock
    from .content import ToolContentBlock as ToolContentBlock
    from .content import VideoContentBlock as VideoContentBlock
    from .convert import MessageLikeRepresentation as MessageLikeRepresentation
    from .convert import convert_to_messages as convert_to_messages
    from .convert import message_chunk_to_message as message_chunk_to_message
    from .filter import filter_messages as filter_messages
    from .ids import LC_AUTO_PREFIX as LC_AUTO_PREFIX
    from .ids import LC_ID_PREFIX as LC_ID_PREFIX
    from .ids import ensure_id as ensure_id
    from .merge import merge_content as merge_content
    from .openai import convert_to_openai_data_block as convert_to_openai_data_block
    from .openai import convert_to_openai_image_block as convert_to_openai_image_block
    from .openai import convert_to_openai_messages as convert_to_openai_messages
    from .partial_json import PartialJsonParser as PartialJsonParser
    from .partial_json import parse_partial_json as parse_partial_json
    from .pretty import get_msg_title_repr as get_msg_title_repr
    from .prompt_values import ChatPromptValue as ChatPromptValue
    from .prompt_values import ChatPromptValueConcrete as ChatPromptValueConcrete
    from .prompt_values import ImagePromptValue as ImagePromptValue
    from .prompt_values import ImageURL as ImageURL
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
    from .runs import merge_message_runs as merge_message_runs
    from .serial import message_to_dict as message_to_dict
    from .serial import messages_from_dict as messages_from_dict
    from .serial import messages_to_dict as messages_to_dict
    from .standard import is_data_content_block as is_data_content_block
    from .tokens import count_tokens_approximately as count_tokens_approximately
    from .tool import ToolMessage as ToolMessage
    from .tool import ToolMessageChunk as ToolMessageChunk
    from .tool import ToolOutputMixin as ToolOutputMixin
    from .tool_calls import InvalidToolCall as InvalidToolCall
    from .tool_calls import ToolCall as ToolCall
    from .tool_calls import ToolCallChunk as ToolCallChunk
    from .tool_calls import default_tool_chunk_parser as default_tool_chunk_parser
    from .tool_calls import default_tool_parser as default_tool_parser
    from .tool_calls import invalid_tool_call as invalid_tool_call
    from .tool_calls import tool_call as tool_call
    from .tool_calls import tool_call_chunk as tool_call_chunk
    from .trim import trim_messages as trim_messages
    from .usage import InputTokenDetails as InputTokenDetails
    from .usage import OutputTokenDetails as OutputTokenDetails
    from .usage import UsageMetadata as UsageMetadata
    from .usage import add_usage as add_usage
    from .usage import subtract_usage as subtract_usage

__all__ = [
    "KNOWN_BLOCK_TYPES",
    "LC_AUTO_PREFIX",
    "LC_ID_PREFIX",
    "AIMessage",
    "AIMessageChunk",
    "Annotation",
    "AnyMessage",
    "AudioContentBlock",
    "BaseMessage",
    "BaseMessageChunk",
    "ChatMessage",
    "ChatMessageChunk",
    "ChatPromptValue",
    "ChatPromptValueConcrete",
    "Citation",
    "Content",
    "ContentBlock",
    "DataContentBlock",
    "FileContentBlock",
    "FunctionMessage",
    "FunctionMessageChunk",
    "HumanMessage",
    "HumanMessageChunk",
    "ImageContentBlock",
    "ImagePromptValue",
    "ImageURL",
    "InputTokenDetails",
    "InvalidToolCall",
    "MessageLikeRepresentation",
    "NonStandardAnnotation",
    "NonStandardContentBlock",
    "OutputTokenDetails",
    "PartialJsonParser",
    "PlainTextContentBlock",
    "PromptValue",
    "ReasoningContentBlock",
    "RemoveMessage",
    "ServerToolCall",
    "ServerToolCallChunk",
    "ServerToolResult",
    "StringPromptValue",
    "SystemMessage",
    "SystemMessageChunk",
    "TextContentBlock",
    "ToolCall",
    "ToolCallChunk",
    "ToolContentBlock",
    "ToolMessage",
    "ToolMessageChunk",
    "ToolOutputMixin",
    "UsageMetadata",
    "VideoContentBlock",
    "add_ai_message_chunks",
    "add_usage",
    "convert_to_messages",
    "convert_to_openai_data_block",
    "convert_to_openai_image_block",
    "convert_to_openai_messages",
    "count_tokens_approximately",
    "create_audio_block",
    "create_citation",
    "create_file_block",
    "create_image_block",
    "create_non_standard_block",
    "create_plaintext_block",
    "create_reasoning_block",
    "create_text_block",
    "create_tool_call",
    "create_video_block",
    "default_tool_chunk_parser",
    "default_tool_parser",
    "ensure_id",
    "filter_messages",
    "get_buffer_string",
    "get_msg_title_repr",
    "invalid_tool_call",
    "is_data_content_block",
    "merge_content",
    "merge_message_runs",
    "message_chunk_to_message",
    "message_to_dict",
    "messages_from_dict",
    "messages_to_dict",
    "parse_partial_json",
    "subtract_usage",
    "tool_call",
    "tool_call_chunk",
    "trim_messages",
]
