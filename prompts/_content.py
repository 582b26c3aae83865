"""The content of a message template: a text, or parts that become content blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from pydantic import InstanceOf

from ..errors import TemplateError, shown
from ._shapes import is_mapping, is_sequence
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
    if is_sequence(given):
        return [_part(item, template_format) for item in given]
    raise TemplateError(
        f"the content of a message is a text or a list of content blocks; got {shown(given)}"
    )


def _part(given: object, template_format: PromptTemplateFormat) -> ContentPart:
    if isinstance(given, str):
        return PromptTemplate(given, template_format=template_format)
    if isinstance(given, StringPromptTemplate | ImagePromptTemplate | DictPromptTemplate):
        return given
    if not is_mapping(given):
        raise TemplateError(f"{shown(given)} is no content block")
    text, image = _only(given, "text"), _only(given, "image_url")
    if isinstance(text, str):
        return PromptTemplate(text, template_format=template_format)
    if isinstance(image, str):
        return ImagePromptTemplate({"url": image}, template_format=template_format)
    if is_mapping(image):
        return ImagePromptTemplate(image, template_format=template_format)
    return DictPromptTemplate(given, template_format=template_format)


def _only(block: Mapping[str, Any], kind: str) -> object:
    """Give what a block of this type has, if it has nothing else."""
    if block.keys() <= {"type", kind} and block.get("type", kind) == kind:
        return block.get(kind)
    return None


def fill_content(
    content: StringPromptTemplate | list[ContentPart], values: Mapping[str, Any]
) -> str | list[dict[str, Any]]:
    """Give the content of a message."""
    if isinstance(content, list):
        return [_block(part, values) for part in content]
    return content._format_inside(values)


def _block(part: ContentPart, values: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(part, DictPromptTemplate):
        return part._format(values)
    if isinstance(part, ImagePromptTemplate):
        return {"type": "image_url", "image_url": part._format_inside(values)}
    return {"type": "text", "text": part._format_inside(values)}
