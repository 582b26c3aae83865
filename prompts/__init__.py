"""Prompts: steps from variables to what a model reads.

Templates of texts and of chat messages, and the formats in which variables are written. A template
says where the values of variables go, and can do nothing else. Start with `chat.py`, then
`prompt.py` and `formats.py`. What a prompt gives is defined with the messages, and is here too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING or not lazy(__name__):
    from ..messages import ChatPromptValue as ChatPromptValue
    from ..messages import ChatPromptValueConcrete as ChatPromptValueConcrete
    from ..messages import ImagePromptValue as ImagePromptValue
    from ..messages import ImageURL as ImageURL
    from ..messages import PromptValue as PromptValue
    from ..messages import StringPromptValue as StringPromptValue
    from ._parts import MessageLike as MessageLike
    from ._parts import MessageLikeRepresentation as MessageLikeRepresentation
    from .base import BasePromptTemplate as BasePromptTemplate
    from .chat import ChatPromptTemplate as ChatPromptTemplate
    from .chat_base import BaseChatPromptTemplate as BaseChatPromptTemplate
    from .data import prompt_from_dict as prompt_from_dict
    from .data import prompt_to_dict as prompt_to_dict
    from .dict import DictPromptTemplate as DictPromptTemplate
    from .example_selectors import BaseExampleSelector as BaseExampleSelector
    from .example_selectors import ExampleSelector as ExampleSelector
    from .example_selectors import LengthBasedExampleSelector as LengthBasedExampleSelector
    from .few_shot import FewShotChatMessagePromptTemplate as FewShotChatMessagePromptTemplate
    from .few_shot import FewShotPromptTemplate as FewShotPromptTemplate
    from .few_shot import FewShotPromptWithTemplates as FewShotPromptWithTemplates
    from .files import PromptDirectory as PromptDirectory
    from .files import load_prompt as load_prompt
    from .files import save_prompt as save_prompt
    from .formats import PromptTemplateFormat as PromptTemplateFormat
    from .formats import check_valid_template as check_valid_template
    from .formats import get_template_variables as get_template_variables
    from .formats import jinja2_formatter as jinja2_formatter
    from .formats import mustache_formatter as mustache_formatter
    from .image import ImagePromptTemplate as ImagePromptTemplate
    from .message import AIMessagePromptTemplate as AIMessagePromptTemplate
    from .message import BaseMessagePromptTemplate as BaseMessagePromptTemplate
    from .message import BaseStringMessagePromptTemplate as BaseStringMessagePromptTemplate
    from .message import ChatMessagePromptTemplate as ChatMessagePromptTemplate
    from .message import HumanMessagePromptTemplate as HumanMessagePromptTemplate
    from .message import MessagesPlaceholder as MessagesPlaceholder
    from .message import SystemMessagePromptTemplate as SystemMessagePromptTemplate
    from .prompt import PromptTemplate as PromptTemplate
    from .string_base import StringPromptTemplate as StringPromptTemplate
    from .structured import StructuredPrompt as StructuredPrompt

__all__ = [
    "AIMessagePromptTemplate",
    "BaseChatPromptTemplate",
    "BaseExampleSelector",
    "BaseMessagePromptTemplate",
    "BasePromptTemplate",
    "BaseStringMessagePromptTemplate",
    "ChatMessagePromptTemplate",
    "ChatPromptTemplate",
    "ChatPromptValue",
    "ChatPromptValueConcrete",
    "DictPromptTemplate",
    "ExampleSelector",
    "FewShotChatMessagePromptTemplate",
    "FewShotPromptTemplate",
    "FewShotPromptWithTemplates",
    "HumanMessagePromptTemplate",
    "ImagePromptTemplate",
    "ImagePromptValue",
    "ImageURL",
    "LengthBasedExampleSelector",
    "MessageLike",
    "MessageLikeRepresentation",
    "MessagesPlaceholder",
    "PromptDirectory",
    "PromptTemplate",
    "PromptTemplateFormat",
    "PromptValue",
    "StringPromptTemplate",
    "StringPromptValue",
    "StructuredPrompt",
    "SystemMessagePromptTemplate",
    "check_valid_template",
    "get_template_variables",
    "jinja2_formatter",
    "load_prompt",
    "mustache_formatter",
    "prompt_from_dict",
    "prompt_to_dict",
    "save_prompt",
]
