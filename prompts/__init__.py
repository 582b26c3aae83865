"""Prompts: steps from variables to what a model reads.

Templates of texts and of chat messages, and the formats in which variables are written. A template
says where the values of variables go, and can do nothing else. Start with `chat.py`, then
`prompt.py` and `formats.py`.
"""

from .base import BasePromptTemplate as BasePromptTemplate
from .chat import BaseChatPromptTemplate as BaseChatPromptTemplate
from .chat import ChatPromptTemplate as ChatPromptTemplate
from .chat import MessageLike as MessageLike
from .formats import PromptTemplateFormat as PromptTemplateFormat
from .formats import get_template_variables as get_template_variables
from .message import AIMessagePromptTemplate as AIMessagePromptTemplate
from .message import BaseMessagePromptTemplate as BaseMessagePromptTemplate
from .message import BaseStringMessagePromptTemplate as BaseStringMessagePromptTemplate
from .message import ChatMessagePromptTemplate as ChatMessagePromptTemplate
from .message import HumanMessagePromptTemplate as HumanMessagePromptTemplate
from .message import MessagesPlaceholder as MessagesPlaceholder
from .message import SystemMessagePromptTemplate as SystemMessagePromptTemplate
from .prompt import PromptTemplate as PromptTemplate
from .string import StringPromptTemplate as StringPromptTemplate

__all__ = [
    "AIMessagePromptTemplate",
    "BaseChatPromptTemplate",
    "BaseMessagePromptTemplate",
    "BasePromptTemplate",
    "BaseStringMessagePromptTemplate",
    "ChatMessagePromptTemplate",
    "ChatPromptTemplate",
    "HumanMessagePromptTemplate",
    "MessageLike",
    "MessagesPlaceholder",
    "PromptTemplate",
    "PromptTemplateFormat",
    "StringPromptTemplate",
    "SystemMessagePromptTemplate",
    "get_template_variables",
]
