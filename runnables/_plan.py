"""What a composite wants done, step by step, and the drivers that do it.

A composite says what it does once, as a generator (`Runnable._plan`) that yields wishes and is sent
their results. `drive` fulfils them in the caller's thread, `adrive` in the caller's task, and
`drive_stream` and `adrive_stream` do it so that what the plan ends with is streamed. A wish that
fails is raised inside the plan, so that a plan handles errors with `try`.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Generator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import anyio

from ._closing import aclose
from ._execute import NO_OPTIONS, Options, aexecute, aopen_stream_of, execute, open_stream_of
from ._place import NOTES, NOWHERE, Place, note_place
from ._run import Run
from ._together import arun_all, run_all

if TYPE_CHECKING:
    from .base import Runnable

__all__ = [
    "Call",
    "Opened",
    "Plan",
    "adrive",
    "adrive_stream",
    "attempt",
    "call",
    "drive",
    "drive_stream",
    "gather",
    "sleep",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Call(Generic[T_co]):
    """A wish to call a step with a value."""

    __slots__ = ("options", "place", "step", "value")

    def __init__(
        self,
        step: Runnable[Any, T_co],
        value: Any,
        place: Place = NOWHERE,
        options: Options = NO_OPTIONS,
    ) -> None:
        self.step: Runnable[Any, T_co] = step
        self.value: Any = value
        self.place: Place = place
        self.options: Options = options


class Attempt(Call[T_co]):
    """A wish for a call that may be given up for another one.

    When the plan is streamed, the call is brought to its first chunk: until then its failure is
    raised in the plan; after it the plan can do no more, as chunks have gone on to the reader.
    """

    __slots__ = ()


class Gather:
    """A wish to make several calls at the same time."""

    __slots__ = ("calls", "limit")

    def __init__(self, calls: Sequence[Call[Any]], limit: int | None = None) -> None:
        self.calls = calls
        self.limit = limit


class Sleep:
    """A wish to wait."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


Wish: TypeAlias = Call[Any] | Gather | Sleep
Plan: TypeAlias = Generator[Wish, Any, "T | Call[T]"]
"""A plan gives its result, or a last call whose result is its own and may be streamed."""


def call(
    step: Runnable[Any, T],
    value: Any,
    place: Place = NOWHERE,
    options: Options = NO_OPTIONS,
) -> Generator[Call[T], T, T]:
    """Wish for a call, from a plan: `result = yield from ...`."""
    return (yield Call(step, value, place, options))


def attempt(
    step: Runnable[Any, T],
    value: Any,
    place: Place = NOWHERE,
    options: Options = NO_OPTIONS,
) -> Generator[Attempt[T], T, T]:
    """Wish for a call that may be given up; the plan must return what it gives."""
    return (yield Attempt(step, value, place, options))


def gather(
    calls: Sequence[Call[T]], limit: int | None = None
) -> Generator[Gather, list[T], list[T]]:
    """Wish for calls at the same time, from a plan: `results = yield from ...`.

    Args:
        calls: The calls.
        limit: How many at once; None: as many as the config allows.
    """
    return (yield Gather(calls, limit))


def sleep(seconds: float) -> Generator[Sleep, None, None]:
    """Wish to wait, from a plan."""
    yield Sleep(seconds)


# Once.


def drive(owner: Runnable[Any, T], plan: Plan[T], run: Run) -> T:
    """Carry out the plan of `owner`."""
    last: T | Call[T] = _to_end(owner, plan, run)
    return (
        _called(owner, last, run)  # pyright: ignore[reportUnknownArgumentType]  # a Call[T]
        if isinstance(last, Call)
        else last
    )


async def adrive(owner: Runnable[Any, T], plan: Plan[T], run: Run) -> T:
    """Carry out the plan of `owner`."""
    last: T | Call[T] = await _ato_end(owner, plan, run)
    return (
        await _acalled(owner, last, run)  # pyright: ignore[reportUnknownArgumentType]
        if isinstance(last, Call)
        else last
    )


def _to_end(owner: Runnable[Any, T], plan: Plan[T], run: Run, streamed: bool = False) -> Any:
    try:
        wish = next(plan)
        while True:
            try:
                if not isinstance(wish, Call):
                    result = _fulfilled(owner, wish, run)
                elif streamed and isinstance(wish, Attempt):
                    result = _Opened(owner, wish, run).to_first()
                else:
                    result = _called(owner, wish, run)
            except BaseException as exc:  # noqa: BLE001  # the plan's to raise
                wish = plan.throw(exc)
            else:
                wish = plan.send(result)
    except StopIteration as stop:
        return stop.value


async def _ato_end(owner: Runnable[Any, T], plan: Plan[T], run: Run, streamed: bool = False) -> Any:
    try:
        wish = next(plan)
        while True:
            try:
                if not isinstance(wish, Call):
                    result = await _afulfilled(owner, wish, run)
                elif streamed and isinstance(wish, Attempt):
                    result = await _AOpened(owner, wish, run).to_first()
                else:
                    result = await _acalled(owner, wish, run)
            except BaseException as exc:  # noqa: BLE001  # the plan's to raise
                wish = plan.throw(exc)
            else:
                wish = plan.send(result)
    except StopIteration as stop:
        return stop.value


def _called(owner: Runnable[Any, Any], wish: Call[T], run: Run) -> T:
    began = NOTES.count
    try:
        return execute(wish.step, wish.value, run, wish.place, wish.options)
    except BaseException as exc:
        note_place(exc, owner, wish.place, wish.step, began)
        raise


async def _acalled(owner: Runnable[Any, Any], wish: Call[T], run: Run) -> T:
    began = NOTES.count
    try:
        return await aexecute(wish.step, wish.value, run, wish.place, wish.options)
    except BaseException as exc:
        note_place(exc, owner, wish.place, wish.step, began)
        raise


def _fulfilled(owner: Runnable[Any, Any], wish: Gather | Sleep, run: Run) -> Any:
    if isinstance(wish, Sleep):
        time.sleep(wish.seconds)
        return None
    results: list[Any] = [None] * len(wish.calls)

    def job(i: int) -> None:
        results[i] = _called(owner, wish.calls[i], run)

    run_all([partial(job, i) for i in range(len(results))], _limit(wish, run))
    return results


async def _afulfilled(owner: Runnable[Any, Any], wish: Gather | Sleep, run: Run) -> Any:
    if isinstance(wish, Sleep):
        await anyio.sleep(wish.seconds)
        return None
    results: list[Any] = [None] * len(wish.calls)

    async def job(i: int) -> None:
        results[i] = await _acalled(owner, wish.calls[i], run)

    await arun_all([partial(job, i) for i in range(len(results))], _limit(wish, run))
    return results


def _limit(wish: Gather, run: Run) -> int | None:
    return min(filter(None, (wish.limit, run.settings.max_concurrency)), default=None)


# As a stream.


def drive_stream(owner: Runnable[Any, T], plan: Plan[T], run: Run) -> Generator[T, None, None]:
    """Carry out the plan of `owner`, and stream what it ends with."""
    last = _to_end(owner, plan, run, streamed=True)
    if isinstance(last, Call):
        last = _Opened(owner, last, run).to_first()  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(last, _Opened):
        yield from last.chunks()
    else:
        yield last


async def adrive_stream(
    owner: Runnable[Any, T], plan: Plan[T], run: Run
) -> AsyncGenerator[T, None]:
    """Carry out the plan of `owner`, and stream what it ends with."""
    last = await _ato_end(owner, plan, run, streamed=True)
    if isinstance(last, Call):
        stream = _AOpened(owner, last, run)  # pyright: ignore[reportUnknownArgumentType]
        last = await stream.to_first()
    if not isinstance(last, _AOpened):
        yield last
        return
    chunks = last.chunks()
    try:
        async for chunk in chunks:
            yield chunk
    finally:
        await aclose(chunks)


_NO_CHUNK: Any = object()


class Opened:
    """The stream of a call that has given its first chunk."""

    __slots__ = ("_began", "_first", "_owner", "_run", "_wish")

    def __init__(self, owner: Runnable[Any, Any], wish: Call[Any], run: Run) -> None:
        self._owner = owner
        self._wish = wish
        self._run = run
        self._began = NOTES.count
        self._first: Any = _NO_CHUNK

    def _note(self, exc: BaseException) -> None:
        note_place(exc, self._owner, self._wish.place, self._wish.step, self._began)


class _Opened(Opened):
    __slots__ = ("_stream",)

    def to_first(self) -> _Opened:
        wish = self._wish
        try:
            self._stream = open_stream_of(
                wish.step, wish.value, self._run, wish.place, wish.options
            )
            self._first = next(self._stream, _NO_CHUNK)
        except BaseException as exc:
            self._note(exc)
            raise
        return self

    def chunks(self) -> Generator[Any, None, None]:
        try:
            if self._first is not _NO_CHUNK:
                yield self._first
            yield from self._stream
        except BaseException as exc:
            self._note(exc)
            raise
        finally:
            self._stream.close()


class _AOpened(Opened):
    __slots__ = ("_stream",)

    async def to_first(self) -> _AOpened:
        wish = self._wish
        try:
            self._stream = aopen_stream_of(
                wish.step, wish.value, self._run, wish.place, wish.options
            )
            self._first = await anext(self._stream, _NO_CHUNK)
        except BaseException as exc:
            self._note(exc)
            raise
        return self

    async def chunks(self) -> AsyncGenerator[Any, None]:
        try:
            if self._first is not _NO_CHUNK:
                yield self._first
            async for chunk in self._stream:
                yield chunk
        except BaseException as exc:
            self._note(exc)
            raise
        finally:
            await aclose(self._stream)
