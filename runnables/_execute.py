"""The only code that starts or ends a run.

Four functions call a step from a run: `execute` and `aexecute` once, `open_stream` and
`aopen_stream` chunk by chunk. If nothing is carried (`IDLE`), they call the hook and that is all.
"""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..errors import CompositionError
from ._closing import aclose, as_async_generator, as_generator
from ._merge import Sum, acollect, collect
from ._place import NOWHERE, WATCHING, Place
from ._run import APART, IDLE, UNKNOWN, Run, WatchedRun, current

if TYPE_CHECKING:
    from .base import Runnable

__all__ = [
    "NO_OPTIONS",
    "ASingle",
    "aexecute",
    "aopen_bound",
    "aopen_stage",
    "aopen_stream",
    "aopen_stream_of",
    "end_left",
    "execute",
    "open_bound",
    "open_stage",
    "open_stream",
    "open_stream_of",
]

Input = TypeVar("Input")
Output = TypeVar("Output")
Options = Mapping[str, Any]

NO_OPTIONS: Final[Options] = {}


def execute(
    step: Runnable[Input, Output],
    value: Input,
    run: Run,
    place: Place = NOWHERE,
    options: Options = NO_OPTIONS,
) -> Output:
    """Call `step` once, as a child of `run`."""
    if options:
        _check_options(step, options)
    if run is not IDLE:
        run = run.child(step, place)
    if run is IDLE or run is current.get():  # nobody watches, and it is set by the step around it
        if options:
            return step._invoke(value, run, **options)
        return step._invoke(value, run)  # `**` of nothing costs as much as the rest of this
    token = current.set(run)
    try:
        if not isinstance(run, WatchedRun):
            return step._invoke(value, run, **options)
        if run.sink.awaited and run.is_outermost():
            raise run.sink.refuse_awaited()
        return _watched(step, value, run, options)
    finally:
        current.reset(token)


def aexecute(
    step: Runnable[Input, Output],
    value: Input,
    run: Run,
    place: Place = NOWHERE,
    options: Options = NO_OPTIONS,
) -> Coroutine[Any, Any, Output]:
    """Call `step` once, as a child of `run`; to be awaited at once.

    Where nobody watches, this is the hook's own coroutine: one more around it would cost more than
    all that is done here, and again after every wait.
    """
    if options:
        _check_options(step, options)
    if run is not IDLE:
        run = run.child(step, place)
    if run is IDLE or run is current.get():
        if options:
            return step._ainvoke(value, run, **options)
        return step._ainvoke(value, run)
    return _acall_as(run, step, value, options)


async def _acall_as(
    run: Run, step: Runnable[Input, Output], value: Input, options: Options
) -> Output:
    token = current.set(run)
    try:
        if not isinstance(run, WatchedRun):
            return await step._ainvoke(value, run, **options)
        if run.sink.awaited and run.is_outermost():
            async with _awaiting(run):
                return await _awatched(step, value, run, options)
        return await _awatched(step, value, run, options)
    finally:
        current.reset(token)


def open_stream(
    step: Runnable[Input, Output],
    chunks: Iterator[Input],
    run: Run,
    place: Place = NOWHERE,
    options: Options = NO_OPTIONS,
) -> Generator[Output, None, None]:
    """Open `step` on a stream of input chunks, as a child of `run`."""
    return open_stage(step, chunks, run, place, options)[0]


def aopen_stream(
    step: Runnable[Input, Output],
    chunks: AsyncIterator[Input],
    run: Run,
    place: Place = NOWHERE,
    options: Options = NO_OPTIONS,
) -> AsyncGenerator[Output, None]:
    """Open `step` on a stream of input chunks, as a child of `run`."""
    return aopen_stage(step, chunks, run, place, options)[0]


def open_stage(
    step: Runnable[Input, Output],
    chunks: Iterator[Input],
    run: Run,
    place: Place,
    options: Options,
    source: WatchedRun | None = None,
) -> tuple[Generator[Output, None, None], WatchedRun | None]:
    """Open `step` on a stream of input chunks, and give its run too, if it is watched.

    That run is handed to the next stage as its `source`, which then need not add up its input: it
    is what the source passes on.
    """
    if options:
        _check_options(step, options)
    if run is IDLE:
        return as_generator(step._transform(chunks, run, **options)), None
    run = run.child(step, place)
    if isinstance(run, WatchedRun):
        if run.sink.awaited and run.is_outermost():
            raise run.sink.refuse_awaited()
        return _watched_stream(step, chunks, run, options, source), run
    stream = as_generator(step._transform(chunks, run, **options))
    return _carrying(stream, run) if step._calls_out else stream, None


def aopen_stage(
    step: Runnable[Input, Output],
    chunks: AsyncIterator[Input],
    run: Run,
    place: Place,
    options: Options,
    source: WatchedRun | None = None,
) -> tuple[AsyncGenerator[Output, None], WatchedRun | None]:
    """Open `step` on a stream of input chunks; see `open_stage`."""
    if options:
        _check_options(step, options)
    if run is IDLE:
        return as_async_generator(step._atransform(chunks, run, **options)), None
    run = run.child(step, place)
    if isinstance(run, WatchedRun):
        collects = step._collects()
        watched = (_acollecting if collects else _awatched_stream)(
            step, chunks, run, options, source
        )
        if run.sink.awaited and run.is_outermost():
            return _awaited_stream(watched, run), run
        return watched, run
    stream = as_async_generator(step._atransform(chunks, run, **options))
    return _acarrying(stream, run) if step._calls_out else stream, None


def open_bound(
    step: Runnable[Input, Output],
    chunks: Iterator[Input],
    run: Run,
    place: Run,
    options: Options = NO_OPTIONS,
) -> Generator[Output, None, None]:
    """Open `step` at `place`, which is `run` with what is bound to the step."""
    if place is not run and run.sink is None and _is_single(chunks):
        place.given = next(chunks)  # whom it binds to watch sees the input at once
        chunks = _single(place.given)
    return open_stream(step, chunks, place, options=options)


def aopen_bound(
    step: Runnable[Input, Output],
    chunks: AsyncIterator[Input],
    run: Run,
    place: Run,
    options: Options = NO_OPTIONS,
) -> AsyncGenerator[Output, None]:
    """Open `step` at `place`; see `open_bound`."""
    if place is not run and run.sink is None and isinstance(chunks, ASingle):
        place.given = chunks.whole()
    return aopen_stream(step, chunks, place, options=options)


def open_stream_of(
    step: Runnable[Input, Output],
    value: Input,
    run: Run,
    place: Place = NOWHERE,
    options: Options = NO_OPTIONS,
) -> Generator[Output, None, None]:
    """Open `step` on one whole value, as a child of `run`."""
    return open_stream(step, _single(value), run.below(value), place, options)


def aopen_stream_of(
    step: Runnable[Input, Output],
    value: Input,
    run: Run,
    place: Place = NOWHERE,
    options: Options = NO_OPTIONS,
) -> AsyncGenerator[Output, None]:
    """Open `step` on one whole value, as a child of `run`."""
    return aopen_stream(step, ASingle(value), run.below(value), place, options)


def _check_options(step: Runnable[Any, Any], options: Options) -> None:
    if not step._has_options:
        names = ", ".join(map(repr, options))
        raise CompositionError(f"{step.get_name()} takes no options when it is called; got {names}")


def _single(value: Input) -> Iterator[Input]:
    """Give one chunk, by a generator: its frame tells what the reader throws from a failure."""
    yield value


def _is_single(chunks: object) -> bool:
    """Whether these are the one chunk that a whole value is, not taken yet."""
    return getattr(chunks, "gi_code", None) is _single.__code__


class ASingle(AsyncIterator[Input]):
    """One chunk. No generator: nobody would close it if a step stops reading."""

    __slots__ = ("_chunks",)

    def __init__(self, value: Input) -> None:
        self._chunks = [value]

    async def __anext__(self) -> Input:
        if not self._chunks:
            raise StopAsyncIteration
        return self._chunks.pop()

    def whole(self) -> Input:
        """Give the chunk, which has not been taken yet."""
        return self._chunks[0]


# The code of the user that is called must find the run which calls it, and only then.


def _carrying(stream: Generator[Output, None, None], run: Run) -> Generator[Output, None, None]:
    try:
        while True:
            token = current.set(run)
            try:
                chunk = next(stream)
            except StopIteration:
                return
            finally:
                current.reset(token)
            yield chunk
    finally:
        stream.close()


async def _acarrying(
    stream: AsyncGenerator[Output, None], run: Run
) -> AsyncGenerator[Output, None]:
    try:
        while True:
            token = current.set(run)
            try:
                chunk = await anext(stream)
            except StopAsyncIteration:
                return
            finally:
                current.reset(token)
            yield chunk
    finally:
        await aclose(stream)


# Somebody watches.


def _watched(
    step: Runnable[Input, Output], value: Input, run: WatchedRun, options: Options
) -> Output:
    try:
        _start_whole(step, value, run)
        gate = run.sink.gate
        if gate is not None and gate.full:
            gate.room_in_thread()
        live = step._live(value, run, options)
        if live is None:
            output = step._invoke(value, run, **options)
        else:
            try:
                for chunk in live:
                    run.streamed(chunk, True)
                    if gate is not None and gate.full:
                        gate.room_in_thread()
            finally:
                live.close()
            output = step._whole(run.output())
    except BaseException as exc:
        run.failed(exc)
        raise
    run.finished(output)
    return output


async def _awatched(
    step: Runnable[Input, Output], value: Input, run: WatchedRun, options: Options
) -> Output:
    try:
        _start_whole(step, value, run)
        gate = run.sink.gate
        if gate is not None and gate.full:
            await gate.room()
        live = step._alive(value, run, options)
        if live is None:
            output = await step._ainvoke(value, run, **options)
        else:
            try:
                async for chunk in live:
                    run.streamed(chunk, True)
                    if gate is not None and gate.full:
                        await gate.room()
            finally:
                await aclose(live)
            output = step._whole(run.output())
    except BaseException as exc:
        run.failed(exc)
        raise
    run.finished(output)
    return output


def _watched_whole(
    step: Runnable[Input, Output], chunks: Iterator[Input], run: WatchedRun, options: Options
) -> Output:
    value = collect(chunks)
    token = current.set(run)
    try:
        output = _watched(step, value, run, options)
    finally:
        current.reset(token)
    run.gave(output)
    return output


async def _awatched_whole(
    step: Runnable[Input, Output], chunks: AsyncIterator[Input], run: WatchedRun, options: Options
) -> Output:
    value = await acollect(chunks)
    token = current.set(run)
    try:
        output = await _awatched(step, value, run, options)
    finally:
        current.reset(token)
    run.gave(output)
    return output


def _watched_stream(
    step: Runnable[Input, Output],
    chunks: Iterator[Input],
    run: WatchedRun,
    options: Options,
    source: WatchedRun | None = None,
) -> Generator[Output, None, None]:
    style = step._stream_style(options, asynchronous=False)
    if style == "whole":
        yield _watched_whole(step, chunks, run, options)
        return
    stream: Generator[Output, None, None] | None = None
    try:
        if style == "through":
            value = collect(chunks)
            _start_whole(step, value, run)
            chunks = _single(value)
        elif not _knows_input(run, source):
            chunks = _taking(chunks, run)
        shown = step._shown_as_child if run.parents else step._shown_as_root
        gate = run.sink.gate
        stream = as_generator(step._transform(chunks, run, **options))
        while True:
            put = current.set(run) if step._calls_out else None
            try:
                chunk = next(stream)
            except StopIteration:
                break
            finally:
                if put is not None:
                    current.reset(put)
            run.streamed(chunk, shown)
            if gate is not None and gate.full:
                gate.room_in_thread()
            yield chunk
    except BaseException as exc:
        try:
            if stream is not None:
                stream.close()  # what it runs ends before it does
        finally:
            run.failed(exc)
        raise
    run.finished()


async def _awatched_stream(
    step: Runnable[Input, Output],
    chunks: AsyncIterator[Input],
    run: WatchedRun,
    options: Options,
    source: WatchedRun | None = None,
) -> AsyncGenerator[Output, None]:
    style = step._stream_style(options, asynchronous=True)
    if style == "whole":
        yield await _awatched_whole(step, chunks, run, options)
        return
    stream: AsyncIterator[Output] | None = None
    try:
        if style == "through":
            value = await acollect(chunks)
            _start_whole(step, value, run)
            chunks = ASingle(value)
        elif not _knows_input(run, source):
            chunks = _ATaking(chunks, run)
        shown = step._shown_as_child if run.parents else step._shown_as_root
        gate = run.sink.gate
        stream = step._atransform(chunks, run, **options)
        while True:
            put = current.set(run) if step._calls_out else None
            try:
                chunk = await anext(stream)
            except StopAsyncIteration:
                break
            finally:
                if put is not None:
                    current.reset(put)
            run.streamed(chunk, shown)
            if gate is not None and gate.full:
                await gate.room()
            yield chunk
    except BaseException as exc:
        await _afailed(run, stream, exc)
        raise
    run.finished()


async def _acollecting(
    step: Runnable[Input, Output],
    chunks: AsyncIterator[Input],
    run: WatchedRun,
    options: Options,
    source: WatchedRun | None = None,
) -> AsyncGenerator[Output, None]:
    """The stream of a step that collects its input (`Runnable._collects`), all in one frame.

    Each layer around what it calls would cost a tenth of a step that does little.
    """
    stream: AsyncGenerator[Output, None] | None = None
    try:
        if not _knows_input(run, source):
            chunks = _ATaking(chunks, run)
        shown = step._shown_as_child if run.parents else step._shown_as_root
        gate = run.sink.gate
        token = current.set(run)
        try:
            total = Sum()
            async for piece in chunks:
                total.add(piece)
            value = total.result()
            output = await step._acalled(value, run, options)
            stream = step._acontinued(output, value, run)
        except StopAsyncIteration as exc:  # the function's: it must not end the stream
            raise RuntimeError("a function raised StopAsyncIteration") from exc
        finally:
            current.reset(token)
        if stream is None:
            run.streamed(output, shown)
            if gate is not None and gate.full:
                await gate.room()
            yield output
        else:
            async for chunk in stream:
                run.streamed(chunk, shown)
                if gate is not None and gate.full:
                    await gate.room()
                yield chunk
    except BaseException as exc:
        await _afailed(run, stream, exc)
        raise
    run.finished()


async def _afailed(run: WatchedRun, stream: AsyncIterator[Any] | None, exc: BaseException) -> None:
    try:
        if stream is not None:
            await aclose(stream)  # what it runs ends before it does
    finally:
        run.failed(exc)


WATCHING.update(f.__code__ for f in (_watched_stream, _awatched_stream, _acollecting))


# Somebody watches who has to be awaited.


@asynccontextmanager
async def _awaiting(run: WatchedRun) -> AsyncGenerator[None, None]:
    observers = run.sink.awaited
    token = current.set(APART)  # what an observer calls is no part of what it watches
    try:
        for observer in observers:
            observer.begin()
    finally:
        current.reset(token)
    async with AsyncExitStack() as ends:
        for observer in observers:
            ends.push_async_callback(observer.end)
        yield


async def _awaited_stream(
    stream: AsyncGenerator[Output, None], run: WatchedRun
) -> AsyncGenerator[Output, None]:
    async with _awaiting(run):
        try:
            async for chunk in stream:
                yield chunk
        finally:
            await aclose(stream)


def end_left(runs: Iterable[WatchedRun], exc: BaseException) -> None:
    """End runs that go on by themselves where nobody waits for them, children before parents."""
    for run in runs:
        run.failed(exc)
        run._chunks_to = run._others_to = None  # what it does now is seen by nobody


def _start_whole(step: Runnable[Any, Any], value: Any, run: WatchedRun) -> None:
    run.input = value
    try:
        if run.parents:
            run.input = step._shown_input(value)
    finally:  # an input that cannot be shown fails the run, which has started all the same
        run.started(input=run.input)


def _knows_input(run: WatchedRun, source: WatchedRun | None) -> bool:
    """Whether the run learns its input without looking at each chunk of it."""
    if run.given is not UNKNOWN:
        run.input = run.given
        if run.parents:  # as if it came in pieces: what is streamed looks the same everywhere
            run.started()
        else:
            run.started(input=run.given)
        return True
    if source is not None:
        run.reads(source)
        return True
    return False


def _taking(chunks: Iterator[Input], run: WatchedRun) -> Iterator[Input]:
    for chunk in chunks:
        run.took(chunk)
        yield chunk


class _ATaking(AsyncIterator[Input]):
    """The input of a run, which notes it. No generator: see `ASingle`."""

    __slots__ = ("_chunks", "_run", "ag_frame")

    def __init__(self, chunks: AsyncIterator[Input], run: WatchedRun) -> None:
        self._chunks = chunks
        self._run = run
        # A sequence asks its input for this, to tell its failures from its own.
        self.ag_frame = getattr(chunks, "ag_frame", None)

    async def __anext__(self) -> Input:
        chunk = await anext(self._chunks)
        self._run.took(chunk)
        return chunk
