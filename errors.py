"""Every exception that levada raises on its own account.

LevadaError
├── UserError                 the call or the chain is wrong: change the code
│   ├── ConfigError           (ValueError) a config, an option or a version that does not exist
│   ├── CompositionError      (TypeError) a step that is not runnable, ends that do not fit
│   │   ├── StepInputError    (ValueError) a step is given what it does not take
│   │   └── SchemaAnnotationError arguments of a tool that JSON cannot say, or without a type
│   ├── PromptInputError      (KeyError) a variable that the template needs is missing
│   ├── TemplateError         (ValueError) a template that does not parse, or is not allowed
│   ├── MessageError          (ValueError) no message, or a role that does not exist
│   ├── UnsupportedError      (NotImplementedError) a model is asked for what it cannot do
│   ├── EventError            (ValueError) a text is no event
│   └── MissingExtraError     (ImportError) an optional dependency that is not installed
└── RunError                  the chain is right and the run failed
    ├── OutputParserException (ValueError) the model's words do not parse
    ├── StepTimeoutError      (TimeoutError) a step took longer than it may
    ├── ToolException         a tool could not do it, and says so to the model
    ├── PartialJsonError      (ValueError) a text is not the beginning of a JSON document
    ├── ModelError            (RuntimeError) the model could not answer; may be `retryable`
    │   ├── AuthenticationError   (PermissionError) no key, a wrong one, or one that may not do this
    │   ├── BadRequestError       (ValueError) the provider refuses the request as it is
    │   │   └── ContextLengthError    the prompt is longer than the model's context
    │   ├── ContentFilterError    the provider will not answer this, or not show the answer
    │   ├── RateLimitError        too many requests or tokens; `retryable`
    │   ├── OverloadedError       the provider is too busy or broken; `retryable`
    │   ├── ConnectionError       (ConnectionError) the provider was not reached; `retryable`
    │   ├── TimeoutError          (TimeoutError) it took longer than allowed; `retryable`
    │   └── FakeListChatModelError    a fake model was told to fail
    ├── DecodedError          an exception of another process, in an event that was read
    └── WeightsError          (OSError) model weights could not be fetched or read
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ._lazy import later

if TYPE_CHECKING or not later(globals(), "difflib"):
    import difflib

__all__ = [
    "AuthenticationError",
    "BadRequestError",
    "CompositionError",
    "ConfigError",
    "ConnectionError",
    "ContentFilterError",
    "ContextLengthError",
    "DecodedError",
    "EventError",
    "FakeListChatModelError",
    "LevadaError",
    "MessageError",
    "MissingExtraError",
    "ModelError",
    "OutputParserException",
    "OverloadedError",
    "PartialJsonError",
    "PromptInputError",
    "RateLimitError",
    "RunError",
    "SchemaAnnotationError",
    "StepInputError",
    "StepTimeoutError",
    "TemplateError",
    "TimeoutError",
    "ToolException",
    "UnsupportedError",
    "UserError",
    "WeightsError",
    "shown",
]


def shown(value: Any, limit: int = 200) -> str:
    """Give the repr of a value for an error message, cut at `limit` characters."""
    try:
        text = repr(value)
    except RecursionError:
        text = f"<{type(value).__name__} nested too deeply>"
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def closest(name: str, known: Iterable[str]) -> str | None:
    """Give which of the known names may have been meant; None: nothing is like it."""
    return next(iter(difflib.get_close_matches(name, known, n=1)), None)


class LevadaError(Exception):
    """Base of every exception of levada's own."""


class UserError(LevadaError):
    """The call or the chain is wrong; running it again will not help."""


class ConfigError(UserError, ValueError):
    """A config key, an option or a version does not exist or has the wrong type."""


class CompositionError(UserError, TypeError):
    """A chain cannot be built or run this way."""


class StepInputError(CompositionError, ValueError):
    """A step is given what it does not take: no dict, or a key that it does not know."""


class SchemaAnnotationError(CompositionError):
    """The arguments of a tool have no type, or one that a model cannot be told of."""


class PromptInputError(UserError, KeyError):
    """The input of a prompt lacks a variable, or has one of the wrong kind."""

    def __str__(self) -> str:
        # KeyError prints the repr of its argument; ours is prose.
        return str(self.args[0]) if self.args else ""


class TemplateError(UserError, ValueError):
    """A template cannot be parsed, or asks for more than a variable's value."""


class MessageError(UserError, ValueError):
    """Something is not a message, or has a role that does not exist."""


class UnsupportedError(UserError, NotImplementedError):
    """A model is asked for something that its class, or the model behind it, cannot do."""


class EventError(UserError, ValueError):
    """A text is not what `encode_event` writes."""


class MissingExtraError(UserError, ImportError):
    """An optional dependency is needed and not installed."""

    def __init__(self, wanted_by: str, package: str, extra: str) -> None:
        super().__init__(
            f"{wanted_by} needs the package {package!r}, which is not installed. "
            f"Install it with: pip install 'levada[{extra}]'"
        )
        self.extra = extra


class RunError(LevadaError):
    """The chain is right, and this run of it failed."""


class OutputParserException(RunError, ValueError):
    """The text of a model does not parse.

    Attributes:
        llm_output: The text that was parsed.
        observation: What to tell the model about it.
        send_to_llm: Whether both are meant to be sent back to the model.
    """

    def __init__(
        self,
        message: str,
        *,
        llm_output: str | None = None,
        observation: str | None = None,
        send_to_llm: bool = False,
    ) -> None:
        super().__init__(message)
        if send_to_llm and (observation is None or llm_output is None):
            raise ConfigError("send_to_llm=True needs both observation= and llm_output=")
        self.llm_output = llm_output
        self.observation = observation
        self.send_to_llm = send_to_llm


class StepTimeoutError(RunError, TimeoutError):
    """A step took longer than `with_timeout` lets it."""


class ToolException(RunError):
    """A tool could not do what it was asked for: raise it to tell the model why.

    What becomes of it is said by `handle_tool_error` of the tool; without it, it is raised.
    """


class PartialJsonError(RunError, ValueError):
    """The text is not the beginning of a JSON document.

    Attributes:
        pos: Where it goes wrong, in characters from the beginning of the text.
        excerpt: The text around that place.
    """

    def __init__(self, message: str, pos: int, excerpt: str) -> None:
        super().__init__(message, pos, excerpt)
        self.pos = pos
        self.excerpt = excerpt

    def __str__(self) -> str:
        return f"{self.args[0]} at character {self.pos}, near {self.excerpt!r}"


class ModelError(RunError, RuntimeError):
    """A model could not answer.

    The exception of the provider's own library, if there was one, is its `__cause__`.

    Attributes:
        retryable: Whether the same call may succeed later.
        retry_after: The seconds to wait before that, if the provider says so.
        partial: The part of the message that had arrived, if the stream had begun.
    """

    retryable: bool = False

    def __init__(
        self,
        message: str,
        *,
        retryable: bool | None = None,
        retry_after: float | None = None,
        partial: Any = None,
    ) -> None:
        super().__init__(message)
        if retryable is not None:
            self.retryable = retryable
        self.retry_after = retry_after
        self.partial = partial


class AuthenticationError(ModelError, PermissionError):
    """The key is missing or wrong, or may not do this."""


class BadRequestError(ModelError, ValueError):
    """The provider refuses the request as it is: an option, a message, a model's name."""


class ContextLengthError(BadRequestError):
    """The prompt is longer than the model's context."""


class ContentFilterError(ModelError):
    """The provider will not answer this, or will not show the answer."""


class RateLimitError(ModelError):
    """Too many requests or tokens in too short a time, or a quota that is used up."""

    retryable = True


class OverloadedError(ModelError):
    """The provider is too busy to answer, or broken."""

    retryable = True


class ConnectionError(ModelError, builtins.ConnectionError):
    """The provider was not reached, or the connection broke."""

    retryable = True


class TimeoutError(ModelError, builtins.TimeoutError):
    """The answer, or the next piece of it, took longer than allowed."""

    retryable = True


class FakeListChatModelError(ModelError):
    """A fake model fails, as it was told to."""


class DecodedError(RunError):
    """Stands for an exception of another process, in an event that `decode_event` has read.

    Attributes:
        type_name: The name of its class.
    """

    def __init__(self, type_name: str, message: str) -> None:
        super().__init__(message)
        self.type_name = type_name

    def __str__(self) -> str:
        return f"{self.type_name}: {self.args[0]}"


class WeightsError(RunError, OSError):
    """Model weights could not be fetched, verified or read."""
