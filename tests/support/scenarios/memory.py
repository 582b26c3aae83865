"""Chains that remember what was said before."""

from __future__ import annotations

from typing import Any

from levada.history import InMemoryChatMessageHistory, RunnableWithMessageHistory
from levada.messages import AIMessage, HumanMessage
from levada.parsers import StrOutputParser
from levada.prompts import ChatPromptTemplate, MessagesPlaceholder

from .scenario import Endless, Planned, Scenario, Scripted, says, scenario

QUESTION = "What did I say?"
SESSION = {"configurable": {"session_id": "1"}}


def remembering(chain: Any, **keys: Any) -> RunnableWithMessageHistory:
    kept = InMemoryChatMessageHistory()
    kept.add_messages([HumanMessage("Hello"), AIMessage("Good morning")])
    return RunnableWithMessageHistory(chain, lambda session_id: kept, **keys)


@scenario
def conversation() -> Scenario:
    """What was said before is loaded by a run of its own, and stands before what is said now."""
    chain = says("You said hello") | StrOutputParser()
    return Scenario(remembering(chain), QUESTION, SESSION)


@scenario
def conversation_that_fails() -> Scenario:
    model = Scripted(script=[["You said ", Planned("cut off")]])
    return Scenario(remembering(model | StrOutputParser()), QUESTION, SESSION)


@scenario
def conversation_with_a_prompt() -> Scenario:
    """It is put into the input beside the question, by an assign."""
    prompt = ChatPromptTemplate.from_messages(
        [MessagesPlaceholder("history"), ("human", "{question}")]
    )
    chain = remembering(
        prompt | says("You said hello") | StrOutputParser(),
        input_messages_key="question",
        history_messages_key="history",
    )
    return Scenario(chain, {"question": QUESTION}, SESSION, concurrent=True)


@scenario
def conversation_that_is_left() -> Scenario:
    chain = Endless() | StrOutputParser()
    return Scenario(remembering(chain), QUESTION, SESSION, stops=12)
