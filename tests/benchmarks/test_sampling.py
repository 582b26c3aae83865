"""What the benchmark says of memory."""

from __future__ import annotations

import pytest
from interpreter import run_python

from house import ROOT

ASKED = """
import sys
sys.path.insert(0, {root!r})  # where the benchmarks are
from benchmarks import sampling
from benchmarks.material import ANSWER

marks = iter({resident})
sampling.LONG_S = 0.0
sampling._most_resident = lambda: next(marks)
sampler = sampling.Sampler("benchmarks.floors.invoke")
asked = dict(case="invoke.sync", size=1, units=1, sample_s=1e-4)
assert sampler.answer(dict(do="prepare", **asked))["result"] == ANSWER
print(sampler.answer(dict(do="memory", size=1))["peak_bytes"])
"""


@pytest.mark.parametrize(
    ("resident", "known"),
    [
        ((100, 100, 900), "800"),  # the first program of its process
        ((100, 110, 900), "790"),
        ((100, 900, 1_700), "None"),  # what the first one left free may have been used again
        ((100, 900, 900), "None"),
    ],
)
def test_the_memory_of_a_long_program_is_known_if_little_ran_before_it(
    resident: tuple[int, ...], known: str
) -> None:
    """`resident`: the most when the process began, before the program, and after it."""
    assert run_python(ASKED.format(root=str(ROOT), resident=resident)) == [known]
