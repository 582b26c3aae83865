from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from levada.errors import MessageError
from levada.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    count_tokens_approximately,
    trim_messages,
)

CHAT = [
    SystemMessage("be brief"),
    HumanMessage("one two three"),
    AIMessage("four five"),
    HumanMessage("six"),
    AIMessage("seven eight"),
]


def words(messages: list[BaseMessage]) -> int:
    return sum(len(message.text.split()) for message in messages)


def contents(messages: list[BaseMessage]) -> list[object]:
    return [message.content for message in messages]


@pytest.mark.parametrize(
    ("how", "kept"),
    [
        ({"max_tokens": 99}, CHAT),
        ({"max_tokens": 0}, []),
        ({"max_tokens": 3}, CHAT[3:]),
        ({"max_tokens": 4}, CHAT[3:]),
        ({"max_tokens": 5}, CHAT[2:]),
        ({"max_tokens": 5, "start_on": "human"}, CHAT[3:]),
        ({"max_tokens": 99, "start_on": ["human"]}, CHAT[1:]),
        ({"max_tokens": 3, "end_on": HumanMessage}, CHAT[2:4]),
        ({"max_tokens": 99, "start_on": "tool"}, []),
        ({"max_tokens": 5, "include_system": True}, [CHAT[0], *CHAT[3:]]),
        ({"max_tokens": 7, "include_system": True, "start_on": "human"}, [CHAT[0], *CHAT[3:]]),
        ({"max_tokens": 1, "include_system": True}, CHAT[:1]),
        ({"max_tokens": 5, "strategy": "first"}, CHAT[:2]),
        ({"max_tokens": 7, "strategy": "first"}, CHAT[:3]),
        ({"max_tokens": 7, "strategy": "first", "end_on": ("human", "system")}, CHAT[:2]),
        ({"max_tokens": 99, "strategy": "first", "end_on": "tool"}, []),
    ],
)
def test_the_first_or_the_last_messages_that_fit_are_kept(how, kept):
    assert trim_messages(CHAT, token_counter=words, **how) == kept


@pytest.mark.parametrize(
    ("strategy", "max_tokens", "text"),
    [
        ("first", 1, "one "),
        ("first", 2, "one two\n"),
        ("last", 1, "three"),
        ("last", 2, "two\nthree"),
    ],
)
def test_a_part_of_a_text_is_kept_if_wanted(strategy, max_tokens, text):
    def split(text: str) -> list[str]:
        return text.replace(" ", " |").replace("\n", "\n|").split("|")

    kept = trim_messages(
        [HumanMessage("one two\nthree", id="1")],
        max_tokens=max_tokens,
        token_counter=words,
        strategy=strategy,
        allow_partial=True,
        text_splitter=split,
    )
    assert kept == [HumanMessage(text, id="1")]


def test_text_is_split_at_the_ends_of_lines_unless_a_splitter_is_given():
    class Splitter:
        def split_text(self, text: str) -> list[str]:
            return list(text)

    messages = [HumanMessage("one two\nthree")]
    how = {"max_tokens": 1, "token_counter": words, "allow_partial": True}
    assert contents(trim_messages(messages, **how)) == ["three"]
    assert contents(trim_messages(messages, **how, text_splitter=Splitter())) == ["\nthree"]
    assert trim_messages(messages, **how, strategy="first") == []


@pytest.mark.parametrize(("strategy", "part"), [("first", ["a", "b"]), ("last", ["b", "c"])])
def test_some_blocks_of_a_message_are_kept_if_wanted(strategy, part):
    blocks = [{"type": "text", "text": text} for text in ["a ", "b ", "c "]]
    kept = trim_messages(
        [HumanMessage(blocks)],
        max_tokens=2,
        token_counter=words,
        strategy=strategy,
        allow_partial=True,
    )
    assert [block["text"].strip() for block in kept[0].content] == part


def test_a_part_of_the_text_is_kept_if_no_block_fits():
    message = HumanMessage([{"type": "text", "text": "one\ntwo"}, {"type": "image", "url": "u"}])
    kept = trim_messages(
        [message], max_tokens=1, token_counter=words, strategy="first", allow_partial=True
    )
    assert contents(kept) == ["one\n"]


def test_parts_of_the_edge_join_the_messages_that_fit():
    messages = [HumanMessage("a\nb"), AIMessage("c"), HumanMessage("d\ne")]
    how = {"max_tokens": 2, "token_counter": words, "allow_partial": True}
    assert contents(trim_messages(messages[:2], **how)) == ["b", "c"]
    assert contents(trim_messages(messages[1:], **how, strategy="first")) == ["c", "d\n"]


def test_tokens_may_be_counted_by_message_by_a_model_or_approximately():
    def one(message: BaseMessage) -> int:
        return len(message.text.split())

    class Model:
        def get_num_tokens_from_messages(self, messages: list[BaseMessage]) -> int:
            return words(messages)

    expected = trim_messages(CHAT, max_tokens=3, token_counter=words)
    assert trim_messages(CHAT, max_tokens=3, token_counter=one) == expected
    assert trim_messages(CHAT, max_tokens=3, token_counter=Model()) == expected
    assert trim_messages(CHAT, max_tokens=2, token_counter=len) == CHAT[3:]
    assert trim_messages(CHAT, max_tokens=1, token_counter=bool) == CHAT
    tokens = count_tokens_approximately(CHAT[3:])
    assert trim_messages(CHAT, max_tokens=tokens, token_counter="approximate") == CHAT[3:]


@pytest.mark.parametrize(
    ("how", "match"),
    [
        ({"strategy": "middle"}, "no strategy 'middle'. Write 'first' or 'last'"),
        ({"strategy": "first", "start_on": "human"}, "start_on and include_system are for strat"),
        ({"strategy": "first", "include_system": True}, "start_on and include_system are for"),
        ({"token_counter": 3}, "token_counter=3 does not count tokens. Write"),
        ({"token_counter": "exact"}, "token_counter='exact' does not count tokens"),
        ({"end_on": "robot"}, "there is no role 'robot'"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(how, match):
    with pytest.raises(MessageError, match=match):
        trim_messages(CHAT, **{"max_tokens": 5, "token_counter": words, **how})


texts = st.lists(st.lists(st.sampled_from(["a ", "b\n"]), max_size=4).map("".join), max_size=6)


@given(texts, st.integers(0, 12), st.sampled_from(["first", "last"]), st.booleans())
def test_the_result_always_fits_and_is_an_end_of_the_text(texts, limit, strategy, partial):
    kept = trim_messages(
        texts,
        max_tokens=limit,
        token_counter=words,
        strategy=strategy,
        allow_partial=partial,
    )
    assert words(kept) <= limit
    before, after = "".join(texts), "".join(message.text for message in kept)
    assert before.startswith(after) if strategy == "first" else before.endswith(after)


def test_the_messages_that_were_given_stay_as_they_are():
    before = [message.model_copy(deep=True) for message in CHAT]
    trim_messages(CHAT, max_tokens=4, token_counter=words, allow_partial=True, include_system=True)
    assert before == CHAT
