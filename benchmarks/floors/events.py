"""W3 by hand: the two generators of W2 note what they do in a list, emptied after each token.

Per token: the work of W2 and three event dicts of seven keys (model, parser, chain), handed out
inline: no queue, no task. Both renderings of the events (v1, v2) are this same work.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any

from ..cases import case
from ..material import VALUES
from .invoke import prompt
from .objects import Message
from .stream import atokens

Event = dict[str, Any]
_ids = count()


class Observed:
    """One step of a run that reports: knows its name, its id and its ancestors."""

    __slots__ = ("kind", "name", "parent_ids", "pending", "run_id", "tags")

    def __init__(
        self, kind: str, name: str, pending: list[Event], parent: Observed | None, tags: list[str]
    ) -> None:
        self.kind = kind
        self.name = name
        self.run_id = f"run-{next(_ids)}"
        self.parent_ids: list[str] = [] if parent is None else [*parent.parent_ids, parent.run_id]
        self.pending = pending
        self.tags = tags

    def note(self, what: str, data: dict[str, Any]) -> None:
        self.pending.append(
            {
                "event": f"on_{self.kind}_{what}",
                "name": self.name,
                "run_id": self.run_id,
                "parent_ids": self.parent_ids,
                "tags": self.tags,
                "metadata": {},
                "data": data,
            }
        )


async def observed_tokens(chunks: AsyncIterator[Message], run: Observed) -> AsyncIterator[Message]:
    parts = []
    async for chunk in chunks:
        parts.append(chunk.content)
        run.note("stream", {"chunk": chunk})
        yield chunk
    run.note("end", {"output": Message(role="ai", content="".join(parts), id="run-1")})


async def observed_texts(chunks: AsyncIterator[Message], run: Observed) -> AsyncIterator[str]:
    parts: list[str] = []
    async for chunk in chunks:
        if not parts:
            run.note("start", {})
        text = chunk.content
        parts.append(text)
        run.note("stream", {"chunk": text})
        yield text
    run.note("end", {"output": "".join(parts)})


async def program(
    values: dict[str, str],
    size: int,
    source: Callable[[list[Message], int], AsyncIterator[Message]] = atokens,
) -> AsyncIterator[Event]:
    pending: list[Event] = []
    chain = Observed("chain", "chain", pending, None, [])
    chain.note("start", {"input": values})
    asked = Observed("prompt", "prompt", pending, chain, ["seq:step:1"])
    asked.note("start", {"input": values})
    messages = prompt(values)
    asked.note("end", {"input": values, "output": messages})
    model = Observed("chat_model", "model", pending, chain, ["seq:step:2"])
    model.note("start", {"input": messages})
    parser = Observed("parser", "parser", pending, chain, ["seq:step:3"])
    parts: list[str] = []
    async for text in observed_texts(observed_tokens(source(messages, size), model), parser):
        parts.append(text)
        chain.note("stream", {"chunk": text})
        for event in pending:
            yield event
        pending.clear()
    chain.note("end", {"output": "".join(parts)})
    for event in pending:
        yield event


@case("events.v2")
def events_v2(size: int) -> Callable[[], Awaitable[int]]:
    async def run() -> int:
        seen = 0
        async for _ in program(VALUES, size):
            seen += 1
        return seen

    return run


case("events.v1")(events_v2)
