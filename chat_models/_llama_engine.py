"""llama.cpp in this process: loading a model, running requests on it, and stopping them at once.

llama.cpp calls back with each chunk in the thread that made the request, so each running request
has a thread of its own. What the callback answers is the only way to stop it: true after a token,
or after a part of a long prompt. Source: xllamacpp 2026.10, `Server.handle_chat_completions`.
"""

from __future__ import annotations

import atexit
import importlib
import os
import secrets
import socket
import sys
import tempfile
import threading
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Protocol, TypeAlias
from weakref import WeakSet, WeakValueDictionary

import anyio

from ..errors import ContextLengthError, MissingExtraError, ModelError, WeightsError

__all__ = ["Chunk", "LlamaEngine", "check_model_file", "get_engine"]

Chunk: TypeAlias = dict[str, Any]
"""An event of OpenAI's streamed chat completions: `chat.completion.chunk`."""

_Item: TypeAlias = Chunk | BaseException | None  # None: there is nothing more to come

# How many tokens of a prompt are computed before a stop is noticed: more make it late, fewer slow.
_BATCH = 64

# A path longer than this, and the file name in it, is too long for the address of a unix socket.
_LONGEST_FOLDER = 80

_MODEL_FILE = 'Write the path of a GGUF file: ChatLlamaCpp(model_path="/path/to/model.gguf")'


class _Server(Protocol):
    """The part of `xllamacpp.Server` that is used here."""

    def handle_chat_completions(
        self, prompt: Mapping[str, Any], callback: Callable[[Chunk], bool], /
    ) -> object: ...

    def handle_metrics(self) -> object: ...


class LlamaEngine:
    """A loaded model. Runs `n_parallel` requests at once, each with `n_ctx` tokens of context.

    Further requests wait for their turn, in order. A model does not wait for who reads its answer:
    llama.cpp computes on and keeps what has not been read, one context's worth of tokens at most.

    Args:
        path: A GGUF file.
        n_ctx: How many tokens prompt and answer may have together.
        n_threads: The processors that compute. Two on a busy machine are far slower than one, for
            they wait for each other.
        n_parallel: How many requests run at once. On a CPU they share its speed.
        chat_template: A Jinja template in place of the one in the file.

    Raises:
        MissingExtraError: xllamacpp is not installed.
        WeightsError: The file is not there, is no GGUF file, or cannot be loaded.
        ModelError: The process was forked from one that had a model loaded.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        n_ctx: int,
        n_threads: int = 1,
        n_parallel: int = 1,
        chat_template: str | None = None,
    ) -> None:
        _refuse_after_fork()
        check_model_file(path)
        self._lock = threading.Lock()
        self._waiting: deque[_Call] = deque()
        self._running: set[_Call] = set()
        self._n_parallel = n_parallel
        self._server: _Server | None = _load(
            os.fspath(path), n_ctx, n_threads, n_parallel, chat_template
        )
        _alive.add(self)

    def stream(self, request: Mapping[str, Any]) -> Generator[Chunk, None, None]:
        """Run a request, an OpenAI chat completion. Closing the generator stops it.

        Raises:
            ContextLengthError: The prompt is longer than the context.
            ModelError: llama.cpp refuses the request, or fails.
        """
        queue: SimpleQueue[_Item] = SimpleQueue()
        call = self._begin(request, queue.put)
        try:
            while (item := queue.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            if self._stop(call):
                call.join()

    async def astream(self, request: Mapping[str, Any]) -> AsyncGenerator[Chunk, None]:
        """Run a request on asyncio or trio; no thread of anyio's is held while it waits."""
        mailbox = _Mailbox()
        call = self._begin(request, mailbox.put)
        item: _Item = {}
        try:
            while (item := await mailbox.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            if self._stop(call):
                with anyio.CancelScope(shield=True):
                    while item is not None:
                        item = await mailbox.get()
                call.join()  # says None as its last act: this takes microseconds
            mailbox.close()

    def _begin(self, request: Mapping[str, Any], put: Callable[[_Item], object]) -> _Call:
        _refuse_after_fork()
        call = _Call(request, put, self._work)
        with self._lock:
            if self._server is None:
                raise ModelError("the program is ending, and the model has been freed")
            self._waiting.append(call)
            self._start_waiting()
        return call

    def _start_waiting(self) -> None:
        """Start those whose turn it is; llama.cpp has a queue too, but one cannot leave it."""
        while self._waiting and len(self._running) < self._n_parallel:
            call = self._waiting.popleft()
            self._running.add(call)
            try:
                call.thread.start()
            except RuntimeError as exc:  # there can be no more threads
                self._running.discard(call)
                call.put(ModelError(f"the model cannot answer: {exc}"))
                call.put(None)

    def _work(self, call: _Call) -> None:
        assert self._server is not None  # see _leave: not before all calls have ended
        try:
            self._server.handle_chat_completions(call.request, call.on_chunk)
        except Exception as exc:  # noqa: BLE001 - raised where the answer is read
            call.put(ModelError(f"llama.cpp refuses the request: {exc}"))
        finally:
            with self._lock:
                self._running.discard(call)
                self._start_waiting()
            call.put(None)

    def _stop(self, call: _Call) -> bool:
        """Stop a call; give whether it has been started, so that its thread is to be waited for."""
        call.stopped = True
        with self._lock:
            if call not in self._waiting:
                return True
            self._waiting.remove(call)
            return False

    def _leave(self) -> None:
        """Stop everything and free the model, so that the process can end."""
        with self._lock:
            self._waiting.clear()
            running = list(self._running)
        for call in running:
            call.stopped = True
            call.put = _drop  # a reader that is left wakes no more, in the middle of the end
        for call in running:
            call.join()
        with self._lock:
            self._server = None


class _Call:
    """One request, and the thread that runs it."""

    __slots__ = ("put", "request", "stopped", "thread")

    def __init__(
        self,
        request: Mapping[str, Any],
        put: Callable[[_Item], object],
        work: Callable[[_Call], None],
    ) -> None:
        # In progress reports on a long prompt the callback gets a chance to stop it.
        self.request = {
            **request,
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,
        }
        self.put = put
        self.stopped = False
        # A daemon: what still runs at the end of the program is stopped by _leave, not waited for.
        self.thread = threading.Thread(target=work, args=(self,), name="levada-llama", daemon=True)

    def on_chunk(self, chunk: Chunk) -> bool:
        """Take a chunk from llama.cpp; give whether to stop. It ignores exceptions, so: none."""
        if self.stopped:
            return True
        if "error" in chunk:
            self.put(_refusal(chunk["error"]))
        elif "prompt_progress" not in chunk:
            self.put(chunk)
        return self.stopped

    def join(self) -> None:
        if self.thread.ident is not None:
            self.thread.join()


class _Mailbox:
    """Hands items from a thread to a task of any event loop, which a socket wakes if it waits."""

    __slots__ = ("_bell", "_items", "_reader_waits", "_rope")

    def __init__(self) -> None:
        self._items: deque[_Item] = deque()
        self._reader_waits = False
        self._bell, self._rope = socket.socketpair()
        self._bell.setblocking(False)

    def put(self, item: _Item) -> None:
        """Add an item. Callable from any thread."""
        self._items.append(item)
        if self._reader_waits:
            self._reader_waits = False
            self._rope.send(b"\0")

    async def get(self) -> _Item:
        """Wait for the next item."""
        while not self._items:
            # Said before the second look, and asked after an item is added: no ring is lost.
            self._reader_waits = True
            try:
                if not self._items:
                    await _readable(self._bell)
            finally:
                self._reader_waits = False
            with suppress(BlockingIOError):
                self._bell.recv(64)
        return self._items.popleft()

    def close(self) -> None:
        self._bell.close()
        self._rope.close()


# Before anyio 4.7 it has the other name.
_readable: Callable[[socket.socket], Awaitable[None]] = getattr(
    anyio, "wait_readable" if hasattr(anyio, "wait_readable") else "wait_socket_readable"
)


def _drop(item: _Item) -> None:
    pass


# Loading.


def check_model_file(path: str | os.PathLike[str]) -> None:
    """Check that there is a GGUF file; llama.cpp itself says only that it cannot start.

    Raises:
        WeightsError: It is not there, cannot be read, or is something else.
    """
    try:
        with open(path, "rb") as file:
            magic = file.read(4)
    except OSError as exc:
        raise WeightsError(
            f"the model file {os.fspath(path)!r} cannot be read: {exc.strerror}. {_MODEL_FILE}"
        ) from exc
    if magic != b"GGUF":
        raise WeightsError(
            f"{os.fspath(path)!r} is not a GGUF file: it begins with {magic!r}. {_MODEL_FILE}"
        )


def _load(
    path: str, n_ctx: int, n_threads: int, n_parallel: int, chat_template: str | None
) -> _Server:
    try:
        xllamacpp = importlib.import_module("xllamacpp")
    except ModuleNotFoundError as exc:
        raise MissingExtraError("ChatLlamaCpp", "xllamacpp", "local") from exc
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = {os.path.basename(path).removesuffix(".gguf")}
    params.verbosity = -1  # nothing on stderr
    params.n_parallel = n_parallel
    params.n_ctx = n_ctx * n_parallel
    params.n_batch = params.n_ubatch = _BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = n_threads
    params.chat_template = chat_template or ""
    params.cache_ram_mib = 0  # else it keeps the state of past prompts, up to 8 GiB
    params.fit_params = (
        sys.platform == "darwin"
    )  # matters with a GPU; takes half of the time to load
    params.endpoint_metrics = True
    params.n_threads_http = 1
    if sys.platform == "win32":
        params.port, params.api_keys = 0, [secrets.token_hex(16)]
        return _start(xllamacpp, params, path)
    # There is always an HTTP server. On a unix socket that is gone again nobody can reach it.
    short = len(tempfile.gettempdir()) < _LONGEST_FOLDER
    with tempfile.TemporaryDirectory(prefix="levada-", dir=None if short else "/tmp") as folder:
        params.hostnames = [os.path.join(folder, "llama.sock")]
        return _start(xllamacpp, params, path)


def _start(xllamacpp: Any, params: Any, path: str) -> _Server:
    try:
        server: _Server = xllamacpp.Server(params)
    except RuntimeError as exc:
        raise WeightsError(
            f"llama.cpp cannot load {path!r}: the file is damaged, of a kind it does not know, or "
            "too large for this machine's memory. Try another file, or a smaller n_ctx."
        ) from exc
    # Wait until its thread runs: a server that is freed before that hangs, and the process with it.
    server.handle_metrics()
    return server


_loading = threading.Lock()
_shared: WeakValueDictionary[tuple[object, ...], LlamaEngine] = WeakValueDictionary()


def get_engine(
    path: str | os.PathLike[str],
    *,
    n_ctx: int,
    n_threads: int = 1,
    n_parallel: int = 1,
    chat_template: str | None = None,
) -> LlamaEngine:
    """Give the engine with these settings: the one that somebody holds already, or a new one.

    The arguments and errors are those of `LlamaEngine`. Loading takes a second or so.
    """
    key = (os.path.realpath(path), n_ctx, n_threads, n_parallel, chat_template)
    with _loading:
        engine = _shared.get(key)
        if engine is None:
            engine = _shared[key] = LlamaEngine(
                path,
                n_ctx=n_ctx,
                n_threads=n_threads,
                n_parallel=n_parallel,
                chat_template=chat_template,
            )
        return engine


def _refusal(error: Mapping[str, Any]) -> ModelError:
    if error.get("type") != "exceed_context_size_error":
        return ModelError(f"llama.cpp refuses the request: {error.get('message')}")
    prompt, context = error["n_prompt_tokens"], error["n_ctx"]
    enough = (prompt // 1024 + 1) * 1024
    return ContextLengthError(
        f"the prompt has {prompt} tokens and the context holds {context}. Shorten the prompt, or "
        f"write ChatLlamaCpp(n_ctx={enough}) if the model is made for that many"
    )


# The end of the process, and its forks.

_alive: WeakSet[LlamaEngine] = WeakSet()
_stranded: list[
    LlamaEngine
] = []  # never freed: that would wait for threads that a fork does not have


def _leave_all() -> None:
    # An answer that is still computed while the interpreter goes down crashes the process.
    for engine in list(_alive):
        engine._leave()


def _after_fork() -> None:
    global _loading
    _loading = threading.Lock()
    _stranded.extend(_alive)
    _alive.clear()
    for engine in _stranded:
        engine._lock = threading.Lock()


def _refuse_after_fork() -> None:
    if _stranded:
        raise ModelError(
            "this process was forked from one that had a model loaded, and llama.cpp does not "
            "survive that. Start workers with multiprocessing.get_context('spawn'), or load the "
            "model in the workers only"
        )


atexit.register(_leave_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
