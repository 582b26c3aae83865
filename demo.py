"""What `levada demo` shows: a real model in this process, streamed in four ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio

from .chat_models import BaseChatModel
from .console import ashow
from .parsers import StrOutputParser
from .prompts import ChatPromptTemplate
from .runnables import Runnable, aclose

__all__ = ["run_demo"]

SONG = "Write me a 1 verse song about goldfish on the moon"
EVENTS_SHOWN = 4


def run_demo(chat: BaseChatModel, write: Callable[[str], object]) -> None:
    """Run the four parts in turn.

    Args:
        chat: The model.
        write: Writes a piece of text at once, without ending the line.
    """
    chain = (
        ChatPromptTemplate.from_messages(
            [("system", "You are a {style} poet."), ("human", "{request}")]
        )
        | chat
        | StrOutputParser()
    )
    _tokens(chat, write)
    anyio.run(_tokens_async, chat, write)
    anyio.run(_first_events, chat, write)
    _chain(chain, write)
    anyio.run(_live_view, chain, write)


def _heading(write: Callable[[str], object], number: int, title: str, *code: str) -> None:
    write(f"\n{number}. {title}\n\n")
    for line in code:
        write(f"    {line}\n")
    write("\n")


def _tokens(chat: BaseChatModel, write: Callable[[str], object]) -> None:
    _heading(
        write,
        1,
        "Tokens, as the model makes them",
        f'for chunk in chat.stream("{SONG}"):',
        '    print(chunk.content, end="|", flush=True)',
    )
    for chunk in chat.stream(SONG):
        write(f"{chunk.content}|")
    write("\n")


async def _tokens_async(chat: BaseChatModel, write: Callable[[str], object]) -> None:
    _heading(
        write,
        2,
        "The same, asynchronously",
        f'async for chunk in chat.astream("{SONG}"):',
        '    print(chunk.content, end="|", flush=True)',
    )
    async for chunk in chat.astream(SONG):
        write(f"{chunk.content}|")
    write("\n")


async def _first_events(chat: BaseChatModel, write: Callable[[str], object]) -> None:
    _heading(
        write,
        3,
        "The events of the model; closing their stream stops it",
        f'async for event in chat.astream_events("{SONG}", version="v1"):',
        "    print(event)",
    )
    events = chat.astream_events(SONG, version="v1")
    shown = 0
    async for event in events:
        write(f"{event}\n")
        shown += 1
        if shown == EVENTS_SHOWN:
            write("... (truncated: the stream is closed here, and the model stops)\n")
            break
    await aclose(events)


def _chain(chain: Runnable[dict[str, Any], str], write: Callable[[str], object]) -> None:
    _heading(
        write,
        4,
        "A chain: prompt | model | parser",
        "chain = prompt | chat | StrOutputParser()",
        f'for text in chain.stream({{"style": "cheerful", "request": "{SONG}"}}):',
        '    print(text, end="|", flush=True)',
    )
    for text in chain.stream({"style": "cheerful", "request": SONG}):
        write(f"{text}|")
    write("\n")


async def _live_view(chain: Runnable[dict[str, Any], str], write: Callable[[str], object]) -> None:
    write("\nand every step of it, live, by its events:\n\n")
    write('    async for event in chain.astream_events(..., version="v2"): ...\n\n')
    await ashow(chain, {"style": "melancholic", "request": SONG})
