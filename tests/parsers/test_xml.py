from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levada.errors import OutputParserException
from levada.messages import AIMessageChunk
from levada.parsers import XMLOutputParser
from levada.runnables import RunnableLambda, collect

COLORS = "<colors>\n <color>red</color>\n <color>light &amp; dark</color>\n <none/></colors>"

elements = st.recursive(
    st.sampled_from(["x", "é&amp;", " ", "", "&#x41;", "<![CDATA[<b>]]>"]),
    lambda inside: st.lists(
        st.tuples(st.sampled_from(["a", "b", "c:d"]), inside).map(
            lambda e: f"<{e[0]}>{e[1]}</{e[0]}>"
        ),
        max_size=3,
    ).map("".join),
    max_leaves=6,
).map(lambda inside: f"<root>{inside}</root>")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (COLORS, {"colors": [{"color": "red"}, {"color": "light & dark"}, {"none": None}]}),
        ("<a>hi</a>", {"a": "hi"}),
        ("<a> </a>", {"a": []}),
        ("<a><b>1</b></a>", {"a": [{"b": "1"}]}),
        (
            "<a><b><c>1</c></b><b><c>2</c></b></a>",
            {"a": [{"b": [{"c": "1"}]}, {"b": [{"c": "2"}]}]},
        ),
        ("<a>some <b>bold</b> words</a>", {"a": ["some ", {"b": "bold"}, " words"]}),
        ('Sure, 1 < 2:\n```xml\n<a x="y">hi</a>\n```\nMore? <b>', {"a": "hi"}),
        ('<?xml version="1.0" encoding="utf-16"?><a>é</a>', {"a": "é"}),
        ("<!-- <no> --><a>hi<!-- no --></a>", {"a": "hi"}),
        ("<n:a>hi</n:a>", {"n:a": "hi"}),
        ("<a>1</a> half a pair: \ud800>", {"a": "1"}),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_elements_become_dicts_and_lists(run: Any, text: str, expected: Any, size: int) -> None:
    parser = XMLOutputParser()
    assert run.invoke(parser, text) == expected
    pieces = [AIMessageChunk(text[i : i + size]) for i in range(0, len(text), size)]
    assert run.transform(parser | RunnableLambda(lambda value: value), pieces) == [expected]


def test_each_innermost_element_is_given_once_it_has_ended(run: Any) -> None:
    pieces = ["<a><b>x</", "b><c", "><d>y</d><e/></c> z", "</a>"]
    assert run.transform(XMLOutputParser(), pieces) == [
        {"a": [{"b": "x"}]},
        {"a": [{"c": [{"d": "y"}]}]},
        {"a": [{"c": [{"e": None}]}]},
        {"a": [" z"]},
    ]


@given(elements, st.integers(1, 9))
@settings(max_examples=200)
def test_the_chunks_add_up_to_the_document(text: str, size: int) -> None:
    parser = XMLOutputParser()
    pieces = [text[i : i + size] for i in range(0, len(text), size)]
    assert collect(parser.transform(iter(pieces))) == parser.parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("none here", r"the answer has no XML: expected a tag at character 9"),
        ("Sure: <a><b>x", r"the XML is cut off: expected </b> at character 13"),
        ("<a><b>x</a>", r"the XML is wrong: mismatched tag at character 9, near '<a><b>x</a>'"),
        ("é: <a>é & b</a>", r"the XML is wrong: not well-formed \(invalid token\) at character 9"),
        ("<a>é\ud800</a>", r"the XML is wrong: half of a surrogate pair at character 4"),
        ("<a>&nbsp;</a>", r"the XML is wrong: undefined entity at character 3"),
        ("<a>" * 201, r"the XML is nested more than 200 levels deep at character 600"),
        ("x <!DOCTYPE a><a/>", r"the XML declares a document type, which may define entities"),
    ],
)
def test_what_is_wrong_and_where_is_told(run: Any, text: str, message: str) -> None:
    parser = XMLOutputParser()
    for go in (lambda: run.invoke(parser, text), lambda: run.transform(parser, list(text))):
        with pytest.raises(OutputParserException, match=message) as caught:
            go()
        assert text.startswith(caught.value.llm_output or "nothing")


BOMB = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]><l>&c;</l>'
OUTSIDE = '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/hostname">]><l>&a;</l>'
PARAMETER = '<!DOCTYPE l [<!ENTITY % p SYSTEM "http://localhost/x.dtd"> %p;]><l>1</l>'
DTD = '<?xml version="1.0"?><!DOCTYPE l SYSTEM "http://localhost/l.dtd"><l>1</l>'


@pytest.mark.parametrize("text", [BOMB, OUTSIDE, PARAMETER, DTD])
def test_no_entity_is_defined_and_nothing_is_loaded(run: Any, text: str) -> None:
    for pieces in ([text], list(text)):
        with pytest.raises(OutputParserException, match="declares a document type"):
            run.transform(XMLOutputParser(), pieces)


def test_the_instructions_name_the_tags_and_their_example_parses() -> None:
    told = XMLOutputParser(tags=["film", "title"]).get_format_instructions()
    assert "film, title" in told
    example = told.rpartition("For example:\n")[2]
    assert XMLOutputParser().parse(example) == {"colors": [{"color": "red"}, {"color": "green"}]}
