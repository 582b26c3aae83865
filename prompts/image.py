"""`ImagePromptTemplate`: an image by its address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field
from typing_extensions import Unpack

from ..errors import TemplateError, shown
from ..messages import ImagePromptValue, ImageURL
from ._nested import fill, variables_of
from .base import BasePromptTemplate, PromptFields, infer_variables
from .formats import PromptTemplateFormat

__all__ = ["ImagePromptTemplate"]


class ImagePromptTemplate(BasePromptTemplate[ImageURL, ImagePromptValue]):
    """An image by its address: `ImagePromptTemplate({"url": "https://a.example/{id}.png"})`.

    Files are never read; an image of yours goes in as a `data:` URL.

    Attributes:
        template: Has the `url`, and `detail` if the model is to look "low" or "high".
        template_format: How variables are written in it.

    Raises:
        TemplateError: The template has other keys, is malformed, or asks for more than the values
            of variables.
    """

    template: dict[str, Any] = Field(default_factory=dict)
    template_format: PromptTemplateFormat = "f-string"

    def __init__(
        self,
        template: Mapping[str, Any],
        *,
        template_format: PromptTemplateFormat = "f-string",
        **fields: Unpack[PromptFields],
    ) -> None:
        _check_keys(template)
        infer_variables(fields, variables_of(template, template_format), validate=False)
        BaseModel.__init__(self, template=dict(template), template_format=template_format, **fields)

    def _format(self, values: Mapping[str, Any]) -> ImageURL:
        _check_keys(self.template)
        self._require(variables_of(self.template, self.template_format), values)
        filled = fill(self.template, self.template_format, values)
        if not filled["url"]:
            raise TemplateError(f"the template {shown(self.template)} gave an image without a url")
        image = ImageURL(url=filled["url"])
        if "detail" in filled:
            image["detail"] = filled["detail"]
        return image

    def _format_prompt(self, values: Mapping[str, Any]) -> ImagePromptValue:
        return ImagePromptValue(image_url=self._format(values))

    def pretty_repr(self, html: bool = False) -> str:
        return f"[image {self.template.get('url')}]"


def _check_keys(template: Mapping[str, Any]) -> None:
    if "url" not in template or not template.keys() <= {"url", "detail"}:
        raise TemplateError(
            f"the template of an image has a url and perhaps a detail; got {shown(template)}. "
            'Write {"url": "https://..."}; a file can go in as a data: URL.'
        )
