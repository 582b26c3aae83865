"""Lines that both type checkers must reject: an ignore that is not needed is an error."""

# pyright: reportUnusedExpression=false

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from pydantic import BaseModel

from levada.chat_models import GenericFakeChatModel
from levada.messages import AIMessageChunk, trim_messages
from levada.parsers import (
    CommaSeparatedListOutputParser,
    EnumOutputParser,
    OutputFixingParser,
    PydanticOutputParser,
    StrOutputParser,
    TypeAdapterOutputParser,
)
from levada.prompts import ChatPromptTemplate
from levada.runnables import (
    Runnable,
    RunnableConfig,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePick,
)

prompt = ChatPromptTemplate([("human", "{question}")])
model = GenericFakeChatModel(messages=iter(["answer"]))
parser = StrOutputParser()
answer = prompt | model | parser


class Film(BaseModel):
    title: str


def double(number: int) -> int:
    return 2 * number


async def adouble(number: int) -> int:
    return 2 * number


async def numbers(chunks: AsyncIterator[int]) -> AsyncIterator[int]:
    async for chunk in chunks:
        yield chunk


doubled = RunnableLambda(double)

# Ends that do not fit.

parser | model | double  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
prompt | parser  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
model | prompt  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
answer | double  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
answer | adouble  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
answer | doubled  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
answer | numbers  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
doubled | str.upper  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]

trim_messages(max_tokens=1, token_counter="approximate") | doubled  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]

# Options that are not there, or missing; sums that are none.

trim_messages(["why?"], max_tokens=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
trim_messages(max_token=1, token_counter=len)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
AIMessageChunk("so") + "far"  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]

# No steps.

answer | None  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
answer | 3  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
answer | "text"  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
None | answer  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
answer.pipe(None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
RunnableLambda(3)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
RunnableGenerator(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
RunnableParallel(["a", "b"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
RunnableParallel(a=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
RunnablePick(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# Inputs of another type.

answer.invoke("why?")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
answer.batch({"question": "why?"})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
answer.stream(["why?"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
doubled.invoke("2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
doubled.batch(["2"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
doubled.transform(["2"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
model.invoke(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
parser.invoke(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# Arguments of another type.

answer.astream_events({}, version="v3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
answer.astream_events({}, include_types=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
answer.with_retry(stop_after_attempt="2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
answer.with_retry(retry_if_exception_type=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
answer.with_fallbacks([doubled])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
answer.with_fallbacks(answer)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
answer.pick(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
answer.invoke({}, {"max_concurency": 2})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
answer.invoke({}, {"max_concurrency": "2"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
answer.invoke({}, ["tag"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
config: RunnableConfig = {"run_nam": "mine"}  # type: ignore[typeddict-unknown-key]  # pyright: ignore[reportAssignmentType]

# Outputs that are taken for something else.

number: int = answer.invoke({})  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
texts: list[str] = answer.batch([{}], return_exceptions=True)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
other: Runnable[dict[str, Any], int] = answer  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]

# What came later: results as they are done, time, configuration, schemas.

doubled.batch_as_completed(["2"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
doubled.batch([2], progress="bar")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
doubled.with_timeout("30")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
doubled.with_timeout(30, 5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
doubled.with_hedge(1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
doubled.with_concurrency("4")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
doubled.with_concurrency(4).invoke("2")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
answer | doubled.with_timeout(1)  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
answer | doubled.with_hedge(after=1)  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
doubled.configurable_alternatives("which")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
model.configurable_fields(messages="answers")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
doubled.with_types(output_type=str) | double  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
answer.get_graph().draw_mermaid(curve_style="basis")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# Parsers whose values are something else.

model | PydanticOutputParser(pydantic_object=Film) | str.upper  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
model | TypeAdapterOutputParser(list[Film]) | str.upper  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
prompt | CommaSeparatedListOutputParser()  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
PydanticOutputParser(pydantic_object=int)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
EnumOutputParser(enum=Film)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
TypeAdapterOutputParser(Film).parse(b"{}")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
OutputFixingParser.from_llm(model, prompt)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
