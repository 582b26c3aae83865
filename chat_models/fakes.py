"""Chat models without a model, for unit tests: no network, the same answer every time."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from time import sleep
from typing import Any, ClassVar

from pydantic import NonNegativeFloat, PrivateAttr

from ..errors import CompositionError, FakeListChatModelError, ModelError, shown
from ..messages import AIMessage, AIMessageChunk, BaseMessage
from ._pieces import cut_message
from .base import BaseChatModel
from .profile import StructureMethod

__all__ = [
    "FakeChatModel",
    "FakeListChatModel",
    "FakeMessagesListChatModel",
    "GenericFakeChatModel",
    "ParrotFakeChatModel",
    "SimpleChatModel",
]


class SimpleChatModel(BaseChatModel, abstract=True):
    """A model whose author writes one method, `_call`, which gives the text of the answer."""

    @abstractmethod
    def _call(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> str:
        """Give the text of the answer."""

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        return AIMessage(self._call(messages, stop=stop, **kwargs))


class _Fake(BaseChatModel, abstract=True):
    """What all fakes have in common: they take any option, and ignore it.

    Attributes:
        sleep: The seconds to wait before each answer, or before each chunk of a stream.
    """

    _binds_tools: ClassVar[bool] = True
    _structures_by: ClassVar[tuple[StructureMethod, ...]] = (
        "function_calling",
        "json_schema",
        "json_mode",
    )

    sleep: NonNegativeFloat | None = None

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {}

    def _wait(self) -> None:
        if self.sleep is not None:
            sleep(self.sleep)


class _FailingStream(_Fake, abstract=True):
    """A fake that streams, and may fail while it does.

    Attributes:
        error_on_chunk_number: The chunk of each stream, from 0, in whose place it fails.
    """

    error_on_chunk_number: int | None = None

    def _played(self, chunks: Iterator[AIMessageChunk]) -> Iterator[AIMessageChunk]:
        for i, chunk in enumerate(chunks):
            self._wait()
            if i == self.error_on_chunk_number:
                raise FakeListChatModelError(f"chunk {i} was to fail, and did")
            yield chunk


class GenericFakeChatModel(_FailingStream):
    """Gives the messages of an iterator, one per call; streams them by words and spaces.

    Attributes:
        messages: What to answer, such as `iter([AIMessage("one"), "two"])`. An iterator, so that it
            may be a generator which decides as it goes.

    Raises:
        ModelError: A call when there is no message left.
        FakeListChatModelError: A stream that is to fail.
    """

    messages: Iterator[Any]

    _turn: Any = PrivateAttr(default_factory=threading.RLock)

    @property
    def _llm_type(self) -> str:
        return "generic-fake-chat-model"

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        self._wait()
        return self._next()

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> Iterator[AIMessageChunk]:
        yield from self._played(cut_message(self._next()))

    def _next(self) -> AIMessage:
        with self._turn:  # a generator cannot be asked by two threads at once
            answer = next(self.messages, None)
        if answer is None:
            raise ModelError(
                "the fake model was called more often than it has messages; give it more"
            )
        if isinstance(answer, str):
            return AIMessage(answer)
        if not isinstance(answer, AIMessage):
            raise CompositionError(
                f"the messages of a fake model are texts or AIMessages; got {shown(answer)}"
            )
        return answer


class _ListFake(_Fake, abstract=True):
    """A fake with a list of answers, which begins anew after the last.

    Attributes:
        i: The number of the next answer.
    """

    _in_turn: ClassVar[bool] = True

    i: int = 0
    responses: list[Any]

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"responses": self.responses}

    def _next(self, count: int) -> int:
        """Give the number of this answer, and go on to the next."""
        if not count:
            raise ModelError("the fake model has no answers; give it some in responses=[...]")
        with _counting:
            i = self.i % count
            self.i = (i + 1) % count
        return i


_counting = threading.Lock()


class FakeListChatModel(_ListFake, _FailingStream):
    """Gives the texts of a list, one per call and then from the start; streams their characters.

    Attributes:
        responses: What to answer.

    Raises:
        FakeListChatModelError: A stream that is to fail.
    """

    responses: list[str]

    @property
    def _llm_type(self) -> str:
        return "fake-list-chat-model"

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        self._wait()
        return AIMessage(self.responses[self._next(len(self.responses))])

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> Iterator[AIMessageChunk]:
        answer = AIMessage(self.responses[self._next(len(self.responses))])
        yield from self._played(cut_message(answer, list))


class FakeMessagesListChatModel(_ListFake):
    """Gives the messages of a list, one per call and then from the start; does not stream.

    Attributes:
        responses: What to answer.
    """

    responses: list[BaseMessage]

    @property
    def _llm_type(self) -> str:
        return "fake-messages-list-chat-model"

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        self._wait()
        # One that is no AIMessage is refused where any model's answer is.
        return self.responses[self._next(len(self.responses))]  # type: ignore[return-value]  # pyright: ignore[reportReturnType]


class FakeChatModel(SimpleChatModel, _Fake):
    """Answers everything with "fake response"."""

    @property
    def _llm_type(self) -> str:
        return "fake-chat-model"

    def _call(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> str:
        self._wait()
        return "fake response"


class ParrotFakeChatModel(_Fake):
    """Says what was said last."""

    @property
    def _llm_type(self) -> str:
        return "parrot-fake-chat-model"

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, **kwargs: Any
    ) -> AIMessage:
        self._wait()
        if not messages:
            raise ModelError("a parrot needs at least one message to repeat; got []")
        last = messages[-1]
        return last if isinstance(last, AIMessage) else AIMessage(last.content)
