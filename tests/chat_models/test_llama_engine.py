"""The engine on the real model: what it streams, how it stops, and what it refuses."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, closing
from itertools import islice
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from levada.chat_models._llama_engine import LlamaEngine, get_engine
from levada.errors import ContextLengthError, MissingExtraError, ModelError, WeightsError


def ask(text: str = "Count from one to ten.", **options: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], "temperature": 0, **options}


LONG = ask("Tell me a very long story.", max_tokens=400, ignore_eos=True)
SLOW_TO_READ = ask(" ".join(["word"] * 400), max_tokens=1)


def text_of(chunks: list[dict[str, Any]]) -> str:
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "levada-llama"]


def counted(engine: LlamaEngine, what: str) -> int:
    """Give how many tokens the model has computed in its life: `predicted` or `prompt`."""
    name = {"predicted": "tokens_predicted_total", "prompt": "prompt_tokens_total"}[what]
    line = re.search(rf"^llamacpp:{name} (\d+)", str(engine._server.handle_metrics()), re.M)
    assert line
    return int(line[1])


async def aread(stream: AsyncGenerator[Any, None], count: int | None = None) -> list[Any]:
    taken: list[Any] = []
    async with aclosing(stream):
        async for chunk in stream:
            taken.append(chunk)
            if len(taken) == count:
                break
    return taken


@pytest.fixture
def read(how: str) -> Callable[..., list[Any]]:
    """Give the chunks of a request, all or the first few and then close; in sync and async."""

    def chunks(engine: LlamaEngine, request: dict[str, Any], count: int | None = None) -> list[Any]:
        if how == "sync":
            with closing(engine.stream(request)) as stream:
                return list(islice(stream, count))

        async def main() -> list[Any]:
            return await aread(engine.astream(request), count)

        return anyio.run(main, backend=how)

    return chunks


# What is streamed.


def test_a_stream_is_text_then_the_reason_it_ended_then_usage(
    engine: LlamaEngine, read: Callable[..., list[Any]]
) -> None:
    *chunks, reason, usage = read(engine, ask(max_tokens=6))
    assert text_of(chunks) == text_of(list(engine.stream(ask(max_tokens=6))))
    assert text_of(chunks)
    assert reason["choices"][0]["finish_reason"] == "length"
    assert usage["usage"]["completion_tokens"] == 6
    assert not threads()


def test_a_model_is_named_after_its_file(engine: LlamaEngine) -> None:
    assert next(engine.stream(ask(max_tokens=1)))["model"] == "SmolLM2-135M-Instruct.Q4_1"


def test_a_reader_that_comes_late_gets_every_chunk(engine: LlamaEngine) -> None:
    stream = engine.stream(ask(max_tokens=20))
    first = next(stream)
    for thread in threading.enumerate():
        if thread.name == "levada-llama":
            thread.join()  # the model has said everything
    assert text_of([first, *stream]) == text_of(list(engine.stream(ask(max_tokens=20))))


def test_streams_of_one_slot_can_be_read_by_turns(engine: LlamaEngine) -> None:
    one, two = ask(max_tokens=4), ask("Name a colour.", max_tokens=4)
    pairs = list(zip(engine.stream(one), engine.stream(two), strict=False))
    assert text_of([pair[0] for pair in pairs]) == text_of(list(engine.stream(one)))
    assert not threads()


@pytest.mark.anyio
async def test_as_many_streams_run_at_once_as_there_are_slots(
    model_path: Path, engine: LlamaEngine
) -> None:
    four = get_engine(model_path, n_ctx=256, n_parallel=4)
    texts: list[str] = []
    most = 0

    async def one() -> None:
        nonlocal most
        chunks = []
        async with aclosing(four.astream(ask(max_tokens=4))) as stream:
            async for chunk in stream:
                chunks.append(chunk)
                most = max(most, len(four._running))
        texts.append(text_of(chunks))

    async with anyio.create_task_group() as group:
        for _ in range(6):
            group.start_soon(one)
    assert texts == [text_of(list(engine.stream(ask(max_tokens=4))))] * 6
    assert most == 4
    assert not threads()


# How it stops.


def test_closing_a_stream_stops_the_model(
    engine: LlamaEngine, read: Callable[..., list[Any]]
) -> None:
    before = counted(engine, "predicted")
    assert len(read(engine, LONG, count=3)) == 3
    assert not threads()
    assert text_of(read(engine, ask(max_tokens=2)))
    assert counted(engine, "predicted") - before < 100


def test_a_stream_that_is_never_read_starts_nothing(engine: LlamaEngine) -> None:
    engine.stream(LONG).close()
    assert not threads()


@pytest.mark.anyio
async def test_cancelling_while_tokens_come_stops_the_model(engine: LlamaEngine) -> None:
    before = counted(engine, "predicted")
    with anyio.CancelScope() as scope:
        async with aclosing(engine.astream(LONG)) as stream:
            async for _ in stream:
                scope.cancel()
    assert scope.cancelled_caught
    assert not threads()
    assert text_of(await aread(engine.astream(ask(max_tokens=2))))
    assert counted(engine, "predicted") - before < 100


@pytest.mark.anyio
async def test_cancelling_while_the_prompt_is_read_stops_the_model(engine: LlamaEngine) -> None:
    await aread(engine.astream(ask(max_tokens=1)))
    before = counted(engine, "prompt")
    with anyio.move_on_after(0.02) as scope:
        await aread(engine.astream(SLOW_TO_READ))
    assert scope.cancelled_caught
    assert not threads()
    assert text_of(await aread(engine.astream(ask(max_tokens=1))))
    assert counted(engine, "prompt") - before < 400


@pytest.mark.anyio
async def test_a_stream_that_waits_for_its_turn_can_be_cancelled(engine: LlamaEngine) -> None:
    async with aclosing(engine.astream(LONG)) as first:
        await anext(first)
        with anyio.move_on_after(0.02) as scope:
            await aread(engine.astream(ask(max_tokens=1)))
        assert scope.cancelled_caught
        assert len(threads()) == 1
    assert not threads()


def test_leaving_the_event_loop_stops_the_model(engine: LlamaEngine) -> None:
    async def main() -> AsyncGenerator[Any, None]:
        stream = engine.astream(LONG)
        await anext(stream)
        return stream  # kept: it is the loop that closes it

    stream = anyio.run(main)
    assert not threads()
    assert stream.ag_frame is None


@pytest.mark.anyio
async def test_the_event_loop_is_free_while_the_model_works(engine: LlamaEngine) -> None:
    turns = 0

    async def spin() -> None:
        nonlocal turns
        while True:
            await anyio.sleep(0.001)
            turns += 1

    async with anyio.create_task_group() as group:
        group.start_soon(spin)
        await aread(engine.astream(ask(max_tokens=12)))
        group.cancel_scope.cancel()
    assert turns > 12


def test_an_engine_that_is_left_stops_all_and_takes_no_more(model_path: Path) -> None:
    leaving = LlamaEngine(model_path, n_ctx=256)
    stream = leaving.stream(LONG)
    next(stream)
    leaving._leave()
    assert not threads()
    stream.close()
    with pytest.raises(ModelError, match=r"the program is ending"):
        next(leaving.stream(LONG))


@pytest.mark.skipif(sys.maxsize < 1 << 60, reason="no stack is too large for the address space")
def test_a_call_without_a_thread_fails(engine: LlamaEngine, read: Callable[..., list[Any]]) -> None:
    usual = threading.stack_size(1 << 46)
    try:
        with pytest.raises(ModelError, match=r"cannot answer: can't start new thread"):
            read(engine, ask())
    finally:
        threading.stack_size(usual)
    assert read(engine, ask(max_tokens=1))


ENDINGS = {
    "a stream is half read": "kept = engine.stream(LONG); next(kept)",
    "an async stream is half read": (
        "async def main():\n"
        "    globals()['kept'] = engine.astream(LONG); await anext(kept)\n"
        "    raise SystemExit\n"
        "anyio.run(main)"
    ),
    "a daemon reads": (
        "begun = threading.Event()\n"
        "def read():\n"
        "    for _ in engine.stream(LONG): begun.set()\n"
        "threading.Thread(target=read, daemon=True).start(); begun.wait()"
    ),
    "one waits for its turn": (
        "one, two = engine.stream(LONG), engine.stream(LONG); next(one)\n"
        "threading.Thread(target=next, args=(two,), daemon=True).start()"
    ),
}


def program(model_path: Path, body: str) -> subprocess.CompletedProcess[str]:
    head = (
        "import anyio, os, signal, threading\n"
        "from levada.chat_models._llama_engine import LlamaEngine\n"
        f"LONG = {LONG!r}\n"
        f"engine = LlamaEngine({str(model_path)!r}, n_ctx=256)\n"
    )
    command = [sys.executable, "-c", head + body]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.timeout(90)
@pytest.mark.parametrize("body", ENDINGS.values(), ids=ENDINGS)
def test_a_program_can_end_while(body: str, model_path: Path) -> None:
    ended = program(model_path, body)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.timeout(90)
@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_an_interrupt_from_the_keyboard_ends_a_stream(model_path: Path) -> None:
    body = (
        # In the background of a shell it is ignored, and Python installs no handler for it.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "for _ in engine.stream(LONG): os.kill(os.getpid(), signal.SIGINT)"
    )
    assert program(model_path, body).returncode == -signal.SIGINT


@pytest.mark.timeout(90)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_gets_an_error_and_does_not_hang(model_path: Path) -> None:
    body = (
        "import warnings; warnings.simplefilter('ignore')\n"
        "if child := os.fork():\n"
        "    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])\n"
        "    next(engine.stream(LONG))\n"
        "    raise SystemExit(status)\n"
        "for attempt in (lambda: next(engine.stream(LONG)),\n"
        f"                lambda: LlamaEngine({str(model_path)!r}, n_ctx=512)):\n"
        "    try: attempt()\n"
        "    except Exception as exc: print(type(exc).__name__, exc, flush=True)\n"
        "os._exit(7)"
    )
    ended = program(model_path, body)
    assert ended.returncode == 7, ended.stderr
    assert ended.stdout.count("ModelError this process was forked") == 2


# What is shared.


def test_one_engine_is_shared_by_those_who_want_the_same(
    engine: LlamaEngine, model_path: Path
) -> None:
    assert get_engine(str(model_path), n_ctx=512) is engine
    other = weakref.ref(get_engine(model_path, n_ctx=256))
    assert other() is None


# What is refused.


def test_a_prompt_longer_than_the_context_says_both_lengths(
    engine: LlamaEngine, read: Callable[..., list[Any]]
) -> None:
    with pytest.raises(
        ContextLengthError,
        match=r"1231 tokens and the context holds 512.*ChatLlamaCpp\(n_ctx=2048\)",
    ):
        read(engine, ask("word " * 1200))


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"messages": [{"role": "user", "content": "Hi"}], "temperature": "hot"}, "temperature"),
        ({}, "'messages' is required"),
        ({"messages": [{"content": "Hi"}]}, "Missing 'role'"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_in_the_words_of_the_server(
    engine: LlamaEngine, request_: dict[str, Any], words: str
) -> None:
    with pytest.raises(ModelError, match=f"llama.cpp refuses the request: .*{words}"):
        list(engine.stream(request_))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.gguf"
    with pytest.raises(
        WeightsError, match=r"none\.gguf.* cannot be read: No such file.*model_path="
    ):
        LlamaEngine(path, n_ctx=256)


def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(WeightsError, match=r"not a GGUF file: it begins with b'PK"):
        LlamaEngine(path, n_ctx=256)


def test_a_damaged_file_is_refused(tmp_path: Path, model_path: Path) -> None:
    path = tmp_path / "model.gguf"
    with open(model_path, "rb") as whole:
        path.write_bytes(whole.read(1 << 20))
    with pytest.raises(WeightsError, match=r"cannot load .*model.gguf': the file is damaged, of"):
        LlamaEngine(path, n_ctx=256)


def test_without_xllamacpp_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF")
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'levada\[local\]'"):
        LlamaEngine(path, n_ctx=256)
