from __future__ import annotations

import pytest

from levada.errors import MessageError
from levada.messages import (
    create_audio_block,
    create_citation,
    create_file_block,
    create_image_block,
    create_non_standard_block,
    create_plaintext_block,
    create_reasoning_block,
    create_text_block,
    create_tool_call,
    create_video_block,
)


@pytest.mark.parametrize(
    ("made", "block"),
    [
        (create_text_block("hi", id="1"), {"type": "text", "text": "hi"}),
        (
            create_text_block("hi", id="1", index=0, annotations=[], mood="good", none=None),
            {
                "type": "text",
                "text": "hi",
                "index": 0,
                "annotations": [],
                "extras": {"mood": "good"},
            },
        ),
        (create_reasoning_block("Hm.", id="1"), {"type": "reasoning", "reasoning": "Hm."}),
        (create_reasoning_block(id="1"), {"type": "reasoning", "reasoning": ""}),
        (
            create_image_block(base64="aGk=", mime_type="image/png", id="1"),
            {"type": "image", "base64": "aGk=", "mime_type": "image/png"},
        ),
        (create_image_block(file_id="f", id="1"), {"type": "image", "file_id": "f"}),
        (create_video_block(url="u", id="1"), {"type": "video", "url": "u"}),
        (create_audio_block(url="u", id="1"), {"type": "audio", "url": "u"}),
        (create_file_block(url="u", id="1"), {"type": "file", "url": "u"}),
        (
            create_plaintext_block("hi", title="T", context="C", id="1"),
            {
                "type": "text-plain",
                "text": "hi",
                "mime_type": "text/plain",
                "title": "T",
                "context": "C",
            },
        ),
        (
            create_plaintext_block(url="u", id="1"),
            {"type": "text-plain", "url": "u", "mime_type": "text/plain"},
        ),
        (
            create_tool_call("f", {"a": 1}, id="1"),
            {"type": "tool_call", "name": "f", "args": {"a": 1}},
        ),
        (
            create_citation(
                url="u", title="T", start_index=0, end_index=2, cited_text="hi", id="1", page=3
            ),
            {
                "type": "citation",
                "url": "u",
                "title": "T",
                "start_index": 0,
                "end_index": 2,
                "cited_text": "hi",
                "extras": {"page": 3},
            },
        ),
        (create_citation(id="1"), {"type": "citation"}),
        (
            create_non_standard_block({"a": 1}, id="1", index="x"),
            {"type": "non_standard", "value": {"a": 1}, "index": "x"},
        ),
        (create_non_standard_block({}, id="1"), {"type": "non_standard", "value": {}}),
    ],
)
def test_a_block_holds_what_was_given_and_nothing_else(made, block):
    assert made == {**block, "id": "1"}


def test_a_block_without_an_id_gets_one_of_its_own():
    one, other = create_text_block("hi"), create_text_block("hi")
    assert one["id"].startswith("lc_")
    assert one["id"] != other["id"]


@pytest.mark.parametrize(
    "create",
    [
        create_image_block,
        create_video_block,
        create_audio_block,
        create_file_block,
        create_plaintext_block,
    ],
)
def test_a_block_of_nothing_is_refused(create):
    with pytest.raises(MessageError, match=r"the block is empty: give url=..., base64=..."):
        create()


@pytest.mark.parametrize("create", [create_video_block, create_audio_block, create_file_block])
def test_base64_needs_to_say_what_it_is(create):
    with pytest.raises(MessageError, match=r"does not say what it is. Give its mime_type"):
        create(base64="aGk=")
