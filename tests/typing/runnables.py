"""What runnables give besides calls, and the types of it. Read by the type checkers, never run."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from typing import Any, assert_type

from pydantic import BaseModel

from levada.chat_models import GenericFakeChatModel
from levada.history import InMemoryChatMessageHistory, RunnableWithMessageHistory
from levada.messages import AIMessage
from levada.parsers import StrOutputParser
from levada.prompts import ChatPromptTemplate
from levada.runnables import (
    ConfigurableField,
    ConfigurableFieldSpec,
    Graph,
    Runnable,
    RunnableBranch,
    RunnableConfig,
    RunnableEach,
    RunnableLambda,
    RunnableRetry,
    RunnableWithConcurrency,
    RunnableWithFallbacks,
    RunnableWithHedge,
    RunnableWithTimeout,
    ensure_config,
)

prompt = ChatPromptTemplate([("human", "{question}")])
model = GenericFakeChatModel(messages=iter(["answer"]))
answer = prompt | model | StrOutputParser()


def length(text: str) -> int:
    return len(text)


count = RunnableLambda(length)

# Results as they are done, and progress.


def told(done: int, total: int | None) -> None:
    print(done, total)


assert_type(count.batch_as_completed(["a"]), Generator[tuple[int, int], None, None])
assert_type(
    count.batch_as_completed(["a"], return_exceptions=True),
    Generator[tuple[int, int | Exception], None, None],
)
assert_type(count.abatch_as_completed(["a"]), AsyncGenerator[tuple[int, int], None])
assert_type(count.batch(["a"], progress=True), list[int])
assert_type(count.batch(["a"], progress=told), list[int])
assert_type(count.batch(["a"], return_exceptions=True, progress=told), list[int | Exception])

# Time, hedges, limits: each is a step of the same types.

assert_type(answer.with_timeout(30), RunnableWithTimeout[dict[str, Any], str])
assert_type(answer.with_timeout(first_chunk=5) | length, Runnable[dict[str, Any], int])
assert_type(answer.with_hedge(after=1.5), RunnableWithHedge[dict[str, Any], str])
assert_type(answer.with_hedge(after=1) | count, Runnable[dict[str, Any], int])
assert_type(model.with_concurrency(4).invoke("why?"), AIMessage)
assert_type(count.with_concurrency(4), RunnableWithConcurrency[str, int])
assert_type(
    answer.with_timeout(30).with_retry().with_fallbacks([answer.with_hedge(after=1)]),
    RunnableWithFallbacks[dict[str, Any], str],
)

# Configuration.

warm = model.configurable_fields(messages=ConfigurableField(id="answers"))
assert_type(warm.invoke("why?"), AIMessage)
assert_type((warm | StrOutputParser() | length).invoke("why?"), int)
choice = count.configurable_alternatives(ConfigurableField("how"), twice=count)
assert_type(choice.invoke("a"), int)
assert_type(choice.with_config(configurable={"how": "twice"}).invoke("a"), int)
assert_type(answer.config_specs, list[ConfigurableFieldSpec])
assert_type(ensure_config(), RunnableConfig)

# Schemas and graphs.

assert_type(answer.input_schema, type[BaseModel])
assert_type(answer.get_output_schema({"tags": ["t"]}), type[BaseModel])
assert_type(answer.get_input_jsonschema(), dict[str, Any])
assert_type(answer.config_schema(include=["tags"]), type[BaseModel])
assert_type(answer.get_graph(), Graph)
assert_type(answer.get_graph().draw_mermaid(), str)

untyped = RunnableLambda[Any, Any](print)
assert_type(untyped.with_types(input_type=str), Runnable[str, Any])
assert_type(untyped.with_types(output_type=int), Runnable[Any, int])
assert_type(untyped.with_types(input_type=str, output_type=int), Runnable[str, int])
assert_type(
    untyped.with_types(output_type=int) | count.with_types(input_type=int), Runnable[Any, int]
)

# Steps that are made by their classes.

assert_type(RunnableEach(bound=count), RunnableEach[str, int])
assert_type(RunnableEach(bound=count).invoke(["a"]), list[int])
assert_type(count.map().map(), Runnable[Sequence[Sequence[str]], list[list[int]]])
assert_type(RunnableRetry(bound=count).invoke("a"), int)
assert_type(RunnableWithTimeout(bound=count, seconds=1).invoke("a"), int)
either: RunnableBranch[str, int] = RunnableBranch((str.isdigit, count), count)
assert_type(either.stream("a"), Generator[int, None, None])

# Histories.

remembering = RunnableWithMessageHistory(model, InMemoryChatMessageHistory)
assert_type(remembering.get_session_history("s").messages[0].text, str)


async def calls() -> None:
    async for i, number in count.abatch_as_completed(["a"]):
        assert_type(i, int)
        assert_type(number, int)
    assert_type(await count.with_timeout(1).ainvoke("a"), int)
    assert_type(await answer.with_hedge(after=1).abatch([{}]), list[str])
    async for chunk in answer.with_concurrency(2).astream({}):
        assert_type(chunk, str)
