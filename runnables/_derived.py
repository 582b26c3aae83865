"""The hooks that a class does not write, derived from those it does; decided once, per class."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import CompositionError
from ._beside import transform_in_thread
from ._closing import aclose, as_async_generator, as_generator
from ._execute import ASingle
from ._merge import acollect, collect
from ._plan import adrive, adrive_stream, drive, drive_stream
from ._threads import call_in_thread

if TYPE_CHECKING:
    from ._run import Run
    from .base import Runnable

__all__ = ["complete"]

_VERBS = {
    **dict.fromkeys(("invoke", "batch", "batch_as_completed"), "_invoke(self, value, run)"),
    **dict.fromkeys(("ainvoke", "abatch", "abatch_as_completed"), "_ainvoke(self, value, run)"),
    **dict.fromkeys(("stream", "transform"), "_transform(self, chunks, run)"),
    **dict.fromkeys(("astream", "atransform", "astream_events"), "_atransform(self, chunks, run)"),
}
_HOOKS = ("_plan", "_invoke", "_ainvoke", "_transform", "_atransform")


def complete(cls: type[Runnable[Any, Any]], *, abstract: bool) -> None:
    """Check a new class and give it the hooks that it lacks.

    Raises:
        TypeError: It overrides a verb, or has no hook and is not said to be abstract.
    """
    for verb in _VERBS:
        if verb in cls.__dict__:
            raise TypeError(
                f"{cls.__name__}.{verb} overrides a method that is final; "
                f"write the hook {_VERBS[verb]} instead"
            )
    written = {h for h in _HOOKS if _is_written(cls, h)}
    if not written:
        if abstract or inspect.isabstract(cls):
            return
        raise TypeError(
            f"{cls.__name__} has no hook; write _invoke(self, value, run) or one of "
            f"{', '.join(_HOOKS)}, or say class {cls.__name__}(..., abstract=True)"
        )
    _check_colours(cls, written)
    in_pieces = not written.isdisjoint({"_transform", "_atransform"})
    cls._streams_as = cls._style or ("chunkwise" if in_pieces else "whole")
    cls._has_options = any(_takes_options(getattr(cls, h)) for h in written)
    for name in _HOOKS[1:]:
        if name not in written:
            setattr(cls, name, _derive(name, written, cls._inline))


def _check_colours(cls: type[Runnable[Any, Any]], written: set[str]) -> None:
    for hook in written & {"_invoke", "_ainvoke"}:
        is_async = inspect.iscoroutinefunction(getattr(cls, hook))
        if is_async and hook == "_invoke":
            raise TypeError(f"{cls.__name__}._invoke is async; write `async def _ainvoke(...)`")
        if not is_async and hook == "_ainvoke":
            raise TypeError(f"{cls.__name__}._ainvoke is not async; write `def _invoke(...)`")


def _is_written(cls: type[Runnable[Any, Any]], hook: str) -> bool:
    function = getattr(cls, hook, None)
    return function is not None and function not in _DERIVED


def _takes_options(hook: Callable[..., Any]) -> bool:
    kinds = [p.kind for p in inspect.signature(hook).parameters.values()]
    return inspect.Parameter.VAR_KEYWORD in kinds or inspect.Parameter.KEYWORD_ONLY in kinds


def _derive(hook: str, written: set[str], inline: bool) -> Callable[..., Any]:
    if "_plan" in written:
        return _BY_PLAN[hook]
    if hook == "_invoke" and "_transform" in written:
        return _invoke_by_transform
    if hook == "_invoke":
        return _invoke_async_only
    if hook == "_ainvoke":
        if inline and "_invoke" in written:
            return _ainvoke_inline
        if "_atransform" in written:
            return _ainvoke_by_atransform
        return _ainvoke_in_thread
    if hook == "_transform":
        if written <= {"_ainvoke", "_atransform"}:
            return _transform_async_only
        return _transform_whole
    if "_transform" in written and "_ainvoke" not in written:
        return _atransform_in_thread
    return _atransform_whole


# By plan.


def _invoke_by_plan(self: Any, value: Any, run: Run, /, **options: Any) -> Any:
    return drive(self, self._plan(value, run, **options), run)


async def _ainvoke_by_plan(self: Any, value: Any, run: Run, /, **options: Any) -> Any:
    return await adrive(self, self._plan(value, run, **options), run)


def _transform_by_plan(self: Any, chunks: Iterator[Any], run: Run, /, **options: Any) -> Any:
    yield from drive_stream(self, self._plan(collect(chunks), run, **options), run)


async def _atransform_by_plan(
    self: Any, chunks: AsyncIterator[Any], run: Run, /, **options: Any
) -> AsyncIterator[Any]:
    stream = adrive_stream(self, self._plan(await acollect(chunks), run, **options), run)
    try:
        async for chunk in stream:
            yield chunk
    finally:
        await aclose(stream)


# From the hooks that are written.


def _invoke_by_transform(self: Any, value: Any, run: Run, /, **options: Any) -> Any:
    stream = as_generator(self._transform(iter((value,)), run, **options))
    try:
        return collect(stream)
    finally:
        stream.close()


async def _ainvoke_by_atransform(self: Any, value: Any, run: Run, /, **options: Any) -> Any:
    stream = as_async_generator(self._atransform(ASingle(value), run, **options))
    try:
        return await acollect(stream)
    finally:
        await aclose(stream)


async def _ainvoke_inline(self: Any, value: Any, run: Run, /, **options: Any) -> Any:
    return self._invoke(value, run, **options)


async def _ainvoke_in_thread(self: Any, value: Any, run: Run, /, **options: Any) -> Any:
    return await call_in_thread(partial(self._invoke, value, run, **options))


def _transform_whole(
    self: Any, chunks: Iterator[Any], run: Run, /, **options: Any
) -> Iterator[Any]:
    yield self._invoke(collect(chunks), run, **options)


async def _atransform_whole(
    self: Any, chunks: AsyncIterator[Any], run: Run, /, **options: Any
) -> AsyncIterator[Any]:
    yield await self._ainvoke(await acollect(chunks), run, **options)


def _atransform_in_thread(
    self: Any, chunks: AsyncIterator[Any], run: Run, /, **options: Any
) -> AsyncIterator[Any]:
    return transform_in_thread(lambda taken: self._transform(taken, run, **options), chunks)


def _invoke_async_only(self: Any, value: Any, run: Run, /, **options: Any) -> Any:
    raise _async_only(self, "invoke", "ainvoke")


def _transform_async_only(self: Any, chunks: Any, run: Run, /, **options: Any) -> Iterator[Any]:
    raise _async_only(self, "stream", "astream")


def _async_only(step: Runnable[Any, Any], verb: str, twin: str) -> CompositionError:
    return CompositionError(
        f"{step.get_name()} is asynchronous only and was called by {verb}(); "
        f"call {twin}() instead, or give it a function for synchronous use too"
    )


_BY_PLAN = {
    "_invoke": _invoke_by_plan,
    "_ainvoke": _ainvoke_by_plan,
    "_transform": _transform_by_plan,
    "_atransform": _atransform_by_plan,
}
_DERIVED = frozenset(
    {
        *_BY_PLAN.values(),
        _invoke_by_transform,
        _ainvoke_by_atransform,
        _ainvoke_inline,
        _ainvoke_in_thread,
        _transform_whole,
        _atransform_whole,
        _atransform_in_thread,
        _invoke_async_only,
        _transform_async_only,
    }
)
