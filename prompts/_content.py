"""The content of a message template: a text, or parts that become content blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from pydantic import InstanceOf

from ..errors import TemplateError, shown
from .dict import DictPromptTemplate
from .formats import PromptTemplateFormat
from .image import ImagePromptTemplate
from .prompt import PromptTemplate
from .string_base import StringPromptTemplate

__all__ = ["ContentPart", "content_template", "fill_content"]

ContentPart: TypeAlias = (
    InstanceOf[StringPromptTemplate]
    | InstanceOf[ImagePromptTemplate]
    | InstanceOf[DictPromptTemplate]
)


def content_template(
    given: str | Sequence[str | Mapping[str, Any]], template_format: PromptTemplateFormat
) -> StringPromptTemplate | list[ContentPart]:
    """Give the template that is meant: a text, or a list of texts and content blocks.

    Raises:
        TemplateError: It is neither, or see `PromptTemplate`.
    """
    if isinstance(given, str):
        return PromptTemplate(given, template_format=template_format)
    if isinstance(given, Sequence) and not isinstance(given, bytes):
        return [_part(item, template_format) for item in given]
    raise TemplateError(
        f"the content of a message is a text or a list of content blocks; got {shown(given)}"
    )


def _part(given: object, template_format: PromptTemplateFormat) -> ContentPart:
    match given:
        case str():
            return PromptTemplate(given, template_format=template_format)
        case {"text": str() as text, **rest} if rest in ({}, {"type": "text"}):
            return PromptTemplate(text, template_format=template_format)
        case {"image_url": str() as url, **rest} if rest in ({}, {"type": "image_url"}):
            return ImagePromptTemplate({"url": url}, template_format=template_format)
        case {"image_url": Mapping() as image, **rest} if rest in ({}, {"type": "image_url"}):
            return ImagePromptTemplate(image, template_format=template_format)
        case Mapping():
            return DictPromptTemplate(given, template_format=template_format)
        case StringPromptTemplate() | ImagePromptTemplate() | DictPromptTemplate():
            return given
        case _:
            raise TemplateError(f"{shown(given)} is no content block")


def fill_content(parts: Sequence[ContentPart], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the content blocks."""
    return [_block(part, values) for part in parts]


def _block(part: ContentPart, values: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(part, DictPromptTemplate):
        return part._format(values)
    if isinstance(part, ImagePromptTemplate):
        return {"type": "image_url", "image_url": part._format_inside(values)}
    return {"type": "text", "text": part._format_inside(values)}
