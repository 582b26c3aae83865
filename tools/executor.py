"""The calls of a model's message, all at the same time: what a hand-written agent loop needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import ValidationError

from ..errors import CompositionError, ConfigError, RunError, shown
from ..messages import AIMessage, BaseMessage, InvalidToolCall, ToolCall, ToolMessage
from ..messages.shapes import is_array
from ..runnables import Call, Place, Plan, Run, Runnable, call, gather
from .base import BaseTool
from .decorator import tool as make_tool

__all__ = ["OnError", "ToolExecutor", "aexecute_tool_calls", "execute_tool_calls"]

OnError = Literal["message", "raise"]
"""What becomes of a call that goes wrong: a message to which the model can react, or an error."""


class ToolExecutor(Runnable[BaseMessage, list[Any]]):
    """A step from a model's message to the answers of the tools that it calls, in their order.

    All calls run at the same time. A call that cannot be read, of a tool that is not there, or with
    an id that an earlier call of the message has, is answered by a message of status "error". So
    are arguments that are not valid and a tool that fails, unless it is said to raise.

    Args:
        tools: The tools, or functions to make tools of.
        max_concurrency: How many calls run at the same time; None: as the config says, or all.
        timeout_s: How long a call may take, in seconds; one that takes longer has failed.
        injected: Values for arguments that the tools hide from the model, by name. What a model
            says of such an argument is not passed on.
        on_unknown_tool: What becomes of a call of a tool that is not there.
        on_invalid_call: What becomes of a call that cannot be read, whose id is taken, or whose
            arguments are not valid.
        on_tool_error: What becomes of a call whose tool fails.

    Raises:
        ConfigError: When it is made: two tools have the same name.
    """

    __slots__ = (
        "injected",
        "max_concurrency",
        "name",
        "on_invalid_call",
        "on_tool_error",
        "on_unknown_tool",
        "timeout_s",
        "tools",
    )

    def __init__(
        self,
        tools: Iterable[BaseTool | Callable[..., Any]],
        *,
        max_concurrency: int | None = None,
        timeout_s: float | None = None,
        injected: Mapping[str, Any] | None = None,
        on_unknown_tool: OnError = "message",
        on_invalid_call: OnError = "message",
        on_tool_error: OnError = "message",
        name: str | None = None,
    ) -> None:
        self.tools: dict[str, BaseTool] = {}
        for given in tools:
            tool: BaseTool = given if isinstance(given, BaseTool) else make_tool(given)
            if tool.name in self.tools:
                raise ConfigError(f"two tools are called {tool.name!r}; a model could call neither")
            self.tools[tool.name] = tool
        for option in (on_unknown_tool, on_invalid_call, on_tool_error):
            if option not in ("message", "raise"):
                raise ConfigError(f"an error becomes 'message' or 'raise'; got {option!r}")
        if max_concurrency is not None and max_concurrency < 1:
            raise ConfigError(f"max_concurrency must be 1 or more; got {max_concurrency}")
        self.max_concurrency: int | None = max_concurrency
        self.timeout_s: float | None = timeout_s
        self.injected: Mapping[str, Any] = injected or {}
        self.on_unknown_tool: OnError = on_unknown_tool
        self.on_invalid_call: OnError = on_invalid_call
        self.on_tool_error: OnError = on_tool_error
        self.name: str | None = name

    def _plan(self, value: BaseMessage, run: Run) -> Plan[list[Any]]:
        if not isinstance(value, AIMessage):
            raise CompositionError(
                f"{self.get_name()} takes the message of a model, an AIMessage; got {shown(value)}"
            )
        taken: set[str] = set()
        calls: list[Call[Any]] = []
        made: list[ToolCall | InvalidToolCall] = [*value.tool_calls, *value.invalid_tool_calls]
        for i, asked in enumerate(made, 1):
            step = _OneCall(self, asked, repeats=bool(asked["id"]) and asked["id"] in taken)
            taken.add(asked["id"] or "")
            calls.append(Call(step, asked, Place(label=f"call {i}")))
        if not calls:
            return []
        answers: list[Any] = yield from gather(calls, self.max_concurrency)
        return [message for answer in answers for message in _flat(answer)]


class _OneCall(Runnable[Any, Any]):
    """One call, and what becomes of its errors."""

    __slots__ = ("_asked", "_executor", "_repeats", "name")
    _has_run = False

    def __init__(
        self, executor: ToolExecutor, asked: ToolCall | InvalidToolCall, *, repeats: bool
    ) -> None:
        self.name: str | None = asked["name"]
        self._executor = executor
        self._asked: Any = asked
        self._repeats = repeats

    def _plan(self, value: Any, run: Run) -> Plan[Any]:
        executor, asked = self._executor, self._asked
        name: str = asked["name"] or ""
        tool = executor.tools.get(name)
        if tool is None:
            there = ", ".join(map(repr, executor.tools)) or "none"
            return self._wrong(
                f"there is no tool {name!r}; there are: {there}", executor.on_unknown_tool
            )
        if asked.get("type") == "invalid_tool_call" or not isinstance(asked["args"], dict):
            return self._wrong(
                f"the arguments of {name!r} are not a JSON object: {shown(asked['args'])}",
                executor.on_invalid_call,
            )
        if self._repeats:
            return self._wrong(
                f"an earlier call of the same message has the id {asked['id']!r}; "
                f"this one was not executed",
                executor.on_invalid_call,
            )
        step: Runnable[Any, Any] = tool
        if executor.timeout_s is not None:
            step = tool.with_timeout(executor.timeout_s)
        try:
            return (yield from call(step, self._call_of(tool)))
        except ValidationError as exc:
            if executor.on_invalid_call == "raise":
                raise
            return self._message(_problems(name, exc))
        except Exception as exc:
            if executor.on_tool_error == "raise":
                raise
            return self._message(f"{type(exc).__name__}: {exc}")

    def _call_of(self, tool: BaseTool) -> ToolCall:
        args: dict[str, Any] = dict(self._asked["args"])
        for name in tool.injected_names():
            args.pop(name, None)  # it is not for the model to say
            if name in self._executor.injected:
                args[name] = self._executor.injected[name]
        return ToolCall(name=tool.name, args=args, id=self._asked["id"], type="tool_call")

    def _wrong(self, what: str, then: OnError) -> Any:
        if then == "raise":
            raise RunError(f"a tool call cannot be executed: {what}")
        return self._message(what)

    def _message(self, what: str) -> ToolMessage:
        return ToolMessage(
            f"Error: {what}",
            tool_call_id=self._asked["id"] or "",
            name=self._asked["name"],
            status="error",
        )


def _problems(name: str, exc: ValidationError) -> str:
    said = [
        f"{'.'.join(map(str, error['loc'])) or 'arguments'}: {error['msg']}"
        for error in exc.errors(include_url=False)
    ]
    return f"the arguments of {name!r} are not valid: {'; '.join(said)}"


def _flat(answer: Any) -> Sequence[Any]:
    return answer if is_array(answer) else [answer]


def execute_tool_calls(
    message: AIMessage, tools: Iterable[BaseTool | Callable[..., Any]], **options: Any
) -> list[Any]:
    """Execute all calls of a model's message at the same time, and give the answers in their order.

    Args:
        message: The message.
        tools: The tools, or functions to make tools of.
        options: Those of `ToolExecutor`, which is the same as a step of a chain.
    """
    return ToolExecutor(tools, **options).invoke(message)


async def aexecute_tool_calls(
    message: AIMessage, tools: Iterable[BaseTool | Callable[..., Any]], **options: Any
) -> list[Any]:
    """Execute all calls of a model's message at the same time; see `execute_tool_calls`."""
    return await ToolExecutor(tools, **options).ainvoke(message)
