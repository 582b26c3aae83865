"""`RunnableRetry`: a step that is tried again when it fails."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypedDict

import tenacity

from ..errors import ConfigError, shown
from ._around import Around
from ._closing import is_cancellation
from ._place import Place
from ._plan import Opened, attempt, sleep
from ._retry_after import seconds_asked
from .base import Input, Output, Runnable
from .fallbacks import exception_types

if TYPE_CHECKING:
    from ._plan import Plan
    from ._run import Run

__all__ = ["ExponentialJitterParams", "RunnableRetry"]


class ExponentialJitterParams(TypedDict, total=False):
    """How the wait grows: `min(initial * exp_base ** n + random(0, jitter), max)` seconds."""

    initial: float
    max: float
    exp_base: float
    jitter: float


class RunnableRetry(Around[Input, Output]):
    """A step that is called again, on the same input, when it fails.

    In a stream it is tried again until a first chunk has come; after that a failure is raised. If
    the exception says how long the server wants to wait, by an attribute `retry_after` in seconds
    or the header Retry-After of its response, that long is waited at least. The last exception is
    raised when the attempts are used up.

    In a stream the results are not judged, only the failures.

    Args:
        bound: The step.
        retry_exception_types: Which exceptions to try again after: types, or a function that says.
        wait_exponential_jitter: Whether to wait between attempts, longer each time.
        exponential_jitter_params: How long.
        max_attempt_number: How often it is called at most.
        stop: When to give up: any tenacity `stop_…` object, in place of `max_attempt_number`.
        wait: How long to wait: any tenacity `wait_…` object.
        retry: What to try again after: any tenacity `retry_…` object.

    Raises:
        ConfigError: An argument is of the wrong kind.
    """

    __slots__ = (
        "_offered",
        "_policy",
        "exponential_jitter_params",
        "max_attempt_number",
        "retry_exception_types",
        "wait_exponential_jitter",
    )
    _calls_out = False
    _shown_as_child = False
    _style = "through"

    def __init__(
        self,
        *,
        bound: Runnable[Input, Output],
        retry_exception_types: tuple[type[BaseException], ...] | Callable[[BaseException], bool] = (
            Exception,
        ),
        wait_exponential_jitter: bool = True,
        exponential_jitter_params: ExponentialJitterParams | None = None,
        max_attempt_number: int = 3,
        stop: Any = None,
        wait: Any = None,
        retry: Any = None,
    ) -> None:
        if not isinstance(max_attempt_number, int) or max_attempt_number < 1:
            raise ConfigError(
                f"stop_after_attempt is a number, and at least 1; got {shown(max_attempt_number)}"
            )
        for name, policy in (("stop", stop), ("wait", wait), ("retry", retry)):
            if policy is not None and not callable(policy):
                raise ConfigError(f"{name} takes a tenacity {name}_… object; got {shown(policy)}")
        super().__init__(bound)
        self.retry_exception_types: (
            tuple[type[BaseException], ...] | Callable[[BaseException], bool]
        ) = retry_exception_types
        self.wait_exponential_jitter: bool = wait_exponential_jitter
        self.exponential_jitter_params: ExponentialJitterParams | None = exponential_jitter_params
        self.max_attempt_number: int = max_attempt_number
        # An interrupt or an exit is only retried after if its class is named; a cancellation never.
        self._offered: tuple[type[BaseException], ...] = (Exception,)
        if isinstance(retry_exception_types, type) or not callable(retry_exception_types):
            types = exception_types("retry_if_exception_type", retry_exception_types)
            self._offered = (Exception, *types)
            retry = retry or tenacity.retry_if_exception(_IsOneOf(types))
        else:
            retry = retry or tenacity.retry_if_exception(retry_exception_types)
        if wait is None and wait_exponential_jitter:
            wait = _exponential_jitter({**(exponential_jitter_params or {})})
        # Not a `Retrying`, which belongs to one call, and cannot be pickled.
        self._policy: dict[str, Any] = {
            "stop": stop or tenacity.stop_after_attempt(max_attempt_number),
            "wait": _AtLeastRetryAfter(wait or tenacity.wait_none()),
            "retry": retry,
            "reraise": True,
        }

    def _plan(self, value: Any, run: Run, /, **options: Any) -> Plan[Output]:
        # The protocol of tenacity's own drivers, with calls and waits that are wishes.
        policy = tenacity.Retrying(**self._policy)
        policy.begin()
        state = tenacity.RetryCallState(policy, fn=None, args=(), kwargs={})
        while True:
            do = policy.iter(retry_state=state)
            if isinstance(do, tenacity.DoAttempt):
                try:
                    result = yield from attempt(self.bound, value, _place(state), options)
                except self._offered as exc:
                    if is_cancellation(exc):
                        raise
                    state.set_exception((type(exc), exc, exc.__traceback__))
                else:
                    if isinstance(result, Opened):
                        # A stream is not judged.
                        return result
                    state.set_result(result)
            elif isinstance(do, tenacity.DoSleep):
                state.prepare_for_next_attempt()
                yield from sleep(float(do))
            else:
                return do  # type: ignore[no-any-return]  # the result of the last attempt


def _exponential_jitter(params: dict[str, Any]) -> Callable[..., float]:
    # tenacity 9.2 has a new name for the first wait, and warns of the old one.
    make: Callable[..., Callable[..., float]] = tenacity.wait_exponential_jitter
    known = ExponentialJitterParams.__annotations__
    for name, value in params.items():
        if name not in known or not isinstance(value, int | float):
            raise ConfigError(
                f"exponential_jitter_params has numbers for {', '.join(known)}; "
                f"got {shown(value)} for {name!r}"
            )
    if "initial" in params and "multiplier" in inspect.signature(make).parameters:
        params["multiplier"] = params.pop("initial")
    return make(**params)


def _place(state: tenacity.RetryCallState) -> Place:
    n = state.attempt_number
    return Place(f"retry:attempt:{n}" if n > 1 else "", f"attempt {n}")


class _IsOneOf:
    """Says whether an exception is of some types; before 9.2 tenacity has nothing to pickle."""

    def __init__(self, types: tuple[type[BaseException], ...]) -> None:
        self._types = types

    def __call__(self, exc: BaseException) -> bool:
        return isinstance(exc, self._types)


class _AtLeastRetryAfter:
    """Waits as long as another way to wait says, and as the exception asks for."""

    def __init__(self, wait: Any) -> None:
        self._wait = wait

    def __call__(self, state: tenacity.RetryCallState) -> float:
        exc = state.outcome.exception() if state.outcome is not None else None
        return max(float(self._wait(state)), seconds_asked(exc))
