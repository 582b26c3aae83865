"""`Runnable`: what every step is, the ways to run it, and how authors write one."""

from __future__ import annotations

from abc import ABC
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, cast, final, overload

from typing_extensions import TypeVar

from .._lazy import later
from ..errors import CompositionError, shown
from . import _derived
from ._batch import abatch, batch
from ._execute import aexecute, aopen_stream, aopen_stream_of, execute, open_stream, open_stream_of
from ._place import NOWHERE
from ._run import Run, run_from
from .event_stream import aread_events, read_events
from .events import EventFilter, Kind, checked_version
from .schema import (
    config_schema,
    input_schema,
    input_type,
    json_schema,
    output_schema,
    output_type,
    prompts_in,
)

if TYPE_CHECKING or not later(globals(), "._completed", ".config_fields"):
    from . import _completed, config_fields
if TYPE_CHECKING:
    from pydantic import BaseModel

    from ..tools import BaseTool
    from ._execute import Options
    from ._plan import Plan
    from ._progress import Progress
    from .concurrency import RunnableWithConcurrency
    from .config import RunnableConfig
    from .config_fields import AnyConfigurableField, ConfigurableField, ConfigurableFieldSpec
    from .configurable import RunnableConfigurableAlternatives
    from .dynamic import DynamicRunnable
    from .event_types import StreamEvent
    from .fallbacks import RunnableWithFallbacks
    from .graph import Graph
    from .hedge import RunnableWithHedge
    from .observers import AsyncListener, Listener
    from .parallel import RunnableLike
    from .retry import ExponentialJitterParams
    from .timeout import RunnableWithTimeout

__all__ = ["Input", "Other", "Output", "Runnable"]

# The default is for what a step says nothing of, as in `RunnableParallel(...) | ...`: without one
# mypy wants an annotation there.
Input = TypeVar("Input", contravariant=True, default=Any)
Output = TypeVar("Output", covariant=True, default=Any)
Other = TypeVar("Other")
NewInput = TypeVar("NewInput")
NewOutput = TypeVar("NewOutput")

StreamStyle = Literal["chunkwise", "through", "whole"]
"""How a step streams.

chunkwise: it works while its input comes; its run starts with the first chunk.
through: it takes its whole input, then gives its output in pieces.
whole: it takes its whole input and gives its whole output.
"""


class Runnable(ABC, Generic[Input, Output]):
    """A step of a chain, and a chain: something that makes an output from an input.

    The verbs below are final. An author writes one hook, and a second only where it can do better
    than what is derived:

    - `_plan(value, run)`: a composite, as a generator of calls (see `_plan.py`);
    - `_invoke(value, run)` or `_ainvoke(value, run)`: takes the input, returns the output;
    - `_transform(chunks, run)` or `_atransform(chunks, run)`: works while the input comes.

    A hook takes call options (`model.invoke(x, stop=[…])`) as keyword arguments if it has any.

    Raises:
        TypeError: When a class is made that overrides a verb, or has no hook.
    """

    __slots__ = ()

    name: str | None

    _kind: ClassVar[Kind] = "chain"
    _inline: ClassVar[bool] = False
    """Whether `_invoke` is computation, which async use runs without a worker thread."""
    _calls_out: ClassVar[bool] = True
    """Whether its hooks call code that may call runnables without passing on their run."""
    _has_run: ClassVar[bool] = True
    """Whether a call shows as a run; a binding does not."""
    _shown_as_root: ClassVar[bool] = True
    _shown_as_child: ClassVar[bool] = True
    """Whether chunks show as stream events, as the outermost run and below another one."""
    _in_turn: ClassVar[bool] = False
    """Whether the elements of a batch are run one after the other, whatever the config says."""
    _style: ClassVar[StreamStyle | None] = None
    """How it streams, if that is not what its hooks suggest."""
    _hands_on: ClassVar[bool] = False
    """Whether its types depend on those of the steps beside it; see `_input_before`."""
    _streams_as: ClassVar[StreamStyle] = "whole"
    _has_options: ClassVar[bool] = False
    """Found out from the hooks: how it streams, and whether a call takes options."""

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _derived.complete(cls, abstract=abstract)

    # Hooks. What a class does not write is put in its place by `_derived.complete`.

    if TYPE_CHECKING:
        # (*args: Any, **options: Any) stands for whatever options a step takes, or for none.

        def _plan(self, value: Input, run: Run, /, *args: Any, **options: Any) -> Plan[Output]: ...

        def _invoke(self, value: Input, run: Run, /, *args: Any, **options: Any) -> Output: ...

        async def _ainvoke(
            self, value: Input, run: Run, /, *args: Any, **options: Any
        ) -> Output: ...

        def _transform(
            self, chunks: Iterator[Input], run: Run, /, *args: Any, **options: Any
        ) -> Iterator[Output]: ...

        def _atransform(
            self, chunks: AsyncIterator[Input], run: Run, /, *args: Any, **options: Any
        ) -> AsyncIterator[Output]: ...

    def _stream_style(self, options: Options, *, asynchronous: bool) -> StreamStyle:
        """How this call streams."""
        return self._streams_as

    def _collects(self) -> bool:
        """Whether its async stream is one call for the whole input, by the two hooks below.

        It is what `_atransform` gives too, but costs less while somebody watches.
        """
        return False

    def _acalled(self, value: Input, run: Run, options: Options) -> Awaitable[Any]:
        """Give its one chunk, or a step whose stream is its own."""
        raise NotImplementedError

    def _acontinued(
        self, result: Any, value: Input, run: Run
    ) -> AsyncGenerator[Output, None] | None:
        """Give the stream of the step that `_acalled` gave; None for a chunk."""
        raise NotImplementedError

    def _shown_input(self, value: Input) -> Any:
        """What the events show of the input."""
        return value

    def _labels(self) -> tuple[Sequence[str], Mapping[str, Any]]:
        """Give the tags and metadata of its own runs, which what it calls does not inherit."""
        return (), {}

    def _live(self, value: Input, run: Run, options: Options) -> Generator[Any, None, None] | None:
        """The chunks of a watched call of `invoke`, if this step shows them."""
        return None

    def _alive(self, value: Input, run: Run, options: Options) -> AsyncGenerator[Any, None] | None:
        """The chunks of a watched call of `ainvoke`, if this step shows them."""
        return None

    def _whole(self, total: Any) -> Output:
        """What `invoke` returns for the sum of the chunks of `_live`."""
        return cast(Output, total)

    def _steps_inside(self) -> Iterable[Runnable[Any, Any]]:
        """The steps that it may call."""
        return ()

    def _stands_for(self, config: RunnableConfig | None = None) -> Runnable[Any, Any] | None:
        """The step whose input and output are also its own, if there is one."""
        return None

    def _input_before(
        self, schema: type[BaseModel], config: RunnableConfig | None
    ) -> type[BaseModel]:
        """The class of its input in front of a step that takes `schema`."""
        return self.get_input_schema(config)

    def _output_after(
        self, schema: type[BaseModel], config: RunnableConfig | None
    ) -> type[BaseModel]:
        """The class of its output behind a step that gives `schema`."""
        return self.get_output_schema(config)

    # Once.

    @final
    def invoke(self, input: Input, config: RunnableConfig | None = None, **options: Any) -> Output:
        """Run once and give the output.

        Args:
            input: What the step takes.
            config: See `RunnableConfig`.
            options: Options of this call, for a step that takes some; of a sequence, its first
            step.
        """
        return execute(self, input, run_from(config), NOWHERE, options)

    @final
    async def ainvoke(
        self, input: Input, config: RunnableConfig | None = None, **options: Any
    ) -> Output:
        """Run once and give the output; see `invoke`."""
        return await aexecute(self, input, run_from(config), NOWHERE, options)

    # In pieces.

    @final
    def stream(
        self, input: Input, config: RunnableConfig | None = None, **options: Any
    ) -> Generator[Output, None, None]:
        """Run once and give the output in pieces, as they come.

        Closing the generator stops everything behind it before `close` returns.
        """
        return open_stream_of(self, input, run_from(config), NOWHERE, options)

    @final
    def astream(
        self, input: Input, config: RunnableConfig | None = None, **options: Any
    ) -> AsyncGenerator[Output, None]:
        """Run once and give the output in pieces, as they come; see `stream`."""
        return aopen_stream_of(self, input, run_from(config), NOWHERE, options)

    @final
    def transform(
        self, input: Iterable[Input], config: RunnableConfig | None = None, **options: Any
    ) -> Generator[Output, None, None]:
        """Run on an input that comes in pieces, and give the output in pieces."""
        if not isinstance(input, Iterable):
            raise CompositionError(f"transform takes an iterable of chunks; got {shown(input)}")
        return open_stream(self, iter(input), run_from(config), NOWHERE, options)

    @final
    def atransform(
        self, input: AsyncIterator[Input], config: RunnableConfig | None = None, **options: Any
    ) -> AsyncGenerator[Output, None]:
        """Run on an input that comes in pieces, and give the output in pieces."""
        if not isinstance(input, AsyncIterator):
            raise CompositionError(
                f"atransform takes an async iterator of chunks; got {shown(input)}"
            )
        return aopen_stream(self, input, run_from(config), NOWHERE, options)

    # Many.

    @overload
    def batch(
        self,
        inputs: Iterable[Input],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: Literal[False] = False,
        progress: Progress = False,
        **options: Any,
    ) -> list[Output]: ...
    @overload
    def batch(
        self,
        inputs: Iterable[Input],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: bool,
        progress: Progress = False,
        **options: Any,
    ) -> list[Output | Exception]: ...
    @final
    def batch(
        self,
        inputs: Iterable[Input],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        progress: Progress = False,
        **options: Any,
    ) -> Any:
        """Run once per input, in threads, and give the results in the order of the inputs.

        Args:
            inputs: The inputs; an iterator is read as the work goes on.
            config: One for all, or one for each. Its `max_concurrency` limits how many run at once.
            return_exceptions: Give exceptions in the place of results; else the first is raised.
            progress: True shows a bar (extra `progress`); a function is called with how many are
            done and how many there are, or None.
            options: See `invoke`.
        """
        return batch(self, inputs, config, return_exceptions, progress, options)

    @overload
    async def abatch(
        self,
        inputs: Iterable[Input],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: Literal[False] = False,
        progress: Progress = False,
        **options: Any,
    ) -> list[Output]: ...
    @overload
    async def abatch(
        self,
        inputs: Iterable[Input],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: bool,
        progress: Progress = False,
        **options: Any,
    ) -> list[Output | Exception]: ...
    @final
    async def abatch(
        self,
        inputs: Iterable[Input],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        progress: Progress = False,
        **options: Any,
    ) -> Any:
        """Run once per input, in tasks, and give the results in their order; see `batch`."""
        return await abatch(self, inputs, config, return_exceptions, progress, options)

    @overload
    def batch_as_completed(
        self,
        inputs: Iterable[Input],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: Literal[False] = False,
        **options: Any,
    ) -> Generator[tuple[int, Output], None, None]: ...
    @overload
    def batch_as_completed(
        self,
        inputs: Iterable[Input],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: bool,
        **options: Any,
    ) -> Generator[tuple[int, Output | Exception], None, None]: ...
    @final
    def batch_as_completed(
        self,
        inputs: Iterable[Input],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **options: Any,
    ) -> Any:
        """Run once per input, in threads, and give (number of the input, result) as they are done.

        A reader that is slow holds the work up. Closing the generator starts nothing more and waits
        for what runs; see `batch`.
        """
        return _completed.batch_as_completed(self, inputs, config, return_exceptions, options)

    @overload
    def abatch_as_completed(
        self,
        inputs: Iterable[Input],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: Literal[False] = False,
        **options: Any,
    ) -> AsyncGenerator[tuple[int, Output], None]: ...
    @overload
    def abatch_as_completed(
        self,
        inputs: Iterable[Input],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: bool,
        **options: Any,
    ) -> AsyncGenerator[tuple[int, Output | Exception], None]: ...
    @final
    def abatch_as_completed(
        self,
        inputs: Iterable[Input],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **options: Any,
    ) -> Any:
        """Run once per input, in tasks, and give (number of the input, result) as they are done.

        Closing the generator cancels what runs; see `batch_as_completed`.
        """
        return _completed.abatch_as_completed(self, inputs, config, return_exceptions, options)

    # Every step of it.

    @final
    def astream_events(
        self,
        input: Input,
        config: RunnableConfig | None = None,
        *,
        version: Literal["v1", "v2"] = "v2",
        include_names: Sequence[str] | None = None,
        include_types: Sequence[str] | None = None,
        include_tags: Sequence[str] | None = None,
        exclude_names: Sequence[str] | None = None,
        exclude_types: Sequence[str] | None = None,
        exclude_tags: Sequence[str] | None = None,
        **options: Any,
    ) -> AsyncGenerator[StreamEvent, None]:
        """Run once and give an event for all that happens in it, as it happens.

        A run is shown if one of the `include_` lists has its name, kind or a tag (or there is no
        such list) and none of the `exclude_` lists has. Leaving the loop or closing the generator
        stops the run. If the run fails, its exception is raised after its last event.

        Args:
            input: What the step takes.
            config: See `RunnableConfig`.
            version: "v2", or "v1", which has no parent ids.
            include_names: Names of runs to show.
            include_types: Kinds of runs to show, such as "chat_model".
            include_tags: Tags of runs to show.
            exclude_names: Names of runs to hide.
            exclude_types: Kinds of runs to hide.
            exclude_tags: Tags of runs to hide.
            options: See `invoke`.

        Raises:
            ConfigError: The version or a key of the config does not exist.
        """
        wanted = EventFilter(
            include_names=include_names,
            include_types=include_types,
            include_tags=include_tags,
            exclude_names=exclude_names,
            exclude_types=exclude_types,
            exclude_tags=exclude_tags,
        )
        return aread_events(self, input, config, checked_version(version), wanted, options)

    @final
    def stream_events(
        self,
        input: Input,
        config: RunnableConfig | None = None,
        *,
        version: Literal["v1", "v2"] = "v2",
        include_names: Sequence[str] | None = None,
        include_types: Sequence[str] | None = None,
        include_tags: Sequence[str] | None = None,
        exclude_names: Sequence[str] | None = None,
        exclude_types: Sequence[str] | None = None,
        exclude_tags: Sequence[str] | None = None,
        **options: Any,
    ) -> Generator[StreamEvent, None, None]:
        """Run once and give an event for all that happens in it, for code that is not async.

        The steps run in a thread of their own, so that an event is given when it happens, also in
        the middle of a step. Closing the generator stops them at their next event, and waits for
        that. For the rest see `astream_events`.
        """
        wanted = EventFilter(
            include_names=include_names,
            include_types=include_types,
            include_tags=include_tags,
            exclude_names=exclude_names,
            exclude_types=exclude_types,
            exclude_tags=exclude_tags,
        )
        return read_events(self, input, config, checked_version(version), wanted, options)

    # What it takes and gives, made when it is asked for.

    @property
    def InputType(self) -> Any:
        """The type that it takes; Any if nobody said."""
        return input_type(self)

    @property
    def OutputType(self) -> Any:
        """The type that it gives; Any if nobody said."""
        return output_type(self)

    @property
    def input_schema(self) -> type[BaseModel]:
        """A pydantic class of what it takes."""
        return self.get_input_schema()

    @property
    def output_schema(self) -> type[BaseModel]:
        """A pydantic class of what it gives."""
        return self.get_output_schema()

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        """Give a pydantic class of what it takes when it is called with `config`."""
        return input_schema(self, config)

    def get_output_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        """Give a pydantic class of what it gives when it is called with `config`."""
        return output_schema(self, config)

    def get_input_jsonschema(self, config: RunnableConfig | None = None) -> dict[str, Any]:
        """Give the JSON schema of what it takes."""
        return json_schema(self.get_input_schema(config))

    def get_output_jsonschema(self, config: RunnableConfig | None = None) -> dict[str, Any]:
        """Give the JSON schema of what it gives."""
        return json_schema(self.get_output_schema(config))

    def config_schema(self, *, include: Sequence[str] | None = None) -> type[BaseModel]:
        """Give a pydantic class of what can be configured, and of the config keys in `include`."""
        return config_schema(self, include)

    def get_config_jsonschema(self, *, include: Sequence[str] | None = None) -> dict[str, Any]:
        """Give the JSON schema of `config_schema`."""
        return json_schema(self.config_schema(include=include))

    def get_prompts(self, config: RunnableConfig | None = None) -> list[Runnable[Any, Any]]:
        """Give the prompts in it, in their order."""
        return prompts_in(self)

    def get_graph(self, config: RunnableConfig | None = None) -> Graph:
        """Give the chain as a graph, which draws itself: `draw_mermaid`, `draw_ascii`."""
        from .graph_of import graph_of

        return graph_of(self, config)

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        """What a notebook shows: a picture."""
        from .notebook import shown_in_notebook

        return shown_in_notebook(self)

    # Composition. Each of these is one import and one call: what they make knows this file.

    def get_name(self, suffix: str | None = None, *, name: str | None = None) -> str:
        """Give the name of its runs: its own, else that of its class."""
        own = name or self.name or type(self).__name__
        if not suffix:
            return own
        return own + suffix.title() if own[0].isupper() else f"{own}_{suffix.lower()}"

    @overload
    def __or__(self, other: Runnable[Output, Other]) -> Runnable[Input, Other]: ...
    @overload
    def __or__(
        self, other: Callable[[Iterator[Output]], Iterator[Other]]
    ) -> Runnable[Input, Other]: ...
    @overload
    def __or__(
        self, other: Callable[[AsyncIterator[Output]], AsyncIterator[Other]]
    ) -> Runnable[Input, Other]: ...
    @overload
    def __or__(self, other: Callable[[Output], Awaitable[Other]]) -> Runnable[Input, Other]: ...
    @overload
    def __or__(self, other: Callable[[Output], Other]) -> Runnable[Input, Other]: ...
    @overload
    def __or__(self, other: Mapping[str, Any]) -> Runnable[Input, dict[str, Any]]: ...
    def __or__(self, other: Any) -> Runnable[Input, Any]:
        from .sequence import RunnableSequence

        return RunnableSequence(self, other)

    def __ror__(self, other: Callable[..., Any] | Mapping[str, Any]) -> Runnable[Any, Output]:
        from .sequence import RunnableSequence

        return RunnableSequence(other, self)

    def pipe(self, *others: RunnableLike, name: str | None = None) -> Runnable[Input, Any]:
        """Put steps behind this one: `a.pipe(b, c)` is `a | b | c`."""
        from .sequence import RunnableSequence

        return RunnableSequence(self, *others, name=name)

    def bind(self, **kwargs: Any) -> Runnable[Input, Output]:
        """Give this step with options that every call of it gets."""
        from .binding import RunnableBinding

        return RunnableBinding(bound=self, kwargs=kwargs)

    def with_config(
        self, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Runnable[Input, Output]:
        """Give this step with a config that holds for it: `step.with_config(tags=["mine"])`."""
        from .binding import RunnableBinding

        return RunnableBinding(bound=self).with_config(config, **kwargs)

    def configurable_fields(self, **kwargs: AnyConfigurableField) -> DynamicRunnable[Input, Output]:
        """Give this step with fields that a call may set.

        `model.configurable_fields(temperature=ConfigurableField(id="temperature"))` is set by
        `config={"configurable": {"temperature": 0.2}}`.
        """
        from .configurable import configurable_fields

        return configurable_fields(self, kwargs)

    def configurable_alternatives(
        self,
        which: ConfigurableField,
        *,
        default_key: str = "default",
        prefix_keys: bool = False,
        **kwargs: Runnable[Input, Output] | Callable[[], Runnable[Input, Output]],
    ) -> RunnableConfigurableAlternatives[Input, Output]:
        """Give this step with others that a call may put in its place.

        See `RunnableConfigurableAlternatives`.
        """
        from .configurable import RunnableConfigurableAlternatives

        return RunnableConfigurableAlternatives(
            which=which,
            default=self,
            alternatives=kwargs,
            default_key=default_key,
            prefix_keys=prefix_keys,
        )

    @property
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        """The keys that this step and those in it know under "configurable"."""
        return config_fields.unique_specs(
            spec for step in self._steps_inside() for spec in step.config_specs
        )

    @overload
    def with_types(self, *, input_type: type[NewInput]) -> Runnable[NewInput, Output]: ...
    @overload
    def with_types(self, *, output_type: type[NewOutput]) -> Runnable[Input, NewOutput]: ...
    @overload
    def with_types(
        self, *, input_type: type[NewInput], output_type: type[NewOutput]
    ) -> Runnable[NewInput, NewOutput]: ...
    @overload
    def with_types(
        self, *, input_type: Any = None, output_type: Any = None
    ) -> Runnable[Any, Any]: ...
    def with_types(self, *, input_type: Any = None, output_type: Any = None) -> Runnable[Any, Any]:
        """Say what this step takes and gives, where its annotations do not.

        It is for schemas and type checkers; a call does not look at it.
        """
        from .binding import RunnableBinding

        return RunnableBinding(
            bound=self, custom_input_type=input_type, custom_output_type=output_type
        )

    def assign(self, **kwargs: RunnableLike) -> Runnable[Input, dict[str, Any]]:
        """Put a step behind this one that adds keys to its output, a dict."""
        from .passthrough import RunnablePassthrough

        return self.pipe(RunnablePassthrough.assign(**kwargs))

    def pick(self, keys: str | list[str]) -> Runnable[Input, Any]:
        """Put a step behind this one that gives one key of its output, or a dict of some."""
        from .passthrough import RunnablePick

        return self.pipe(RunnablePick(keys))

    def map(self) -> Runnable[Sequence[Input], list[Output]]:
        """Give the step that calls this one with every element of a list."""
        from .each import RunnableEach

        return RunnableEach(bound=self)

    def with_retry(
        self,
        *,
        retry_if_exception_type: tuple[type[BaseException], ...]
        | Callable[[BaseException], bool] = (Exception,),
        wait_exponential_jitter: bool = True,
        exponential_jitter_params: ExponentialJitterParams | None = None,
        stop_after_attempt: int = 3,
        stop: Any = None,
        wait: Any = None,
        retry: Any = None,
    ) -> Runnable[Input, Output]:
        """Give this step so that it is tried again when it fails; see `RunnableRetry`."""
        from .retry import RunnableRetry

        return RunnableRetry(
            bound=self,
            retry_exception_types=retry_if_exception_type,
            wait_exponential_jitter=wait_exponential_jitter,
            exponential_jitter_params=exponential_jitter_params,
            max_attempt_number=stop_after_attempt,
            stop=stop,
            wait=wait,
            retry=retry,
        )

    def as_tool(
        self,
        args_schema: type[BaseModel] | None = None,
        *,
        name: str | None = None,
        description: str | None = None,
        arg_types: dict[str, type] | None = None,
    ) -> BaseTool:
        """Give this step as a tool that a model may call; see `convert_runnable_to_tool`."""
        from ..tools import convert_runnable_to_tool

        return convert_runnable_to_tool(
            self, args_schema, name=name, description=description, arg_types=arg_types
        )

    def with_listeners(
        self,
        *,
        on_start: Listener | None = None,
        on_end: Listener | None = None,
        on_error: Listener | None = None,
    ) -> Runnable[Input, Output]:
        """Give this step with functions that are called when a run of it starts and ends.

        Each is given a `ListenedRun`, and if it takes a second argument the tags and metadata as a
        config. Listeners see the runs of this step, not those of the steps that it calls.
        """
        from .binding import listened_to

        return listened_to(self, on_start=on_start, on_end=on_end, on_error=on_error)

    def with_alisteners(
        self,
        *,
        on_start: AsyncListener | None = None,
        on_end: AsyncListener | None = None,
        on_error: AsyncListener | None = None,
    ) -> Runnable[Input, Output]:
        """Give this step with async functions that are awaited beside a run of it.

        They are called in order; a call of the step ends when they have. For async use; see
        `with_listeners`.
        """
        from .binding import alistened_to

        return alistened_to(self, on_start=on_start, on_end=on_end, on_error=on_error)

    def with_timeout(
        self,
        seconds: float | None = None,
        *,
        first_chunk: float | None = None,
        between_chunks: float | None = None,
    ) -> RunnableWithTimeout[Input, Output]:
        """Give this step so that it raises when it takes too long; see `RunnableWithTimeout`."""
        from .timeout import RunnableWithTimeout

        return RunnableWithTimeout(
            bound=self, seconds=seconds, first_chunk=first_chunk, between_chunks=between_chunks
        )

    def with_hedge(self, *, after: float) -> RunnableWithHedge[Input, Output]:
        """Give this step so that a slow call gets a second one; see `RunnableWithHedge`."""
        from .hedge import RunnableWithHedge

        return RunnableWithHedge(bound=self, after=after)

    def with_concurrency(self, limit: int) -> RunnableWithConcurrency[Input, Output]:
        """Give this step so that it runs a few times at once; see `RunnableWithConcurrency`."""
        from .concurrency import RunnableWithConcurrency

        return RunnableWithConcurrency(bound=self, limit=limit)

    def with_fallbacks(
        self,
        fallbacks: Sequence[Runnable[Input, Output]],
        *,
        exceptions_to_handle: tuple[type[BaseException], ...] = (Exception,),
        exception_key: str | None = None,
    ) -> RunnableWithFallbacks[Input, Output]:
        """Give this step with others to try when it fails; see `RunnableWithFallbacks`."""
        from .fallbacks import RunnableWithFallbacks

        return RunnableWithFallbacks(
            runnable=self,
            fallbacks=fallbacks,
            exceptions_to_handle=exceptions_to_handle,
            exception_key=exception_key,
        )
