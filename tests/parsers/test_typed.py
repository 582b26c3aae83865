from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel
from typing_extensions import TypedDict

from levada.chat_models import GenericFakeChatModel
from levada.errors import OutputParserException
from levada.messages import AIMessage
from levada.parsers import PydanticOutputParser, TypeAdapterOutputParser


class Film(BaseModel):
    title: str
    year: int = 0


class Trip(TypedDict):
    city: str
    days: list[int]


@dataclass
class Point:
    x: int
    y: int = 0


def test_json_becomes_an_object(run: Any) -> None:
    parser = PydanticOutputParser(pydantic_object=Film)
    assert run.invoke(parser, 'Here:\n```json\n{"title": "Alien"}\n```') == Film(title="Alien")


def test_an_object_streams_once_it_is_valid(run: Any) -> None:
    parser = PydanticOutputParser(pydantic_object=Film)
    pieces = ['{"year": 19', "79", ', "title": "A', 'lien"', "}"]
    assert run.transform(parser, pieces) == [
        Film(title="A", year=1979),
        Film(title="Alien", year=1979),
    ]


@pytest.mark.parametrize(
    ("output_type", "text", "expected"),
    [
        (list[Film], '[{"title": "Alien"}]', [Film(title="Alien")]),
        (Film | None, "null", None),
        (dict[str, Film], '{"a": {"title": "Alien"}}', {"a": Film(title="Alien")}),
        (Trip, '{"city": "Oslo", "days": [1]}', {"city": "Oslo", "days": [1]}),
        (Point, '{"x": 1, "y": 2}', Point(1, 2)),
        (tuple[int, date], '[1, "2024-02-29"]', (1, date(2024, 2, 29))),
        (set[int], "[1, 2, 2]", {1, 2}),
        (int, "12", 12),
        (str, '"a b"', "a b"),
    ],
)
def test_json_becomes_a_value_of_any_type(
    run: Any, output_type: Any, text: str, expected: Any
) -> None:
    parser = TypeAdapterOutputParser(output_type)
    assert run.invoke(parser, text) == expected
    assert run.transform(parser, list(text))[-1] == expected


def test_values_stream_as_far_as_they_are_valid(run: Any) -> None:
    pieces = ["[", '{"year": 1979', ', "title": "A', 'lien"}', ', {"ti', 'tle": "Jaws"}]']
    assert run.transform(TypeAdapterOutputParser(list[Film]), pieces) == [
        [],
        [Film(title="A", year=1979)],
        [Film(title="Alien", year=1979)],
        [Film(title="Alien", year=1979), Film(title="Jaws")],
    ]
    pieces = ['{"city": "Os', 'lo", "days": [1', ', 2, "x', '"]}'][:3]
    with pytest.raises(OutputParserException, match=r"days\.2: Input should be a valid integer"):
        run.transform(TypeAdapterOutputParser(Trip), pieces)


def test_patches_are_of_plain_values(run: Any) -> None:
    parser = TypeAdapterOutputParser(list[Film], diff=True)
    assert run.transform(parser, ['[{"title": "A', 'lien"}]']) == [
        [{"op": "replace", "path": "", "value": [{"title": "A", "year": 0}]}],
        [{"op": "replace", "path": "/0/title", "value": "Alien"}],
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "the JSON of the answer is not valid: title: Field required$"),
        ("[1]", "the JSON of the answer is not valid: the value: Input should be a valid dict"),
        ('{"title": 1, "year": "x"}', "title: Input should be a valid string; year: Input should"),
        ("none", "the answer is not JSON: expected a JSON value at character 4"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(run: Any, text: str, message: str) -> None:
    for parser in (PydanticOutputParser(pydantic_object=Film), TypeAdapterOutputParser(Film)):
        for go in (lambda p=parser: run.invoke(p, text), lambda p=parser: run.transform(p, text)):
            with pytest.raises(OutputParserException, match=message) as caught:
                go()
            assert caught.value.llm_output == text
            assert "\n" not in str(caught.value)


def test_many_problems_are_not_all_told() -> None:
    with pytest.raises(OutputParserException, match=r"9: .*; and 90 more$"):
        TypeAdapterOutputParser(list[int]).parse(json.dumps(["x"] * 100))


def test_a_long_answer_is_not_validated_at_every_token() -> None:
    validated = 0

    class Counted(BaseModel):
        text: str

        def __init__(self, **fields: Any) -> None:
            nonlocal validated
            validated += 1
            super().__init__(**fields)

    text = json.dumps([{"text": f"number {i}"} for i in range(1000)])
    pieces = [text[i : i + 4] for i in range(0, len(text), 4)]
    seen = list(TypeAdapterOutputParser(list[Counted]).transform(pieces))
    assert len(seen[-1]) == 1000
    # Up to 2,000 characters at each chunk, then 500 and 1 more that a chunk pays for; some 23 each.
    assert validated < (2_000 * 2_000 / 4 + 501 * len(pieces)) / 22 + 2 * 1000


def test_instructions_show_the_schema() -> None:
    told = TypeAdapterOutputParser(list[Film]).get_format_instructions()
    schema = json.loads(told.partition("\n")[2])
    assert schema["items"] == {"$ref": "#/$defs/Film"}
    told = PydanticOutputParser(pydantic_object=Film).get_format_instructions()
    assert json.loads(told.partition("\n")[2]) == Film.model_json_schema()


def test_the_type_of_the_parser_can_be_written_out(run: Any) -> None:
    parser = TypeAdapterOutputParser[Film | int](Film | int, name="film")
    model = GenericFakeChatModel(messages=iter([AIMessage("12")]))
    assert run.invoke(model | parser, "x") == 12
    assert parser.get_name() == "film"
