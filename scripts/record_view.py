"""Record the live view of a chain on the embedded model as an animated picture.

    python scripts/record_view.py docs/live-view.svg

Needs the extras `local` and `rich`, and the weights that `levada pull` fetches.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console  # noqa: TID253  # this script is about it

from levada import ChatLlamaCpp, ChatPromptTemplate, RunnableParallel, StrOutputParser
from levada.console import Steps, drawn

WIDTH = 100
HEIGHT = 13
EVERY = 5  # events of the models between two pictures
SECONDS_A_PICTURE = 0.4
SECONDS_AT_THE_END = 3.0


def chain_to_show() -> RunnableParallel[dict[str, str]]:
    """Give a chain with enough steps to be worth a look."""
    chat = ChatLlamaCpp(temperature=0.8, seed=3, max_tokens=28, repeat_penalty=1.2)
    ask = ChatPromptTemplate.from_messages([("human", "Write one line of a song about {topic}.")])
    tell = ChatPromptTemplate.from_messages([("human", "Tell me one fact about {topic}.")])
    return RunnableParallel(
        song=ask | chat | StrOutputParser(), fact=tell | chat | StrOutputParser()
    ).with_config(run_name="song and fact")  # type: ignore[return-value]


def pictures() -> list[str]:
    """Run the chain, and give the view as it looked meanwhile, each as an SVG."""
    steps = Steps()
    views: list[str] = []
    seen = 0

    class Recorder:
        def on_event(self, event):  # type: ignore[no-untyped-def]
            nonlocal seen
            steps.on_event(event)
            seen += event["event"] == "on_chat_model_stream"
            if seen > EVERY * len(views):
                views.append(view(steps, len(views)))

    for _ in chain_to_show().stream({"topic": "goldfish"}, {"callbacks": [Recorder()]}):
        pass
    views.append(view(steps, len(views)))
    return views


def view(steps: Steps, number: int) -> str:
    """Give the view as it looks now."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(drawn(steps, WIDTH))
    for _ in range(HEIGHT - height(steps)):  # as high as it will be at the end
        console.print()
    return console.export_svg(title="levada", unique_id=f"view-{number}")


def height(steps: Steps) -> int:
    console = Console(width=WIDTH, file=io.StringIO())
    return len(console.render_lines(drawn(steps, WIDTH), pad=False))


def animated(views: list[str]) -> str:
    """Give one picture that shows the others in turn, and the last one where nothing moves."""
    head = re.match(r'<svg[^>]*viewBox="([^"]*)"[^>]*>', views[-1])
    assert head is not None
    total = SECONDS_A_PICTURE * (len(views) - 1) + SECONDS_AT_THE_END
    parts = [f'<svg viewBox="{head[1]}" xmlns="http://www.w3.org/2000/svg">']
    for i, one in enumerate(views):
        start = SECONDS_A_PICTURE * i / total
        end = 1.0 if i == len(views) - 1 else SECONDS_A_PICTURE * (i + 1) / total
        times = f"0;{start:.4f};{end:.4f}" if i else f"0;0;{end:.4f}"
        still = "visible" if i == len(views) - 1 else "hidden"
        inner = one[one.index(">") + 1 : one.rindex("</svg>")]
        parts.append(
            f'<g visibility="{still}"><animate attributeName="visibility" '
            f'values="hidden;visible;hidden" keyTimes="{times}" dur="{total:.2f}s" '
            f'calcMode="discrete" repeatCount="indefinite"/>{inner}</g>'
        )
    return "\n".join([*parts, "</svg>\n"])


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(animated(pictures()), encoding="utf-8")
