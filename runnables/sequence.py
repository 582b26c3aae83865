"""`RunnableSequence`: one step after the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import TYPE_CHECKING, Any

from ..errors import CompositionError
from ._closing import aclose
from ._coerce import coerce_to_runnable
from ._execute import NO_OPTIONS, aopen_stage, open_stage
from ._place import Place, deepest_frame, note_place
from ._plan import call
from .base import Input, Output, Runnable

if TYPE_CHECKING:
    from ._coerce import RunnableLike
    from ._plan import Plan
    from ._run import Run

__all__ = ["RunnableSequence"]


class RunnableSequence(Runnable[Input, Output]):
    """Steps where the output of each is the input of the next; made by `|`.

    Streams from end to end: a step that can work chunk by chunk starts with the first chunk of the
    step before it. Sequences in a sequence are flattened, unless they have a name.

    Raises:
        CompositionError: There are less than two steps, or one is nothing that can run.
    """

    __slots__ = ("_places", "name", "steps")
    _calls_out = False

    def __init__(self, *steps: RunnableLike, name: str | None = None) -> None:
        if len(steps) < 2:
            raise CompositionError(f"a RunnableSequence has at least two steps; got {len(steps)}")
        self.name = name
        self.steps: list[Runnable[Any, Any]] = []
        for step in map(coerce_to_runnable, steps):
            if isinstance(step, RunnableSequence) and step.name is None:
                self.steps += step.steps
            else:
                self.steps.append(step)
        self._places = [Place(f"seq:step:{i}", f"step {i}") for i in range(1, len(self.steps) + 1)]

    @property
    def first(self) -> Runnable[Input, Any]:
        """The first step."""
        return self.steps[0]

    @property
    def middle(self) -> list[Runnable[Any, Any]]:
        """The steps between the first and the last."""
        return self.steps[1:-1]

    @property
    def last(self) -> Runnable[Any, Output]:
        """The last step."""
        return self.steps[-1]

    def _plan(self, value: Any, run: Run, **options: Any) -> Plan[Any]:
        for step, place in zip(self.steps, self._places, strict=True):
            value = yield from call(step, value, place, options)
            options = NO_OPTIONS  # type: ignore[assignment]  # only the first step gets them
        return value

    def _transform(
        self, chunks: Iterator[Any], run: Run, **options: Any
    ) -> Generator[Output, None, None]:
        stages: list[Generator[Any, None, None]] = []
        last, source = chunks, None
        for step, place in zip(self.steps, self._places, strict=True):
            given = NO_OPTIONS if stages else options
            last, source = open_stage(step, last, run, place, given, source)
            stages.append(last)
        frames = [
            getattr(chunks, "gi_frame", None),
            *(getattr(s, "gi_frame", None) for s in stages),
        ]
        try:
            yield from stages[-1]
        except BaseException as exc:
            self._note_stage(exc, deepest_frame(exc.__traceback__, frames))
            raise
        finally:
            for stage in reversed(stages):
                stage.close()

    async def _atransform(
        self, chunks: AsyncIterator[Any], run: Run, **options: Any
    ) -> AsyncGenerator[Output, None]:
        stages: list[AsyncGenerator[Any, None]] = []
        last, source = chunks, None
        for step, place in zip(self.steps, self._places, strict=True):
            given = NO_OPTIONS if stages else options
            last, source = aopen_stage(step, last, run, place, given, source)
            stages.append(last)
        frames = [getattr(stage, "ag_frame", None) for stage in (chunks, *stages)]
        try:
            async for chunk in stages[-1]:
                yield chunk
        except BaseException as exc:
            self._note_stage(exc, deepest_frame(exc.__traceback__, frames))
            raise
        finally:
            await aclose(*reversed(stages))

    def _note_stage(self, exc: BaseException, i: int) -> None:
        # 0 is the input: what fails there has its place further out.
        if i > 0:
            note_place(exc, self, self._places[i - 1], self.steps[i - 1])
