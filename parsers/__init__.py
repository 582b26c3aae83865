"""Output parsers: steps that turn a model's words into values while they are still coming.

A parser of text derives from `BaseOutputParser`; one that can work on each chunk from
`BaseTransformOutputParser`; one whose value grows from `BaseCumulativeTransformOutputParser`. Start
reading at `base.py`.
"""

from __future__ import annotations

from .base import BaseGenerationOutputParser as BaseGenerationOutputParser
from .base import BaseLLMOutputParser as BaseLLMOutputParser
from .base import BaseOutputParser as BaseOutputParser
from .base import BaseTransformOutputParser as BaseTransformOutputParser
from .base import OutputParserLike as OutputParserLike
from .cumulative import BaseCumulativeTransformOutputParser as BaseCumulativeTransformOutputParser
from .json import JsonOutputParser as JsonOutputParser
from .string import StrOutputParser as StrOutputParser

__all__ = [
    "BaseCumulativeTransformOutputParser",
    "BaseGenerationOutputParser",
    "BaseLLMOutputParser",
    "BaseOutputParser",
    "BaseTransformOutputParser",
    "JsonOutputParser",
    "OutputParserLike",
    "StrOutputParser",
]
