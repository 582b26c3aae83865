"""What levada costs over a provider's own SDK: `python -m benchmarks.wire`, from the checkout.

The scripted server of the tests plays one stream of 2,000 tokens, each in a packet of its own, from
a process of its own. The SDK alone reads the text of it; levada reads it as chunks of a message,
and as the text that a chain gives. All take turns, and a ratio is that of one turn; see
docs/performance.md. What counts is CPU time, per token.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ollama
from anthropic import Anthropic, AsyncAnthropic
from google.genai import Client
from openai import AsyncOpenAI, OpenAI

from levada import (
    BaseChatModel,
    ChatAnthropic,
    ChatGoogle,
    ChatOllama,
    ChatOpenAI,
    ChatPromptTemplate,
    StrOutputParser,
)

TOKENS = 2_000
TURNS = 9
LIMIT = 1.10  # of the SDK alone
SUPPORT = Path(__file__).resolve().parent.parent / "tests" / "support"

# With a tool in the request, text comes in blocks.
TOOL = {"name": "look", "input_schema": {"type": "object"}}

Reader = Callable[[], int]
"""Reads one stream and says how many characters of text there were."""


def words() -> Iterator[str]:
    """Give what all of them say."""
    return (f" word{n}" for n in range(TOKENS))


def anthropic_answer() -> Any:
    """Give one answer of Anthropic's."""
    import anthropic_wire as wire  # noqa: PLC0415 - in the server's process only: see `serve`
    from scripted_server import sse  # noqa: PLC0415

    return sse(wire.started(), *wire.text(0, *words()), wire.stopped())


def anthropic_readers(url: str, loop: asyncio.Runner) -> dict[str, Reader]:
    """Give those that read it, the SDK alone first of each colour."""
    request: dict[str, Any] = {
        "model": "claude-x",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
    }
    client = Anthropic(base_url=url, api_key="none")
    aclient = AsyncAnthropic(base_url=url, api_key="none")
    chat = ChatAnthropic(model="claude-x", base_url=url, api_key="none", max_tokens=100)

    def bare() -> int:
        count = 0
        for event in client.messages.create(**request):
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                count += len(event.delta.text)
        return count

    async def abare() -> int:
        count = 0
        async for event in await aclient.messages.create(**request):
            if event.type == "content_block_delta" and event.delta.type == "text_delta":
                count += len(event.delta.text)
        return count

    readers = readers_of(bare, abare, chat, loop)
    readers["sync: levada, blocks"] = lambda: sum(
        len(chunk.text) for chunk in chat.stream("Hi", tools=[TOOL])
    )
    return readers


def openai_answer() -> Any:
    """Give one answer of OpenAI's chat completions."""
    import openai_wire as wire  # noqa: PLC0415 - in the server's process only: see `serve`
    from scripted_server import sse  # noqa: PLC0415

    return sse(wire.BEGIN, *wire.words(*words()), *wire.finished())


def openai_readers(url: str, loop: asyncio.Runner) -> dict[str, Reader]:
    """Give those that read it, the SDK alone first of each colour."""
    request: dict[str, Any] = {
        "model": "gpt-x",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    client = OpenAI(base_url=url, api_key="none")
    aclient = AsyncOpenAI(base_url=url, api_key="none")
    chat = ChatOpenAI(model="gpt-x", base_url=url)

    def bare() -> int:
        count = 0
        for chunk in client.chat.completions.create(**request):
            if chunk.choices:
                count += len(chunk.choices[0].delta.content or "")
        return count

    async def abare() -> int:
        count = 0
        async for chunk in await aclient.chat.completions.create(**request):
            if chunk.choices:
                count += len(chunk.choices[0].delta.content or "")
        return count

    return readers_of(bare, abare, chat, loop)


def google_answer() -> Any:
    """Give one answer of Gemini's."""
    import google_wire as wire  # noqa: PLC0415 - in the server's process only: see `serve`

    pieces = [wire.piece(wire.text(word)) for word in words()]
    return wire.stream(*pieces, wire.piece(wire.text(""), reason="STOP"))


def google_readers(url: str, loop: asyncio.Runner) -> dict[str, Reader]:
    """Give those that read it, the SDK alone first of each colour."""
    request: dict[str, Any] = {"model": "gemini-x", "contents": "Hi"}
    client = Client(api_key="none", http_options={"base_url": url})
    chat = ChatGoogle(model="gemini-x", base_url=url, api_key="none")

    def bare() -> int:
        stream = client.models.generate_content_stream(**request)
        return sum(len(piece.text or "") for piece in stream)

    async def abare() -> int:
        stream = await client.aio.models.generate_content_stream(**request)
        return sum([len(piece.text or "") async for piece in stream])

    return readers_of(bare, abare, chat, loop)


def ollama_answer() -> Any:
    """Give one answer of Ollama's."""
    import ollama_wire as wire  # noqa: PLC0415 - in the server's process only: see `serve`

    return wire.lines(*(wire.said(word) for word in words()), wire.done())


def ollama_readers(url: str, loop: asyncio.Runner) -> dict[str, Reader]:
    """Give those that read it, the SDK alone first of each colour."""
    request: dict[str, Any] = {
        "model": "llama-x",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
    }
    client, aclient = ollama.Client(url), ollama.AsyncClient(url)
    chat = ChatOllama(model="llama-x", base_url=url)

    def bare() -> int:
        return sum(len(piece.message.content or "") for piece in client.chat(**request))

    async def abare() -> int:
        stream = await aclient.chat(**request)
        return sum([len(piece.message.content or "") async for piece in stream])

    return readers_of(bare, abare, chat, loop)


def readers_of(
    bare: Reader,
    abare: Callable[[], Coroutine[Any, Any, int]],
    chat: BaseChatModel,
    loop: asyncio.Runner,
) -> dict[str, Reader]:
    """Give the SDK alone, and levada as a model and as a chain, in each colour."""
    chain = ChatPromptTemplate.from_template("{what}") | chat | StrOutputParser()

    async def achat() -> int:
        return sum([len(chunk.text) async for chunk in chat.astream("Hi")])

    async def achain() -> int:
        return sum([len(text) async for text in chain.astream({"what": "Hi"})])

    return {
        "sync: SDK alone": bare,
        "sync: levada, model": lambda: sum(len(chunk.text) for chunk in chat.stream("Hi")),
        "sync: levada, chain": lambda: sum(map(len, chain.stream({"what": "Hi"}))),
        "async: SDK alone": lambda: loop.run(abare()),
        "async: levada, model": lambda: loop.run(achat()),
        "async: levada, chain": lambda: loop.run(achain()),
    }


CASES = {
    "anthropic": (anthropic_answer, anthropic_readers),
    "openai": (openai_answer, openai_readers),
    "google": (google_answer, google_readers),
    "ollama": (ollama_answer, ollama_readers),
}


def serve(name: str, address: Any) -> None:
    """Play the stream to whoever asks, until the other side of the pipe has gone."""
    sys.path.insert(0, str(SUPPORT))
    from scripted_server import ScriptedServer  # noqa: PLC0415 - found from here on

    with ScriptedServer() as server:
        server.always_answers(CASES[name][0]())
        address.send(server.url)
        address.poll(None)


@contextmanager
def server(name: str) -> Iterator[str]:
    """Give the address of a process that plays the stream."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=serve, args=(name, theirs), daemon=True)
    process.start()
    yield str(ours.recv())
    ours.send("enough")
    process.join()


def measure(readers: dict[str, Reader]) -> dict[str, list[float]]:
    """Give the CPU microseconds per token of each, turn by turn."""
    lengths = {name: read() for name, read in readers.items()}  # warms up, too
    assert len(set(lengths.values())) == 1, f"they do not read the same: {lengths}"
    took: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(TURNS):
        for name, read in readers.items():
            began = time.process_time()
            read()
            took[name].append((time.process_time() - began) / TOKENS * 1e6)
    return took


def main() -> int:
    slow = []
    for case, (_, make_readers) in CASES.items():
        with server(case) as url, asyncio.Runner() as loop:
            took = measure(make_readers(url, loop))
        print(f"{case}: {TOKENS:,} tokens, median of {TURNS} turns, CPU time")
        for name, times in took.items():
            alone = took[f"{name.split(':')[0]}: SDK alone"]
            ratio = statistics.median(a / b for a, b in zip(times, alone, strict=True))
            print(f"  {name:22} {statistics.median(times):6.1f} us/token  {ratio:5.2f}x")
            if ratio > LIMIT:
                slow.append(f"{case}, {name}: {ratio:.2f}x, allowed {LIMIT}x")
    for line in slow:
        print(line, file=sys.stderr)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
