"""`RunnableBranch`: one of several steps, by conditions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import CompositionError, shown
from ._place import Place
from ._plan import Call, call
from .base import Input, Output, Runnable
from .parallel import coerce_to_runnable
from .schema import either

if TYPE_CHECKING:
    from ._plan import Plan
    from ._run import Run
    from .parallel import RunnableLike

__all__ = ["RunnableBranch"]


class RunnableBranch(Runnable[Input, Output]):
    """The step behind the first condition that holds, else the default; it streams.

    Args:
        branches: Pairs of a condition and a step, and last the default step.

    Raises:
        CompositionError: There is no pair or no default, or a pair is none.
    """

    __slots__ = ("_places", "branches", "default", "name")
    _calls_out = False
    _shown_as_child = False
    _style = "through"

    def __init__(self, *branches: tuple[RunnableLike, RunnableLike] | RunnableLike) -> None:
        if len(branches) < 2:
            raise CompositionError(
                "a RunnableBranch has pairs (condition, step) and last a default step; "
                f"got {len(branches)} arguments"
            )
        *pairs, default = branches
        if isinstance(default, tuple | list):
            raise CompositionError(
                "the last argument of a RunnableBranch is the default step, not a pair"
            )
        self.name: str | None = None
        self.default: Runnable[Input, Output] = coerce_to_runnable(default)
        self.branches: Sequence[tuple[Runnable[Input, bool], Runnable[Input, Output]]] = [
            _pair(pair) for pair in pairs
        ]
        self._places = [
            (Place(f"condition:{i}", f"condition {i}"), Place(f"branch:{i}", f"branch {i}"))
            for i in range(1, len(pairs) + 1)
        ]

    def __repr__(self) -> str:
        return f"RunnableBranch(branches={self.branches!r}, default={self.default!r})"

    def _steps_inside(self) -> Iterable[Runnable[Any, Any]]:
        return [*(step for pair in self.branches for step in pair), self.default]

    @property
    def InputType(self) -> Any:
        kinds = (step.InputType for step in (self.default, *self._steps_inside()))
        return next((kind for kind in kinds if kind is not Any), Any)

    @property
    def OutputType(self) -> Any:
        return either(step.OutputType for step in (*(s for _, s in self.branches), self.default))

    def _plan(self, value: Any, run: Run, /, **options: Any) -> Plan[Output]:
        for (condition, step), (asked, chosen) in zip(self.branches, self._places, strict=True):
            if (yield from call(condition, value, asked)):
                return Call(step, value, chosen, options)
        return Call(self.default, value, _DEFAULT, options)


_DEFAULT = Place("branch:default", "default")


def _pair(given: Any) -> tuple[Runnable[Any, bool], Runnable[Any, Any]]:
    pair: Sequence[Any] = given
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise CompositionError(f"a branch is a pair (condition, step); got {shown(pair)}")
    return coerce_to_runnable(pair[0]), coerce_to_runnable(pair[1])
