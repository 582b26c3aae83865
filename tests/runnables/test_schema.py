"""What steps take and give, as types, pydantic classes and JSON schemas."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, Generic, TypedDict, TypeVar

import pytest
from pydantic import BaseModel, ValidationError

from levada.chat_models import GenericFakeChatModel
from levada.errors import ConfigError
from levada.messages import AIMessage, ChatPromptValue
from levada.parsers import PydanticOutputParser, StrOutputParser
from levada.prompts import ChatPromptTemplate
from levada.runnables import (
    ConfigurableField,
    RouterRunnable,
    Run,
    Runnable,
    RunnableBranch,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnablePick,
    chain,
)

T = TypeVar("T")


class Person(BaseModel):
    name: str
    age: int = 3


class Odd:
    """A class that JSON knows nothing of."""


def count(words: list[str]) -> int:
    return len(words)


async def acount(words: list[str]) -> int:
    return len(words)


def split(text: str) -> Iterator[str]:
    yield from text.split()


def lengths(chunks: Iterator[str]) -> Iterator[int]:
    for chunk in chunks:
        yield len(chunk)


async def alengths(chunks: AsyncIterator[str]) -> AsyncIterator[int]:
    async for chunk in chunks:
        yield len(chunk)


def bare(value):  # type: ignore[no-untyped-def]
    return value


def unknown(value: Missing) -> Missing:  # type: ignore[name-defined]  # noqa: F821
    return value


class Callable_:
    def __call__(self, value: int) -> str:
        return str(value)


class Doubling(Runnable[T, list[T]], Generic[T]):
    name = None

    def _invoke(self, value: T, run: Run) -> list[T]:
        return [value, value]


class DoublingText(Doubling[str]):
    pass


prompt = ChatPromptTemplate([("human", "{question} {context}")])
model = GenericFakeChatModel(messages=iter(["answer"]))


@pytest.mark.parametrize(
    ("step", "takes", "gives"),
    [
        (RunnableLambda(count), list[str], int),
        (RunnableLambda(acount), list[str], int),
        (RunnableLambda(partial(count)), list[str], int),
        (RunnableLambda(Callable_()), int, str),
        (RunnableLambda(split), str, str),
        (RunnableLambda(lambda x: x), Any, Any),
        (RunnableLambda(bare), Any, Any),
        (RunnableLambda(unknown), Any, Any),
        (RunnableLambda(len), Any, Any),
        (RunnableLambda(str), Any, str),
        (RunnableGenerator(lengths), str, int),
        (RunnableGenerator(alengths), str, int),
        (Doubling(), Any, list[Any]),
        (DoublingText(), str, list[str]),
        (RunnableLambda(count) | str, list[str], str),
        (RunnableParallel(a=lambda x: x, b=count), list[str], dict[str, Any]),
        (RunnablePassthrough(), Any, Any),
        (RunnablePassthrough(input_type=int), int, int),
        (RunnableBranch((bool, count), str), list[str], int | str),
        (RunnableBranch((bool, count), bare), list[str], Any),
        (RouterRunnable({"a": count, "b": count}), None, int),
        (RunnableLambda(count).map(), list[list[str]], list[int]),
        (RunnableLambda(count).with_retry(), list[str], int),
        (RunnableLambda(count).with_fallbacks([RunnableLambda(bare)]), list[str], int),
        (RunnableLambda(count).with_config(tags=["t"]), list[str], int),
        (RunnableLambda(count).with_types(input_type=tuple), tuple, int),
        (RunnableLambda(bare).with_types(output_type=int).bind(), Any, int),
        (prompt | model | StrOutputParser(), dict[str, Any], str),
        (prompt, dict[str, Any], ChatPromptValue),
        (model, None, AIMessage),
        (PydanticOutputParser(pydantic_object=Person), None, Person),
    ],
    ids=lambda x: x.get_name() if isinstance(x, Runnable) else str(x),
)
def test_a_step_knows_what_it_takes_and_gives(step: Any, takes: Any, gives: Any) -> None:
    assert takes in (None, step.InputType)
    assert step.OutputType == gives
    if takes is not None:
        assert step.get_input_jsonschema()["title"]
    assert step.get_output_jsonschema()["title"]


def fields(schema: type[BaseModel]) -> list[str]:
    return sorted(f.alias or name for name, f in schema.model_fields.items())


def names(x: Any) -> Any:
    return itemgetter(*x.split())


@pytest.mark.parametrize(
    ("step", "takes"),
    [
        (prompt | model, ["context", "question"]),
        (RunnablePassthrough() | prompt | model, ["context", "question"]),
        (RunnablePassthrough.assign(context=bare) | prompt, ["question"]),
        (RunnablePassthrough.assign(context=names("query")) | prompt, ["query", "question"]),
        ({"context": names("query"), "question": names("asked")} | prompt, ["asked", "query"]),
        (RunnablePassthrough.assign(context=names("a b")), ["a", "b"]),
        (RunnablePassthrough.assign(a=bare) | RunnablePassthrough.assign(b=names("a z")), ["z"]),
        (RunnableParallel(a=prompt, b=bare).with_retry(), ["context", "question"]),
    ],
)
def test_a_chain_takes_the_keys_that_its_steps_read(step: Any, takes: list[str]) -> None:
    assert fields(step.input_schema) == takes
    assert step.get_input_jsonschema()["type"] == "object"


@pytest.mark.parametrize(
    ("step", "gives"),
    [
        (RunnableParallel(a=count, b=bare), ["a", "b"]),
        (RunnableParallel(a=count) | RunnablePassthrough.assign(b=count), ["a", "b"]),
        (RunnableParallel(a=count, b=bare) | RunnablePassthrough(), ["a", "b"]),
        (RunnableParallel(a=count, b=bare, c=bare).pick(["a", "b"]), ["a", "b"]),
        (RunnablePassthrough.assign(b=names("a")), ["a", "b"]),
        (bare | RunnablePick(["a"]), ["a"]),
    ],
)
def test_a_chain_gives_the_keys_that_its_steps_make(step: Any, gives: list[str]) -> None:
    assert fields(step.output_schema) == gives


def test_one_key_that_is_picked_has_its_type() -> None:
    picked = RunnableParallel(a=count, b=bare).pick("a")
    assert picked.get_output_jsonschema()["type"] == "integer"


def test_a_schema_checks_values() -> None:
    step = RunnableLambda(count)
    assert step.input_schema.model_validate(["a"]).model_dump() == ["a"]
    with pytest.raises(ValidationError):
        step.input_schema.model_validate("a")


def test_a_pydantic_class_is_its_own_schema() -> None:
    def greet(person: Person) -> Person:
        return person

    assert RunnableLambda(greet).input_schema is Person
    assert RunnableLambda(greet).output_schema is Person


class Asked(TypedDict):
    question: str


def ask(asked: Asked) -> str:
    return asked["question"]


def test_a_typed_dict_has_its_keys() -> None:
    asked = RunnableLambda(ask).get_input_jsonschema()["$defs"]["Asked"]
    assert list(asked["properties"]) == ["question"]
    router = RouterRunnable({"a": count}).get_input_jsonschema()["$defs"]["RouterInput"]
    assert sorted(router["properties"]) == ["input", "key"]
    assert fields(RunnableParallel(a=ask, b=names("x")).input_schema) == ["question", "x"]


def test_what_json_cannot_say_may_be_anything() -> None:
    def take(odd: Odd, more: Sequence[Odd] = ()) -> Odd:
        return odd

    assert RunnableLambda(take).get_input_jsonschema() == {"title": "take_input"}


def test_names_that_are_no_python_names_are_keys_all_the_same() -> None:
    step = RunnableParallel({"my key": count, "copy": count, "_x": count})
    assert fields(step.output_schema) == ["_x", "copy", "my key"]


def test_the_class_of_a_step_is_named_after_it() -> None:
    assert RunnableLambda(count).get_input_jsonschema()["title"] == "count_input"
    assert (prompt | model | str).get_output_jsonschema()["title"] == "str_output"


# --- with_types ---


def test_types_that_are_said_win_and_change_no_call(run, step) -> None:
    typed = step(str.upper).with_types(input_type=int, output_type=bytes)
    assert (typed.InputType, typed.OutputType) == (int, bytes)
    assert typed.get_input_jsonschema()["type"] == "integer"
    assert run.invoke(typed, "a") == "A"
    assert typed.with_config(tags=["t"]).InputType is int
    assert (typed | str).InputType is int


# --- config ---


def test_a_chain_says_what_can_be_configured() -> None:
    field = ConfigurableField(id="size", name="Size", description="how large")
    chosen = PydanticOutputParser(pydantic_object=Person).configurable_fields(name=field)
    schema = (model | chosen).get_config_jsonschema(include=["tags", "configurable"])
    assert sorted(schema["properties"]) == ["configurable", "tags"]
    assert list(schema["$defs"]["Configurable"]["properties"]) == ["size"]
    size = schema["$defs"]["Configurable"]["properties"]["size"]
    assert (size["title"], size["description"]) == ("Size", "how large")


def test_a_chain_without_such_fields_says_nothing() -> None:
    assert (model | str).get_config_jsonschema().get("properties") in (None, {})


def test_a_key_is_named_as_it_is_under_prefixes() -> None:
    field = ConfigurableField(id="n")
    chosen = PydanticOutputParser(pydantic_object=Person).configurable_fields(name=field)
    several = chosen.configurable_alternatives(ConfigurableField(id="which"), prefix_keys=True)
    properties = several.get_config_jsonschema()["$defs"]["Configurable"]["properties"]
    assert sorted(properties) == ["which", "which==default/n"]


def test_the_schema_of_a_config_is_that_of_the_step_it_chooses() -> None:
    several = RunnableLambda(count).configurable_alternatives(
        ConfigurableField(id="which"), text=RunnableLambda(str)
    )
    assert several.get_output_schema().model_json_schema()["type"] == "integer"
    chosen = several.get_output_schema({"configurable": {"which": "text"}})
    assert chosen.model_json_schema()["type"] == "string"
    with pytest.raises(ConfigError, match="is no choice"):
        several.get_output_schema({"configurable": {"which": "none"}})


# --- what is inside ---


def test_the_prompts_of_a_chain() -> None:
    other = ChatPromptTemplate([("human", "{x}")])

    assert (prompt | model | {"a": str, "b": RunnablePassthrough()}).get_prompts() == [prompt]
    inner = other | model

    @chain
    def asks_inner(x: str) -> Any:
        return inner.invoke({"x": x})

    assert asks_inner.deps == [inner]
    assert (prompt | model | asks_inner).get_prompts() == [prompt, other]


def test_a_function_that_names_its_own_chain_is_looked_into_once() -> None:
    again: Any = None

    def recur(x: Any) -> Any:
        return again

    again = RunnableLambda(recur) | str
    assert again.config_specs == []
    assert again.get_prompts() == []


def test_nothing_is_inferred_before_it_is_asked_for() -> None:
    code = """
import sys
from levada.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough, schema
schema.create_model = schema._root_model = schema.get_type_hints = None
step = RunnableLambda(lambda x: x) | {"a": str} | RunnablePassthrough.assign(b=len)
print(step.invoke("x"))
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "{'a': 'x', 'b': 1}", done.stderr
