"""Classes whose validators are made when they are first used, be it by many threads at once."""

from __future__ import annotations

import pydantic
import pytest
from interpreter import run_python

_AT_ONCE = """
import sys
import threading
from levada.chat_models import FakeListChatModel
from levada.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from levada.parsers import StrOutputParser
from levada.prompts import ChatPromptTemplate

sys.setswitchinterval(1e-6)

def everything():
    start.wait()
    try:
        chain = (
            ChatPromptTemplate.from_messages([("system", "Be {how}."), ("human", "{what}")])
            | FakeListChatModel(responses=["yes"])
            | StrOutputParser()
        )
        answer = chain.invoke({"how": "brief", "what": "Well?"})
        call = {"name": "f", "args": {}, "id": "1", "type": "tool_call"}
        messages = [
            HumanMessage(["a", {"type": "text", "text": "b"}]),
            AIMessage("", tool_calls=[call]),
            ToolMessage("c", tool_call_id="1"),
            AIMessageChunk("d", response_metadata={"e": 1}),
        ]
        again = [type(m).model_validate_json(m.model_dump_json()) for m in messages]
        seen.append((answer, again == messages))
    except BaseException as error:
        seen.append(error)

seen = []
start = threading.Barrier(12)
threads = [threading.Thread(target=everything) for _ in range(12)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert seen == [("yes", True)] * 12, seen
"""

_IMPORTED = """
from levada.chat_models import BaseChatModel
from levada.messages import AIMessage
from levada.prompts import ChatPromptTemplate
print(any(c.__pydantic_complete__ for c in (BaseChatModel, AIMessage, ChatPromptTemplate)))
"""


def test_threads_that_use_every_class_for_the_first_time_at_once_do_not_disturb_each_other() -> (
    None
):
    for _ in range(3):
        run_python(_AT_ONCE)


def test_importing_a_class_does_not_build_its_validator() -> None:
    if tuple(map(int, pydantic.VERSION.split(".")[:2])) < (2, 14):
        pytest.skip("this pydantic does not let threads build a class")
    assert run_python(_IMPORTED) == ["False"]
