"""What is only made when it is first used: modules, names of a package, validators of a class."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from importlib.abc import InspectLoader
from typing import Any, Final

from pydantic import VERSION

__all__ = ["DEFER_BUILD", "later", "lazy"]

DEFER_BUILD: Final[bool] = tuple(map(int, VERSION.split(".")[:2])) >= (2, 14)
"""Whether pydantic makes the validator of a class of ours when the class is first used.

Most programs use few of the classes that they import, and building them is half of the import.
Before pydantic 2.14, two threads that do so at once disturb each other.
"""

# One name a line, or in brackets where that would be too long.
_IMPORT = re.compile(r"^\s+from (\.[.\w]*) import (?:\(\s*)?(\w+) as \2\b", re.MULTILINE)


def lazy(package: str) -> bool:
    """Make the names of a package import their modules when they are first used.

    A program that needs three of its classes does not build the other fifty. The list of names
    stands in the package once, where type checkers read it:

        if TYPE_CHECKING or not lazy(__name__):
            from .base import BaseTool as BaseTool

    Returns:
        Whether the list could be read: a program that is shipped without its source imports all.
    """
    module = sys.modules[package]
    loader = module.__spec__.loader if module.__spec__ else None
    source = loader.get_source(package) if isinstance(loader, InspectLoader) else None
    homes: dict[str, str] = {name: home for home, name in _IMPORT.findall(source or "")}

    def __getattr__(name: str) -> Any:
        if name in homes:
            value = getattr(import_module(homes[name], package), name)
        elif f".{name}" in homes.values():
            value = import_module(f".{name}", package)
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        setattr(module, name, value)
        return value

    def __dir__() -> list[str]:
        return sorted({*vars(module), *homes})

    if homes:
        vars(module).update(__getattr__=__getattr__, __dir__=__dir__)
    return bool(homes)


def later(home: dict[str, Any], *modules: str) -> bool:
    """Put off the import of modules until a name of theirs is asked for.

    A program that never awaits needs no `asyncio`, and one whose calls succeed no `tenacity`:

        if TYPE_CHECKING or not later(globals(), "asyncio", ".retry"):
            import asyncio

            from . import retry

    Args:
        home: The globals of who asks; what stands for a module there is replaced by it.
        modules: As in an import, from where `home` is.

    Returns:
        True: what is written under `not later(...)` is what type checkers read.
    """
    for module in modules:
        home[module.rpartition(".")[2]] = _Later(home, module)
    return True


class _Later:
    """Stands for a module that has not been asked for anything."""

    __slots__ = ("_home", "_module")

    def __init__(self, home: dict[str, Any], module: str) -> None:
        self._home = home
        self._module = module

    def __getattr__(self, name: str) -> Any:
        module = import_module(self._module, self._home["__package__"])
        self._home[self._module.rpartition(".")[2]] = module
        return getattr(module, name)
