"""`StructuredTool` and `Tool`: tools made of functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Self

from pydantic import BaseModel, Field, model_validator

from ..errors import CompositionError, ConfigError, ToolException, shown
from ..messages.shapes import is_object
from .base import ArgsSchema, Asked, BaseTool
from .callee import Callee
from .docstrings import read_docstring
from .output import ResponseFormat
from .schema import create_schema_from_function, model_of_fields, name_of

__all__ = ["StructuredTool", "Tool"]


class _OfFunction(BaseTool, abstract=True):
    """A tool made of a function, which may be plain or async, or there may be both."""

    description: str = ""
    func: Callable[..., Any] | None = Field(default=None, repr=False)
    coroutine: Callable[..., Any] | None = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _has_function(self) -> Self:
        if self.func is None and self.coroutine is None:
            raise CompositionError(f"tool {self.name!r} has no function; give func= or coroutine=")
        return self

    def _functions(self) -> tuple[Callable[..., Any] | None, Callable[..., Any] | None]:
        return self.func, self.coroutine


class StructuredTool(_OfFunction):
    """A tool made of a function; see `from_function`, or the decorator `@tool`.

    Attributes:
        func: The function; None if there is an async one alone.
        coroutine: What async use calls instead.
    """

    @classmethod
    def from_function(
        cls,
        func: Callable[..., Any] | None = None,
        coroutine: Callable[..., Any] | None = None,
        name: str | None = None,
        description: str | None = None,
        return_direct: bool = False,
        args_schema: ArgsSchema | None = None,
        infer_schema: bool = True,
        *,
        response_format: ResponseFormat = "content",
        parse_docstring: bool = False,
        error_on_invalid_docstring: bool = False,
        **kwargs: Any,
    ) -> StructuredTool:
        """Make a tool of a function.

        Args:
            func: The function.
            coroutine: What async use calls instead, or alone.
            name: What the model calls it; None: the name of the function.
            description: What it does; None: the docstring, or what `args_schema` says.
            return_direct: See `BaseTool`.
            args_schema: What the arguments are; None: the parameters of the function.
            infer_schema: Whether to take them from the function at all.
            response_format: See `BaseTool`.
            parse_docstring: See `create_schema_from_function`.
            error_on_invalid_docstring: See `create_schema_from_function`.
            kwargs: Other fields of the tool.

        Raises:
            ConfigError: There is no function, no name or no description.
            SchemaAnnotationError: The arguments cannot be told from the function.
        """
        source = func or coroutine
        if source is None:
            raise ConfigError("a tool is made of a function; give func= or coroutine=")
        name = name or name_of(source)
        if name == "<lambda>":
            raise ConfigError("a lambda has no name that a model could call; give name=")
        if args_schema is None and infer_schema:
            args_schema = create_schema_from_function(
                name,
                source,
                parse_docstring=parse_docstring,
                error_on_invalid_docstring=error_on_invalid_docstring,
            )
        return cls(
            name=name,
            func=func,
            coroutine=coroutine,
            description=_description(name, source, description, args_schema, parse_docstring),
            args_schema=args_schema,
            return_direct=return_direct,
            response_format=response_format,
            **kwargs,
        )


def _description(
    name: str,
    function: Callable[..., Any],
    given: str | None,
    schema: ArgsSchema | None,
    parse_docstring: bool,
) -> str:
    text = given or inspect.getdoc(function)
    if text and given is None and parse_docstring:
        text = read_docstring(text).description
    if not text and schema is not None:
        own = schema.get("description") if is_object(schema) else schema.__doc__
        text = own if own != BaseModel.__doc__ else None
    if not text:
        raise ConfigError(
            f"tool {name!r} has no description, and a model would not know when to call it. "
            f"Write a docstring, or give description="
        )
    return inspect.cleandoc(text)


class Tool(_OfFunction):
    """A tool that takes one text; the function may call it what it likes.

    Attributes:
        func: The function; None if there is an async one alone.
        coroutine: What async use calls instead.
    """

    def __init__(
        self, name: str, func: Callable[..., Any] | None, description: str, **kwargs: Any
    ) -> None:
        fields: dict[str, Any] = {"name": name, "func": func, "description": description}
        if kwargs.get("args_schema") is None:
            fields["args_schema"] = model_of_fields(name, "", {"tool_input": (str, ...)})
        super().__init__(**{**kwargs, **fields})

    @classmethod
    def from_function(
        cls,
        func: Callable[..., Any] | None,
        name: str,
        description: str,
        return_direct: bool = False,
        args_schema: ArgsSchema | None = None,
        coroutine: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> Tool:
        """Make a tool of a function of one argument.

        Args:
            func: The function.
            name: What the model calls it.
            description: What it does.
            return_direct: See `BaseTool`.
            args_schema: What the argument is; None: a text.
            coroutine: What async use calls instead, or alone.
            kwargs: Other fields of the tool.

        Raises:
            CompositionError: There is no function, or `args_schema` has not one argument.
        """
        return cls(
            name,
            func,
            description,
            return_direct=return_direct,
            args_schema=args_schema,
            coroutine=coroutine,
            **kwargs,
        )

    @model_validator(mode="after")
    def _takes_one(self) -> Self:
        if len(self.args) != 1:
            raise CompositionError(
                f"a Tool takes one argument; args_schema of {self.name!r} has {len(self.args)}. "
                f"Write StructuredTool.from_function(...)"
            )
        return self

    def _check_taken(self, callee: Callee) -> None:
        """The function may call its only argument what it likes."""

    def _by_name(self, arguments: str | dict[str, Any]) -> dict[str, Any]:
        [name] = self.args
        if is_object(arguments):
            if len(arguments) != 1:
                raise ToolException(
                    f"tool {self.name!r} takes one argument; got {len(arguments)}: "
                    f"{shown(list(arguments))}"
                )
            [arguments] = arguments.values()  # models call the only argument this or that
        return {name: arguments}

    def _valid(self, asked: Asked, callee: Callee) -> dict[str, Any]:
        [name] = self.args
        values = super()._valid(asked, callee)
        first = next((p for p in callee.parameters if p.source == "model"), None)
        if first is not None and name not in {p.name for p in callee.parameters}:
            value = values.pop(name)
            values[first.name] = [value] if first.kind == "rest" else value
        return values
