"""`RunnableSequence`: one step after the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from functools import lru_cache
from textwrap import indent
from typing import TYPE_CHECKING, Any

from ..errors import CompositionError
from ._closing import aclose, close
from ._execute import NO_OPTIONS, aexecute, aopen_stage, execute, open_stage
from ._place import NOTES, Place, deepest_stage, note_place
from ._stack import STEPS_A_STACK, iterate_in_own_thread, iterate_in_task
from .base import Input, Output, Runnable
from .parallel import coerce_to_runnable
from .schema import sequence_input, sequence_output

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ._execute import Options
    from ._run import Run
    from .config import RunnableConfig
    from .parallel import RunnableLike

__all__ = ["RunnableSequence"]


class RunnableSequence(Runnable[Input, Output]):
    """Steps where the output of each is the input of the next; made by `|`.

    Streams from end to end: a step that can work chunk by chunk starts with the first chunk of the
    step before it. Sequences in a sequence are flattened, unless they have a name.

    Raises:
        CompositionError: There are less than two steps, or one is nothing that can run.
    """

    __slots__ = ("_stages", "name", "steps")
    _calls_out = False

    def __init__(self, *steps: RunnableLike, name: str | None = None) -> None:
        if len(steps) < 2:
            raise CompositionError(f"a RunnableSequence has at least two steps; got {len(steps)}")
        self.name: str | None = name
        self.steps: list[Runnable[Any, Any]] = []
        for step in map(coerce_to_runnable, steps):
            if isinstance(step, RunnableSequence) and step.name is None:
                self.steps += step.steps
            else:
                self.steps.append(step)
        self._stages = [(step, _place(i)) for i, step in enumerate(self.steps, 1)]

    def __repr__(self) -> str:
        return "\n| ".join(indent(repr(step), "  ").lstrip() for step in self.steps)

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

    def _steps_inside(self) -> list[Runnable[Any, Any]]:
        return self.steps

    @property
    def InputType(self) -> Any:
        return self.first.InputType

    @property
    def OutputType(self) -> Any:
        return self.last.OutputType

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        return sequence_input(self.steps, config)

    def get_output_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        return sequence_output(self.steps, config)

    # A plan would say this once, and cost three times as much per step (docs/performance.md).

    def _invoke(self, value: Any, run: Run, /, **options: Any) -> Output:
        given: Options = options
        for step, place in self._stages:
            began = NOTES.count
            try:
                value = execute(step, value, run, place, given)
            except BaseException as exc:
                note_place(exc, self, place, step, began)
                raise
            given = NO_OPTIONS
        return value  # type: ignore[no-any-return]  # the last step's output

    async def _ainvoke(self, value: Any, run: Run, /, **options: Any) -> Output:
        given: Options = options
        for step, place in self._stages:
            began = NOTES.count
            try:
                value = await aexecute(step, value, run, place, given)
            except BaseException as exc:
                note_place(exc, self, place, step, began)
                raise
            given = NO_OPTIONS
        return value  # type: ignore[no-any-return]  # the last step's output

    def _transform(
        self, chunks: Iterator[Any], run: Run, /, **options: Any
    ) -> Generator[Output, None, None]:
        streams: list[Generator[Any, None, None]] = []
        marks: list[object] = [getattr(chunks, "gi_frame", None)]
        began, last, source = NOTES.count, chunks, None
        try:
            for i, (step, place) in enumerate(self._stages):
                if i and i % STEPS_A_STACK == 0:
                    streams.append(last := iterate_in_own_thread(streams[-STEPS_A_STACK:]))
                given = NO_OPTIONS if streams else options
                last, source = open_stage(step, last, run, place, given, source)
                streams.append(last)
                marks.append(source or getattr(last, "gi_frame", None))
            if source is not None:
                run.gives(source)
            yield from streams[-1]
        except BaseException as exc:
            self._note_stage(exc, marks, began)
            raise
        finally:
            marks.clear()  # frames hold this one, which holds them
            close(*reversed(streams))

    async def _atransform(
        self, chunks: AsyncIterator[Any], run: Run, /, **options: Any
    ) -> AsyncGenerator[Output, None]:
        streams: list[AsyncGenerator[Any, None]] = []
        marks: list[object] = [getattr(chunks, "ag_frame", None)]
        began, last, source = NOTES.count, chunks, None
        try:
            for i, (step, place) in enumerate(self._stages):
                if i and i % STEPS_A_STACK == 0:
                    streams.append(last := iterate_in_task(streams[-STEPS_A_STACK:]))
                given = NO_OPTIONS if streams else options
                last, source = aopen_stage(step, last, run, place, given, source)
                streams.append(last)
                marks.append(source or getattr(last, "ag_frame", None))
            if source is not None:
                run.gives(source)
            async for chunk in streams[-1]:
                yield chunk
        except BaseException as exc:
            self._note_stage(exc, marks, began)
            raise
        finally:
            marks.clear()  # frames hold this one, which holds them
            await aclose(*reversed(streams))

    def _note_stage(self, exc: BaseException, marks: list[object], began: int) -> None:
        # The mark of the input stands first: what fails there has its place further out.
        i = deepest_stage(exc.__traceback__, marks)
        if len(marks) <= len(self._stages):  # it was raised when the next stage was opened
            i = len(marks)
        if i > 0:
            step, place = self._stages[i - 1]
            note_place(exc, self, place, step, began)


@lru_cache(maxsize=4096)
def _place(i: int) -> Place:
    """The place of step i, the same in every sequence: `a | b | c | …` makes one at each bar."""
    return Place(f"seq:step:{i}", f"step {i}")
