"""`astream_events`: the events of a run, for one reader, as they happen."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from ._beside import Beside
from ._closing import aclose
from ._execute import Options, aopen_stream_of
from ._pipe import Pipe
from ._run import current, run_from
from .config import RunnableConfig, checked
from .events import EventFilter, Rendering, StreamEvent, Version

if TYPE_CHECKING:
    from .base import Runnable

__all__ = ["read_events"]

# A run that is this many events ahead of its reader waits. Enough to make the cost of waking the
# other side small beside that of the events, few enough to stop a model soon.
EVENTS_AHEAD = 512


def read_events(
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
        pipe: Pipe[StreamEvent] = Pipe(EVENTS_AHEAD)
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
            items = pipe.items
            while items or await pipe.ready():
                yield items.popleft()
                if pipe.full and len(pipe.items) == pipe.low:
                    pipe.let_writers_go_on()
        finally:
            pipe.close()
            await beside.stop()
        beside.raise_failure()

    return read()
