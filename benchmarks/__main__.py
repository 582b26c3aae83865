"""The command: `python -m benchmarks` from the root of the checkout."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from . import controller, imports, report
from .environments import ROOT, choose_python, default_folder, prepare, versions
from .peers import PEERS, Peer
from .results import Results, load, save
from .targets import missed, unmeasured
from .workloads import rows

RESULTS = Path(__file__).with_name("results")
QUICK = ("floor", "levada", "langchain-core")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--short", action="store_true", help="small sizes and few repeats")
    parser.add_argument("--only", type=_names, default=(), help="workloads, as in W2,W3,growth")
    parser.add_argument("--peers", type=_names, default=(), help=f"of {', '.join(PEERS)}")
    parser.add_argument("--check", action="store_true", help="fail if a target is missed")
    parser.add_argument("--compare", type=Path, metavar="STORED", help="a stored latest.json")
    parser.add_argument("--from", dest="stored", type=Path, help="report a stored run, run nothing")
    parser.add_argument("--out", type=Path, help="folder for the results")
    parser.add_argument(
        "--venvs", type=Path, default=default_folder(), help="environments of peers"
    )
    parser.add_argument(
        "--python", help="interpreter for everybody (default: a 3.12 if there is one)"
    )
    parser.add_argument("--repeats", type=int, help="samples per figure")
    told = parser.parse_args()
    if unknown := set(told.peers) - set(PEERS):
        parser.error(f"no peer {', '.join(sorted(unknown))}; there are {', '.join(PEERS)}")
    return told


def main() -> int:
    told = arguments()
    # Read first: the run may write the file that it is compared with.
    stored = load(told.compare) if told.compare else None
    results = load(told.stored) if told.stored else run(told)
    part = told.short or told.only or told.peers
    out = told.out or (ROOT / "build" / "benchmarks" if part else RESULTS)
    if not told.stored:
        save(results, out / "latest.json")
    report.write(results, out)
    print(report.text(results))
    if stored:
        print(report.comparison(stored, results))
    failures = [*unmeasured(results), *map(str, missed(results))]
    if not told.check or not failures:
        return 0
    print(f"{len(failures)} failed:", *failures, sep="\n- ", file=sys.stderr)
    return 1


def run(told: argparse.Namespace) -> Results:
    """Make the environments and measure."""
    python = told.python or choose_python()
    names = told.peers or (QUICK if told.short else tuple(PEERS))
    peers, pythons, about = _environments([PEERS[name] for name in names], told.venvs, python)
    pace = controller.SHORT if told.short else controller.FULL
    repeats = told.repeats or pace.repeats
    pace = replace(pace, repeats=repeats)
    results = Results(
        {
            "commit": _commit(),
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "short": told.short,
            "repeats": repeats,
            "sample_s": pace.sample_s,
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            "peers": about,
        }
    )
    only = {name.lower() for name in told.only}
    chosen = [row for row in rows(short=told.short) if not only or row.workload.lower() in only]
    if not only or "w6" in only:
        imports.measure(results, peers, pythons, 2 if told.short else repeats)
    controller.measure(results, chosen, peers, pythons, pace)
    return results


def _environments(
    peers: list[Peer], folder: Path, python: str
) -> tuple[list[Peer], dict[str, str], dict[str, dict[str, str]]]:
    """Make what is missing; a peer that cannot be installed is left out, with a word."""
    ready, pythons, about = [], {}, {}
    for peer in peers:
        try:
            pythons[peer.name] = prepare(peer, folder, python)
            about[peer.name] = versions(peer, pythons[peer.name])
        except RuntimeError as error:
            if not peer.requirements:
                raise
            print(f"without {peer.name}: {error}", file=sys.stderr)
            continue
        ready.append(peer)
    return ready, pythons, about


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _commit() -> str:
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    return asked.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
