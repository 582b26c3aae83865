"""`RunnableParallel`: the same input into several steps at the same time; what counts as a step.

A dict of steps is a `RunnableParallel`, whose values may be dicts of steps: so what coerces values
to steps stands here.
"""

from __future__ import annotations

import inspect
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
)
from functools import partial
from textwrap import indent
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import CompositionError, shown
from ._closing import aclose, close
from ._execute import aopen_stream, open_stream
from ._fan import afan_out, fan_out
from ._place import NOTES, Place, note_place
from ._plan import Call, gather
from .addable import AddableDict
from .base import Input, Runnable
from .function import RunnableLambda
from .function_types import given
from .generator import RunnableGenerator
from .schema import fields_of, model_of, root_model

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ._plan import Plan
    from ._run import Run
    from .config import RunnableConfig

__all__ = ["RunnableLike", "RunnableMap", "RunnableParallel", "coerce_to_runnable"]

RunnableLike: TypeAlias = Runnable[Any, Any] | Callable[..., Any] | Mapping[str, Any]
"""A step: a runnable, a function of any colour, or a dict of these."""


class RunnableParallel(Runnable[Input, dict[str, Any]]):
    """Several steps on the same input, and a dict of their outputs.

    The steps run at the same time, in threads or in tasks. As a stream it gives `{key: chunk}` as
    the chunks come. If several steps fail, the first failure is raised with the others as notes.

    Raises:
        CompositionError: There is no step, a key is no string, or a value is nothing that can run.
    """

    __slots__ = ("_places", "name", "steps__")
    _calls_out = False

    def __init__(
        self,
        steps__: Mapping[str, RunnableLike] | None = None,
        /,
        *,
        name: str | None = None,
        **kwargs: RunnableLike,
    ) -> None:
        if steps__ is not None and not isinstance(steps__, Mapping):
            raise CompositionError(
                f"a RunnableParallel takes a dict of steps; got {shown(steps__)}"
            )
        steps = {**(steps__ or {}), **kwargs}
        if not steps:
            raise CompositionError("a RunnableParallel has at least one step; got none")
        for key in steps:
            if not isinstance(key, str):
                raise CompositionError(
                    f"the keys of a RunnableParallel are strings; got {shown(key)}"
                )
        self.name: str | None = name
        self.steps__: dict[str, Runnable[Any, Any]] = {
            key: coerce_to_runnable(step) for key, step in steps.items()
        }
        self._places = [Place(f"map:key:{key}", f"key {key!r}") for key in self.steps__]

    def get_name(self, suffix: str | None = None, *, name: str | None = None) -> str:
        name = name or self.name or f"RunnableParallel<{','.join(self.steps__)}>"
        return super().get_name(suffix, name=name)

    def __repr__(self) -> str:
        steps = ",\n".join(f"{key}: {step!r}" for key, step in self.steps__.items())
        return f"{{\n{indent(steps, '  ')}\n}}"

    def _steps_inside(self) -> Iterable[Runnable[Any, Any]]:
        return self.steps__.values()

    @property
    def InputType(self) -> Any:
        kinds = (step.InputType for step in self.steps__.values())
        return next((kind for kind in kinds if kind is not Any), Any)

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        fields: dict[str, tuple[Any, Any]] = {}
        for step in self.steps__.values():
            wanted = fields_of(step.get_input_schema(config))
            if wanted is None:  # it takes no dict, and so do they all
                return root_model(self.get_name("Input"), self.InputType)
            fields.update(wanted)
        return model_of(self.get_name("Input"), fields)

    def get_output_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        fields = {key: (step.OutputType, ...) for key, step in self.steps__.items()}
        return model_of(self.get_name("Output"), fields)

    def _plan(self, value: Any, run: Run) -> Plan[dict[str, Any]]:
        steps = self.steps__
        calls = [Call(s, value, p) for s, p in zip(steps.values(), self._places, strict=True)]
        results = yield from gather(calls)
        return dict(zip(steps, results, strict=True))

    def _transform(self, chunks: Iterator[Any], run: Run) -> Generator[dict[str, Any], None, None]:
        keys = list(self.steps__)
        branches = [
            partial(_branch, open_stream, s, run, p)
            for s, p in zip(self.steps__.values(), self._places, strict=True)
        ]
        fan = fan_out(
            chunks, branches, run.settings.max_concurrency, partial(self._blame, NOTES.count)
        )
        try:
            for i, chunk in fan:
                yield AddableDict({keys[i]: chunk})
        finally:
            close(fan)

    async def _atransform(
        self, chunks: AsyncIterator[Any], run: Run
    ) -> AsyncGenerator[dict[str, Any], None]:
        keys = list(self.steps__)
        branches = [
            partial(_branch, aopen_stream, s, run, p)
            for s, p in zip(self.steps__.values(), self._places, strict=True)
        ]
        fan = afan_out(
            chunks, branches, run.settings.max_concurrency, partial(self._blame, NOTES.count)
        )
        try:
            async for i, chunk in fan:
                yield AddableDict({keys[i]: chunk})
        finally:
            await aclose(fan)

    def _blame(self, began: int, i: int, exc: BaseException) -> None:
        note_place(exc, self, self._places[i], list(self.steps__.values())[i], began)


def _branch(
    open_: Callable[..., Any], step: Runnable[Any, Any], run: Run, place: Place, chunks: Any
) -> Any:
    return open_(step, chunks, run, place)


RunnableMap = RunnableParallel


def coerce_to_runnable(thing: Any) -> Runnable[Any, Any]:
    """Give the step that `thing` stands for.

    A function becomes a `RunnableLambda`, a generator function a `RunnableGenerator` (it is given
    the stream of its input), a dict a `RunnableParallel`.

    Raises:
        CompositionError: It is none of these.
    """
    if isinstance(thing, Runnable):
        return thing  # pyright: ignore[reportUnknownVariableType]  # a step of any types
    if isinstance(thing, Mapping):
        return RunnableParallel(thing)  # pyright: ignore[reportUnknownArgumentType]
    if inspect.isgeneratorfunction(thing) or inspect.isasyncgenfunction(thing):
        return RunnableGenerator(thing)
    if callable(thing):
        return RunnableLambda(thing)
    raise CompositionError(f"a step is a runnable, a function, or a dict of these; {given(thing)}")
