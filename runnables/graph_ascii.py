"""A picture of a graph made of letters: boxes in rows, and lines between them.

Rows by longest path, then a few sweeps that put each node near the middle of its neighbours.
Source: Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System
Structures", IEEE Transactions on Systems, Man, and Cybernetics 11(2), 1981.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

__all__ = ["draw"]

_GAP = 3  # columns between two boxes
_SWEEPS = 8


class _Spot:
    """A box in a row, or a place in it where a longer line passes through."""

    __slots__ = ("above", "below", "label", "middle", "row", "width")

    def __init__(self, label: str | None, row: int) -> None:
        self.label = label
        self.row = row
        self.width = 1 if label is None else len(label) + 4
        self.middle = 0
        self.above: list[_Spot] = []
        self.below: list[_Spot] = []


def draw(labels: Mapping[str, str], edges: Iterable[tuple[str, str]]) -> str:
    """Give the picture.

    Args:
        labels: What stands in the box of each node.
        edges: The nodes between which lines are drawn.
    """
    if not labels:
        return ""
    forward = _without_circles(labels, [(a, b) for a, b in edges if a != b])
    rows = _rows(labels, forward)
    _arrange(rows)
    return "\n".join(line.rstrip() for line in _painted(rows))


def _without_circles(
    labels: Mapping[str, str], edges: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Turn edges that lead back round, so that every edge leads down."""
    after: dict[str, list[str]] = {node: [] for node in labels}
    for source, target in edges:
        after[source].append(target)
    state: dict[str, int] = {}  # 1: on the way, 2: done
    forward: list[tuple[str, str]] = []
    for root in labels:
        way = [(root, iter(after[root]))] if root not in state else []
        state.setdefault(root, 1)
        while way:
            node, targets = way[-1]
            target = next(targets, "")
            if target not in labels:
                state[node] = 2
                way.pop()
            elif state.get(target) == 1:
                forward.append((target, node))
            else:
                forward.append((node, target))
                if target not in state:
                    state[target] = 1
                    way.append((target, iter(after[target])))
    return list(dict.fromkeys(forward))


def _rows(labels: Mapping[str, str], edges: Sequence[tuple[str, str]]) -> list[list[_Spot]]:
    before: dict[str, int] = dict.fromkeys(labels, 0)
    after: dict[str, list[str]] = {node: [] for node in labels}
    for source, target in edges:
        before[target] += 1
        after[source].append(target)
    row = dict.fromkeys(labels, 0)
    ready = [node for node, count in before.items() if not count]
    for node in ready:
        for target in after[node]:
            row[target] = max(row[target], row[node] + 1)
            before[target] -= 1
            if not before[target]:
                ready.append(target)
    rows: list[list[_Spot]] = [[] for _ in range(max(row.values()) + 1)]
    spots = {node: _Spot(label, row[node]) for node, label in labels.items()}
    for spot in spots.values():
        rows[spot.row].append(spot)
    for source, target in edges:
        last = spots[source]
        for between in range(row[source] + 1, row[target]):
            passing = _Spot(None, between)
            rows[between].append(passing)
            _join(last, passing)
            last = passing
        _join(last, spots[target])
    return rows


def _join(upper: _Spot, lower: _Spot) -> None:
    upper.below.append(lower)
    lower.above.append(upper)


def _arrange(rows: list[list[_Spot]]) -> None:
    for row in rows:
        _place(row)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            wish = {id(s): _mean(s.above if down else s.below, s.middle) for s in row}
            row.sort(key=lambda spot: wish[id(spot)])
            for spot in row:
                spot.middle = round(wish[id(spot)])
            _push_apart(row)
    left = min(s.middle - s.width // 2 for row in rows for s in row)
    for row in rows:
        for spot in row:
            spot.middle -= left


def _place(row: list[_Spot]) -> None:
    column = 0
    for spot in row:
        spot.middle = column + spot.width // 2
        column += spot.width + _GAP


def _mean(neighbours: Sequence[_Spot], otherwise: int) -> float:
    if not neighbours:
        return otherwise
    return sum(spot.middle for spot in neighbours) / len(neighbours)


def _push_apart(row: list[_Spot]) -> None:
    """Move spots to the right until none overlap, then all of them back to the middle."""
    wished = sum(spot.middle for spot in row)
    for left, right in pairwise(row):
        nearest = left.middle - left.width // 2 + left.width + _GAP + right.width // 2
        right.middle = max(right.middle, nearest)
    back = (sum(spot.middle for spot in row) - wished) // len(row)
    for spot in row:
        spot.middle -= back


def _painted(rows: list[list[_Spot]]) -> list[str]:
    width = max(s.middle - s.width // 2 + s.width for row in rows for s in row)
    lines: list[str] = []
    for row in rows:
        lines += _boxes(row, width)
        if row is not rows[-1]:
            lines += _lines_below(row, width)
    return lines


def _boxes(row: list[_Spot], width: int) -> list[str]:
    canvas = [[" "] * width for _ in range(3)]
    for spot in row:
        left = spot.middle - spot.width // 2
        if spot.label is None:
            parts = ["|"] * 3
        else:
            border = f"+{'-' * (spot.width - 2)}+"
            parts = [border, f"| {spot.label} |", border]
        for line, part in zip(canvas, parts, strict=True):
            line[left : left + spot.width] = part
    return ["".join(line) for line in canvas]


def _lines_below(row: list[_Spot], width: int) -> list[str]:
    """Lines that turn have a level of their own to turn in, so that none are mistaken.

    Those that lead to the same spots share one.
    """
    turns: dict[tuple[int, ...], list[_Spot]] = {}
    for spot in row:
        if any(target.middle != spot.middle for target in spot.below):
            turns.setdefault(tuple(id(target) for target in spot.below), []).append(spot)
    # The widest turns lowest: it is crossed by the fewest.
    levels = sorted(turns.values(), key=_reach)
    height = len(levels) + 1
    level = {id(spot): i for i, spots in enumerate(levels) for spot in spots}
    canvas = [[" "] * width for _ in range(height)]
    for spot in (spot for spot in row if spot.below):
        turn = level.get(id(spot), height)
        for y in range(min(turn, height)):
            _put(canvas[y], spot.middle, "|")
        if turn < height:
            _turn(canvas[turn:], spot)
    return ["".join(line) for line in canvas]


def _reach(spots: list[_Spot]) -> int:
    ends = [*(s.middle for s in spots), *(t.middle for t in spots[0].below)]
    return max(ends) - min(ends)


def _turn(canvas: list[list[str]], spot: _Spot) -> None:
    ends = [spot.middle, *(target.middle for target in spot.below)]
    for x in range(min(ends), max(ends) + 1):
        _put(canvas[0], x, "-")
    for x in ends:
        canvas[0][x] = "+"
    for target in spot.below:
        for line in canvas[1:]:
            _put(line, target.middle, "|")


def _put(line: list[str], x: int, sign: str) -> None:
    line[x] = sign if line[x] in (" ", sign) else "+"
