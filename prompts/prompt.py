"""`PromptTemplate`: a text with variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel
from typing_extensions import Unpack

from ..errors import TemplateError
from ._parsed import Parsed
from .base import PromptFields
from .formats import PromptTemplateFormat, parse_template
from .string import StringPromptTemplate

__all__ = ["PromptTemplate"]


class PromptTemplate(StringPromptTemplate):
    """A text with variables: `PromptTemplate.from_template("Write a verse about {topic}.")`.

    Attributes:
        template: The text.
        template_format: How variables are written in it: "f-string", "mustache" or "jinja2".
        validate_template: Whether `input_variables` that are given have to be those of the
            template; otherwise they are taken from it.

    Raises:
        TemplateError: The template is malformed, or asks for more than the values of variables.
    """

    __slots__ = ("_parsed",)  # not a field: it is neither copied nor pickled, only made by parsing
    if TYPE_CHECKING:
        _parsed: Parsed

    template: str
    template_format: PromptTemplateFormat = "f-string"
    validate_template: bool = False

    def __init__(
        self,
        template: str,
        *,
        template_format: PromptTemplateFormat = "f-string",
        validate_template: bool = False,
        **fields: Unpack[PromptFields],
    ) -> None:
        parsed = parse_template(template, template_format)
        partials = fields.get("partial_variables") or {}
        variables = [name for name in parsed.variables if name not in partials]
        declared = fields.get("input_variables")
        if validate_template and declared is not None and set(declared) != set(variables):
            raise TemplateError(
                f"the template has the variables {variables}; "
                f"input_variables says {sorted(declared)}"
            )
        fields["input_variables"] = variables
        BaseModel.__init__(
            self,
            template=template,
            template_format=template_format,
            validate_template=validate_template,
            **fields,
        )
        _keep(self, parsed)

    @classmethod
    def from_template(
        cls,
        template: str,
        *,
        template_format: PromptTemplateFormat = "f-string",
        validate_template: bool = False,
        **fields: Unpack[PromptFields],
    ) -> Self:
        """Make a prompt from a text with variables.

        Raises:
            TemplateError: The template is malformed, or asks for more than the values of variables.
        """
        return cls(
            template, template_format=template_format, validate_template=validate_template, **fields
        )

    def _parse(self) -> Parsed:
        parsed = parse_template(self.template, self.template_format)
        _keep(self, parsed)
        return parsed

    def _format(self, values: Mapping[str, Any]) -> str:
        try:
            parsed = self._parsed
        except AttributeError:  # a copy, or made without the constructor
            parsed = self._parse()
        if parsed.source is not self.template or parsed.format is not self.template_format:
            parsed = self._parse()
        try:
            return parsed.render(values)
        except KeyError:
            if values.keys() >= set(parsed.variables):
                raise
            self._refuse(values, parsed.variables)

    def _format_inside(self, values: Mapping[str, Any]) -> str:
        return self._format({**values, **self._partials()} if self.partial_variables else values)

    def _hint(self, missing: list[str]) -> str:
        if self.template_format != "f-string":
            return ""
        return f" If {{{missing[0]}}} is meant as text, double its braces: {{{{{missing[0]}}}}}."


_keep = PromptTemplate.__dict__["_parsed"].__set__
