"""`@tool`: a function as a tool, and a runnable as one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, overload

from pydantic import BaseModel, RootModel

from ..errors import CompositionError, ConfigError, shown
from ..runnables import Runnable
from ..runnables.function import kind_of
from .base import ArgsSchema, BaseTool
from .output import ResponseFormat
from .schema import model_of_fields, name_of
from .structured import StructuredTool, Tool

__all__ = ["convert_runnable_to_tool", "tool"]


@overload
def tool(
    name_or_callable: Callable[..., Any],
    runnable: None = None,
    *,
    description: str | None = None,
    return_direct: bool = False,
    args_schema: ArgsSchema | None = None,
    infer_schema: bool = True,
    response_format: ResponseFormat = "content",
    parse_docstring: bool = False,
    error_on_invalid_docstring: bool = True,
    extras: dict[str, Any] | None = None,
) -> BaseTool: ...
@overload
def tool(
    name_or_callable: str,
    runnable: Runnable[Any, Any],
    *,
    description: str | None = None,
    return_direct: bool = False,
    args_schema: ArgsSchema | None = None,
    infer_schema: bool = True,
    response_format: ResponseFormat = "content",
    parse_docstring: bool = False,
    error_on_invalid_docstring: bool = True,
    extras: dict[str, Any] | None = None,
) -> BaseTool: ...
@overload
def tool(
    name_or_callable: str | None = None,
    runnable: None = None,
    *,
    description: str | None = None,
    return_direct: bool = False,
    args_schema: ArgsSchema | None = None,
    infer_schema: bool = True,
    response_format: ResponseFormat = "content",
    parse_docstring: bool = False,
    error_on_invalid_docstring: bool = True,
    extras: dict[str, Any] | None = None,
) -> Callable[[Callable[..., Any] | Runnable[Any, Any]], BaseTool]: ...
def tool(
    name_or_callable: str | Callable[..., Any] | None = None,
    runnable: Runnable[Any, Any] | None = None,
    *,
    description: str | None = None,
    return_direct: bool = False,
    args_schema: ArgsSchema | None = None,
    infer_schema: bool = True,
    response_format: ResponseFormat = "content",
    parse_docstring: bool = False,
    error_on_invalid_docstring: bool = True,
    extras: dict[str, Any] | None = None,
) -> BaseTool | Callable[[Callable[..., Any] | Runnable[Any, Any]], BaseTool]:
    """Make a tool of a function, as a decorator: `@tool`, `@tool("name")` or `@tool(...)`.

    Its name, its docstring and its parameters are what the model is told.

    Args:
        name_or_callable: What the model calls it, or the function.
        runnable: A runnable to make a tool of, with a name before it.
        description: What it does; None: the docstring.
        return_direct: See `BaseTool`.
        args_schema: What the arguments are; None: the parameters of the function.
        infer_schema: Whether the arguments come from the function; if not, it takes one text.
        response_format: See `BaseTool`.
        parse_docstring: Take descriptions of the arguments from the docstring.
        error_on_invalid_docstring: Refuse a docstring without arguments, or with wrong ones.
        extras: See `BaseTool`.

    Raises:
        ConfigError: There is no name or no description, or the docstring is refused.
        SchemaAnnotationError: The arguments cannot be told from the function.
    """

    def made(function: Any, name: str | None) -> BaseTool:
        fields: dict[str, Any] = {
            "return_direct": return_direct,
            "response_format": response_format,
            "extras": extras,
        }
        if isinstance(function, Runnable):
            found = convert_runnable_to_tool(
                _step(function), _class_of(args_schema), name=name, description=description
            )
            return found.model_copy(update=fields)
        if not callable(function):
            raise CompositionError(f"tool() takes a function or a runnable; got {shown(function)}")
        is_async = kind_of(function) in ("async", "async generator")
        functions: dict[str, Any] = {"func": None, "coroutine": None}
        functions["coroutine" if is_async else "func"] = function
        if args_schema is None and not infer_schema:
            text = description or function.__doc__
            if not text:
                raise ConfigError(
                    f"tool {name or name_of(function)!r} has no description; write a docstring"
                )
            return Tool.from_function(
                name=name or name_of(function), description=text.strip(), **functions, **fields
            )
        return StructuredTool.from_function(
            **functions,
            name=name,
            description=description,
            args_schema=args_schema,
            parse_docstring=parse_docstring,
            error_on_invalid_docstring=error_on_invalid_docstring,
            **fields,
        )

    if runnable is not None:
        if not isinstance(name_or_callable, str):
            raise CompositionError(
                f"a tool of a runnable needs a name: tool('name', runnable); "
                f"got {shown(name_or_callable)}"
            )
        return made(runnable, name_or_callable)
    if name_or_callable is None or isinstance(name_or_callable, str):
        return lambda function: made(function, name_or_callable)
    return made(name_or_callable, None)


def _step(runnable: Any) -> Runnable[Any, Any]:
    """What is a step, once `isinstance` has said so: of any types."""
    step: Runnable[Any, Any] = runnable
    return step


def _class_of(schema: ArgsSchema | None) -> type[BaseModel] | None:
    if schema is None or isinstance(schema, type):
        return schema
    raise CompositionError("args_schema of a tool that is a runnable must be a pydantic class")


def convert_runnable_to_tool(
    runnable: Runnable[Any, Any],
    args_schema: type[BaseModel] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    arg_types: dict[str, type] | None = None,
) -> BaseTool:
    """Make a tool of a runnable that takes a dict, or one text.

    Args:
        runnable: The runnable.
        args_schema: What the dict has; None: what the runnable says of its input.
        name: What the model calls it; None: the name of the runnable.
        description: What it does; None: what it takes.
        arg_types: The types of what the dict has, in place of `args_schema`.

    Raises:
        CompositionError: It does not say what it takes.
    """
    name = name or runnable.get_name()
    if args_schema is None and arg_types is not None:
        fields: dict[str, Any] = {key: (kind, ...) for key, kind in arg_types.items()}
        args_schema = model_of_fields(name, "", fields)
    if args_schema is None:
        found = runnable.get_input_schema()
        if issubclass(found, RootModel):
            if found.model_fields["root"].annotation is str:
                text = description or f"Runs {name} on a text."
                return Tool(name, _calling(runnable), text, coroutine=_awaiting(runnable))
            raise CompositionError(
                f"{name} does not say what a model must give it; "
                f"write as_tool(arg_types={{'name': str, ...}}) or as_tool(args_schema=...)"
            )
        args_schema = found
    text = description or _doc_of(args_schema) or f"Takes {', '.join(args_schema.model_fields)}."
    call, acall = _calling(runnable), _awaiting(runnable)

    def run(**arguments: Any) -> Any:
        return call(arguments)

    async def arun(**arguments: Any) -> Any:
        return await acall(arguments)

    return StructuredTool(
        name=name, description=text, args_schema=args_schema, func=run, coroutine=arun
    )


def _calling(runnable: Runnable[Any, Any]) -> Callable[[Any], Any]:
    def run(tool_input: Any) -> Any:
        return runnable.invoke(tool_input)

    return run


def _awaiting(runnable: Runnable[Any, Any]) -> Callable[[Any], Awaitable[Any]]:
    async def arun(tool_input: Any) -> Any:
        return await runnable.ainvoke(tool_input)

    return arun


def _doc_of(schema: type[BaseModel]) -> str | None:
    return schema.__doc__ if schema.__doc__ != BaseModel.__doc__ else None
