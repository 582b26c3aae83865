"""`PromptTemplate`: a text with variables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, Field
from typing_extensions import Unpack

from .._lazy import later
from ..errors import TemplateError
from ..runnables import RunnableConfig
from ._parsed import Parsed
from ._schema import schema_of
from .base import PromptFields, PromptOptions, infer_variables
from .formats import PromptTemplateFormat, parse_template
from .string_base import StringPromptTemplate

if TYPE_CHECKING or not later(globals(), "._mustache"):
    from . import _mustache

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
    validate_template: bool = Field(default=False, repr=False)

    def __init__(
        self,
        template: str,
        *,
        template_format: PromptTemplateFormat = "f-string",
        validate_template: bool = False,
        **fields: Unpack[PromptFields],
    ) -> None:
        parsed = parse_template(template, template_format)
        infer_variables(fields, parsed.variables, validate=validate_template)
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

    @classmethod
    def from_file(
        cls,
        template_file: str | Path,
        encoding: str | None = None,
        *,
        template_format: PromptTemplateFormat = "f-string",
        **fields: Unpack[PromptFields],
    ) -> Self:
        """Make a prompt from the text of a file, in UTF-8 if nothing else is said.

        Raises:
            TemplateError: See `from_template`.
            OSError: The file cannot be read.
        """
        text = Path(template_file).read_text(encoding or "utf-8")
        return cls(text, template_format=template_format, **fields)

    @classmethod
    def from_examples(
        cls,
        examples: list[str],
        suffix: str,
        input_variables: list[str],
        example_separator: str = "\n\n",
        prefix: str = "",
        **fields: Unpack[PromptOptions],
    ) -> Self:
        """Make a prompt from a beginning, examples and an end, which are parts of one template.

        Raises:
            TemplateError: See `from_template`; or its variables are not `input_variables`.
        """
        template = example_separator.join([*([prefix] if prefix else []), *examples, suffix])
        return cls(template, validate_template=True, input_variables=input_variables, **fields)

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        """Give a pydantic class that has the variables as fields.

        What stands for a section of a mustache template may be any data, or missing.
        """
        if self.template_format != "mustache":
            return super().get_input_schema(config)
        sections = _mustache.sections_of(self.template)
        types: dict[str, Any] = {
            name: Any if name in sections else str for name in self.input_variables
        }
        types |= self.input_types
        return schema_of(
            {name: types[name] for name in self.input_variables if name not in sections},
            {name: types[name] for name in self.input_variables if name in sections},
        )

    def __add__(self, other: PromptTemplate | str) -> Self:
        """Give the two texts as one template.

        Raises:
            TemplateError: Their formats differ, or both give a value to the same variable.
        """
        if isinstance(other, str):
            text, partials = other, {}
        elif isinstance(other, PromptTemplate):
            text, partials = other.template, dict(other.partial_variables)
            if other.template_format != self.template_format:
                raise TemplateError(
                    f"a template in {self.template_format} and one in {other.template_format} do "
                    "not add up. Write both in one format."
                )
            if both := self.partial_variables.keys() & partials:
                raise TemplateError(f"both templates have a value for {', '.join(sorted(both))}")
        else:
            return NotImplemented
        made = self._changed(
            template=self.template + text,
            partial_variables={**self.partial_variables, **partials},
        )
        made.input_variables = [
            name for name in made._parse().variables if name not in made.partial_variables
        ]
        return made

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
            self._require(parsed.variables, values)
            raise  # it is the value of a variable that raised it

    def _format_inside(self, values: Mapping[str, Any]) -> str:
        return self._format({**self._partials(), **values} if self.partial_variables else values)

    def pretty_repr(self, html: bool = False) -> str:
        return self.template

    def _hint(self, missing: list[str]) -> str:
        if self.template_format != "f-string":
            return ""
        return f" If {{{missing[0]}}} is meant as text, double its braces: {{{{{missing[0]}}}}}."


_keep = PromptTemplate.__dict__["_parsed"].__set__
