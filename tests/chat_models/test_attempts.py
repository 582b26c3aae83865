"""Calls that are made again, what is raised when they are not, and what came before a failure."""

from __future__ import annotations

import builtins
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import anyio.lowlevel
import pytest

from levada import errors
from levada.chat_models import BaseChatModel
from levada.chat_models import base as base_module
from levada.errors import (
    AuthenticationError,
    BadRequestError,
    ContextLengthError,
    ModelError,
    OverloadedError,
    RateLimitError,
)
from levada.messages import AIMessage, AIMessageChunk
from levada.runnables import RunnablePassthrough

FAMILY = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, ModelError)
]


class SdkError(Exception):
    """What the library of a provider raises."""


class Fails(BaseChatModel):
    """Fails with these, one after the other, and then answers; each before its `at`th chunk."""

    failures: list[Any]
    at: int = 0
    asked: int = 0

    def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
        self.asked += 1
        if self.failures:
            raise self.failures.pop(0)
        return AIMessage("well")

    def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Iterator[AIMessageChunk]:
        self.asked += 1
        for i, word in enumerate(["we", "ll"]):
            if i == self.at and self.failures:
                raise self.failures.pop(0)
            yield AIMessageChunk(word)

    def _model_error(self, exc: Exception) -> ModelError | None:
        return OverloadedError(f"acme says: {exc}") if isinstance(exc, SdkError) else None


class StreamsOnly(BaseChatModel):
    chunks: list[Any]

    def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Iterator[AIMessageChunk]:
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let no time pass between attempts, and give how much would have."""
    seconds: list[float] = []

    async def asleep(delay: float) -> None:
        seconds.append(delay)
        await anyio.lowlevel.checkpoint()

    monkeypatch.setattr(base_module, "sleep", seconds.append)
    monkeypatch.setattr(base_module, "asleep", asleep)
    return seconds


def text(chunks: list[Any]) -> str:
    return "".join(c.content for c in chunks)


def both(run: Any) -> list[Callable[..., Any]]:
    return [lambda *a: run.invoke(*a).content, lambda *a: text(run.stream(*a))]


@pytest.mark.parametrize("kind", [k for k in FAMILY if k.retryable])
def test_a_call_is_made_again_after_an_error_that_may_pass(run, waits, kind) -> None:
    for verb in both(run):
        model = Fails(failures=[kind("busy"), kind("busy")])
        assert verb(model, "hi") == "well"
        assert model.asked == 3
    assert len(waits) == 4
    assert waits[0] < waits[1] <= 8.5


@pytest.mark.parametrize("kind", [k for k in FAMILY if not k.retryable])
def test_an_error_that_will_not_pass_is_raised_at_once(run, waits, kind) -> None:
    for verb in both(run):
        model = Fails(failures=[kind("no")])
        with pytest.raises(kind, match="no"):
            verb(model, "hi")
        assert (model.asked, waits) == (1, [])


@pytest.mark.parametrize("failure", [ValueError("a fault"), builtins.TimeoutError("late")])
def test_an_error_that_is_not_of_the_family_is_raised_at_once(run, waits, failure) -> None:
    for verb in both(run):
        model = Fails(failures=[failure])
        with pytest.raises(type(failure)) as raised:
            verb(model, "hi")
        assert raised.value is failure
        assert model.asked == 1


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_max_retries_says_how_often(run, waits, retries) -> None:
    for verb in both(run):
        model = Fails(failures=[OverloadedError(str(i)) for i in range(9)], max_retries=retries)
        with pytest.raises(OverloadedError, match=str(retries)):
            verb(model, "hi")
        assert model.asked == retries + 1


def test_the_wait_is_as_long_as_the_provider_asks(run, waits) -> None:
    model = Fails(failures=[RateLimitError("slow down", retry_after=42.0)])
    assert run.invoke(model, "hi").content == "well"
    assert waits == [42.0]


def test_nobody_waits_for_an_hour(run, waits) -> None:
    model = Fails(failures=[RateLimitError("quota", retry_after=3600.0)])
    with pytest.raises(RateLimitError) as raised:
        run.invoke(model, "hi")
    assert (raised.value.retry_after, waits) == (3600.0, [])


def test_a_single_error_may_say_that_it_passes_or_not(run, waits) -> None:
    model = Fails(failures=[BadRequestError("conflict", retryable=True)])
    assert run.invoke(model, "hi").content == "well"
    with pytest.raises(OverloadedError):
        run.invoke(Fails(failures=[OverloadedError("for good", retryable=False)]), "hi")


def test_a_stream_is_not_begun_again_after_its_first_chunk(run, waits) -> None:
    model = Fails(failures=[OverloadedError("busy")], at=1)
    with pytest.raises(OverloadedError) as raised:
        run.stream(model, "hi")
    assert model.asked == 1
    assert raised.value.partial.content == "we"


def test_attempts_are_one_run_and_the_last_error_is_its_end(run, waits) -> None:
    model = Fails(failures=[OverloadedError("busy")])
    heads = run.heads(RunnablePassthrough() | model, "hi")
    assert [h for h in heads if h[1] == "Fails"] == [
        ("on_chat_model_start", "Fails"),
        *[("on_chat_model_stream", "Fails")] * 3,
        ("on_chat_model_end", "Fails"),
    ]


# --- what the errors of an SDK mean ---


def test_an_error_of_the_sdk_becomes_one_of_ours_that_remembers_it(run, waits) -> None:
    for verb in both(run):
        cause = SdkError("529")
        with pytest.raises(OverloadedError, match="acme says: 529") as raised:
            verb(Fails(failures=[cause], max_retries=0), "hi")
        assert raised.value.__cause__ is cause


def test_an_error_of_the_sdk_that_may_pass_is_tried_again_after(run, waits) -> None:
    for verb in both(run):
        assert verb(Fails(failures=[SdkError("529")]), "hi") == "well"


def test_an_sdk_error_in_mid_stream_has_what_had_come(run, waits) -> None:
    with pytest.raises(OverloadedError) as raised:
        run.stream(Fails(failures=[SdkError("cut")], at=1), "hi")
    assert raised.value.partial.content == "we"
    assert isinstance(raised.value.__cause__, SdkError)


# --- the part that had come ---

CALL = {"name": "look", "args": '{"city": "Os', "id": "1", "index": 0, "type": "tool_call_chunk"}


@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("verb", ["invoke", "stream"])
def test_the_part_that_had_come_is_whole(run, waits, verb, watched) -> None:
    usage = {"input_tokens": 3, "output_tokens": 0, "total_tokens": 3}
    model = StreamsOnly(
        max_retries=0,
        chunks=[
            AIMessageChunk("", usage_metadata=usage),
            *(AIMessageChunk("a") for _ in range(1000)),
            AIMessageChunk("", tool_call_chunks=[CALL]),
            OverloadedError("cut"),
        ],
    )

    class Watch:
        def on_event(self, event: Any) -> None:
            pass

    config = {"callbacks": [Watch()]} if watched else None
    with pytest.raises(OverloadedError) as raised:
        getattr(run, verb)(model, "hi", config)
    partial = raised.value.partial
    assert partial.content == "a" * 1000
    assert partial.usage_metadata == usage
    assert partial.tool_calls[0]["args"] == {"city": "Os"}


def test_a_failure_before_the_first_chunk_has_no_part(run, waits) -> None:
    with pytest.raises(AuthenticationError) as raised:
        run.stream(StreamsOnly(chunks=[AuthenticationError("key")]), "hi")
    assert raised.value.partial is None


def test_chunks_that_do_not_add_up_stream_all_the_same_and_hide_no_error(run, waits) -> None:
    odd = [AIMessageChunk("a", response_metadata={"x": x}) for x in (True, False)]
    many = [AIMessageChunk("a") for _ in range(600)]
    assert len(run.stream(StreamsOnly(chunks=[*odd, *many]), "hi")) == 603
    with pytest.raises(OverloadedError) as raised:
        run.stream(StreamsOnly(chunks=[*odd, OverloadedError("cut")]), "hi")
    assert raised.value.partial is None


# --- the family ---


@pytest.mark.parametrize("kind", FAMILY)
def test_errors_of_the_family_are_runtime_errors_that_can_be_pickled(kind) -> None:
    error = kind("it broke", retryable=True, retry_after=1.5, partial=AIMessageChunk("so far"))
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, RuntimeError)
    assert str(again) == str(error) == "it broke"
    assert (again.retryable, again.retry_after) == (True, 1.5)
    assert again.partial == AIMessageChunk("so far")


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.ConnectionError, builtins.ConnectionError),
        (errors.TimeoutError, builtins.TimeoutError),
        (AuthenticationError, PermissionError),
        (BadRequestError, ValueError),
        (ContextLengthError, BadRequestError),
        (errors.UnsupportedError, NotImplementedError),
    ],
)
def test_an_error_is_also_the_builtin_that_fits(kind, builtin) -> None:
    assert issubclass(kind, builtin)


# --- what a model is asked for and cannot do ---


def test_a_model_that_cannot_call_tools_says_so() -> None:
    with pytest.raises(NotImplementedError, match="Fails does not call tools"):
        Fails(failures=[]).bind_tools([])
    with pytest.raises(NotImplementedError, match="Fails has no structured output"):
        Fails(failures=[]).with_structured_output({})


def test_streaming_true_makes_invoke_read_the_stream(run) -> None:
    class Both(Fails):
        def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
            raise AssertionError("not asked")

    message = run.invoke(Both(failures=[], streaming=True), "hi")
    assert (type(message), message.content) == (AIMessage, "well")
    assert message.id.startswith("run-")


def test_a_misspelt_setting_is_refused() -> None:
    with pytest.raises(ValueError, match="max_retrys"):
        Fails(failures=[], max_retrys=3)
