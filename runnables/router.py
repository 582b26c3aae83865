"""`RouterRunnable`: the step that the input names."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypedDict

from ..errors import CompositionError, StepInputError, shown
from ._closing import aclose
from ._execute import aexecute, aopen_stream_of, execute, open_stream_of
from ._merge import acollect, collect
from .base import Output, Runnable
from .parallel import coerce_to_runnable
from .schema import either

if TYPE_CHECKING:
    from ._run import Run
    from .parallel import RunnableLike

__all__ = ["RouterInput", "RouterRunnable"]


class RouterInput(TypedDict):
    """What a router takes: the key of the step to call, and its input."""

    key: str
    input: Any


class RouterRunnable(Runnable[RouterInput, Output]):
    """The step that `input["key"]` names, on `input["input"]`; has no run of its own.

    Raises:
        StepInputError: On a call with a key that names no step.
    """

    __slots__ = ("name", "runnables")
    _calls_out = False
    _has_run = False

    def __init__(self, runnables: Mapping[str, RunnableLike]) -> None:
        if not isinstance(runnables, Mapping) or not all(isinstance(k, str) for k in runnables):
            raise CompositionError(
                f"a RouterRunnable takes a dict of steps, by strings; got {shown(runnables)}"
            )
        if not runnables:
            raise CompositionError("a RouterRunnable has at least one step; got none")
        self.name: str | None = None
        self.runnables: dict[str, Runnable[Any, Output]] = {
            key: coerce_to_runnable(step) for key, step in runnables.items()
        }

    def __repr__(self) -> str:
        return f"RouterRunnable(runnables={self.runnables!r})"

    def _steps_inside(self) -> Iterable[Runnable[Any, Any]]:
        return self.runnables.values()

    @property
    def OutputType(self) -> Any:
        return either(step.OutputType for step in self.runnables.values())

    def _route(self, value: RouterInput) -> tuple[Runnable[Any, Output], Any]:
        if not isinstance(value, Mapping) or not {"key", "input"} <= value.keys():
            raise StepInputError(f'a router takes {{"key": ..., "input": ...}}; got {shown(value)}')
        key = value["key"]
        step = self.runnables.get(key) if isinstance(key, str) else None
        if step is None:
            keys = ", ".join(map(repr, self.runnables))
            raise StepInputError(f"no step for the key {shown(key)}; there are {keys}")
        return step, value["input"]

    def _invoke(self, value: RouterInput, run: Run, /, **options: Any) -> Output:
        step, value = self._route(value)
        return execute(step, value, run, options=options)

    async def _ainvoke(self, value: RouterInput, run: Run, /, **options: Any) -> Output:
        step, value = self._route(value)
        return await aexecute(step, value, run, options=options)

    def _transform(
        self, chunks: Iterator[RouterInput], run: Run, /, **options: Any
    ) -> Generator[Output, None, None]:
        step, value = self._route(collect(chunks))
        yield from open_stream_of(step, value, run, options=options)

    async def _atransform(
        self, chunks: AsyncIterator[RouterInput], run: Run, /, **options: Any
    ) -> AsyncGenerator[Output, None]:
        step, value = self._route(await acollect(chunks))
        stream = aopen_stream_of(step, value, run, options=options)
        try:
            async for chunk in stream:
                yield chunk
        finally:
            await aclose(stream)
