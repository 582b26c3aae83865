"""ChatOpenAI through OpenAI's SDK against the server of llama.cpp, by both of OpenAI's APIs.

What the small model says is nonsense: only the shape of it is asserted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from chunks import summed
from live_server_contract import SONG, TELL, LiveServerContract
from pydantic import BaseModel, Field

from levada.chat_models import ChatOpenAI
from levada.errors import ContextLengthError
from levada.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage

pytestmark = pytest.mark.timeout(120)


def get_weather(city: str) -> str:
    """Look up the weather of a city."""
    return f"sunny in {city}"


@pytest.fixture(params=["chat", "responses"])
def chat(request: pytest.FixtureRequest, llama: Any) -> Iterator[ChatOpenAI]:
    """Give a model at the real server, by one of the APIs."""
    with _at(llama, use_responses_api=request.param == "responses") as chat:
        yield chat


@pytest.fixture
def completions(llama: Any) -> Iterator[ChatOpenAI]:
    """Give one for what that server can do by chat completions only."""
    with _at(llama) as chat:
        yield chat


def _at(llama: Any, **settings: Any) -> ChatOpenAI:
    base_url = f"{llama.url}/v1"
    # The server may close a connection that waits just as it is used again: one more try.
    return ChatOpenAI(
        model="smol", base_url=base_url, temperature=0, max_tokens=8, max_retries=1, **settings
    )


def test_a_stream_is_pieces_of_text_and_then_why_it_ended(chat: ChatOpenAI, run: Any) -> None:
    *pieces, last = run.stream(chat, SONG)
    assert len(pieces) > 3
    assert all(type(piece) is AIMessageChunk and piece.text for piece in pieces)
    assert last.chunk_position == "last"
    # The server says of a response that was cut short that it is complete.
    cut = "stop" if chat.use_responses_api else "length"
    assert last.response_metadata["finish_reason"] == cut
    assert last.response_metadata["model_name"] == "smol"
    assert last.usage_metadata["output_tokens"] == 8
    assert last.usage_metadata["input_tokens"] > 8
    assert {piece.id for piece in pieces} == {last.id}


def test_the_whole_answer_is_what_its_stream_adds_up_to(chat: ChatOpenAI, run: Any) -> None:
    whole = run.invoke(chat, SONG)
    assert type(whole) is AIMessage
    assert whole.text == "".join(piece.text for piece in chat.stream(SONG))
    assert whole.usage_metadata["output_tokens"] == 8


def test_a_batch_gives_an_answer_to_each(chat: ChatOpenAI, run: Any) -> None:
    one, other, again = run.batch(chat, [SONG, TELL, SONG])
    assert one.text == again.text != other.text


def test_a_stop_text_ends_the_answer(completions: ChatOpenAI, run: Any) -> None:
    whole = completions.invoke(SONG).text
    word = whole.split()[2]
    answer = run.invoke(completions, SONG, stop=[word])
    assert answer.text == whole[: whole.index(word)]
    assert answer.response_metadata["finish_reason"] == "stop"


def test_a_conversation_is_understood(chat: ChatOpenAI) -> None:
    said = [SystemMessage("Be brief."), HumanMessage("Hi"), AIMessage("Hello"), HumanMessage("Bye")]
    longer = chat.invoke(said, max_tokens=1).usage_metadata
    shorter = chat.invoke(said[:2], max_tokens=1).usage_metadata
    assert longer is not None
    assert shorter is not None
    assert longer["input_tokens"] > shorter["input_tokens"]


def test_an_answer_goes_back_as_it_came(chat: ChatOpenAI, run: Any) -> None:
    first = run.invoke(chat, SONG)
    again = [HumanMessage(SONG), first, HumanMessage("Go on.")]
    assert run.invoke(chat, again).usage_metadata["input_tokens"] > 20


def test_a_tool_is_called_and_its_result_is_answered(chat: ChatOpenAI, run: Any) -> None:
    able = chat.bind_tools([get_weather], max_tokens=60)
    asked = HumanMessage("Use get_weather for Paris")
    chunks = run.stream(able, [asked])
    assert sum(bool(chunk.tool_call_chunks) for chunk in chunks) > 2
    calls = summed(chunks)
    assert calls.response_metadata["finish_reason"] == "tool_calls"
    (call,) = calls.tool_calls
    assert call["name"] == "get_weather"
    assert set(call["args"]) == {"city"}
    (same,) = run.invoke(able, [asked]).tool_calls
    assert (same["name"], same["args"]) == (call["name"], call["args"])
    result = ToolMessage("12 degrees", tool_call_id=call["id"] or "", name="get_weather")
    answer = run.invoke(able, [asked, calls, result], max_tokens=4)
    assert answer.tool_calls == []
    assert answer.text


def test_tools_that_must_not_be_called_are_not_shown(chat: ChatOpenAI, run: Any) -> None:
    """The server itself takes no notice of the choice."""
    asked = "Use get_weather for Paris"
    answer = run.invoke(chat.bind_tools([get_weather], tool_choice="none"), asked)
    assert answer.tool_calls == []
    assert (
        answer.usage_metadata["input_tokens"] == chat.invoke(asked).usage_metadata["input_tokens"]
    )


class Weather(BaseModel):
    """The weather of a city."""

    city: str = Field(max_length=12)


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_a_value_is_given_for_words(completions: ChatOpenAI, run: Any, method: Any) -> None:
    chain = completions.with_structured_output(Weather, method=method, max_tokens=60)
    assert isinstance(run.invoke(chain, "Use Weather for Paris"), Weather)
    assert isinstance(run.stream(chain, "Use Weather for Paris")[-1], Weather)


def test_any_json_is_given_for_words(completions: ChatOpenAI, run: Any) -> None:
    chain = completions.with_structured_output(
        {"title": "fish", "description": "A fish.", "type": "object", "properties": {}},
        method="json_mode",
        max_tokens=60,
        include_raw=True,
    )
    given = run.invoke(chain, "Write a very short JSON object")
    assert given["raw"].text.lstrip().startswith("{")


def test_each_token_says_how_likely_it_was(completions: ChatOpenAI, run: Any) -> None:
    likely = completions.model_copy(update={"logprobs": True, "top_logprobs": 2})
    whole = run.invoke(likely, SONG).response_metadata["logprobs"]["content"]
    streamed = summed(run.stream(likely, SONG)).response_metadata["logprobs"]["content"]
    assert [token["token"] for token in streamed] == [token["token"] for token in whole]
    assert [len(token["top_logprobs"]) for token in streamed] == [2] * 8


def test_a_prompt_that_is_too_long_is_told_from_other_errors(chat: ChatOpenAI, run: Any) -> None:
    with pytest.raises(ContextLengthError, match="exceeds the available context") as raised:
        run.invoke(chat, "fish " * 2000)
    assert type(raised.value.__cause__).__name__ == "BadRequestError"
    with pytest.raises(ContextLengthError) as raised:
        run.stream(chat, "fish " * 2000)
    assert raised.value.partial is None


class TestChatOpenAIAtTheRealServer(LiveServerContract):
    pass
