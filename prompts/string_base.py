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
