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


@pytest.mark.parametrize(
    "make",
    [
        lambda: StructuredPrompt(["{q}"], Answer, include_raw=True, name="ask", tags=["x"]),
        lambda: StructuredPrompt(["{q}"], schema=Answer, include_raw=True, name="ask", tags=["x"]),
        lambda: StructuredPrompt.from_messages_and_schema(
            ["{q}"], Answer, include_raw=True, name="ask", tags=["x"]
        ),
        lambda: StructuredPrompt(
            ["{q}"],
            Answer,
            structured_output_kwargs={"include_raw": True},
            name="ask",
            tags=["x"],
        ),
    ],
)
def test_options_that_are_no_fields_are_for_the_model(make, model):
    prompt = make()
    assert (prompt.name, prompt.tags) == ("ask", ["x"])
    assert (prompt | model).invoke({"q": "why"}) == (Answer, {"include_raw": True}, "why")


def test_without_a_schema_there_is_an_error():
    with pytest.raises(CompositionError, match="needs the schema of the answer"):
        StructuredPrompt(["{q}"])


def test_steps_may_stand_before_the_prompt_and_its_model(run, model):
    chain = (lambda value: {"q": value}) | (StructuredPrompt(["{q}"], Answer) | model)
    assert run.invoke(chain, "why") == (Answer, {}, "why")


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
