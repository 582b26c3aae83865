"""Messages and options in the shapes of Google's generateContent."""

from __future__ import annotations

from typing import Any

import pytest

from levada.chat_models._google_request import google_tool, written_messages, written_options
from levada.errors import ConfigError, MessageError
from levada.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

TOOL = {"type": "function", "function": {"name": "look", "description": "", "parameters": {}}}
PICTURE = {"type": "image", "base64": "QUJD", "mime_type": "image/png"}
INLINE = {"inlineData": {"mimeType": "image/png", "data": "QUJD"}}


def parts(message: BaseMessage) -> list[Any]:
    (turn,) = written_messages([message])["contents"]
    return turn["parts"]


def test_what_one_side_says_in_a_row_is_one_turn() -> None:
    messages = [
        SystemMessage("Be kind."),
        HumanMessage("Hi"),
        ChatMessage("there", role="user"),
        AIMessage("Hello"),
        SystemMessage("Be brief."),
        AIMessage(""),
        HumanMessage([PICTURE]),
    ]
    assert written_messages(messages) == {
        "systemInstruction": {"parts": [{"text": "Be kind."}, {"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "Hi"}, {"text": "there"}]},
            {"role": "model", "parts": [{"text": "Hello"}]},
            {"role": "user", "parts": [INLINE]},
        ],
    }


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (PICTURE, INLINE),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}, INLINE),
        ({"type": "media", "mime_type": "image/png", "data": "QUJD"}, INLINE),
        (
            {"type": "media", "mime_type": "video/mp4", "file_uri": "gs://b/v.mp4"},
            {"fileData": {"fileUri": "gs://b/v.mp4", "mimeType": "video/mp4"}},
        ),
        (
            {"type": "video", "url": "https://v.example", "extras": {"video_metadata": {"fps": 1}}},
            {"fileData": {"fileUri": "https://v.example"}, "videoMetadata": {"fps": 1}},
        ),
        (
            {"type": "file", "file_id": "files/1", "mime_type": "application/pdf"},
            {"fileData": {"fileUri": "files/1", "mimeType": "application/pdf"}},
        ),
        ({"type": "text-plain", "text": "On fish", "mime_type": "text/plain"}, {"text": "On fish"}),
        (
            {"type": "text-plain", "base64": "QUJD", "mime_type": "text/plain"},
            {"inlineData": {"mimeType": "text/plain", "data": "QUJD"}},
        ),
        ({"type": "non_standard", "value": {"newest": 1}}, {"newest": 1}),
    ],
)
def test_blocks_of_data_have_their_counterparts(block: Any, expected: Any) -> None:
    assert parts(HumanMessage([block])) == [expected]


def test_a_block_that_says_nothing_of_where_it_is_is_refused() -> None:
    with pytest.raises(MessageError, match="Google's models take no block like"):
        parts(HumanMessage([{"type": "image"}]))


def test_what_another_provider_thought_is_left_out() -> None:
    content = [{"type": "thinking", "thinking": "hm", "signature": "s"}, "Yes"]
    assert parts(AIMessage(content)) == [{"text": "Yes"}]


def test_a_signature_without_text_stands_alone() -> None:
    signed = AIMessage([PICTURE], additional_kwargs={"text_signatures": ["a", "b"]})
    assert parts(signed) == [INLINE, {"text": "", "thoughtSignature": "b"}]


def test_a_call_that_could_not_be_read_is_named_for_its_result() -> None:
    invalid = {"name": "look", "args": "[", "id": "c1", "error": None}
    message = AIMessage("", invalid_tool_calls=[invalid])
    assert parts(message) == [{"functionCall": {"name": "look", "args": {}, "id": "c1"}}]


def test_pictures_of_a_tool_stand_beside_its_response() -> None:
    message = ToolMessage(["see", PICTURE], tool_call_id="c1", name="look")
    assert parts(message) == [
        {
            "functionResponse": {
                "name": "look",
                "response": {"output": "see"},
                "id": "c1",
                "parts": [INLINE],
            }
        }
    ]


def test_a_result_of_no_tool_is_refused() -> None:
    with pytest.raises(MessageError, match="which tool it is from"):
        parts(ToolMessage("12", tool_call_id="c1"))


def test_what_has_no_place_is_refused() -> None:
    with pytest.raises(MessageError, match="no place for FunctionMessage"):
        parts(FunctionMessage("1", name="f"))
    with pytest.raises(MessageError, match="at least one message"):
        written_messages([SystemMessage("Be kind.")])


def test_a_function_without_arguments_has_no_schema() -> None:
    def clock() -> str:
        """Tell the time."""
        return ""

    declared = {"name": "clock", "description": "Tell the time."}
    assert google_tool(clock) == {"functionDeclarations": [declared]}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, {}),
        ({"tool_choice": "any"}, {}),
        ({"logprobs": True}, {"generationConfig": {"responseLogprobs": True}}),
        ({"logprobs": False}, {"generationConfig": {"responseLogprobs": False}}),
        (
            {"response_format": {"type": "json_object"}},
            {"generationConfig": {"responseMimeType": "application/json"}},
        ),
        (
            {"response_json_schema": {"properties": {"a_b": {"one_of": 1}}}},
            {"generationConfig": {"responseJsonSchema": {"properties": {"a_b": {"one_of": 1}}}}},
        ),
        (
            {"speech_config": {"voice_config": {"prebuilt_voice_config": {"voice_name": "K"}}}},
            {
                "generationConfig": {
                    "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "K"}}}
                }
            },
        ),
        (
            {
                "tools": [{"google_maps": {}}],
                "tool_config": {"retrieval_config": {"language_code": "no"}},
            },
            {
                "tools": [{"googleMaps": {}}],
                "toolConfig": {"retrievalConfig": {"languageCode": "no"}},
            },
        ),
    ],
)
def test_options_stand_where_the_api_has_them(said: Any, expected: Any) -> None:
    assert written_options(said) == expected


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"tools": [TOOL], "tool_choice": 5}, "Write 'auto', 'any', 'none'"),
        ({"response_format": "xml"}, "response_format is 'xml'"),
    ],
)
def test_what_it_cannot_do_is_refused(said: Any, error: str) -> None:
    with pytest.raises(ConfigError, match=error):
        written_options(said)
