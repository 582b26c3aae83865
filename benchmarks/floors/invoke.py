"""W1 by hand: two f-strings, a model that answers at once, its text.

Per call: three `Message` objects (system, human, answer) and four function calls; nothing is
prepared between calls.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ..cases import case
from ..material import ANSWER, VALUES
from .objects import Message


def prompt(values: dict[str, str]) -> list[Message]:
    """Fill in the two messages of `material.SYSTEM` and `material.HUMAN`."""
    return [
        Message(
            role="system", content=f"You are a {values['tone']} poet who answers in one verse."
        ),
        Message(role="human", content=f"Write a verse about {values['topic']}."),
    ]


def model(messages: list[Message]) -> Message:
    return Message(role="ai", content=ANSWER)


async def amodel(messages: list[Message]) -> Message:
    return Message(role="ai", content=ANSWER)


def text(message: Message) -> str:
    return message.content


def program(values: dict[str, str]) -> str:
    return text(model(prompt(values)))


async def aprogram(values: dict[str, str]) -> str:
    return text(await amodel(prompt(values)))


@case("invoke.sync")
def invoke_sync(size: int) -> Callable[[], str]:
    return lambda: program(VALUES)


@case("invoke.async")
def invoke_async(size: int) -> Callable[[], Awaitable[str]]:
    async def run() -> str:
        return await aprogram(VALUES)

    return run
