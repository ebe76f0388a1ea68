"""google-genai's `http_options`, as far as the native transport has them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from modelstream.errors import BadRequestError, ConfigError
from modelstream.wire import CallOptions, check_client_args, merged
from modelstream_gemini.arguments import fields_of, snake_case

if TYPE_CHECKING:
    from modelstream_gemini.config import GeminiConfig

_KNOWN = ("api_version", "base_url", "extra_body", "headers", "timeout")


class HttpOptions(NamedTuple):
    """How to ask. `timeout` is in seconds, though the option is in milliseconds."""

    base_url: str | None = None
    api_version: str | None = None
    headers: Mapping[str, str] = {}
    timeout: float | None = None
    extra_body: Mapping[str, Any] = {}

    def under(self, over: HttpOptions) -> HttpOptions:
        """The same with all that `over` sets in its place, and the headers of both."""
        return HttpOptions(
            over.base_url or self.base_url,
            over.api_version or self.api_version,
            merged(self.headers, over.headers),
            self.timeout if over.timeout is None else over.timeout,
            over.extra_body or self.extra_body,
        )

    def all_headers(self) -> Mapping[str, str]:
        """The headers, and the SDK's own word to the server of how long it waits."""
        if self.timeout is None:
            return self.headers
        return merged({"X-Server-Timeout": str(math.ceil(self.timeout))}, self.headers)


def http_options(given: Any, field: str) -> HttpOptions:
    """The options, which may be a dict or google-genai's object. Raises `ConfigError`s that name `field`."""
    try:
        written = fields_of(given, field)
    except BadRequestError as error:
        raise ConfigError(error.message) from error
    options = {snake_case(name): value for name, value in written.items() if value is not None}
    check_client_args(options, _KNOWN, field)
    for name in ("headers", "extra_body"):
        if not isinstance(options.get(name, {}), Mapping):
            raise ConfigError(f"{field}.{name} is {options[name]!r}: expected a dict.")
    timeout = options.pop("timeout", None)
    return HttpOptions(**options, timeout=None if timeout is None else _seconds(timeout, field))


def call_options(given: Any, field: str, config: GeminiConfig) -> CallOptions:
    """Those of the options that every transport has. For the SDK there may be others among them."""
    if config.transport == "sdk":
        given = {name: value for name, value in fields_of(given, field).items() if snake_case(name) in _KNOWN}
    options = http_options(given, field)
    return CallOptions(options.headers, {}, options.extra_body, options.timeout)


def _seconds(timeout: Any, field: str) -> float:
    if type(timeout) in {int, float} and timeout > 0:
        return float(timeout) / 1000
    raise ConfigError(
        f"{field}.timeout is {timeout!r}: expected a number of milliseconds, as google-genai takes it."
    )
