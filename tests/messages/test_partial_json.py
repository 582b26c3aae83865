from __future__ import annotations

import copy
import json
import os
import pickle
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from levada.messages.partial_json import PartialJsonError, PartialJsonParser, parse_partial_json
from work import is_linear

FUZZ_INPUTS = int(os.environ.get("LEVADA_FUZZ_INPUTS", "2500"))

# JSON texts rather than values: every way to write a string and a number, blanks anywhere.
PIECES_OF_STRINGS = [
    *("a", "é", "😀", " ", "{", "}", "[", "]", ",", ":", "/", "`", "tru", "12", "\ud83d", "\ude00"),
    *(r"\"", r"\\", r"\/", r"\b", r"\f", r"\n", r"\r", r"\t", r"\u0041", r"\uD83D", r"\ude00"),
]
strings = st.lists(st.sampled_from(PIECES_OF_STRINGS), max_size=4).map(lambda p: f'"{"".join(p)}"')
numbers = st.tuples(
    st.sampled_from(["", "-"]),
    st.sampled_from(["0", "7", "10", "12345678901234567890123"]),
    st.sampled_from(["", ".0", ".50", ".025"]),
    st.sampled_from(["", "e5", "E+07", "e-3", "e999"]),
).map("".join)
words = st.sampled_from(["true", "false", "null", "NaN", "Infinity", "-Infinity"])
blanks = st.sampled_from(["", "", " ", "\n", " \t\r\n "])


@st.composite
def members(draw: st.DrawFn, values: st.SearchStrategy[str], *, unique: bool) -> str:
    names = draw(st.lists(strings, max_size=3, unique_by=json.loads if unique else None))
    blank = draw(blanks)
    return "{" + ",".join(f"{blank}{n}{blank}:{blank}{draw(values)}" for n in names) + blank + "}"


def items(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    some = st.lists(values, max_size=3)
    return st.tuples(some, blanks).map(lambda t: f"[{t[1]}{(t[1] + ',' + t[1]).join(t[0])}{t[1]}]")


def documents(*, unique: bool) -> st.SearchStrategy[str]:
    tree = st.recursive(
        strings | numbers | words,
        lambda values: items(values) | members(values, unique=unique),
        max_leaves=8,
    )
    return st.tuples(blanks, tree, blanks).map("".join)


cuts = st.lists(st.integers(0, 400), max_size=30) | st.just(list(range(400)))


def pieces(text: str, cuts: list[int]) -> Iterator[str]:
    places = sorted({0, *(cut for cut in cuts if cut < len(text)), len(text)})
    return (text[start:end] for start, end in pairwise(places))


def snapshots(text: str, cuts: list[int], **options: Any) -> tuple[list[Any], PartialJsonParser]:
    """Feed a text in pieces, and take every snapshot that differs from the one before."""
    parser = PartialJsonParser(**options)
    taken = []
    for piece in pieces(text, cuts):
        parser.feed(piece)
        if parser.changed:
            taken.append(parser.snapshot())
    return taken, parser


def each_character(text: str, **options: Any) -> list[Any]:
    return snapshots(text, list(range(len(text))), **options)[0]


def in_one_piece(text: str, **options: Any) -> Any:
    parser = PartialJsonParser(**options)
    parser.feed(text)
    return parser.finish()


def is_prefix(earlier: Any, later: Any) -> bool:
    """Whether one value becomes the other by going on at its end: nothing complete changes.

    Only the last item of a list, or member of an object, may still grow; so may a string at its
    end, and a number by digits. The order of members counts.
    """
    if isinstance(earlier, dict) and isinstance(later, dict):
        same_names = list(earlier) == list(later)[: len(earlier)]
        return same_names and is_prefix(list(earlier.values()), list(later.values()))
    if isinstance(earlier, list) and isinstance(later, list):
        if not earlier:
            return True
        last = len(earlier) - 1
        complete = repr(earlier[:last]) == repr(later[:last])
        return complete and len(later) > last and is_prefix(earlier[last], later[last])
    if isinstance(earlier, str) and isinstance(later, str):
        return later.startswith(earlier)
    if type(earlier) in (int, float) and type(later) in (int, float):
        return True
    return earlier is later


@given(documents(unique=False), cuts)
@settings(max_examples=150, deadline=None)
def test_whole_documents_have_the_value_of_json_loads_however_they_are_cut(
    text: str, cuts: list[int]
) -> None:
    expected = repr(json.loads(text))  # repr tells 1 from 1.0 and True, and takes NaN for NaN
    taken, parser = snapshots(text, cuts)
    assert repr(parser.finish()) == expected
    assert parser.complete
    assert repr(parse_partial_json(text)) == expected
    assert repr(in_one_piece(text, markdown=True)) == expected
    assert taken == [] or repr(taken[-1]) == expected or isinstance(taken[-1], int | float)


@given(documents(unique=True), cuts)
@settings(max_examples=150, deadline=None)
def test_every_snapshot_is_a_prefix_of_the_next(text: str, cuts: list[int]) -> None:
    taken, parser = snapshots(text, cuts)
    for earlier, later in pairwise([*taken, parser.finish()]):
        assert is_prefix(earlier, later), (earlier, later)


@given(documents(unique=False), cuts)
@settings(max_examples=100, deadline=None)
def test_snapshots_do_not_change_when_more_is_fed(text: str, cuts: list[int]) -> None:
    parser = PartialJsonParser()
    kept = []
    for piece in pieces(text, cuts):
        parser.feed(piece)
        kept.append((parser.snapshot(), copy.deepcopy(parser.snapshot())))
    parser.finish()
    for snapshot, at_the_time in kept:
        assert repr(snapshot) == repr(at_the_time)


@given(documents(unique=False), st.integers(0, 400))
@settings(max_examples=80, deadline=None)
def test_a_truncated_text_gives_what_the_stream_gives_at_that_point(text: str, end: int) -> None:
    text = text[:end]
    taken = each_character(text)
    if taken:
        assert repr(parse_partial_json(text)) == repr(taken[-1])
    else:
        with pytest.raises(PartialJsonError, match="expected a JSON value"):
            parse_partial_json(text)


@given(
    documents(unique=False),
    cuts,
    st.sampled_from(["", "Here it is:\n", "see [1], {name}, [ ] and `x`: "]),
)
@settings(max_examples=80, deadline=None)
def test_fenced_json_is_found_in_prose_however_it_is_cut(
    text: str, cuts: list[int], prose: str
) -> None:
    expected = repr(json.loads(text))
    _, parser = snapshots(f"{prose}```json\n{text}\n```\nDone {{}}.", cuts, markdown=True)
    assert repr(parser.finish()) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"city": "Os', {"city": "Os"}),
        ('{"b": ', {}),
        ('{"a": 1, "b"', {"a": 1}),
        ('{"a": 1, "b', {"a": 1}),
        ('{"a": 1,', {"a": 1}),
        ('[1, [2, {"x": [', [1, [2, {"x": []}]]),
        ('["', [""]),
        ("[tru", []),
        ("[true", [True]),
        ("[1, nul", [1]),
        ("[-", []),
        ("[-Inf", []),
        ("[-1", [-1]),
        ("[1.", [1]),
        ("[1.5e", [1.5]),
        ("[1.5e-", [1.5]),
        ("[1e2", [100.0]),
        ("12", 12),
        ('"ab', "ab"),
        ('["a\\', ["a"]),
        ('["a\\\\', ["a\\"]),
        ('["a\\u00e', ["a"]),
        ('["a\\u00e9', ["aé"]),
        ('["\\ud83d', [""]),
        ('["\\ud83d\\ude', [""]),
        ('["\\ud83d\\ude00', ["😀"]),
        ('{"a": "x\ny\tz"', {"a": "x\ny\tz"}),
        ('{"a": 1, "a": 2', {"a": 2}),
    ],
)
def test_a_truncated_text_is_closed_where_it_stands(text: str, value: Any) -> None:
    assert repr(parse_partial_json(text)) == repr(value)
    assert repr(each_character(text)[-1]) == repr(value)


def test_a_stream_of_tokens_gives_a_snapshot_when_something_is_to_be_seen() -> None:
    tokens = [
        '{"name":',
        " ",
        '"Ada",',
        " ",
        '"langs":',
        " ",
        '["en",',
        " ",
        '"fr"],',
        '"age":',
        " 36}",
    ]
    parser = PartialJsonParser()
    seen = []
    for token in tokens:
        parser.feed(token)
        if parser.changed:
            seen.append(parser.snapshot())
    assert seen == [
        {},
        {"name": "Ada"},
        {"name": "Ada", "langs": ["en"]},
        {"name": "Ada", "langs": ["en", "fr"]},
        {"name": "Ada", "langs": ["en", "fr"], "age": 36},
    ]


def test_numbers_and_words_change_the_value_only_when_they_mean_something_new() -> None:
    assert each_character("[-1.50, true]") == [[], [-1], [-1.5], [-1.5], [-1.5, True]]


def test_no_snapshot_is_built_while_nothing_changes() -> None:
    parser = PartialJsonParser()
    assert parser.snapshot() is None
    parser.feed('{"a": [1]')
    first = parser.snapshot()
    parser.feed("  , ")
    assert not parser.changed
    assert parser.snapshot() is first


@pytest.mark.parametrize("text", ['{"a": [1.5]}', '{"a": [1.5', '["a', "1234567", "12.", "``` 1.5"])
def test_the_end_gives_the_last_snapshot_again_if_nothing_has_come(text: str) -> None:
    taken, parser = snapshots(text, [*range(len(text))], markdown=text.startswith("`"))
    assert parser.finish() is taken[-1]
    assert parser.finish() is taken[-1]


def test_finished_parts_are_shared_by_snapshots() -> None:
    parser = PartialJsonParser()
    parser.feed('{"a": [1], "b": [')
    first = parser.snapshot()
    parser.feed("2")
    second = parser.snapshot()
    assert second["a"] is first["a"]
    assert second["b"] is not first["b"]


@pytest.mark.parametrize(
    ("text", "complete", "complete_at_the_end"),
    [
        ('{"a": 1', False, False),
        ('{"a": 1}', True, True),
        ('"a', False, False),
        ('"a"', True, True),
        ("12", False, True),
        ("12.", False, False),
        ("12 ", True, True),
    ],
)
def test_a_document_is_complete_at_its_last_character_and_a_number_when_nothing_follows(
    text: str, complete: bool, complete_at_the_end: bool
) -> None:
    parser = PartialJsonParser()
    parser.feed(text)
    assert parser.complete is complete
    parser.finish()
    assert parser.complete is complete_at_the_end


@pytest.mark.parametrize(
    ("text", "message", "pos"),
    [
        ("", "expected a JSON value", 0),
        ("  ", "expected a JSON value", 2),
        ("nul", "expected a JSON value", 3),
        ('lo", "days": 2}', "expected a value", 0),
        ("[1 x", "expected ',' or ']'", 3),
        ('{"a" 1', "expected ':'", 5),
        ('{"a": 1, b', "expected a key in double quotes", 9),
        ("{'a'", "expected a key in double quotes or '}'", 1),
        ("[1,]", "expected a value", 3),
        ("[1}", "expected ',' or ']'", 2),
        ("]", "expected a value", 0),
        ('{"a": 1} x', "expected nothing after the end", 9),
        ("[1, nil]", "expected a JSON value", 4),
        ("[1, nullify", "expected a JSON value", 4),
        ("[01]", "expected a JSON value", 1),
        ("[1.]", "expected a JSON value", 1),
        ("[1.2.3,", "expected a JSON value", 1),
        ('["a\\x"', r"Invalid \\escape", 3),
        ('["a\\x', r"Invalid \\escape", 3),
        ('["a\\u12g', r"Invalid \\uXXXX escape", 4),
    ],
)
def test_what_is_not_the_beginning_of_json_is_refused_with_its_place(
    text: str, message: str, pos: int
) -> None:
    with pytest.raises(PartialJsonError, match=message) as caught:
        parse_partial_json(text)
    assert caught.value.pos == pos
    assert caught.value.excerpt == text


def test_the_place_of_an_error_counts_from_the_beginning_of_the_stream() -> None:
    before, after = '{"first": ["caf\\u00e9", 1, 2, ', '?], "second": "a very long text"}'
    parser = PartialJsonParser()
    for char in before:
        parser.feed(char)
    with pytest.raises(PartialJsonError, match=r"expected a value at character 30") as caught:
        parser.feed(after)
    assert caught.value.pos == len(before)
    assert caught.value.excerpt == before + after


def test_an_error_survives_pickling() -> None:
    error = PartialJsonError("expected ':'", 7, "near")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.pos) == (str(error), 7)


def test_a_refused_stream_keeps_its_value_and_refuses_what_follows() -> None:
    parser = PartialJsonParser()
    with pytest.raises(PartialJsonError) as first:
        parser.feed('{"a": 1, oops')
    assert parser.snapshot() == {"a": 1}
    for verb in (lambda: parser.feed("}"), parser.finish):
        with pytest.raises(PartialJsonError) as again:
            verb()
        assert again.value is first.value


@pytest.mark.parametrize("read", [parse_partial_json, in_one_piece])
def test_strict_refuses_control_characters_inside_strings(read: Callable[..., Any]) -> None:
    assert read('["a\nb"]') == ["a\nb"]
    for text in ('["a\nb"]', '["a\nb', '["\\t\nb'):
        with pytest.raises(PartialJsonError, match="Invalid control character"):
            read(text, strict=True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1} and more {"b": 2}', {"a": 1}),
        ('The answer is {"a": "b', {"a": "b"}),
        ('Use `{name}`, [1] and [ ]: [{"a": 1}] {}', [{"a": 1}]),
        ('In short: `{"a": 1}`.', {"a": 1}),
        ("```json\n[1]\n``` [2]", [1]),
        ("``` \n[1]\n```", [1]),
        ('```json{"a": "```"}```', {"a": "```"}),
        ('```json\n{"a": [1,\n```\nfoo', {"a": [1]}),
        ("````\n[1]", [1]),
        (" 42 ", 42),
        ("null", None),
        ('"only words"', "only words"),
    ],
)
def test_markdown_finds_the_first_document_in_a_text(text: str, value: Any) -> None:
    assert in_one_piece(text, markdown=True) == value
    _, parser = snapshots(text, list(range(len(text))), markdown=True)
    assert parser.finish() == value


@pytest.mark.parametrize("text", ["", "no JSON {here} [1]", "42 apples", "```json\n```", "``"])
def test_a_text_without_json_has_no_value(text: str) -> None:
    with pytest.raises(PartialJsonError, match="expected a JSON value"):
        in_one_piece(text, markdown=True)


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("closing", ["", "]", "}"])
def test_deep_nesting_is_refused_and_not_a_recursion_error(opening: str, closing: str) -> None:
    with pytest.raises(PartialJsonError, match="at most 1000 levels of nesting"):
        parse_partial_json(opening * 100_000 + closing * 100_000)


def test_as_many_levels_as_allowed_are_read() -> None:
    text = "[" * 1000 + "]" * 1000
    value, depth = parse_partial_json(text[:1500]), 1
    while value:
        value, depth = value[0], depth + 1
    assert depth == 1000
    with pytest.raises(PartialJsonError, match="at most 3 levels"):
        in_one_piece("[[[[", max_depth=3)


@pytest.mark.parametrize("text", ["[" + "9" * 5000, "[" + "9" * 5000 + "]"])
def test_integers_beyond_the_limit_of_python_are_refused(text: str) -> None:
    with pytest.raises(PartialJsonError, match="integer of fewer digits than 5000"):
        parse_partial_json(text)


def mutated(rng: random.Random) -> str:
    """Give a JSON text that has been cut, spliced or sprinkled with characters that matter."""
    text = json.dumps({"a": [1, -2.5e3, True, None, 'x\n"é😀'], "b": {"c": "\ud83d"}, "d": []})
    for _ in range(rng.randint(1, 6)):
        at, to = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
        inserted = "".join(rng.choices('{}[]",:\\u0dD8eE+-.tfnNI`\n \x00é😀', k=rng.randint(0, 4)))
        text = rng.choice([text[:at] + inserted + text[at:], text[:at] + text[to:], text[at:]])
    return text


def outcome(text: str, cuts: list[int], *, markdown: bool) -> Any:
    try:
        return repr(snapshots(text, cuts, markdown=markdown)[1].finish())
    except PartialJsonError as error:
        return error


@pytest.mark.parametrize("markdown", [False, True])
def test_malformed_text_is_read_or_refused_alike_for_every_cut(markdown: bool) -> None:
    rng = random.Random(8)
    for _ in range(FUZZ_INPUTS // 2):
        text = mutated(rng)
        some, all_of_them = rng.choices(range(len(text) + 1), k=5), list(range(len(text)))
        outcomes = [outcome(text, cuts, markdown=markdown) for cuts in ([], some, all_of_them)]
        refusals = [result for result in outcomes if isinstance(result, PartialJsonError)]
        assert len(refusals) in (0, 3), text
        assert all(0 <= error.pos <= len(text) for error in refusals)
        assert refusals or len(set(outcomes)) == 1, text


@pytest.mark.parametrize("start", ["[", '["', "text "])
@pytest.mark.parametrize(
    "piece",
    ['"', "\\", "\\\\", "\\u", "\\ud83d", "9", "1e", "1,", "{", " ", "`", "{ ", "a", '"a":[{'],
)
def test_hostile_runs_are_read_in_linear_work(start: str, piece: str) -> None:
    def read(count: int) -> None:
        parser = PartialJsonParser(markdown=True)
        with suppress(PartialJsonError):
            for char in start + piece * (count // len(piece)):
                parser.feed(char)
            parser.finish()

    assert is_linear(read, 2_000)


def test_a_snapshot_for_every_character_of_a_list_of_objects_takes_linear_work() -> None:
    def read(count: int) -> None:
        text = json.dumps([{"id": i, "name": "Ada", "ok": True} for i in range(count // 40)])
        parser = PartialJsonParser()
        for char in text:
            parser.feed(char)
            parser.snapshot()

    assert is_linear(read, 2_000)


def test_a_long_string_full_of_escapes_is_read_whole() -> None:
    text = '["' + "caf\\u00e9 \\\\ " * 300_000
    assert parse_partial_json(text) == ["café \\ " * 300_000]
