"""Functions of every colour as steps, branches at the same time, and a fallback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from levada import GenericFakeChatModel, RunnableLambda, RunnablePassthrough, StrOutputParser


def shout(chunks: Iterator[str]) -> Iterator[str]:
    """Work on the text while it comes: a generator function is given the stream."""
    for chunk in chunks:
        yield chunk.upper()


def broken(question: str) -> str:
    """Fail, so that the fallback is tried."""
    raise ConnectionError("the model is not there")


answer = GenericFakeChatModel(messages=iter(["it is forty two"])) | StrOutputParser() | shout
safe = RunnableLambda(broken).with_fallbacks([answer])
chain: Any = {"question": RunnablePassthrough(), "answer": safe}

for chunk in (RunnableLambda(str.strip) | chain).stream("  what is it?  "):
    print(chunk)
