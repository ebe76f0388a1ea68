"""Every error that modelstream raises.

ModelStreamError
├── StreamError                  a call ended early; carries the text that came
│   ├── TruncatedStreamError     the stream ended without the provider's end marker
│   ├── StreamTimeoutError       one of the three timeouts expired (`clock`)
│   ├── ConnectionLostError      refused, reset, or closed in the middle of a frame
│   ├── RateLimitError           too many requests (`retry_after`, seconds)
│   ├── AuthenticationError      the provider did not accept the key
│   ├── BadRequestError          the provider did not accept the request
│   ├── ProviderError            the provider failed (`status`, `code`, its message)
│   ├── MalformedDataError       data that violates the provider's format
│   ├── ContentFilteredError     the provider's filter refused the request
│   └── StreamCancelledError     ended by the caller
├── ConfigError                  a model, sink or plugin cannot be set up
│   ├── UnknownModelTypeError    no installed plugin offers this model_type
│   ├── UnknownSinkTypeError     no installed plugin offers this sink_type
│   ├── UnknownConfigError       no model config has this name
│   ├── UnknownConfigKeyError    a config field that the model_type does not have
│   ├── MissingApiKeyError       no key in the config nor in the environment
│   └── PluginLoadError          a plugin that is installed but does not load
└── StreamInUseError             the response is not complete yet
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from modelstream.deltas import Usage

Clock = Literal["first_delta", "idle", "total"]


class CallSoFar(Protocol):
    """What an error keeps of the call that it ended."""

    @property
    def count(self) -> int:
        """The number of deltas received."""

    @property
    def usage(self) -> Usage | None:
        """The latest token counts."""

    @property
    def text(self) -> str:
        """All text received."""


class ModelStreamError(Exception):
    """The root of all errors raised by modelstream."""

    __module__ = "modelstream"


class StreamError(ModelStreamError):
    """A call to a provider ended early.

    `retryable` is True if the same call may succeed later; the original exception, if any, is `__cause__`;
    `model_type` is that of the wrapper. `status` is the HTTP status and `code` the provider's error code, or
    None. `raw_finish_reason` is a finish reason that the provider had sent before the error, or None.
    """

    retryable: bool = False
    model_type: str | None = None
    raw_finish_reason: str | None = None
    _call: CallSoFar | None = None

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

    @property
    def partial_text(self) -> str:
        """All text received before the error."""
        return self._call.text if self._call else ""

    @property
    def usage(self) -> Usage | None:
        """The latest token counts before the error."""
        return self._call.usage if self._call else None

    @property
    def first_delta_seen(self) -> bool:
        """Whether any delta was received before the error."""
        return self._call is not None and self._call.count > 0

    def attach_call(self, call: CallSoFar) -> None:
        """Attach the call that the error ended. Internal."""
        self._call = call

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickling copies the values: the call itself can't go to another process.
        record = _CallRecord(self.partial_text, self.usage, int(self.first_delta_seen))
        return _restore, (type(self), self.args, {**self.__dict__, "_call": record})

    def __str__(self) -> str:
        return f"{self.model_type}: {self.message}" if self.model_type else self.message


class _CallRecord:
    def __init__(self, text: str, usage: Usage | None, count: int) -> None:
        self.text = text
        self.usage = usage
        self.count = count


def _restore(kind: type[StreamError], args: tuple[Any, ...], state: dict[str, Any]) -> StreamError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class TruncatedStreamError(StreamError):
    """The stream ended without the provider's end marker: the answer is not complete."""

    retryable = True


class StreamTimeoutError(StreamError):
    """A timeout expired: `clock` is `first_delta`, `idle` or `total`, `seconds` its limit."""

    retryable = True

    def __init__(self, message: str, *, clock: Clock, seconds: float | None = None) -> None:
        super().__init__(message)
        self.clock = clock
        self.seconds = seconds


class ConnectionLostError(StreamError):
    """The connection was refused, or lost before the answer was complete."""

    retryable = True


class RateLimitError(StreamError):
    """The provider received too many requests; `retry_after` is the delay it requests in seconds, or None."""

    retryable = True


class AuthenticationError(StreamError):
    """The provider did not accept the key, or the key lacks the permission."""


class BadRequestError(StreamError):
    """The provider did not accept the request; the message contains the provider's explanation."""


class ProviderError(StreamError):
    """The provider itself failed, before or during the stream."""


class MalformedDataError(StreamError):
    """The provider sent bytes that its own format does not allow."""


class ContentFilteredError(StreamError):
    """The provider's filter refused the request, or stopped the answer with an error."""


class StreamCancelledError(StreamError):
    """The caller ended the call: `close()`, a context manager, Ctrl-C or a cancelled task."""


class ConfigError(ModelStreamError):
    """A model, sink or plugin cannot be set up; the message names the field, the value and how to fix it."""


class UnknownModelTypeError(ConfigError):
    """No installed plugin offers this model_type."""


class UnknownSinkTypeError(ConfigError):
    """No installed plugin offers this sink_type."""


class UnknownConfigError(ConfigError):
    """No model config was loaded under this name."""


class UnknownConfigKeyError(ConfigError):
    """A config has a field that its model_type does not have."""


class MissingApiKeyError(ConfigError):
    """Neither the config nor the environment has the key that the provider needs."""


class PluginLoadError(ConfigError):
    """A plugin is installed but does not load; names distribution, version, module and cause."""


class StreamInUseError(ModelStreamError):
    """A property that can't wait was read before the response was complete."""


for _error in list(vars().values()):
    if isinstance(_error, type) and issubclass(_error, ModelStreamError):
        _error.__module__ = "modelstream"
del _error
