"""The environments of the peers, made once in the user's cache directory and used again.

Each peer has its own, since their pins conflict with each other and with levada's.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from .peers import Peer

ROOT = Path(__file__).resolve().parent.parent
PREFERRED = "3.12"
_VERSIONS = """
import importlib.metadata as m, json, platform, sys
def version(name):
    try:
        return m.version(name)
    except m.PackageNotFoundError:
        return "checkout"
print(json.dumps({"python": platform.python_version(), **{n: version(n) for n in sys.argv[1:]}}))
"""


def default_folder() -> Path:
    """Give the folder for environments in the user's cache directory."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "levada-benchmarks"


def choose_python() -> str:
    """Give the interpreter for everybody: this one or another that is a 3.12, else this one."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    # Each is run: the stub of a version manager may be on the path without its interpreter.
    candidates = [base, shutil.which(f"python{PREFERRED}") or ""]
    candidates += sorted(map(str, versions.glob(f"{PREFERRED}.*/bin/python")))
    return next((python for python in candidates if _minor(python) == PREFERRED), base)


def prepare(peer: Peer, folder: Path, python: str) -> str:
    """Give the interpreter that has the peer installed; make its environment if there is none.

    Raises:
        RuntimeError: if it cannot be made; says what the installer said.
    """
    if not peer.requirements and _minor(sys.executable) == _minor(python) and _has_levada():
        return sys.executable
    requirements = peer.requirements or ("-e", str(ROOT))
    name = peer.name if peer.requirements else "levada"
    # Our own dependencies are written down there: other ones need another environment.
    written = "" if peer.requirements else (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    wanted = hashlib.sha256("\n".join((*requirements, written)).encode()).hexdigest()[:8]
    home = folder / f"{name}-py{_minor(python)}-{wanted}"
    if not (home / "complete").exists():
        print(f"making an environment for {name}", file=sys.stderr)
        shutil.rmtree(home, ignore_errors=True)
        _install(home, python, requirements)
        (home / "complete").touch()
    return _bin(home)


def versions(peer: Peer, python: str) -> dict[str, str]:
    """Give the version of the interpreter and of the packages that the report names."""
    told: dict[str, str] = json.loads(_run([python, "-P", "-c", _VERSIONS, *peer.shows]))
    return told


def _install(home: Path, python: str, requirements: tuple[str, ...]) -> None:
    if uv := shutil.which("uv"):
        _run([uv, "venv", "--quiet", "--no-project", "--python", python, str(home)])
        _run([uv, "pip", "install", "--quiet", "--python", _bin(home), *requirements])
    else:
        _run([python, "-m", "venv", str(home)])
        _run([_bin(home), "-m", "pip", "install", "--quiet", *requirements])


def _bin(home: Path) -> str:
    # Not resolved: the link inside the environment is what selects its packages.
    return str(home / "bin/python")


def _has_levada() -> bool:
    return importlib.util.find_spec("levada") is not None


def _minor(python: str) -> str:
    try:
        return _run([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).strip()
    except (OSError, RuntimeError):
        return ""


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} ...: {done.stderr.strip()[-400:]}")
    return done.stdout
