"""What an answer cost, by a list of prices that others keep."""

from __future__ import annotations

from decimal import Decimal

from ..errors import ConfigError, MissingExtraError
from ..messages import AIMessage, UsageMetadata

__all__ = ["message_cost"]


def message_cost(
    message: AIMessage, *, model: str | None = None, provider: str | None = None
) -> Decimal | None:
    """Give what an answer cost, in US dollars; None if its usage or the price is not known.

    The prices are those of the installed version of genai-prices (extra `prices`), which may be
    older than those of the provider. An answer out of a cache costs nothing.

    Args:
        message: The answer of a model.
        model: The name of the model; None: what the answer says in its `response_metadata`.
        provider: Whose model it is, such as "anthropic"; None: what its name tells.

    Raises:
        ConfigError: The answer does not say which model gave it.
        MissingExtraError: The prices are not installed.
    """
    try:
        import genai_prices
    except ModuleNotFoundError as exc:
        raise MissingExtraError("message_cost", "genai-prices", "prices") from exc
    said = message.response_metadata
    if said.get("cached"):
        return Decimal(0)
    if message.usage_metadata is None:
        return None
    name = model or said.get("model_name")
    if name is None:
        raise ConfigError("the answer does not say which model gave it; say model='...'")
    usage = genai_prices.Usage(**_counts(message.usage_metadata))
    try:
        return genai_prices.calc_price(usage, name, provider_id=provider).total_price
    except LookupError:
        return None


def _counts(usage: UsageMetadata) -> dict[str, int | None]:
    of_input = usage.get("input_token_details", {})
    of_output = usage.get("output_token_details", {})
    return {
        "input_tokens": usage["input_tokens"],
        "output_tokens": usage["output_tokens"],
        "cache_read_tokens": of_input.get("cache_read"),
        "cache_write_tokens": of_input.get("cache_creation"),
        "input_audio_tokens": of_input.get("audio"),
        "output_audio_tokens": of_output.get("audio"),
    }
