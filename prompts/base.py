"""`BasePromptTemplate`: a step from variables to a prompt."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any, ClassVar, Generic, Self

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict, TypeVar

from ..errors import CompositionError, PromptInputError, TemplateError, shown
from ..messages import PromptValue
from ..runnables import Run, Runnable, RunnableConfig, RunnableSerializable
from ._schema import schema_of
from ._shapes import is_mapping

__all__ = [
    "BasePromptTemplate",
    "PromptFields",
    "PromptOptions",
    "infer_variables",
    "missing_variables",
]

Formatted = TypeVar("Formatted")
Value = TypeVar("Value", bound=PromptValue, covariant=True, default=PromptValue)

_HOOKS = {
    "format": "_format(self, values)",
    "format_messages": "_format_messages(self, values)",
    "format_prompt": "_format_prompt(self, values)",
}


class PromptOptions(TypedDict, total=False):
    """The keyword arguments that every prompt takes besides its template and its variables."""

    name: str | None
    optional_variables: list[str]
    input_types: dict[str, Any]
    output_parser: Runnable[Any, Any] | None
    partial_variables: Mapping[str, Any]
    metadata: dict[str, Any] | None
    tags: list[str] | None


class PromptFields(PromptOptions, total=False):
    """The keyword arguments that every prompt takes besides its template."""

    input_variables: list[str]


class BasePromptTemplate(RunnableSerializable[dict[str, Any], Value], Generic[Formatted, Value]):
    """A step from variables to a prompt.

    `prompt.invoke({"topic": "rain"})` gives a `PromptValue`. A prompt with one variable also takes
    its bare value, if that is not a mapping.

    An author writes the hook `_format`, which gets all variables, the partial ones included.

    Attributes:
        input_variables: The names that a call has to give.
        optional_variables: The names that it may give.
        input_types: What the variables are, where it is not text.
        output_parser: A parser for the answer; for your own use.
        partial_variables: Values that are given already, or functions that give them at each call.
        metadata: For your own use.
        tags: For your own use.

    Raises:
        TypeError: When a class is made that overrides a public method instead of its hook.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    _kind = "prompt"
    _inline = True

    input_variables: list[str] = Field(default_factory=list)
    optional_variables: list[str] = Field(default_factory=list)
    input_types: dict[str, Any] = Field(default_factory=dict, repr=False)
    output_parser: Runnable[Any, Any] | None = Field(default=None, repr=False)
    partial_variables: Mapping[str, Any] = Field(default_factory=dict)
    metadata: dict[str, Any] | None = Field(default=None, repr=False)
    tags: list[str] | None = Field(default=None, repr=False)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for method, hook in _HOOKS.items():
            if method in cls.__dict__ and any(method in base.__dict__ for base in cls.__mro__[1:]):
                raise TypeError(
                    f"{cls.__name__}.{method} overrides a method that is final; "
                    f"write the hook {hook} instead, where values is a dict"
                )

    # Hooks. They get every variable that there is.

    @abstractmethod
    def _format(self, values: Mapping[str, Any]) -> Formatted:
        """Fill the template in."""

    @abstractmethod
    def _format_prompt(self, values: Mapping[str, Any]) -> Value:
        """Fill the template in, and make a prompt of it."""

    async def _aformat(self, values: Mapping[str, Any]) -> Formatted:
        return self._format(values)

    async def _aformat_prompt(self, values: Mapping[str, Any]) -> Value:
        return self._format_prompt(values)

    # What is called.

    def _invoke(self, value: dict[str, Any], run: Run) -> Value:
        return self._format_prompt(self._complete(value))

    async def _ainvoke(self, value: dict[str, Any], run: Run) -> Value:
        return await self._aformat_prompt(self._complete(value))

    def format(self, /, **kwargs: Any) -> Formatted:
        """Fill the template in.

        Raises:
            PromptInputError: A variable is missing.
        """
        return self._format(self._complete(kwargs))

    async def aformat(self, /, **kwargs: Any) -> Formatted:
        """Fill the template in; see `format`."""
        return await self._aformat(self._complete(kwargs))

    def format_prompt(self, /, **kwargs: Any) -> Value:
        """Fill the template in, and give a prompt value; see `format`."""
        return self._format_prompt(self._complete(kwargs))

    async def aformat_prompt(self, /, **kwargs: Any) -> Value:
        """Fill the template in, and give a prompt value; see `format`."""
        return await self._aformat_prompt(self._complete(kwargs))

    def partial(self, /, **kwargs: Any) -> Self:
        """Give this prompt with some variables given: values, or functions called at each use."""
        return self._changed(
            partial_variables={**self.partial_variables, **kwargs},
            input_variables=[n for n in self.input_variables if n not in kwargs],
            optional_variables=[n for n in self.optional_variables if n not in kwargs],
        )

    def _changed(self, **fields: Any) -> Self:
        """Give a copy with other fields, which shares no list and no dict with this prompt."""
        own = {name: copy(value) for name, value in self if type(value) in (list, dict)}
        return self.model_copy(update={**own, **fields})

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        """Give a pydantic class that has the variables as fields."""
        return schema_of(
            {name: self.input_types.get(name, str) for name in self.input_variables},
            {name: self.input_types.get(name, str) for name in self.optional_variables},
        )

    def pretty_repr(self, html: bool = False) -> str:
        """Give the prompt for people; `html` makes titles bold in a terminal (LCEL's name)."""
        return repr(self)

    def pretty_print(self) -> None:
        """Print the prompt for people."""
        print(self.pretty_repr())  # noqa: T201 - it is what the method is for

    # Variables.

    def _complete(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give all variables: those of the call, and the partial ones that it does not say."""
        if not isinstance(values, dict):
            values = self._named(values)
        if self.partial_variables:
            values = {**self._partials(), **values}
        for name in self.input_variables:
            if name not in values:
                self._require(self.input_variables, values)
        return values

    def _format_inside(self, values: Mapping[str, Any]) -> Formatted:
        """Fill the template in as a part of another prompt, whose variables it gets."""
        return self._format(self._complete(values))

    def _named(self, value: object) -> Mapping[str, Any]:
        """Give the variables where the input is no dict: it may be the only one."""
        if is_mapping(value):
            return value
        if len(self.input_variables) == 1:
            return {self.input_variables[0]: value}
        raise CompositionError(
            f"{self._called()} takes a dict of variables; got {shown(value)}. "
            f"Pass {{{_entries(self.input_variables)}}}."
        )

    def _partials(self) -> dict[str, Any]:
        return {k: v() if callable(v) else v for k, v in self.partial_variables.items()}

    def _called(self) -> str:
        """How errors call this prompt."""
        kind = type(self).__name__
        return f"prompt {self.name!r} ({kind})" if self.name else kind

    def _require(self, names: Iterable[str], values: Mapping[str, Any]) -> None:
        if missing := [name for name in names if name not in values]:
            raise missing_variables(self._called(), missing, values, self._hint(missing))

    def _hint(self, missing: list[str]) -> str:
        """What else the missing variables may be."""
        return ""


def missing_variables(
    called: str, missing: list[str], values: Mapping[str, Any], hint: str = ""
) -> PromptInputError:
    """Say which variables a prompt misses, what it got, and what to write."""
    has = f"has {_listed(values)}" if values else "is empty"
    return PromptInputError(
        f"{called} needs {_listed(missing)}; the input {has}.\n"
        f"Pass {{{_entries(missing)}}}, or rename the variable in the template.{hint}"
    )


def infer_variables(fields: PromptFields, variables: Iterable[str], *, validate: bool) -> None:
    """Put the variables of a template into the fields, without those that have a value already.

    Raises:
        TemplateError: The fields say other ones, if they are to be checked.
    """
    partials = fields.get("partial_variables") or {}
    if not is_mapping(partials):
        raise TemplateError(
            f'partial_variables is a dict such as {{"name": "Ann"}}; got {shown(partials)}'
        )
    inferred = sorted(set(variables) - partials.keys())
    declared = fields.get("input_variables")
    if validate and declared is not None and set(declared) != set(inferred):
        raise TemplateError(
            f"the template has the variables {inferred}; input_variables says {sorted(declared)}"
        )
    fields["input_variables"] = inferred


def _entries(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}": ...' for name in names)


def _listed(names: Iterable[str]) -> str:
    *most, last = map(repr, names)
    text = f"{', '.join(most)} and {last}" if most else last
    return text if len(text) <= 200 else f"{text[:199]}…"
