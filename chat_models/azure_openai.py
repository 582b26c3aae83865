"""`AzureChatOpenAI`: OpenAI's models in Microsoft's cloud."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Self

from pydantic import AliasChoices, Field, SecretStr, model_validator

from ..errors import ConfigError
from ._openai_clients import KeyProvider
from .openai import ChatOpenAI

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

__all__ = ["AzureChatOpenAI"]


class AzureChatOpenAI(ChatOpenAI):
    """OpenAI's models in Microsoft's cloud (extra `openai`).

        chat = AzureChatOpenAI(
            azure_endpoint="https://my-resource.openai.azure.com",
            azure_deployment="my-gpt-5",
            api_version="2024-10-21",
        )

    All else is as with `ChatOpenAI`. It says who asks by a key (`api_key`, else that of
    AZURE_OPENAI_API_KEY), or by a token of Entra ID.

    Attributes:
        model: What the model is called; for prices and logs, if there is a deployment.
        azure_endpoint: Where the resource is; None: where AZURE_OPENAI_ENDPOINT says.
        azure_deployment: What the model is called there; None: as `model` says.
        api_version: The version of the API, a date; None: that of OPENAI_API_VERSION.
        azure_ad_token: A token of Entra ID in place of a key.
        azure_ad_token_provider: What gives such a token whenever one is needed.
        azure_ad_async_token_provider: The same for asynchronous calls; None: the other one, in a
            worker thread.

    Raises:
        ConfigError: A call without an endpoint, or without a version.
    """

    model: str = Field(default="", validation_alias=AliasChoices("model", "model_name"))
    azure_endpoint: str | None = None
    azure_deployment: str | None = Field(
        default=None, validation_alias=AliasChoices("azure_deployment", "deployment_name")
    )
    api_version: str | None = Field(
        default=None, validation_alias=AliasChoices("api_version", "openai_api_version")
    )
    azure_ad_token: SecretStr | None = Field(default=None, repr=False, exclude=True)
    azure_ad_token_provider: KeyProvider | None = Field(default=None, repr=False, exclude=True)
    azure_ad_async_token_provider: KeyProvider | None = Field(
        default=None, repr=False, exclude=True
    )

    @model_validator(mode="after")
    def _names_a_model(self) -> Self:
        if not self._model_sent():
            raise ConfigError(
                f"{type(self).__name__} does not know which model to ask. Write the name of your "
                'deployment: AzureChatOpenAI(azure_deployment="...").'
            )
        return self

    def _model_sent(self) -> str:
        # The SDK makes a part of the URL of it, where the API wants that.
        return self.azure_deployment or self.model

    def _is_openai(self) -> bool:
        return True

    def _settings(self) -> tuple[object, ...]:
        own = (
            self.azure_endpoint,
            self.api_version,
            self.azure_ad_token,
            self.azure_ad_token_provider,
            self.azure_ad_async_token_provider,
        )
        return (*super()._settings(), *own)

    def _sdk(self) -> tuple[type[OpenAI], type[AsyncOpenAI]]:
        import openai

        return openai.AzureOpenAI, openai.AsyncAzureOpenAI

    def _client_arguments(self, *, asynchronous: bool) -> dict[str, Any]:
        self._check_said("api_version", "OPENAI_API_VERSION")
        if self.base_url is None:
            self._check_said("azure_endpoint", "AZURE_OPENAI_ENDPOINT")
        token = self.azure_ad_token
        provider = self.azure_ad_token_provider
        if asynchronous and self.azure_ad_async_token_provider is not None:
            provider = self.azure_ad_async_token_provider
        return {
            **super()._client_arguments(asynchronous=asynchronous),
            "azure_endpoint": self.azure_endpoint,
            "api_version": self.api_version,
            "azure_ad_token": None if token is None else token.get_secret_value(),
            "azure_ad_token_provider": provider,
        }

    def _check_said(self, name: str, variable: str) -> None:
        if not (getattr(self, name) or os.environ.get(variable)):
            raise ConfigError(
                f"{type(self).__name__} has no {name}. Give it {name}=..., or set {variable}."
            )
