"""What every program is given and must produce, so that all of them do the same work."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice

SYSTEM = "You are a {tone} poet who answers in one verse."
HUMAN = "Write a verse about {topic}."
VALUES = {"tone": "cheerful", "topic": "goldfish on the moon"}
ANSWER = "Goldfish float where no tide has been, round a moon both cold and clean."
WORDS = tuple(f"{word} " for word in ANSWER.split())

TOKENS_PER_STREAM = 100
WORKERS = 50

QUESTION = "What is (2 + 3) * 4, and is it more than 18?"
TOOL_CALLS = (
    ("add", '{"a": 2, "b": 3}'),
    ("multiply", '{"a": 5, "b": 4}'),
    ("subtract", '{"a": 20, "b": 18}'),
)


def words(count: int) -> Iterator[str]:
    """Give `count` tokens, the same ones every time."""
    return islice(cycle(WORDS), count)


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


def subtract(a: int, b: int) -> int:
    """Subtract the second number from the first."""
    return a - b


TOOLS = {"add": add, "multiply": multiply, "subtract": subtract}
