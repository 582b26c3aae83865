"""W9 by hand: two f-strings in two messages. The prompt of W1, alone."""

from __future__ import annotations

from collections.abc import Callable

from ..cases import case
from ..material import VALUES
from .invoke import prompt


@case("prompt.sync")
def prompt_sync(size: int) -> Callable[[], int]:
    return lambda: len(prompt(VALUES))
