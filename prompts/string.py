"""`StringPromptTemplate`: a prompt that is one text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..messages import StringPromptValue
from .base import BasePromptTemplate

__all__ = ["StringPromptTemplate"]


class StringPromptTemplate(BasePromptTemplate[str, StringPromptValue]):
    """A prompt that is one text. An author writes `_format(self, values) -> str`."""

    def _format_prompt(self, values: Mapping[str, Any]) -> StringPromptValue:
        return StringPromptValue(text=self._format(values))

    async def _aformat_prompt(self, values: Mapping[str, Any]) -> StringPromptValue:
        return StringPromptValue(text=await self._aformat(values))

    def _format_inside(self, values: Mapping[str, Any]) -> str:
        """Fill the template in as a part of another prompt, with its own partial variables."""
        return self._format({**{n: values[n] for n in self.input_variables}, **self._partials()})

    def pretty_repr(self, html: bool = False) -> str:
        """Give the template as a text for people, with variables marked."""
        dummies = {name: f"{{{name}}}" for name in self.input_variables}
        return self.format(**dummies)

    def pretty_print(self) -> None:
        """Print the template for people."""
        print(self.pretty_repr())  # noqa: T201 - it is what the method is for
