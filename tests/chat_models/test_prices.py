"""What an answer cost. The prices are genai-prices' own: only how they relate is asserted."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

import pytest

from levada.chat_models import message_cost
from levada.errors import ConfigError, MissingExtraError
from levada.messages import AIMessage

MODEL = "claude-3-haiku-20240307"


def answer(model: str | None = MODEL, **details: Any) -> AIMessage:
    usage = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}
    said = {} if model is None else {"model_name": model}
    return AIMessage("hi", usage_metadata={**usage, **details}, response_metadata=said)


def test_an_answer_costs_what_its_tokens_cost() -> None:
    cost = message_cost(answer())
    assert isinstance(cost, Decimal)
    assert cost > 0
    assert message_cost(answer(None), model=MODEL, provider="anthropic") == cost


def test_tokens_out_of_a_prompt_cache_are_cheaper() -> None:
    cheaper = message_cost(answer(input_token_details={"cache_read": 900}))
    usual = message_cost(answer())
    assert cheaper is not None
    assert usual is not None
    assert 0 < cheaper < usual


def test_an_answer_that_was_paid_for_before_costs_nothing() -> None:
    old = answer()
    old.response_metadata["cached"] = True
    assert message_cost(old) == 0


def test_what_is_not_known_is_none() -> None:
    assert message_cost(AIMessage("hi")) is None
    assert message_cost(answer("a-model-of-your-own")) is None


def test_an_answer_of_nobody_asks_whose_it_is() -> None:
    with pytest.raises(ConfigError, match="which model gave it; say model="):
        message_cost(answer(None))


def test_without_the_prices_the_extra_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    with pytest.raises(MissingExtraError, match=r"levada\[prices\]"):
        message_cost(answer())
