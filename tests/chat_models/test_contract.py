"""The contract of all chat models, for those that need nothing outside of this process."""

from __future__ import annotations

import re
from typing import Any

from chat_model_contract import ChatModelContract

from house import ROOT
from levada.chat_models import (
    BaseChatModel,
    FakeListChatModel,
    FakeMessagesListChatModel,
    GenericFakeChatModel,
)
from levada.errors import UnsupportedError
from levada.messages import AIMessage


class TestGenericFakeChatModel(ChatModelContract):
    provider = "GenericFakeChatModel"

    def model(self, *answers: AIMessage, **settings: Any) -> BaseChatModel:
        return GenericFakeChatModel(messages=iter(answers), **settings)


class TestFakeMessagesListChatModel(ChatModelContract):
    provider = "FakeMessagesListChatModel"

    def model(self, *answers: AIMessage, **settings: Any) -> BaseChatModel:
        return FakeMessagesListChatModel(responses=list(answers), **settings)


class TestFakeListChatModel(ChatModelContract):
    provider = "FakeListChatModel"

    def model(self, *answers: AIMessage, **settings: Any) -> BaseChatModel:
        if any(a.tool_calls or a.usage_metadata or a.text != a.content for a in answers):
            raise UnsupportedError("its answers are texts")
        return FakeListChatModel(responses=[a.text for a in answers], **settings)


def own_model() -> type[BaseChatModel]:
    """Give the class of "Write your own", as it stands in the docs."""
    page = (ROOT / "docs" / "chat_models.md").read_text(encoding="utf-8")
    (code,) = [c for c in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "Typewriter" in c]
    names: dict[str, Any] = {"__name__": "own_model"}
    exec(code, names)
    assert len(code[code.index("class") : code.index("print(")].strip().splitlines()) <= 20
    made: type[BaseChatModel] = names["Typewriter"]
    return made


OWN_MODEL = own_model()


class TestOwnModel(ChatModelContract):
    provider = "your own, in 20 lines"

    def model(self, *answers: AIMessage, **settings: Any) -> BaseChatModel:
        if any(a.tool_calls or a.usage_metadata or a.text != a.content for a in answers):
            raise UnsupportedError("its answers are texts")
        return OWN_MODEL(answer=answers[0].text if answers else "", **settings)
