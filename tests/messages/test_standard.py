from __future__ import annotations

import copy

import pytest

from levada.messages import AIMessage, AIMessageChunk, HumanMessage, is_data_content_block
from levada.messages.standard import standard_block

PNG = "data:image/png;base64,aGk="


@pytest.mark.parametrize(
    ("given", "standard"),
    [
        # OpenAI, chat
        (
            {"type": "image_url", "image_url": {"url": "https://a.org/a.png", "detail": "low"}},
            {"type": "image", "url": "https://a.org/a.png", "extras": {"detail": "low"}},
        ),
        (
            {"type": "image_url", "image_url": PNG},
            {"type": "image", "base64": "aGk=", "mime_type": "image/png"},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "mp3"}},
            {"type": "audio", "base64": "aGk=", "mime_type": "audio/mp3"},
        ),
        (
            {"type": "file", "file": {"file_id": "file-1"}},
            {"type": "file", "file_id": "file-1"},
        ),
        (
            {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,aGk="},
            },
            {
                "type": "file",
                "base64": "aGk=",
                "mime_type": "application/pdf",
                "extras": {"filename": "a.pdf"},
            },
        ),
        # OpenAI, responses
        (
            {"type": "input_image", "image_url": PNG, "detail": "high"},
            {
                "type": "image",
                "base64": "aGk=",
                "mime_type": "image/png",
                "extras": {"detail": "high"},
            },
        ),
        ({"type": "input_image", "file_id": "f"}, {"type": "image", "file_id": "f"}),
        (
            {"type": "output_text", "text": "hi", "id": "1"},
            {"type": "text", "text": "hi", "id": "1"},
        ),
        (
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [{"text": "One."}, {"text": "Two."}],
                "encrypted_content": "x",
            },
            {
                "type": "reasoning",
                "reasoning": "One.\n\nTwo.",
                "id": "rs_1",
                "extras": {"encrypted_content": "x"},
            },
        ),
        # Anthropic
        (
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": "aGk="},
                "cache_control": {"type": "ephemeral"},
            },
            {
                "type": "image",
                "base64": "aGk=",
                "mime_type": "image/png",
                "extras": {"cache_control": {"type": "ephemeral"}},
            },
        ),
        (
            {"type": "document", "source": {"type": "url", "url": "https://a.org/a.pdf"}},
            {"type": "file", "url": "https://a.org/a.pdf"},
        ),
        (
            {"type": "document", "source": {"type": "file", "file_id": "f"}},
            {"type": "file", "file_id": "f"},
        ),
        (
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "hi"},
            },
            {"type": "text-plain", "text": "hi", "mime_type": "text/plain"},
        ),
        (
            {"type": "thinking", "thinking": "Hm.", "signature": "s", "index": 0},
            {"type": "reasoning", "reasoning": "Hm.", "extras": {"signature": "s"}, "index": 0},
        ),
        (
            {"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}},
            {"type": "tool_call", "id": "1", "name": "f", "args": {"a": 1}},
        ),
        (
            {"type": "input_json_delta", "partial_json": '{"a', "index": 1},
            {"type": "tool_call_chunk", "name": None, "args": '{"a', "id": None, "index": 1},
        ),
        (
            {"type": "server_tool_use", "id": "1", "name": "web_search", "input": {"query": "x"}},
            {"type": "server_tool_call", "id": "1", "name": "web_search", "args": {"query": "x"}},
        ),
        (
            {"type": "web_search_tool_result", "tool_use_id": "1", "content": [{"title": "T"}]},
            {
                "type": "server_tool_result",
                "tool_call_id": "1",
                "status": "success",
                "output": [{"title": "T"}],
                "extras": {"block_type": "web_search_tool_result"},
            },
        ),
        (
            {
                "type": "web_search_tool_result",
                "tool_use_id": "1",
                "content": {"type": "web_search_tool_result_error"},
            },
            {
                "type": "server_tool_result",
                "tool_call_id": "1",
                "status": "error",
                "output": {"type": "web_search_tool_result_error"},
                "extras": {"block_type": "web_search_tool_result"},
            },
        ),
        (
            {"type": "server_tool_use", "id": "1", "name": "web_search", "partial_json": '{"q": '},
            {"type": "server_tool_call_chunk", "id": "1", "name": "web_search", "args": '{"q": '},
        ),
        (
            {"type": "mcp_tool_use", "id": "1", "name": "add", "server_name": "s", "input": {}},
            {
                "type": "server_tool_call",
                "id": "1",
                "name": "add",
                "args": {},
                "extras": {"block_type": "mcp_tool_use", "server_name": "s"},
            },
        ),
        (
            {"type": "mcp_tool_result", "tool_use_id": "1", "is_error": True, "content": []},
            {
                "type": "server_tool_result",
                "tool_call_id": "1",
                "status": "error",
                "output": [],
                "extras": {"block_type": "mcp_tool_result"},
            },
        ),
        (
            {
                "type": "text",
                "text": "Water.",
                "citations": [
                    {"type": "char_location", "cited_text": "w", "document_title": "T", "n": 1}
                ],
            },
            {
                "type": "text",
                "text": "Water.",
                "annotations": [
                    {
                        "type": "citation",
                        "cited_text": "w",
                        "title": "T",
                        "extras": {"type": "char_location", "n": 1},
                    }
                ],
            },
        ),
        (
            {"type": "text", "text": "Water.", "citations": [{"title": "T", "url": "u"}]},
            {
                "type": "text",
                "text": "Water.",
                "annotations": [{"type": "citation", "title": "T", "url": "u"}],
            },
        ),
        # Google
        (
            {"type": "media", "mime_type": "video/mp4", "data": "aGk="},
            {"type": "video", "mime_type": "video/mp4", "base64": "aGk="},
        ),
        (
            {"type": "media", "mime_type": "application/pdf", "file_uri": "https://a.org/a"},
            {"type": "file", "mime_type": "application/pdf", "url": "https://a.org/a"},
        ),
        # LCEL 0.3
        (
            {"type": "image", "source_type": "base64", "data": "aGk=", "mime_type": "image/png"},
            {"type": "image", "base64": "aGk=", "mime_type": "image/png"},
        ),
        (
            {"type": "audio", "source_type": "url", "url": "https://a.org/a", "note": "x"},
            {"type": "audio", "url": "https://a.org/a", "extras": {"note": "x"}},
        ),
        (
            {"type": "file", "source_type": "id", "id": "file-1"},
            {"type": "file", "file_id": "file-1", "id": "file-1"},
        ),
        (
            {"type": "file", "source_type": "text", "text": "hi"},
            {"type": "text-plain", "text": "hi"},
        ),
    ],
)
def test_a_provider_s_block_is_given_in_its_standard_shape(given, standard):
    before = copy.deepcopy(given)
    assert HumanMessage([given]).content_blocks == [standard]
    assert given == before


@pytest.mark.parametrize(
    "block",
    [
        {"type": "text", "text": "hi"},
        {"type": "reasoning", "reasoning": "Hm."},
        {"type": "image", "url": "https://a.org/a.png"},
        {"type": "file", "file_id": "f"},
        {"type": "text-plain", "text": "hi"},
        {"type": "tool_call", "name": "f", "args": {}, "id": "1"},
        {"type": "non_standard", "value": {"a": 1}},
    ],
)
def test_a_standard_block_stays_as_it_is(block):
    assert HumanMessage([block]).content_blocks == [block]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "redacted_thinking", "data": "x"},
        {"text": "no type"},
        {"type": 3},
        {"type": ["text"]},
        {"type": "image_url"},
        {"type": "image_url", "image_url": {"detail": "low"}},
        {"type": "input_audio", "input_audio": "x"},
        {"type": "input_file", "file_id": None},
        {"type": "document", "source": {"type": "content", "content": []}},
        {"type": "media", "mime_type": "image/png"},
    ],
)
def test_a_block_without_a_standard_shape_is_kept_whole(block):
    assert HumanMessage([block]).content_blocks == [{"type": "non_standard", "value": block}]


def test_the_id_and_index_of_a_block_that_is_kept_whole_can_be_read():
    block = {"type": "mystery", "id": "1", "index": 2}
    assert HumanMessage([block]).content_blocks == [
        {"type": "non_standard", "value": block, "id": "1", "index": 2}
    ]


def test_text_is_a_block_and_no_text_is_none():
    assert AIMessage("hi").content_blocks == [{"type": "text", "text": "hi"}]
    assert AIMessage(["hi"]).content_blocks == [{"type": "text", "text": "hi"}]
    assert AIMessage("").content_blocks == []


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"type": "image", "url": "u"}, True),
        ({"type": "file", "source_type": "id", "id": "1"}, True),
        ({"type": "text-plain", "text": "hi"}, True),
        ({"type": "image", "source": {}}, False),
        ({"type": "text", "text": "hi"}, False),
        ({}, False),
    ],
)
def test_data_blocks_are_told_from_others(block, expected):
    assert is_data_content_block(block) is expected


def test_a_standard_result_stays_as_it_is() -> None:
    result = {"type": "server_tool_result", "tool_call_id": "1", "output": "2", "status": "success"}
    assert standard_block(result) == result


def test_fragments_in_the_content_are_read_as_calls_in_their_places() -> None:
    """And not given twice: as fragments, and as the calls that they amount to."""
    call = {"type": "tool_use", "id": "c1", "name": "look", "index": 0}
    first = AIMessageChunk(
        [{**call, "partial_json": ""}],
        tool_call_chunks=[{"name": "look", "args": "", "id": "c1", "index": 0}],
    )
    more = AIMessageChunk(
        [{"type": "input_json_delta", "partial_json": '{"a": 1}', "index": 0}],
        tool_call_chunks=[{"name": None, "args": '{"a": 1}', "id": None, "index": 0}],
    )
    last = AIMessageChunk([{"type": "text", "text": "So.", "index": 1}], chunk_position="last")
    blocks = (first + more + last).content_blocks
    assert blocks == [
        {"type": "tool_call", "name": "look", "args": {"a": 1}, "id": "c1", "index": 0},
        {"type": "text", "text": "So.", "index": 1},
    ]
