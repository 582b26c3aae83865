"""`RunnableWithFallbacks`: other steps for when one fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

from ..errors import CompositionError, ConfigError, shown
from ._closing import is_cancellation
from ._place import Place
from ._plan import attempt
from .base import Input, Output, Runnable
from .parallel import coerce_to_runnable

if TYPE_CHECKING:
    from ._plan import Plan
    from ._run import Run
    from .config import RunnableConfig

__all__ = ["RunnableWithFallbacks"]


class RunnableWithFallbacks(Runnable[Input, Output]):
    """A step, and others that are tried in turn on the same input when it fails.

    In a stream the next one is tried until a first chunk has come; after that a failure is raised.
    When all fail, the first error is raised. Attributes that it does not have are those of the
    first step; a method of it that returns a step, such as `bind_tools`, is called on the
    fallbacks too.

    Args:
        runnable: The first step.
        fallbacks: The others.
        exceptions_to_handle: Which exceptions let the next one be tried.
        exception_key: A key of the input, a dict, under which the next one finds the exception.
    """

    __slots__ = (
        "_places",
        "exception_key",
        "exceptions_to_handle",
        "fallbacks",
        "name",
        "runnable",
    )
    _calls_out = False
    _shown_as_child = False
    _style = "through"

    def __init__(
        self,
        *,
        runnable: Runnable[Input, Output],
        fallbacks: Sequence[Runnable[Input, Output]],
        exceptions_to_handle: tuple[type[BaseException], ...] = (Exception,),
        exception_key: str | None = None,
        name: str | None = None,
    ) -> None:
        if isinstance(fallbacks, Runnable) or not isinstance(fallbacks, Sequence):
            raise CompositionError(f"fallbacks is a list of steps; got {shown(fallbacks)}")
        if exception_key is not None and not isinstance(exception_key, str):
            raise CompositionError(
                "exception_key is the name under which the input, a dict, has the exception; "
                f"got {shown(exception_key)}"
            )
        self.name: str | None = name
        self.runnable: Runnable[Input, Output] = coerce_to_runnable(runnable)
        self.fallbacks: list[Runnable[Input, Output]] = [
            coerce_to_runnable(step) for step in fallbacks
        ]
        self.exceptions_to_handle: tuple[type[BaseException], ...] = exception_types(
            "exceptions_to_handle", exceptions_to_handle
        )
        self.exception_key: str | None = exception_key
        others = (Place("", f"fallback {i}") for i in range(1, len(fallbacks) + 1))
        self._places = [Place("", "first choice"), *others]

    @property
    def runnables(self) -> list[Runnable[Input, Output]]:
        """The first step and the fallbacks."""
        return [self.runnable, *self.fallbacks]

    def __repr__(self) -> str:
        return f"RunnableWithFallbacks(runnable={self.runnable!r}, fallbacks={self.fallbacks!r})"

    def _steps_inside(self) -> Iterable[Runnable[Any, Any]]:
        return self.runnables

    def _stands_for(self, config: RunnableConfig | None = None) -> Runnable[Input, Output]:
        return self.runnable

    def _plan(self, value: Any, run: Run, /, **options: Any) -> Plan[Output]:
        first: BaseException | None = None
        for step, place in zip(self.runnables, self._places, strict=True):
            try:
                return (yield from attempt(step, value, place, options))
            except self.exceptions_to_handle as exc:
                if is_cancellation(exc):
                    raise
                first = exc if first is None else first
                value = self._with_exception(value, exc)
        assert first is not None  # there is at least one step
        try:
            raise first
        finally:
            first = None  # else the exception and this frame hold each other

    def _with_exception(self, value: Mapping[str, Any], exc: BaseException) -> Any:
        if self.exception_key is None:
            return value
        if not isinstance(value, Mapping):
            raise CompositionError(
                f"exception_key={self.exception_key!r} needs a dict as input; got {shown(value)}"
            ) from exc
        return {**value, self.exception_key: exc}

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__") or attribute == "runnable":
            raise AttributeError(attribute)
        own = getattr(self.runnable, attribute)
        if not callable(own):
            return own

        @wraps(own)
        def for_all(*args: Any, **kwargs: Any) -> Any:
            first = own(*args, **kwargs)
            if not isinstance(first, Runnable):
                return first
            return RunnableWithFallbacks(
                runnable=coerce_to_runnable(first),
                fallbacks=[getattr(step, attribute)(*args, **kwargs) for step in self.fallbacks],
                exceptions_to_handle=self.exceptions_to_handle,
                exception_key=self.exception_key,
            )

        return for_all


def exception_types(
    argument: str, given: type[BaseException] | Sequence[Any]
) -> tuple[type[BaseException], ...]:
    """Give the exception classes that an argument names: one, or several.

    Raises:
        ConfigError: It names something else.
    """
    types: tuple[Any, ...] = tuple(given) if isinstance(given, tuple | list) else (given,)
    for one in types:
        if not (isinstance(one, type) and issubclass(one, BaseException)):
            raise ConfigError(f"{argument} takes exception classes; got {shown(one)}")
    return types
