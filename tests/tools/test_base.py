"""A tool as a step: what it takes and gives, injected arguments, errors, and pieces."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import anyio
import pytest
from pydantic import BaseModel, Field, ValidationError

from levada.errors import CompositionError, ConfigError, SchemaAnnotationError, ToolException
from levada.messages import ToolMessage, ToolMessageChunk
from levada.runnables import Run, RunnableConfig, RunnableLambda
from levada.tools import (
    BaseTool,
    BaseToolkit,
    InjectedToolArg,
    InjectedToolCallId,
    StructuredTool,
    Tool,
    render_text_description,
    render_text_description_and_args,
    tool,
)


@tool
def add(a: int, b: int = 2) -> int:
    """Add two numbers."""
    return a + b


@tool
async def add_later(a: int, b: int = 2) -> int:
    """Add two numbers."""
    await anyio.lowlevel.checkpoint()
    return a + b


def test_plain_arguments_give_the_value_and_a_tool_call_the_message(run, asks):
    assert run.invoke(add, {"a": "1"}) == 3
    assert run.invoke(add, asks("add", a=1, b=5)) == ToolMessage("6", tool_call_id="c1", name="add")


def test_an_async_function_is_for_async_use_alone(run):
    if run.sync:
        with pytest.raises(CompositionError, match="'add_later' is asynchronous only"):
            run.invoke(add_later, {"a": 1})
    else:
        assert run.invoke(add_later, {"a": 1}) == 3


def test_a_tool_call_with_an_empty_id_gives_a_message_too(run, asks):
    for id in ("", None):
        assert run.invoke(add, asks("add", id, a=1)).tool_call_id == ""


def test_a_tool_may_have_a_function_for_either_colour(run):
    async def twice(a: int) -> str:
        return f"async {a}"

    both = StructuredTool.from_function(lambda a: f"sync {a}", twice, "both", "Both.")
    assert run.invoke(both, {"a": 1}) == ("sync 1" if run.sync else "async 1")


def test_a_tool_is_a_step_of_a_chain(run):
    chain = RunnableLambda(lambda text: {"a": len(text)}) | add | str
    assert run.invoke(chain, "four") == "6"
    assert run.heads(chain, "four")[1:6] == [
        ("on_chain_start", "RunnableLambda"),
        ("on_chain_stream", "RunnableLambda"),
        ("on_chain_end", "RunnableLambda"),
        ("on_tool_start", "add"),
        ("on_tool_end", "add"),
    ]


def test_the_input_is_not_changed(run, asks):
    call = asks("add", a="1")
    run.invoke(add, call)
    assert call == asks("add", a="1")


def test_a_text_is_the_first_argument(run):
    @tool
    def shout(what: str) -> str:
        """Shout."""
        return what.upper()

    @tool
    def now() -> str:
        """Tell the time."""
        return "noon"

    assert run.invoke(shout, "hi") == "HI"
    assert run.invoke(now, "") == run.invoke(now, {}) == "noon"


def test_anything_else_is_refused(run):
    with pytest.raises(CompositionError, match="'add' takes its arguments as a dict"):
        run.invoke(add, 3)


# --- arguments ---


class Point(BaseModel):
    x: int
    y: int = 0


def test_arguments_are_what_the_annotations_say(run):
    @tool
    def norm(at: Point, many: list[Point], *, scale: float = 1.0) -> float:
        """Add up."""
        return (at.x + sum(p.x for p in many)) * scale

    assert run.invoke(norm, {"at": {"x": 1}, "many": [{"x": 2}], "scale": "2"}) == 6


def test_every_kind_of_parameter_is_passed_as_it_must_be(run):
    @tool
    def f(a: int, /, b: int = 1, *args: int, c: int = 2, **kwargs: int) -> Any:
        """Do."""
        return a, b, args, c, kwargs

    assert run.invoke(f, {"a": 0}) == (0, 1, (), 2, {})
    assert run.invoke(f, {"a": 0, "args": [5, 6], "kwargs": {"z": 1}}) == (
        0,
        1,
        (5, 6),
        2,
        {"z": 1},
    )
    assert run.invoke(f, {"a": 0, "b": 3, "c": 4}) == (0, 3, (), 4, {})


def test_names_that_pydantic_has_itself_are_passed_on(run):
    @tool
    def f(copy: int, model_config: str, _x: int = Field(default=7)) -> Any:
        """Do."""
        return copy, model_config, _x

    assert run.invoke(f, {"copy": 1, "model_config": "m"}) == (1, "m", 7)


def test_a_class_says_the_arguments(run):
    class Args(BaseModel):
        """What to look for."""

        word: str = Field(alias="query")
        limit: int = 10

    @tool(args_schema=Args)
    def look(word: str, limit: int) -> str:
        return f"{word} {limit}"

    assert look.description == "What to look for."
    assert run.invoke(look, {"query": "x"}) == "x 10"
    assert list(look.args) == ["query", "limit"]


def test_a_json_schema_says_the_arguments(run):
    schema = {
        "description": "Look.",
        "properties": {"word": {"title": "Word", "type": "string"}},
        "required": ["word"],
    }

    @tool(args_schema=schema)
    def look(**given: Any) -> Any:
        return given

    assert look.args == {"word": {"type": "string"}}
    assert look.tool_call_schema == schema
    assert run.invoke(look, {"word": "x", "more": 1}) == {"word": "x", "more": 1}
    with pytest.raises(ValidationError, match="1 validation error for look"):
        run.invoke(look, {})


class Pair(BaseModel):
    a: int
    b: int = Field(default=2, alias="second")


@pytest.mark.parametrize("schema", [Pair, {"properties": {"a": {}, "second": {}}}])
def test_an_argument_that_the_function_does_not_take_is_refused_at_once(schema: Any) -> None:
    def first(a: int) -> int:
        return a

    async def first_later(a: int) -> int:
        return a

    for given in ({"func": first}, {"coroutine": first_later}):
        with pytest.raises(CompositionError, match="has 'second', which 'first"):
            StructuredTool.from_function(**given, description="First.", args_schema=schema)

    class First(BaseTool):
        name: str = "first"
        description: str = "First."
        args_schema: Any = schema

        def _run(self, a: int) -> int:
            return a

    with pytest.raises(CompositionError, match="Give '_run' a parameter of this name"):
        First()


def test_a_function_takes_arguments_by_name_by_alias_and_by_whatever_name(run):
    def by_name(a: int, b: int) -> Any:
        return a, b

    def by_alias(a: int, second: int) -> Any:
        return a, second

    def by_any(**given: int) -> Any:
        return tuple(given.values())

    for function in (by_name, by_alias, by_any):
        made = StructuredTool.from_function(function, description="Both.", args_schema=Pair)
        assert run.invoke(made, {"a": 1, "second": 3}) == (1, 3)


def test_what_a_function_cannot_say_of_its_arguments_the_schema_says(run):
    def unread(a: Nowhere, config: RunnableConfig) -> Any:  # type: ignore[name-defined]  # noqa: F821
        return a, type(config)

    class One(BaseModel):
        a: int

    made = StructuredTool.from_function(unread, description="One.", args_schema=One)
    assert run.invoke(made, {"a": "1"}) == (1, dict)
    # A function of C may have no signature that Python can see.
    silent = StructuredTool.from_function(dict, name="silent", description="One.", args_schema=One)
    assert run.invoke(silent, {"a": "1"}) == {"a": 1}


def test_invalid_arguments_are_an_error_about_the_tool(run):
    with pytest.raises(ValidationError, match="1 validation error for add\na\n"):
        run.invoke(add, {"b": 1})


# --- injected arguments ---


def test_the_id_of_the_call_is_injected_over_what_the_model_says(run, asks):
    @tool
    def note(text: str, call: Annotated[str, InjectedToolCallId]) -> str:
        """Note."""
        return f"{text} {call}"

    assert list(note.args) == ["text"]
    assert run.invoke(note, asks("note", "c7", text="x", call="wrong")).content == "x c7"
    with pytest.raises(ConfigError, match="must be invoked with a whole tool call"):
        run.invoke(note, {"text": "x"})


def test_what_the_caller_injects_is_hidden_from_the_model(run, asks):
    @tool
    def mine(what: str, user: Annotated[object, InjectedToolArg]) -> str:
        """Look."""
        return f"{what} of {user}"

    assert list(mine.args) == ["what"]
    assert run.invoke(mine, asks("mine", what="x", user="me")).content == "x of me"
    with pytest.raises(ValidationError, match="user"):
        run.invoke(mine, {"what": "x"})


def test_the_config_and_the_run_are_injected_by_annotation(run):
    @tool
    def f(a: int, mine: RunnableConfig, run: Run, again: RunnableConfig | None = None) -> Any:
        """Do."""
        assert again is not None
        assert isinstance(run, Run)
        return mine["tags"], again["tags"]

    assert list(f.args) == ["a"]
    assert run.invoke(f, {"a": 1}, {"tags": ["t"]}) == (["t"], ["t"])


# --- results ---


@dataclasses.dataclass
class Held:
    at: datetime.date


@pytest.mark.parametrize(
    ("result", "content"),
    [
        ("text", "text"),
        (42, "42"),
        (None, "null"),
        ({"ä": [1.5, True]}, '{"ä": [1.5, true]}'),
        ([{"type": "text", "text": "x"}], [{"type": "text", "text": "x"}]),
        ([{"type": "strange"}], '[{"type": "strange"}]'),
        ([1, 2], "[1, 2]"),
        ((1, 2), "[1, 2]"),
        (Point(x=1), '{"x": 1, "y": 0}'),
        (Held(datetime.date(2026, 1, 2)), '{"at": "2026-01-02"}'),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        ({1j}, '["1j"]'),
    ],
)
def test_a_result_is_written_for_the_model(result, content, asks):
    given = StructuredTool.from_function(lambda: result, name="f", description="F.")
    assert given.invoke({}) == result
    assert given.invoke(asks("f")).content == content


def test_a_result_that_holds_itself_is_written_as_python_does(asks):
    circle: list[Any] = []
    circle.append(circle)
    given = StructuredTool.from_function(lambda: circle, name="f", description="F.")
    assert given.invoke(asks("f")).content == "[[...]]"


def test_a_message_is_given_as_it_is(run, asks):
    message = ToolMessage("mine", tool_call_id="other")
    given = StructuredTool.from_function(lambda: message, name="f", description="F.")
    assert run.invoke(given, asks("f")) == message


def test_the_artifact_is_for_the_program_alone(run, asks):
    @tool(response_format="content_and_artifact")
    def find(n: int) -> tuple[str, list[int]]:
        """Find."""
        return f"{n} things", list(range(n))

    assert run.invoke(find, {"n": 2}) == "2 things"
    answer = run.invoke(find, asks("find", n=2))
    assert (answer.content, answer.artifact) == ("2 things", [0, 1])


def test_a_result_that_should_have_an_artifact_and_has_none_is_refused(run):
    @tool(response_format="content_and_artifact")
    def find() -> str:
        """Find."""
        return "nothing"

    with pytest.raises(ConfigError, match=r"must return a tuple of both.*returned 'nothing'"):
        run.invoke(find, {})


# --- errors ---


def failing(**options: Any) -> BaseTool:
    def fail(a: int) -> None:
        raise ToolException("no such city")

    return StructuredTool.from_function(fail, description="Fail.", **options)


@pytest.mark.parametrize(
    ("handling", "content"),
    [(True, "no such city"), ("Sorry.", "Sorry."), (lambda exc: f"<{exc}>", "<no such city>")],
)
def test_a_tool_exception_becomes_what_the_model_gets(run, asks, handling, content):
    fail = failing(handle_tool_error=handling)
    assert run.invoke(fail, {"a": 1}) == content
    answer = run.invoke(fail, asks("fail", a=1))
    assert (answer.content, answer.status) == (content, "error")


@pytest.mark.parametrize(
    ("handling", "content"),
    [(True, "Tool input validation error"), ("Sorry.", "Sorry."), (lambda exc: exc.title, "fail")],
)
def test_invalid_arguments_become_what_the_model_gets(run, asks, handling, content):
    fail = failing(handle_validation_error=handling)
    assert run.invoke(fail, {"a": "x"}) == content
    answer = run.invoke(fail, asks("fail", a="x"))
    assert (answer.content, answer.status) == (content, "error")


def test_an_exception_that_nobody_handles_is_raised_and_the_event_has_the_id(run, asks):
    fail = failing()
    events = run.events(fail, asks("fail", "c9", a=1), raises=ToolException)
    assert [event["event"] for event in events] == ["on_tool_start", "on_tool_error"]
    assert events[1]["data"]["tool_call_id"] == "c9"
    assert isinstance(events[1]["data"]["error"], ToolException)


def test_other_exceptions_are_not_handled(run):
    def fail() -> None:
        Point(x="wrong")  # type: ignore[arg-type]

    broken = StructuredTool.from_function(
        fail, description="Fail.", handle_validation_error=True, handle_tool_error=True
    )
    with pytest.raises(ValidationError, match="validation error for Point"):
        run.invoke(broken, {})


class Stop(BaseException):
    """Not an Exception."""


def test_a_base_exception_ends_the_run_and_is_raised(run, asks):
    def stop() -> None:
        raise Stop

    stopping = StructuredTool.from_function(stop, description="Stop.", handle_tool_error=True)
    events = run.events(stopping, asks("stop"), raises=Stop)
    assert [event["event"] for event in events] == ["on_tool_start", "on_tool_error"]


# --- pieces ---


@tool
def count(n: int) -> Iterator[str]:
    """Count."""
    for i in range(n):
        yield f"{i} "


@tool
async def count_later(n: int) -> AsyncIterator[str]:
    """Count."""
    for i in range(n):
        await anyio.lowlevel.checkpoint()
        yield f"{i} "


def counters(run) -> list[BaseTool]:
    return [count] if run.sync else [count, count_later]


def test_a_generator_gives_the_sum_of_its_pieces(run, asks):
    for counter in counters(run):
        assert run.invoke(counter, {"n": 3}) == "0 1 2 "
        assert run.invoke(counter, asks("count", n=3)).content == "0 1 2 "


def test_a_generator_streams_its_pieces(run, asks):
    for counter in counters(run):
        assert run.stream(counter, {"n": 2}) == ["0 ", "1 "]
        pieces = run.stream(counter, asks("count", n=2))
        assert [piece.content for piece in pieces] == ["0 ", "1 "]
        assert all(isinstance(piece, ToolMessageChunk) for piece in pieces)


def test_pieces_show_as_events_also_where_a_function_invokes_the_tool(run, asks):
    for counter in counters(run):

        def outer(call: Any, counter: BaseTool = counter) -> Any:
            return counter.invoke(call)

        async def aouter(call: Any, counter: BaseTool = counter) -> Any:
            return await counter.ainvoke(call)

        step = RunnableLambda(outer, aouter)
        events = run.events(step, asks("count", n=2))
        tools = [event for event in events if event["name"] == counter.name]
        assert [event["event"] for event in tools] == [
            "on_tool_start",
            "on_tool_stream",
            "on_tool_stream",
            "on_tool_end",
        ]
        assert tools[-1]["data"]["output"] == ToolMessage(
            "0 1 ", tool_call_id="c1", name=counter.name
        )


def test_the_sum_of_pieces_that_are_no_text_is_what_the_model_gets(run, asks):
    @tool
    def numbers() -> Iterator[int]:
        """Count."""
        yield 1
        yield 2

    assert run.invoke(numbers, {}) == 3
    assert run.invoke(numbers, asks("numbers")).content == "3"
    assert run.events(numbers, asks("numbers"))[-1]["data"]["output"].content == "3"


def test_a_generator_that_fails_midway_is_handled(run, asks):
    def fail() -> Iterator[str]:
        yield "so far "
        raise ToolException("no further")

    broken = StructuredTool.from_function(fail, description="Fail.", handle_tool_error=True)
    for _ in range(2):
        answer = run.invoke(broken, asks("fail"))
        assert (answer.content, answer.status) == ("no further", "error")
    assert run.events(broken, asks("fail"))[-1]["data"]["output"] == answer


def test_closing_the_stream_closes_the_generator(run):
    closed = []

    @tool
    def forever() -> Iterator[int]:
        """Count."""
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    assert run.stream(forever, {}, take=2) == [1, 1]
    assert closed == [True]


# --- classes ---


class Greet(BaseTool):
    name: str = "greet"
    description: str = "Greets."

    def _run(self, who: str, run_manager: Any = None) -> str:
        return f"Hello {who}"


def test_a_class_of_ones_own_takes_the_parameters_of_run(run):
    assert list(Greet().args) == ["who"]
    assert run.invoke(Greet(), {"who": "you"}) == "Hello you"
    assert run.heads(Greet(), {"who": "you"})[0] == ("on_tool_start", "greet")


def test_a_class_may_do_better_in_async_use(run):
    class Both(Greet):
        async def _arun(self, who: str) -> str:
            return f"Hello soon {who}"

    assert run.invoke(Both(), "you") == ("Hello you" if run.sync else "Hello soon you")


def test_a_class_without_a_hook_or_with_a_wrong_schema_is_refused():
    with pytest.raises(TypeError, match="NoHook has no hook; write _run"):

        class NoHook(BaseTool):
            name: str = "x"
            description: str = "X."

    with pytest.raises(SchemaAnnotationError, match=r"write args_schema: type\[BaseModel\]"):

        class Wrong(Greet):
            args_schema: BaseModel = Point  # type: ignore[assignment]


def test_a_copy_with_another_function_takes_its_arguments(run):
    other = add.model_copy(update={"func": lambda c: c, "args_schema": None})
    assert run.invoke(other, {"c": "x"}) == "x"
    assert run.invoke(add, {"a": 1}) == 3


def test_tags_and_metadata_of_a_tool_show_in_its_runs(run):
    labelled = add.model_copy(update={"tags": ["mine"], "metadata": {"team": 1}})
    [start, end] = run.events(labelled, {"a": 1}, {"tags": ["call"]})
    assert start["tags"] == ["call", "mine"]
    assert end["metadata"] == {"team": 1}


def test_the_older_verbs_run_it(asks):
    assert add.run({"a": 1}) == 3
    assert add.run({"a": 1}, tool_call_id="c3").tool_call_id == "c3"
    seen: list[Any] = []

    class Seen:
        def on_tool_start(self, event: Any) -> None:
            seen.append((event["name"], event["tags"]))

    add.run({"a": 1}, callbacks=[Seen()], tags=["t"], run_name="sum")
    assert seen == [("sum", ["t"])]


@pytest.mark.anyio
async def test_the_older_verbs_run_it_async():
    assert await add_later.arun({"a": 1}) == 3
    assert (await add_later.arun({"a": 1}, tool_call_id="c3")).content == "3"


def test_a_toolkit_has_tools():
    class Kit(BaseToolkit):
        def get_tools(self) -> list[BaseTool]:
            return [add]

    assert Kit().get_tools() == [add]


# --- how tools are made ---


def test_a_tool_takes_one_text_whatever_it_is_called(run, asks):
    shout = Tool("shout", str.upper, "Shouts.")
    assert run.invoke(shout, "hi") == run.invoke(shout, {"tool_input": "hi"}) == "HI"
    assert run.invoke(shout, asks("shout", __arg1="hi")).content == "HI"
    with pytest.raises(ToolException, match="takes one argument; got 2"):
        run.invoke(shout, {"a": "x", "b": "y"})
    assert Tool.from_function(len, "length", "Counts.").invoke("four") == 4


def test_a_decorator_takes_a_name_and_options(run):
    @tool("sum", return_direct=True, description="Sums.", extras={"cache_control": {}})
    def f(a: int) -> int:
        return a

    assert (f.name, f.description, f.return_direct) == ("sum", "Sums.", True)
    assert run.invoke(f, {"a": 1}) == 1


def test_a_tool_without_a_schema_takes_one_text(run):
    @tool(infer_schema=False)
    def say(text: str) -> str:
        """Says."""
        return text + "!"

    assert isinstance(say, Tool)
    assert run.invoke(say, "hi") == "hi!"


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: tool(lambda a: a), "a lambda has no name"),
        (lambda: tool("f")(lambda a: a), "'f' has no description"),
        (lambda: StructuredTool.from_function(), "made of a function"),
        (lambda: StructuredTool(name="f", description="F."), "'f' has no function"),
        (lambda: Tool("f", None, "F."), "'f' has no function"),
        (lambda: Tool("f", str, "F.", args_schema=Point), "takes one argument"),
    ],
)
def test_a_tool_that_lacks_something_is_refused(make, problem):
    with pytest.raises((ConfigError, CompositionError), match=problem):
        make()


def test_a_runnable_becomes_a_tool(run):
    double = RunnableLambda(lambda value: value["n"] * 2)
    made = double.as_tool(name="double", description="Doubles.", arg_types={"n": int})
    assert run.invoke(made, {"n": "4"}) == 8
    named = tool("double", double, args_schema=Point, description="Doubles.")
    assert (named.name, list(named.args)) == ("double", ["x", "y"])


def test_a_runnable_on_text_becomes_a_tool_of_one_text(run):
    def shout(text: str) -> str:
        return text.upper()

    assert run.invoke(RunnableLambda(shout).as_tool(description="Shouts."), "hi") == "HI"


def test_a_runnable_that_does_not_say_what_it_takes_is_refused():
    with pytest.raises(CompositionError, match="does not say what a model must give it"):
        RunnableLambda(lambda value: value).as_tool(name="f")


def test_tools_in_words():
    assert render_text_description([add, Greet()]) == (
        "add(a: int, b: int = 2) -> int - Add two numbers.\ngreet - Greets."
    )
    assert render_text_description_and_args([Greet()]) == (
        "greet - Greets., args: {'who': {'type': 'string'}}"
    )
