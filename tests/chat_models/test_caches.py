"""Answers that are kept: where, under what, and how they come out again."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from levada.chat_models import (
    BaseCache,
    BaseChatModel,
    FakeListChatModel,
    InMemoryCache,
    RedisCache,
    SQLiteCache,
    get_llm_cache,
    set_llm_cache,
)
from levada.chat_models.rate_limiters import BaseRateLimiter
from levada.errors import ConfigError, MissingExtraError, OverloadedError
from levada.messages import AIMessage, AIMessageChunk, HumanMessage
from levada.runnables import RunnablePassthrough

CALL = {"name": "look", "args": {"city": "Oslo"}, "id": "1", "type": "tool_call"}
USAGE = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}


class Counts(BaseChatModel):
    """Numbers its answers, at once and in a stream."""

    temperature: float = 0
    asked: list[Any] = []  # noqa: RUF012 - pydantic copies it

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"temperature": self.temperature}

    def _answer(self, how: Any) -> AIMessage:
        self.asked.append(how)
        return AIMessage(
            f"answer {len(self.asked)}",
            id="resp-1",
            tool_calls=[CALL],
            usage_metadata=USAGE,
            response_metadata={"model_name": "counts"},
        )

    def _generate(self, messages: Any, stop: Any = None, **kwargs: Any) -> AIMessage:
        return self._answer(stop)

    def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Iterator[AIMessageChunk]:
        whole = self._answer(stop)
        yield AIMessageChunk(
            whole.content,
            id=whole.id,
            tool_calls=whole.tool_calls,
            usage_metadata=whole.usage_metadata,
            response_metadata=whole.response_metadata,
        )


@pytest.fixture(params=["memory", "sqlite", "redis"])
def cache(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[BaseCache]:
    if request.param == "memory":
        yield InMemoryCache()
    elif request.param == "sqlite":
        yield SQLiteCache(tmp_path / "answers.db")
    else:
        with RedisCache(request.getfixturevalue("redis_url"), prefix=str(tmp_path)) as cache:
            yield cache


@pytest.fixture(autouse=True)
def no_cache_of_all() -> Iterator[None]:
    yield
    set_llm_cache(None)


def total(chunks: list[Any]) -> Any:
    return chunks[0] + chunks[1:] if isinstance(chunks[0], AIMessageChunk) else chunks[0]


def ask(run: Any, verb: str, *args: Any, **options: Any) -> Any:
    if verb == "invoke":
        return run.invoke(*args, **options)
    return total(run.stream(*args, **options))


@pytest.mark.parametrize("first", ["invoke", "stream"])
@pytest.mark.parametrize("second", ["invoke", "stream"])
def test_the_same_question_is_answered_once(run, cache, first, second) -> None:
    model = Counts(cache=cache)
    one = ask(run, first, model, "hi")
    two = ask(run, second, model, [HumanMessage("hi", id="another")])
    assert len(model.asked) == 1
    assert one.content == two.content == "answer 1"
    assert one.tool_calls == two.tool_calls
    assert two.response_metadata == {**one.response_metadata, "cached": True}
    assert two.usage_metadata == {**USAGE, "total_cost": 0}
    assert "cached" not in one.response_metadata


def test_an_old_answer_has_the_id_of_its_run(run, cache) -> None:
    model = Counts(cache=cache)
    ids = {run.invoke(model, "hi").id for _ in range(3)}
    ids |= {c.id for c in run.stream(model, "hi")}
    assert len(ids) == 4
    assert sum(i.startswith("run-") for i in ids) == 3


def test_an_old_answer_streams_in_pieces(run, cache) -> None:
    model = Counts(cache=cache)
    run.invoke(model, "hi")
    chunks = run.stream(model, "hi")
    assert [c.content for c in chunks if c.content] == ["answer", " ", "1"]
    assert len({c.id for c in chunks}) == 1
    assert [c.chunk_position for c in chunks][-2:] == [None, "last"]
    events = run.events(RunnablePassthrough() | model, "hi")
    streamed = [e for e in events if e["event"] == "on_chat_model_stream"]
    assert len(streamed) == len(chunks)


def test_another_question_another_setting_and_another_option_are_others(run, cache) -> None:
    asked: list[Any] = []
    cold, warm = (Counts(cache=cache, temperature=t) for t in (0, 1))
    cold.asked = warm.asked = asked
    run.invoke(cold, "hi")
    run.invoke(cold, "ho")
    run.invoke(warm, "hi")
    run.invoke(cold, "hi", stop=["."])
    run.invoke(cold.bind(seed=1), "hi")
    run.invoke(Counts(cache=cache, max_retries=7, metadata={"a": 1}), "hi")
    assert len(asked) == 5


def test_what_is_given_out_may_be_changed(run, cache) -> None:
    model = Counts(cache=cache)
    for _ in range(3):
        answer = run.invoke(model, "hi")
        assert answer.response_metadata.pop("model_name") == "counts"
        answer.tool_calls[0]["args"]["city"] = "Rome"
    assert run.invoke(model, "hi").tool_calls[0]["args"] == {"city": "Oslo"}


def test_a_stream_that_is_left_or_fails_is_not_kept(run, cache) -> None:
    class Fails(Counts):
        fails: bool = True

        def _stream(self, messages: Any, stop: Any = None, **kwargs: Any) -> Any:
            yield from super()._stream(messages, stop)
            if self.fails:
                raise OverloadedError("cut")

    model = Fails(cache=cache)
    with pytest.raises(OverloadedError):
        run.stream(model, "hi")
    model.fails = False
    run.stream(model, "hi", take=1)
    assert total(run.stream(model, "hi")).content == "answer 3"
    assert total(run.stream(model, "hi")).content == "answer 3"


# --- which cache ---


def test_one_cache_may_be_set_for_all_models(run, cache) -> None:
    set_llm_cache(cache)
    assert get_llm_cache() is cache
    for setting, count in ((None, 1), (True, 1), (False, 2)):
        cache.clear()
        model = Counts(cache=setting)
        run.invoke(model, "hi")
        run.invoke(model, "hi")
        assert len(model.asked) == count


def test_a_cache_that_is_said_and_not_there_is_an_error(run) -> None:
    with pytest.raises(ConfigError, match="set_llm_cache"):
        run.invoke(Counts(cache=True), "hi")
    with pytest.raises(ConfigError, match="a cache is a BaseCache"):
        set_llm_cache({})  # type: ignore[arg-type]


def test_a_hit_does_not_wait_for_its_turn(run, cache) -> None:
    class Turns(BaseRateLimiter):
        taken = 0

        def acquire(self, *, blocking: bool = True) -> bool:
            self.taken += 1
            return True

        async def aacquire(self, *, blocking: bool = True) -> bool:
            return self.acquire()

    turns = Turns()
    model = Counts(cache=cache, rate_limiter=turns)
    for _ in range(3):
        run.invoke(model, "hi")
        run.stream(model, "hi")
    assert turns.taken == 1


def test_fakes_hit_whatever_they_would_say_next(run, cache) -> None:
    model = FakeListChatModel(responses=["a", "b"], cache=cache)
    assert [run.invoke(model, "hi").content for _ in range(3)] == ["a"] * 3


# --- the caches themselves ---


def test_a_cache_forgets_when_it_is_told(cache) -> None:
    cache.update("p", "m", AIMessage("a"))
    assert cache.lookup("p", "m") == AIMessage("a")
    assert cache.lookup("pm", "") is None
    cache.update("p", "m", AIMessage("b"))
    assert cache.lookup("p", "m") == AIMessage("b")
    cache.clear()
    assert cache.lookup("p", "m") is None


@pytest.mark.anyio
async def test_a_cache_is_asked_in_async_too(cache) -> None:
    await cache.aupdate("p", "m", AIMessage("a"))
    assert await cache.alookup("p", "m") == AIMessage("a")
    await cache.aclear()
    assert await cache.alookup("p", "m") is None


def test_threads_share_a_cache(cache) -> None:
    def work(n: int) -> None:
        for i in range(20):
            cache.update(str(i), "m", AIMessage(f"{i}"))
            assert cache.lookup(str(i), "m") == AIMessage(f"{i}")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.lookup("19", "m") == AIMessage("19")


def test_a_cache_in_memory_may_have_a_limit() -> None:
    cache = InMemoryCache(maxsize=2)
    for word in "ab":
        cache.update(word, "m", AIMessage(word))
    cache.lookup("a", "m")
    cache.update("c", "m", AIMessage("c"))
    assert [cache.lookup(w, "m") is not None for w in "abc"] == [True, False, True]
    with pytest.raises(ConfigError, match="maxsize"):
        InMemoryCache(maxsize=0)


def test_answers_in_a_file_outlive_the_cache(tmp_path) -> None:
    whole = AIMessage("a", tool_calls=[CALL], usage_metadata=USAGE, id="x")
    SQLiteCache(tmp_path / "a.db").update("p", "m", whole)
    assert SQLiteCache(tmp_path / "a.db").lookup("p", "m") == whole


def test_a_file_forgets_one_model(tmp_path) -> None:
    cache = SQLiteCache(tmp_path / "a.db")
    for model in ("m", "n"):
        cache.update("p", model, AIMessage(model))
    cache.clear(llm_string="m")
    assert (cache.lookup("p", "m"), cache.lookup("p", "n")) == (None, AIMessage("n"))


def test_a_file_that_cannot_be_is_refused(tmp_path) -> None:
    (tmp_path / "text").write_text("this is no database, by far " * 100)
    for path in (tmp_path / "no" / "folder.db", tmp_path / "text"):
        with pytest.raises(ConfigError, match="cannot be a database"):
            SQLiteCache(path)
    with pytest.raises(ConfigError, match="InMemoryCache"):
        SQLiteCache(":memory:")


def test_answers_in_a_server_are_shared_and_outlive_the_cache(redis_url, tmp_path) -> None:
    prefix = f"{tmp_path}[*?]"
    whole = AIMessage("a", tool_calls=[CALL], usage_metadata=USAGE, id="x")
    with RedisCache(redis_url, prefix=prefix) as cache:
        cache.update("p", "m", whole)
    again = pickle.loads(pickle.dumps(cache))
    assert again.lookup("p", "m") == copy.deepcopy(again).lookup("p", "m") == whole
    assert RedisCache(redis_url, prefix=f"{tmp_path}").lookup("p", "m") is None


def test_a_server_forgets_one_model_and_one_prefix(redis_url, tmp_path) -> None:
    """Also of more answers than it is told of at once, and whatever the prefix looks like."""
    cache = RedisCache(redis_url, prefix=f"{tmp_path}[*?]")
    other = RedisCache(redis_url, prefix=f"{tmp_path}[*?]x")
    for model in ("m", "n"):
        for i in range(600):
            cache.update(str(i), model, AIMessage(model))
    other.update("1", "m", AIMessage("other"))
    cache.clear(llm_string="m")
    assert (cache.lookup("599", "m"), cache.lookup("599", "n")) == (None, AIMessage("n"))
    cache.clear()
    assert cache.lookup("1", "n") is None
    assert other.lookup("1", "m") == AIMessage("other")


def test_a_server_forgets_in_time(redis_url, tmp_path) -> None:
    cache = RedisCache(redis_url, prefix=str(tmp_path), ttl=0.001)
    cache.update("p", "m", AIMessage("a"))
    waiting = threading.Event()
    while cache.lookup("p", "m") is not None:
        waiting.wait(0.01)
    with pytest.raises(ConfigError, match="ttl"):
        RedisCache(redis_url, ttl=0)


def test_the_password_of_a_server_is_not_shown() -> None:
    cache = RedisCache("redis://user:sekrit@localhost:1/0")
    assert "sekrit" not in repr(Counts(cache=cache))
    with pytest.raises(ConfigError, match="redis_url"):
        RedisCache("http://localhost")


def test_without_its_client_a_server_says_how_to_install_it(monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'levada\[redis\]'"):
        RedisCache()


def test_what_is_kept_is_whole_whether_somebody_watches_or_not(run, cache) -> None:
    model = Counts(cache=cache)
    run.events(RunnablePassthrough() | model, "hi")
    again = run.invoke(model, "hi")
    assert (again.text, again.tool_calls, len(model.asked)) == ("answer 1", [CALL], 1)
    assert again.response_metadata["model_name"] == "counts"
