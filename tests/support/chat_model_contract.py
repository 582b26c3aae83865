"""What every chat model does, whoever makes it: one set of tests that each class is run through.

A test class derives from `ChatModelContract` and says how to make a model that will give certain
answers. What a class cannot do is skipped with the reason, and shows as "no" in the table of
features that `scripts/features.py` makes of these tests.
"""

from __future__ import annotations

import copy
import json
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any, ClassVar

import anyio
import pytest
from pydantic import BaseModel

from levada.chat_models import BaseChatModel
from levada.errors import MessageError, UnsupportedError
from levada.messages import AIMessage, AIMessageChunk, HumanMessage
from levada.runnables import RunnablePassthrough

__all__ = ["ChatModelContract", "Place"]

TEXT = AIMessage("one two three")
USAGE = {"input_tokens": 11, "output_tokens": 3, "total_tokens": 14}
CALLS = [
    {"name": "look", "args": {"city": "Oslo"}, "id": "call_1", "type": "tool_call"},
    {"name": "look", "args": {"city": "Rome"}, "id": "call_2", "type": "tool_call"},
]
# A picture of one pixel.
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5Erk"
    "Jggg=="
)


class Place(BaseModel):
    """A place."""

    city: str


def look(city: str) -> str:
    """Look at a city."""
    return city


def feature(name: str) -> pytest.MarkDecorator:
    """Mark a test of what some classes can do and others cannot."""
    return pytest.mark.feature(name)


@contextmanager
def where_it_can() -> Iterator[None]:
    """Skip the test where the class says that it cannot."""
    try:
        yield
    except UnsupportedError as exc:
        pytest.skip(f"not supported: {exc}")


class ChatModelContract:
    """Tests of a chat model. Write `model`, and `sent` where it can be known."""

    provider: ClassVar[str]
    """The name of the class."""

    def model(self, *answers: AIMessage, **settings: Any) -> BaseChatModel:
        """Give a model that gives these answers, one a call.

        Raises:
            UnsupportedError: The provider cannot give such an answer.
        """
        raise NotImplementedError

    def sent(self) -> str | None:
        """Give what the model was last asked, as the provider was sent it."""
        return None

    @pytest.fixture(autouse=True)
    def _features(
        self, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
    ) -> None:
        if (mark := request.node.get_closest_marker("feature")) is not None:
            record_property("feature", [self.provider, mark.args[0]])

    def _model(self, *answers: AIMessage, **settings: Any) -> BaseChatModel:
        with where_it_can():
            return self.model(*answers, **settings)

    # Of every class.

    def test_an_answer_is_a_message_with_an_id(self, run: Any) -> None:
        answer = run.invoke(self._model(TEXT), "hi")
        assert type(answer) is AIMessage
        assert answer.text == TEXT.content
        assert answer.id

    def test_a_stream_gives_chunks_of_one_message(self, run: Any) -> None:
        chunks = run.stream(self._model(TEXT), "hi")
        assert "".join(c.text for c in chunks) == TEXT.content
        assert len({c.id for c in chunks}) == 1
        assert chunks[0].id
        if len(chunks) > 1:
            assert all(type(c) is AIMessageChunk for c in chunks)
            assert [c.chunk_position for c in chunks].count("last") == 1
            assert chunks[-1].chunk_position == "last"

    def test_events_begin_end_and_tell_the_whole(self, run: Any) -> None:
        model = self._model(TEXT)
        events = [e for e in run.events(RunnablePassthrough() | model, "hi") if _of_model(e)]
        assert [e["event"] for e in (events[0], events[-1])] == [
            "on_chat_model_start",
            "on_chat_model_end",
        ]
        assert events[0]["data"] == {"input": {"messages": [[HumanMessage("hi")]]}}
        assert events[-1]["data"]["output"].text == TEXT.content
        assert {e["name"] for e in events} == {model.get_name()}

    def test_a_batch_answers_each(self, run: Any) -> None:
        answers = run.batch(self._model(*[TEXT] * 3), ["a", "b", "c"])
        assert [a.text for a in answers] == [TEXT.content] * 3

    @pytest.mark.parametrize(
        "given", ["hi", [("system", "be kind"), ("user", "hi")], [HumanMessage("hi")]], ids=repr
    )
    def test_it_takes_text_and_messages(self, run: Any, given: Any) -> None:
        assert run.invoke(self._model(TEXT), given).text == TEXT.content
        assert "hi" in (self.sent() or "hi")

    @pytest.mark.parametrize("given", [5, None, {"a": 1}])
    def test_what_is_no_message_is_refused(self, run: Any, given: Any) -> None:
        with pytest.raises(MessageError):
            run.invoke(self._model(TEXT), given)

    def test_a_stream_can_be_left_and_the_model_goes_on(self, run: Any) -> None:
        model = self._model(TEXT, TEXT)
        assert len(run.stream(model, "hi", take=1)) == 1
        assert run.invoke(model, "hi").text == TEXT.content

    def test_it_answers_in_several_threads(self) -> None:
        model, texts = self._model(*[TEXT] * 4), []
        threads = [
            threading.Thread(target=lambda: texts.append(model.invoke("hi").text)) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert texts == [TEXT.content] * 4

    def test_it_answers_on_one_event_loop_after_the_other(self) -> None:
        model = self._model(*[TEXT] * 4)
        for backend in ("asyncio", "trio", "asyncio"):
            assert anyio.run(_ask, model, backend=backend) == TEXT.content
        assert model.invoke("hi").text == TEXT.content

    def test_it_is_closed_by_leaving_it_and_can_be_used_again(self, run: Any) -> None:
        model = self._model(TEXT, TEXT)
        if run.sync:
            with model:
                assert model.invoke("hi").text == TEXT.content
        else:
            anyio.run(_ask_and_close, model, backend=run.how)
        assert run.invoke(model, "hi").text == TEXT.content

    def test_copies_are_equal_and_shallow_settings_may_be_changed(self) -> None:
        model = self._model(TEXT)
        other = model.model_copy(update={"max_retries": 7})
        assert (type(other), other.max_retries) == (type(model), 7)
        assert model.max_retries != 7

    def test_it_pickles_and_keeps_its_key_to_itself(self) -> None:
        model = self._model()
        assert "secret" not in repr(model)
        try:
            again = pickle.loads(pickle.dumps(model))
        except (TypeError, pickle.PicklingError):
            pytest.skip("not supported: its settings hold what cannot be pickled")
        assert type(again) is type(model)
        assert copy.deepcopy(model).model_dump() == model.model_dump()

    def test_a_misspelt_setting_is_refused(self) -> None:
        with pytest.raises(ValueError, match="max_retrys"):
            self._model(TEXT, max_retrys=1)

    # Of some.

    @feature("streams tokens")
    def test_it_streams_piece_by_piece(self, run: Any) -> None:
        chunks = run.stream(self._model(TEXT), "hi")
        if len(chunks) == 1:
            pytest.skip("not supported: it answers at once")
        assert len([c for c in chunks if c.text]) > 1

    @feature("async")
    def test_it_needs_no_threads_in_async(self) -> None:
        if not {"_agenerate", "_astream"} & self._model(TEXT)._writes:
            pytest.skip("not supported: async calls run in threads")

    @feature("tools")
    @pytest.mark.parametrize("count", [1, 2])
    def test_it_calls_tools(self, run: Any, count: int) -> None:
        calls = CALLS[:count]
        with where_it_can():
            model = self.model(*[AIMessage("", tool_calls=copy.deepcopy(calls))] * 2)
            bound = model.bind_tools([look], tool_choice="any")
        assert _calls(run.invoke(bound, "hi")) == calls
        assert "Look at a city" in (self.sent() or "Look at a city")
        assert _calls(_total(run.stream(bound, "hi"))) == calls

    @feature("structured output")
    def test_it_answers_with_a_value(self, run: Any) -> None:
        ways = self._model()._structures_by
        if not ways:
            pytest.skip("not supported: no structured output")
        self._gives_a_place(run, ways[0])

    @feature("JSON schema")
    def test_it_is_held_to_a_schema(self, run: Any) -> None:
        if "json_schema" not in self._model()._structures_by:
            pytest.skip("not supported: not by a schema")
        self._gives_a_place(run, "json_schema")

    def _gives_a_place(self, run: Any, method: Any) -> None:
        call = {"name": "Place", "args": {"city": "Oslo"}, "id": "call_1", "type": "tool_call"}
        by_call = method == "function_calling"
        answer = AIMessage("", tool_calls=[call]) if by_call else AIMessage('{"city": "Oslo"}')
        with where_it_can():
            step = self.model(answer, answer).with_structured_output(Place, method=method)
        assert run.invoke(step, "hi") == Place(city="Oslo")
        assert "city" in (self.sent() or "city")
        assert run.stream(step, "hi")[-1] == Place(city="Oslo")

    @feature("images")
    def test_it_sees_images(self, run: Any) -> None:
        picture = {"type": "image", "base64": PIXEL, "mime_type": "image/png"}
        with where_it_can():
            run.invoke(self.model(TEXT), [HumanMessage([picture])])
        if self.sent() is None:
            pytest.skip("not supported: nothing is sent")
        assert PIXEL in str(self.sent())

    @feature("reasoning")
    def test_it_shows_its_reasoning(self, run: Any) -> None:
        thought = {"type": "reasoning", "reasoning": "hmm"}
        answer = AIMessage([thought, {"type": "text", "text": "well"}])
        with where_it_can():
            model = self.model(answer, answer)
        for message in (run.invoke(model, "hi"), _total(run.stream(model, "hi"))):
            thoughts = [b for b in message.content_blocks if b.get("type") == "reasoning"]
            assert [t["reasoning"] for t in thoughts] == ["hmm"]
            assert message.text == "well"

    @feature("usage")
    def test_it_counts_tokens(self, run: Any) -> None:
        answer = AIMessage("one two", usage_metadata=USAGE)
        with where_it_can():
            model = self.model(answer, answer)
        for message in (run.invoke(model, "hi"), _total(run.stream(model, "hi"))):
            if message.usage_metadata is None:
                pytest.skip("not supported: it does not say")
            assert message.usage_metadata.items() >= USAGE.items()

    @feature("stop")
    def test_it_takes_stop_words(self, run: Any) -> None:
        with where_it_can():
            run.invoke(self.model(TEXT), "hi", stop=["#end#"])
        if self.sent() is None:
            pytest.skip("not supported: nothing is sent")
        assert "#end#" in str(self.sent())

    @feature("logprobs")
    def test_it_tells_how_likely_its_words_were(self, run: Any) -> None:
        likely = {"content": [{"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}]}
        with where_it_can():
            model = self.model(AIMessage("a", response_metadata={"logprobs": likely}))
            answer = run.invoke(model, "hi", logprobs=True)
        if "logprobs" not in answer.response_metadata:
            pytest.skip("not supported: it does not say")
        assert "-0.5" in json.dumps(answer.response_metadata["logprobs"])


async def _ask(model: BaseChatModel) -> str:
    async with aclosing(model.astream("hi")) as chunks:
        return "".join([c.text async for c in chunks])


async def _ask_and_close(model: BaseChatModel) -> None:
    async with model:
        assert (await model.ainvoke("hi")).text == TEXT.content


def _of_model(event: Any) -> bool:
    return str(event["event"]).startswith("on_chat_model")


def _total(chunks: list[Any]) -> Any:
    return chunks[0] if len(chunks) == 1 else chunks[0] + chunks[1:]


def _calls(message: Any) -> list[dict[str, Any]]:
    return [dict(call) for call in message.tool_calls]
