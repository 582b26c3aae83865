"""`RunnableGenerator`: a generator function over the stream of its input as a step."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

from ..errors import CompositionError
from ._beside import transform_in_thread
from ._closing import Ending, aclose
from .base import Input, Output, Runnable
from .function_types import given, streamed_input_of, yielded_by

if TYPE_CHECKING:
    from ._run import Run

__all__ = ["RunnableGenerator"]


class RunnableGenerator(Runnable[Input, Output]):
    """A generator function that is given the chunks of the input and yields those of the output.

    Args:
        transform: A generator function, or an async one alone.
        atransform: What async use calls instead. Without it, a plain generator function runs in a
            worker thread there.
        name: The name of the runs; else the function's own.

    Raises:
        CompositionError: A function is of the wrong kind.
    """

    __slots__ = ("_atransform_function", "_transform_function", "name")

    def __init__(
        self,
        transform: Callable[[Iterator[Input]], Iterator[Output]]
        | Callable[[AsyncIterator[Input]], AsyncIterator[Output]],
        atransform: Callable[[AsyncIterator[Input]], AsyncIterator[Output]] | None = None,
        *,
        name: str | None = None,
    ) -> None:
        is_async = inspect.isasyncgenfunction(transform)
        if not is_async and not inspect.isgeneratorfunction(transform):
            raise CompositionError(
                f"RunnableGenerator takes a generator function; {given(transform)}. "
                f"For a function that returns its result write RunnableLambda"
            )
        if atransform is not None and not inspect.isasyncgenfunction(atransform):
            raise CompositionError(
                f"atransform must be an async generator function; {given(atransform)}"
            )
        self._transform_function = (
            None if is_async else cast("Callable[[Iterator[Any]], Iterator[Output]]", transform)
        )
        self._atransform_function = (
            cast("Callable[[AsyncIterator[Any]], AsyncIterator[Output]]", transform)
            if is_async
            else atransform
        )
        # A partial of a generator function has no name of its own.
        self.name: str | None = name or getattr(transform, "__name__", None)

    def __repr__(self) -> str:
        return f"RunnableGenerator({self.name or '...'})"

    @property
    def InputType(self) -> Any:
        return streamed_input_of(self._written)

    @property
    def OutputType(self) -> Any:
        return yielded_by(self._written)

    @property
    def _written(self) -> Callable[..., Any]:
        function = self._transform_function or self._atransform_function
        assert function is not None  # one of the two was given
        return function

    def _transform(self, chunks: Iterator[Any], run: Run) -> Iterator[Output]:
        if self._transform_function is None:
            raise CompositionError(
                f"{self.get_name()} is an async generator and was called synchronously; "
                f"use ainvoke, astream or abatch of the chain, "
                f"or give both: RunnableGenerator(transform, atransform)"
            )
        stream = self._transform_function(chunks)
        with Ending(stream):
            yield from stream

    async def _atransform(
        self, chunks: AsyncIterator[Any], run: Run
    ) -> AsyncGenerator[Output, None]:
        if self._atransform_function is not None:
            stream = self._atransform_function(chunks)
        else:
            function = self._transform_function
            assert function is not None  # one of the two was given
            stream = transform_in_thread(function, chunks)
        try:
            async for chunk in stream:
                yield chunk
        finally:
            await aclose(stream)
