"""All calls of a message at the same time, and what becomes of those that go wrong."""

from __future__ import annotations

import threading
from typing import Annotated, Any

import anyio
import pytest
from pydantic import ValidationError
from tool_messages import calling, told

from levada.errors import CompositionError, ConfigError, RunError, StepTimeoutError
from levada.messages import AIMessage, AIMessageChunk, tool_call_chunk
from levada.tools import (
    InjectedToolArg,
    StructuredTool,
    ToolExecutor,
    aexecute_tool_calls,
    execute_tool_calls,
    tool,
)


@tool
def add(a: int, b: int = 2) -> int:
    """Add two numbers."""
    return a + b


@tool
def fail(a: int = 0) -> None:
    """Fail."""
    raise OSError("no connection")


def test_answers_come_in_the_order_of_the_calls(run):
    message = calling(("add", {"a": 1}), ("add", {"a": 2, "b": 3}))
    assert told(run.invoke(ToolExecutor([add]), message)) == [
        ("c0", "3", "success"),
        ("c1", "5", "success"),
    ]


def test_functions_become_tools_and_no_calls_give_no_answers(run):
    def sub(a: int, b: int) -> int:
        """Subtract."""
        return a - b

    assert run.invoke(ToolExecutor([sub]), calling(("sub", {"a": 3, "b": 1})))[0].content == "2"
    assert run.invoke(ToolExecutor([sub]), AIMessage("done")) == []


def test_calls_run_at_the_same_time(run):
    barrier = threading.Barrier(3, timeout=10)

    @tool
    def meet() -> str:
        """Meet."""
        barrier.wait()
        return "met"

    answers = run.invoke(ToolExecutor([meet]), calling(*[("meet", {})] * 3))
    assert [a.content for a in answers] == ["met"] * 3


def test_a_limit_holds(run):
    lock = threading.Lock()
    busy: list[int] = [0]
    most: list[int] = [0]

    @tool
    def work() -> str:
        """Work."""
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        threading.Event().wait(0.01)
        with lock:
            busy[0] -= 1
        return ""

    run.invoke(ToolExecutor([work], max_concurrency=2), calling(*[("work", {})] * 8))
    assert most[0] <= 2


def test_the_helpers_are_the_step():
    assert told(execute_tool_calls(calling(("add", {"a": 1})), [add])) == [("c0", "3", "success")]


@pytest.mark.anyio
async def test_the_async_helper_is_the_step():
    answers = await aexecute_tool_calls(calling(("add", {"a": 1})), [add])
    assert told(answers) == [("c0", "3", "success")]


# --- what goes wrong ---


def test_what_goes_wrong_becomes_a_message_and_the_rest_is_answered(run):
    message = calling(("nope", {}), ("add", {"a": [1]}), ("fail", {}), ("add", {"a": 1}))
    assert told(run.invoke(ToolExecutor([add, fail]), message)) == [
        ("c0", "Error: there is no tool 'nope'; there are: 'add', 'fail'", "error"),
        (
            "c1",
            "Error: the arguments of 'add' are not valid: a: Input should be a valid integer",
            "error",
        ),
        ("c2", "Error: OSError: no connection", "error"),
        ("c3", "3", "success"),
    ]


@pytest.mark.parametrize(
    ("option", "call", "error"),
    [
        ("on_unknown_tool", ("nope", {}), RunError),
        ("on_invalid_call", ("add", {"a": "x"}), ValidationError),
        ("on_tool_error", ("fail", {}), OSError),
    ],
)
def test_what_goes_wrong_is_raised_if_that_is_wanted(run, option, call, error):
    executor = ToolExecutor([add, fail], **{option: "raise"})
    with pytest.raises(error):
        run.invoke(executor, calling(call))


def test_broken_json_is_told_to_the_model(run):
    chunk = AIMessageChunk(
        "",
        tool_call_chunks=[tool_call_chunk(name="add", args="not json", id="c1", index=0)],
    )
    [answer] = run.invoke(ToolExecutor([add]), chunk)
    assert answer.status == "error"
    assert answer.content == "Error: the arguments of 'add' are not a JSON object: 'not json'"
    with pytest.raises(RunError, match="cannot be executed: the arguments of 'add'"):
        run.invoke(ToolExecutor([add], on_invalid_call="raise"), chunk)


def test_a_repeated_id_is_executed_once(run):
    called = []

    @tool
    def pay(amount: int) -> str:
        """Pay."""
        called.append(amount)
        return "paid"

    call = {"name": "pay", "args": {"amount": 5}, "id": "c1", "type": "tool_call"}
    answers = run.invoke(ToolExecutor([pay]), AIMessage("", tool_calls=[call, call]))
    assert called == [5]
    assert [a.status for a in answers] == ["success", "error"]
    assert "has the id 'c1'" in answers[1].content


def test_calls_without_an_id_are_all_executed(run):
    call = {"name": "add", "args": {"a": 1}, "id": None, "type": "tool_call"}
    answers = run.invoke(ToolExecutor([add]), AIMessage("", tool_calls=[call, call]))
    assert [a.content for a in answers] == ["3", "3"]


def test_of_ten_calls_three_hang_and_the_others_are_answered(run):
    release = threading.Event()

    @tool
    def maybe(n: int) -> str:
        """Answer, or not."""
        if n % 4 == 1:
            release.wait(15)
        return str(n)

    try:
        executor = ToolExecutor([maybe], timeout_s=1)
        answers = run.invoke(executor, calling(*[("maybe", {"n": n}) for n in range(10)]))
    finally:
        release.set()
    late = [i for i, a in enumerate(answers) if a.status == "error"]
    assert {1, 5, 9} <= set(late)
    assert all("StepTimeoutError" in answers[i].content for i in late)
    assert [a.tool_call_id for a in answers] == [f"c{i}" for i in range(10)]


@pytest.mark.anyio
async def test_a_hanging_async_tool_is_cancelled():
    ended = []

    @tool
    async def hang() -> None:
        """Hang."""
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(True)

    executor = ToolExecutor([hang], timeout_s=0.05, on_tool_error="raise")
    with pytest.raises(StepTimeoutError):
        await executor.ainvoke(calling(("hang", {}), ("hang", {})))
    assert ended == [True, True]


@pytest.mark.anyio
async def test_cancelling_ends_every_run():
    events: list[str] = []
    begun = anyio.Event()

    class Seen:
        def on_event(self, event: Any) -> None:
            events.append(event["event"])

    @tool
    async def hang() -> None:
        """Hang."""
        begun.set()
        await anyio.sleep_forever()

    async with anyio.create_task_group() as group:

        async def work() -> None:
            await ToolExecutor([hang]).ainvoke(
                calling(("hang", {}), ("hang", {})), {"callbacks": [Seen()]}
            )

        group.start_soon(work)
        await begun.wait()
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert sorted(events) == [
        "on_chain_error",
        "on_chain_start",
        "on_tool_error",
        "on_tool_error",
        "on_tool_start",
        "on_tool_start",
    ]


class Stop(BaseException):
    """Not an Exception."""


def test_a_base_exception_is_always_raised_and_every_run_has_its_end(run):
    def stop() -> None:
        raise Stop

    stopping = StructuredTool.from_function(stop, description="Stop.")
    events = run.events(ToolExecutor([stopping, add]), calling(("stop", {})), raises=Stop)
    kinds = [event["event"] for event in events]
    assert kinds == ["on_chain_start", "on_tool_start", "on_tool_error", "on_chain_error"]


def test_the_model_cannot_say_what_is_injected(run):
    @tool
    def mine(what: str, user: Annotated[str, InjectedToolArg] = "nobody") -> str:
        """Look."""
        return f"{what} of {user}"

    message = calling(("mine", {"what": "x", "user": "root"}))
    assert run.invoke(ToolExecutor([mine]), message)[0].content == "x of nobody"
    known = ToolExecutor([mine], injected={"user": "me", "other": 1})
    assert run.invoke(known, message)[0].content == "x of me"


def test_a_wrong_executor_or_input_is_refused(run):
    with pytest.raises(ConfigError, match="two tools are called 'add'"):
        ToolExecutor([add, add])
    with pytest.raises(ConfigError, match="'message' or 'raise'; got 'ignore'"):
        ToolExecutor([add], on_tool_error="ignore")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="max_concurrency must be 1 or more"):
        ToolExecutor([add], max_concurrency=0)
    with pytest.raises(CompositionError, match="takes the message of a model"):
        run.invoke(ToolExecutor([add]), "text")
