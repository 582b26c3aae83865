"""What fails, what is tried again, and readers that leave."""

from __future__ import annotations

from typing import Any

from levada.parsers import JsonOutputParser, StrOutputParser
from levada.runnables import RunnableLambda, RunnablePassthrough

from .scenario import Endless, Planned, Scenario, Scripted, ask, both, fails, says, scenario

# --- errors ---


@scenario
def prompt_fails() -> Scenario:
    """A variable is missing: nothing after the prompt has a run."""
    return Scenario(ask() | says("never") | StrOutputParser(), {"subject": "tides"})


@scenario
def model_fails_at_once() -> Scenario:
    return Scenario(
        ask() | Scripted(script=[[Planned("down")]]) | StrOutputParser(), {"topic": "x"}
    )


@scenario
def model_fails_in_the_middle() -> Scenario:
    """What came before the failure has gone through the chain."""
    model = Scripted(script=[["It ", "is ", Planned("cut off")]])
    return Scenario(ask() | model | StrOutputParser(), {"topic": "x"})


@scenario
def parser_fails() -> Scenario:
    return Scenario(says("[1, 2] and then 3") | JsonOutputParser() | RunnablePassthrough(), "go")


@scenario
def step_after_a_model_fails() -> Scenario:
    return Scenario(ask() | says("half truth") | RunnableLambda(fails), {"topic": "news"})


@scenario
def called_model_fails() -> Scenario:
    model = Scripted(script=[["well, ", Planned("cut off")]])

    def asks(call: Any) -> Any:
        return lambda x: call(model, x)

    return Scenario(both(asks) | RunnablePassthrough(), "go")


# --- second tries ---


@scenario
def retry_in_a_stream() -> Scenario:
    """Each try has a run of its own; the second one streams."""
    model = Scripted(script=[[Planned("busy")], ["at ", "last"]])
    patient = model.with_retry(stop_after_attempt=3, wait_exponential_jitter=False)
    return Scenario(ask() | patient | StrOutputParser(), {"topic": "luck"})


@scenario
def retry_after_the_first_chunk() -> Scenario:
    """What has been passed on cannot be taken back: there is no second try."""
    model = Scripted(script=[["at ", Planned("cut off")], ["never"]])
    patient = model.with_retry(stop_after_attempt=3, wait_exponential_jitter=False)
    return Scenario(patient | StrOutputParser(), "go")


@scenario
def retry_used_up() -> Scenario:
    model = Scripted(script=[[Planned("busy")], [Planned("still busy")]])
    patient = model.with_retry(stop_after_attempt=2, wait_exponential_jitter=False)
    return Scenario(patient | StrOutputParser(), "go")


@scenario
def fallback_in_a_stream() -> Scenario:
    broken = Scripted(script=[[Planned("down")]])
    chain = ask() | broken.with_fallbacks([says("plan B works")]) | StrOutputParser()
    return Scenario(chain, {"topic": "luck"})


@scenario
def all_fallbacks_fail() -> Scenario:
    """The first error is raised."""
    one, two = Scripted(script=[[Planned("one")]]), Scripted(script=[[Planned("two")]])
    return Scenario(one.with_fallbacks([two]) | StrOutputParser(), "go")


# --- readers that leave ---


@scenario
def left_in_the_middle() -> Scenario:
    """The reader leaves at the second token: all runs end with the cancellation as their error."""
    return Scenario(ask() | Endless() | StrOutputParser(), {"topic": "x"}, stops=9)


@scenario
def left_while_a_function_calls_a_model() -> Scenario:
    model = Endless()

    def asks(call: Any) -> Any:
        return lambda x: call(model, x)

    return Scenario(both(asks) | RunnablePassthrough(), "go", stops=5)


@scenario
def cancelled_in_the_middle() -> Scenario:
    """The task of the reader is cancelled, which is as if it had left."""
    chain = ask() | Endless() | StrOutputParser()
    return Scenario(chain, {"topic": "x"}, stops=9, cancelled=True)
