"""One peer's process: does what the controller asks, one line of JSON per request and per answer.

Started as a script by the interpreter of the peer's own environment, in safe-path mode: the
repository root has folders (`agents`, `tools`) that would otherwise hide packages of the same name.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
import traceback
from pathlib import Path
from typing import TextIO


def find_package() -> None:
    """Make `benchmarks` importable without putting the repository root on the path."""
    here = Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(
        "benchmarks", here / "__init__.py", submodule_search_locations=[str(here)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["benchmarks"] = module
    spec.loader.exec_module(module)


def answers_only() -> TextIO:
    """Keep the pipe for answers: whatever a peer prints goes to stderr."""
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return pipe


def serve(pipe: TextIO, module: str) -> None:
    """Answer requests until the controller closes the pipe."""
    from benchmarks.sampling import Sampler  # noqa: PLC0415  (importable only after find_package)

    sampler: Sampler | None = None
    for line in sys.stdin:
        try:
            if sampler is None:
                sampler = Sampler(module)
            answer = sampler.answer(json.loads(line))
        # A peer may fail in any way: its row gets a note, and the run goes on.
        except Exception as error:  # noqa: BLE001
            traceback.print_exc()
            # Results are committed: they name no path of this machine.
            said = re.sub(r" \(?/\S+", "", f"{type(error).__name__}: {error}")
            answer = {"note": said[:200]}
        print(json.dumps(answer), file=pipe, flush=True)


if __name__ == "__main__":
    answers = answers_only()
    find_package()
    serve(answers, sys.argv[1])
