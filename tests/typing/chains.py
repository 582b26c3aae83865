"""Compositions and the types they have. Read by the type checkers, never run."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Sequence
from operator import itemgetter
from typing import Any, TypedDict, assert_type

from pydantic import BaseModel

from levada.chat_models import GenericFakeChatModel, LanguageModelInput
from levada.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatPromptValue,
    HumanMessage,
    PromptValue,
    SystemMessage,
    filter_messages,
    merge_message_runs,
    trim_messages,
)
from levada.parsers import StrOutputParser
from levada.prompts import ChatPromptTemplate, HumanMessagePromptTemplate
from levada.runnables import (
    ChunkEvent,
    CustomStreamEvent,
    EndEvent,
    Runnable,
    RunnableAssign,
    RunnableBranch,
    RunnableConfig,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnablePick,
    StreamEvent,
    chain,
    coerce_to_runnable,
)

prompt = ChatPromptTemplate([("human", "{question}")])
model = GenericFakeChatModel(messages=iter(["answer"]))
parser = StrOutputParser()


def length(text: str) -> int:
    return len(text)


async def alength(text: str) -> int:
    return len(text)


def lengths(chunks: Iterator[str]) -> Generator[int, None, None]:
    for chunk in chunks:
        yield len(chunk)


async def alengths(chunks: AsyncIterator[str]) -> AsyncGenerator[int, None]:
    async for chunk in chunks:
        yield len(chunk)


def words(text: str) -> Iterator[str]:
    yield from text.split()


def with_config(text: str, config: RunnableConfig) -> int:
    return len(text) + len(config)


async def awith_config(text: str, config: RunnableConfig) -> int:
    return len(text) + len(config)


def is_long(text: str) -> bool:
    return len(text) > 9


# In the order of `|`.

asked = prompt | model
answer = prompt | model | parser
assert_type(asked, Runnable[dict[str, Any], AIMessage])
assert_type(answer, Runnable[dict[str, Any], str])
assert_type(prompt | (model | parser), Runnable[dict[str, Any], str])

# Every kind of function.

assert_type(answer | length, Runnable[dict[str, Any], int])
assert_type(answer | alength, Runnable[dict[str, Any], int])
assert_type(answer | lengths, Runnable[dict[str, Any], int])
assert_type(answer | alengths, Runnable[dict[str, Any], int])
assert_type(answer | str.split, Runnable[dict[str, Any], list[str]])
assert_type(answer | length | str, Runnable[dict[str, Any], str])

# Steps made of functions.

counted = RunnableLambda(length)
assert_type(counted, RunnableLambda[str, int])
assert_type(RunnableLambda(alength), RunnableLambda[str, int])
configured: RunnableLambda[str, int] = RunnableLambda(awith_config)  # to mypy: of Any
assert_type(RunnableLambda(words), RunnableLambda[str, str])
assert_type(RunnableLambda(with_config), RunnableLambda[str, int])
assert_type(RunnableLambda(length, alength), RunnableLambda[str, int])
assert_type(RunnableGenerator(lengths), RunnableGenerator[str, int])
assert_type(RunnableGenerator(alengths), RunnableGenerator[str, int])
assert_type(answer | counted, Runnable[dict[str, Any], int])


@chain
def shout(text: str) -> str:
    return text.upper()


assert_type(shout, Runnable[str, str])
assert_type(answer | shout, Runnable[dict[str, Any], str])


@chain
async def shout_later(text: str) -> str:
    return text.upper()


@chain
def spell(text: str) -> Iterator[str]:
    yield from text


@chain
async def spell_later(text: str) -> AsyncIterator[str]:
    for letter in text:
        yield letter


@chain
def choose(text: str) -> Runnable[str, int]:
    return RunnableLambda(length)


@chain
def count_with(text: str, config: RunnableConfig) -> int:
    return len(text) + len(config)


assert_type(shout_later, Runnable[str, str])
assert_type(spell, Runnable[str, str])
assert_type(spell_later, Runnable[str, str])
assert_type(choose, Runnable[str, int])
assert_type(count_with, Runnable[str, int])
assert_type(answer | shout_later | spell | choose, Runnable[dict[str, Any], int])

# Dicts.

both: RunnableParallel[str] = RunnableParallel(text=shout, length=length)
assert_type(answer | both, Runnable[dict[str, Any], dict[str, Any]])
assert_type(answer | {"text": shout, "length": length}, Runnable[dict[str, Any], dict[str, Any]])
assert_type({"question": shout} | prompt, Runnable[Any, ChatPromptValue])
assert_type({"question": shout} | answer, Runnable[Any, str])
assert_type(answer.pick("text"), Runnable[dict[str, Any], Any])
assert_type(both.assign(words=words), Runnable[str, dict[str, Any]])
assert_type(both.pick(["text"]), Runnable[str, Any])
assert_type(RunnablePassthrough.assign(words=words), RunnableAssign)
assert_type(both | RunnablePick("text"), Runnable[str, Any])
assert_type(answer | RunnablePassthrough[str](), Runnable[dict[str, Any], str])

# Functions over messages: with messages a list, without them a step.

recent = trim_messages(max_tokens=20, token_counter="approximate")
assert_type(recent.invoke(["why?"]), list[BaseMessage])
assert_type(trim_messages(["why?"], max_tokens=20, token_counter=len), list[BaseMessage])
assert_type(filter_messages([("ai", "so")], include_types=[AIMessage]), list[BaseMessage])
assert_type(merge_message_runs(prompt.invoke({})), list[BaseMessage])
assert_type(prompt | recent, Runnable[dict[str, Any], list[BaseMessage]])
assert_type(prompt | recent | model | parser, Runnable[dict[str, Any], str])
assert_type(
    prompt | recent | filter_messages(exclude_types="tool") | merge_message_runs() | model,
    Runnable[dict[str, Any], AIMessage],
)

# Messages and parts of prompts add up to prompts, chunks to chunks.

assert_type(SystemMessage("Be brief.") + HumanMessage("Why?") + "{question}", ChatPromptTemplate)
assert_type(HumanMessagePromptTemplate.from_template("{question}") + "So?", ChatPromptTemplate)
assert_type(
    (SystemMessage("Be brief.") + "{question}") | model, Runnable[dict[str, Any], AIMessage]
)
assert_type(AIMessageChunk("so") + AIMessageChunk("far"), AIMessageChunk)

# Choices, second tries, settings.

branch: RunnableBranch[str, str] = RunnableBranch((is_long, shout), shout)
assert_type(answer | branch, Runnable[dict[str, Any], str])
assert_type(answer.with_retry(stop_after_attempt=2), Runnable[dict[str, Any], str])
assert_type(
    answer.with_retry(retry_if_exception_type=(OSError,)) | length, Runnable[dict[str, Any], int]
)
assert_type(answer.with_fallbacks([answer]) | length, Runnable[dict[str, Any], int])
assert_type(answer.with_fallbacks([answer]).invoke({}), str)
assert_type(answer.map(), Runnable[Sequence[dict[str, Any]], list[str]])
assert_type(answer.map().invoke([{}]), list[str])
assert_type(answer.bind(stop=["."]), Runnable[dict[str, Any], str])
assert_type(answer.with_config(tags=["mine"]), Runnable[dict[str, Any], str])
assert_type(answer.with_config({"run_name": "mine"}).invoke({}), str)
assert_type(answer.pipe(length), Runnable[dict[str, Any], Any])
assert_type(coerce_to_runnable(length), Runnable[Any, Any])

# Calls.

assert_type(prompt.invoke({"question": "why?"}), ChatPromptValue)
assert_type(model.invoke("why?"), AIMessage)
assert_type(model.invoke([("human", "why?")]), AIMessage)
assert_type(answer.invoke({"question": "why?"}), str)
assert_type(answer.batch([{}]), list[str])
assert_type(answer.batch([{}], return_exceptions=False), list[str])
assert_type(answer.batch([{}], return_exceptions=True), list[str | Exception])
assert_type(answer.stream({}), Generator[str, None, None])
assert_type(answer.transform([{}]), Generator[str, None, None])

for chunk in model.stream("why?"):
    assert_type(chunk, AIMessage)


async def calls(questions: AsyncIterator[dict[str, Any]]) -> None:
    assert_type(await model.ainvoke("why?"), AIMessage)
    assert_type(await answer.ainvoke({}), str)
    assert_type(await answer.abatch([{}]), list[str])
    assert_type(await answer.abatch([{}], return_exceptions=True), list[str | Exception])
    assert_type(answer.atransform(questions), AsyncGenerator[str, None])
    async for chunk in answer.astream({}):
        assert_type(chunk, str)
    async for message in model.astream("why?"):
        assert_type(message, AIMessage)
    async for event in answer.astream_events({}, version="v2"):
        takes_event(event)
        assert_type(event["name"], str)
    for event in answer.stream_events({}):
        takes_event(event)


def takes_event(event: StreamEvent) -> None:
    assert_type(event["run_id"], str)
    if event["event"] == "on_chat_model_stream":
        assert_type(event["data"]["chunk"], AIMessageChunk)
    elif event["event"] == "on_chat_model_end":
        assert_type(event["data"]["output"], AIMessage)
    elif event["event"] == "on_prompt_end":
        assert_type(event["data"]["output"], PromptValue)
    elif event["event"] == "on_chain_stream":
        assert_type(event, ChunkEvent)
        assert_type(event["data"]["chunk"], Any)
    elif event["event"] == "on_tool_end":
        assert_type(event, EndEvent)
    elif event["event"] == "on_parser_error":
        assert_type(event["data"]["error"], BaseException)
    elif event["event"] == "on_custom_event":
        assert_type(event, CustomStreamEvent)


# Answers that are values.


class Song(BaseModel):
    title: str


def title(song: Song) -> str:
    return song.title


class SongDict(TypedDict):
    title: str


def context(d: dict[str, Any]) -> str:
    return str(d)


assert_type(
    RunnablePassthrough.assign(context=context) | prompt | model | parser,
    Runnable[dict[str, Any], str],
)
assert_type(
    {"context": context, "nested": {"a": context, "b": RunnablePassthrough()}} | prompt | model,
    Runnable[Any, AIMessage],
)
assert_type({"question": itemgetter("q")} | prompt | model | parser, Runnable[Any, str])

# What a step says nothing of is Any, and needs no annotation.
of_keys = RunnableParallel(question=length) | prompt
as_it_is = RunnablePassthrough() | prompt
one_of_two = RunnableBranch((str.isdigit, length), length) | RunnableLambda(abs)
assert_type(as_it_is | model | parser, Runnable[Any, str])
assert_type(of_keys | model | parser, Runnable[Any, str])
passed_on: Runnable[str, int] = RunnableLambda(length) | RunnablePassthrough()

assert_type(itemgetter("q") | answer, Runnable[Any, str])
assert_type(
    prompt.partial(context="so") | model.bind(stop=["."]), Runnable[dict[str, Any], AIMessage]
)


def structured(model: GenericFakeChatModel, schema: dict[str, Any]) -> None:
    assert_type(model.with_structured_output(Song), Runnable[LanguageModelInput, Song])
    songs = prompt | model.with_structured_output(Song)
    assert_type(songs, Runnable[dict[str, Any], Song])
    assert_type(songs | title, Runnable[dict[str, Any], str])
    assert_type(model.with_structured_output(SongDict), Runnable[LanguageModelInput, SongDict])
    assert_type(model.with_structured_output(schema), Runnable[LanguageModelInput, dict[str, Any]])
    assert_type(
        model.with_structured_output(Song, include_raw=True),
        Runnable[LanguageModelInput, dict[str, Any]],
    )
