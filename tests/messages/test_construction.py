"""Messages of plain text are built without validation: they must be what validation gives."""

from __future__ import annotations

import copy
import pickle
import sys
from typing import Any

import pytest
from pydantic import Field, ValidationError, field_validator

from levada.errors import MessageError
from levada.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    FunctionMessage,
    HumanMessage,
    HumanMessageChunk,
    SystemMessage,
    ToolMessage,
)
from levada.messages.base import plain_message

PLAIN = [HumanMessage, SystemMessage, AIMessage, AIMessageChunk]


class Token(str):
    """A text of somebody's own."""


class Mine(HumanMessage):
    """A message of somebody's own."""

    mood: str = "good"


def validated(cls: type[BaseMessage], **fields: Any) -> BaseMessage:
    """Build a message by pydantic's validation alone."""
    message = cls.__new__(cls)
    cls.__pydantic_validator__.validate_python(fields, self_instance=message)
    return message


@pytest.mark.parametrize("cls", PLAIN)
@pytest.mark.parametrize("id", [None, "msg-1"])
def test_a_plain_message_is_what_validation_gives(cls, id):
    fields = {"content": "hi"} if id is None else {"content": "hi", "id": id}
    fast, slow = cls("hi", id=id), validated(cls, **fields)
    assert fast == slow
    assert list(fast.__dict__) == list(slow.__dict__)
    assert fast.model_fields_set == slow.model_fields_set
    assert fast.__pydantic_extra__ == slow.__pydantic_extra__
    assert fast.__pydantic_private__ == slow.__pydantic_private__
    assert fast.model_dump(exclude_unset=True) == slow.model_dump(exclude_unset=True)
    assert fast.model_dump_json() == slow.model_dump_json()
    assert repr(fast) == repr(slow)


@pytest.mark.parametrize("content", ["hi", Token("hi"), ["hi", {"type": "text", "text": "!"}]])
@pytest.mark.parametrize("cls", [*PLAIN, HumanMessageChunk, Mine])
def test_a_message_that_a_prompt_makes_is_what_the_constructor_gives(cls, content):
    quick, slow = plain_message(cls, content), cls(content)
    assert type(quick) is type(slow)
    assert quick == slow == copy.copy(quick) == pickle.loads(pickle.dumps(quick))
    assert list(quick.__dict__) == list(slow.__dict__)
    assert quick.model_fields_set == slow.model_fields_set
    assert quick.__pydantic_extra__ == slow.__pydantic_extra__
    assert quick.__pydantic_private__ == slow.__pydantic_private__
    quick.additional_kwargs["key"] = 1
    quick.id = "1"
    assert quick.model_fields_set == {"content", "id"}
    assert plain_message(cls, content) == slow


@pytest.mark.parametrize("cls", PLAIN)
def test_a_prompt_makes_no_message_of_a_wrong_content(cls):
    with pytest.raises(ValidationError, match="content"):
        plain_message(cls, 3)


@pytest.mark.parametrize("cls", PLAIN)
@pytest.mark.parametrize("text", ["", "hi", "é\n\0", "\U0001f600", "\ud800"])
def test_any_text_survives_dumping_copying_and_pickling(cls, text):
    message = cls(text)
    for twin in (
        cls.model_validate(message.model_dump()),
        copy.copy(message),
        copy.deepcopy(message),
        message.model_copy(),
        pickle.loads(pickle.dumps(message)),
    ):
        assert twin == message
        assert type(twin) is cls


@pytest.mark.parametrize("cls", PLAIN)
def test_messages_do_not_share_their_containers(cls):
    one, other = cls("a"), cls("b")
    one.additional_kwargs["key"] = 1
    one.response_metadata["key"] = 1
    if isinstance(one, AIMessage):
        one.tool_calls.append({"name": "f", "args": {}, "id": None})
    assert other == cls("b")


@pytest.mark.parametrize("cls", PLAIN)
def test_messages_of_different_content_or_class_differ(cls):
    assert cls("a") != cls("b")
    assert cls("a", id="1") != cls("a")
    assert all(cls("a") != other("a") for other in PLAIN if other is not cls)


@pytest.mark.parametrize("content", [3, 2.5, [3], {"type": "text"}, object()])
@pytest.mark.parametrize("cls", PLAIN)
def test_content_of_a_wrong_type_is_refused(cls, content):
    with pytest.raises(ValidationError, match="content"):
        cls(content)


@pytest.mark.parametrize("cls", PLAIN)
def test_a_message_needs_content(cls):
    with pytest.raises(ValidationError, match=r"content\s+Field required"):
        cls()


def test_text_of_a_subclass_of_str_is_content():
    assert AIMessageChunk(Token("tok")) == AIMessageChunk("tok")


def test_an_id_may_be_a_number_and_is_kept_as_text():
    assert HumanMessage("hi", id=7).id == "7"
    with pytest.raises(ValidationError, match="id"):
        HumanMessage("hi", id=["7"])


def test_an_unknown_field_is_refused_with_the_one_that_was_meant():
    with pytest.raises(MessageError, match=r"no field 'nme'\. Did you mean 'name'"):
        HumanMessage("hi", nme="Ann")
    with pytest.raises(MessageError, match=r"no field 'zzz'. It has content, .*additional_kwargs"):
        AIMessageChunk("hi", zzz=1)


def test_the_type_of_a_message_cannot_be_another():
    assert HumanMessage("hi", type="human").type == "human"
    with pytest.raises(ValidationError, match="a HumanMessage has the type 'human', not 'ai'"):
        HumanMessage("hi", type="ai")
    assert BaseMessage("hi", type="robot").type == "robot"


def test_content_blocks_are_another_way_to_give_content():
    blocks = [{"type": "text", "text": "hi"}, {"type": "image", "url": "https://example.org/a.png"}]
    assert HumanMessage(content_blocks=blocks).content == blocks
    with pytest.raises(MessageError, match="both content and content_blocks"):
        HumanMessage("hi", content_blocks=blocks)


def test_a_subclass_keeps_its_own_fields_and_validators():
    class Shouted(HumanMessage):
        volume: int = 11
        tags: list[str] = Field(default_factory=list)

        @field_validator("content")
        @classmethod
        def shout(cls, content: Any) -> Any:
            return content.upper()

    message = Shouted("hi", id="1")
    assert (message.content, message.volume, message.tags, message.id) == ("HI", 11, [], "1")
    assert message == Shouted.model_validate(message.model_dump())


def test_a_subclass_may_allow_any_field():
    class Loose(AIMessage, extra="allow"):
        pass

    assert Loose("hi", mood="good").model_extra == {"mood": "good"}


def test_a_field_that_was_assigned_counts_as_set():
    chunk = AIMessageChunk("tok")
    chunk.id = "run-1"
    assert chunk.model_fields_set == {"content", "id"}
    with pytest.raises(ValueError, match="no field"):
        chunk.contents = "typo"


def test_models_validate_from_json_too():
    message = AIMessage("hi", id="1", usage_metadata=usage(1, 2))
    assert AIMessage.model_validate_json(message.model_dump_json()) == message


def usage(input_tokens: int, output_tokens: int) -> Any:
    total = input_tokens + output_tokens
    return {
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "total_tokens": total,
    }


@pytest.mark.parametrize("cls", [AIMessage, AIMessageChunk])
def test_building_an_answer_of_plain_text_runs_a_single_python_function(cls):
    calls: list[str] = []

    def profile(frame, event, arg):
        if event == "call":
            calls.append(frame.f_code.co_name)

    sys.setprofile(profile)
    try:
        cls(content="tok", id="run-1")
    finally:
        sys.setprofile(None)
    assert calls == ["__init__"]


def test_text_joins_the_texts_among_the_blocks():
    blocks = ["a", {"type": "text", "text": "b"}, {"type": "image", "url": "u"}, {"type": "text"}]
    assert HumanMessage(blocks).text == "ab"
    assert AIMessage("plain").text == "plain"


def test_a_function_message_needs_its_name():
    assert FunctionMessage("3", name="add").name == "add"
    with pytest.raises(ValidationError, match="name"):
        FunctionMessage("3")


def test_numbers_and_objects_are_written_as_the_content_of_a_tool_message():
    assert ToolMessage(3.5, tool_call_id=7).content == "3.5"
    assert ToolMessage({"a": 1}, tool_call_id="1").content == "{'a': 1}"
    assert ToolMessage(("a", {"type": "text", "text": "b"}, 3), tool_call_id="1").content == [
        "a",
        {"type": "text", "text": "b"},
        "3",
    ]
    assert ToolMessage("x", tool_call_id=7).tool_call_id == "7"


def test_the_repr_of_a_message_says_only_what_there_is():
    assert repr(AIMessageChunk("tok", id="run-1")) == "AIMessageChunk(content='tok', id='run-1')"
    assert repr(HumanMessage("")) == "HumanMessage(content='')"
    call = {"name": "f", "args": {}, "id": "1", "type": "tool_call"}
    assert repr(AIMessage("", tool_calls=[call])) == f"AIMessage(content='', tool_calls=[{call}])"


def test_chunks_of_other_messages_are_built_the_same_way():
    assert HumanMessageChunk("hi", id="1").model_dump() == {
        "content": "hi",
        "additional_kwargs": {},
        "response_metadata": {},
        "type": "HumanMessageChunk",
        "name": None,
        "id": "1",
    }
