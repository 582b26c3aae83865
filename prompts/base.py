"""`BasePromptTemplate`: a step from variables to a prompt."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Generic, NoReturn, Self

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict, TypeVar

from ..errors import CompositionError, PromptInputError, shown
from ..messages import PromptValue
from ..runnables import Run, Runnable, RunnableSerializable

__all__ = ["BasePromptTemplate", "PromptFields"]

Formatted = TypeVar("Formatted")
Value = TypeVar("Value", bound=PromptValue, covariant=True, default=PromptValue)

_HOOKS = {
    "format": "_format(self, values)",
    "format_messages": "_format_messages(self, values)",
    "format_prompt": "_format_prompt(self, values)",
}


class PromptFields(TypedDict, total=False):
    """The keyword arguments that every prompt takes besides its template."""

    name: str | None
    input_variables: list[str]
    optional_variables: list[str]
    input_types: dict[str, Any]
    output_parser: Runnable[Any, Any] | None
    partial_variables: Mapping[str, Any]
    metadata: dict[str, Any] | None
    tags: list[str] | None


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
    input_types: dict[str, Any] = Field(default_factory=dict)
    output_parser: Runnable[Any, Any] | None = None
    partial_variables: Mapping[str, Any] = Field(default_factory=dict)
    metadata: dict[str, Any] | None = None
    tags: list[str] | None = None

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
        return self.model_copy(
            update={
                "partial_variables": {**self.partial_variables, **kwargs},
                "input_variables": [n for n in self.input_variables if n not in kwargs],
                "optional_variables": [n for n in self.optional_variables if n not in kwargs],
            }
        )

    # Variables.

    def _complete(self, given: object) -> Mapping[str, Any]:
        """Give all variables: those of the call, and the partial ones that it does not say."""
        values: Mapping[str, Any] = (
            given if isinstance(given, dict | Mapping) else self._named(given)
        )
        if self.partial_variables:
            values = {**self._partials(), **values}
        for name in self.input_variables:
            if name not in values:
                self._refuse(values)
        return values

    def _named(self, value: object) -> Mapping[str, Any]:
        if len(self.input_variables) == 1:
            return {self.input_variables[0]: value}
        wanted = "".join(f"{name!r}: ..., " for name in self.input_variables).rstrip(", ")
        raise CompositionError(
            f"{self._called()} takes a dict of variables; got {shown(value)}. Pass {{{wanted}}}."
        )

    def _partials(self) -> dict[str, Any]:
        return {k: v() if callable(v) else v for k, v in self.partial_variables.items()}

    def _called(self) -> str:
        """How errors call this prompt."""
        kind = type(self).__name__
        return f"prompt {self.name!r} ({kind})" if self.name else kind

    def _refuse(self, given: Mapping[str, Any], needed: Iterable[str] | None = None) -> NoReturn:
        missing = [
            n for n in (self.input_variables if needed is None else needed) if n not in given
        ]
        has = f"has {_listed(given)}" if given else "is empty"
        entries = ", ".join(f'"{name}": ...' for name in missing)
        raise PromptInputError(
            f"{self._called()} needs {_listed(missing)}; the input {has}.\n"
            f"Pass {{{entries}}}, or rename the variable in the template."
            f"{self._hint(missing)}"
        )

    def _hint(self, missing: list[str]) -> str:
        return ""


def _listed(names: Iterable[str]) -> str:
    *most, last = map(repr, names)
    text = f"{', '.join(most)} and {last}" if most else last
    return text if len(text) <= 200 else f"{text[:199]}…"
