"""A chain, run in every way: once, in a batch, streamed, and as events."""

from __future__ import annotations

import anyio

from levada import ChatPromptTemplate, GenericFakeChatModel, StrOutputParser

prompt = ChatPromptTemplate.from_messages(
    [("system", "You are a {style} poet."), ("human", "One line about {topic}.")]
)
# A fake that answers from a list; put ChatLlamaCpp() in its place for a real model.
model = GenericFakeChatModel(messages=iter(["The sea is deep."] * 5))
chain = prompt | model | StrOutputParser()

question = {"style": "terse", "topic": "the sea"}
print(chain.invoke(question))
print(chain.batch([question, question]))
print(*chain.stream(question), sep="|")


async def show_events() -> None:
    """Print what happens in the chain, as it happens."""
    async for event in chain.astream_events(question):
        print(event["event"], event["name"], event["data"])


anyio.run(show_events)
