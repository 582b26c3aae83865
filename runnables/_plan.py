"""What a composite wants done, step by step, and the drivers that do it.

A composite says what it does once, as a generator (`Runnable._plan`) that yields calls and is sent
their results; `drive` makes them in the caller's thread, `adrive` in the caller's task. A call that
fails is raised inside the plan, so that a plan handles errors with `try`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from ._closing import aclose
from ._execute import NO_OPTIONS, Options, aexecute, aopen_stream_of, execute, open_stream_of
from ._place import NOWHERE, Place, note_place
from ._run import Run
from ._together import arun_all, run_all

if TYPE_CHECKING:
    from .base import Runnable

__all__ = [
    "Call",
    "Gather",
    "Plan",
    "adrive",
    "adrive_stream",
    "call",
    "drive",
    "drive_stream",
    "gather",
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
        self.step = step
        self.value = value
        self.place = place
        self.options = options


class Gather:
    """A wish to make several calls at the same time."""

    __slots__ = ("calls",)

    def __init__(self, calls: Sequence[Call[Any]]) -> None:
        self.calls = calls

    def perform(self, owner: Runnable[Any, Any], run: Run) -> list[Any]:
        """Make the calls in threads; `max_concurrency` limits them, else all run at once."""
        results: list[Any] = [None] * len(self.calls)

        def job(i: int, wish: Call[Any]) -> None:
            try:
                results[i] = execute(wish.step, wish.value, run, wish.place, wish.options)
            except BaseException as exc:
                note_place(exc, owner, wish.place, wish.step)
                raise

        run_all([partial(job, i, wish) for i, wish in enumerate(self.calls)], self._workers(run))
        return results

    async def aperform(self, owner: Runnable[Any, Any], run: Run) -> list[Any]:
        """Make the calls in tasks; `max_concurrency` limits them, else all run at once."""
        results: list[Any] = [None] * len(self.calls)

        async def job(i: int, wish: Call[Any]) -> None:
            try:
                results[i] = await aexecute(wish.step, wish.value, run, wish.place, wish.options)
            except BaseException as exc:
                note_place(exc, owner, wish.place, wish.step)
                raise

        await arun_all(
            [partial(job, i, wish) for i, wish in enumerate(self.calls)], self._workers(run)
        )
        return results

    def _workers(self, run: Run) -> int:
        return min(len(self.calls), run.settings.max_concurrency or len(self.calls))


Wish: TypeAlias = Call[Any] | Gather
Plan: TypeAlias = Generator[Wish, Any, "T | Call[T]"]
"""A plan gives its result, or a last call whose result is its own and may be streamed."""


def call(
    step: Runnable[Any, T],
    value: Any,
    place: Place = NOWHERE,
    options: Options = NO_OPTIONS,
) -> Generator[Call[T], T, T]:
    """Call a step from a plan: `result = yield from call(step, value)`."""
    return (yield Call(step, value, place, options))


def gather(calls: Sequence[Call[T]]) -> Generator[Gather, list[T], list[T]]:
    """Make calls at the same time from a plan: `results = yield from gather(calls)`."""
    return (yield Gather(calls))


def drive(owner: Runnable[Any, T], plan: Plan[T], run: Run) -> T:
    """Carry out the plan of `owner`."""
    last = _to_last(owner, plan, run)
    if not isinstance(last, Call):
        return last
    try:
        return execute(last.step, last.value, run, last.place, last.options)
    except BaseException as exc:
        note_place(exc, owner, last.place, last.step)
        raise


def _to_last(owner: Runnable[Any, T], plan: Plan[T], run: Run) -> T | Call[T]:
    try:
        wish = next(plan)
        while True:
            try:
                if isinstance(wish, Call):
                    result = execute(wish.step, wish.value, run, wish.place, wish.options)
                else:
                    result = wish.perform(owner, run)
            except BaseException as exc:
                if isinstance(wish, Call):
                    note_place(exc, owner, wish.place, wish.step)
                wish = plan.throw(exc)
            else:
                wish = plan.send(result)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]  # Generator does not type what it returns


async def adrive(owner: Runnable[Any, T], plan: Plan[T], run: Run) -> T:
    """Carry out the plan of `owner`."""
    last = await _ato_last(owner, plan, run)
    if not isinstance(last, Call):
        return last
    try:
        return await aexecute(last.step, last.value, run, last.place, last.options)
    except BaseException as exc:
        note_place(exc, owner, last.place, last.step)
        raise


async def _ato_last(owner: Runnable[Any, T], plan: Plan[T], run: Run) -> T | Call[T]:
    try:
        wish = next(plan)
        while True:
            try:
                if isinstance(wish, Call):
                    result = await aexecute(wish.step, wish.value, run, wish.place, wish.options)
                else:
                    result = await wish.aperform(owner, run)
            except BaseException as exc:
                if isinstance(wish, Call):
                    note_place(exc, owner, wish.place, wish.step)
                wish = plan.throw(exc)
            else:
                wish = plan.send(result)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]  # Generator does not type what it returns


def drive_stream(owner: Runnable[Any, T], plan: Plan[T], run: Run) -> Generator[T, None, None]:
    """Carry out the plan of `owner`, and stream its last call."""
    last = _to_last(owner, plan, run)
    if not isinstance(last, Call):
        yield last
        return
    stream = open_stream_of(last.step, last.value, run, last.place, last.options)
    try:
        yield from stream
    except BaseException as exc:
        note_place(exc, owner, last.place, last.step)
        raise


async def adrive_stream(
    owner: Runnable[Any, T], plan: Plan[T], run: Run
) -> AsyncGenerator[T, None]:
    """Carry out the plan of `owner`, and stream its last call."""
    last = await _ato_last(owner, plan, run)
    if not isinstance(last, Call):
        yield last
        return
    stream = aopen_stream_of(last.step, last.value, run, last.place, last.options)
    try:
        async for chunk in stream:
            yield chunk
    except BaseException as exc:
        note_place(exc, owner, last.place, last.step)
        raise
    finally:
        await aclose(stream)
