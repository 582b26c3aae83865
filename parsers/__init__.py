"""Output parsers: steps that turn a model's words into values while they are still coming.

A parser of text derives from `BaseOutputParser`; one that can work on each chunk from
`BaseTransformOutputParser`; one whose value grows from `BaseCumulativeTransformOutputParser`. Start
reading at `base.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING or not lazy(__name__):
    from .base import BaseGenerationOutputParser as BaseGenerationOutputParser
    from .base import BaseLLMOutputParser as BaseLLMOutputParser
    from .base import BaseOutputParser as BaseOutputParser
    from .base import BaseTransformOutputParser as BaseTransformOutputParser
    from .base import OutputParserLike as OutputParserLike
    from .calls import make_invalid_tool_call as make_invalid_tool_call
    from .calls import parse_tool_call as parse_tool_call
    from .calls import parse_tool_calls as parse_tool_calls
    from .cumulative import (
        BaseCumulativeTransformOutputParser as BaseCumulativeTransformOutputParser,
    )
    from .fixing import OutputFixingParser as OutputFixingParser
    from .fixing import RetryOutputParser as RetryOutputParser
    from .json import JsonOutputParser as JsonOutputParser
    from .lists import CommaSeparatedListOutputParser as CommaSeparatedListOutputParser
    from .lists import ListOutputParser as ListOutputParser
    from .lists import MarkdownListOutputParser as MarkdownListOutputParser
    from .lists import NumberedListOutputParser as NumberedListOutputParser
    from .string import StrOutputParser as StrOutputParser
    from .tools import JsonOutputKeyToolsParser as JsonOutputKeyToolsParser
    from .tools import JsonOutputToolsParser as JsonOutputToolsParser
    from .tools import PydanticToolsParser as PydanticToolsParser
    from .typed import PydanticOutputParser as PydanticOutputParser
    from .typed import TypeAdapterOutputParser as TypeAdapterOutputParser
    from .words import BooleanOutputParser as BooleanOutputParser
    from .words import DatetimeOutputParser as DatetimeOutputParser
    from .words import EnumOutputParser as EnumOutputParser
    from .xml import XMLOutputParser as XMLOutputParser
    from .yaml import YamlOutputParser as YamlOutputParser

__all__ = [
    "BaseCumulativeTransformOutputParser",
    "BaseGenerationOutputParser",
    "BaseLLMOutputParser",
    "BaseOutputParser",
    "BaseTransformOutputParser",
    "BooleanOutputParser",
    "CommaSeparatedListOutputParser",
    "DatetimeOutputParser",
    "EnumOutputParser",
    "JsonOutputKeyToolsParser",
    "JsonOutputParser",
    "JsonOutputToolsParser",
    "ListOutputParser",
    "MarkdownListOutputParser",
    "NumberedListOutputParser",
    "OutputFixingParser",
    "OutputParserLike",
    "PydanticOutputParser",
    "PydanticToolsParser",
    "RetryOutputParser",
    "StrOutputParser",
    "TypeAdapterOutputParser",
    "XMLOutputParser",
    "YamlOutputParser",
    "make_invalid_tool_call",
    "parse_tool_call",
    "parse_tool_calls",
]
