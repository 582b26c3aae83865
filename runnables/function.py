"""`RunnableLambda`: a function as a step."""

from __future__ import annotations

import inspect
import operator
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
)
from functools import partial
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from ..errors import CompositionError
from ._beside import iterate_in_thread
from ._closing import Ending, aclose, as_async_generator
from ._execute import aexecute, aopen_stream_of, execute, open_stream_of
from ._merge import acollect, collect
from ._run import IDLE, INSIDE, current
from ._threads import call_in_thread
from .base import Input, Output, Runnable
from .function_types import (
    given,
    input_of,
    item_keys,
    looking_into,
    output_of,
    runnables_in,
    yielded_by,
)
from .schema import model_of

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ._execute import Options
    from ._run import Run
    from .config import RunnableConfig
    from .config_fields import ConfigurableFieldSpec

__all__ = ["Kind", "RunnableLambda", "chain", "kind_of"]

T = TypeVar("T")
Kind = Literal["plain", "async", "generator", "async generator"]

# Computation that cannot block: not worth a worker thread.
_INLINE = (operator.itemgetter, operator.attrgetter)
_INLINE_BUILTINS = frozenset(
    {len, str, int, float, bool, repr, list, tuple, dict, set, sorted, sum}
)


class _Function:
    """A user's function, and what was found out about it, once."""

    __slots__ = ("call", "kind", "wants_config")

    def __init__(self, function: Callable[..., Any]) -> None:
        self.call = function
        self.kind: Kind = kind_of(function)
        self.wants_config = _has_parameter(function, "config")

    def arguments(self, run: Run, options: Options) -> Options:
        """The keyword arguments for one call."""
        return {**options, "config": run.config} if self.wants_config else options


def kind_of(function: Callable[..., Any]) -> Kind:
    """Say how a function is called, also that of a partial or of an object with `__call__`."""
    bare: Any = function
    while isinstance(bare, partial):
        bare = bare.func
    if not inspect.isroutine(bare) and not isinstance(bare, type):
        bare = getattr(bare, "__call__", bare)  # noqa: B004  # an object whose class has __call__
    if inspect.iscoroutinefunction(bare):
        return "async"
    if inspect.isasyncgenfunction(bare):
        return "async generator"
    if inspect.isgeneratorfunction(bare):
        return "generator"
    return "plain"


def _has_parameter(function: Callable[..., Any], name: str) -> bool:
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):  # some builtins have no signature
        return False


class RunnableLambda(Runnable[Input, Output]):
    """A function of one argument as a step.

    The function may be plain, async, or a generator whose items are the chunks of the output.
    Given a parameter named `config`, it gets the config of its run. If it returns a runnable, that
    runs on the same input, and streams. A plain function may block: async use runs it in a worker
    thread.

    Args:
        func: The function. A function that is async only can be given alone.
        afunc: What async use calls instead.
        name: The name of the runs; else the function's own, unless it has none.
        inline: Whether `func` is quick and never blocks, so that async use calls it directly.

    Raises:
        CompositionError: `func` is no function, or `afunc` is not async.
    """

    __slots__ = (
        "_afunction",
        "_async_kind",
        "_direct",
        "_function",
        "_runs_inline",
        "afunc",
        "func",
        "name",
    )
    _style = "chunkwise"

    @overload
    def __init__(
        self,
        func: Callable[[Input], AsyncIterator[Output]]
        | Callable[[Input, RunnableConfig], AsyncIterator[Output]],
        afunc: None = None,
        name: str | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        func: Callable[[Input], Awaitable[Output]],
        afunc: None = None,
        name: str | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        func: Callable[[Input, RunnableConfig], Awaitable[Output]],
        afunc: None = None,
        name: str | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        func: Callable[[Input], Iterator[Output]],
        afunc: Callable[..., Awaitable[Output] | AsyncIterator[Output]] | None = None,
        name: str | None = None,
        *,
        inline: bool = False,
    ) -> None: ...
    @overload
    def __init__(
        self,
        func: Callable[[Input], Runnable[Input, Output]],
        afunc: Callable[..., Awaitable[Output] | AsyncIterator[Output]] | None = None,
        name: str | None = None,
        *,
        inline: bool = False,
    ) -> None: ...
    @overload
    def __init__(
        self,
        func: Callable[[Input], Output],
        afunc: Callable[..., Awaitable[Output] | AsyncIterator[Output]] | None = None,
        name: str | None = None,
        *,
        inline: bool = False,
    ) -> None: ...
    @overload
    def __init__(
        self,
        func: Callable[[Input, RunnableConfig], Output],
        afunc: Callable[..., Awaitable[Output] | AsyncIterator[Output]] | None = None,
        name: str | None = None,
        *,
        inline: bool = False,
    ) -> None: ...
    def __init__(
        self,
        func: Callable[..., Any],
        afunc: Callable[..., Any] | None = None,
        name: str | None = None,
        *,
        inline: bool = False,
    ) -> None:
        if isinstance(func, Runnable) or not callable(func):
            raise CompositionError(f"RunnableLambda takes a function; {given(func)}")
        self._function: _Function | None = _Function(func)
        self._afunction: _Function | None = None
        self._async_kind: Kind = self._function.kind  # of what async use calls
        if self._function.kind in ("async", "async generator"):
            if afunc is not None:
                raise CompositionError("func is async already; give a plain func besides afunc")
            self._function, self._afunction = None, self._function
        elif afunc is not None:
            self._afunction = _Function(afunc)
            if self._afunction.kind not in ("async", "async generator"):
                raise CompositionError(f"afunc must be an async function; {given(afunc)}")
            self._async_kind = self._afunction.kind
        self.func: Callable[..., Any] = func
        self.afunc: Callable[..., Any] | None = afunc
        self.name: str | None = name or _name_of(func)
        self._runs_inline = inline or isinstance(func, _INLINE) or _is_quick_builtin(func)
        self._direct: Callable[..., Any] | None = (
            func
            if self._function is not None
            and self._function.kind == "plain"
            and not self._function.wants_config
            else None
        )

    def __repr__(self) -> str:
        return f"RunnableLambda({self.name or '...'})"

    @property
    def InputType(self) -> Any:
        return input_of(self.func)

    @property
    def OutputType(self) -> Any:
        made_by = self._function or self._afunction
        assert made_by is not None  # one of the two was given
        in_pieces = made_by.kind in ("generator", "async generator")
        return yielded_by(self.func) if in_pieces else output_of(self.func)

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        keys = item_keys(self.func)
        if not all(isinstance(key, str) for key in keys) or not keys:
            return super().get_input_schema(config)
        return model_of(self.get_name("Input"), dict.fromkeys(keys, (Any, ...)))

    @property
    def deps(self) -> list[Runnable[Any, Any]]:
        """The runnables that the function names; found when they are asked for."""
        functions = (self.func,) if self.afunc is None else (self.func, self.afunc)
        return list({id(d): d for f in functions for d in runnables_in(f)}.values())

    def _steps_inside(self) -> Iterable[Runnable[Any, Any]]:
        return self.deps

    @property
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        with looking_into(self) as first:  # a function may name the chain that it is in
            return super().config_specs if first else []

    def _invoke(self, value: Any, run: Run, /, **options: Any) -> Output:
        if self._direct is not None:
            result = self._direct(value, **options)
        else:
            result = self._called(value, run, options)
        if isinstance(result, Runnable):
            result = execute(_step(result), value, run.deeper(value))
        elif type(result) is CoroutineType:
            raise _returned_coroutine(self, result)
        return result  # type: ignore[no-any-return]  # what the function said it returns

    async def _ainvoke(self, value: Any, run: Run, /, **options: Any) -> Output:
        result = await self._aresult(value, run, options)
        if isinstance(result, Runnable):
            result = await aexecute(_step(result), value, run.deeper(value))
        return result  # type: ignore[no-any-return]  # what the function said it returns

    def _collects(self) -> bool:
        # A subclass may have hooks of its own, which these two would go around.
        return type(self) is RunnableLambda and self._async_kind in ("plain", "async")

    def _acalled(self, value: Any, run: Run, options: Options) -> Awaitable[Any]:
        function = self._afunction
        if function is None or function.kind != "async":
            return self._aresult(value, run, options)
        if function.wants_config:
            options = function.arguments(run, options)
        return function.call(value, **options)  # type: ignore[no-any-return]  # it is async

    def _acontinued(self, result: Any, value: Any, run: Run) -> AsyncGenerator[Output, None] | None:
        if not isinstance(result, Runnable):
            return None
        return aopen_stream_of(_step(result), value, run.deeper(value))

    async def _aresult(self, value: Any, run: Run, options: Options) -> Any:
        """What the function returns; the sum of what it yields."""
        function = self._afunction
        if function is None and self._runs_inline:
            result = self._called(value, run, options)
            return await result if inspect.iscoroutine(result) else result
        token = current.set(INSIDE) if run is IDLE else None
        try:
            if function is None:
                result = await call_in_thread(partial(self._called, value, run, options))
                return await result if inspect.iscoroutine(result) else result
            if function.wants_config:
                options = function.arguments(run, options)
            result = function.call(value, **options)
            return await result if function.kind == "async" else await acollect(result)
        finally:
            if token is not None:
                current.reset(token)

    def _called(self, value: Any, run: Run, options: Options) -> Any:
        """What the function returns; the sum of what it yields."""
        result = self._opened(value, run, options)
        function = self._function
        return collect(result) if function is not None and function.kind == "generator" else result

    def _opened(self, value: Any, run: Run, options: Options) -> Any:
        """What the function returns: a generator if it is one."""
        function = self._function
        if function is None:
            raise CompositionError(
                f"{self.get_name()} is an async function and was called synchronously; "
                f"use ainvoke, astream or abatch of the chain, "
                f"or give both: RunnableLambda(func, afunc)"
            )
        return function.call(value, **function.arguments(run, options))

    def _transform(
        self, chunks: Iterator[Any], run: Run, /, **options: Any
    ) -> Generator[Output, None, None]:
        value = collect(chunks)
        result = self._opened(value, run, options)
        if self._function is not None and self._function.kind == "generator":
            with Ending(result):
                yield from result
        elif isinstance(result, Runnable):
            yield from open_stream_of(_step(result), value, run.deeper(value))
        elif type(result) is CoroutineType:
            raise _returned_coroutine(self, result)
        else:
            yield result

    async def _atransform(
        self, chunks: AsyncIterator[Any], run: Run, /, **options: Any
    ) -> AsyncGenerator[Output, None]:
        value = await acollect(chunks)
        stream: AsyncGenerator[Any, None] | None
        if self._async_kind == "generator":
            stream = iterate_in_thread(partial(self._opened, value, run, options))
        elif self._async_kind == "async generator":
            function = self._afunction
            assert function is not None  # there is no other of this kind
            stream = as_async_generator(function.call(value, **function.arguments(run, options)))
        else:
            result = await self._aresult(value, run, options)
            stream = self._acontinued(result, value, run)
            if stream is None:
                yield result
                return
        try:
            async for chunk in stream:
                yield chunk
        finally:
            await aclose(stream)


def _step(result: Any) -> Runnable[Any, Any]:
    """What a function returned, once `isinstance` has said that it is a step: of any types."""
    step: Runnable[Any, Any] = result
    return step


def _returned_coroutine(step: Runnable[Any, Any], result: Any) -> CompositionError:
    result.close()  # else Python warns, somewhere else, that it was never awaited
    return CompositionError(
        f"{step.get_name()} returned a coroutine and was called synchronously; "
        f"use ainvoke, astream or abatch of the chain, or call the synchronous twin in the function"
    )


def _name_of(function: Callable[..., Any]) -> str | None:
    name = getattr(function, "__name__", "<lambda>")
    return None if name == "<lambda>" else str(name)


def _is_quick_builtin(function: Callable[..., Any]) -> bool:
    try:
        return function in _INLINE_BUILTINS
    except TypeError:  # an object that cannot be hashed
        return False


@overload
def chain(
    func: Callable[[Input], AsyncIterator[Output]]
    | Callable[[Input, RunnableConfig], AsyncIterator[Output]],
) -> Runnable[Input, Output]: ...
@overload
def chain(func: Callable[[Input], Awaitable[Output]]) -> Runnable[Input, Output]: ...
@overload
def chain(
    func: Callable[[Input, RunnableConfig], Awaitable[Output]],
) -> Runnable[Input, Output]: ...
@overload
def chain(func: Callable[[Input], Iterator[Output]]) -> Runnable[Input, Output]: ...
@overload
def chain(func: Callable[[Input], Runnable[Input, Output]]) -> Runnable[Input, Output]: ...
@overload
def chain(func: Callable[[Input], Output]) -> Runnable[Input, Output]: ...
@overload
def chain(func: Callable[[Input, RunnableConfig], Output]) -> Runnable[Input, Output]: ...
def chain(func: Callable[..., Any]) -> Runnable[Any, Any]:
    """Make a function a runnable that is named after it: a decorator.

    What it calls inside nests below it in the events.
    """
    return RunnableLambda(func)
