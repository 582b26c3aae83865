"""`YamlOutputParser`: the YAML in an answer as an object of a pydantic model."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import Any, TypeVar

from pydantic import BaseModel, SkipValidation, ValidationError

from ..errors import MissingExtraError, OutputParserException
from .base import BaseOutputParser, parse_error, validation_problems
from .json import json_instructions

__all__ = ["YamlOutputParser"]

Model = TypeVar("Model", bound=BaseModel, covariant=True)

_MAX_LENGTH = 100_000
_MAX_DEPTH = 100


class YamlOutputParser(BaseOutputParser[Model]):
    """Give the YAML of an answer as an object of a pydantic model.

    The YAML is the first fence of markdown, or else the whole answer. Only plain YAML is read: no
    tags, and no aliases, by which a short text would grow without bounds.

    Attributes:
        pydantic_object: The model.
        pattern: Where the YAML is; its group `yaml`. Else the whole answer.

    Raises:
        MissingExtraError: PyYAML is not installed.
        OutputParserException: The answer is not YAML, is not valid, has more than 100,000
            characters or is nested more than 100 levels deep.
    """

    pydantic_object: SkipValidation[type[Model]]
    pattern: re.Pattern[str] = re.compile(
        r"^```(?:ya?ml)?[ \t]*\n(?P<yaml>.*?)(?:^```|\Z)", re.MULTILINE | re.DOTALL
    )

    @property
    def OutputType(self) -> Any:
        return self.pydantic_object

    def parse(self, text: str) -> Model:
        if len(text) > _MAX_LENGTH:
            what = f"the YAML has more than {_MAX_LENGTH:,} characters"
            raise parse_error(what, text, _MAX_LENGTH)
        found = self.pattern.search(text)
        start, end = found.span("yaml") if found else (0, len(text))
        try:
            value = _load(text[start:end])
        except _YamlError as error:
            raise parse_error(f"the answer is not YAML: {error}", text, start + error.pos) from None
        try:
            return self.pydantic_object.model_validate(value)
        except ValidationError as error:
            raise OutputParserException(
                f"the YAML of the answer is not valid: {validation_problems(error)}",
                llm_output=text,
            ) from error

    def get_format_instructions(self) -> str:
        return json_instructions(self.pydantic_object.model_json_schema(), "YAML document")


class _YamlError(Exception):
    def __init__(self, what: str, pos: int) -> None:
        super().__init__(what)
        self.pos = pos


def _load(text: str) -> Any:
    """Give the value of plain YAML, or raise a _YamlError."""
    yaml, loader = _yaml()
    try:
        return yaml.load(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
        pos = mark.index if mark is not None else getattr(error, "position", 0)
        raise _YamlError(str(what), pos) from None
    except ValueError as error:  # such as the 30th of February
        raise _YamlError(str(error), 0) from None
    except RecursionError:  # of a caller who is deep in his own calls already
        raise _YamlError("nested too deep", 0) from None


@cache
def _yaml() -> tuple[Any, Any]:
    """Give the module yaml, and its safe loader made safer."""
    try:
        yaml: Any = import_module("yaml")
    except ImportError as error:
        raise MissingExtraError("YamlOutputParser", "pyyaml", "yaml") from error

    def compose_node(self: Any, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            problem = "aliases are not read"
        elif event.tag is not None:
            problem = "tags are not read"
        elif self.depth == _MAX_DEPTH:
            problem = f"nested more than {_MAX_DEPTH} levels deep"
        else:
            self.depth += 1
            node = yaml.SafeLoader.compose_node(self, parent, index)
            self.depth -= 1
            return node
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)

    members = {"compose_node": compose_node, "depth": 0}
    return yaml, type("PlainLoader", (yaml.SafeLoader,), members)
