"""ChatOllama and the wire of Ollama's chat API, played byte for byte by the scripted server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from chunks import summed
from cut_streams import check_cut_at_any_byte, cut_at_any_byte
from pydantic import BaseModel

import ollama_wire as wire
from levada.chat_models import ChatOllama, init_chat_model
from levada.errors import (
    AuthenticationError,
    BadRequestError,
    CompositionError,
    ConnectionError,
    ContextLengthError,
    ModelError,
    OverloadedError,
    RateLimitError,
    TimeoutError,
)
from levada.messages import AIMessage, HumanMessage, ToolMessage
from scripted_server import Reply, ScriptedServer


@pytest.fixture
def chat(scripted: ScriptedServer) -> Iterator[ChatOllama]:
    """Give a model at the scripted server that tries once."""
    with ChatOllama(model="llama-x", base_url=scripted.url, max_retries=0) as chat:
        yield chat


# What comes.


def test_text_comes_as_text_and_the_last_chunk_says_the_rest(
    scripted: ScriptedServer, chat: ChatOllama, run: Any
) -> None:
    scripted.answers(wire.lines(*wire.PLAIN))
    *pieces, last = run.stream(chat, "Hi")
    assert [piece.content for piece in pieces] == ["Gold", "fish é", "🐟."]
    assert last.content == ""
    assert last.chunk_position == "last"
    assert last.response_metadata == {
        "model_provider": "ollama",
        "model_name": "llama-x",
        "created_at": wire.CREATED,
        "done": True,
        "done_reason": "stop",
        "total_duration": 4_883_583_458,
        "load_duration": 1_334_875,
        "prompt_eval_duration": 342_546_000,
        "eval_duration": 4_535_599_000,
    }
    assert last.usage_metadata == {"input_tokens": 26, "output_tokens": 282, "total_tokens": 308}


def test_thoughts_stand_apart_and_go_back_as_thoughts(
    scripted: ScriptedServer, chat: ChatOllama, run: Any
) -> None:
    scripted.answers(wire.lines(*wire.THOUGHT), wire.lines(*wire.PLAIN))
    total = summed(run.stream(chat, "Hi", think="low"))
    assert scripted.requests[0].json["think"] == "low"
    assert total.text == "They swim."
    assert total.content_blocks[0]["reasoning"] == "Fish swim."
    run.stream(chat, [HumanMessage("Hi"), total, HumanMessage("Go on")])
    assert scripted.requests[1].json["messages"][1] == {
        "role": "assistant",
        "content": "They swim.",
        "thinking": "Fish swim.",
    }


def test_calls_of_tools_come_whole_and_are_answered_in_the_next_turn(
    scripted: ScriptedServer, chat: ChatOllama, run: Any
) -> None:
    scripted.answers(wire.lines(*wire.TOOLS), wire.lines(*wire.PLAIN))
    total = summed(run.stream(chat, "Hi"))
    assert [(call["id"], call["name"], call["args"]) for call in total.tool_calls] == [
        ("call_1", "weather", {"city": "Oslo"}),
        ("call_2", "clock", {}),
    ]
    results = [
        ToolMessage("12 degrees", tool_call_id="call_1"),
        ToolMessage("noon", tool_call_id="call_2", name="watch"),
    ]
    run.stream(chat, [HumanMessage("Hi"), total, *results])
    _, answer, first, second = scripted.requests[1].json["messages"]
    assert answer["content"] == "Let me look."
    assert answer["tool_calls"] == [
        wire.call("weather", {"city": "Oslo"}, "call_1"),
        wire.call("clock", {}, "call_2", 1),
    ]
    assert first == {
        "role": "tool",
        "content": "12 degrees",
        "tool_name": "weather",
        "tool_call_id": "call_1",
    }
    assert second["tool_name"] == "watch"


def test_calls_without_an_id_get_one_each(
    scripted: ScriptedServer, chat: ChatOllama, run: Any
) -> None:
    """Servers before version 0.12 give none, and count from 0 in each line."""
    two = [wire.said(tool_calls=[wire.call("clock", {"n": n})]) for n in range(2)]
    calls = [wire.call("clock", {"n": n}) for n in range(2)]
    whole = json.dumps(wire.whole(more={"tool_calls": calls})).encode()
    scripted.answers(wire.lines(*two, wire.done()), Reply(whole))
    for message in (summed(run.stream(chat, "Hi")), run.invoke(chat, "Hi")):
        assert [call["args"] for call in message.tool_calls] == [{"n": 0}, {"n": 1}]
        assert len({call["id"] for call in message.tool_calls}) == 2
        assert all(call["id"] for call in message.tool_calls)


def test_arguments_that_are_no_object_are_an_invalid_call(
    scripted: ScriptedServer, chat: ChatOllama, run: Any
) -> None:
    bad = wire.call("clock", {}, "call_1")
    bad["function"]["arguments"] = "noon"
    whole = json.dumps(wire.whole(more={"tool_calls": [bad]})).encode()
    scripted.answers(wire.lines(wire.done(more={"tool_calls": [bad]})), Reply(whole))
    for message in (summed(run.stream(chat, "Hi")), run.invoke(chat, "Hi")):
        assert message.tool_calls == []
        (invalid,) = message.invalid_tool_calls
        assert (invalid["name"], invalid["args"], invalid["id"]) == ("clock", '"noon"', "call_1")


def test_how_likely_the_tokens_were_adds_up(
    scripted: ScriptedServer, chat: ChatOllama, run: Any
) -> None:
    likely = [{"token": token, "logprob": -0.5, "bytes": [65]} for token in ("a", "b")]
    lines = [wire.said(one["token"], more={"logprobs": [one]}) for one in likely]
    scripted.answers(wire.lines(*lines, wire.done()))
    total = summed(run.stream(chat, "Hi", logprobs=True, top_logprobs=0))
    assert total.response_metadata["logprobs"] == {"content": likely}
    assert scripted.requests[0].json["logprobs"] is True


@pytest.mark.parametrize("transcript", ["PLAIN", "THOUGHT", "TOOLS"])
def test_an_answer_is_the_same_whole_and_watched(
    scripted: ScriptedServer, chat: ChatOllama, run: Any, transcript: str
) -> None:
    """While somebody watches, an answer is streamed, also when it is asked for at once."""
    said = {
        "PLAIN": ("Goldfish é🐟.", {}),
        "THOUGHT": ("They swim.", {"thinking": "Fish swim."}),
        "TOOLS": (
            "Let me look.",
            {
                "tool_calls": [
                    wire.call("weather", {"city": "Oslo"}, "call_1"),
                    wire.call("clock", {}, "call_2", 1),
                ]
            },
        ),
    }[transcript]
    whole = json.dumps(wire.whole(said[0], more=said[1])).encode()
    scripted.answers(Reply(whole), wire.lines(*getattr(wire, transcript)))

    class Watch:
        def on_event(self, event: Any) -> None:
            pass

    whole = run.invoke(chat, "Hi")
    watched = run.invoke(chat, "Hi", {"callbacks": [Watch()]})
    assert [request.json["stream"] for request in scripted.requests] == [False, True]
    assert type(watched) is AIMessage
    assert watched.model_dump(exclude={"id"}) == whole.model_dump(exclude={"id"})


# What is asked.


def test_fields_and_options_of_a_call_are_fields_of_the_request(
    scripted: ScriptedServer, run: Any
) -> None:
    scripted.always_answers(wire.lines(*wire.PLAIN))
    chat = ChatOllama(
        model="llama-x",
        base_url=scripted.url,
        temperature=0.5,
        num_ctx=2048,
        max_tokens=100,
        seed=7,
        stop=["one"],
        reasoning=False,
        keep_alive="10m",
        options={"num_batch": 8, "newest": 1},
        model_kwargs={"very_new": 2},
    )
    run.stream(
        chat, "Hi", max_tokens=7, stop=["two"], truncate=False, top_k=3, options={"newest": 3}
    )
    (request,) = scripted.requests
    assert request.path == "/api/chat"
    assert request.headers["content-type"] == "application/json"
    assert request.json == {
        "model": "llama-x",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "think": False,
        "keep_alive": "10m",
        "truncate": False,
        "very_new": 2,
        "options": {
            "temperature": 0.5,
            "num_ctx": 2048,
            "num_predict": 7,
            "seed": 7,
            "stop": ["two"],
            "top_k": 3,
            "num_batch": 8,
            "newest": 3,
        },
    }


def test_a_misspelt_option_is_refused(scripted: ScriptedServer, chat: ChatOllama, run: Any) -> None:
    with pytest.raises(CompositionError, match="did you mean 'num_predict'"):
        run.invoke(chat, "Hi", num_predicts=5)
    assert scripted.requests == []


class Weather(BaseModel):
    """Where it is."""

    class Place(BaseModel):
        """A place."""

        city: str

    place: Place


def test_bound_tools_are_sent_with_all_that_they_say(
    scripted: ScriptedServer, chat: ChatOllama, run: Any
) -> None:
    """The SDK would leave out what the schema says inside of an argument."""
    scripted.answers(wire.lines(*wire.PLAIN))
    run.stream(chat.bind_tools([Weather], tool_choice="any"), "Hi")
    (tool,) = scripted.requests[0].json["tools"]
    place = tool["function"]["parameters"]["properties"]["place"]
    assert '"city"' in json.dumps(tool["function"]["parameters"])
    assert place
    assert "tool_choice" not in scripted.requests[0].json


@pytest.mark.parametrize(
    ("choice", "left"), [("none", []), ("auto", ["a", "b"]), ("any", ["a", "b"]), ("b", ["b"])]
)
def test_a_choice_leaves_the_tools_that_may_be_called(
    scripted: ScriptedServer, chat: ChatOllama, run: Any, choice: str, left: list[str]
) -> None:
    scripted.answers(wire.lines(*wire.PLAIN))
    tools = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in "ab"]
    run.stream(chat.bind_tools(tools, tool_choice=choice), "Hi")
    sent = scripted.requests[0].json.get("tools", [])
    assert [tool["function"]["name"] for tool in sent] == left


@pytest.mark.parametrize(
    ("method", "format", "answer"),
    [
        ("json_schema", "object", '{"place": {"city": "Oslo"}}'),
        ("json_mode", "json", '{"place": {"city": "Oslo"}}'),
    ],
)
def test_a_value_is_asked_for_by_its_schema_and_grows(
    scripted: ScriptedServer, chat: ChatOllama, run: Any, method: Any, format: str, answer: str
) -> None:
    scripted.answers(wire.lines(wire.said(answer[:23]), wire.said(answer[23:]), wire.done()))
    values = run.stream(chat.with_structured_output(Weather, method=method), "Hi")
    assert values[0].place.city != values[-1].place.city == "Oslo"
    sent = scripted.requests[0].json["format"]
    assert (sent if method == "json_mode" else sent["type"]) == format


def test_it_is_found_by_the_name_of_its_provider(scripted: ScriptedServer, run: Any) -> None:
    scripted.answers(wire.lines(*wire.PLAIN))
    chat = init_chat_model("ollama:llama3.2:1b", base_url=scripted.url)
    assert run.stream(chat, "Hi")[0].text == "Gold"
    assert scripted.requests[0].json["model"] == "llama3.2:1b"


# What goes wrong.


@pytest.mark.parametrize(
    ("reply", "kind", "retryable"),
    [
        (wire.error("unauthorized", 401), AuthenticationError, False),
        (wire.error('model "llama-x" not found', 404), BadRequestError, False),
        (wire.error('"llama-x" does not support tools', 400), BadRequestError, False),
        (
            wire.error("the input length exceeds the context length", 400),
            ContextLengthError,
            False,
        ),
        (wire.error("slow down", 429, retry_after="7"), RateLimitError, True),
        (wire.error("model runner has unexpectedly stopped", 500), OverloadedError, True),
        (wire.error("server busy, please try again", 503), OverloadedError, True),
        (Reply(b"<html>bad gateway", 502), OverloadedError, True),
        (Reply(b'["odd"]', 500), OverloadedError, True),
        (Reply(b"<html>no JSON here", 200), ConnectionError, True),
        (Reply(b'{"what": "is this"}', 200), ConnectionError, True),
    ],
)
@pytest.mark.parametrize("verb", ["invoke", "stream"])
def test_errors_of_the_server_are_errors_of_ours(
    scripted: ScriptedServer,
    chat: ChatOllama,
    run: Any,
    verb: str,
    reply: Reply,
    kind: type[ModelError],
    retryable: bool,
) -> None:
    scripted.answers(reply)
    with pytest.raises(ModelError, match="ChatOllama") as raised:
        getattr(run, verb)(chat, "Hi")
    assert type(raised.value) is kind
    assert raised.value.retryable is retryable
    assert raised.value.partial is None
    assert type(raised.value.__cause__).__module__.startswith(("ollama", "json", "builtins"))
    if kind is RateLimitError:
        assert raised.value.retry_after == 7


def test_an_error_in_mid_stream_has_what_had_come(
    scripted: ScriptedServer, chat: ChatOllama, run: Any
) -> None:
    scripted.answers(wire.lines(*wire.PLAIN[:-1], b'{"error": "the model broke down"}\n'))
    with pytest.raises(OverloadedError, match="broke down") as raised:
        run.stream(chat, "Hi")
    assert raised.value.partial.content == "Goldfish é🐟."


@pytest.mark.parametrize(
    "broken", [b"\n[1]\n", b"<html>\n", b'{"message": 5}\n', b'{"done": true}']
)
def test_what_is_no_line_of_the_api_is_a_connection_error(
    scripted: ScriptedServer, chat: ChatOllama, run: Any, broken: bytes
) -> None:
    scripted.answers(wire.lines(*wire.PLAIN[:-1], broken))
    with pytest.raises(ConnectionError, match="ChatOllama") as raised:
        run.stream(chat, "Hi")
    assert raised.value.partial.content == "Goldfish é🐟."


def test_a_last_line_without_its_end_counts(
    scripted: ScriptedServer, chat: ChatOllama, run: Any
) -> None:
    scripted.answers(wire.lines(*wire.PLAIN[:-1], wire.PLAIN[-1].rstrip()))
    assert run.stream(chat, "Hi")[-1].chunk_position == "last"


def test_what_passes_is_tried_again_until_the_first_chunk(
    scripted: ScriptedServer, run: Any
) -> None:
    chat = ChatOllama(model="llama-x", base_url=scripted.url, max_retries=1)
    scripted.answers(wire.error("busy", 503, retry_after="0"), wire.lines(*wire.PLAIN))
    assert len(run.stream(chat, "Hi")) == 4
    scripted.answers(wire.lines(*wire.PLAIN[:-1]))
    with pytest.raises(ConnectionError):
        run.stream(chat, "Hi")
    assert len(scripted.requests) == 3


@pytest.mark.parametrize("verb", ["invoke", "stream"])
def test_a_stalled_answer_times_out(scripted: ScriptedServer, run: Any, verb: str) -> None:
    chat = ChatOllama(model="llama-x", base_url=scripted.url, max_retries=0, timeout=1.0)
    scripted.answers(wire.lines(*wire.PLAIN[:-1], end="stall"))
    with pytest.raises(TimeoutError) as raised:
        getattr(run, verb)(chat, "Hi")
    if verb == "stream":
        assert raised.value.partial.content == "Goldfish é🐟."
    assert scripted.requests[0].left.wait(10)


def test_nobody_is_there(run: Any) -> None:
    chat = ChatOllama(model="llama-x", base_url="http://127.0.0.1:9", max_retries=0)
    with pytest.raises(ConnectionError, match="ChatOllama"):
        run.invoke(chat, "Hi")


# A stream that breaks, at every byte.


SHORT = [
    wire.said(thinking="é"),
    wire.said("Yes"),
    wire.said("🐟"),
    b'{"message":{},"done":true}\n',
]


@cut_at_any_byte
def test_a_stream_that_is_cut_at_any_byte_is_an_error_or_whole(
    scripted: ScriptedServer, chat: ChatOllama, how: str, framing: Any, step: int
) -> None:
    reply = wire.lines(*SHORT, framing=framing)
    check_cut_at_any_byte(scripted, chat, reply, how=how, step=step, says="Yes🐟")
