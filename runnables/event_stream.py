"""`astream_events` and `stream_events`: the events of a run, for one reader, as they happen."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any

from ._beside import Beside
from ._closing import aclose, raise_first
from ._execute import Options, aopen_stream_of, open_stream_of
from ._pipe import Pipe, helper_context
from ._run import current, run_from
from ._sink import EVENTS_AHEAD
from .config import RunnableConfig, checked
from .events import EventFilter, Rendering, Version

if TYPE_CHECKING:
    from .base import Runnable
    from .event_types import StreamEvent

__all__ = ["aread_events", "read_events"]


def read_events(
    step: Runnable[Any, Any],
    value: Any,
    config: RunnableConfig | None,
    version: Version,
    wanted: EventFilter,
    options: Options,
) -> Generator[StreamEvent, None, None]:
    """Run the step in a thread of its own and give what its observer sees.

    Pulling the steps here, between two events, would hold back what happens in a step that takes
    long until it has ended.
    """
    checked(config)
    around = current.get()

    def read() -> Generator[StreamEvent, None, None]:
        pipe: Pipe[Any] = Pipe(EVENTS_AHEAD, in_thread=True)
        rendering = Rendering(version, wanted, value, pipe.put)
        run = run_from(config, (rendering, pipe), around)
        failures: list[BaseException] = []

        def produce() -> None:
            try:
                stream = open_stream_of(step, value, run, options=options)
                try:
                    for _ in stream:
                        pass
                finally:
                    stream.close()
            except BaseException as exc:  # noqa: BLE001  # raised again by the reader
                failures.append(exc)
            finally:
                pipe.close()

        worker = threading.Thread(
            target=helper_context().run,
            args=(produce,),
            name="levada events",
            daemon=True,  # the program may end while a generator that nobody closed waits for room
        )
        worker.start()
        try:
            while batch := pipe.take_in_thread():
                yield from batch
                batch.clear()  # what has been read is not kept while the next is waited for
        finally:
            pipe.close()
            worker.join()
        raise_first(failures)

    return read()


def aread_events(
    step: Runnable[Any, Any],
    value: Any,
    config: RunnableConfig | None,
    version: Version,
    wanted: EventFilter,
    options: Options,
) -> AsyncGenerator[StreamEvent, None]:
    """Run the step in a task of its own and give what its observer sees."""
    # The buffer belongs to the loop of the reader, which is only known when it begins to read.
    checked(config)
    around = current.get()

    async def read() -> AsyncGenerator[StreamEvent, None]:
        pipe: Pipe[Any] = Pipe(EVENTS_AHEAD)
        rendering = Rendering(version, wanted, value, pipe.put)
        run = run_from(config, (rendering, pipe), around)

        async def produce() -> None:
            try:
                stream = aopen_stream_of(step, value, run, options=options)
                try:
                    async for _ in stream:
                        pass
                finally:
                    await aclose(stream)
            finally:
                pipe.close()

        beside = Beside()
        beside.start(produce)
        try:
            while batch := await pipe.take():
                for event in batch:
                    yield event
                batch.clear()  # what has been read is not kept while the next is waited for
        finally:
            pipe.close()
            await beside.stop()
        beside.raise_failure()

    return read()
