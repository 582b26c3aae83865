"""W6: what importing costs, in fresh processes, each peer in turn.

The hand-written row imports pydantic, builds one model and imports anyio: no pipeline can do with
less.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

from .peers import Peer
from .results import Figure, Results, RowResult

KEY = "W6.import.1"
_SCRIPT = """
import json, sys, time
statements = sys.argv[1]
code = compile(statements, "imports", "exec")
cpu, wall = time.process_time(), time.perf_counter()
exec(code, {"__name__": "imports"})
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
print(json.dumps({"cpu_s": cpu, "wall_s": wall, "modules": len(sys.modules)}))
"""


def measure(results: Results, peers: list[Peer], pythons: dict[str, str], repeats: int) -> None:
    """Add the row of imports to the results; `result` is the number of modules loaded."""
    row = RowResult("W6", "W6.import", 1, "import", 1, "import of what a user needs")
    results.rows[KEY] = row
    for turn in range(repeats + 1):
        for peer in peers:
            figure = row.figures.setdefault(peer.name, Figure(times=1))
            if not figure.note:
                _once(figure, peer, pythons[peer.name], keep=turn > 0)
    for name, figure in row.figures.items():
        said = figure.note if figure.cpu is None else f"{figure.cpu / 1000:.0f} ms CPU"
        print(f"{KEY:32} {name:16} {said}", file=sys.stderr, flush=True)


def _once(figure: Figure, peer: Peer, python: str, *, keep: bool) -> None:
    environment = {**os.environ, **peer.environment}
    for name in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):  # compiling is no part of importing
        environment.pop(name, None)
    done = subprocess.run(
        [python, "-P", "-c", _SCRIPT, peer.imports],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=tempfile.gettempdir(),
    )
    if done.returncode:
        figure.note = (done.stderr.strip().splitlines() or ["failed"])[-1][:200]
    elif keep:  # the first one writes the bytecode
        answer = json.loads(done.stdout.splitlines()[-1])
        figure.cpu_us.append(answer["cpu_s"] * 1e6)
        figure.wall_us.append(answer["wall_s"] * 1e6)
        figure.result = answer["modules"]
