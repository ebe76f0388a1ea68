"""Every error that modelstream raises.

    ModelStreamError
    ├── StreamError                  a call ended early; carries the text that came
    │   ├── TruncatedStreamError     the stream ended without the provider's end marker
    │   ├── StreamTimeoutError       one of the three clocks ran out (`clock`)
    │   ├── ConnectionLostError      refused, reset, or closed in the middle of a frame
    │   ├── RateLimitError           too many requests (`retry_after`, seconds)
    │   ├── AuthenticationError      the provider did not accept the key
    │   ├── BadRequestError          the provider did not accept the request
    │   ├── ProviderError            the provider failed (`status`, `code`, its message)
    │   ├── MalformedDataError       bytes that are not what the provider's format says
    │   ├── ContentFilteredError     the provider's filter refused the request
    │   └── StreamCancelledError     ended by the caller
    ├── ConfigError                  what was asked for cannot be set up
    │   ├── UnknownModelTypeError    no installed plugin offers this model_type
    │   ├── UnknownSinkTypeError     no installed plugin offers this sink_type
    │   ├── UnknownConfigError       no model config has this name
    │   ├── UnknownConfigKeyError    a config field that the model_type does not have
    │   ├── MissingApiKeyError       no key in the config nor in the environment
    │   └── PluginLoadError          a plugin that is installed but does not load
    └── StreamInUseError             a response was asked for something that it can't give yet
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from modelstream.deltas import Usage

Clock = Literal["first_delta", "idle", "total"]


class ModelStreamError(Exception):
    """The root of all errors raised by modelstream."""

    __module__ = "modelstream"


class StreamError(ModelStreamError):
    """A call to a provider ended early.

    The core fills in what the raiser can't know: `partial_text` (all text that came before the error),
    `usage` (the counts known by then, or None), `first_delta_seen`, and `model_type`. `retryable` says
    whether the same call may succeed later; the original exception, if any, is `__cause__`.
    `status` is the HTTP status and `code` the provider's own code where there was one.
    """

    retryable = False
    partial_text: str = ""
    usage: Usage | None = None
    first_delta_seen: bool = False
    model_type: str | None = None

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.retry_after = retry_after
        if retryable is not None:
            self.retryable = retryable

    def __str__(self) -> str:
        return f"{self.model_type}: {self.message}" if self.model_type else self.message


class TruncatedStreamError(StreamError):
    """The stream ended without the provider's end marker: the answer is not complete."""

    retryable = True


class StreamTimeoutError(StreamError):
    """A clock ran out: `clock` is `first_delta`, `idle` or `total`, `seconds` its limit."""

    retryable = True

    def __init__(self, message: str, *, clock: Clock, seconds: float | None = None) -> None:
        super().__init__(message)
        self.clock = clock
        self.seconds = seconds


class ConnectionLostError(StreamError):
    """The connection was refused, or lost before the answer was complete."""

    retryable = True


class RateLimitError(StreamError):
    """The provider wants fewer requests; `retry_after` is its wish in seconds, or None."""

    retryable = True


class AuthenticationError(StreamError):
    """The provider did not accept the key, or the key may not do this."""


class BadRequestError(StreamError):
    """The provider did not accept the request: its message says what is wrong with it."""


class ProviderError(StreamError):
    """The provider itself failed, before or during the stream."""


class MalformedDataError(StreamError):
    """The provider sent bytes that its own format does not allow."""


class ContentFilteredError(StreamError):
    """The provider's filter refused the request, or stopped the answer with an error."""


class StreamCancelledError(StreamError):
    """The caller ended the call: `close()`, a context manager, Ctrl-C or a cancelled task."""


class ConfigError(ModelStreamError):
    """What was asked for cannot be set up; the message names the field, the value and the way out."""


class UnknownModelTypeError(ConfigError):
    """No installed plugin offers this model_type."""


class UnknownSinkTypeError(ConfigError):
    """No installed plugin offers this sink_type."""


class UnknownConfigError(ConfigError):
    """No model config was loaded under this name."""


class UnknownConfigKeyError(ConfigError):
    """A config has a field that its model_type does not know."""


class MissingApiKeyError(ConfigError):
    """Neither the config nor the environment has the key that the provider needs."""


class PluginLoadError(ConfigError):
    """A plugin is installed but does not load; names distribution, version, module and cause."""


class StreamInUseError(ModelStreamError):
    """A response was asked, in a way that cannot wait, for what it does not have yet."""


for _error in list(vars().values()):
    if isinstance(_error, type) and issubclass(_error, ModelStreamError):
        _error.__module__ = "modelstream"
del _error
