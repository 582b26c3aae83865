"""`RunnableWithMessageHistory`: a chain that remembers its conversations."""

from __future__ import annotations

import inspect
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Generator,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing, closing
from typing import Any, ClassVar, TypeAlias

from pydantic import BaseModel

from ..errors import CompositionError, ConfigError, shown
from ..messages import AIMessage, BaseMessage, HumanMessage, convert_to_messages
from ..runnables import (
    ConfigurableFieldSpec,
    Run,
    Runnable,
    RunnableConfig,
    RunnableLambda,
    RunnablePassthrough,
    acollect,
    coerce_to_runnable,
    collect,
)
from ..runnables.config_fields import unique_specs
from ..runnables.schema import fields_of, model_of
from .base import BaseChatMessageHistory

__all__ = [
    "GetSessionHistoryCallable",
    "MessagesOrDictWithMessages",
    "RunnableWithMessageHistory",
]

GetSessionHistoryCallable: TypeAlias = Callable[..., BaseChatMessageHistory]
"""Gives the store of a conversation for what the config says of it."""

MessagesOrDictWithMessages: TypeAlias = Sequence[BaseMessage] | dict[str, Any]
"""Messages, or a dict with messages under one of its keys."""

_SESSION = ConfigurableFieldSpec(
    id="session_id",
    annotation=str,
    name="Session",
    description="Which conversation it is.",
    default="",
    is_shared=True,
)


class RunnableWithMessageHistory(Runnable[Any, Any]):
    """A chain that is given what was said before, and whose input and output are kept.

    Which conversation it is stands in the config: `{"configurable": {"session_id": "42"}}`. The
    messages are kept when the call, or its stream, has ended well.

    Args:
        runnable: The chain. It takes messages, or a dict, and gives text, a message, messages, or a
            dict with one of these.
        get_session_history: Gives the store of a conversation. It takes the session id; or nothing;
            or, by their names, the values that `history_factory_config` lists.
        input_messages_key: The key of the input, if that is a dict with more than one.
        output_messages_key: The key of the output, if that is a dict with more than one.
        history_messages_key: The key under which the chain finds what was said before; without one
            that stands before the messages of the input.
        history_factory_config: What says which conversation it is, in place of "session_id".

    Raises:
        ConfigError: On a call, the config does not say which conversation it is.
        CompositionError: On a call, the input or output holds no messages.
    """

    _has_run: ClassVar[bool] = False

    def __init__(
        self,
        runnable: Runnable[Any, Any] | Callable[..., Any] | Mapping[str, Any],
        get_session_history: GetSessionHistoryCallable,
        *,
        input_messages_key: str | None = None,
        output_messages_key: str | None = None,
        history_messages_key: str | None = None,
        history_factory_config: Sequence[ConfigurableFieldSpec] | None = None,
    ) -> None:
        if not callable(get_session_history):
            raise CompositionError(
                f"get_session_history is a function that gives a store; "
                f"got {shown(get_session_history)}"
            )
        self.name: str | None = None
        self.runnable: Runnable[Any, Any] = coerce_to_runnable(runnable)
        self.get_session_history: GetSessionHistoryCallable = get_session_history
        self.input_messages_key: str | None = input_messages_key
        self.output_messages_key: str | None = output_messages_key
        self.history_messages_key: str | None = history_messages_key
        self.history_factory_config: Sequence[ConfigurableFieldSpec] = (
            [_SESSION] if history_factory_config is None else list(history_factory_config)
        )
        self._parameters = list(inspect.signature(get_session_history).parameters)
        self._chain = self._make_chain()

    def _make_chain(self) -> Runnable[Any, Any]:
        # The names of the steps are LCEL's: they show in the events.
        load: Runnable[Any, Any] = RunnableLambda(self._load, self._aload, inline=True)
        load = load.with_config(run_name="load_history")
        key = self.history_messages_key or self.input_messages_key
        if key is not None:
            load = RunnablePassthrough.assign(**{key: load}).with_config(run_name="insert_history")
        call: Runnable[Any, Any] = RunnableLambda(lambda _: self.runnable, inline=True)
        return load | call.with_config(run_name="check_sync_or_async")

    def __repr__(self) -> str:
        return f"RunnableWithMessageHistory({self.runnable!r})"

    # What it takes and gives.

    def _steps_inside(self) -> Sequence[Runnable[Any, Any]]:
        return (self.runnable,)

    @property
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        return unique_specs([*self.runnable.config_specs, *self.history_factory_config])

    @property
    def OutputType(self) -> Any:
        return self.runnable.OutputType

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        schema = self.runnable.get_input_schema(config)
        fields = {**(fields_of(schema) or {})}
        fields.pop(self.history_messages_key or "", None)
        if self.input_messages_key is not None:
            fields.setdefault(self.input_messages_key, (Any, ...))
        return model_of(self.get_name("Input"), fields) if fields else schema

    def get_output_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        return self.runnable.get_output_schema(config)

    # Calls.

    def _invoke(self, value: Any, run: Run, /, **options: Any) -> Any:
        said, history = self._said(value), self._history(run)
        output = self._chain.invoke(value, _with(history), **options)
        history.add_messages([*said, *self._answered(output)])
        return output

    async def _ainvoke(self, value: Any, run: Run, /, **options: Any) -> Any:
        said, history = self._said(value), self._history(run)
        output = await self._chain.ainvoke(value, _with(history), **options)
        await history.aadd_messages([*said, *self._answered(output)])
        return output

    def _transform(
        self, chunks: Iterator[Any], run: Run, /, **options: Any
    ) -> Generator[Any, None, None]:
        value = collect(chunks)
        said, history = self._said(value), self._history(run)
        given: list[Any] = []
        with closing(self._chain.stream(value, _with(history), **options)) as stream:
            for chunk in stream:
                given.append(chunk)
                yield chunk
        history.add_messages([*said, *self._answered(collect(iter(given)))])

    async def _atransform(
        self, chunks: AsyncIterator[Any], run: Run, /, **options: Any
    ) -> AsyncGenerator[Any, None]:
        value = await acollect(chunks)
        said, history = self._said(value), self._history(run)
        given: list[Any] = []
        async with aclosing(self._chain.astream(value, _with(history), **options)) as stream:
            async for chunk in stream:
                given.append(chunk)
                yield chunk
        await history.aadd_messages([*said, *self._answered(collect(iter(given)))])

    # The store.

    def _history(self, run: Run) -> BaseChatMessageHistory:
        values: dict[str, Any] = run.config.get("configurable") or {}
        keys = [spec.id for spec in self.history_factory_config]
        missing = [key for key in keys if key not in values]
        if missing and self._parameters:
            example = ", ".join(f'"{key}": ...' for key in keys)
            raise ConfigError(
                "the config does not say which conversation it is: "
                f"{', '.join(missing)} is missing. "
                f'Pass config={{"configurable": {{{example}}}}}'
            )
        if not self._parameters:
            return self.get_session_history()
        if len(keys) == 1:
            return self.get_session_history(values[keys[0]])
        return self.get_session_history(**{key: values[key] for key in keys})

    def _load(self, value: Any, config: RunnableConfig) -> list[BaseMessage]:
        return self._before(value, _store_in(config).messages)

    async def _aload(self, value: Any, config: RunnableConfig) -> list[BaseMessage]:
        return self._before(value, await _store_in(config).aget_messages())

    def _before(self, value: Any, messages: list[BaseMessage]) -> list[BaseMessage]:
        return list(messages) if self.history_messages_key else [*messages, *self._said(value)]

    # Messages.

    def _said(self, value: Any) -> list[BaseMessage]:
        return self._messages(value, self.input_messages_key, "input", HumanMessage)

    def _answered(self, value: Any) -> list[BaseMessage]:
        return self._messages(value, self.output_messages_key, "output", AIMessage)

    def _messages(
        self, value: Any, key: str | None, usual: str, speaker: type[HumanMessage | AIMessage]
    ) -> list[BaseMessage]:
        if isinstance(value, Mapping):
            given: Mapping[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
            key = key or (next(iter(given)) if len(given) == 1 else usual)
            if key not in given:
                raise CompositionError(
                    f"the {usual} has no key {key!r}, it has {', '.join(map(repr, given))}; "
                    f"say which one holds its messages: {usual}_messages_key=..."
                )
            value = given[key]
        if isinstance(value, str):
            return [speaker(value)]
        if isinstance(value, BaseMessage):
            return [value]
        if isinstance(value, list | tuple):
            return convert_to_messages(value)  # pyright: ignore[reportUnknownArgumentType]
        raise CompositionError(
            f"the {usual} of a chain with a history is text, a message or messages, or a dict with "
            f"one of these; got {shown(value)}"
        )


_KEY = "message_history"


def _store_in(config: RunnableConfig) -> BaseChatMessageHistory:
    store: BaseChatMessageHistory = (config.get("configurable") or {})[_KEY]
    return store


def _with(history: BaseChatMessageHistory) -> RunnableConfig:
    return {"run_name": "RunnableWithMessageHistory", "configurable": {_KEY: history}}
