"""`DictPromptTemplate`: a dict with variables, such as a content block of a provider's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from ..runnables import Run, RunnableSerializable
from ._nested import copied, fill, variables_of
from .base import missing_variables
from .formats import PromptTemplateFormat

__all__ = ["DictPromptTemplate"]


class DictPromptTemplate(RunnableSerializable[dict[str, Any], dict[str, Any]]):
    """A dict in which every string, however deep, is a template; keys are not.

    Attributes:
        template: The dict.
        template_format: How variables are written in it.

    Raises:
        TemplateError: A string is malformed, or asks for more than the values of variables.
    """

    _kind = "prompt"
    _inline = True

    template: dict[str, Any]
    template_format: PromptTemplateFormat = "f-string"

    def __init__(
        self,
        template: Mapping[str, Any],
        *,
        template_format: PromptTemplateFormat = "f-string",
        name: str | None = None,
    ) -> None:
        variables_of(template, template_format)  # refuses what is no template
        BaseModel.__init__(
            self, template=copied(template), template_format=template_format, name=name
        )

    @property
    def input_variables(self) -> list[str]:
        """The names that a call has to give."""
        return variables_of(self.template, self.template_format)

    def _invoke(self, value: dict[str, Any], run: Run) -> dict[str, Any]:
        return self._format(value)

    def format(self, /, **kwargs: Any) -> dict[str, Any]:
        """Fill the template in.

        Raises:
            PromptInputError: A variable is missing.
        """
        return self._format(kwargs)

    async def aformat(self, /, **kwargs: Any) -> dict[str, Any]:
        """Fill the template in; see `format`."""
        return self._format(kwargs)

    def _format(self, values: Mapping[str, Any]) -> dict[str, Any]:
        if missing := [name for name in self.input_variables if name not in values]:
            raise missing_variables(type(self).__name__, missing, values)
        filled: dict[str, Any] = fill(self.template, self.template_format, values)
        return filled

    def pretty_repr(self, html: bool = False) -> str:
        """Give the template as text for people."""
        return repr(self.template)
