"""The config fields shared by all HTTP providers, and the options of one call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from modelstream.config import ModelConfig, Seconds
from modelstream.errors import BadRequestError, ConfigError
from modelstream.wire.native.message import merged
from modelstream.wire.setup import check_headers

if TYPE_CHECKING:
    from modelstream.wire.ending import EndMarker


class HttpConfig(ModelConfig, kw_only=True):
    """The config of a model served over HTTP; providers add their own fields in a subclass.

    `model_name` defaults to `config_name`. `base_url` is the server's URL, including the version of the API.
    `headers` are sent with every request and override the provider's; `timeout` is in seconds and covers the
    time until the response's headers; `extra_body` is merged into the JSON of every request. Options of a
    call override those of the config. `transport` is what sends the requests: `native` (the core's own HTTP),
    `httpx`, or `sdk` where a provider has one.

    `end_marker` is for a server that sends no finish reason, or none that can be believed: what ends an
    answer instead. `usage` is a last frame that has nothing but the token counts, before `[DONE]`; `done` is
    the terminal frame; `eof` is the end of the body.
    """

    transport: Literal["httpx", "native", "sdk"] = "native"
    api_key: str | None = None
    base_url: str | None = None
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    timeout: Seconds | None = None
    extra_body: dict[str, Any] = msgspec.field(default_factory=dict)
    end_marker: Literal["usage", "done", "eof"] | None = None

    def model(self) -> str:
        """The provider's name for the model. Raises `ConfigError` if there is none."""
        name = self.model_name or self.config_name
        if not name:
            raise ConfigError(
                f"{self.model_type} needs a model: set the field 'model_name' of the model config."
            )
        return name


class CallOptions(NamedTuple):
    """How to send a request, as opposed to its content. `timeout` is in seconds."""

    headers: Mapping[str, str] = {}
    query: Mapping[str, Any] = {}
    extra_body: Mapping[str, Any] = {}
    timeout: float | None = None

    @classmethod
    def taken_from(cls, arguments: Mapping[str, Any]) -> tuple[CallOptions, dict[str, Any]]:
        """Split the arguments of a call into options and the rest.

        Options are `headers` and `extra_headers`, `extra_query`, `extra_body` and `timeout`. Raises
        `BadRequestError` for one that is not a dict, `ConfigError` for a timeout that is not a number.
        """
        others = dict(arguments)
        headers = mapping(others.pop("headers", None), "headers")
        headers = merged(headers, mapping(others.pop("extra_headers", None), "extra_headers"))
        check_headers(headers, "the call", BadRequestError)
        options = cls(
            headers,
            mapping(others.pop("extra_query", None), "extra_query"),
            mapping(others.pop("extra_body", None), "extra_body"),
            timeout_seconds(others.pop("timeout", None)),
        )
        return options, others

    @classmethod
    def of_config(cls, config: HttpConfig) -> CallOptions:
        """The options that a config sets for every call."""
        return cls(config.headers, {}, config.extra_body, config.timeout)

    def over(self, under: CallOptions) -> CallOptions:
        """These options, merged over those of `under`."""
        return CallOptions(
            merged(under.headers, self.headers),
            {**under.query, **self.query},
            {**under.extra_body, **self.extra_body},
            under.timeout if self.timeout is None else self.timeout,
        )


def mapping(value: Any, name: str, kind: type[Exception] = BadRequestError) -> Mapping[str, Any]:
    """The option `name`, a mapping or None. Raises `kind` for anything else."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise kind(f"{name} is of type {type(value).__name__}: expected a dict.")
    return value


def timeout_seconds(value: Any) -> float | None:
    """A timeout in seconds; for an `httpx.Timeout`, its read timeout. Raises `ConfigError` for others."""
    seconds: float | None = getattr(value, "read", value)
    if seconds is None or (type(seconds) in {int, float} and seconds > 0):
        return seconds
    raise ConfigError(f"timeout is {value!r}: expected a number of seconds.")


_END_MARKERS: dict[str, EndMarker] = {".snowflakecomputing.com": "usage"}
"""Hosts, by their ending, whose answers have no finish reason."""


def end_marker_of(config: HttpConfig, url: str | None) -> EndMarker | None:
    """The end marker that the config sets, or else the one that the server at `url` is known to need."""
    if config.end_marker is not None or not url:
        return config.end_marker
    host = urlsplit(url).hostname or ""
    return next((marker for ending, marker in _END_MARKERS.items() if host.endswith(ending)), None)
