"""ChatOpenAI and what the real server cannot show, played byte for byte by the scripted one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from chunks import summed
from cut_streams import check_cut_at_any_byte, cut_at_any_byte

import openai_wire as wire
from levada.chat_models import ChatOpenAI
from levada.errors import (
    AuthenticationError,
    BadRequestError,
    ConnectionError,
    ContentFilterError,
    ContextLengthError,
    ModelError,
    OverloadedError,
    RateLimitError,
    TimeoutError,
)
from levada.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from scripted_server import Reply, ScriptedServer, sse

USED = {
    "input_tokens": 20,
    "output_tokens": 3,
    "total_tokens": 23,
    "output_token_details": {"reasoning": 2},
}


@pytest.fixture
def chat(scripted: ScriptedServer) -> Iterator[ChatOpenAI]:
    """Give a model at the scripted server that tries once, by chat completions."""
    with ChatOpenAI(model="gpt-x", base_url=scripted.url, api_key="k", max_retries=0) as chat:
        yield chat


@pytest.fixture
def responses(chat: ChatOpenAI) -> ChatOpenAI:
    """Give one that uses the Responses API."""
    return chat.model_copy(update={"use_responses_api": True})


def weather(city: str) -> str:
    """Tell the weather."""
    return city


def clock() -> str:
    """Tell the time."""
    return "noon"


class Watch:
    """An observer: while somebody watches, an answer is streamed."""

    def on_event(self, event: Any) -> None:
        pass


def json_of(value: Any) -> Reply:
    return Reply(json.dumps(value).encode())


# Chat completions.


def test_text_comes_as_text_and_the_last_chunk_says_the_rest(
    scripted: ScriptedServer, chat: ChatOpenAI, run: Any
) -> None:
    scripted.answers(sse(*wire.PLAIN))
    *pieces, last = run.stream(chat, "Hi")
    assert [piece.content for piece in pieces] == ["Gold", "fish é", "🐟."]
    assert {piece.id for piece in [*pieces, last]} == {"chatcmpl-1"}
    assert (last.content, last.chunk_position) == ("", "last")
    assert last.response_metadata["finish_reason"] == "stop"
    assert last.response_metadata["model_name"] == wire.MODEL
    assert last.response_metadata["system_fingerprint"] == "fp_1"
    assert last.usage_metadata == {
        **USED,
        "input_token_details": {"cache_read": 4, "audio": 0},
    }
    request = scripted.requests[0]
    assert request.path == "/chat/completions"
    assert request.json == {
        "model": "gpt-x",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_thoughts_of_other_servers_are_reasoning(
    scripted: ScriptedServer, chat: ChatOpenAI, run: Any
) -> None:
    scripted.answers(sse(*wire.THOUGHT))
    total = summed(run.stream(chat, "Hi"))
    assert total.content == "They swim."
    assert total.content_blocks[0] == {"type": "reasoning", "reasoning": "Fish swim."}


@pytest.mark.parametrize("watched", [False, True])
def test_parallel_tool_calls_are_the_same_whole_and_streamed(
    scripted: ScriptedServer, chat: ChatOpenAI, run: Any, watched: bool
) -> None:
    functions = [
        {"id": "call_1", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}},
        {"id": "call_2", "function": {"name": "clock", "arguments": "{}"}},
    ]
    whole = json_of(wire.completion({"tool_calls": functions}, "tool_calls"))
    scripted.answers(sse(*wire.PARALLEL_TOOLS) if watched else whole)
    config = {"callbacks": [Watch()]} if watched else {}
    answer = run.invoke(chat.bind_tools([weather, clock]), "Hi", config)
    assert type(answer) is AIMessage
    assert [(call["id"], call["name"], call["args"]) for call in answer.tool_calls] == [
        ("call_1", "weather", {"city": "Oslo"}),
        ("call_2", "clock", {}),
    ]
    assert answer.response_metadata["finish_reason"] == "tool_calls"
    assert answer.content == ""


def test_refusals_sources_and_likelihoods_stand_beside_the_text(
    scripted: ScriptedServer, chat: ChatOpenAI, run: Any
) -> None:
    scripted.answers(*(sse(*t) for t in (wire.REFUSED, wire.CITED, wire.LIKELY)))
    refused, cited, likely = (summed(run.stream(chat, "Hi")) for _ in range(3))
    assert (refused.text, refused.additional_kwargs) == ("", {"refusal": "I won't."})
    assert cited.additional_kwargs == {"annotations": [wire.URL_CITATION]}
    told = likely.response_metadata["logprobs"]
    assert told == {"content": [wire.likely("Yes"), wire.likely(".")]}


def test_a_conversation_is_written_as_the_api_takes_it(
    scripted: ScriptedServer, chat: ChatOpenAI, run: Any
) -> None:
    scripted.answers(json_of(wire.completion({"content": "Hi"})))
    call = {"name": "weather", "args": {"city": "Oslo"}, "id": "call_1"}
    broken = {"name": "clock", "args": "{no", "id": "call_2", "error": None}
    picture = {"type": "image", "base64": "aGk=", "mime_type": "image/png"}
    thought = [{"type": "reasoning", "reasoning": "Hm."}, {"type": "text", "text": "Well."}]
    said = [
        SystemMessage("Be brief."),
        HumanMessage(["Look", picture]),
        AIMessage(thought, tool_calls=[call], invalid_tool_calls=[broken]),
        ToolMessage("sunny", tool_call_id="call_1", name="weather"),
    ]
    run.invoke(chat, said)
    system, user, assistant, tool = scripted.requests[0].json["messages"]
    assert system == {"role": "system", "content": "Be brief."}
    assert user["content"][1]["image_url"] == {"url": "data:image/png;base64,aGk="}
    assert assistant["content"] == "Well."
    assert [c["function"] for c in assistant["tool_calls"]] == [
        {"name": "weather", "arguments": '{"city": "Oslo"}'},
        {"name": "clock", "arguments": "{no"},
    ]
    assert tool == {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}


def test_usage_that_counts_up_and_strange_chunks_do_no_harm(
    scripted: ScriptedServer, chat: ChatOpenAI, run: Any
) -> None:
    """As of Azure, vLLM and others: filters first, usage in each, empty and second choices."""
    usage = {"prompt_tokens": 1, "completion_tokens": 9}
    scripted.answers(
        sse(
            wire.bare_chunk(id="", prompt_filter_results=[{}]),
            b": a comment\n\n",
            wire.bare_chunk(choices=[{"index": 1, "delta": {"content": "No"}}]),
            wire.bare_chunk(choices=[{"index": 0, "delta": None}]),
            wire.chunk({"content": "Yes", "tool_calls": None, "reasoning_content": None}),
            wire.bare_chunk(
                choices=[{"index": 0, "delta": {}, "finish_reason": "length"}], usage=usage
            ),
        )
    )
    total = summed(run.stream(chat, "Hi"))
    assert total.text == "Yes"
    assert total.response_metadata["finish_reason"] == "length"
    assert total.usage_metadata == {"input_tokens": 1, "output_tokens": 9, "total_tokens": 10}


# The Responses API.


@pytest.mark.parametrize(
    ("transcript", "items"),
    [
        (wire.RESPONSES_PLAIN, [wire.FISH]),
        (wire.RESPONSES_THOUGHT, [wire.SEALED, wire.SWIM]),
        (wire.RESPONSES_TOOLS, [wire.LOOK, *wire.CALLS]),
        (wire.RESPONSES_SEARCHED, [wire.SEARCH, wire.FOUND]),
        (wire.RESPONSES_REFUSED, [wire.REFUSAL]),
    ],
    ids=["plain", "thought", "tools", "searched", "refused"],
)
def test_a_response_is_the_same_whole_and_streamed_and_goes_back_as_it_came(
    scripted: ScriptedServer, responses: ChatOpenAI, run: Any, transcript: Any, items: Any
) -> None:
    again = json_of(wire.response([]))
    scripted.answers(json_of(wire.response(items)), sse(*transcript), again)
    whole = run.invoke(responses, "Hi")
    streamed = run.invoke(responses, "Hi", {"callbacks": [Watch()]})
    assert [request.json.get("stream") for request in scripted.requests] == [None, True]
    assert streamed == whole
    assert whole.id == "resp_1"
    assert whole.usage_metadata == {**USED, "input_token_details": {"cache_read": 4}}
    run.invoke(responses, [HumanMessage("Hi"), streamed, HumanMessage("Go on")])
    sent = scripted.requests[-1].json["input"]
    assert sent[0] == {"role": "user", "content": "Hi"}
    assert [shape(item) for item in sent[1:-1]] == [shape(item) for item in items]


def shape(item: dict[str, Any]) -> dict[str, Any]:
    """Give what an item says, without what the API adds to it."""
    kept = {
        k: v for k, v in item.items() if k != "status" and not (k == "id" and "content" in item)
    }
    if item["type"] == "web_search_call":
        return item
    if "content" in kept:
        kept["content"] = [
            {k: v for k, v in part.items() if k != "logprobs"} for part in kept["content"]
        ]
    return kept


def test_thoughts_calls_and_sources_are_standard_blocks(
    scripted: ScriptedServer, responses: ChatOpenAI, run: Any
) -> None:
    transcripts = (wire.RESPONSES_THOUGHT, wire.RESPONSES_TOOLS, wire.RESPONSES_SEARCHED)
    scripted.answers(*(sse(*transcript) for transcript in transcripts))
    thought, called, searched = (summed(run.stream(responses, "Hi")) for _ in transcripts)
    first, second, text = thought.content_blocks
    assert (first["reasoning"], second["reasoning"], text["text"]) == (
        *("Fish swim.", "Still.", "They swim."),
    )
    assert second["extras"] == {"encrypted_content": "aGlkZGVu"}
    assert [block["type"] for block in called.content_blocks] == ["text", "tool_call", "tool_call"]
    assert [call["args"] for call in called.tool_calls] == [{"city": "Oslo"}, {}]
    assert called.response_metadata["finish_reason"] == "tool_calls"
    search, result, found = searched.content_blocks
    assert (search["type"], search["name"], search["args"]["query"]) == (
        *("server_tool_call", "web_search", "fish"),
    )
    assert (result["type"], result["status"]) == ("server_tool_result", "success")
    assert [citation["title"] for citation in found["annotations"]] == ["Fish", "fish.pdf"]
    assert searched.tool_calls == []


def test_thoughts_that_are_not_stored_go_back_only_if_sealed(
    scripted: ScriptedServer, responses: ChatOpenAI
) -> None:
    scripted.answers(json_of(wire.response([wire.reasoning("Hm."), wire.SEALED, *wire.CALLS])))
    answer = responses.invoke("Hi")
    scripted.always_answers(json_of(wire.response([])))
    responses.invoke([HumanMessage("Hi"), answer], store=False)
    _, thought, *calls = scripted.requests[-1].json["input"]
    assert thought["encrypted_content"] == "aGlkZGVu"
    assert [call["call_id"] for call in calls] == ["call_1", "call_2"]
    assert all("id" not in call for call in calls)


def test_an_answer_that_was_cut_short_says_so(
    scripted: ScriptedServer, responses: ChatOpenAI, run: Any
) -> None:
    cut = wire.response(
        [wire.FISH], status="incomplete", incomplete_details={"reason": "max_output_tokens"}
    )
    ends = wire.said("response.incomplete", response=cut)
    # In async, a server that does not close the stream after it is not waited for.
    end: Any = "whole" if run.sync else "stall"
    scripted.answers(json_of(cut), sse(*wire.RESPONSES_PLAIN[:-1], ends, end=end))
    for answer in (run.invoke(responses, "Hi"), summed(run.stream(responses, "Hi"))):
        assert answer.text == "Goldfish é🐟."
        assert answer.response_metadata["finish_reason"] == "length"


def test_a_request_goes_to_the_api_that_it_needs(
    scripted: ScriptedServer, chat: ChatOpenAI, run: Any
) -> None:
    scripted.always_answers(json_of(wire.response([])))
    searching = chat.bind_tools([weather, {"type": "web_search"}], tool_choice="web_search")
    run.invoke(searching, "Hi", max_tokens=5, reasoning_effort="low", verbosity="low")
    remembering = chat.model_copy(update={"use_previous_response_id": True})
    old = AIMessage("Hm.", response_metadata={"id": "resp_0"})
    run.invoke(remembering, [HumanMessage("Hi"), old, HumanMessage("Go on")])
    one, two = scripted.requests
    assert {one.path, two.path} == {"/responses"}
    assert [tool["type"] for tool in one.json["tools"]] == ["web_search"]
    assert one.json["tool_choice"] == {"type": "web_search"}
    assert one.json["max_output_tokens"] == 5
    assert one.json["reasoning"] == {"effort": "low"}
    assert one.json["text"] == {"verbosity": "low"}
    assert two.json["previous_response_id"] == "resp_0"
    assert two.json["input"] == [{"role": "user", "content": "Go on"}]


# What OpenAI itself is told, and other servers are not.


@pytest.mark.parametrize("is_openai", [True, False])
@pytest.mark.parametrize(
    ("choice", "shown", "sent"),
    [
        ("none", [], "none"),
        ("clock", ["clock"], {"type": "function", "function": {"name": "clock"}}),
        ("any", ["weather", "clock"], "required"),
        (None, ["weather", "clock"], None),
    ],
)
def test_a_choice_among_tools(
    scripted: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    chat: ChatOpenAI,
    run: Any,
    is_openai: bool,
    choice: Any,
    shown: list[str],
    sent: Any,
) -> None:
    monkeypatch.setattr(ChatOpenAI, "_is_openai", lambda self: is_openai)
    scripted.answers(json_of(wire.completion({"content": "Hi"})))
    run.invoke(chat.bind_tools([weather, clock], tool_choice=choice), "Hi", max_tokens=5)
    body = scripted.requests[0].json
    names = [tool["function"]["name"] for tool in body.get("tools", [])]
    assert names == (["weather", "clock"] if is_openai else shown)
    assert body.get("tool_choice") == (sent if is_openai or shown else None)
    assert body["max_completion_tokens" if is_openai else "max_tokens"] == 5


@pytest.mark.parametrize(
    ("url", "is_openai"),
    [
        (None, True),
        ("https://api.openai.com/v1", True),
        ("https://eu.api.openai.com/v1", True),
        ("http://localhost:8080/v1", False),
        ("https://notapi.openai.com.example/v1", False),
    ],
)
def test_who_is_openai(url: str | None, is_openai: bool) -> None:
    assert ChatOpenAI(model="x", base_url=url)._is_openai() is is_openai


def test_fields_and_options_of_a_call_are_fields_of_the_request(
    scripted: ScriptedServer, run: Any
) -> None:
    scripted.answers(json_of(wire.completion({"content": "Hi"})))
    chat = ChatOpenAI(
        model="gpt-x",
        base_url=scripted.url,
        temperature=0.5,
        stop=["one"],
        logit_bias={5: 1},
        stream_usage=False,
        model_kwargs={"newest": 1},
        extra_body={"top_k": 3},
        default_query={"a": "b"},
        default_headers={"x-mine": "yes"},
    )
    run.invoke(chat, "Hi", stop=["two"], seed=7, newest=2, extra_headers={"x-call": "yes"})
    (request,) = scripted.requests
    assert request.path == "/chat/completions?a=b"
    assert request.headers["x-mine"] == request.headers["x-call"] == "yes"
    assert request.json == {
        "model": "gpt-x",
        "messages": [{"role": "user", "content": "Hi"}],
        "temperature": 0.5,
        "stop": ["two"],
        "logit_bias": {"5": 1},
        "seed": 7,
        "newest": 2,
        "top_k": 3,
    }


# What goes wrong.


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize(
    ("reply", "kind", "retryable"),
    [
        (wire.error("no such key", 401, "invalid_api_key"), AuthenticationError, False),
        (wire.error("not yours", 403), AuthenticationError, False),
        (wire.error("no such model", 404, "model_not_found"), BadRequestError, False),
        (wire.error("too long", 400, "context_length_exceeded"), ContextLengthError, False),
        (wire.error("filtered", 400, "content_filter"), ContentFilterError, False),
        (wire.error("slow down", 429, retry_after="7"), RateLimitError, True),
        (wire.error("pay", 429, "insufficient_quota", retry_after="7"), RateLimitError, False),
        (wire.error("oops", 500, "server_error"), OverloadedError, True),
        (wire.error("no", 500, x_should_retry="false"), OverloadedError, False),
        (Reply(b"<html>bad gateway", 502), OverloadedError, True),
        (Reply(b'{"detail": "not so"}', 422), BadRequestError, False),
        (wire.error("upstream is down", 200, 502), OverloadedError, True),
    ],
)
def test_errors_of_the_api_are_errors_of_ours(
    scripted: ScriptedServer,
    chat: ChatOpenAI,
    run: Any,
    api: str,
    reply: Reply,
    kind: type[ModelError],
    retryable: bool,
) -> None:
    chat.use_responses_api = api == "responses"
    scripted.answers(reply)
    with pytest.raises(ModelError) as raised:
        run.invoke(chat, "Hi")
    assert type(raised.value) is kind
    assert raised.value.retryable is retryable
    assert raised.value.partial is None
    if reply.status == 429:
        assert raised.value.retry_after == 7
    assert type(raised.value.__cause__).__module__ == "openai"


@pytest.mark.parametrize("reply", [Reply(b"<html>"), Reply(b'{"what": "is this"}'), Reply(b"[]")])
@pytest.mark.parametrize("api", ["chat", "responses"])
def test_an_answer_that_is_none_is_an_error(
    scripted: ScriptedServer, chat: ChatOpenAI, run: Any, api: str, reply: Reply
) -> None:
    chat.use_responses_api = api == "responses"
    scripted.answers(reply, reply)
    for verb in (run.invoke, run.stream):
        with pytest.raises(ConnectionError):
            verb(chat, "Hi")


FAILED = {"code": "rate_limit_exceeded", "message": "Too much"}


@pytest.mark.parametrize(
    ("api", "event", "kind"),
    [
        ("chat", wire.bare_chunk(error={"message": "Too much", "code": 429}), RateLimitError),
        ("chat", wire.bare_chunk(error={"message": "Too much", "type": "x"}), OverloadedError),
        ("chat", wire.bare_chunk(error="Too much"), OverloadedError),
        (
            "chat",
            wire.bare_chunk(
                choices=[{"index": 0, "delta": {}, "finish_reason": "error"}],
                error={"code": "server_error", "message": "Too much"},
            ),
            OverloadedError,
        ),
        ("responses", wire.said("error", **FAILED), RateLimitError),
        (
            "responses",
            wire.said("response.failed", response=wire.response(status="failed", error=FAILED)),
            RateLimitError,
        ),
        (
            "responses",
            wire.said("error", code="invalid_prompt", message="Too much"),
            ContentFilterError,
        ),
    ],
)
def test_an_error_in_mid_stream_brings_what_had_come(
    scripted: ScriptedServer,
    chat: ChatOpenAI,
    run: Any,
    api: str,
    event: bytes,
    kind: type[ModelError],
) -> None:
    chat.use_responses_api = api == "responses"
    begun = wire.RESPONSES_PLAIN[:-1] if api == "responses" else wire.PLAIN[:-3]
    scripted.answers(sse(*begun, event))
    with pytest.raises(kind, match="Too much") as raised:
        run.stream(chat, "Hi")
    assert raised.value.partial.text == "Goldfish é🐟."
    assert type(raised.value.__cause__).__name__ == "APIError"


@pytest.mark.parametrize(
    "broken",
    [b"data: {no json\n\n", b"data: []\n\n", b"data: \xff\xfe\n\n", b'data: {"choices": [5]}\n\n'],
)
def test_an_event_that_is_not_of_the_api_is_an_error(
    scripted: ScriptedServer, chat: ChatOpenAI, run: Any, broken: bytes
) -> None:
    scripted.answers(sse(*wire.PLAIN[:-3], broken, *wire.PLAIN[-3:]))
    with pytest.raises(ConnectionError, match="does not send") as raised:
        run.stream(chat, "Hi")
    assert raised.value.partial.text == "Goldfish é🐟."


def test_what_passes_is_tried_again_until_the_first_chunk(
    scripted: ScriptedServer, run: Any
) -> None:
    chat = ChatOpenAI(model="x", base_url=scripted.url, max_retries=1)
    scripted.answers(wire.error("busy", 503, retry_after="0"), sse(*wire.PLAIN))
    assert len(run.stream(chat, "Hi")) == 4
    scripted.answers(sse(*wire.PLAIN[:-3]))
    with pytest.raises(ConnectionError, match="broke off"):
        run.stream(chat, "Hi")
    assert len(scripted.requests) == 3


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_stalled_stream_times_out(
    scripted: ScriptedServer, chat: ChatOpenAI, run: Any, api: str
) -> None:
    slow = chat.model_copy(update={"timeout": 1.0, "use_responses_api": api == "responses"})
    begun = wire.RESPONSES_PLAIN[:-1] if api == "responses" else wire.PLAIN[:-3]
    scripted.answers(sse(*begun, end="stall"))
    with pytest.raises(TimeoutError) as raised:
        run.stream(slow, "Hi")
    assert raised.value.partial.text == "Goldfish é🐟."
    assert scripted.requests[0].left.wait(10)


def test_nobody_is_there(run: Any) -> None:
    chat = ChatOpenAI(model="x", base_url="http://127.0.0.1:9", max_retries=0)
    with pytest.raises(ConnectionError, match="ChatOpenAI"):
        run.invoke(chat, "Hi")


# A stream that breaks, at every byte.

SHORT = [*wire.words("Yes", "🐟"), wire.chunk(finish_reason="stop"), wire.DONE]
PLACE = {"item_id": "msg_1", "content_index": 0}
SHORT_RESPONSE = [
    *(wire.said("response.output_text.delta", **PLACE, delta=piece) for piece in ("Yes", "🐟")),
    wire.said("response.completed", response={"id": "r", "status": "completed", "output": []}),
]


@cut_at_any_byte
@pytest.mark.parametrize("api", ["chat", "responses"])
def test_a_stream_that_is_cut_at_any_byte_is_an_error_or_whole(
    scripted: ScriptedServer, chat: ChatOpenAI, api: str, how: str, framing: Any, step: int
) -> None:
    chat.use_responses_api = api == "responses"
    reply = sse(*(SHORT_RESPONSE if api == "responses" else SHORT), framing=framing)
    check_cut_at_any_byte(scripted, chat, reply, how=how, step=step, says="Yes🐟")
