"""The options of a call: refused if the provider has none of that name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ..errors import CompositionError, closest, shown

__all__ = ["check_options"]


def check_options(who: str, options: Mapping[str, Any], known: Collection[str]) -> None:
    """Check the names of the options of a call, which a provider might ignore.

    Raises:
        CompositionError: One is not known; it says which ones are.
    """
    for option in options:
        if option not in known:
            close = closest(option, known)
            hint = f"; did you mean {close!r}?" if close else "."
            raise CompositionError(
                f"{who} takes no option {shown(option)} in a call{hint} "
                f"It takes {', '.join(sorted(known))}."
            )
