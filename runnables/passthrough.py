"""Steps that hand on their input: all of it, more than it, or a part of it."""

from __future__ import annotations

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
from typing import TYPE_CHECKING, Any

from typing_extensions import TypeVar

from ..errors import CompositionError, StepInputError, shown
from ._closing import aclose, close
from ._execute import aopen_stream, open_stream
from ._fan import CHUNKS_AHEAD, ABranch, Branch, afan_out, fan_out
from ._merge import Sum
from ._place import NOTES, NOWHERE, note_place
from ._plan import call
from .addable import AddableDict
from .base import Runnable
from .function import RunnableLambda
from .parallel import RunnableParallel, coerce_to_runnable
from .schema import fields_of, model_of, root_model

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ._plan import Plan
    from ._run import Run
    from .config import RunnableConfig
    from .parallel import RunnableLike

__all__ = ["RunnableAssign", "RunnablePassthrough", "RunnablePick"]

T = TypeVar("T", default=Any)


class RunnablePassthrough(Runnable[T, T]):
    """Give the input as the output, chunk by chunk.

    Args:
        func: Called with the whole input for its effect; what it returns is not used.
        afunc: What async use calls instead.
    """

    __slots__ = ("_effect", "afunc", "func", "input_type", "name")
    _hands_on = True

    def __init__(
        self,
        func: Callable[..., Any] | None = None,
        afunc: Callable[..., Any] | None = None,
        *,
        input_type: type[T] | None = None,
        name: str | None = None,
    ) -> None:
        self.func: Callable[..., Any] | None = func
        self.afunc: Callable[..., Any] | None = afunc
        self.input_type: type[T] | None = input_type
        self.name: str | None = name
        first = func or afunc
        self._effect: RunnableLambda[Any, Any] | None = None
        if first is not None:
            self._effect = RunnableLambda(first, afunc if func is not None else None)

    def __repr__(self) -> str:
        return f"RunnablePassthrough({self._effect.name or '...' if self._effect else ''})"

    @classmethod
    # LCEL has the two methods of this name.
    def assign(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        cls, **kwargs: RunnableLike
    ) -> RunnableAssign:
        """Make a step that adds keys to its input, a dict; see `RunnableAssign`."""
        return RunnableAssign(RunnableParallel(kwargs))

    @property
    def InputType(self) -> Any:
        return Any if self.input_type is None else self.input_type

    @property
    def OutputType(self) -> Any:
        return self.InputType

    def _input_before(
        self, schema: type[BaseModel], config: RunnableConfig | None
    ) -> type[BaseModel]:
        return schema if self.input_type is None else self.get_input_schema(config)

    def _output_after(
        self, schema: type[BaseModel], config: RunnableConfig | None
    ) -> type[BaseModel]:
        return schema if self.input_type is None else self.get_output_schema(config)

    def _transform(
        self, chunks: Iterator[T], run: Run, /, **options: Any
    ) -> Generator[T, None, None]:
        if self._effect is None:
            yield from chunks
            return
        total = Sum()
        for chunk in chunks:
            total.add(chunk)
            yield chunk
        if total.given:
            self._effect._invoke(total.result(), run, **options)

    async def _atransform(
        self, chunks: AsyncIterator[T], run: Run, /, **options: Any
    ) -> AsyncGenerator[T, None]:
        total = None if self._effect is None else Sum()
        async for chunk in chunks:
            if total is not None:
                total.add(chunk)
            yield chunk
        if self._effect is not None and total is not None and total.given:
            await self._effect._ainvoke(total.result(), run, **options)

    def _invoke(self, value: T, run: Run, /, **options: Any) -> T:
        if self._effect is not None:
            self._effect._invoke(value, run, **options)
        return value

    async def _ainvoke(self, value: T, run: Run, /, **options: Any) -> T:
        if self._effect is not None:
            await self._effect._ainvoke(value, run, **options)
        return value


class RunnableAssign(Runnable[dict[str, Any], dict[str, Any]]):
    """Give the input, a dict, with more keys, or with others in their place.

    As a stream it gives the input first, without the keys that are replaced, then the new keys as
    their chunks come; they are worked on meanwhile.
    """

    __slots__ = ("mapper", "name")
    _calls_out = False
    _hands_on = True

    def __init__(
        self,
        mapper: RunnableParallel[dict[str, Any]] | Mapping[str, RunnableLike],
        *,
        name: str | None = None,
    ) -> None:
        step = coerce_to_runnable(mapper)
        if not isinstance(step, RunnableParallel):
            raise CompositionError(
                f"RunnableAssign takes a dict of steps or a RunnableParallel; got {shown(mapper)}"
            )
        self.mapper: RunnableParallel[Any] = step
        self.name: str | None = name

    def get_name(self, suffix: str | None = None, *, name: str | None = None) -> str:
        name = name or self.name or f"RunnableAssign<{','.join(self.mapper.steps__)}>"
        return super().get_name(suffix, name=name)

    def __repr__(self) -> str:
        return f"RunnableAssign(mapper={self.mapper!r})"

    def _steps_inside(self) -> Iterable[Runnable[Any, Any]]:
        return (self.mapper,)

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        if fields := fields_of(self.mapper.get_input_schema(config)):
            return model_of(self.get_name("Input"), fields)
        return super().get_input_schema(config)

    def get_output_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        return self._output_after(self.get_input_schema(config), config)

    def _input_before(
        self, schema: type[BaseModel], config: RunnableConfig | None
    ) -> type[BaseModel]:
        mapped = self.mapper.steps__
        after = fields_of(schema) or {}
        needed = fields_of(self.mapper.get_input_schema(config)) or {}
        fields = {**{key: field for key, field in after.items() if key not in mapped}, **needed}
        return model_of(self.get_name("Input"), fields)

    def _output_after(
        self, schema: type[BaseModel], config: RunnableConfig | None
    ) -> type[BaseModel]:
        made = fields_of(self.mapper.get_output_schema(config)) or {}
        return model_of(self.get_name("Output"), {**(fields_of(schema) or {}), **made})

    def _plan(self, value: dict[str, Any], run: Run) -> Plan[dict[str, Any]]:
        _check_dict(self, value)
        mapped = yield from call(self.mapper, value)
        return {**value, **mapped}

    def _transform(
        self, chunks: Iterator[dict[str, Any]], run: Run
    ) -> Generator[dict[str, Any], None, None]:
        branches: list[Branch] = [self._rest, partial(_open, open_stream, self.mapper, run)]
        held = _Held()
        fan = fan_out(chunks, branches, None, partial(self._blame, NOTES.count))
        try:
            for i, chunk in fan:
                yield from held.order(i, chunk)
        finally:
            close(fan)
        yield from held.release()

    async def _atransform(
        self, chunks: AsyncIterator[dict[str, Any]], run: Run
    ) -> AsyncGenerator[dict[str, Any], None]:
        branches: list[ABranch] = [self._arest, partial(_open, aopen_stream, self.mapper, run)]
        held = _Held()
        fan = afan_out(chunks, branches, None, partial(self._blame, NOTES.count))
        try:
            async for i, chunk in fan:
                for ready in held.order(i, chunk):
                    yield ready
        finally:
            await aclose(fan)
        for ready in held.release():
            yield ready

    def _rest(self, chunks: Iterator[dict[str, Any]]) -> Generator[Any, None, None]:
        for chunk in chunks:
            if rest := self._without_mapped(chunk):
                yield rest
        yield _END

    async def _arest(self, chunks: AsyncIterator[dict[str, Any]]) -> AsyncGenerator[Any, None]:
        async for chunk in chunks:
            if rest := self._without_mapped(chunk):
                yield rest
        yield _END

    def _without_mapped(self, chunk: dict[str, Any]) -> AddableDict:
        _check_dict(self, chunk)
        mapped = self.mapper.steps__
        return AddableDict({k: v for k, v in chunk.items() if k not in mapped})

    def _blame(self, began: int, i: int, exc: BaseException) -> None:
        if i:
            note_place(exc, self, NOWHERE, self.mapper, began)


_END: Any = object()


class _Held:
    """Mapped chunks, held back until the input has passed; but no more than a buffer of them."""

    def __init__(self) -> None:
        self._chunks: list[dict[str, Any]] = []
        self._passed = False

    def order(self, i: int, chunk: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if chunk is _END:
            self._passed = True
        elif i and not self._passed and len(self._chunks) < CHUNKS_AHEAD:
            self._chunks.append(chunk)
            return
        elif i == 0:
            yield chunk
            return
        else:
            self._chunks.append(chunk)
        yield from self.release()

    def release(self) -> Iterator[dict[str, Any]]:
        chunks, self._chunks = self._chunks, []
        yield from chunks


def _open(open_: Callable[..., Any], step: Runnable[Any, Any], run: Run, chunks: Any) -> Any:
    return open_(step, chunks, run)


class RunnablePick(Runnable[Mapping[str, Any], Any]):
    """Give the value of one key of the input, or a dict of some of its keys.

    A key that is not there is left out; a single one is None.
    """

    __slots__ = ("keys", "name")
    _hands_on = True
    _inline = True
    _calls_out = False

    def __init__(self, keys: str | list[str], *, name: str | None = None) -> None:
        if not isinstance(keys, str) and not (
            isinstance(keys, list) and keys and all(isinstance(key, str) for key in keys)
        ):
            raise CompositionError(
                f"RunnablePick takes a key, or a list of at least one key; got {shown(keys)}"
            )
        self.keys: str | list[str] = keys
        self.name: str | None = name

    def __repr__(self) -> str:
        return f"RunnablePick(keys={self.keys!r})"

    def get_name(self, suffix: str | None = None, *, name: str | None = None) -> str:
        keys = [self.keys] if isinstance(self.keys, str) else self.keys
        name = name or self.name or f"RunnablePick<{','.join(keys)}>"
        return super().get_name(suffix, name=name)

    def _output_after(
        self, schema: type[BaseModel], config: RunnableConfig | None
    ) -> type[BaseModel]:
        fields = fields_of(schema) or {}
        if not isinstance(self.keys, str):
            picked = {key: fields.get(key, (Any, ...)) for key in self.keys}
            return model_of(self.get_name("Output"), picked)
        return root_model(self.get_name("Output"), fields.get(self.keys, (Any, ...))[0])

    def _picked(self, value: Mapping[str, Any]) -> Any:
        _check_dict(self, value)
        if isinstance(self.keys, str):
            return value.get(self.keys)
        picked = AddableDict({key: value[key] for key in self.keys if key in value})
        return picked or None

    def _invoke(self, value: Mapping[str, Any], run: Run) -> Any:
        return self._picked(value)

    def _transform(
        self, chunks: Iterator[Mapping[str, Any]], run: Run
    ) -> Generator[Any, None, None]:
        for chunk in chunks:
            if (picked := self._picked(chunk)) is not None:
                yield picked

    async def _atransform(
        self, chunks: AsyncIterator[Mapping[str, Any]], run: Run
    ) -> AsyncGenerator[Any, None]:
        async for chunk in chunks:
            if (picked := self._picked(chunk)) is not None:
                yield picked


def _check_dict(step: Runnable[Any, Any], value: object) -> None:
    if not isinstance(value, Mapping):
        raise StepInputError(
            f"{step.get_name()} takes a dict; got {shown(value)}. "
            f'Make one before it: {{"input": RunnablePassthrough()}} | ...'
        )
