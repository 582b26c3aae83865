"""`StructuredPrompt`: a chat prompt that says which shape the answer is to have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

from pydantic import Field

from ..errors import CompositionError, shown
from ..runnables import Runnable, RunnableLike, RunnableSequence
from ._parts import MessageLikeRepresentation
from .base import PromptFields
from .chat import ChatPromptTemplate
from .formats import PromptTemplateFormat

__all__ = ["StructuredPrompt"]


class StructuredPrompt(ChatPromptTemplate):
    """A chat prompt that says which shape the answer is to have.

    `StructuredPrompt(messages, Answer) | model` is
    `ChatPromptTemplate(messages) | model.with_structured_output(Answer)`. The prompt and the model
    have to meet: write `first | (prompt | model)`, not `first | prompt | model`.

    Attributes:
        schema_: What the model is given as the schema, such as a pydantic class.
        structured_output_kwargs: What else it is given. Keyword arguments that are no fields of a
            prompt are among these: `StructuredPrompt(messages, Answer, include_raw=True)`.

    Raises:
        CompositionError: There is no schema; or when it is piped into something that has no
            `with_structured_output`.
    """

    schema_: Any
    structured_output_kwargs: dict[str, Any] = Field(default_factory=dict)

    def __init__(
        self,
        messages: Iterable[MessageLikeRepresentation],
        schema_: Any = None,
        *,
        structured_output_kwargs: Mapping[str, Any] | None = None,
        template_format: PromptTemplateFormat = "f-string",
        validate_template: bool = False,
        **options: Any,
    ) -> None:
        schema = options.pop("schema", None) if schema_ is None else schema_
        if schema is None:
            raise CompositionError(
                "a StructuredPrompt needs the schema of the answer: "
                "StructuredPrompt(messages, Answer)"
            )
        fields = PromptFields()
        for name in PromptFields.__optional_keys__ & options.keys():
            fields[name] = options.pop(name)  # type: ignore[literal-required]
        self._fill(
            messages,
            template_format,
            validate_template,
            fields,
            schema_=schema,
            structured_output_kwargs={**(structured_output_kwargs or {}), **options},
        )

    @classmethod
    def from_messages_and_schema(
        cls, messages: Iterable[MessageLikeRepresentation], schema: Any, **options: Any
    ) -> Self:
        """Make a prompt from its parts and the schema of the answer; options as above."""
        return cls(messages, schema, **options)

    def __or__(self, other: Any) -> Any:
        return self.pipe(other)

    def pipe(self, *others: RunnableLike, name: str | None = None) -> Runnable[Any, Any]:
        model, *rest = others or (None,)
        ask = getattr(model, "with_structured_output", None)
        if ask is None:
            raise CompositionError(
                f"a StructuredPrompt is piped into a chat model; got {shown(model)}. "
                "Write StructuredPrompt(...) | model | ..."
            )
        answering = ask(self.schema_, **self.structured_output_kwargs)
        return RunnableSequence(self, answering, *rest, name=name)
