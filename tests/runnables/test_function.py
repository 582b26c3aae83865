"""Functions as steps: of every colour, with a config, returning runnables, in threads or inline."""

from __future__ import annotations

import functools
import gc
import operator
import threading
import warnings
from typing import Any

import pytest

from levada.errors import CompositionError
from levada.runnables import (
    Runnable,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    chain,
)


def double(x: Any) -> Any:
    return x * 2


async def adouble(x: Any) -> Any:
    return x * 2


def letters(x: Any) -> Any:
    yield from x


async def aletters(x: Any) -> Any:
    for c in x:
        yield c


class Doubler:
    def __call__(self, x: Any) -> Any:
        return x * 2

    def method(self, x: Any) -> Any:
        return x * 2

    @staticmethod
    def static(x: Any) -> Any:
        return x * 2

    @classmethod
    def of_class(cls, x: Any) -> Any:
        return x * 2


class AsyncDoubler:
    async def __call__(self, x: Any) -> Any:
        return x * 2

    async def method(self, x: Any) -> Any:
        return x * 2


# --- kinds of functions ---


@pytest.mark.parametrize(
    "function",
    [
        double,
        lambda x: x * 2,
        functools.partial(operator.mul, 2),
        functools.partial(functools.partial(operator.mul), 2),
        Doubler(),
        Doubler().method,
        Doubler.static,
        Doubler.of_class,
    ],
)
def test_whatever_can_be_called_with_one_argument_is_a_step(run, function) -> None:
    step = RunnableLambda(function)
    assert run.invoke(step, 2) == 4
    assert run.stream(step, 2) == [4]
    assert run.transform(step | RunnablePassthrough(), [1, 1]) == [4]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "function",
    [
        adouble,
        functools.partial(adouble),
        functools.partial(functools.partial(adouble)),
        AsyncDoubler(),
        AsyncDoubler().method,
    ],
)
async def test_every_kind_of_async_function_is_awaited(function) -> None:
    step: Runnable[Any, Any] = RunnableLambda(function)
    assert await step.ainvoke(2) == 4
    assert [c async for c in step.astream(2)] == [4]


@pytest.mark.parametrize("function", [letters, functools.partial(letters), lambda x: letters(x)])
def test_a_generator_function_gives_its_items_as_chunks(run, function) -> None:
    step = RunnableLambda(function)
    if function is letters or isinstance(function, functools.partial):
        assert run.stream(step, "abc") == ["a", "b", "c"]
        assert run.invoke(step, "abc") == "abc"
    else:  # what a function returns is its output, a generator too
        assert list(run.invoke(step, "abc")) == ["a", "b", "c"]


@pytest.mark.anyio
async def test_an_async_generator_function_gives_its_items_as_chunks() -> None:
    step: Runnable[Any, Any] = RunnableLambda(aletters)
    assert [c async for c in step.astream("abc")] == ["a", "b", "c"]
    assert await step.ainvoke("abc") == "abc"


def test_a_function_that_has_both_colours_is_called_in_the_right_one(run) -> None:
    async def other(x: Any) -> Any:
        return ("async", x)

    step = RunnableLambda(lambda x: ("sync", x), other)
    assert run.invoke(step, 1) == ("sync" if run.sync else "async", 1)
    assert run.stream(step, 1) == [("sync" if run.sync else "async", 1)]


def test_a_plain_generator_with_an_async_one_beside_it(run) -> None:
    step = RunnableLambda(letters, aletters)
    assert run.stream(step, "ab") == ["a", "b"]


def test_builtins_and_classes_are_steps(run) -> None:
    assert run.invoke(RunnableLambda(len), "abc") == 3
    assert run.invoke(RunnableLambda(str), 5) == "5"
    assert run.invoke(RunnableLambda(operator.itemgetter("a")), {"a": 1}) == 1
    assert run.invoke(RunnableLambda(dict), [("a", 1)]) == {"a": 1}
    assert run.invoke(RunnableLambda("{}!".format), "a") == "a!"


def test_an_object_that_cannot_be_hashed_is_a_step_too(run) -> None:
    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            return NotImplemented

        def __call__(self, x: Any) -> Any:
            return x * 2

    assert run.invoke(RunnableLambda(Unhashable()), 2) == 4


# --- refused ---


def test_what_is_no_function_is_refused() -> None:
    for thing in (5, None, "text", RunnablePassthrough()):
        with pytest.raises(CompositionError, match="RunnableLambda takes a function; got"):
            RunnableLambda(thing)  # type: ignore[arg-type, call-overload]


def test_a_second_function_must_be_async_and_the_first_not() -> None:
    with pytest.raises(CompositionError, match="afunc must be an async function"):
        RunnableLambda(double, double)  # type: ignore[arg-type]
    with pytest.raises(CompositionError, match="func is async already"):
        RunnableLambda(adouble, adouble)  # type: ignore[call-overload]


def test_an_async_function_in_a_sync_call_says_what_to_write() -> None:
    with pytest.raises(CompositionError, match=r"ainvoke.*RunnableLambda\(func, afunc\)"):
        RunnableLambda(adouble).invoke(1)


def test_a_function_that_returns_a_coroutine_says_what_to_write() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for inline in (False, True):
            step = RunnableLambda(lambda x: adouble(x), inline=inline)
            with pytest.raises(CompositionError, match="returned a coroutine"):
                step.invoke(1)
            with pytest.raises(CompositionError, match="returned a coroutine"):
                list(step.stream(1))
        gc.collect()


@pytest.mark.anyio
async def test_a_coroutine_that_a_function_returns_is_awaited_in_async_use() -> None:
    for inline in (False, True):
        step = RunnableLambda(lambda x: adouble(x), inline=inline)
        assert await step.ainvoke(2) == 4
        assert [c async for c in step.astream(2)] == [4]


# --- names ---


def test_a_step_is_named_after_its_function() -> None:
    names = [
        RunnableLambda(f).get_name()
        for f in (double, lambda x: x, functools.partial(double), operator.itemgetter(1), Doubler())
    ]
    assert names == ["double"] + ["RunnableLambda"] * 4
    assert RunnableLambda(double, name="mine").get_name() == "mine"
    assert repr(RunnableLambda(double)) == "RunnableLambda(double)"


@chain
def decorated(x: Any) -> Any:
    return x * 2


def test_chain_makes_a_function_a_runnable_of_its_name(run) -> None:
    assert run.invoke(decorated, 2) == 4
    assert run.heads(decorated | decorated, 1)[0] == ("on_chain_start", "RunnableSequence")
    assert decorated.get_name() == "decorated"


# --- the config ---


def test_a_function_that_asks_for_the_config_gets_it_whatever_its_kind(run) -> None:
    def plain(x: Any, config: Any) -> Any:
        return config["tags"]

    def generator(x: Any, *, config: Any = None) -> Any:
        yield config["tags"]

    for function in (plain, generator, functools.partial(plain), lambda x, config: config["tags"]):
        assert run.invoke(RunnableLambda(function), 1, {"tags": ["t"]}) == ["t"]
        assert run.stream(RunnableLambda(function), 1, {"tags": ["t"]}) == [["t"]]


# --- a runnable that is returned ---


def test_a_runnable_that_is_returned_runs_on_the_same_input_and_streams(run) -> None:
    source = RunnableLambda(letters, aletters)
    step = RunnableLambda(lambda x: source)
    assert run.invoke(step, "abc") == "abc"
    assert run.stream(step, "abc") == ["a", "b", "c"]
    assert run.stream(step | RunnablePassthrough(), "abc") == ["a", "b", "c"]
    assert run.batch(step, ["ab", "c"]) == ["ab", "c"]


@pytest.mark.anyio
async def test_a_runnable_returned_by_an_async_function_runs_in_the_loop() -> None:
    async def which(x: Any) -> Any:
        return RunnableLambda(adouble)

    step: Runnable[Any, Any] = RunnableLambda(which)
    assert await step.ainvoke(2) == 4
    assert [c async for c in step.astream(2)] == [4]


def test_a_runnable_that_is_returned_shows_below_the_function_without_a_position(run) -> None:
    inner = RunnableLambda(double)
    outer = RunnableLambda(lambda x: inner, name="outer")
    events = run.events(RunnablePassthrough() | outer, "a")
    names = {e["run_id"]: e["name"] for e in events}
    (start,) = [e for e in events if e["name"] == "double" and e["event"].endswith("start")]
    assert [names[p] for p in start["parent_ids"]] == ["RunnableSequence", "outer"]
    assert start["tags"] == []


# --- where it runs ---


def home(x: Any) -> int:
    return threading.get_ident()


@pytest.mark.anyio
async def test_a_plain_function_runs_in_a_worker_thread() -> None:
    here = threading.get_ident()
    assert await RunnableLambda(home).ainvoke(1) != here
    assert [c async for c in RunnableLambda(home).astream(1)] != [here]
    assert await RunnableParallel(a=home).ainvoke(1) != {"a": here}


@pytest.mark.anyio
async def test_a_function_marked_as_inline_runs_in_the_loop() -> None:
    step = RunnableLambda(home, inline=True)
    assert await step.ainvoke(1) == threading.get_ident()
    assert [c async for c in step.astream(1)] == [threading.get_ident()]


@pytest.mark.anyio
async def test_quick_builtins_run_in_the_loop() -> None:
    class Looks:
        def __len__(self) -> int:
            return int(threading.get_ident() == here)

        def __str__(self) -> str:
            return str(len(self))

    here = threading.get_ident()
    assert await RunnableLambda(len).ainvoke(Looks()) == 1
    assert await RunnableLambda(str).ainvoke(Looks()) == "1"


# --- options ---


def test_options_are_keyword_arguments_of_the_function(run) -> None:
    def scaled(x: int, *, factor: int = 1) -> int:
        return x * factor

    assert run.invoke(RunnableLambda(scaled), 2, factor=3) == 6
    assert run.stream(RunnableLambda(scaled).bind(factor=3), 2) == [6]
    with pytest.raises(TypeError, match="fact"):
        run.invoke(RunnableLambda(scaled), 2, fact=3)


# --- generators are closed ---


def test_a_generator_function_is_closed_when_its_chunks_do_not_add_up(run, ledger) -> None:
    class Refuses:
        def __add__(self, other: object) -> None:
            raise ValueError("these do not add up")

    source = ledger.source(run.how, "source", [Refuses(), Refuses(), Refuses()])
    with pytest.raises(ValueError, match="do not add up"):
        run.invoke(source, 1)
    assert ledger.open == []


class Louder(RunnableLambda[Any, Any]):
    """Has a hook of its own beside the function."""

    def _invoke(self, value: Any, run: Any, /, **options: Any) -> Any:
        return f"{super()._invoke(value, run, **options)}!"

    async def _ainvoke(self, value: Any, run: Any, /, **options: Any) -> Any:
        return f"{await super()._ainvoke(value, run, **options)}!"

    def _transform(self, chunks: Any, run: Any, /, **options: Any) -> Any:
        yield self._invoke("".join(chunks), run, **options)

    async def _atransform(self, chunks: Any, run: Any, /, **options: Any) -> Any:
        yield await self._ainvoke("".join([chunk async for chunk in chunks]), run, **options)


def test_a_hook_of_a_subclass_is_called_watched_or_not(run) -> None:
    step = Louder(double, adouble)
    assert run.invoke(step, "a") == "aa!"
    assert run.stream(step, "a") == ["aa!"]
    end = run.events(step, "a")[-1]
    assert (end["event"], end["data"]["output"]) == ("on_chain_end", "aa!")
