"""The SDK clients of a model, each with a pool of connections: where they are kept and closed.

A model has one client for all threads, and one for each event loop it is used on, as connections
belong to a loop. Clients are made when they are first needed, in a worker thread if a loop waits:
that imports the SDK and reads certificates.
"""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncGenerator, Callable, Hashable
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar
from weakref import finalize, ref

import anyio
import anyio.to_thread
from anyio.lowlevel import RunVar

__all__ = ["Clients"]


class SyncClient(Protocol):
    """A client with connections that can be closed."""

    def close(self) -> object: ...


class AsyncClient(Protocol):
    """A client with connections that can be closed by waiting."""

    async def close(self) -> object: ...


Client = TypeVar("Client", bound=SyncClient)
AClient = TypeVar("AClient", bound=AsyncClient)


class Clients(Generic[Client, AClient]):
    """The clients of a model and of its copies, by the settings that they were made with.

    Nothing that makes models differ: all are equal, and a pickle or deep copy holds none. What is
    not closed before is closed when its model is forgotten, or when its event loop ends.
    """

    __slots__ = ("__weakref__", "_lock", "_open")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By process too: a fork must not write into the connections of its parent.
        self._open: dict[tuple[int, Hashable], Client] = {}
        # Not by __del__: in a circle, as every exception makes one, the garbage collector might
        # come to the sockets first, and they would warn. It comes to finalizers before all else.
        finalize(self, _close, self._open)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Clients)

    __hash__ = object.__hash__

    def __reduce__(self) -> tuple[type[Clients[Any, Any]], tuple[()]]:
        return Clients, ()

    def get(self, settings: Hashable, make: Callable[[], Client]) -> Client:
        """Give the client with these settings; callable from any thread."""
        key = os.getpid(), settings
        client = self._open.get(key)
        if client is None:
            with self._lock:
                client = self._open.get(key)
                if client is None:
                    client = self._open[key] = make()
        return client

    async def aget(self, settings: Hashable, make: Callable[[], AClient]) -> AClient:
        """Give the client with these settings for the running event loop."""
        here = _here.get(None)
        if here is None:
            here = _Loop()
            _here.set(here)
            await here.start()
        client: AClient = await here.get(self, settings, make)
        return client

    def close(self) -> None:
        """Close what is open for threads; the next call opens it again."""
        with self._lock:
            clients = _take(self._open)
        for client in clients:
            client.close()

    async def aclose(self) -> None:
        """Close what is open on the running event loop, and for threads."""
        here = _here.get(None)
        if here is not None:
            await here.forget(self)
        self.close()


def _take(opened: dict[tuple[int, Hashable], Any]) -> list[Any]:
    """Give the clients of this process, and forget all."""
    clients = [client for (pid, _), client in opened.items() if pid == os.getpid()]
    opened.clear()
    return clients


def _close(opened: dict[tuple[int, Hashable], Any]) -> None:
    for client in _take(opened):
        with suppress(Exception):  # nobody is there to be told
            client.close()


class _Loop:
    """The clients that are open on one event loop."""

    __slots__ = ("_gone", "_keeper", "_making", "_open")

    def __init__(self) -> None:
        self._open: dict[ref[Clients[Any, Any]], dict[Hashable, AsyncClient]] = {}
        self._gone: list[AsyncClient] = []  # of models that are no more
        self._making = anyio.Lock()
        # Loops close the asynchronous generators that are left when they end: asyncio.run and
        # trio.run do, and every other careful runner. Nothing else tells us of the end in time.
        self._keeper = self._keep()

    async def _keep(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True):
                self._gone += [client for kept in self._open.values() for client in kept.values()]
                self._open.clear()
                await self._sweep()

    async def start(self) -> None:
        await anext(self._keeper)

    async def get(
        self, owner: Clients[Any, AClient], settings: Hashable, make: Callable[[], AClient]
    ) -> Any:
        mine = ref(owner)
        client = self._open.get(mine, {}).get(settings)
        if client is not None:
            return client
        async with self._making:
            client = self._open.get(mine, {}).get(settings)
            if client is None:
                client = await anyio.to_thread.run_sync(make)
                kept = self._open.setdefault(ref(owner, self._let_go), {})
                kept[settings] = client
        await self._sweep()
        return client

    def _let_go(self, owner: ref[Clients[Any, Any]]) -> None:
        self._gone += self._open.pop(owner, {}).values()

    async def forget(self, owner: Clients[Any, Any]) -> None:
        self._let_go(ref(owner))
        await self._sweep()

    async def _sweep(self) -> None:
        while self._gone:
            with suppress(Exception):  # it was to be closed, and is of no use to anybody
                await self._gone.pop().close()


_here: RunVar[_Loop] = RunVar("levada.chat_models.clients")
