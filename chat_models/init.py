"""`init_chat_model`: a model by the name of its provider, which a call may point at another one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal, NamedTuple, overload

from pydantic import SecretStr

from ..errors import ConfigError, closest, shown
from ..messages import AIMessage, BaseMessage
from ..runnables import ConfigurableFieldSpec, DynamicRunnable, Runnable, RunnableConfig
from ._kept import key_text
from .anthropic import ChatAnthropic
from .azure_openai import AzureChatOpenAI
from .base import BaseChatModel, LanguageModelInput
from .google import ChatGoogle
from .llama_cpp import ChatLlamaCpp
from .ollama import ChatOllama
from .openai import ChatOpenAI
from .profile import StructureMethod

__all__ = ["ConfigurableChatModel", "init_chat_model"]


class _Provider(NamedTuple):
    """A class of models.

    Attributes:
        cls: The class.
        field: Which of its settings is the name of the model.
        prefixes: How the names of its models begin, where that tells.
    """

    cls: type[BaseChatModel]
    field: str = "model"
    prefixes: tuple[str, ...] = ()


_PROVIDERS: dict[str, _Provider] = {
    "anthropic": _Provider(ChatAnthropic, prefixes=("claude",)),
    "azure_openai": _Provider(AzureChatOpenAI, "azure_deployment"),
    "google": _Provider(ChatGoogle, prefixes=("gemini",)),
    "google_genai": _Provider(ChatGoogle),
    "llama_cpp": _Provider(ChatLlamaCpp, "model_path"),
    "ollama": _Provider(ChatOllama),
    "openai": _Provider(ChatOpenAI, prefixes=("gpt-", "chatgpt-", "o1", "o3", "o4")),
}

# So many models that calls have asked for are kept, with their connections.
_MODELS_KEPT = 32


@overload
def init_chat_model(
    model: str,
    *,
    model_provider: str | None = None,
    configurable_fields: None = None,
    config_prefix: str | None = None,
    **kwargs: Any,
) -> BaseChatModel: ...
@overload
def init_chat_model(
    model: None = None,
    *,
    model_provider: str | None = None,
    configurable_fields: Literal["any"] | Sequence[str] | None = None,
    config_prefix: str | None = None,
    **kwargs: Any,
) -> ConfigurableChatModel: ...
@overload
def init_chat_model(
    model: str,
    *,
    model_provider: str | None = None,
    configurable_fields: Literal["any"] | Sequence[str],
    config_prefix: str | None = None,
    **kwargs: Any,
) -> ConfigurableChatModel: ...
def init_chat_model(
    model: str | None = None,
    *,
    model_provider: str | None = None,
    configurable_fields: Literal["any"] | Sequence[str] | None = None,
    config_prefix: str | None = None,
    **kwargs: Any,
) -> BaseChatModel | ConfigurableChatModel:
    """Give a chat model: `init_chat_model("anthropic:claude-haiku-4-5", temperature=0)`.

        model = init_chat_model(configurable_fields=["model"])
        chain = prompt | model | parser
        chain.invoke(x, {"configurable": {"model": "anthropic:claude-haiku-4-5"}})

    Args:
        model: The provider and the model; the model alone, if its name or `model_provider` tells
            whose it is. None: what a call configures.
        model_provider: The provider.
        configurable_fields: The settings that a call may change, under the key "configurable" of
            its config. "any" is all, also whom the key is sent to: only for callers you trust.
        config_prefix: What stands before their names, for chains of several models: `first_model`.
        kwargs: The settings of the model.

    Raises:
        ConfigError: There is no such provider, or none is said.
        MissingExtraError: Its package is not installed.
    """
    said = {"model": model, "model_provider": model_provider, **kwargs}
    given = {name: value for name, value in said.items() if value is not None}
    if model is None and configurable_fields is None:
        configurable_fields = ["model", "model_provider"]
    if configurable_fields is None:
        return _made(given)
    if configurable_fields != "any" and isinstance(configurable_fields, str):
        raise ConfigError(
            f'configurable_fields is "any" or a list of names; got {shown(configurable_fields)}'
        )
    fields = None if configurable_fields == "any" else list(configurable_fields)
    return ConfigurableChatModel(given, fields, config_prefix or "")


class ConfigurableChatModel(DynamicRunnable[LanguageModelInput, AIMessage]):
    """A model whose settings a call may change; see `init_chat_model`.

    Its methods, such as `bind_tools`, give steps that may be configured too.
    """

    __slots__ = ("_fields", "_given", "_made", "_prefix")

    def __init__(
        self,
        given: dict[str, Any],
        fields: list[str] | None,
        prefix: str,
        config: RunnableConfig | None = None,
    ) -> None:
        self._given = given
        self._fields = fields
        self._prefix = f"{prefix}_" if prefix and not prefix.endswith("_") else prefix
        self._made: dict[str, BaseChatModel] = {}
        default = _made(given) if "model" in given else _NoModel(hint=f"{self._prefix}model")
        super().__init__(default=default, config=config)

    @property
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        names = self._fields or ["model", "model_provider"]
        return [
            ConfigurableFieldSpec(self._prefix + name, Any, default=self._given.get(name))
            for name in names
        ]

    def _with(self, config: RunnableConfig) -> ConfigurableChatModel:
        return ConfigurableChatModel(self._given, self._fields, self._prefix, config)

    def _choose(self, values: Any) -> tuple[Runnable[LanguageModelInput, AIMessage], Any]:
        changes = {
            key.removeprefix(self._prefix): value
            for key, value in values.items()
            if key.startswith(self._prefix) and self._may_change(key.removeprefix(self._prefix))
        }
        if not changes:
            return self.default, values
        if (key := _memo_key(changes)) is None:
            return _made(_changed(self._given, changes)), values
        made = self._made.get(key)
        if made is None:
            if len(self._made) >= _MODELS_KEPT:
                self._made.clear()
            made = self._made[key] = _made(_changed(self._given, changes))
        return made, values

    def _may_change(self, name: str) -> bool:
        if self._fields is not None:
            return name in self._fields
        return bool(self._prefix) or name in ("model", "model_provider") or self._is_setting(name)

    def _is_setting(self, name: str) -> bool:
        return name in getattr(type(self.default), "model_fields", ())


class _NoModel(BaseChatModel):
    """Stands where no model is configured, and says so when it is called."""

    _binds_tools: ClassVar[bool] = True
    _structures_by: ClassVar[tuple[StructureMethod, ...]] = (
        "function_calling",
        "json_schema",
        "json_mode",
    )

    hint: str

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        raise ConfigError(
            f"no model is configured. Call it with "
            f"{{'configurable': {{{self.hint!r}: 'provider:model'}}}}, or write "
            "init_chat_model('provider:model')."
        )


def _memo_key(changes: dict[str, Any]) -> str | None:
    """Give what tells these settings from all others; None if they are more than plain values."""
    plain: dict[str, Any] = {}
    for name, value in changes.items():
        if isinstance(value, SecretStr):
            value = ["secret", value.get_secret_value()]
        elif not isinstance(value, str | int | float | None):
            return None
        plain[name] = value
    return key_text(plain)


def _changed(given: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    whole = {**given, **changes}
    if "model" in changes and "model_provider" not in changes:
        whole.pop("model_provider", None)  # it was that of the other model
    return whole


def _made(given: dict[str, Any]) -> BaseChatModel:
    settings = dict(given)
    name, said = settings.pop("model"), settings.pop("model_provider", None)
    provider, model = _parsed(name, said)
    settings[provider.field] = model
    return provider.cls(**settings)


def _parsed(name: str, said: str | None) -> tuple[_Provider, str]:
    """Find the provider, and the model's own name."""
    if said is not None:
        return _provider(said), name
    before, colon, after = name.partition(":")
    if colon and _plain(before) in _PROVIDERS:
        return _provider(before), after
    for provider in _PROVIDERS.values():
        if name.startswith(provider.prefixes or ("\0",)):
            return provider, name
    if colon:
        return _provider(before), after  # raises
    raise ConfigError(
        f"the name {name!r} does not tell whose model it is. "
        f"Write 'provider:{name}'; {_listed(_PROVIDERS)}"
    )


def _provider(name: str) -> _Provider:
    found = _PROVIDERS.get(_plain(name))
    if found is None:
        close = closest(_plain(name), _PROVIDERS)
        hint = f"did you mean {close!r}?" if close else _listed(_PROVIDERS)
        raise ConfigError(f"there is no provider {name!r}; {hint}")
    return found


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")


def _listed(names: Iterable[str]) -> str:
    return f"the providers are {', '.join(names)}"
