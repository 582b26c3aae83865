"""JSON patches (RFC 6902): what changes one JSON value into another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import compress, islice
from operator import is_, is_not
from typing import Any, TypeAlias

from ..messages.shapes import is_array, is_object

__all__ = ["Comparison", "make_patch"]


Operation: TypeAlias = dict[str, Any]
_Step: TypeAlias = Operation | tuple[Any, Any, str]
"""An operation, or two values to look into and their path."""


def make_patch(old: Any, new: Any) -> list[Operation]:
    """Give the operations that make `new` of `old`."""
    return list(Comparison().operations(old, new))


class Comparison:
    """Compares two values. What both share as one object is not looked into.

    Between two snapshots of a document that grows, the work is to walk through the containers which
    are open.

    Attributes:
        work: How much it was, in keys of objects.
    """

    def __init__(self) -> None:
        self.work: int = 0

    def operations(self, old: Any, new: Any) -> Iterator[Operation]:
        """Give what changes `old` into `new`."""
        inside = [self._compared(old, new, "")]
        while inside:
            for step in inside[-1]:
                if isinstance(step, tuple):
                    inside.append(self._compared(*step))
                    break
                yield step
            else:
                inside.pop()

    def _compared(self, old: Any, new: Any, path: str) -> Iterator[_Step]:
        if is_object(old) and is_object(new):
            yield from self._in_object(old, new, path)
        elif is_array(old) and is_array(new):
            yield from self._in_list(old, new, path)
        elif old is not new and (type(old) is not type(new) or old != new):
            yield {"op": "replace", "path": path, "value": new}

    def _in_object(self, old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[_Step]:
        self.work += len(old)
        changed: Iterable[str]
        added: Iterable[str]
        if all(map(is_, old, new)) and len(old) <= len(new):  # the same keys, and maybe more
            changed = compress(old, map(is_not, old.values(), new.values()))
            added = islice(new, len(old), None)
        else:
            for key in old:
                if key not in new:
                    yield {"op": "remove", "path": _below(path, key)}
            changed = (key for key in old if key in new)
            added = (key for key in new if key not in old)
        for key in changed:
            yield old[key], new[key], _below(path, key)
        for key in added:
            yield {"op": "add", "path": _below(path, key), "value": new[key]}

    def _in_list(self, old: list[Any], new: list[Any], path: str) -> Iterator[_Step]:
        self.work += len(old) // 10
        known = max(len(old) - 1, 0)  # all but the last, if it has grown
        first = known if old[:known] == new[:known] else 0
        for i in range(first, min(len(old), len(new))):
            yield old[i], new[i], f"{path}/{i}"
        for i in reversed(range(len(new), len(old))):
            yield {"op": "remove", "path": f"{path}/{i}"}
        for i in range(len(old), len(new)):
            yield {"op": "add", "path": f"{path}/{i}", "value": new[i]}


def _below(path: str, key: str) -> str:
    return f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
