"""Message stores, and a step that keeps a conversation in one.

Not here: what a model may see of a long conversation, which is `levada.messages.trim_messages`.
Start reading at `base.py`, then `with_history.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING or not lazy(__name__):
    from .base import BaseChatMessageHistory as BaseChatMessageHistory
    from .base import InMemoryChatMessageHistory as InMemoryChatMessageHistory
    from .file import FileChatMessageHistory as FileChatMessageHistory
    from .with_history import GetSessionHistoryCallable as GetSessionHistoryCallable
    from .with_history import MessagesOrDictWithMessages as MessagesOrDictWithMessages
    from .with_history import RunnableWithMessageHistory as RunnableWithMessageHistory

__all__ = [
    "BaseChatMessageHistory",
    "FileChatMessageHistory",
    "GetSessionHistoryCallable",
    "InMemoryChatMessageHistory",
    "MessagesOrDictWithMessages",
    "RunnableWithMessageHistory",
]
