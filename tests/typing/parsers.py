"""Chains that end in a parser have the type of its values. Read by the type checkers, never run."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, TypedDict, assert_type

from pydantic import BaseModel

from levada import RunnableParallel
from levada.chat_models import GenericFakeChatModel
from levada.messages import BaseMessage
from levada.parsers import (
    BaseCumulativeTransformOutputParser,
    BaseGenerationOutputParser,
    BaseOutputParser,
    BaseTransformOutputParser,
    BooleanOutputParser,
    CommaSeparatedListOutputParser,
    DatetimeOutputParser,
    EnumOutputParser,
    JsonOutputKeyToolsParser,
    JsonOutputParser,
    JsonOutputToolsParser,
    ListOutputParser,
    MarkdownListOutputParser,
    NumberedListOutputParser,
    OutputFixingParser,
    OutputParserLike,
    PydanticOutputParser,
    PydanticToolsParser,
    RetryOutputParser,
    StrOutputParser,
    TypeAdapterOutputParser,
    XMLOutputParser,
    YamlOutputParser,
)
from levada.prompts import ChatPromptTemplate
from levada.runnables import Runnable

prompt = ChatPromptTemplate([("human", "{question}")])
model = GenericFakeChatModel(messages=iter(["answer"]))


class Film(BaseModel):
    title: str


class Trip(TypedDict):
    city: str


@dataclass
class Point:
    x: int


class Mood(Enum):
    CALM = "calm"


# Text, lists, words.

assert_type(prompt | model | StrOutputParser(), Runnable[dict[str, Any], str])
assert_type(prompt | model | CommaSeparatedListOutputParser(), Runnable[dict[str, Any], list[str]])
assert_type(prompt | model | NumberedListOutputParser(), Runnable[dict[str, Any], list[str]])
assert_type(prompt | model | MarkdownListOutputParser(), Runnable[dict[str, Any], list[str]])
assert_type(prompt | model | BooleanOutputParser(), Runnable[dict[str, Any], bool])
assert_type(prompt | model | DatetimeOutputParser(), Runnable[dict[str, Any], datetime])
assert_type(prompt | model | EnumOutputParser(enum=Mood), Runnable[dict[str, Any], Mood])

# Documents.

films = prompt | model | TypeAdapterOutputParser(list[Film])
film = prompt | model | PydanticOutputParser(pydantic_object=Film)
assert_type(prompt | model | JsonOutputParser(), Runnable[dict[str, Any], Any])
assert_type(prompt | model | XMLOutputParser(), Runnable[dict[str, Any], dict[str, Any]])
assert_type(prompt | model | YamlOutputParser(pydantic_object=Film), Runnable[dict[str, Any], Film])
assert_type(film, Runnable[dict[str, Any], Film])
assert_type(films, Runnable[dict[str, Any], list[Film]])
assert_type(prompt | model | TypeAdapterOutputParser(Film), Runnable[dict[str, Any], Film])
assert_type(prompt | model | TypeAdapterOutputParser(Trip), Runnable[dict[str, Any], Trip])
assert_type(prompt | model | TypeAdapterOutputParser(Point), Runnable[dict[str, Any], Point])
assert_type(
    prompt | model | TypeAdapterOutputParser[Film | Point](Film | Point),
    Runnable[dict[str, Any], Film | Point],
)
assert_type(films.invoke({}), list[Film])
assert_type(films.stream({}), Generator[list[Film], None, None])
assert_type(PydanticOutputParser(pydantic_object=Film).parse("{}"), Film)

# Tool calls: a list or one, as the parser's fields say.

assert_type(prompt | model | JsonOutputToolsParser(), Runnable[dict[str, Any], Any])
assert_type(prompt | model | JsonOutputKeyToolsParser(key_name="a"), Runnable[dict[str, Any], Any])
assert_type(prompt | model | PydanticToolsParser(tools=[Film]), Runnable[dict[str, Any], Any])

# Those that ask again.

assert_type(
    prompt | model | OutputFixingParser.from_llm(model, PydanticOutputParser(pydantic_object=Film)),
    Runnable[dict[str, Any], Film],
)
both: RunnableParallel[dict[str, Any]] = RunnableParallel(
    completion=prompt | model, prompt_value=prompt
)
assert_type(
    both | RetryOutputParser.from_llm(model, PydanticOutputParser(pydantic_object=Film)),
    Runnable[dict[str, Any], Film],
)

# Parsers of one's own.


class Initials(BaseOutputParser[str]):
    def parse(self, text: str) -> str:
        return text[:1]


class Calls(BaseGenerationOutputParser[int]):
    def parse_result(self, result: Sequence[BaseMessage], *, partial: bool = False) -> int:
        return len(result)


class Lengths(BaseTransformOutputParser[int]):
    def parse(self, text: str) -> int:
        return len(text)


class Words(BaseCumulativeTransformOutputParser[list[str]]):
    def parse(self, text: str) -> list[str]:
        return text.split()


class Lines(ListOutputParser):
    def parse(self, text: str) -> list[str]:
        return text.splitlines()


assert_type(prompt | model | Initials(), Runnable[dict[str, Any], str])
assert_type(prompt | model | Calls(), Runnable[dict[str, Any], int])
assert_type(prompt | model | Lengths(), Runnable[dict[str, Any], int])
assert_type(prompt | model | Words(), Runnable[dict[str, Any], list[str]])
assert_type(prompt | model | Lines(), Runnable[dict[str, Any], list[str]])

parser_like: OutputParserLike[list[Film]] = TypeAdapterOutputParser(list[Film])
assert_type(prompt | model | parser_like, Runnable[dict[str, Any], list[Film]])
