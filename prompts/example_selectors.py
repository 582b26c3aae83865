"""Which examples go into a few-shot prompt."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel, Field, InstanceOf

from ..runnables import call_in_thread
from .string_base import StringPromptTemplate

__all__ = ["BaseExampleSelector", "ExampleSelector", "LengthBasedExampleSelector"]

Example = dict[str, Any]


@runtime_checkable
class ExampleSelector(Protocol):
    """What a few-shot prompt asks for examples.

    In async use it is asked by `aselect_examples`, if it has that too, else in a worker thread.
    """

    def select_examples(self, input_variables: dict[str, Any]) -> list[Example]:
        """Give the examples for these variables of the prompt."""
        ...


class BaseExampleSelector(ABC):
    """A base for selectors to which examples can be added."""

    @abstractmethod
    def add_example(self, example: Example) -> Any:
        """Keep one more example."""

    async def aadd_example(self, example: Example) -> Any:
        """Keep one more example."""
        return await call_in_thread(partial(self.add_example, example))

    @abstractmethod
    def select_examples(self, input_variables: dict[str, Any]) -> list[Example]:
        """Give the examples for these variables of the prompt."""

    async def aselect_examples(self, input_variables: dict[str, Any]) -> list[Example]:
        """Give the examples for these variables of the prompt."""
        return await call_in_thread(partial(self.select_examples, input_variables))


def _count_words(text: str) -> int:
    return len(re.split(r"[ \n]", text))


class LengthBasedExampleSelector(BaseModel, BaseExampleSelector):
    """Gives the first examples, as many as there is room for beside the input.

    Attributes:
        examples: All examples.
        example_prompt: Makes the text whose length counts.
        get_text_length: Gives the length of a text; by default how many words it has.
        max_length: The length of input and examples together.
    """

    examples: list[Example]
    example_prompt: InstanceOf[StringPromptTemplate]
    get_text_length: Callable[[str], int] = _count_words
    max_length: int = 2048
    example_text_lengths: list[int] = Field(default_factory=list[int])

    def model_post_init(self, context: Any, /) -> None:
        """Measure the examples."""
        self.example_text_lengths = [self._length(example) for example in self.examples]

    def add_example(self, example: Example) -> None:
        self.examples.append(example)
        self.example_text_lengths.append(self._length(example))

    async def aadd_example(self, example: Example) -> None:
        self.add_example(example)

    def select_examples(self, input_variables: dict[str, Any]) -> list[Example]:
        text = " ".join(str(value) for value in input_variables.values())
        room = self.max_length - self.get_text_length(text)
        chosen: list[Example] = []
        for example, length in zip(self.examples, self.example_text_lengths, strict=True):
            room -= length
            if room < 0:
                break
            chosen.append(example)
        return chosen

    async def aselect_examples(self, input_variables: dict[str, Any]) -> list[Example]:
        return self.select_examples(input_variables)

    def _length(self, example: Example) -> int:
        return self.get_text_length(self.example_prompt.format(**example))
