"""Tools that go wrong in a loop of calls: each ends as a message, and every run has its end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from tool_messages import calling, told

from levada.chat_models import FakeListChatModel
from levada.errors import SchemaAnnotationError
from levada.tools import ToolExecutor, tool


@tool
def add(a: int, b: int = 2) -> int:
    """Add two numbers."""
    return a + b


@tool
def fail() -> None:
    """Fail."""
    raise OSError("no connection")


def kinds_of(events: list[dict[str, Any]]) -> list[str]:
    return [event["event"] for event in events]


def itself() -> list[Any]:
    made: list[Any] = []
    made.append(made)
    return made


class Opaque:
    """Nothing that JSON knows."""

    def __repr__(self) -> str:
        return "<opaque>"


@pytest.mark.parametrize(
    ("made", "content"),
    [
        (Opaque(), "<opaque>"),
        ({"a": Opaque()}, '{"a": "<opaque>"}'),
        (itself(), "[[...]]"),
        ({1: float("nan")}, '{"1": NaN}'),
        (b"\xff", "b'\\xff'"),
        ("\ud800", "\ud800"),
    ],
    ids=["object", "inside", "itself", "nan", "bytes", "surrogate"],
)
def test_a_result_that_json_cannot_hold_is_told_as_text(run, made, content):
    @tool
    def give() -> Any:
        """Give."""
        return made

    events = run.events(ToolExecutor([give]), calling(("give", {})))
    assert kinds_of(events) == ["on_chain_start", "on_tool_start", "on_tool_end", "on_chain_end"]
    assert told(events[-1]["data"]["output"]) == [("c0", content, "success")]


class Session:
    """Nothing that a model could say."""


def test_a_tool_without_a_schema_is_refused_where_a_model_is_told_of_it_and_cannot_be_called(run):
    def query(session: Session) -> str:
        """Query."""
        return "called"

    with pytest.raises(SchemaAnnotationError, match="'session' of 'query' is "):
        FakeListChatModel(responses=["x"]).bind_tools([query])
    events = run.events(ToolExecutor([query]), calling(("query", {"session": "mine"})))
    assert kinds_of(events) == ["on_chain_start", "on_tool_start", "on_tool_error", "on_chain_end"]
    [answer] = events[-1]["data"]["output"]
    assert answer.status == "error"
    assert "session: Input should be an instance of" in answer.content


def test_a_generator_streams_in_pieces_and_is_answered_as_a_whole(run):
    @tool
    def count(n: int) -> Iterator[str]:
        """Count."""
        for i in range(n):
            yield f"{i} "

    events = run.events(ToolExecutor([count]), calling(("count", {"n": 3})))
    pieces = [e["data"]["chunk"].content for e in events if e["event"] == "on_tool_stream"]
    assert pieces == ["0 ", "1 ", "2 "]
    assert told(events[-1]["data"]["output"]) == [("c0", "0 1 2 ", "success")]


@pytest.mark.anyio
async def test_a_tool_that_blocks_its_thread_does_not_block_the_loop():
    release = threading.Event()

    @tool
    def block() -> str:
        """Block."""
        return "released" if release.wait(30) else "never released"

    async with anyio.create_task_group() as group:

        async def work() -> None:
            [answer] = await ToolExecutor([block]).ainvoke(calling(("block", {})))
            assert answer.content == "released"

        group.start_soon(work)
        await anyio.wait_all_tasks_blocked()  # only a loop that is free comes to this
        release.set()


def test_every_run_has_its_end_where_some_hang_and_the_rest_go_wrong(run):
    release = threading.Event()

    @tool
    def hang() -> None:
        """Hang."""
        release.wait(15)

    message = calling(("hang", {}), ("nope", {}), ("fail", {}), ("add", {"a": "x"}), ("hang", {}))
    try:
        events = run.events(ToolExecutor([hang, fail, add], timeout_s=0.2), message)
    finally:
        release.set()
    assert {a.status for a in events[-1]["data"]["output"]} == {"error"}
    starts = sorted(e["run_id"] for e in events if e["event"].endswith("_start"))
    ends = sorted(e["run_id"] for e in events if e["event"].endswith(("_end", "_error")))
    assert len(starts) == 9  # the executor, and four tools, each within its time limit
    assert starts == ends
