"""A task that waits to be woken, by another one or by a thread."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from threading import get_ident
from typing import TYPE_CHECKING, Any

import anyio

from .._lazy import later
from ._closing import in_trio

if TYPE_CHECKING or not later(globals(), "asyncio"):
    import asyncio

__all__ = ["TaskWaiter", "new_waiter"]


class TaskWaiter:
    """A task that waits: one of asyncio, on a bare future, which is made when it begins to wait.

    An event around it would cost as much again as waking the task.

    Attributes:
        woken: Whether it has been woken; to ask is cheaper than to wake it again.
    """

    __slots__ = ("_future", "_loop", "_thread", "woken")

    def __init__(self) -> None:
        self.woken = False
        self._thread = get_ident()
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[None] | None = None

    def wait(self) -> Awaitable[None]:
        """Give what to await until `wake` has been called."""
        if self._future is not None:
            return self._future
        future: asyncio.Future[None] = asyncio.Future(loop=self._loop)
        self._future = future
        if self.woken:
            future.set_result(None)
        return future

    async def wait_out(self) -> None:
        """Wait, whoever cancels the caller meanwhile: it is cancelled then.

        A scope of anyio does not reach into a shield; a cancellation of an asyncio task does.
        """
        cancelled: BaseException | None = None
        with anyio.CancelScope(shield=True):
            while not self.woken:
                try:
                    await asyncio.shield(self.wait())
                except asyncio.CancelledError as exc:
                    cancelled = exc
        if cancelled is not None:
            try:
                raise cancelled
            finally:
                cancelled = None  # else the exception and this frame hold each other

    def again(self) -> None:
        """Begin anew, to be waited for once more.

        A thread that was about to wake it may do so now: who waits must look for what it waits for.
        """
        self._future = None
        self.woken = False

    def wake(self) -> None:
        """Let the task go on. Callable from any thread, and more than once."""
        self.woken = True
        if get_ident() == self._thread:
            self._set()
        else:
            with contextlib.suppress(RuntimeError):  # its loop has ended, and the task with it
                self._loop.call_soon_threadsafe(self._set)

    def _set(self) -> None:
        future = self._future
        if future is not None and not future.done():  # its task may have been cancelled
            future.set_result(None)


class _TrioWaiter(TaskWaiter):
    """A task of trio that waits."""

    __slots__ = ("_event", "_new_event", "_run_soon")

    def __init__(self) -> None:
        import trio  # only there if the caller has it

        self.woken = False
        self._thread = get_ident()
        self._new_event = trio.Event
        self._event = trio.Event()
        self._run_soon: Callable[..., Any] = trio.lowlevel.current_trio_token().run_sync_soon

    def wait(self) -> Awaitable[None]:
        return self._event.wait()

    async def wait_out(self) -> None:
        with anyio.CancelScope(shield=True):
            await self._event.wait()

    def again(self) -> None:
        self.woken = False
        self._event = self._new_event()

    def wake(self) -> None:
        self.woken = True
        if get_ident() == self._thread:
            self._set()
        else:
            with contextlib.suppress(RuntimeError):  # its loop has ended, and the task with it
                self._run_soon(self._set)

    def _set(self) -> None:
        self._event.set()


def new_waiter() -> TaskWaiter:
    """Give a waiter for the task that calls this."""
    return _TrioWaiter() if in_trio() else TaskWaiter()
