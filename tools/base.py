"""`BaseTool`: a function that a model may call, as a step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Literal, NamedTuple, Self, TypeAlias, TypeGuard, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SkipValidation,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails

from ..errors import CompositionError, ConfigError, SchemaAnnotationError, ToolException, shown
from ..messages import ToolCall
from ..messages.shapes import is_object
from ..runnables import (
    Run,
    RunnableConfig,
    RunnableSerializable,
    aclose,
    acollect,
    call_in_thread,
    close,
    collect,
    iterate_in_thread,
)
from ..runnables.events import Kind
from .callee import Callee
from .injected import source_of
from .json_schema import Schema, inlined, without_titles
from .output import (
    ResponseFormat,
    ToolExceptionHandlerOutput,
    chunk_of_answer,
    message_of_answer,
    parts_of_result,
)
from .schema import (
    arguments_schema,
    create_schema_from_function,
    model_of_fields,
    name_of,
    visible_part,
)

__all__ = ["ArgsSchema", "Asked", "BaseTool", "BaseToolkit", "ToolInput"]

ArgsSchema: TypeAlias = type[BaseModel] | dict[str, Any]
"""What the arguments of a tool are: a pydantic class, or a JSON schema."""

ToolInput: TypeAlias = str | dict[str, Any] | ToolCall
"""What a tool takes: the value of its only argument, its arguments, or a call by a model."""


class Asked(NamedTuple):
    """What a tool was called with: the arguments, and the id if it was by a whole tool call."""

    arguments: str | dict[str, Any]
    id: str | None


class _Invalid(Exception):
    """The arguments are not valid; a `ValidationError` of the function itself is another matter."""

    def __init__(self, error: ValidationError) -> None:
        super().__init__(error)
        self.error = error


class BaseTool(RunnableSerializable[ToolInput, Any], abstract=True):
    """A function that a model may call, and that is a step of a chain.

    Called with arguments it gives the value; called with a tool call, a dict that says
    `"type": "tool_call"`, it gives the `ToolMessage` that answers it. An author writes `_run` or
    `_arun`, or both, with the arguments as parameters; `@tool` makes a tool of a function. A
    generator function gives its result in pieces, which show as `on_tool_stream` events, and
    `invoke` gives their sum. A plain function may block: async use runs it in a worker thread.

    Attributes:
        name: What the model calls it.
        description: What it does, for the model to know when to call it.
        args_schema: What its arguments are; None: the parameters of `_run`.
        return_direct: Whether an agent ends with what this tool gives.
        tags: Tags of its runs.
        metadata: Metadata of its runs.
        handle_tool_error: What the model gets for a `ToolException`: its text (True), a text, or
            what a function makes of it. False raises it.
        handle_validation_error: The same for arguments that are not valid.
        response_format: "content_and_artifact": it returns a tuple of what the model gets to see,
            and of what only the program does.
        extras: What one provider wants to know of it besides, such as `cache_control`.

    Raises:
        TypeError: When a class is made that has no `_run` or `_arun`.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    _kind: ClassVar[Kind] = "tool"

    name: str  # a tool always has one  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]
    description: str
    args_schema: SkipValidation[ArgsSchema | None] = Field(default=None, repr=False)
    return_direct: bool = Field(default=False, repr=False)
    tags: list[str] | None = Field(default=None, repr=False)
    metadata: dict[str, Any] | None = Field(default=None, repr=False)
    handle_tool_error: bool | str | Callable[[ToolException], ToolExceptionHandlerOutput] | None = (
        Field(default=False, repr=False)
    )
    handle_validation_error: bool | str | Callable[[ValidationError], str] | None = Field(
        default=False, repr=False
    )
    response_format: ResponseFormat = Field(default="content", repr=False)
    extras: dict[str, Any] | None = Field(default=None, repr=False)

    _derived_schema: type[BaseModel] | None = PrivateAttr(default=None)
    _callees: dict[tuple[int, int], Callee] = PrivateAttr(
        default_factory=dict[tuple[int, int], Callee]
    )

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        kwargs["abstract"] = abstract  # a word that pydantic's own signature does not know
        super().__init_subclass__(**kwargs)
        hooks = ("_run", "_arun", "_functions")
        written = [h for h in hooks if getattr(cls, h) is not getattr(BaseTool, h)]
        if not written and not abstract:
            raise TypeError(
                f"{cls.__name__} has no hook; write _run(self, ...) with the arguments of the tool "
                f"as parameters, or async _arun, or say class {cls.__name__}(..., abstract=True)"
            )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        field = cls.model_fields["args_schema"]
        annotation, given = field.annotation, field.default
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            raise SchemaAnnotationError(
                f"args_schema of {cls.__name__} is a class and no object; "
                f"write args_schema: type[BaseModel] = {getattr(given, '__name__', 'Model')}"
            )

    @model_validator(mode="after")
    def _function_takes_the_arguments(self) -> Self:
        if self.args_schema is not None:
            for function in filter(None, self._functions()):
                self._check_taken(self._known(function))
        return self

    # What an author writes.

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError  # never called: see _functions

    async def _arun(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError  # never called: see _functions

    def _functions(self) -> tuple[Callable[..., Any] | None, Callable[..., Any] | None]:
        """Give the function, and what async use calls instead."""
        kind = type(self)
        return (
            None if kind._run is BaseTool._run else self._run,
            None if kind._arun is BaseTool._arun else self._arun,
        )

    # What it takes.

    @property
    def args(self) -> dict[str, Any]:
        """The arguments that the model gives: the JSON schema of each by its name."""
        properties: dict[str, Any] = self._schema_for_model().get("properties", {})
        return properties

    @property
    def is_single_input(self) -> bool:
        """Whether it takes one argument."""
        return len(self.args) == 1

    @property
    def tool_call_schema(self) -> ArgsSchema:
        """The arguments that the model gives: a pydantic class, or a JSON schema."""
        schema = self.args_schema
        return schema if is_object(schema) else visible_part(self._arguments_class())

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        return self._arguments_class()

    def _schema_for_model(self) -> Schema:
        """The JSON schema of what the model gives."""
        if is_object(self.args_schema):
            return inlined(without_titles(self.args_schema))
        return arguments_schema(self._arguments_class())

    def _arguments_class(self) -> type[BaseModel]:
        schema = self.args_schema
        if isinstance(schema, type):
            return schema
        if is_object(schema):
            fields: dict[str, Any] = {
                name: (Any, ... if name in schema.get("required", ()) else None)
                for name in schema.get("properties", {})
            }
            return model_of_fields(self.name, self.description, fields)
        if self._derived_schema is None:
            function = next(f for f in self._functions() if f is not None)
            self._derived_schema = create_schema_from_function(self.name, function)
        return self._derived_schema

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        copied = super().model_copy(update=update, deep=deep)
        copied._derived_schema = None  # what was found out about the function of this one
        copied._callees = {}
        return copied

    def injected_names(self) -> list[str]:
        """Give the names of the arguments that the model does not see, and the caller gives."""
        names: list[str] = []
        if not is_object(self.args_schema):
            names = [
                field.alias or name
                for name, field in self._arguments_class().model_fields.items()
                if source_of(field.annotation, field.metadata) == "caller"
            ]
        for function in filter(None, self._functions()):
            names += [n for n in self._known(function).injected if n not in names]
        return names

    # Running by LCEL's older verbs.

    def run(
        self,
        tool_input: str | dict[str, Any],
        *,
        callbacks: list[Any] | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        run_name: str | None = None,
        run_id: Any = None,
        config: RunnableConfig | None = None,
        tool_call_id: str | None = None,
    ) -> Any:
        """Run once, as `invoke` does with these in its config.

        Args:
            tool_input: The arguments.
            callbacks: See `RunnableConfig`, as for all but the last.
            tags: See `RunnableConfig`.
            metadata: See `RunnableConfig`.
            run_name: See `RunnableConfig`.
            run_id: See `RunnableConfig`.
            config: The rest of the config.
            tool_call_id: The id of the call that this is; the result is then a `ToolMessage`.
        """
        said = _config(config, callbacks, tags, metadata, run_name, run_id)
        return self.invoke(self._call_of(tool_input, tool_call_id), said)

    async def arun(
        self,
        tool_input: str | dict[str, Any],
        *,
        callbacks: list[Any] | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        run_name: str | None = None,
        run_id: Any = None,
        config: RunnableConfig | None = None,
        tool_call_id: str | None = None,
    ) -> Any:
        """Run once, as `ainvoke` does with these in its config; see `run`."""
        said = _config(config, callbacks, tags, metadata, run_name, run_id)
        return await self.ainvoke(self._call_of(tool_input, tool_call_id), said)

    def _call_of(self, tool_input: str | dict[str, Any], id: str | None) -> ToolInput:
        if id is None:
            return tool_input
        args = self._by_name(tool_input)
        return ToolCall(name=self.name, args=args, id=id, type="tool_call")

    # The hooks of the kernel. Twins, side by side.

    def _invoke(self, value: ToolInput, run: Run) -> Any:
        asked = self._asked(value, run)
        try:
            result = self._opened(asked, run, self._callee())
            if self._callee().streams:
                result = collect(result)
        except (ToolException, _Invalid) as exc:
            return self._handled(exc, asked)
        return self._answer(result, asked)

    async def _ainvoke(self, value: ToolInput, run: Run) -> Any:
        asked = self._asked(value, run)
        callee = self._callee(asynchronous=True)
        try:
            if callee.kind in ("async", "async generator"):
                opened = self._opened(asked, run, callee)
                result = await (opened if callee.kind == "async" else acollect(opened))
            else:
                result = await call_in_thread(partial(self._whole_result, asked, run, callee))
        except (ToolException, _Invalid) as exc:
            return self._handled(exc, asked)
        return self._answer(result, asked)

    def _whole_result(self, asked: Asked, run: Run, callee: Callee) -> Any:
        result = self._opened(asked, run, callee)
        return collect(result) if callee.streams else result

    def _transform(self, chunks: Iterator[ToolInput], run: Run) -> Iterator[Any]:
        value = collect(chunks)
        if self._callee().streams:
            yield from self._pieces(value, run)
        else:
            yield self._invoke(value, run)

    async def _atransform(
        self, chunks: AsyncIterator[ToolInput], run: Run
    ) -> AsyncGenerator[Any, None]:
        value = await acollect(chunks)
        if not self._callee(asynchronous=True).streams:
            yield await self._ainvoke(value, run)
            return
        stream = self._apieces(value, run)
        try:
            async for piece in stream:
                yield piece
        finally:
            await aclose(stream)

    def _pieces(self, value: ToolInput, run: Run) -> Any:
        asked = self._asked(value, run)
        pieces: list[Any] = []
        try:
            stream = self._opened(asked, run, self._callee())
            try:
                for piece in stream:
                    pieces.append(piece)
                    yield self._piece(piece, asked)
            finally:
                close(stream)
            answer = self._answer(collect(iter(pieces)), asked)
        except (ToolException, _Invalid) as exc:
            answer = self._handled(exc, asked)
            yield answer
        run.settle(answer)

    async def _apieces(self, value: ToolInput, run: Run) -> AsyncGenerator[Any, None]:
        asked = self._asked(value, run)
        callee = self._callee(asynchronous=True)
        pieces: list[Any] = []
        try:
            if callee.kind == "async generator":
                stream = self._opened(asked, run, callee)
            else:
                stream = iterate_in_thread(partial(self._opened, asked, run, callee))
            try:
                async for piece in stream:
                    pieces.append(piece)
                    yield self._piece(piece, asked)
            finally:
                await aclose(stream)
            answer = self._answer(collect(iter(pieces)), asked)
        except (ToolException, _Invalid) as exc:
            answer = self._handled(exc, asked)
            yield answer
        run.settle(answer)

    def _stream_style(
        self, options: Mapping[str, Any], *, asynchronous: bool
    ) -> Literal["through", "whole"]:
        return "through" if self._callee(asynchronous=asynchronous).streams else "whole"

    def _live(self, value: ToolInput, run: Run, options: Mapping[str, Any]) -> Any:
        return self._pieces(value, run) if self._callee().streams else None

    def _alive(self, value: ToolInput, run: Run, options: Mapping[str, Any]) -> Any:
        return self._apieces(value, run) if self._callee(asynchronous=True).streams else None

    def _shown_input(self, value: ToolInput) -> Any:
        return value["args"] if _is_call(value) else value

    def _labels(self) -> tuple[Sequence[str], Mapping[str, Any]]:
        return self.tags or (), self.metadata or {}

    # From the input to the arguments.

    def _callee(self, *, asynchronous: bool = False) -> Callee:
        function, coroutine = self._functions()
        wanted = (coroutine or function) if asynchronous else function
        known = None if wanted is None else self._known(wanted)
        if known is None or (not asynchronous and known.kind in ("async", "async generator")):
            raise CompositionError(
                f"tool {self.name!r} is asynchronous only and was called synchronously; "
                f"use ainvoke, astream or abatch, or give it a plain function too"
            )
        return known

    def _known(self, function: Callable[..., Any]) -> Callee:
        # A method is made anew each time that it is asked for.
        key = id(getattr(function, "__func__", function)), id(getattr(function, "__self__", None))
        known = self._callees.get(key)
        if known is None:
            known = self._callees[key] = Callee(function, described=self.args_schema is not None)
        return known

    def _check_taken(self, callee: Callee) -> None:
        """Refuse arguments of `args_schema` that the function would never see."""
        fields = self._arguments_class().model_fields
        untaken = [
            field.alias or name
            for name, field in fields.items()
            if not callee.takes(name) and not callee.takes(field.alias or name)
        ]
        if untaken:
            function = name_of(callee.function)
            takes = ", ".join(repr(p.name) for p in callee.parameters) or "nothing"
            raise CompositionError(
                f"args_schema of tool {self.name!r} has {', '.join(map(repr, untaken))}, which "
                f"{function!r} does not take; it takes {takes}. Give {function!r} a parameter of "
                f"this name, or **kwargs, or leave it out of args_schema"
            )

    def _asked(self, value: ToolInput, run: Run) -> Asked:
        if _is_call(value):
            asked = Asked(dict(value["args"]), str(value.get("id") or ""))
        elif isinstance(value, str):
            asked = Asked(value, None)
        elif is_object(value):
            asked = Asked(dict(value), None)
        else:
            raise CompositionError(
                f"tool {self.name!r} takes its arguments as a dict, a tool call, or the text of "
                f"its only argument; got {shown(value)}"
            )
        run.note(tool_call_id=asked.id)
        return asked

    def _opened(self, asked: Asked, run: Run, callee: Callee) -> Any:
        """Call the function with valid arguments."""
        try:
            values = self._valid(asked, callee)
        except ValidationError as exc:
            raise _Invalid(exc) from None
        return callee.opened(values, run)

    def _valid(self, asked: Asked, callee: Callee) -> dict[str, Any]:
        given = self._by_name(asked.arguments)
        if is_object(self.args_schema):
            values = dict(given)
            self._check_required(self.args_schema, given)
            given = self._with_id(given, asked, callee.call_id)
        else:
            model = self._arguments_class()
            ids = [n for n, f in model.model_fields.items() if _is_call_id(f)] + callee.call_id
            given = self._with_id(given, asked, ids)
            values = _values(model, given, callee)
        for name in callee.injected:
            if name in given and name not in values:
                values[name] = given[name]
        return values

    def _with_id(self, given: dict[str, Any], asked: Asked, names: list[str]) -> dict[str, Any]:
        if not names:
            return given
        if asked.id is None:
            raise ConfigError(
                f"tool {self.name!r} takes the id of its call, and must be invoked with a whole "
                f'tool call: {{"type": "tool_call", "name": {self.name!r}, "args": {{...}}, '
                f'"id": ...}}'
            )
        return {**given, **dict.fromkeys(names, asked.id)}

    def _check_required(self, schema: Schema, given: Mapping[str, Any]) -> None:
        """Refuse arguments that are not there; no more of a JSON schema is checked here."""
        missing: list[InitErrorDetails] = [
            {"type": "missing", "loc": (name,), "input": dict(given)}
            for name in schema.get("required", ())
            if name not in given
        ]
        if missing:
            raise ValidationError.from_exception_data(self.name, missing)

    def _by_name(self, arguments: str | dict[str, Any]) -> dict[str, Any]:
        if not isinstance(arguments, str):
            return arguments
        names = list(self.args)
        if not names:  # some models call a tool that takes nothing with an empty text
            return {}
        return {names[0]: arguments}

    # From the result to the output.

    def _piece(self, piece: Any, asked: Asked) -> Any:
        content, artifact = parts_of_result(piece, self.response_format, self.name)
        if asked.id is None:
            return content
        return chunk_of_answer(content, artifact, id=asked.id, name=self.name)

    def _answer(self, result: Any, asked: Asked) -> Any:
        content, artifact = parts_of_result(result, self.response_format, self.name)
        if asked.id is None:
            return content
        return message_of_answer(content, artifact, id=asked.id, name=self.name)

    def _handled(self, exc: ToolException | _Invalid, asked: Asked) -> Any:
        """Give what the model gets for an error, or raise it."""
        content: Any
        if isinstance(exc, ToolException):
            text = str(exc) if exc.args else "Tool execution error"
            content = _handling(self.handle_tool_error, exc, text)
        else:
            content = _handling(
                self.handle_validation_error, exc.error, "Tool input validation error"
            )
        if asked.id is None:
            return content
        return message_of_answer(content, None, id=asked.id, name=self.name, status="error")


class BaseToolkit(BaseModel, ABC):
    """Tools that belong together."""

    @abstractmethod
    def get_tools(self) -> list[BaseTool]:
        """Give the tools."""


def _is_call(value: object) -> TypeGuard[ToolCall]:
    return is_object(value) and value.get("type") == "tool_call" and is_object(value.get("args"))


def _is_call_id(field: FieldInfo) -> bool:
    return source_of(field.annotation, field.metadata) == "call_id"


def _values(model: type[BaseModel], given: dict[str, Any], callee: Callee) -> dict[str, Any]:
    """Check the arguments, and give them by the names that the function has for them."""
    valid = model.model_validate(given)
    names = {p.name for p in callee.parameters}
    values: dict[str, Any] = dict(valid.model_extra or {})
    for name, field in model.model_fields.items():
        if name in valid.model_fields_set or not field.is_required():
            known = name if name in names else field.alias or name
            values[known] = getattr(valid, name)
    return values


def _handling(how: Any, exc: Exception, text: str) -> Any:
    """Give what `handle_tool_error` or `handle_validation_error` makes of an error, or raise it."""
    if not how:
        raise exc
    if how is True:
        return text
    return how if isinstance(how, str) else how(exc)


def _config(
    config: RunnableConfig | None,
    callbacks: list[Any] | None,
    tags: list[str] | None,
    metadata: dict[str, Any] | None,
    run_name: str | None,
    run_id: Any,
) -> RunnableConfig:
    said: dict[str, Any] = {
        "callbacks": callbacks,
        "tags": tags,
        "metadata": metadata,
        "run_name": run_name,
        "run_id": run_id,
    }
    given = {key: value for key, value in said.items() if value is not None}
    return cast(RunnableConfig, {**(config or {}), **given})
