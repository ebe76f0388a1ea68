"""google-genai's `http_options`, as far as modelstream sends the requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from modelstream.errors import BadRequestError, ConfigError
from modelstream.wire import CallOptions, check_client_args
from modelstream_gemini.dialect.arguments import fields_of, snake_case

if TYPE_CHECKING:
    from modelstream_gemini.config import GeminiConfig

_KNOWN = ("api_version", "base_url", "extra_body", "headers", "timeout")


class HttpOptions(NamedTuple):
    """The options of one `http_options`. `timeout` is in seconds, though the option is in milliseconds."""

    base_url: str | None = None
    api_version: str | None = None
    headers: Mapping[str, str] = {}
    timeout: float | None = None
    extra_body: Mapping[str, Any] = {}


def http_options(value: Any, field: str) -> HttpOptions:
    """The options of a dict or of google-genai's object. Raises `ConfigError`s that name `field`."""
    try:
        written = fields_of(value, field)
    except BadRequestError as error:
        raise ConfigError(error.message) from error
    options = {snake_case(name): inner for name, inner in written.items() if inner is not None}
    check_client_args(options, _KNOWN, field)
    for name in ("headers", "extra_body"):
        if not isinstance(options.get(name, {}), Mapping):
            raise ConfigError(f"{field}.{name} is {options[name]!r}: expected a dict.")
    timeout = options.pop("timeout", None)
    return HttpOptions(**options, timeout=None if timeout is None else _seconds(timeout, field))


def call_options(value: Any, field: str, config: GeminiConfig) -> CallOptions:
    """Those of the options that every transport has. For the SDK there may be others among them."""
    options = known_options(value, field) if config.transport == "sdk" else http_options(value, field)
    return CallOptions(options.headers, {}, options.extra_body, options.timeout)


def known_options(value: Any, field: str) -> HttpOptions:
    """The options that modelstream knows, of those for an SDK."""
    known = {name: inner for name, inner in fields_of(value, field).items() if snake_case(name) in _KNOWN}
    return http_options(known, field)


def _seconds(timeout: Any, field: str) -> float:
    if type(timeout) in {int, float} and timeout > 0:
        return float(timeout) / 1000
    raise ConfigError(
        f"{field}.timeout is {timeout!r}: expected a number of milliseconds, as google-genai expects it."
    )
