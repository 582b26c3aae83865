"""`RunnableSerializable`: the base of steps that are configured by fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, get_type_hints

from pydantic import BaseModel, ConfigDict

from .._lazy import DEFER_BUILD
from .base import Input, Output, Runnable

__all__ = ["RunnableSerializable"]

# For each class below, pydantic reads the annotations of all its bases, and compiles those that are
# text once more.
Runnable.__annotations__.update(get_type_hints(Runnable))


class RunnableSerializable(BaseModel, Runnable[Input, Output], abstract=True):
    """A step that is a pydantic model: prompts, chat models, parsers and tools.

    Attributes:
        name: The name of its runs; None: that of its class.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        defer_build=DEFER_BUILD, arbitrary_types_allowed=True
    )

    name: str | None = None

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        _only_for_type_checkers(cls)

    if not TYPE_CHECKING:

        def __class_getitem__(cls, types):
            return super(BaseModel, cls).__class_getitem__(types)


def _only_for_type_checkers(cls: type[BaseModel]) -> None:
    """Keep pydantic from making a model class for every pair of types that stands in brackets.

    They say nothing about fields. What `typing.Generic` makes of them is enough for the schemas.
    """
    cls.__pydantic_generic_metadata__["parameters"] = ()


_only_for_type_checkers(RunnableSerializable)
