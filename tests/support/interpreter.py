"""Code that is run in a fresh interpreter, where nothing is imported yet."""

from __future__ import annotations

import subprocess
import sys

__all__ = ["run_python"]


def run_python(code: str) -> list[str]:
    """Run the code and give the words that it prints."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()
