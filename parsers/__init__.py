"""Output parsers: steps that turn a model's words into values while they are still coming.

A parser of text derives from `BaseOutputParser`; one that can work on each chunk from
`BaseTransformOutputParser`. Start reading at `base.py`.
"""

from __future__ import annotations

from .base import BaseOutputParser as BaseOutputParser
from .base import BaseTransformOutputParser as BaseTransformOutputParser
from .string import StrOutputParser as StrOutputParser

__all__ = ["BaseOutputParser", "BaseTransformOutputParser", "StrOutputParser"]
