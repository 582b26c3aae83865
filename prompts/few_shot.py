"""Prompts with examples."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, InstanceOf
from typing_extensions import Unpack

from ..errors import TemplateError
from ..messages import BaseMessage
from ..runnables import call_in_thread
from .base import PromptFields, infer_variables
from .chat_base import BaseChatPromptTemplate
from .example_selectors import ExampleSelector
from .formats import PromptTemplateFormat, read_template
from .message import BaseMessagePromptTemplate
from .string_base import StringPromptTemplate

__all__ = [
    "FewShotChatMessagePromptTemplate",
    "FewShotPromptTemplate",
    "FewShotPromptWithTemplates",
]

Example = dict[str, Any]


class _WithExamples(BaseModel):
    """Has examples, or a selector that gives them."""

    model_config: ClassVar[ConfigDict] = ConfigDict(arbitrary_types_allowed=True)

    examples: list[Example] | None = None
    example_selector: ExampleSelector | None = None

    def _check_examples(self) -> None:
        if (self.examples is None) == (self.example_selector is None):
            raise TemplateError(
                f"{type(self).__name__} takes examples=[...] or example_selector=..., one of them"
            )

    def _examples(self, values: Mapping[str, Any]) -> Sequence[Example]:
        if self.example_selector is None:
            return self.examples or ()
        return self.example_selector.select_examples(dict(values))

    async def _aexamples(self, values: Mapping[str, Any]) -> Sequence[Example]:
        if self.example_selector is None:
            return self.examples or ()
        select = getattr(self.example_selector, "aselect_examples", None)
        if select is not None:
            chosen: Sequence[Example] = await select(dict(values))
            return chosen
        select = self.example_selector.select_examples
        return await call_in_thread(partial(select, dict(values)))


class _FewShotText(_WithExamples, StringPromptTemplate):
    """A beginning, examples and an end, joined by a separator."""

    example_prompt: InstanceOf[StringPromptTemplate]
    example_separator: str = "\n\n"
    validate_template: bool = Field(default=False, repr=False)

    @abstractmethod
    def _ends(self, values: Mapping[str, Any]) -> tuple[str, str]:
        """Give the beginning and the end."""

    def _format(self, values: Mapping[str, Any]) -> str:
        return self._join(values, self._examples(values))

    async def _aformat(self, values: Mapping[str, Any]) -> str:
        return self._join(values, await self._aexamples(values))

    def _join(self, values: Mapping[str, Any], examples: Sequence[Example]) -> str:
        prefix, suffix = self._ends(values)
        texts = [self.example_prompt.format(**example) for example in examples]
        return self.example_separator.join(text for text in (prefix, *texts, suffix) if text)


class FewShotPromptTemplate(_FewShotText):
    """A text with examples between its beginning and its end.

    Braces in what the examples say are text.

    Attributes:
        example_prompt: Makes the text of an example from its dict.
        suffix: The end, a template: usually the question.
        prefix: The beginning, a template: usually the task.
        examples: The examples, or
        example_selector: who chooses them for the input.
        example_separator: Between beginning, examples and end.
        template_format: How variables are written in the beginning and the end.
        validate_template: Whether `input_variables` that are given have to be those of the
            templates; otherwise they are taken from them.

    Raises:
        TemplateError: A template is malformed, or asks for more than the values of variables; or
            there are no examples.
    """

    prefix: str = ""
    suffix: str
    template_format: PromptTemplateFormat = "f-string"

    def __init__(
        self,
        *,
        example_prompt: StringPromptTemplate,
        suffix: str,
        prefix: str = "",
        examples: Sequence[Example] | None = None,
        example_selector: ExampleSelector | None = None,
        example_separator: str = "\n\n",
        template_format: PromptTemplateFormat = "f-string",
        validate_template: bool = False,
        **fields: Unpack[PromptFields],
    ) -> None:
        names = [n for t in (prefix, suffix) for n in read_template(t, template_format).variables]
        infer_variables(fields, names, validate=validate_template)
        BaseModel.__init__(
            self,
            example_prompt=example_prompt,
            suffix=suffix,
            prefix=prefix,
            examples=examples,
            example_selector=example_selector,
            example_separator=example_separator,
            template_format=template_format,
            validate_template=validate_template,
            **fields,
        )
        self._check_examples()

    def _ends(self, values: Mapping[str, Any]) -> tuple[str, str]:
        prefix = read_template(self.prefix, self.template_format)
        suffix = read_template(self.suffix, self.template_format)
        self._require({*prefix.variables, *suffix.variables}, values)
        return prefix.render(values), suffix.render(values)


class FewShotPromptWithTemplates(_FewShotText):
    """A text with examples, whose beginning and end are prompts; see `FewShotPromptTemplate`."""

    prefix: InstanceOf[StringPromptTemplate] | None = None
    suffix: InstanceOf[StringPromptTemplate]

    def __init__(
        self,
        *,
        example_prompt: StringPromptTemplate,
        suffix: StringPromptTemplate,
        prefix: StringPromptTemplate | None = None,
        examples: Sequence[Example] | None = None,
        example_selector: ExampleSelector | None = None,
        example_separator: str = "\n\n",
        validate_template: bool = False,
        **fields: Unpack[PromptFields],
    ) -> None:
        names = [*suffix.input_variables, *(prefix.input_variables if prefix else ())]
        infer_variables(fields, names, validate=validate_template)
        BaseModel.__init__(
            self,
            example_prompt=example_prompt,
            suffix=suffix,
            prefix=prefix,
            examples=examples,
            example_selector=example_selector,
            example_separator=example_separator,
            validate_template=validate_template,
            **fields,
        )
        self._check_examples()

    def _ends(self, values: Mapping[str, Any]) -> tuple[str, str]:
        prefix = "" if self.prefix is None else self.prefix._format_inside(values)
        return prefix, self.suffix._format_inside(values)


class FewShotChatMessagePromptTemplate(_WithExamples, BaseChatPromptTemplate):
    """Examples as messages, such as a question of the user and an answer of the model each.

    Usually a part of a `ChatPromptTemplate`.

    Attributes:
        example_prompt: Makes the messages of an example from its dict.
        examples: The examples, or
        example_selector: who chooses them; `input_variables` says for which variables.

    Raises:
        TemplateError: There are no examples.
    """

    example_prompt: InstanceOf[BaseMessagePromptTemplate] | InstanceOf[BaseChatPromptTemplate]

    def __init__(
        self,
        *,
        example_prompt: BaseMessagePromptTemplate | BaseChatPromptTemplate,
        examples: Sequence[Example] | None = None,
        example_selector: ExampleSelector | None = None,
        **fields: Unpack[PromptFields],
    ) -> None:
        BaseModel.__init__(
            self,
            example_prompt=example_prompt,
            examples=examples,
            example_selector=example_selector,
            **fields,
        )
        self._check_examples()

    def _format_messages(self, values: Mapping[str, Any]) -> list[BaseMessage]:
        return self._join(self._examples(values))

    async def _aformat_messages(self, values: Mapping[str, Any]) -> list[BaseMessage]:
        return self._join(await self._aexamples(values))

    def _join(self, examples: Sequence[Example]) -> list[BaseMessage]:
        prompt = self.example_prompt
        return [m for example in examples for m in prompt.format_messages(**example)]
