"""Steps that are made when they are called, by what the caller configures.

`model.configurable_fields(temperature=ConfigurableField("temperature"))` is a model whose
temperature a call may say: `config={"configurable": {"temperature": 0.2}}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from ..errors import CompositionError, ConfigError, closest, shown
from .base import Input, Output, Runnable
from .config import RunnableConfig
from .config_fields import (
    AnyConfigurableField,
    ConfigurableField,
    ConfigurableFieldMultiOption,
    ConfigurableFieldSingleOption,
    ConfigurableFieldSpec,
    options_spec,
    prefixed,
    unique_specs,
)
from .dynamic import Configurable, DynamicRunnable
from .parallel import coerce_to_runnable

__all__ = [
    "RunnableConfigurableAlternatives",
    "RunnableConfigurableFields",
    "configurable_fields",
]


class RunnableConfigurableFields(DynamicRunnable[Input, Output]):
    """A step some of whose fields the caller may set; made by `configurable_fields`.

    The step is made anew for a call that sets some, by its own class, which checks them.

    Raises:
        ConfigError: The step has no such field; on a call, a value does not fit.
    """

    __slots__ = ("fields",)

    def __init__(
        self,
        *,
        default: Runnable[Input, Output],
        fields: Mapping[str, AnyConfigurableField],
        config: RunnableConfig | None = None,
    ) -> None:
        super().__init__(default=default, config=config)
        for name, field in fields.items():
            _check_field(self.default, name, field)
        self.fields: dict[str, AnyConfigurableField] = dict(fields)

    def __repr__(self) -> str:
        return f"RunnableConfigurableFields(default={self.default!r}, fields={self.fields!r})"

    def configurable_fields(
        self, **kwargs: AnyConfigurableField
    ) -> RunnableConfigurableFields[Input, Output]:
        return RunnableConfigurableFields(
            default=self.default, fields={**self.fields, **kwargs}, config=self.config
        )

    @property
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        known = getattr(type(self.default), "model_fields", {})
        specs: list[ConfigurableFieldSpec] = []
        for name, field in self.fields.items():
            description = field.description or known[name].description
            if isinstance(field, ConfigurableField):
                annotation = field.annotation or known[name].annotation
                default = getattr(self.default, name)
                spec = ConfigurableFieldSpec(
                    field.id, annotation, field.name, description, default, field.is_shared
                )
            else:
                spec = options_spec(field, description)
            specs.append(spec)
        return unique_specs([*specs, *self.default.config_specs])

    def _with(self, config: RunnableConfig) -> RunnableConfigurableFields[Input, Output]:
        return RunnableConfigurableFields(default=self.default, fields=self.fields, config=config)

    def _choose(self, values: Configurable) -> tuple[Runnable[Input, Output], Configurable]:
        changes: dict[str, Any] = {}
        for name, field in self.fields.items():
            if isinstance(field, ConfigurableField):
                if field.id in values:
                    changes[name] = values[field.id]
            elif isinstance(field, ConfigurableFieldSingleOption):
                changes[name] = _option(field, values.get(field.id, field.default))
            else:
                chosen = _listed(field.id, values.get(field.id, field.default))
                changes[name] = [_option(field, key) for key in chosen]
        return self._made_with(changes) if changes else self.default, values

    def _made_with(self, changes: dict[str, Any]) -> Any:
        step: Any = self.default
        model: type[BaseModel] = step.__class__
        arguments: dict[str, Any] = dict(step.__pydantic_extra__ or {})
        for name, field in model.model_fields.items():
            if field.init is not False:
                by_name = model.model_config.get("populate_by_name") or not field.alias
                key = name if by_name or field.alias is None else field.alias
                arguments[key] = changes[name] if name in changes else getattr(step, name)
        try:
            return model(**arguments)
        except ValidationError as error:
            raise self._misfit(error) from error

    def _misfit(self, error: ValidationError) -> ConfigError:
        problem = error.errors(include_url=False)[0]
        name = str(problem["loc"][0]) if problem["loc"] else ""
        id_ = self.fields[name].id if name in self.fields else name
        return ConfigError(
            f"the configurable value {id_!r} does not fit {self.default.get_name()}: "
            f"{problem['msg']}; got {shown(problem.get('input'))}"
        )


class RunnableConfigurableAlternatives(DynamicRunnable[Input, Output]):
    """A step in whose place the caller may put another; made by `configurable_alternatives`.

    Args:
        which: The key under "configurable" that says which one.
        default: The step that is taken if the caller says nothing.
        alternatives: The others by their names: steps, or functions that make one when it is
            needed.
        default_key: The name of the default.
        prefix_keys: Whether the keys that an alternative knows are called `which==name/key`, so
            that several have keys of their own.
        config: A config that holds for it.

    Raises:
        ConfigError: A name stands for two steps; on a call, a name stands for none.
        CompositionError: An alternative is no step.
    """

    __slots__ = ("alternatives", "default_key", "prefix_keys", "which")

    def __init__(
        self,
        *,
        which: ConfigurableField,
        default: Runnable[Input, Output],
        alternatives: Mapping[str, Runnable[Input, Output] | Callable[[], Runnable[Input, Output]]],
        default_key: str = "default",
        prefix_keys: bool = False,
        config: RunnableConfig | None = None,
    ) -> None:
        super().__init__(default=default, config=config)
        if not isinstance(which, ConfigurableField):
            raise ConfigError(
                f"configurable_alternatives takes a ConfigurableField; got {shown(which)}. "
                f'Write ConfigurableField(id="model")'
            )
        if default_key in alternatives:
            raise ConfigError(
                f"{default_key!r} is the name of the default and of an alternative; "
                f"give default_key= another one"
            )
        for name, step in alternatives.items():
            if not isinstance(step, Runnable) and not callable(step):
                raise CompositionError(
                    f"alternative {name!r} is neither a step nor a function that makes one; "
                    f"got {shown(step)}"
                )
        self.which: ConfigurableField = which
        self.alternatives: dict[
            str, Runnable[Input, Output] | Callable[[], Runnable[Input, Output]]
        ] = dict(alternatives)
        self.default_key: str = default_key
        self.prefix_keys: bool = prefix_keys

    def __repr__(self) -> str:
        return (
            f"RunnableConfigurableAlternatives(which={self.which.id!r}, "
            f"{self.default_key}={self.default!r}, alternatives={self.alternatives!r})"
        )

    def configurable_fields(
        self, **kwargs: AnyConfigurableField
    ) -> RunnableConfigurableAlternatives[Input, Output]:
        """Let the caller set fields of the default; see `Runnable.configurable_fields`."""
        return self._like(default=self.default.configurable_fields(**kwargs), config=self.config)

    @property
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        which = self.which
        names = (self.default_key, *self.alternatives)
        kind: Any = Literal[names]
        specs = [
            ConfigurableFieldSpec(
                which.id, kind, which.name, which.description, self.default_key, which.is_shared
            )
        ]
        for name, step in {self.default_key: self.default, **self.alternatives}.items():
            if isinstance(step, Runnable):
                own = step.config_specs
                specs += [prefixed(s, self._prefix(name)) for s in own] if self.prefix_keys else own
        return unique_specs(specs)

    def _prefix(self, name: str) -> str:
        return f"{self.which.id}=={name}"

    def _with(self, config: RunnableConfig) -> RunnableConfigurableAlternatives[Input, Output]:
        return self._like(default=self.default, config=config)

    def _like(
        self, *, default: Runnable[Input, Output], config: RunnableConfig
    ) -> RunnableConfigurableAlternatives[Input, Output]:
        return RunnableConfigurableAlternatives(
            which=self.which,
            default=default,
            alternatives=self.alternatives,
            default_key=self.default_key,
            prefix_keys=self.prefix_keys,
            config=config,
        )

    def _choose(self, values: Configurable) -> tuple[Runnable[Input, Output], Configurable]:
        name = values.get(self.which.id, self.default_key)
        if self.prefix_keys:
            prefix = f"{self._prefix(name)}/"
            values = {key.removeprefix(prefix): value for key, value in values.items()}
        if name == self.default_key:
            return self.default, values
        step = self.alternatives.get(name) if isinstance(name, str) else None
        if step is None:
            raise _no_such(self.which.id, name, [self.default_key, *self.alternatives])
        if isinstance(step, Runnable):
            return step, values  # pyright: ignore[reportUnknownVariableType]  # of these types
        return coerce_to_runnable(step()), values


def configurable_fields(
    step: Runnable[Input, Output], fields: Mapping[str, AnyConfigurableField]
) -> RunnableConfigurableFields[Input, Output]:
    """Let a caller set fields of a step; see `Runnable.configurable_fields`."""
    return RunnableConfigurableFields(default=step, fields=fields)


def _check_field(step: Runnable[Any, Any], name: str, field: object) -> None:
    known: Mapping[str, Any] = getattr(type(step), "model_fields", {})
    if not known:
        raise ConfigError(
            f"{step.get_name()} is a {type(step).__name__}, which has no fields to configure; "
            f"configure the prompt or the model in it before it is composed"
        )
    if name not in known:
        near = closest(name, known)
        hint = f"did you mean {near!r}?" if near else f"the fields are {', '.join(known)}."
        raise ConfigError(f"{step.get_name()} has no field {name!r} to configure; {hint}")
    if not isinstance(field, AnyConfigurableField):
        raise ConfigError(
            f"{name}= takes a ConfigurableField; got {shown(field)}. "
            f'Write {name}=ConfigurableField(id="{name}")'
        )


def _listed(id_: str, chosen: Any) -> Sequence[Any]:
    if isinstance(chosen, str) or not isinstance(chosen, Sequence):
        raise ConfigError(f"the configurable {id_!r} takes a list of choices; got {shown(chosen)}")
    return chosen  # pyright: ignore[reportUnknownVariableType]


def _option(field: ConfigurableFieldSingleOption | ConfigurableFieldMultiOption, name: Any) -> Any:
    try:
        return field.options[name]
    except (KeyError, TypeError):  # or it cannot be a key
        raise _no_such(field.id, name, list(field.options)) from None


def _no_such(id_: str, name: object, names: list[str]) -> ConfigError:
    return ConfigError(
        f"{shown(name)} is no choice for the configurable {id_!r}; "
        f"there are {', '.join(map(repr, names))}"
    )
