"""Chains as graphs, and the pictures of them."""

from __future__ import annotations

from typing import Any

import pytest

from levada.chat_models import GenericFakeChatModel
from levada.errors import ConfigError
from levada.parsers import StrOutputParser
from levada.prompts import ChatPromptTemplate
from levada.runnables import (
    ConfigurableField,
    Runnable,
    RunnableLambda,
    RunnablePassthrough,
    chain,
)
from levada.runnables.graph import CurveStyle, Edge, Graph, Node, NodeStyles, node_data_json

prompt = ChatPromptTemplate([("human", "{question}")])
model = GenericFakeChatModel(messages=iter(["answer"]))
answer = prompt | model | StrOutputParser()


def size(text: str) -> int:
    return len(text)


def named(graph: Graph) -> list[tuple[str, str]]:
    readable = graph.reid()
    return [(edge.source, edge.target) for edge in readable.edges]


def of(*edges: str) -> Graph:
    """A graph of edges such as "a-b"."""
    graph = Graph()
    for edge in edges:
        source, target = edge.split("-")
        for id in (source, target):
            if id not in graph.nodes:
                graph.add_node(None, id)
        graph.add_edge(graph.nodes[source], graph.nodes[target])
    return graph


# --- of chains ---


def test_a_step_stands_between_what_it_takes_and_what_it_gives() -> None:
    assert named(RunnableLambda(size).get_graph()) == [
        ("size_input", "size"),
        ("size", "size_output"),
    ]


def test_the_steps_of_a_sequence_follow_each_other() -> None:
    assert named(answer.get_graph()) == [
        ("PromptInput", "ChatPromptTemplate"),
        ("ChatPromptTemplate", "GenericFakeChatModel"),
        ("StrOutputParser", "StrOutputParserOutput"),
        ("GenericFakeChatModel", "StrOutputParser"),
    ]


def test_the_steps_of_a_parallel_stand_beside_each_other() -> None:
    both = answer | {"a": size, "b": RunnableLambda(size) | str}
    edges = named(both.get_graph())
    assert edges.count(("Parallel<a,b>Input", "size_1")) == 1
    assert ("Parallel<a,b>Input", "size_2") in edges
    assert ("size_2", "str") in edges
    assert ("StrOutputParser", "Parallel<a,b>Input") in edges
    assert ("size_1", "Parallel<a,b>Output") in edges


def test_assign_hands_its_input_on_beside_its_steps() -> None:
    assert named(RunnablePassthrough.assign(a=size).get_graph()) == [
        ("Parallel<a>Input", "size"),
        ("size", "Parallel<a>Output"),
        ("Parallel<a>Input", "Passthrough"),
        ("Passthrough", "Parallel<a>Output"),
    ]


def test_the_chains_that_a_function_calls_are_in_its_graph() -> None:
    inner = RunnableLambda(size)

    @chain
    def calls(text: str) -> Any:
        return inner.invoke(text)

    assert named(calls.get_graph()) == [("calls_input", "size"), ("size", "calls_output")]


def test_a_function_that_names_its_own_chain_has_a_graph() -> None:
    again: Any = None

    def recur(x: Any) -> Any:
        return again

    again = RunnableLambda(recur) | str
    assert ("recur", "str_1") in named(again.get_graph())


@pytest.mark.parametrize(
    "step",
    [
        RunnableLambda(size).bind(),
        RunnableLambda(size).with_config(tags=["t"]),
        RunnableLambda(size).with_retry(),
        RunnableLambda(size).with_timeout(1),
        RunnableLambda(size).map(),
    ],
)
def test_a_step_that_stands_for_another_one_is_drawn_as_that(step: Runnable[Any, Any]) -> None:
    assert "size" in [node.name for node in step.get_graph().nodes.values()]


def test_the_graph_of_a_config_has_the_step_that_it_chooses() -> None:
    several = RunnableLambda(size).configurable_alternatives(
        ConfigurableField(id="which"), text=RunnableLambda(str)
    )
    chosen = several.get_graph({"configurable": {"which": "text"}})
    assert ("str", "str_output") in named(chosen)


# --- graphs ---


def test_the_first_and_the_last_node_are_the_only_ones() -> None:
    graph = of("a-b", "b-c")
    assert graph.first_node() == graph.nodes["a"]
    assert graph.last_node() == graph.nodes["c"]
    assert of("a-c", "b-c").first_node() is None
    assert of("a-b", "a-c").last_node() is None


def test_ends_are_trimmed_where_one_end_is_left() -> None:
    graph = of("a-b", "b-c")
    graph.trim_first_node()
    graph.trim_last_node()
    assert list(graph.nodes) == ["b"]
    forked = of("a-b", "a-c", "b-d", "c-d")
    forked.trim_first_node()
    forked.trim_last_node()
    assert list(forked.nodes) == ["a", "b", "c", "d"]


def test_a_graph_is_put_into_another_one_under_a_prefix() -> None:
    graph = of("a-b")
    first, last = graph.extend(of("a-b"), prefix="inner")
    assert first == Node("inner:a", "a", None, None)
    assert last is not None
    assert list(graph.nodes) == ["a", "b", "inner:a", "inner:b"]
    assert graph.edges[1] == Edge("inner:a", "inner:b")


def test_made_up_ids_take_no_prefix() -> None:
    graph = Graph()
    first, _ = graph.extend(RunnableLambda(size).get_graph(), prefix="inner")
    assert first is not None
    assert ":" not in first.id


def test_what_is_not_in_the_graph_is_refused() -> None:
    graph = of("a-b")
    with pytest.raises(ConfigError, match="there is a node 'a' in the graph"):
        graph.add_node(None, "a")
    with pytest.raises(ConfigError, match="node 'z' is not in the graph"):
        graph.add_edge(graph.nodes["a"], Node("z", "z", None, None))


def test_a_removed_node_takes_its_edges_along() -> None:
    graph = of("a-b", "b-c", "a-c")
    graph.remove_node(graph.nodes["b"])
    assert graph.edges == [Edge("a", "c")]
    assert bool(graph)
    assert not Graph()


def test_a_graph_is_data_for_json() -> None:
    graph = RunnableLambda(size).get_graph({"metadata": {"owner": "me"}})
    graph.edges[0] = graph.edges[0]._replace(data="text", conditional=True)
    data = graph.to_json()
    assert data["nodes"][1] == {
        "id": 1,
        "type": "runnable",
        "data": {"id": ["levada", "runnables", "function", "RunnableLambda"], "name": "size"},
        "metadata": {"owner": "me"},
    }
    assert data["nodes"][0] == {"id": 0, "type": "schema", "data": "size_input"}
    assert data["edges"][0] == {"source": 0, "target": 1, "data": "text", "conditional": True}
    schemas = graph.to_json(with_schemas=True)
    assert schemas["nodes"][0]["data"] == {"title": "size_input", "type": "string"}
    assert node_data_json(Node("a", "a", None, None)) == {}


# --- Mermaid ---


def test_the_text_for_mermaid() -> None:
    graph = (prompt | {"a": size}).get_graph()
    assert graph.draw_mermaid() == (
        "---\n"
        "config:\n"
        "  flowchart:\n"
        "    curve: linear\n"
        "---\n"
        "graph TD;\n"
        "\tPromptInput([PromptInput]):::first\n"
        "\tChatPromptTemplate(ChatPromptTemplate)\n"
        "\tParallel\\3ca\\3eOutput([Parallel<a>Output]):::last\n"
        "\tsize(size)\n"
        "\tPromptInput --> ChatPromptTemplate;\n"
        "\tsize --> Parallel\\3ca\\3eOutput;\n"
        "\tChatPromptTemplate --> size;\n"
        "\tclassDef default fill:#f2f0ff,line-height:1.2\n"
        "\tclassDef first fill-opacity:0\n"
        "\tclassDef last fill:#bfb6fc\n"
    )


def test_without_styles_there_are_edges_alone() -> None:
    assert of("a-b").draw_mermaid(with_styles=False) == "graph TD;\n\ta --> b;\n"


def test_what_is_written_on_edges_and_nodes() -> None:
    graph = of("a-b", "b-c", "c-d")
    graph.edges[0] = Edge("a", "b", "one two three", conditional=True)
    graph.edges[1] = Edge("b", "c", "yes")
    graph.edges[2] = Edge("c", "d", conditional=True)
    graph.nodes["a"] = Node("a", "__start__", None, None)
    graph.nodes["b"] = Node("b", "b", None, {"k": 1, "l": 2})
    lines = graph.draw_mermaid(wrap_label_n_words=2).splitlines()
    assert "\ta([<p>__start__</p>]):::first" in lines
    assert "\tb(b<hr/><small><em>k = 1" in lines
    assert "l = 2</em></small>)" in lines
    assert "\ta -. &nbsp;one two&nbsp<br>&nbspthree&nbsp; .-> b;" in lines
    assert "\tb -- &nbsp;yes&nbsp; --> c;" in lines
    assert "\tc -.-> d;" in lines


def test_nodes_of_one_prefix_are_a_group() -> None:
    graph = of("a-g:x", "g:x-g:y", "g:y-g:h:z", "g:h:z-g:h:w", "g:h:w-b", "b-k:only")
    lines = [line.strip() for line in graph.draw_mermaid().splitlines()[5:]]
    begin = lines.index("subgraph g")
    assert lines[begin : begin + 11] == [
        "subgraph g",
        "g\\3ax(x)",
        "g\\3ay(y)",
        "g\\3ax --> g\\3ay;",
        "g\\3ay --> g\\3ah\\3az;",
        "subgraph h",
        "g\\3ah\\3az(z)",
        "g\\3ah\\3aw(w)",
        "g\\3ah\\3az --> g\\3ah\\3aw;",
        "end",
        "end",
    ]
    assert lines[begin + 11 : begin + 14] == ["subgraph k", "k\\3aonly([only]):::last", "end"]


def test_two_groups_of_one_name_are_refused() -> None:
    graph = of("g:h:a-g:h:b", "k:h:a-k:h:b", "g:x-g:y", "k:x-k:y")
    with pytest.raises(ConfigError, match="two groups of the graph are called 'h'"):
        graph.draw_mermaid()


def test_settings_stand_at_the_top() -> None:
    text = of("a-b").draw_mermaid(
        curve_style=CurveStyle.BASIS,
        node_colors=NodeStyles(first="fill:red"),
        frontmatter_config={"config": {"theme": "neutral", "look": "yes", "n": 1}, "title": "a: b"},
    )
    assert text.startswith(
        "---\nconfig:\n  flowchart:\n    curve: basis\n  look: 'yes'\n  n: 1\n  theme: neutral\n"
        "title: 'a: b'\n---\ngraph TD;\n"
    )
    assert "\tclassDef first fill:red\n" in text


# --- letters ---


PICTURE = """
      +----+
      | in |
      +----+
    +----+-----+
    |          |
+------+   +-------+
| left |   | right |
+------+   +-------+
    +----+-----+
         |
      +-----+
      | out |
      +-----+"""


def test_a_picture_of_letters() -> None:
    picture = of("in-left", "in-right", "left-out", "right-out").draw_ascii()
    assert "\n" + picture == PICTURE


def test_every_box_is_drawn_once_and_no_two_touch() -> None:
    wide = {key: RunnableLambda(size) | str for key in "abcdef"}
    nodes = (answer | wide | RunnablePassthrough.assign(g=size)).get_graph()
    picture = nodes.draw_ascii()
    names = sorted(n.name for n in nodes.nodes.values())
    drawn = sorted(part.strip() for part in picture.split("|") if part.strip(" \n+-"))
    assert drawn == names


def test_a_way_back_and_a_node_alone_are_drawn() -> None:
    picture = of("a-b", "b-a", "b-b", "b-c").draw_ascii()
    assert [part.strip() for part in picture.split("|") if part.strip(" \n+-")] == ["a", "b", "c"]
    alone = Graph()
    alone.add_node(None, "a")
    assert alone.draw_ascii() == "+---+\n| a |\n+---+"
    assert Graph().draw_ascii() == ""


def test_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    of("a-b").print_ascii()
    assert capsys.readouterr().out.startswith("+---+\n| a |\n")


def test_a_notebook_shows_a_picture() -> None:
    shown = answer._repr_mimebundle_()
    assert shown["text/vnd.mermaid"] == answer.get_graph().draw_mermaid()
    assert shown["text/html"].startswith("<pre>")
    assert "Parallel&lt;a,b&gt;Input" in (answer | {"a": size, "b": str}).get_graph()._repr_html_()
    assert shown["text/plain"] == repr(answer)
    assert "text/vnd.mermaid" in answer.get_graph()._repr_mimebundle_()
