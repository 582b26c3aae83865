"""The arguments of functions as pydantic classes."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import Field

from levada.errors import ConfigError, SchemaAnnotationError
from levada.runnables import Run, RunnableConfig
from levada.tools import InjectedToolArg, InjectedToolCallId, create_schema_from_function


def schema(function: Any, **options: Any) -> dict[str, Any]:
    return create_schema_from_function("Arguments", function, **options).model_json_schema()


def test_fields_have_the_types_and_defaults_of_the_parameters() -> None:
    def f(a: int, b: "str | None" = None, *, c: float = 1.5) -> None: ...  # noqa: UP037

    made = create_schema_from_function("F", f)
    assert made(a="3").model_dump() == {"a": 3, "b": None, "c": 1.5}  # type: ignore[call-arg]
    assert made.__name__ == "F"


def test_a_text_in_an_annotation_describes_the_argument() -> None:
    def f(a: Annotated[int, "The first."], b: Annotated[int, Field(gt=0)]) -> None: ...

    fields = schema(f)["properties"]
    assert fields["a"]["description"] == "The first."
    assert fields["b"]["exclusiveMinimum"] == 0


def test_a_default_may_be_a_field() -> None:
    def f(a: int = Field(default=3, description="The first.", le=5)) -> None: ...

    assert schema(f)["properties"]["a"]["description"] == "The first."
    assert schema(f)["properties"]["a"]["maximum"] == 5


@pytest.mark.parametrize("name", ["copy", "json", "schema", "model_config", "_private", "model_x"])
def test_an_argument_may_have_any_name(name: str) -> None:
    names: dict[str, Any] = {}
    exec(f"def f({name}: int): ...", names)
    assert list(schema(names["f"])["properties"]) == [name]


def test_the_rest_of_the_arguments_is_a_list_and_a_dict() -> None:
    def f(*args: int, **kwargs: str) -> None: ...

    made = schema(f)
    assert made["properties"]["args"]["items"] == {"type": "integer"}
    assert made["properties"]["kwargs"]["additionalProperties"] == {"type": "string"}
    assert "required" not in made


def test_arguments_that_take_the_run_are_left_out() -> None:
    def f(
        a: int, config: RunnableConfig, mine: Run | None = None, callbacks: Any = None
    ) -> None: ...

    assert list(schema(f)["properties"]) == ["a"]


def test_injected_arguments_are_left_out_when_they_are_not_wanted() -> None:
    def f(
        a: int,
        user: Annotated[object, InjectedToolArg],
        call: Annotated[str, InjectedToolCallId()],
    ) -> None: ...

    assert list(create_schema_from_function("F", f).model_fields) == ["a", "user", "call"]
    assert list(schema(f, include_injected=False)["properties"]) == ["a"]


def test_arguments_can_be_left_out_by_name() -> None:
    def f(a: int, b: int) -> None: ...

    assert list(schema(f, filter_args=["b"])["properties"]) == ["a"]


def test_a_method_has_no_self() -> None:
    class Weather:
        def look(self, city: str) -> str:
            return city

    assert list(schema(Weather().look)["properties"]) == ["city"]


def test_the_annotation_of_the_result_is_not_read() -> None:
    def f(a: int) -> Nowhere: ...  # type: ignore[name-defined]  # noqa: F821

    assert list(schema(f)["properties"]) == ["a"]


def test_a_name_that_only_type_checkers_import_is_an_error_that_says_so() -> None:
    def f(a: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(SchemaAnnotationError, match="not under TYPE_CHECKING"):
        schema(f)


# --- docstrings ---


def google(a: int, b: str = "x") -> None:
    """Do it.

    In two lines,
    and one more.

    Args:
        a: The first,
            which goes on.
        b (str, optional): The second.

    Returns:
        Nothing.
    """


def numpy(a: int, b: str = "x") -> None:
    """Do it.

    In two lines,
    and one more.

    Parameters
    ----------
    a : int
        The first,
        which goes on.
    b : str, optional
        The second.

    Returns
    -------
    Nothing.
    """


def sphinx(a: int, b: str = "x") -> None:
    """Do it.

    In two lines,
    and one more.

    :param a: The first,
        which goes on.
    :param str b: The second.
    :returns: Nothing.
    """


@pytest.mark.parametrize("function", [google, numpy, sphinx])
def test_docstrings_of_three_styles_say_the_same(function: Any) -> None:
    made = schema(function, parse_docstring=True, error_on_invalid_docstring=True)
    assert made["description"] == "Do it.\n\nIn two lines,\nand one more."
    assert made["properties"]["a"]["description"] == "The first, which goes on."
    assert made["properties"]["b"]["description"] == "The second."


def test_without_parsing_the_docstring_is_the_description() -> None:
    made = schema(google)
    assert made["description"].startswith("Do it.\n\nIn two lines,\nand one more.\n\nArgs:\n    a:")
    assert "description" not in made["properties"]["a"]


def test_a_section_may_be_all_there_is() -> None:
    def f(a: int) -> None: ...

    f.__doc__ = "\n    Args:\n        a: The first.\n    "
    made = schema(f, parse_docstring=True)
    assert made["properties"]["a"]["description"] == "The first."
    assert not made.get("description")


def test_numpy_may_describe_several_at_once() -> None:
    def f(a: int, b: int, *args: int) -> None:
        """Do it.

        Parameters
        ----------
        a, b : int
            Numbers.
        *args
            More.
        """

    fields = schema(f, parse_docstring=True)["properties"]
    assert [field["description"] for field in fields.values()] == ["Numbers.", "Numbers.", "More."]


def test_what_the_annotation_says_wins() -> None:
    def f(a: Annotated[int, "From the annotation."]) -> None:
        """Do it.

        Args:
            a: From the docstring.
        """

    assert (
        schema(f, parse_docstring=True)["properties"]["a"]["description"] == "From the annotation."
    )


def test_a_docstring_that_describes_what_is_not_there_is_refused() -> None:
    def f(a: int) -> None:
        """Do it.

        Args:
            b: There is no such argument.
        """

    schema(f, parse_docstring=True)
    with pytest.raises(
        ConfigError, match="'f' describes 'b', which it does not take; it takes 'a'"
    ):
        schema(f, parse_docstring=True, error_on_invalid_docstring=True)


@pytest.mark.parametrize("doc", [None, "", "Do it."])
def test_a_docstring_that_describes_nothing_is_refused(doc: str | None) -> None:
    def f(a: int) -> None: ...

    f.__doc__ = doc
    schema(f, parse_docstring=True)
    with pytest.raises(ConfigError, match="describes no arguments"):
        schema(f, parse_docstring=True, error_on_invalid_docstring=True)


def test_without_arguments_no_docstring_is_needed() -> None:
    def f() -> None: ...

    assert schema(f, parse_docstring=True, error_on_invalid_docstring=True)["properties"] == {}
