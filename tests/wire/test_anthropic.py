"""ChatAnthropic through Anthropic's SDK against the server of llama.cpp: real tokens, real sockets.

What the small model says is nonsense: only the shape of it is asserted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from live_server_contract import SONG, TELL, LiveServerContract
from pydantic import BaseModel, Field

from levada.chat_models import ChatAnthropic
from levada.errors import ContextLengthError
from levada.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage

pytestmark = pytest.mark.timeout(120)

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Looks it up.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "maxLength": 12}},
            "required": ["city"],
        },
    },
}


@pytest.fixture
def chat(llama: Any) -> Iterator[ChatAnthropic]:
    """Give a model at the real server."""
    with ChatAnthropic(
        model="smol", base_url=llama.url, api_key="none", temperature=0, max_tokens=8, max_retries=0
    ) as chat:
        yield chat


def test_a_stream_is_pieces_of_text_and_then_why_it_ended(chat: ChatAnthropic, run: Any) -> None:
    *pieces, last = run.stream(chat, SONG)
    assert len(pieces) > 3
    assert all(type(piece) is AIMessageChunk and type(piece.content) is str for piece in pieces)
    assert last.chunk_position == "last"
    assert last.response_metadata["stop_reason"] == "max_tokens"
    assert last.usage_metadata["output_tokens"] == 8
    assert last.usage_metadata["input_tokens"] > 8
    assert {piece.id for piece in pieces} == {last.id}


def test_the_whole_answer_is_what_its_stream_adds_up_to(chat: ChatAnthropic, run: Any) -> None:
    whole = run.invoke(chat, SONG)
    assert type(whole) is AIMessage
    assert whole.content == "".join(piece.text for piece in chat.stream(SONG))
    assert whole.usage_metadata["total_tokens"] == whole.usage_metadata["input_tokens"] + 8


def test_a_batch_gives_an_answer_to_each(chat: ChatAnthropic, run: Any) -> None:
    one, other, again = run.batch(chat, [SONG, TELL, SONG])
    assert one.content == again.content != other.content


@pytest.mark.anyio
@pytest.mark.filterwarnings("ignore:The model 'claude-3-haiku:DeprecationWarning")  # the SDK's
async def test_the_examples_of_how_to_stream_chat_model_responses(llama: Any) -> None:
    """As LangChain's page of that name has them, but for the import and where the model is."""
    chat = ChatAnthropic(
        model="claude-3-haiku-20240307", base_url=llama.url, api_key="none", max_tokens=8
    )
    song = SONG
    assert len([chunk.content for chunk in chat.stream(song)]) > 3
    assert len([chunk.content async for chunk in chat.astream(song)]) > 3
    events = [event async for event in chat.astream_events(song, version="v1")]
    assert events[0]["event"] == "on_chat_model_start"
    assert events[1]["event"] == "on_chat_model_stream"
    assert events[1]["data"]["chunk"].content != ""


def test_a_stop_text_ends_the_answer(chat: ChatAnthropic, run: Any) -> None:
    whole = chat.invoke(SONG).text
    word = whole.split()[2]
    answer = run.invoke(chat, SONG, stop=[word])
    assert answer.text == whole[: whole.index(word)]


def test_a_conversation_with_a_beginning_is_understood(chat: ChatAnthropic) -> None:
    said = [SystemMessage("Be brief."), HumanMessage("Hi"), AIMessage("Hello"), HumanMessage("Bye")]
    longer = chat.invoke(said, max_tokens=1).usage_metadata
    shorter = chat.invoke(said[:2], max_tokens=1).usage_metadata
    assert longer is not None
    assert shorter is not None
    assert longer["input_tokens"] > shorter["input_tokens"]


def test_tokens_are_counted_before_they_are_used(chat: ChatAnthropic) -> None:
    usage = chat.invoke(SONG).usage_metadata
    assert usage is not None
    assert chat.get_num_tokens_from_messages([HumanMessage(SONG)]) == usage["input_tokens"]


def test_a_tool_is_called_and_its_result_is_answered(chat: ChatAnthropic, run: Any) -> None:
    asked = HumanMessage("Use get_weather for Paris")
    chunks = run.stream(chat, [asked], tools=[WEATHER], max_tokens=60)
    assert sum(bool(chunk.tool_call_chunks) for chunk in chunks) > 2
    total = AIMessageChunk.accumulator()
    for chunk in chunks:
        total.add(chunk)
    calls = total.result()
    assert calls.response_metadata["stop_reason"] == "tool_use"
    (call,) = calls.tool_calls
    assert call["name"] == "get_weather"
    assert set(call["args"]) == {"city"}
    result = ToolMessage("12 degrees", tool_call_id=call["id"] or "")
    answer = run.invoke(chat, [asked, calls, result], tools=[WEATHER])
    assert answer.tool_calls == []
    assert answer.text


class Weather(BaseModel):
    """The weather of a city."""

    city: str = Field(max_length=12)


def test_a_value_is_given_for_words(chat: ChatAnthropic, run: Any) -> None:
    chain = chat.with_structured_output(Weather, max_tokens=60)
    assert isinstance(run.invoke(chain, "Use Weather for Paris"), Weather)


def test_a_prompt_that_is_too_long_is_told_from_other_errors(chat: ChatAnthropic, run: Any) -> None:
    with pytest.raises(ContextLengthError, match="1024"):
        run.invoke(chat, "fish " * 2000)
    with pytest.raises(ContextLengthError) as raised:
        run.stream(chat, "fish " * 2000)
    assert raised.value.partial is None


class TestChatAnthropicAtTheRealServer(LiveServerContract):
    pass
