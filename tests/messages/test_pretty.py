from __future__ import annotations

import pytest

from levada.messages import AIMessage, HumanMessage, ToolMessage, get_msg_title_repr


def test_a_title_stands_in_the_middle_of_a_line():
    assert get_msg_title_repr("Human Message") == (
        "================================ Human Message ================================="
    )
    assert len(get_msg_title_repr("Even")) == len(get_msg_title_repr("Odd")) == 80
    assert "\033[1m Odd \033[0m" in get_msg_title_repr("Odd", bold=True)


def test_a_message_reads_as_its_title_its_name_and_its_text():
    lines = HumanMessage("hi", name="Ann").pretty_repr().split("\n")
    assert lines[0] == get_msg_title_repr("Human Message")
    assert lines[1:] == ["Name: Ann", "", "hi"]


def test_tool_calls_are_shown_an_argument_a_line():
    message = AIMessage(
        "Checking.",
        tool_calls=[{"name": "weather", "args": {"city": "Oslo", "days": 2}, "id": "call-1"}],
        invalid_tool_calls=[{"name": "g", "args": "[", "id": "call-2", "error": "no object"}],
    )
    assert message.pretty_repr().split("\n")[2:] == [
        "Checking.",
        "Tool Calls:",
        "  weather (call-1)",
        " Call ID: call-1",
        "  Args:",
        "    city: Oslo",
        "    days: 2",
        "Invalid Tool Calls:",
        "  g (call-2)",
        " Call ID: call-2",
        "  Error: no object",
        "  Args:",
        "    [",
    ]


def test_invalid_calls_alone_are_shown_too():
    wrong = {"name": "g", "args": "[", "id": "1", "error": None}
    lines = AIMessage("", invalid_tool_calls=[wrong]).pretty_repr().split("\n")
    assert lines[2:] == ["Invalid Tool Calls:", "  g (1)", " Call ID: 1", "  Args:", "    ["]


@pytest.mark.parametrize(
    ("block", "line"),
    [
        ("text", "text"),
        ({"type": "text", "text": "more"}, "more"),
        ({"type": "thinking", "thinking": "Hm."}, "[reasoning] Hm."),
        ({"type": "image", "url": "https://a.org/a.png"}, "[image https://a.org/a.png]"),
        ({"type": "file", "file_id": "file-1"}, "[file file-1]"),
        (
            {"type": "image", "base64": "a" * 4000, "mime_type": "image/png"},
            "[image image/png, 3,000 bytes]",
        ),
        ({"type": "mystery", "a": 1}, "[mystery] {'type': 'mystery', 'a': 1}"),
        ({"a": 1}, "[block] {'a': 1}"),
        ({"type": "text"}, "[text {}]"),
        (
            {"type": "server_tool_use", "id": "1", "name": "f", "input": {}},
            "[server_tool_call {'name': 'f', 'args': {}, 'id': '1'}]",
        ),
    ],
)
def test_a_block_is_a_line_that_names_it(block, line):
    assert HumanMessage([block]).pretty_repr().split("\n")[2:] == [line]


def test_printing_a_message_prints_what_reads_best(capsys):
    message = ToolMessage("x", tool_call_id="1")
    message.pretty_print()
    assert capsys.readouterr().out == message.pretty_repr() + "\n"


def test_a_notebook_shows_escaped_html():
    html = HumanMessage("<script>alert(1)</script>", name="<b>")._repr_html_()
    assert "&lt;script&gt;" in html
    assert "Human Message: &lt;b&gt;" in html
    assert "<script" not in html
    assert "<b>" not in html


def test_rich_shows_a_panel_and_reads_no_markup():
    console = pytest.importorskip("rich.console").Console(width=40)
    with console.capture() as captured:
        console.print(HumanMessage("[red]hi[/red]", name="Ann"))
    assert "Human Message" in captured.get()
    assert "[red]hi[/red]" in captured.get()
