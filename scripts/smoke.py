"""Run one small chain every way, as a user does right after installing; silent if all is well."""

from __future__ import annotations

import asyncio
import sys
from importlib.metadata import version

import levada
from levada import AIMessage, ChatPromptTemplate, GenericFakeChatModel, StrOutputParser


async def main() -> None:
    prompt = ChatPromptTemplate.from_messages([("human", "Tell me about {topic}")])
    model = GenericFakeChatModel(messages=iter([AIMessage("Tides follow the moon")] * 4))
    chain = prompt | model | StrOutputParser()
    topic = {"topic": "tides"}
    answers = [
        chain.invoke(topic),
        "".join(chain.stream(topic)),
        await chain.ainvoke(topic),
        "".join([piece async for piece in chain.astream(topic)]),
    ]
    assert answers == ["Tides follow the moon"] * 4, answers
    assert version("levada") == levada.__version__
    extras = {"xllamacpp", "rich", "tqdm", "trio"} & set(sys.modules)
    assert not extras, f"imported without being asked for: {extras}"


if __name__ == "__main__":
    asyncio.run(main())
