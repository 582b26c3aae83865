"""The real server itself: what the wire tests ask it besides answers."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

pytestmark = pytest.mark.timeout(120)


def ask(url: str, **request: Any) -> Any:
    body = {"messages": [{"role": "user", "content": "Count to one hundred."}], **request}
    sent = urllib.request.Request(
        f"{url}/v1/chat/completions",
        json.dumps(body).encode(),
        {"content-type": "application/json"},
    )
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sent, timeout=60)


@pytest.fixture
def stream(llama: Any) -> Iterator[Any]:
    with closing(ask(llama.url, stream=True, max_tokens=400)) as response:
        yield response


def test_it_counts_the_tokens_that_it_writes(llama: Any) -> None:
    before = llama.tokens_predicted()
    with ask(llama.url, max_tokens=3) as response:
        assert json.load(response)["usage"]["completion_tokens"] == 3
    assert llama.tokens_predicted() == before + 3


def test_it_is_busy_while_it_answers_and_idle_when_its_client_has_gone(
    llama: Any, stream: Any
) -> None:
    stream.readline()
    assert llama.is_busy()
    assert not llama.becomes_idle(within_s=0)
    stream.close()
    assert llama.becomes_idle(within_s=30)
