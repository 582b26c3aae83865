"""Chat models: the base class, fakes for tests, and one file per provider.

A provider's package is imported when its class is first used. Start reading at `base.py`.
"""

from __future__ import annotations

from .base import BaseChatModel as BaseChatModel
from .base import LanguageModelInput as LanguageModelInput
from .fakes import GenericFakeChatModel as GenericFakeChatModel
from .llama_cpp import ChatLlamaCpp as ChatLlamaCpp

__all__ = ["BaseChatModel", "ChatLlamaCpp", "GenericFakeChatModel", "LanguageModelInput"]
