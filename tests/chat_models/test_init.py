"""Models by the name of their provider, and chains that a call points at another one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from levada.chat_models import BaseChatModel, init_chat_model
from levada.chat_models import init as module
from levada.errors import ConfigError
from levada.messages import AIMessage, AIMessageChunk
from levada.parsers import StrOutputParser
from levada.runnables import RunnablePassthrough


class Acme(BaseChatModel):
    _binds_tools = True

    model: str
    temperature: float = 1.0

    def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
        tools = "+tools" if kwargs.get("tools") else ""
        return AIMessage(f"{type(self).__name__} {self.model} {self.temperature}{tools}")

    def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Iterator[AIMessageChunk]:
        yield AIMessageChunk(self._generate(messages, stop, **kwargs).text)


class Other(Acme):
    pass


@pytest.fixture(autouse=True)
def providers(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {
        "acme": module._Provider(Acme, prefixes=("acme-",)),
        "other_one": module._Provider(Other),
    }
    monkeypatch.setattr(module, "_PROVIDERS", known)


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("acme:a", {}, "Acme a 1.0"),
        ("acme-2", {}, "Acme acme-2 1.0"),
        ("a", {"model_provider": "acme"}, "Acme a 1.0"),
        ("a:7b", {"model_provider": "other-one"}, "Other a:7b 1.0"),
        ("other-one:a:7b", {"temperature": 0.5}, "Other a:7b 0.5"),
    ],
)
def test_a_model_is_made_by_its_name(run, name, options, says) -> None:
    model = init_chat_model(name, **options)
    assert isinstance(model, Acme)
    assert run.invoke(model, "hi").content == says


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("mystery", {}, r"does not tell whose model it is. Write 'provider:mystery'"),
        ("acm:a", {}, "no provider 'acm'; did you mean 'acme'"),
        ("a", {"model_provider": "nobody"}, "the providers are acme, other_one"),
    ],
)
def test_a_name_that_tells_nothing_is_refused(name, options, message) -> None:
    with pytest.raises(ConfigError, match=message):
        init_chat_model(name, **options)


def test_a_setting_that_the_class_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="temprature"):
        init_chat_model("acme:a", temprature=0)


def test_a_running_chain_is_pointed_at_another_model(run) -> None:
    model = init_chat_model("acme:a", configurable_fields=["model", "temperature"])
    chain = RunnablePassthrough() | model | StrOutputParser()
    config = {"configurable": {"model": "other_one:b", "temperature": 0.0}}
    assert run.invoke(chain, "hi") == "Acme a 1.0"
    assert run.invoke(chain, "hi", config) == "Other b 0.0"
    assert "".join(run.stream(chain, "hi", config)) == "Other b 0.0"
    heads = run.heads(chain, "hi", config)
    assert ("on_chat_model_stream", "Other") in heads


def test_only_the_fields_that_were_named_may_be_changed(run) -> None:
    model = init_chat_model("acme:a", configurable_fields=["model"])
    config = {"configurable": {"temperature": 0.0, "session": "x"}}
    assert run.invoke(model, "hi", config).content == "Acme a 1.0"


def test_any_field_may_be_changed_if_so_said(run) -> None:
    model = init_chat_model("acme:a", configurable_fields="any")
    config = {"configurable": {"temperature": 0.0, "session": "x"}}
    assert run.invoke(model, "hi", config).content == "Acme a 0.0"
    with pytest.raises(ConfigError, match="is \"any\" or a list of names; got 'all'"):
        init_chat_model("acme:a", configurable_fields="all")


def test_two_models_of_a_chain_have_prefixes(run) -> None:
    one = init_chat_model("acme:a", configurable_fields=["model"], config_prefix="one")
    config = {"configurable": {"one_model": "acme:b", "model": "acme:c"}}
    assert run.invoke(one, "hi", config).content == "Acme b 1.0"
    assert [spec.id for spec in one.config_specs] == ["one_model"]


def test_a_model_may_be_left_to_the_call(run) -> None:
    model = init_chat_model(temperature=0.5)
    with pytest.raises(ConfigError, match="no model is configured"):
        run.invoke(model, "hi")
    config = {"configurable": {"model": "acme:b"}}
    assert run.invoke(model, "hi", config).content == "Acme b 0.5"
    assert run.invoke(model.with_config(config), "hi").content == "Acme b 0.5"


def test_tools_are_bound_to_whichever_model_is_called(run) -> None:
    def look(city: str) -> str:
        """Look."""
        return city

    model = init_chat_model().bind_tools([look])
    config = {"configurable": {"model": "other_one:b"}}
    assert run.invoke(model, "hi", config).content == "Other b 1.0+tools"


def test_a_model_is_made_once_for_the_same_settings() -> None:
    model = init_chat_model()
    config: Any = {"configurable": {"model": "acme:b"}}
    assert model.prepare(config)[0] is model.prepare(dict(config))[0]


def test_two_keys_never_share_a_model() -> None:
    class Keyed(Acme):
        key: SecretStr

    module._PROVIDERS["keyed"] = module._Provider(Keyed)
    model = init_chat_model("keyed:a", key="0", configurable_fields="any")
    made = [model.prepare({"configurable": {"key": SecretStr(key)}})[0] for key in ("1", "2", "1")]
    assert [m.key.get_secret_value() for m in made] == ["1", "2", "1"]
    assert made[0] is made[2]
