"""Compose language-model pipelines that run once, in batches, streamed, or as a stream of events.

Here are the names that most programs need, each imported when it is first used; the packages
(`levada.runnables`, `levada.chat_models`, ...) have the rest. Read `runnables/base.py` first.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "AIMessage",
    "AIMessageChunk",
    "BaseChatModel",
    "ChatAnthropic",
    "ChatGoogle",
    "ChatLlamaCpp",
    "ChatOllama",
    "ChatOpenAI",
    "ChatPromptTemplate",
    "GenericFakeChatModel",
    "HumanMessage",
    "InMemoryChatMessageHistory",
    "JsonOutputParser",
    "LevadaError",
    "MessagesPlaceholder",
    "PromptTemplate",
    "Runnable",
    "RunnableConfig",
    "RunnableGenerator",
    "RunnableLambda",
    "RunnableParallel",
    "RunnablePassthrough",
    "RunnableSequence",
    "RunnableWithMessageHistory",
    "StrOutputParser",
    "SystemMessage",
    "ToolMessage",
]

if TYPE_CHECKING:
    from .chat_models import BaseChatModel as BaseChatModel
    from .chat_models import ChatAnthropic as ChatAnthropic
    from .chat_models import ChatGoogle as ChatGoogle
    from .chat_models import ChatLlamaCpp as ChatLlamaCpp
    from .chat_models import ChatOllama as ChatOllama
    from .chat_models import ChatOpenAI as ChatOpenAI
    from .chat_models import GenericFakeChatModel as GenericFakeChatModel
    from .errors import LevadaError as LevadaError
    from .history import InMemoryChatMessageHistory as InMemoryChatMessageHistory
    from .history import RunnableWithMessageHistory as RunnableWithMessageHistory
    from .messages import AIMessage as AIMessage
    from .messages import AIMessageChunk as AIMessageChunk
    from .messages import HumanMessage as HumanMessage
    from .messages import SystemMessage as SystemMessage
    from .messages import ToolMessage as ToolMessage
    from .parsers import JsonOutputParser as JsonOutputParser
    from .parsers import StrOutputParser as StrOutputParser
    from .prompts import ChatPromptTemplate as ChatPromptTemplate
    from .prompts import MessagesPlaceholder as MessagesPlaceholder
    from .prompts import PromptTemplate as PromptTemplate
    from .runnables import Runnable as Runnable
    from .runnables import RunnableConfig as RunnableConfig
    from .runnables import RunnableGenerator as RunnableGenerator
    from .runnables import RunnableLambda as RunnableLambda
    from .runnables import RunnableParallel as RunnableParallel
    from .runnables import RunnablePassthrough as RunnablePassthrough
    from .runnables import RunnableSequence as RunnableSequence
else:
    # No table says where a name lives: the packages know, each by its own __all__. They are asked
    # from the ground up, so a name loads only floors that lie below its own.
    _FLOORS = (
        "errors",
        "messages",
        "runnables",
        "prompts",
        "parsers",
        "tools",
        "history",
        "chat_models",
    )

    def __getattr__(name):
        if name in __all__:
            for floor in _FLOORS:
                package = import_module(f"{__name__}.{floor}")
                if name in package.__all__:
                    value = globals()[name] = getattr(package, name)
                    return value
        elif name in _FLOORS:
            return import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*__all__, *_FLOORS, "__version__"})
