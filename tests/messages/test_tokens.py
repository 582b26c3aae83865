from __future__ import annotations

import pytest

from levada.messages import AIMessage, HumanMessage, ToolMessage, count_tokens_approximately


@pytest.mark.parametrize(
    ("message", "tokens"),
    [
        ("", 1 + 3),  # the role, "user"
        ("a" * 40, 11 + 3),
        (HumanMessage(["a" * 20, {"type": "text", "text": "b" * 20}]), 11 + 3),
        (HumanMessage("a" * 40, name="Anna"), 12 + 3),
        (HumanMessage([{"type": "image", "url": "u"}, {"type": "image_url"}]), 1 + 2 * 85 + 3),
        (HumanMessage([{"a": 1}]), 3 + 3),
        (ToolMessage("a" * 40, tool_call_id="call"), 12 + 3),
        (AIMessage("a" * 31), 10 + 3),
    ],
)
def test_four_characters_are_a_token_and_a_message_costs_three_more(message, tokens):
    assert count_tokens_approximately([message]) == tokens


def test_the_costs_can_be_chosen():
    messages = [HumanMessage("a" * 36, name="Anna"), HumanMessage([{"type": "image"}])]
    assert (
        count_tokens_approximately(
            messages,
            chars_per_token=2,
            extra_tokens_per_message=0.5,
            count_name=False,
            tokens_per_image=10,
        )
        == 20 + 2 + 10 + 1
    )


def test_tool_calls_count_unless_they_are_blocks_of_the_content():
    calls = [{"name": "f", "args": {"a": 1}, "id": "1"}]
    blocks = [{"type": "tool_use", "name": "f", "input": {"a": 1}, "id": "1"}]
    without = count_tokens_approximately([AIMessage("")])
    assert count_tokens_approximately([AIMessage("", tool_calls=calls)]) > without
    assert count_tokens_approximately([AIMessage(blocks, tool_calls=calls)]) == (
        count_tokens_approximately([AIMessage(blocks)])
    )


def test_tools_count_with_their_description():
    class Tool:
        name = "add"
        description = "Add numbers."
        args = {"a": {"type": "integer"}}  # noqa: RUF012 - as short as can be

    described = {"name": "add", "description": "Add numbers.", "parameters": Tool.args}
    plain = count_tokens_approximately(["hi"])
    assert count_tokens_approximately(["hi"], tools=[Tool()]) > plain
    assert count_tokens_approximately(["hi"], tools=[Tool()]) == (
        count_tokens_approximately(["hi"], tools=[described])
    )


def answer(total: int, provider: str | None = "p") -> AIMessage:
    return AIMessage(
        "a" * 31,
        usage_metadata={"input_tokens": 0, "output_tokens": total, "total_tokens": total},
        response_metadata={} if provider is None else {"model_provider": provider},
    )


@pytest.mark.parametrize(
    ("messages", "tokens"),
    [
        ([answer(13)], 13),
        ([answer(15)], 15),
        ([answer(1000)], 17),  # a quarter more, at most
        ([answer(1)], 13),  # never less
        ([answer(1000, provider=None)], 13),
        ([answer(1000), answer(1000, "q")], 26),
        ([HumanMessage("")], 4),
    ],
)
def test_reported_usage_scales_the_estimate_within_limits(messages, tokens):
    assert count_tokens_approximately(messages, use_usage_metadata_scaling=True) == tokens
