"""The loops behind `batch` and `abatch`: all results in the order of the inputs."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..errors import CompositionError, ConfigError, shown
from ._execute import Options, aexecute, execute
from ._place import NOWHERE
from ._progress import Progress, Tally
from ._run import Run, run_from
from ._together import arun_workers, run_queue
from .config import checked

if TYPE_CHECKING:
    from .base import Runnable
    from .config import RunnableConfig

__all__ = ["USUAL_THREADS", "Elements", "abatch", "batch"]

T = TypeVar("T")

USUAL_THREADS: Final = min(32, (os.cpu_count() or 1) + 4)
"""As many as concurrent.futures takes by itself: enough for steps that wait, few to start."""


def batch(
    step: Runnable[Any, T],
    inputs: Iterable[Any],
    config: RunnableConfig | Sequence[RunnableConfig] | None,
    return_exceptions: bool,
    progress: Progress,
    options: Options,
) -> list[T | Exception]:
    """Run once per input, in threads, and give the results in the order of the inputs."""
    results: dict[int, T | Exception] = {}
    elements = Elements(inputs, config)
    with Tally(progress, elements.number) as tally:

        def job(i: int, value: Any, run: Run) -> None:
            try:
                results[i] = execute(step, value, run, NOWHERE, options)
            except Exception as exc:
                if not return_exceptions:
                    raise
                results[i] = exc
            tally.one_more()

        run_queue(
            (partial(job, *e) for e in elements),
            1 if step._in_turn else elements.workers(USUAL_THREADS),
        )
    return [results[i] for i in range(len(results))]


async def abatch(
    step: Runnable[Any, T],
    inputs: Iterable[Any],
    config: RunnableConfig | Sequence[RunnableConfig] | None,
    return_exceptions: bool,
    progress: Progress,
    options: Options,
) -> list[T | Exception]:
    """Run once per input, in tasks, and give the results in the order of the inputs."""
    results: dict[int, T | Exception] = {}
    elements = Elements(inputs, config)
    pending = iter(elements)
    with Tally(progress, elements.number) as tally:

        async def work() -> None:
            for i, value, run in pending:
                try:
                    results[i] = await aexecute(step, value, run, NOWHERE, options)
                except Exception as exc:
                    if not return_exceptions:
                        raise
                    results[i] = exc
                tally.one_more()

        await arun_workers(work, 1 if step._in_turn else elements.workers(None))
    return [results[i] for i in range(len(results))]


class Elements:
    """The elements of a batch with their numbers and runs; taken one at a time.

    Attributes:
        number: How many there are; None if they come from an iterator.
    """

    def __init__(
        self, inputs: Iterable[Any], config: RunnableConfig | Sequence[RunnableConfig] | None
    ) -> None:
        if isinstance(inputs, str | Mapping) or not isinstance(inputs, Iterable):
            raise CompositionError(f"batch takes a list of inputs; got {shown(inputs)}")
        self._inputs = inputs
        self.number: int | None = len(inputs) if isinstance(inputs, Sequence) else None
        if config is None or isinstance(config, Mapping) or not isinstance(config, Sequence):
            checked(config)
            self._runs: list[Run] | None = None
            self._first = run_from(config)
            self._run = self._first
            if config is not None and config.get("run_id") is not None and self.number != 1:
                warnings.warn(
                    "a run_id names one run: it is used for the first element of the batch only",
                    RuntimeWarning,
                    stacklevel=4,
                )
                self._run = run_from({**config, "run_id": None})
        else:
            self._runs = [run_from(c) for c in config]
            if self.number is not None and len(self._runs) != self.number:
                raise ConfigError(
                    f"batch was given {self.number} inputs and {len(self._runs)} configs; "
                    f"give one config for all, or one for each"
                )
            self._first = self._runs[0] if self._runs else run_from(None)

    def __iter__(self) -> Iterator[tuple[int, Any, Run]]:
        for i, value in enumerate(self._inputs):
            if self._runs is not None:
                if i == len(self._runs):
                    raise ConfigError(
                        f"batch was given {i} configs and more inputs than that; "
                        f"give one config for all, or one for each"
                    )
                yield i, value, self._runs[i]
            else:
                yield i, value, self._run if i else self._first

    def workers(self, common: int | None) -> int:
        """How many run at once: what the config says, else `common`, else all."""
        limit = self._first.settings.max_concurrency or common
        if self.number is None:
            return limit or 1000  # an iterator may be endless; all at once would be too
        return min(self.number, limit or self.number)
