"""Prompts that say which shape the answer is to have."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from levada.errors import CompositionError
from levada.prompts import StructuredPrompt
from levada.runnables import RunnableLambda


class Answer(BaseModel):
    """What is wanted."""

    text: str


class Model(RunnableLambda):
    """Answers with what it was asked for."""

    def with_structured_output(self, schema, **kwargs):
        return RunnableLambda(lambda value: (schema, kwargs, value.messages[0].text))


@pytest.fixture
def model():
    return Model(lambda value: "unstructured")


def test_the_model_behind_it_is_asked_for_the_schema(run, model):
    prompt = StructuredPrompt(["{q}"], Answer, structured_output_kwargs={"method": "json_schema"})
    asked = (Answer, {"method": "json_schema"}, "why")
    assert run.invoke(prompt | model, {"q": "why"}) == asked
    assert run.invoke(prompt.pipe(model, name="ask"), {"q": "why"}) == asked


def test_steps_may_follow_the_model(run, model):
    chain = StructuredPrompt.from_messages_and_schema([("human", "{q}")], Answer).pipe(
        model, lambda answer: answer[2]
    )
    assert run.invoke(chain, {"q": "why"}) == "why"


def test_without_a_model_behind_it_there_is_an_error():
    prompt = StructuredPrompt(["{q}"], Answer)
    with pytest.raises(CompositionError, match="a StructuredPrompt is piped into a chat model"):
        prompt | (lambda value: value)
    with pytest.raises(CompositionError, match="a StructuredPrompt is piped into a chat model"):
        prompt.pipe()


def test_parts_are_added_as_to_any_chat_prompt():
    prompt = StructuredPrompt(["{q}"], {"type": "object"}) + "{b}"
    assert prompt.schema_ == {"type": "object"}
    assert prompt.input_variables == ["b", "q"]
