"""Functions over messages, called without messages: steps of a chain."""

from __future__ import annotations

import threading

import pytest
from interpreter import run_python

from levada.errors import MessageError
from levada.messages import (
    AIMessage,
    HumanMessage,
    SystemMessage,
    filter_messages,
    merge_message_runs,
    trim_messages,
)
from levada.prompts import ChatPromptTemplate
from levada.runnables import RunnablePassthrough

CHAT = [SystemMessage("be brief"), HumanMessage("one"), HumanMessage("two"), AIMessage("three")]
STEPS = [
    (trim_messages, {"max_tokens": 2, "token_counter": len}),
    (trim_messages, {"max_tokens": 20, "token_counter": "approximate", "strategy": "first"}),
    (filter_messages, {"exclude_types": ["system"]}),
    (merge_message_runs, {}),
    (merge_message_runs, {"chunk_separator": " "}),
]


@pytest.mark.parametrize(("function", "options"), STEPS)
def test_the_step_does_what_the_function_does(run, function, options):
    step = function(**options)
    expected = function(CHAT, **options)
    assert run.invoke(step, CHAT) == expected
    assert run.stream(step, CHAT) == [expected]
    assert run.batch(step, [CHAT, []]) == [expected, []]
    assert step.get_name() == function.__name__


def test_messages_may_be_given_by_name():
    assert merge_message_runs(messages=["a", "b"]) == [HumanMessage("a\nb")]


def test_steps_stand_before_between_and_behind_others(run):
    prompt = ChatPromptTemplate(["{a}", "{b}", ("ai", "c")])
    recent = trim_messages(max_tokens=2, token_counter=len)
    values = {"a": "x", "b": "y"}
    assert run.invoke(prompt | recent, values) == [HumanMessage("y"), AIMessage("c")]
    assert run.invoke(recent | len, CHAT) == 2
    assert run.invoke((lambda value: value["chat"]) | recent, {"chat": CHAT}) == CHAT[2:]
    both = prompt | filter_messages(include_types=["human"]) | merge_message_runs()
    assert run.invoke(both, values) == [HumanMessage("x\ny")]
    kept = RunnablePassthrough.assign(chat=(lambda value: value["chat"]) | recent)
    assert run.invoke(kept, {"chat": CHAT}) == {"chat": CHAT[2:]}


def test_a_step_takes_whatever_its_function_takes(run):
    step = merge_message_runs()
    assert run.invoke(step, ["a", ("user", "b")]) == [HumanMessage("a\nb")]
    assert run.invoke(step, ChatPromptTemplate(["a", "b"]).invoke({})) == [HumanMessage("a\nb")]
    with pytest.raises(MessageError, match="None is not a list of messages"):
        run.invoke(step, None)


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: trim_messages(max_tokens=1), TypeError, "missing .* 'token_counter'"),
        (lambda: merge_message_runs(separator=" "), TypeError, "unexpected .* 'separator'"),
        (
            lambda: trim_messages(max_tokens=1, token_counter=len, strategy="middle"),
            MessageError,
            "no strategy 'middle'",
        ),
        (
            lambda: trim_messages(max_tokens=1, token_counter=len, end_on="robot"),
            MessageError,
            "no role 'robot'",
        ),
        (lambda: filter_messages(exclude_types=[str]), MessageError, "is no class of messages"),
        # Not taken for a call without messages: the variable was to hold some.
        (lambda: merge_message_runs(None), MessageError, "None is not a list of messages"),
    ],
)
def test_options_that_make_no_sense_are_refused_when_the_step_is_made(make, error, match):
    with pytest.raises(error, match=match):
        make()


def test_a_step_blocks_no_event_loop_and_takes_no_thread_for_nothing(run):
    threads = []

    def watched():
        threads.append(threading.current_thread())
        yield from CHAT

    def count(messages):  # it may ask a tokenizer on the network
        return len(messages)

    here = threading.current_thread()
    run.invoke(trim_messages(max_tokens=9, token_counter="approximate"), watched())
    run.invoke(filter_messages(), watched())
    assert threads == [here, here]
    run.invoke(trim_messages(max_tokens=9, token_counter=count), watched())
    assert (threads[-1] is here) == run.sync


def test_messages_load_runnables_for_a_step_only():
    assert "levada.runnables" not in loaded_by("import levada.messages as m; m.trim_messages")
    assert "levada.runnables" in loaded_by("import levada.messages as m; m.merge_message_runs()")


def loaded_by(code):
    """Give the modules that are loaded when the code has run in a fresh interpreter."""
    return run_python(f"{code}\nimport sys\nprint(*sys.modules)")
