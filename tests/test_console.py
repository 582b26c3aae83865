"""The view of a run in the terminal: what it says of each step, live and as plain lines."""

from __future__ import annotations

import io
from typing import Any

import anyio
import pytest

from levada.chat_models import GenericFakeChatModel
from levada.console import Steps, ashow, drawn, show
from levada.parsers import StrOutputParser
from levada.prompts import ChatPromptTemplate
from levada.runnables import RunnableLambda, RunnableParallel, dispatch_custom_event

WORDS = "a small and golden yawn"


def chain() -> Any:
    prompt = ChatPromptTemplate.from_messages([("human", "Sing about {topic}.")])
    return prompt | GenericFakeChatModel(messages=iter([WORDS])) | StrOutputParser()


def works(x: Any) -> Any:
    dispatch_custom_event("progress", {"done": 3, "of": 4})
    return x


def fails(x: Any) -> Any:
    raise ValueError("no such\nfish")


class Clock:
    """Gives a time that is a second later at each call."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def watched(step: Any, value: Any, **config: Any) -> Steps:
    steps = Steps(Clock())
    for event in step.stream_events(value, config):
        steps.on_event(event)
    return steps


def text_of(steps: Steps, width: int = 100) -> list[str]:
    console = pytest.importorskip("rich.console").Console(width=width, file=io.StringIO())
    console.print(drawn(steps, width))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_the_tree_shows_each_step_where_it_hangs_and_what_a_model_says() -> None:
    steps = watched(chain() | RunnableLambda(works), {"topic": "x"})
    name, prompt, model, words, parser, last = text_of(steps)
    assert name.startswith("✓ RunnableSequence ")
    assert prompt.startswith("├─ ✓ ChatPromptTemplate ")
    assert model.startswith("├─ ✓ GenericFakeChatModel ")
    assert words == f"│    {WORDS}"
    assert parser.startswith("├─ ✓ StrOutputParser ")
    assert last.startswith("└─ ✓ works ")
    assert last.endswith("progress {'done': 3, 'of': 4}")


def test_a_model_has_its_tokens_their_rate_and_the_first_one() -> None:
    (model,) = watched(GenericFakeChatModel(messages=iter([WORDS])), "x")
    assert (model.started, model.first, model.ended) == (1, 2, 3)
    assert model.line(9).split() == [
        "2.00",
        "s",
        "9",
        "tokens",
        "8/s",
        "first",
        "after",
        "1.00",
        "s",
    ]
    assert model.said() == WORDS


def test_branches_are_called_by_their_keys() -> None:
    steps = watched(RunnableParallel(song=works, fact=works), 1, max_concurrency=1)
    assert [(s.label, s.guide, s.depth) for s in steps] == [
        ("", "", 0),
        ("song", "├─ ", 1),
        ("fact", "└─ ", 1),
    ]
    assert text_of(steps)[1].startswith("├─ ✓ song works")


def test_a_failure_is_shown_on_one_line_and_raised() -> None:
    steps = Steps()
    with pytest.raises(ValueError, match="fish"):
        RunnableLambda(fails).invoke(1, {"callbacks": [steps]})
    (line,) = text_of(steps)
    assert line.startswith("✗ fails ")
    assert line.endswith("ValueError: no such fish")


def test_a_run_that_was_stopped_has_not_failed() -> None:
    steps = Steps()
    stream = chain().stream({"topic": "x"}, {"callbacks": [steps]})
    next(stream)
    stream.close()
    assert {s.name: s.state for s in steps} == {
        "RunnableSequence": "stopped",
        "ChatPromptTemplate": "done",
        "GenericFakeChatModel": "stopped",
        "StrOutputParser": "stopped",
    }
    assert text_of(steps)[0].startswith("■ RunnableSequence")


def test_of_a_long_text_the_last_lines_are_shown() -> None:
    words = [f"word{i}" for i in range(500)]
    steps = watched(GenericFakeChatModel(messages=iter([" ".join(words)])), "x")
    _, *lines = text_of(steps, 60)
    assert len(lines) == 3
    assert lines[0].startswith("  …")
    assert lines[-1].endswith("word499")
    assert all(len(line) <= 60 for line in lines)


def test_nothing_is_wider_than_the_terminal() -> None:
    long = RunnableLambda(works, name="a step with a name " * 5)
    for line in text_of(watched(long | works, 1), 40):
        assert len(line) <= 40


def test_names_and_texts_are_not_markup() -> None:
    model = GenericFakeChatModel(messages=iter(["[red]not red[/red]"]), name="[bold]x")
    head, words = text_of(watched(model, "x"))
    assert head.startswith("✓ [bold]x")
    assert words == "  [red]not red[/red]"


def test_elsewhere_than_on_a_terminal_there_are_plain_lines() -> None:
    file = io.StringIO()
    assert show(chain() | works, {"topic": "x"}, file=file) == WORDS
    lines = [line.split("  0.0")[0] for line in file.getvalue().splitlines()]
    assert lines == [
        "… RunnableSequence",
        "  … ChatPromptTemplate",
        "  ✓ ChatPromptTemplate",
        "  … GenericFakeChatModel",
        "  … StrOutputParser",
        "  … works",
        "  ✓ GenericFakeChatModel",
        f"    {WORDS}",
        "  ✓ StrOutputParser",
        "    progress {'done': 3, 'of': 4}",
        "  ✓ works",
        "✓ RunnableSequence",
    ]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_async_view_gives_the_output_too(backend) -> None:
    file = io.StringIO()

    async def main() -> Any:
        return await ashow(chain(), {"topic": "x"}, file=file)

    assert anyio.run(main, backend=backend) == WORDS
    assert file.getvalue().startswith("… RunnableSequence\n")


def test_the_live_view_draws_over_itself_and_ends_with_the_whole_tree() -> None:
    pytest.importorskip("rich")
    file = io.StringIO()
    assert show(chain(), {"topic": "x"}, file=file, live=True) == WORDS
    assert "✓ RunnableSequence" in file.getvalue()
    assert WORDS in file.getvalue()


def test_the_live_view_leaves_the_terminal_as_it_was_when_the_run_fails() -> None:
    pytest.importorskip("rich")
    file = io.StringIO()
    with pytest.raises(ValueError, match="fish"):
        show(chain() | fails, {"topic": "x"}, file=file, live=True)
    assert "✗ fails" in file.getvalue()
