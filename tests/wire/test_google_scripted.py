"""ChatGoogle and the wire of generateContent, played byte for byte by the scripted server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from chunks import summed
from cut_streams import check_cut_at_any_byte, cut_at_any_byte
from pydantic import BaseModel

import google_wire as wire
from levada.chat_models import ChatGoogle, init_chat_model
from levada.errors import (
    AuthenticationError,
    BadRequestError,
    CompositionError,
    ConnectionError,
    ContentFilterError,
    ContextLengthError,
    ModelError,
    OverloadedError,
    RateLimitError,
    TimeoutError,
)
from levada.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from scripted_server import Reply, ScriptedServer


@pytest.fixture
def chat(scripted: ScriptedServer) -> Iterator[ChatGoogle]:
    """Give a model at the scripted server that tries once."""
    with ChatGoogle(model="gemini-x", base_url=scripted.url, api_key="k", max_retries=0) as chat:
        yield chat


def whole(*parts: dict[str, Any], **more: Any) -> Reply:
    return Reply(json.dumps(wire.whole(*parts, **more)).encode())


def asked_again(scripted: ScriptedServer, chat: ChatGoogle, *messages: Any) -> list[Any]:
    """Give the turns in which these messages go back to the API."""
    scripted.answers(whole(wire.text("Yes")))
    chat.invoke([HumanMessage("Hi"), *messages])
    contents = scripted.requests[-1].json["contents"]
    assert isinstance(contents, list)
    return contents[1:]


# What comes.


def test_text_comes_as_text_and_the_last_chunk_says_the_rest(
    scripted: ScriptedServer, chat: ChatGoogle, run: Any
) -> None:
    scripted.answers(wire.stream(*wire.PLAIN))
    *pieces, last = run.stream(chat, "Hi")
    assert [piece.content for piece in pieces] == ["Gold", "fish é", "🐟."]
    assert {piece.id for piece in [*pieces, last]} == {"resp_1"}
    assert (last.content, last.chunk_position) == ("", "last")
    assert last.response_metadata == {
        "model_provider": "google_genai",
        "model_name": "gemini-x-001",
        "response_id": "resp_1",
        "finish_reason": "STOP",
    }
    assert last.usage_metadata == {
        "input_tokens": 10,
        "output_tokens": 3,
        "total_tokens": 13,
        "input_token_details": {"cache_read": 4},
    }


def test_thoughts_stand_apart_and_the_signature_goes_back(
    scripted: ScriptedServer, chat: ChatGoogle, run: Any
) -> None:
    scripted.answers(wire.stream(*wire.THOUGHT))
    total = summed(run.stream(chat, "Hi", thinking_budget=100, include_thoughts=True))
    config = scripted.requests[0].json["generationConfig"]
    assert config == {"thinkingConfig": {"thinkingBudget": 100, "includeThoughts": True}}
    assert total.content == "They swim."
    assert total.content_blocks[0]["reasoning"] == "Fish swim."
    assert total.usage_metadata is not None
    assert total.usage_metadata["output_tokens"] == 8
    assert total.usage_metadata["output_token_details"] == {"reasoning": 5}
    assert asked_again(scripted, chat, total, HumanMessage("Go on"))[0] == {
        "role": "model",
        "parts": [{"text": "They swim.", "thoughtSignature": "c2ln"}],
    }


def test_parallel_calls_keep_their_signatures_and_are_answered_in_one_turn(
    scripted: ScriptedServer, chat: ChatGoogle, run: Any
) -> None:
    scripted.answers(wire.stream(*wire.TOOLS))
    total = summed(run.stream(chat, "Hi"))
    assert [(call["id"], call["name"], call["args"]) for call in total.tool_calls] == [
        ("fc_1", "weather", {"city": "Oslo"}),
        ("fc_2", "clock", {}),
    ]
    results = [
        ToolMessage("12 degrees", tool_call_id="fc_1"),
        ToolMessage("no clock", tool_call_id="fc_2", status="error"),
    ]
    model, user = asked_again(scripted, chat, total, *results)
    assert model["parts"] == [
        wire.text("Let me look."),
        wire.call("weather", {"city": "Oslo"}, "fc_1", thoughtSignature="c2ln"),
        wire.call("clock", {}, "fc_2"),
    ]
    assert user == {
        "role": "user",
        "parts": [
            {
                "functionResponse": {
                    "id": "fc_1",
                    "name": "weather",
                    "response": {"output": "12 degrees"},
                }
            },
            {
                "functionResponse": {
                    "id": "fc_2",
                    "name": "clock",
                    "response": {"error": "no clock"},
                }
            },
        ],
    }


def test_calls_without_an_id_get_one_that_is_not_sent(
    scripted: ScriptedServer, chat: ChatGoogle, run: Any
) -> None:
    """Vertex AI gives none, and takes none."""
    scripted.answers(whole(wire.call("clock", {"n": 0}), wire.call("clock", {"n": 1})))
    answer = run.invoke(chat, "Hi")
    ids = [call["id"] for call in answer.tool_calls]
    assert len({*ids}) == 2
    model, user = asked_again(scripted, chat, answer, ToolMessage("noon", tool_call_id=ids[1]))
    assert model["parts"] == [wire.call("clock", {"n": 0}), wire.call("clock", {"n": 1})]
    assert user["parts"] == [
        {"functionResponse": {"name": "clock", "response": {"output": "noon"}}}
    ]


def test_code_that_the_model_runs_and_pictures_are_blocks(
    scripted: ScriptedServer, chat: ChatGoogle, run: Any
) -> None:
    parts: list[dict[str, Any]] = [
        wire.text("I count. "),
        {"executableCode": {"language": "PYTHON", "code": "print(2)"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2\n"}},
        wire.text("It is 2. "),
        {"inlineData": {"mimeType": "image/png", "data": "QUJD"}},
        wire.text("So."),
    ]
    pieces = [wire.piece(part) for part in parts]
    scripted.answers(wire.stream(*pieces, wire.piece(reason="STOP")), whole(*parts))
    streamed = summed(run.stream(chat, "Hi", tools=[{"code_execution": {}}]))
    assert scripted.requests[0].json["tools"] == [{"codeExecution": {}}]
    for message in (streamed, run.invoke(chat, "Hi")):
        assert message.text == "I count. It is 2. So."
        assert [block["type"] for block in message.content_blocks] == [
            "text",
            "server_tool_call",
            "server_tool_result",
            "text",
            "image",
            "text",
        ]
        call, result = message.content_blocks[1:3]
        assert call["args"] == {"language": "PYTHON", "code": "print(2)"}
        assert result["output"] == "2\n"
        assert asked_again(scripted, chat, message, HumanMessage("Go on"))[0]["parts"] == parts


def test_how_likely_the_tokens_were_adds_up(
    scripted: ScriptedServer, chat: ChatGoogle, run: Any
) -> None:
    def likely(token: str) -> dict[str, Any]:
        one = {"token": token, "tokenId": 1, "logProbability": -0.5}
        return {"chosenCandidates": [one], "topCandidates": [{"candidates": [one]}]}

    pieces = [wire.piece(wire.text(token), logprobsResult=likely(token)) for token in "ab"]
    scripted.answers(wire.stream(*pieces, wire.piece(reason="STOP")))
    total = summed(run.stream(chat, "Hi", logprobs=1))
    config = scripted.requests[0].json["generationConfig"]
    assert config == {"responseLogprobs": True, "logprobs": 1}
    one = {"token": "a", "logprob": -0.5}
    assert total.response_metadata["logprobs"]["content"][0] == {**one, "top_logprobs": [one]}
    assert len(total.response_metadata["logprobs"]["content"]) == 2


@pytest.mark.parametrize(
    ("transcript", "parts"),
    [
        (wire.PLAIN, [wire.text("Goldfish é🐟.")]),
        (
            wire.TOOLS,
            [
                wire.text("Let me look."),
                wire.call("weather", {"city": "Oslo"}, "fc_1", thoughtSignature="c2ln"),
                wire.call("clock", {}, "fc_2"),
            ],
        ),
        (
            wire.THOUGHT,
            [
                wire.text("Fish swim.", thought=True),
                wire.text("They swim.", thoughtSignature="c2ln"),
            ],
        ),
    ],
    ids=["plain", "tools", "thought"],
)
def test_an_answer_is_the_same_whole_and_watched(
    scripted: ScriptedServer, chat: ChatGoogle, run: Any, transcript: Any, parts: Any
) -> None:
    """While somebody watches, an answer is streamed, also when it is asked for at once."""
    scripted.answers(whole(*parts), wire.stream(*transcript))

    class Watch:
        def on_event(self, event: Any) -> None:
            pass

    at_once = run.invoke(chat, "Hi")
    watched = run.invoke(chat, "Hi", {"callbacks": [Watch()]})
    assert type(watched) is AIMessage
    assert watched.model_dump(exclude={"usage_metadata"}) == at_once.model_dump(
        exclude={"usage_metadata"}
    )


@pytest.mark.parametrize("vertexai", [False, True])
def test_tokens_are_counted_by_the_api(scripted: ScriptedServer, vertexai: bool) -> None:
    scripted.answers(Reply(b'{"totalTokens": 42}'))
    chat = ChatGoogle(model="gemini-x", base_url=scripted.url, api_key="k", vertexai=vertexai)
    messages = [SystemMessage("Be kind."), HumanMessage("Hi")]
    assert chat.get_num_tokens_from_messages(messages, tools=[Weather]) == 42
    (request,) = scripted.requests
    assert request.path.endswith("models/gemini-x:countTokens")
    sent = request.json if vertexai else request.json["generateContentRequest"]
    assert sent["systemInstruction"] == {"parts": [{"text": "Be kind."}]}
    assert sent["tools"][0]["functionDeclarations"][0]["name"] == "Weather"


# What is asked.


def test_fields_and_options_of_a_call_are_fields_of_the_request(
    scripted: ScriptedServer, run: Any
) -> None:
    scripted.always_answers(wire.stream(*wire.PLAIN))
    chat = ChatGoogle(
        model="gemini-x",
        base_url=scripted.url,
        api_key="k",
        temperature=0.5,
        top_k=3,
        max_tokens=100,
        stop_sequences=["one"],
        safety_settings={"HARM_CATEGORY_HARASSMENT": "BLOCK_NONE"},
        thinking_level="low",
        cached_content="cachedContents/1",
        model_kwargs={"generationConfig": {"newest": 1}, "newer": 2},
    )
    run.stream(
        chat,
        [SystemMessage("Be kind."), HumanMessage("Hi")],
        max_tokens=7,
        stop=["two"],
        media_resolution="MEDIA_RESOLUTION_LOW",
        labels={"my_team": "fish"},
    )
    (request,) = scripted.requests
    assert request.path == "/v1/models/gemini-x:streamGenerateContent?alt=sse"
    assert request.json == {
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "systemInstruction": {"parts": [{"text": "Be kind."}]},
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "cachedContent": "cachedContents/1",
        "labels": {"my_team": "fish"},
        "newer": 2,
        "generationConfig": {
            "temperature": 0.5,
            "topK": 3,
            "maxOutputTokens": 7,
            "stopSequences": ["two"],
            "mediaResolution": "MEDIA_RESOLUTION_LOW",
            "thinkingConfig": {"thinkingLevel": "low"},
            "newest": 1,
        },
    }


def test_a_misspelt_option_is_refused(scripted: ScriptedServer, chat: ChatGoogle, run: Any) -> None:
    with pytest.raises(CompositionError, match="did you mean 'max_output_tokens'"):
        run.invoke(chat, "Hi", max_output_token=5)
    assert scripted.requests == []


class Weather(BaseModel):
    """Where it is."""

    city: str


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("any", {"mode": "ANY"}),
        ("Weather", {"mode": "ANY", "allowedFunctionNames": ["Weather"]}),
        (["Weather", "clock"], {"mode": "ANY", "allowedFunctionNames": ["Weather", "clock"]}),
    ],
)
def test_bound_tools_are_sent_with_their_choice(
    scripted: ScriptedServer, chat: ChatGoogle, run: Any, choice: Any, config: Any
) -> None:
    def clock(zone: str) -> str:
        """Tell the time."""
        return zone

    scripted.answers(wire.stream(*wire.PLAIN))
    run.stream(chat.bind_tools([Weather, clock, {"google_search": {}}], tool_choice=choice), "Hi")
    request = scripted.requests[0].json
    functions, search = request["tools"]
    weather, time = functions["functionDeclarations"]
    assert weather["parametersJsonSchema"]["properties"]["city"]["type"] == "string"
    assert (time["name"], time["description"]) == ("clock", "Tell the time.")
    assert search == {"googleSearch": {}}
    assert request["toolConfig"] == {"functionCallingConfig": config}


def test_tools_of_the_sdk_are_taken(scripted: ScriptedServer, chat: ChatGoogle, run: Any) -> None:
    from google.genai import types

    scripted.answers(wire.stream(*wire.PLAIN))
    search = types.Tool(google_search=types.GoogleSearch())
    thinking = types.ThinkingConfig(thinking_budget=0)
    run.stream(chat.bind_tools([search]), "Hi", thinking_config=thinking)
    request = scripted.requests[0].json
    assert request["tools"] == [{"googleSearch": {}}]
    assert request["generationConfig"] == {"thinkingConfig": {"thinkingBudget": 0}}


@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
def test_a_value_is_asked_for_by_its_schema_and_grows(
    scripted: ScriptedServer, chat: ChatGoogle, run: Any, method: Any
) -> None:
    pieces = [wire.piece(wire.text(words)) for words in ('{"city": "Os', 'lo"}')]
    scripted.answers(wire.stream(*pieces, wire.piece(reason="STOP")))
    values = run.stream(chat.with_structured_output(Weather, method=method), "Hi")
    assert values[0] == Weather(city="Os")
    assert values[-1] == Weather(city="Oslo")
    config = scripted.requests[0].json["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    assert ("responseJsonSchema" in config) is (method == "json_schema")


def test_it_is_found_by_the_name_of_its_model(scripted: ScriptedServer, run: Any) -> None:
    scripted.answers(wire.stream(*wire.PLAIN))
    chat = init_chat_model("gemini-x", base_url=scripted.url, api_key="k")
    assert run.stream(chat, "Hi")[0].text == "Gold"


# What goes wrong.

BAD_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
LATER = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}
TOO_LONG = "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576)."


@pytest.mark.parametrize(
    ("reply", "kind", "retryable"),
    [
        (wire.error(400, "INVALID_ARGUMENT", "bad key", BAD_KEY), AuthenticationError, False),
        (wire.error(403, "PERMISSION_DENIED", "not yours"), AuthenticationError, False),
        (wire.error(404, "NOT_FOUND", "models/gemini-y"), BadRequestError, False),
        (wire.error(400, "INVALID_ARGUMENT", "no"), BadRequestError, False),
        (wire.error(400, "INVALID_ARGUMENT", TOO_LONG), ContextLengthError, False),
        (wire.error(429, "RESOURCE_EXHAUSTED", "slow down", LATER), RateLimitError, True),
        (wire.error(500, "INTERNAL", "oops"), OverloadedError, True),
        (wire.error(503, "UNAVAILABLE", "overloaded"), OverloadedError, True),
        (Reply(b'[{"error": {"code": 503, "message": "x"}}]', 503), OverloadedError, True),
        (Reply(b"<html>bad gateway", 502), OverloadedError, True),
        (Reply(b"<html>no JSON here", 200), ConnectionError, True),
        (Reply(b'{"what": "is this"}', 200), ConnectionError, True),
    ],
)
@pytest.mark.parametrize("verb", ["invoke", "stream"])
def test_errors_of_the_api_are_errors_of_ours(
    scripted: ScriptedServer,
    chat: ChatGoogle,
    run: Any,
    verb: str,
    reply: Reply,
    kind: type[ModelError],
    retryable: bool,
) -> None:
    scripted.answers(reply)
    with pytest.raises(ModelError, match="ChatGoogle") as raised:
        getattr(run, verb)(chat, "Hi")
    assert type(raised.value) is kind
    assert raised.value.retryable is retryable
    assert raised.value.partial is None
    if reply.status != 200:
        assert type(raised.value.__cause__).__module__ == "google.genai.errors"
    if kind is RateLimitError:
        assert raised.value.retry_after == 7


def test_a_prompt_that_is_blocked_is_a_content_filter_error(
    scripted: ScriptedServer, chat: ChatGoogle, run: Any
) -> None:
    blocked = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {}}
    body = json.dumps(blocked)
    scripted.answers(Reply(body.encode()), wire.stream(f"data: {body}\n\n".encode()))
    for verb in (run.invoke, run.stream):
        with pytest.raises(ContentFilterError, match="the prompt is blocked: PROHIBITED_CONTENT"):
            verb(chat, "Hi")


def test_an_answer_that_is_held_back_is_a_content_filter_error(
    scripted: ScriptedServer, chat: ChatGoogle, run: Any
) -> None:
    parts = [wire.text("Gold")]
    pieces = [wire.piece(*parts), wire.piece(reason="SAFETY")]
    scripted.answers(whole(*parts, reason="SAFETY"), wire.stream(*pieces))
    for verb in (run.invoke, run.stream):
        with pytest.raises(ContentFilterError, match="held back: SAFETY") as raised:
            verb(chat, "Hi")
        assert raised.value.partial.text == "Gold"
        assert not raised.value.retryable


def test_an_answer_that_is_too_long_is_cut_off_and_says_so(
    scripted: ScriptedServer, chat: ChatGoogle, run: Any
) -> None:
    scripted.answers(whole(wire.text("Gold"), reason="MAX_TOKENS"))
    assert run.invoke(chat, "Hi").response_metadata["finish_reason"] == "MAX_TOKENS"


def test_an_error_in_mid_stream_has_what_had_come(
    scripted: ScriptedServer, chat: ChatGoogle, run: Any
) -> None:
    told = b'data: {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}\n\n'
    scripted.answers(wire.stream(*wire.PLAIN[:-1], told))
    with pytest.raises(OverloadedError, match="503: overloaded") as raised:
        run.stream(chat, "Hi")
    assert raised.value.partial.content == "Goldfish é"


@pytest.mark.parametrize(
    "broken", [b"[1]", b"<html>", b'{"candidates": 5}', b'{"candidates": [5]}']
)
def test_what_is_no_piece_of_the_api_is_a_connection_error(
    scripted: ScriptedServer, chat: ChatGoogle, run: Any, broken: bytes
) -> None:
    scripted.answers(wire.stream(*wire.PLAIN[:-1], b"data: " + broken + b"\n\n"))
    with pytest.raises(ConnectionError, match="ChatGoogle") as raised:
        run.stream(chat, "Hi")
    assert raised.value.partial.content == "Goldfish é"


def test_what_passes_is_tried_again_until_the_first_chunk(
    scripted: ScriptedServer, run: Any
) -> None:
    chat = ChatGoogle(model="gemini-x", base_url=scripted.url, api_key="k", max_retries=1)
    overloaded = wire.error(503, "UNAVAILABLE", "busy", retry_after="0")
    scripted.answers(overloaded, wire.stream(*wire.PLAIN))
    assert len(run.stream(chat, "Hi")) == 4
    scripted.answers(wire.stream(*wire.PLAIN[:-1]))
    with pytest.raises(ConnectionError):
        run.stream(chat, "Hi")
    assert len(scripted.requests) == 3


@pytest.mark.parametrize("verb", ["invoke", "stream"])
def test_a_stalled_answer_times_out(scripted: ScriptedServer, run: Any, verb: str) -> None:
    chat = ChatGoogle(
        model="gemini-x", base_url=scripted.url, api_key="k", max_retries=0, timeout=1.0
    )
    scripted.answers(wire.stream(*wire.PLAIN[:-1], end="stall"))
    with pytest.raises(TimeoutError) as raised:
        getattr(run, verb)(chat, "Hi")
    if verb == "stream":
        assert raised.value.partial.content == "Goldfish é"
    assert scripted.requests[0].left.wait(10)


def test_nobody_is_there(run: Any) -> None:
    chat = ChatGoogle(model="gemini-x", base_url="http://127.0.0.1:9", api_key="k", max_retries=0)
    with pytest.raises(ConnectionError, match="ChatGoogle"):
        run.invoke(chat, "Hi")


# A stream that breaks, at every byte.

SHORT = [
    b'data: {"candidates":[{"content":{"parts":[{"text":"\xc3\xa9","thought":true}]}}]}\r\n\r\n',
    b'data: {"candidates":[{"content":{"parts":[{"text":"Yes"}]}}]}\r\n\r\n',
    b'data: {"candidates":[{"content":{"parts":[{"text":"!"}]},"finishReason":"STOP"}]}\r\n\r\n',
]


@cut_at_any_byte
def test_a_stream_that_is_cut_at_any_byte_is_an_error_or_whole(
    scripted: ScriptedServer, chat: ChatGoogle, how: str, framing: Any, step: int
) -> None:
    reply = wire.stream(*SHORT, framing=framing)
    check_cut_at_any_byte(scripted, chat, reply, how=how, step=step, says="Yes!")
