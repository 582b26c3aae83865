"""How far a batch is: a function that is told, and a bar."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from levada.errors import ConfigError, MissingExtraError
from levada.runnables import RunnableLambda


def odd_fails(x: int) -> int:
    if x % 2:
        raise ValueError(f"odd {x}")
    return x


def test_a_function_is_told_after_each_element(run, step) -> None:
    told: list[Any] = []
    run.batch(step(abs), range(4), progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_of_an_iterator_the_number_is_not_known(run, step) -> None:
    told: list[Any] = []
    run.batch(step(abs), iter([1, 2]), progress=lambda done, total: told.append((done, total)))
    assert told == [(1, None), (2, None)]


def test_a_failed_element_is_done_if_failures_are_results(run, step) -> None:
    told: list[Any] = []
    run.batch(
        step(odd_fails),
        range(4),
        return_exceptions=True,
        progress=lambda done, total: told.append(done),
    )
    assert told == [1, 2, 3, 4]


def test_a_function_that_raises_ends_the_batch(run, step) -> None:
    def tell(done: int, total: int | None) -> None:
        raise OSError("no screen")

    with pytest.raises(OSError, match="no screen"):
        run.batch(step(abs), [1], progress=tell)


@pytest.mark.parametrize("progress", ["yes", 3, None])
def test_what_is_neither_a_bool_nor_a_function_is_refused(run, step, progress) -> None:
    with pytest.raises(ConfigError, match=r"progress takes True or a function \(done, total\)"):
        run.batch(step(abs), [1], progress=progress)


def test_a_bar_is_shown_and_closed(run, step, capsys) -> None:
    pytest.importorskip("tqdm")
    assert run.batch(step(abs), [1, 2, 3], progress=True) == [1, 2, 3]
    assert "3/3" in capsys.readouterr().err


def test_without_tqdm_the_error_names_the_extra(run, step, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'levada\[progress\]'"):
        run.batch(RunnableLambda(abs), [1], progress=True)
