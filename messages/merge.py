"""How the contents and dictionaries of chunks add up, in time linear in their size.

A value that is only passed on is kept as it came. The first time something is merged into it, it
becomes a node (text, mapping or sequence) that collects the rest; `settled` turns nodes back into
plain values. Inputs are never changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import shown
from .content import Content
from .shapes import is_array, is_object

__all__ = [
    "ContentNode",
    "MappingNode",
    "SequenceNode",
    "merge_content",
    "merge_dicts",
    "merged",
    "settled",
]

# Strings that name something: the same name twice is one name, not a longer one.
_NAMES = frozenset({"id", "type", "index", "output_version", "model_provider", "model_name"})
# Numbers that place something: the later replaces the earlier.
_PLACES = frozenset({"index", "created", "timestamp"})


class TextNode:
    """Text that is still growing."""

    __slots__ = ("_parts",)

    def __init__(self, text: str) -> None:
        self._parts = [text]

    def add(self, text: str) -> None:
        self._parts.append(text)

    def settled(self) -> str:
        text = "".join(self._parts)
        self._parts = [text]
        return text


class MappingNode:
    """A dictionary that is still growing; values under the same key are merged."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def get(self, key: str) -> Any:
        return self._values.get(key)

    def add(self, values: Mapping[str, Any], *, but: str | None = None) -> None:
        mine = self._values
        for key, value in values.items():
            if key == but:
                continue
            mine[key] = merged(mine[key], value, key) if key in mine else value

    def settled(self) -> dict[str, Any]:
        return {key: settled(value) for key, value in self._values.items()}


class SequenceNode:
    """A list that is still growing; dictionaries that have the same `index` are merged.

    Two with the same index and different ids are different things, and what follows belongs to the
    later one.
    """

    __slots__ = ("_items", "_places")

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self._items: list[Any] = []
        self._places: dict[int | str, list[int]] = {}
        self.extend(items)

    def extend(self, items: Iterable[Any]) -> None:
        for item in items:
            index = item.get("index") if is_object(item) else None
            if not isinstance(index, int | str):
                self._items.append(item)
            elif (place := self._place_for(index, item.get("id"))) is None:
                self._places.setdefault(index, []).append(len(self._items))
                self._items.append(item)
            else:
                node = self._items[place]
                if not isinstance(node, MappingNode):
                    node = self._items[place] = MappingNode(node)
                # The first block says what kind it is; a delta's type says only that it is a delta.
                node.add(item, but="type" if node.get("type") else None)

    def _place_for(self, index: int | str, id: object) -> int | None:
        for place in reversed(self._places.get(index, ())):
            mine = self._items[place].get("id")
            if not mine or not id or mine == id:
                return place
        return None

    def add_text(self, text: str) -> None:
        """Continue the last item if it is text, else append the text."""
        last = self._items[-1] if self._items else None
        if not text:
            return
        if isinstance(last, TextNode):
            last.add(text)
        elif isinstance(last, str):
            node = self._items[-1] = TextNode(last)
            node.add(text)
        else:
            self._items.append(text)

    def settled(self) -> list[Any]:
        return [dict(item) if is_object(item) else settled(item) for item in self._items]


class ContentNode:
    """The content of a message that is still growing: text, until the first block comes.

    Attributes:
        text: The pieces of text before the first block.
        blocks: What has come from the first block on.
    """

    __slots__ = ("blocks", "text")

    def __init__(self, content: Content) -> None:
        self.text: list[str] = []
        self.blocks: SequenceNode | None = None
        self.add(content)

    def add(self, content: Content) -> None:
        if isinstance(content, str):
            if self.blocks is None:
                self.text.append(content)
            else:
                self.blocks.add_text(content)
            return
        if self.blocks is None:
            self.blocks = SequenceNode()
            self.blocks.add_text("".join(self.text))
        self.blocks.extend(content)

    def settled(self) -> Content:
        if self.blocks is not None:
            return self.blocks.settled()
        self.text = ["".join(self.text)]
        return self.text[0]


Node = TextNode | MappingNode | SequenceNode


def merged(left: Any, right: Any, key: str) -> Any:
    """Merge `right` into `left`, which was found under `key`; the result may be a node."""
    if right is None:
        return left
    if left is None:
        return right
    if isinstance(left, str | TextNode) and isinstance(right, str):
        return _merged_text(left, right, key)
    if is_object(right) and (isinstance(left, MappingNode) or is_object(left)):
        mapping = left if isinstance(left, MappingNode) else MappingNode(left)
        mapping.add(right)
        return mapping
    if is_array(right) and (isinstance(left, SequenceNode) or is_array(left)):
        sequence = left if isinstance(left, SequenceNode) else SequenceNode(left)
        sequence.extend(right)
        return sequence
    if left == right and type(left) is type(right):
        return left
    if type(left) is int and type(right) is int:
        return right if key in _PLACES else left + right
    raise TypeError(
        f"chunks do not add up: {key!r} is {shown(settled(left))} in one and {shown(right)} in a "
        "later one. Give it in one chunk only, or the same in all."
    )


def _merged_text(left: str | TextNode, right: str, key: str) -> str | TextNode:
    if key in _NAMES and isinstance(left, str):
        return left if left == right else left + right
    node = left if isinstance(left, TextNode) else TextNode(left)
    node.add(right)
    return node


def settled(value: Any) -> Any:
    """Give the plain value of a node; any other value is itself."""
    return value.settled() if isinstance(value, Node) else value


def merge_content(first_content: Content, *contents: Content) -> Content:
    """Add up contents: texts are joined, blocks with the same `index` are merged, others listed."""
    node = ContentNode(first_content)
    for content in contents:
        node.add(content)
    return node.settled()


def merge_dicts(left: dict[str, Any], *others: dict[str, Any]) -> dict[str, Any]:
    """Add up dictionaries: texts are joined, numbers added, lists and dictionaries merged.

    Raises:
        TypeError: Values under the same key cannot be added; the message names the key.
    """
    node = MappingNode(left)
    for other in others:
        node.add(other)
    return node.settled()
