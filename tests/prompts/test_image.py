"""Images in prompts."""

from __future__ import annotations

import pytest

from levada.errors import PromptInputError, TemplateError
from levada.messages import ImagePromptValue
from levada.prompts import ImagePromptTemplate

CAT = ImagePromptTemplate({"url": "https://a.example/{id}.png", "detail": "low"})


def test_an_image_is_given_by_its_address(run):
    url = {"url": "https://a.example/7.png", "detail": "low"}
    assert run.invoke(CAT, 7) == ImagePromptValue(image_url=url)
    assert CAT.format(id=7) == url


def test_a_variable_may_be_called_url():
    assert ImagePromptTemplate({"url": "{url}"}).format(url="data:,") == {"url": "data:,"}


@pytest.mark.parametrize("template", [{}, {"path": "/etc/passwd"}, {"url": "x", "path": "y"}])
def test_an_image_of_a_file_is_refused(template):
    with pytest.raises(TemplateError, match="has a url and perhaps a detail"):
        ImagePromptTemplate(template)
    made = CAT.model_copy(update={"template": template, "input_variables": []})
    with pytest.raises(TemplateError, match="has a url and perhaps a detail"):
        made.format()


def test_an_image_without_an_address_is_refused():
    with pytest.raises(TemplateError, match="gave an image without a url"):
        ImagePromptTemplate({"url": "{a}"}).format(a="")


def test_a_missing_variable_is_an_error():
    with pytest.raises(PromptInputError, match="ImagePromptTemplate needs 'id'"):
        CAT.invoke({})
    with pytest.raises(PromptInputError, match="ImagePromptTemplate needs 'id'"):
        CAT.model_copy(update={"input_variables": []}).format()


def test_an_image_prints_its_address():
    assert CAT.pretty_repr() == "[image https://a.example/{id}.png]"
