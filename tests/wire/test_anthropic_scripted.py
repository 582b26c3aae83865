"""ChatAnthropic and what the real server cannot show, played byte for byte by the scripted one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from chunks import summed
from cut_streams import check_cut_at_any_byte, cut_at_any_byte
from pydantic import BaseModel

import anthropic_wire as wire
from levada.chat_models import ChatAnthropic
from levada.errors import (
    AuthenticationError,
    BadRequestError,
    ConnectionError,
    ContextLengthError,
    ModelError,
    OverloadedError,
    RateLimitError,
    TimeoutError,
)
from levada.messages import AIMessage, HumanMessage, ToolMessage
from scripted_server import Reply, ScriptedServer, sse

WEATHER = {
    "type": "function",
    "function": {"name": "weather", "description": "", "parameters": {"type": "object"}},
}
THINKING = {"type": "enabled", "budget_tokens": 1024}


@pytest.fixture
def chat(scripted: ScriptedServer) -> Iterator[ChatAnthropic]:
    """Give a model at the scripted server that tries once."""
    with ChatAnthropic(model="claude-x", base_url=scripted.url, api_key="k", max_retries=0) as chat:
        yield chat


def asked_again(scripted: ScriptedServer, chat: ChatAnthropic, answer: AIMessage) -> list[Any]:
    """Give the blocks in which this answer goes back to the API."""
    scripted.answers(Reply(json.dumps(wire.message([])).encode()))
    chat.invoke([HumanMessage("Hi"), answer, HumanMessage("Go on")])
    content = scripted.requests[-1].json["messages"][1]["content"]
    assert isinstance(content, list)
    return content


# What comes.


def test_text_comes_as_text_and_the_last_chunk_says_the_rest(
    scripted: ScriptedServer, chat: ChatAnthropic, run: Any
) -> None:
    scripted.answers(sse(*wire.PLAIN))
    *pieces, last = run.stream(chat, "Hi")
    assert [piece.content for piece in pieces] == ["Gold", "fish é", "🐟."]
    assert {piece.id for piece in [*pieces, last]} == {"msg_1"}
    assert last.content == ""
    assert last.chunk_position == "last"
    assert last.response_metadata["stop_reason"] == "end_turn"
    assert last.response_metadata["model_name"] == "claude-x"
    assert last.usage_metadata == {
        "input_tokens": 20,
        "output_tokens": 3,
        "total_tokens": 23,
        "input_token_details": {"cache_read": 4, "cache_creation": 6},
    }


def test_thoughts_come_with_their_signature_and_go_back_with_it(
    scripted: ScriptedServer, chat: ChatAnthropic, run: Any
) -> None:
    scripted.answers(sse(*wire.THOUGHT))
    chunks = run.stream(chat, "Hi", thinking=THINKING)
    assert scripted.requests[0].json["thinking"] == THINKING
    total = summed(chunks)
    assert total.text == "They swim."
    assert [block["type"] for block in total.content_blocks] == [
        "reasoning",
        "non_standard",
        "text",
    ]
    assert total.content_blocks[0]["reasoning"] == "Fish swim."
    assert total.usage_metadata is not None
    assert total.usage_metadata["output_token_details"] == {"reasoning": 2}
    assert asked_again(scripted, chat, total) == [
        {"type": "thinking", "thinking": "Fish swim.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "aGlkZGVu"},
        {"type": "text", "text": "They swim."},
    ]


def test_parallel_tool_calls_come_in_fragments_by_their_index(
    scripted: ScriptedServer, chat: ChatAnthropic, run: Any
) -> None:
    scripted.answers(sse(*wire.PARALLEL_TOOLS))
    chunks = run.stream(chat, "Hi", tools=[WEATHER])
    fragments = [fragment for chunk in chunks for fragment in chunk.tool_call_chunks]
    assert [(f["index"], f["name"], f["args"]) for f in fragments] == [
        (1, "weather", ""),
        (1, None, ""),
        (1, None, '{"city": "Os'),
        (1, None, 'lo"}'),
        (2, "clock", ""),
        (2, None, ""),
    ]
    total = summed(chunks)
    assert [(call["id"], call["name"], call["args"]) for call in total.tool_calls] == [
        ("toolu_1", "weather", {"city": "Oslo"}),
        ("toolu_2", "clock", {}),
    ]
    assert total.response_metadata["stop_reason"] == "tool_use"
    assert asked_again(scripted, chat, total) == [
        {"type": "text", "text": "Let me look."},
        {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Oslo"}},
        {"type": "tool_use", "id": "toolu_2", "name": "clock", "input": {}},
    ]


def test_citations_stand_on_the_text_that_they_are_for(
    scripted: ScriptedServer, chat: ChatAnthropic, run: Any
) -> None:
    scripted.answers(sse(*wire.CITED))
    source = {"type": "text", "media_type": "text/plain", "data": "Fish swim."}
    document = {"type": "document", "source": source, "citations": {"enabled": True}}
    total = summed(run.stream(chat, [HumanMessage([document, "Do fish swim?"])]))
    assert total.text == "It is said that fish swim"
    first, second = total.content_blocks
    assert "annotations" not in first
    (citation,) = second["annotations"]
    assert citation["cited_text"] == "Fish swim."
    assert citation["title"] == "On fish"
    assert asked_again(scripted, chat, total) == [
        {"type": "text", "text": "It is said that "},
        {"type": "text", "text": "fish swim", "citations": [wire.CITATION]},
    ]


def test_tools_that_the_provider_runs_are_no_tool_calls(
    scripted: ScriptedServer, chat: ChatAnthropic, run: Any
) -> None:
    scripted.answers(sse(*wire.SEARCHED))
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 1}
    total = summed(run.stream(chat, "Hi", tools=[search]))
    assert scripted.requests[0].json["tools"] == [search]
    assert total.tool_calls == []
    assert total.text == "Found."
    call, result, _ = total.content_blocks
    assert call["type"] == "server_tool_call"
    assert call["args"] == {"query": "fish"}
    assert result["type"] == "server_tool_result"
    assert result["status"] == "success"
    usage = total.response_metadata["usage"]
    assert usage["server_tool_use"] == {"web_search_requests": 1}
    sent = asked_again(scripted, chat, total)
    assert sent[0] == {
        "type": "server_tool_use",
        "id": "srvtoolu_1",
        "name": "web_search",
        "input": {"query": "fish"},
    }
    assert sent[1]["content"][0]["encrypted_content"] == "ZW5j"


@pytest.mark.parametrize(
    ("transcript", "blocks"),
    [
        (wire.PLAIN, [{"type": "text", "text": "Goldfish é🐟."}]),
        (
            wire.PARALLEL_TOOLS,
            [
                {"type": "text", "text": "Let me look.", "citations": None},
                {**wire.call("tool_use", "toolu_1", "weather"), "input": {"city": "Oslo"}},
                {**wire.call("tool_use", "toolu_2", "clock"), "input": {}},
            ],
        ),
        (
            wire.THOUGHT,
            [
                {"type": "thinking", "thinking": "Fish swim.", "signature": "c2ln"},
                {"type": "redacted_thinking", "data": "aGlkZGVu"},
                {"type": "text", "text": "They swim."},
            ],
        ),
    ],
    ids=["plain", "tools", "thought"],
)
def test_an_answer_is_the_same_whole_and_watched(
    scripted: ScriptedServer, chat: ChatAnthropic, run: Any, transcript: Any, blocks: Any
) -> None:
    """While somebody watches, an answer is streamed, also when it is asked for at once."""
    body = json.dumps(wire.message(blocks)).encode()
    scripted.answers(Reply(body), sse(*transcript))

    class Watch:
        def on_event(self, event: Any) -> None:
            pass

    whole = run.invoke(chat, "Hi", tools=[WEATHER])
    watched = run.invoke(chat, "Hi", {"callbacks": [Watch()]}, tools=[WEATHER])
    assert [request.json.get("stream") for request in scripted.requests] == [None, True]
    assert type(watched) is AIMessage
    assert watched.content == whole.content
    assert watched.tool_calls == whole.tool_calls
    assert watched.id == whole.id == "msg_1"


def test_a_call_of_a_tool_is_answered_in_the_next_turn(
    scripted: ScriptedServer, chat: ChatAnthropic
) -> None:
    scripted.answers(sse(*wire.PARALLEL_TOOLS), sse(*wire.PLAIN))
    asked = HumanMessage("How is the weather?")
    calls = summed(list(chat.stream([asked], tools=[WEATHER])))
    results = [
        ToolMessage("12 degrees", tool_call_id="toolu_1"),
        ToolMessage("no clock", tool_call_id="toolu_2", status="error"),
    ]
    list(chat.stream([asked, calls, *results], tools=[WEATHER]))
    _, assistant, user = scripted.requests[1].json["messages"]
    assert assistant["role"] == "assistant"
    assert user == {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": "12 degrees"},
            {
                "type": "tool_result",
                "tool_use_id": "toolu_2",
                "content": "no clock",
                "is_error": True,
            },
        ],
    }


def test_tokens_are_counted_by_the_api(scripted: ScriptedServer, chat: ChatAnthropic) -> None:
    scripted.answers(Reply(b'{"input_tokens": 42}'))
    assert chat.get_num_tokens_from_messages([HumanMessage("Hi")], tools=[WEATHER]) == 42
    (request,) = scripted.requests
    assert request.path.startswith("/v1/messages/count_tokens")
    assert request.json["tools"][0]["name"] == "weather"


# What is asked.


def test_fields_and_options_of_a_call_are_fields_of_the_request(
    scripted: ScriptedServer, run: Any
) -> None:
    scripted.always_answers(sse(*wire.PLAIN))
    chat = ChatAnthropic(
        model="claude-x",
        base_url=scripted.url,
        api_key="sekrit",
        temperature=0.5,
        top_k=3,
        stop_sequences=["one"],
        effort="low",
        betas=["new-2026-01-01"],
        default_headers={"x-mine": "yes"},
        model_kwargs={"metadata": {"user_id": "u"}, "newest": 1},
    )
    run.stream(chat, "Hi", max_tokens=7, stop=["two"], service_tier="auto")
    (request,) = scripted.requests
    assert request.json == {
        "model": "claude-x",
        "max_tokens": 7,
        "messages": [{"role": "user", "content": "Hi"}],
        "metadata": {"user_id": "u"},
        "newest": 1,
        "output_config": {"effort": "low"},
        "service_tier": "auto",
        "stop_sequences": ["two"],
        "stream": True,
        "temperature": 0.5,
        "top_k": 3,
    }
    assert "sekrit" in request.headers.get("authorization", "") + request.headers.get(
        "x-api-key", ""
    )
    assert request.headers["anthropic-beta"] == "new-2026-01-01"
    assert request.headers["x-mine"] == "yes"


def test_bound_tools_are_sent_with_all_that_they_say(
    scripted: ScriptedServer, chat: ChatAnthropic, run: Any
) -> None:
    def clock(zone: str) -> str:
        """Tell the time."""
        return zone

    cached = {"name": "old", "input_schema": {"type": "object"}, "cache_control": {"type": "e"}}
    search = {"type": "web_search_20250305", "name": "web_search"}
    tools = [WEATHER, clock, cached, search]
    bound = chat.bind_tools(tools, tool_choice="any", parallel_tool_calls=False)
    scripted.answers(Reply(json.dumps(wire.message([])).encode()))
    run.invoke(bound, "Hi")
    request = scripted.requests[0].json
    assert [tool["name"] for tool in request["tools"]] == ["weather", "clock", "old", "web_search"]
    assert request["tools"][1]["description"] == "Tell the time."
    assert request["tools"][1]["input_schema"]["properties"]["zone"]["type"] == "string"
    assert request["tools"][2:] == [cached, search]
    assert request["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}


class Weather(BaseModel):
    """Where it is."""

    city: str


def test_a_value_is_asked_for_by_a_tool_and_grows(
    scripted: ScriptedServer, chat: ChatAnthropic, run: Any
) -> None:
    called = wire.json_of(0, wire.call("tool_use", "toolu_1", "Weather"), '{"city": "Os', 'lo"}')
    scripted.answers(sse(wire.started(), *called, wire.stopped("tool_use")))
    values = run.stream(chat.with_structured_output(Weather), "Hi")
    assert values[0] == Weather(city="Os")
    assert values[-1] == Weather(city="Oslo")
    request = scripted.requests[0].json
    assert request["tool_choice"] == {"type": "tool", "name": "Weather"}
    assert request["tools"][0]["description"] == "Where it is."


def test_a_model_that_thinks_is_asked_by_the_schema(
    scripted: ScriptedServer, chat: ChatAnthropic, run: Any
) -> None:
    """It may not be made to call a tool."""
    chat.thinking = THINKING
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
    body = wire.message([thought, {"type": "text", "text": '{"city": "Oslo"}'}])
    scripted.answers(Reply(json.dumps(body).encode()))
    assert run.invoke(chat.with_structured_output(Weather), "Hi") == Weather(city="Oslo")
    request = scripted.requests[0].json
    assert "tools" not in request
    assert request["output_config"]["format"]["schema"]["properties"]["city"]["type"] == "string"


def test_a_long_answer_is_streamed_although_it_is_asked_for_at_once(
    scripted: ScriptedServer, chat: ChatAnthropic, run: Any
) -> None:
    """The SDK refuses to wait for it otherwise."""
    scripted.answers(sse(*wire.PLAIN))
    answer = run.invoke(chat, "Hi", max_tokens=64_000)
    assert type(answer) is AIMessage
    assert answer.content == "Goldfish é🐟."
    assert scripted.requests[0].json["stream"] is True


# What goes wrong.


@pytest.mark.parametrize(
    ("reply", "kind", "retryable"),
    [
        (wire.error("authentication_error", "invalid x-api-key", 401), AuthenticationError, False),
        (wire.error("permission_error", "not yours", 403), AuthenticationError, False),
        (wire.error("not_found_error", "model: claude-y", 404), BadRequestError, False),
        (wire.error("invalid_request_error", "max_tokens: no", 400), BadRequestError, False),
        (
            wire.error(
                "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", 400
            ),
            ContextLengthError,
            False,
        ),
        (wire.error("rate_limit_error", "slow down", 429, retry_after="7"), RateLimitError, True),
        (wire.error("api_error", "oops", 500), OverloadedError, True),
        (wire.error("overloaded_error", "Overloaded", 529), OverloadedError, True),
        (wire.error("api_error", "no", 500, x_should_retry="false"), OverloadedError, False),
        (Reply(b"<html>bad gateway", 502), OverloadedError, True),
        (Reply(b"<html>no JSON here", 200), ConnectionError, True),
        (Reply(b'{"what": "is this"}', 200), ConnectionError, True),
    ],
)
@pytest.mark.parametrize("verb", ["invoke", "stream"])
def test_errors_of_the_api_are_errors_of_ours(
    scripted: ScriptedServer,
    chat: ChatAnthropic,
    run: Any,
    verb: str,
    reply: Reply,
    kind: type[ModelError],
    retryable: bool,
) -> None:
    scripted.answers(reply)
    with pytest.raises(ModelError) as raised:
        getattr(run, verb)(chat, "Hi")
    assert type(raised.value) is kind
    assert raised.value.retryable is retryable
    assert raised.value.partial is None
    if reply.status == 429:
        assert raised.value.retry_after == 7
    if reply.status != 200:
        assert type(raised.value.__cause__).__module__ == "anthropic"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("overloaded_error", OverloadedError),
        ("rate_limit_error", RateLimitError),
        ("invalid_request_error", BadRequestError),
        ("timeout_error", OverloadedError),
        ("an_error_to_come", OverloadedError),
    ],
)
def test_an_error_in_mid_stream_brings_what_had_come(
    scripted: ScriptedServer, chat: ChatAnthropic, run: Any, error: str, kind: type[ModelError]
) -> None:
    scripted.answers(sse(*wire.PLAIN[:-1], wire.error_event(error, "Too much")))
    with pytest.raises(kind, match="Too much") as raised:
        run.stream(chat, "Hi")
    assert raised.value.partial.content == "Goldfish é🐟."


@pytest.mark.parametrize(
    "broken",
    [
        b"event: content_block_delta\ndata: {no json\n\n",
        b"event: content_block_delta\ndata: []\n\n",
        wire.said("content_block_delta", index=0),
        wire.said("content_block_delta", index=0, delta={"type": "text_delta", "text": None}),
        b"event: content_block_delta\ndata: \xff\xfe\n\n",
    ],
)
def test_an_event_that_is_not_of_the_api_is_an_error(
    scripted: ScriptedServer, chat: ChatAnthropic, run: Any, broken: bytes
) -> None:
    scripted.answers(sse(*wire.PLAIN[:-1], broken, wire.stopped()))
    with pytest.raises(ConnectionError) as raised:
        run.stream(chat, "Hi")
    assert raised.value.partial.content == "Goldfish é🐟."


def test_what_passes_is_tried_again_until_the_first_chunk(
    scripted: ScriptedServer, run: Any
) -> None:
    chat = ChatAnthropic(model="claude-x", base_url=scripted.url, api_key="k", max_retries=1)
    overloaded = wire.error("overloaded_error", "Overloaded", 529, retry_after="0")
    scripted.answers(overloaded, sse(*wire.PLAIN))
    assert len(run.stream(chat, "Hi")) == 4
    scripted.answers(sse(*wire.PLAIN[:-1]))
    with pytest.raises(ConnectionError):
        run.stream(chat, "Hi")
    assert len(scripted.requests) == 3


def test_a_stalled_stream_times_out(scripted: ScriptedServer, run: Any) -> None:
    chat = ChatAnthropic(
        model="claude-x", base_url=scripted.url, api_key="k", max_retries=0, timeout=1.0
    )
    scripted.answers(sse(*wire.PLAIN[:-1], end="stall"))
    with pytest.raises(TimeoutError) as raised:
        run.stream(chat, "Hi")
    assert raised.value.partial.content == "Goldfish é🐟."
    assert scripted.requests[0].left.wait(10)


def test_nobody_is_there(scripted: ScriptedServer, run: Any) -> None:
    chat = ChatAnthropic(
        model="claude-x", base_url="http://127.0.0.1:9", api_key="k", max_retries=0
    )
    with pytest.raises(ConnectionError, match="ChatAnthropic"):
        run.invoke(chat, "Hi")


# A stream that breaks, at every byte.

SHORT = [
    wire.said("message_start", message={"id": "m", "usage": {}}),
    *wire.block(
        0,
        {"type": "thinking", "thinking": ""},
        {"type": "thinking_delta", "thinking": "é"},
    ),
    *wire.text(1, "Yes", "🐟"),
    wire.said("message_stop"),
]


@cut_at_any_byte
def test_a_stream_that_is_cut_at_any_byte_is_an_error_or_whole(
    scripted: ScriptedServer, how: str, framing: Any, step: int
) -> None:
    chat = ChatAnthropic(
        model="claude-x", base_url=scripted.url, api_key="k", max_retries=0, thinking=THINKING
    )
    reply = sse(*SHORT, framing=framing)
    check_cut_at_any_byte(scripted, chat, reply, how=how, step=step, says="Yes🐟")
