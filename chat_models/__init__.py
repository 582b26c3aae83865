"""Chat models: the base class, what is around every model, fakes for tests, one file per provider.

A provider's package is imported when its class is first used. Start reading at `base.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING or not lazy(__name__):
    from .anthropic import ChatAnthropic as ChatAnthropic
    from .azure_openai import AzureChatOpenAI as AzureChatOpenAI
    from .base import BaseChatModel as BaseChatModel
    from .base import BaseLanguageModel as BaseLanguageModel
    from .base import LanguageModelInput as LanguageModelInput
    from .base import LanguageModelLike as LanguageModelLike
    from .caches import BaseCache as BaseCache
    from .caches import InMemoryCache as InMemoryCache
    from .caches import get_llm_cache as get_llm_cache
    from .caches import set_llm_cache as set_llm_cache
    from .fakes import FakeChatModel as FakeChatModel
    from .fakes import FakeListChatModel as FakeListChatModel
    from .fakes import FakeMessagesListChatModel as FakeMessagesListChatModel
    from .fakes import GenericFakeChatModel as GenericFakeChatModel
    from .fakes import ParrotFakeChatModel as ParrotFakeChatModel
    from .fakes import SimpleChatModel as SimpleChatModel
    from .google import ChatGoogle as ChatGoogle
    from .init import ConfigurableChatModel as ConfigurableChatModel
    from .init import init_chat_model as init_chat_model
    from .llama_cpp import ChatLlamaCpp as ChatLlamaCpp
    from .message_stream import AsyncMessageStream as AsyncMessageStream
    from .message_stream import AsyncPart as AsyncPart
    from .message_stream import MessageStream as MessageStream
    from .message_stream import Part as Part
    from .ollama import ChatOllama as ChatOllama
    from .openai import ChatOpenAI as ChatOpenAI
    from .prices import message_cost as message_cost
    from .profile import ModelProfile as ModelProfile
    from .profile import StructureMethod as StructureMethod
    from .profile import model_profile as model_profile
    from .rate_limiters import BaseRateLimiter as BaseRateLimiter
    from .rate_limiters import InMemoryRateLimiter as InMemoryRateLimiter
    from .redis_cache import RedisCache as RedisCache
    from .sqlite_cache import SQLiteCache as SQLiteCache

__all__ = [
    "AsyncMessageStream",
    "AsyncPart",
    "AzureChatOpenAI",
    "BaseCache",
    "BaseChatModel",
    "BaseLanguageModel",
    "BaseRateLimiter",
    "ChatAnthropic",
    "ChatGoogle",
    "ChatLlamaCpp",
    "ChatOllama",
    "ChatOpenAI",
    "ConfigurableChatModel",
    "FakeChatModel",
    "FakeListChatModel",
    "FakeMessagesListChatModel",
    "GenericFakeChatModel",
    "InMemoryCache",
    "InMemoryRateLimiter",
    "LanguageModelInput",
    "LanguageModelLike",
    "MessageStream",
    "ModelProfile",
    "ParrotFakeChatModel",
    "Part",
    "RedisCache",
    "SQLiteCache",
    "SimpleChatModel",
    "StructureMethod",
    "get_llm_cache",
    "init_chat_model",
    "message_cost",
    "model_profile",
    "set_llm_cache",
]
