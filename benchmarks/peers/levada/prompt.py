"""W9 with levada."""

from __future__ import annotations

from collections.abc import Callable

from levada.prompts import ChatPromptTemplate

from ...cases import case
from ...material import HUMAN, SYSTEM, VALUES


@case("prompt.sync")
def prompt_sync(size: int) -> Callable[[], int]:
    prompt = ChatPromptTemplate.from_messages([("system", SYSTEM), ("human", HUMAN)])
    return lambda: len(prompt.invoke(VALUES).messages)
