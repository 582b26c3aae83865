"""Fields and alternatives that a caller configures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from levada.errors import CompositionError, ConfigError
from levada.prompts import ChatPromptTemplate, PromptTemplate
from levada.runnables import (
    ConfigurableField,
    ConfigurableFieldMultiOption,
    ConfigurableFieldSingleOption,
    ConfigurableFieldSpec,
    Run,
    Runnable,
    RunnableConfig,
    RunnableLambda,
    RunnableSerializable,
)


class Greeter(RunnableSerializable[str, str]):
    """Greets, and streams letter by letter."""

    model_config = ConfigDict(populate_by_name=True)

    greeting: str = Field(default="hello", alias="word", description="what is said")
    ends: list[str] = Field(default=["!"])
    _shouted: str = ""

    @model_validator(mode="after")
    def _derive(self) -> Greeter:
        self._shouted = self.greeting.upper()
        return self

    def _invoke(self, value: str, run: Run) -> str:
        return f"{self.greeting} {value}{''.join(self.ends)}"

    def _transform(self, chunks: Iterator[str], run: Run) -> Iterator[str]:
        yield from self._invoke("".join(chunks), run)

    def shout(self, value: str) -> str:
        return f"{self._shouted} {value}"

    def configured(self, config: RunnableConfig) -> tuple[str, Any]:
        return self.greeting, config.get("configurable")

    def with_end(self, end: str) -> Greeter:
        return Greeter(greeting=self.greeting, ends=[end])


class Strict(RunnableSerializable[str, str]):
    """Takes its field by the alias alone."""

    word: str = Field(alias="Word")

    def _invoke(self, value: str, run: Run) -> str:
        return self.word + value


def configured(**values: Any) -> RunnableConfig:
    return {"configurable": values}


greeter = Greeter().configurable_fields(greeting=ConfigurableField(id="g", name="Greeting"))


# --- fields ---


def test_a_call_sets_a_field(run) -> None:
    assert run.invoke(greeter, "you") == "hello you!"
    assert run.invoke(greeter, "you", configured(g="bye")) == "bye you!"
    assert run.invoke(greeter, "you") == "hello you!"


def test_it_streams(run) -> None:
    assert run.stream(greeter, "you", configured(g="hi")) == list("hi you!")


def test_it_works_inside_a_chain_and_in_batches(run, step) -> None:
    chain = step(str.strip) | greeter | step(str.title)
    configs = [configured(g="hi"), {}]
    assert run.batch(chain, [" a ", " b "], configs) == ["Hi A!", "Hello B!"]


def test_a_bound_config_sets_a_field_and_the_call_wins(run) -> None:
    polite = greeter.with_config(configurable={"g": "good day"})
    assert run.invoke(polite, "you") == "good day you!"
    assert run.invoke(polite, "you", configured(g="hi")) == "hi you!"
    assert run.invoke((polite | str).with_config(configurable={"g": "ho"}), "you") == "ho you!"


def test_what_else_is_bound_holds_too(run, watch) -> None:
    named = greeter.with_config(run_name="mine", tags=["t"]).with_config(tags=["u"])
    run.invoke(named, "you", {"callbacks": [watch]})
    assert watch.heads == [("chain_start", "mine"), ("chain_end", "mine")]
    assert watch.events[0]["tags"] == ["t", "u"]


def test_a_field_with_an_alias_is_set(run) -> None:
    strict = Strict(Word="a").configurable_fields(word=ConfigurableField(id="w"))
    assert run.invoke(strict, "!", configured(w="b")) == "b!"
    assert run.invoke(strict, "!") == "a!"


def test_what_the_class_derives_of_its_fields_is_derived_again() -> None:
    assert greeter.with_config(configurable={"g": "hi"}).shout("you") == "HI you"


def test_a_template_is_a_field_like_any_other(run) -> None:
    prompt = PromptTemplate("a {x}").configurable_fields(template=ConfigurableField(id="t"))
    assert run.invoke(prompt, {"x": 1}).text == "a 1"
    assert run.invoke(prompt, {"y": 2}, configured(t="b {y}")).text == "b 2"


def test_more_fields_may_be_added(run) -> None:
    both = greeter.configurable_fields(ends=ConfigurableField(id="e"))
    assert run.invoke(both, "you", configured(g="hi", e=["?", "!"])) == "hi you?!"


def test_a_value_that_does_not_fit_is_refused_by_its_key(run) -> None:
    with pytest.raises(ConfigError, match=r"value 'g' does not fit Greeter: .*string; got 3"):
        run.invoke(greeter, "you", configured(g=3))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"greting": ConfigurableField(id="g")}, "no field 'greting'.*did you mean 'greeting'"),
        ({"x": ConfigurableField(id="g")}, "no field 'x' .*the fields are name, greeting, ends"),
        ({"greeting": "g"}, "greeting= takes a ConfigurableField; got 'g'"),
    ],
)
def test_what_is_no_field_is_refused_when_the_chain_is_built(fields, says) -> None:
    with pytest.raises(ConfigError, match=says):
        Greeter().configurable_fields(**fields)


def test_a_step_without_fields_is_refused() -> None:
    with pytest.raises(ConfigError, match="RunnableLambda, which has no fields to configure"):
        RunnableLambda(str).configurable_fields(func=ConfigurableField(id="f"))


def test_a_run_id_cannot_be_bound() -> None:
    with pytest.raises(ConfigError, match="a run_id names one run"):
        greeter.with_config(run_id="0199c1c7-0000-7000-8000-000000000000")


# --- options ---

single = Greeter().configurable_fields(
    greeting=ConfigurableFieldSingleOption(
        id="tone", options={"polite": "good day", "curt": "hm"}, default="curt"
    )
)
several = Greeter().configurable_fields(
    ends=ConfigurableFieldMultiOption(
        id="ends", options={"ask": "?", "call": "!"}, default=["call"], description="how it ends"
    )
)


def test_a_call_chooses_an_option(run) -> None:
    assert run.invoke(single, "you") == "hm you!"
    assert run.invoke(single, "you", configured(tone="polite")) == "good day you!"


def test_a_call_chooses_several_options(run) -> None:
    assert run.invoke(several, "you") == "hello you!"
    assert run.invoke(several, "you", configured(ends=["ask", "call"])) == "hello you?!"


@pytest.mark.parametrize(
    ("chain", "values", "says"),
    [
        (single, {"tone": "rude"}, "'rude' is no choice for .* 'tone'; there are 'polite', 'curt'"),
        (single, {"tone": ["curt"]}, "is no choice for the configurable 'tone'"),
        (several, {"ends": ["stop"]}, "'stop' is no choice for the configurable 'ends'"),
        (several, {"ends": "ask"}, "'ends' takes a list of choices; got 'ask'"),
    ],
)
def test_what_is_no_option_is_refused(run, chain, values, says) -> None:
    with pytest.raises(ConfigError, match=says):
        run.invoke(chain, "you", configured(**values))


# --- alternatives ---

made: list[str] = []


def make_lazy() -> Greeter:
    made.append("lazy")
    return Greeter(greeting="lazy")


who = ConfigurableField(id="who", name="Who", description="who greets")
choice = greeter.configurable_alternatives(
    who,
    default_key="kind",
    curt=Greeter(greeting="hm"),
    lazy=make_lazy,
    function=RunnableLambda(str.upper),
)


@pytest.mark.parametrize(
    ("name", "says"),
    [("kind", "hello you!"), ("curt", "hm you!"), ("lazy", "lazy you!"), ("function", "YOU")],
)
def test_a_call_chooses_a_step(run, name, says) -> None:
    assert run.invoke(choice, "you", configured(who=name)) == says
    assert "".join(run.stream(choice, "you", configured(who=name))) == says


def test_without_a_choice_it_is_the_default_whose_fields_can_be_set(run) -> None:
    assert run.invoke(choice, "you", configured(g="hi")) == "hi you!"


def test_a_step_is_made_when_it_is_chosen(run) -> None:
    made.clear()
    run.invoke(choice, "you")
    assert made == []


def test_a_name_that_stands_for_no_step_is_refused(run) -> None:
    with pytest.raises(ConfigError, match=r"'rude' is no choice .*'kind', 'curt', 'lazy', 'func"):
        run.invoke(choice, "you", configured(who="rude"))


def test_alternatives_keep_keys_of_their_own_under_prefixes(run) -> None:
    field = ConfigurableField(id="g")
    prefixed = (
        Greeter()
        .configurable_fields(greeting=field)
        .configurable_alternatives(
            ConfigurableField(id="who"),
            prefix_keys=True,
            other=Greeter(greeting="hm").configurable_fields(greeting=field),
        )
    )
    assert [spec.id for spec in prefixed.config_specs] == ["who", "who==default/g", "who==other/g"]
    values = {"who==default/g": "one", "who==other/g": "two"}
    assert run.invoke(prefixed, "you", configured(**values)) == "one you!"
    assert run.invoke(prefixed, "you", configured(**values, who="other")) == "two you!"


def test_a_shared_key_has_no_prefix(run) -> None:
    field = ConfigurableField(id="g", is_shared=True)
    prefixed = (
        Greeter()
        .configurable_fields(greeting=field)
        .configurable_alternatives(
            ConfigurableField(id="who"),
            prefix_keys=True,
            other=Greeter().configurable_fields(greeting=field),
        )
    )
    assert [spec.id for spec in prefixed.config_specs] == ["g", "who"]
    assert run.invoke(prefixed, "you", configured(who="other", g="hi")) == "hi you!"


def test_fields_of_the_default_can_be_set_later(run) -> None:
    later = (
        Greeter()
        .configurable_alternatives(who, other=Greeter(greeting="hm"))
        .configurable_fields(greeting=ConfigurableField(id="g"))
    )
    assert run.invoke(later, "you", configured(g="hi")) == "hi you!"
    assert run.invoke(later, "you", configured(g="hi", who="other")) == "hm you!"


@pytest.mark.parametrize(
    ("which", "steps", "error", "says"),
    [
        ("who", {}, ConfigError, "takes a ConfigurableField; got 'who'"),
        (who, {"default": Greeter()}, ConfigError, "'default' is the name of the default and of"),
        (who, {"other": 3}, CompositionError, "alternative 'other' is neither a step nor a func"),
    ],
)
def test_what_cannot_be_chosen_from_is_refused(which, steps, error, says) -> None:
    with pytest.raises(error, match=says):
        Greeter().configurable_alternatives(which, **steps)


# --- methods and attributes of the configured step ---


def test_attributes_are_those_of_the_configured_step() -> None:
    assert greeter.greeting == "hello"
    assert greeter.with_config(configurable={"g": "hi"}).greeting == "hi"
    with pytest.raises(AttributeError):
        _ = greeter.nothing


def test_a_method_takes_the_config_of_a_call() -> None:
    assert greeter.configured({"configurable": {"g": "hi"}}) == ("hi", {"g": "hi"})
    assert greeter.configured(config={"configurable": {"g": "hi"}}) == ("hi", {"g": "hi"})
    assert greeter.configured({}) == ("hello", None)


def test_a_method_of_alternatives_is_that_of_the_chosen_one() -> None:
    assert choice.with_config(configurable={"who": "curt"}).shout("you") == "HM you"


def test_a_step_that_a_method_returns_is_configured_by_its_calls(run) -> None:
    asking = greeter.with_end("?")
    assert isinstance(asking, Runnable)
    assert run.invoke(asking, "you", configured(g="hi")) == "hi you?"
    assert run.stream(asking.with_config(configurable={"g": "ho"}), "me") == list("ho me?")
    assert asking.config_specs == greeter.config_specs


def test_prepare_gives_the_step_of_a_config() -> None:
    step, config = choice.prepare({"configurable": {"g": "hi"}, "tags": ["t"]})
    assert isinstance(step, Greeter)
    assert step.greeting == "hi"
    assert config == {"configurable": {"g": "hi"}, "tags": ["t"]}


# --- what can be configured ---


def test_the_keys_of_a_chain_are_those_of_its_steps() -> None:
    chain = {"a": choice, "b": single} | RunnableLambda(str)
    assert [spec.id for spec in chain.config_specs] == ["g", "tone", "who"]
    assert greeter.config_specs == [
        ConfigurableFieldSpec(
            id="g", annotation=str, name="Greeting", description="what is said", default="hello"
        )
    ]


def test_a_choice_has_the_names_of_its_options_as_its_type() -> None:
    [tone] = single.config_specs
    assert (tone.annotation, tone.default) == (Literal["polite", "curt"], "curt")
    assert (
        next(s for s in choice.config_specs if s.id == "who").annotation
        == (Literal["kind", "curt", "lazy", "function"])
    )


def test_a_key_that_means_two_things_is_refused() -> None:
    other = Greeter(greeting="hm").configurable_fields(greeting=ConfigurableField(id="g"))
    with pytest.raises(ConfigError, match="two steps configure 'g' differently"):
        _ = (greeter | other).config_specs


def test_a_chat_prompt_is_chosen(run) -> None:
    prompt = ChatPromptTemplate([("human", "{x}")]).configurable_alternatives(
        ConfigurableField(id="prompt"), loud=ChatPromptTemplate([("human", "{x}!")])
    )
    said = run.invoke(prompt, {"x": "a"}, configured(prompt="loud"))
    assert [m.content for m in said.messages] == ["a!"]


def test_a_field_of_another_model_is_not_touched() -> None:
    class Settings(BaseModel):
        size: int = 1

    class Holder(RunnableSerializable[str, int]):
        settings: Settings
        factor: int = 1

        def _invoke(self, value: str, run: Run) -> int:
            return self.settings.size * self.factor

    settings = Settings(size=2)
    holder = Holder(settings=settings).configurable_fields(factor=ConfigurableField(id="f"))
    step, _ = holder.prepare({"configurable": {"f": 3}})
    assert isinstance(step, Holder)
    assert step.settings is settings
