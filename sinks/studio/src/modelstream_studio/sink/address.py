"""Find Studio's address and publish token: from the options, the environment, or the user's files."""

from __future__ import annotations

import os
from urllib.parse import SplitResult, parse_qs, urlsplit

import msgspec

from modelstream.errors import ConfigError
from modelstream_studio import places

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Address(msgspec.Struct, frozen=True):
    """Where to connect to. `token` is None if none was found."""

    scheme: str
    host: str
    port: int
    path: str
    token: str | None

    @property
    def url(self) -> str:
        """The address without the token, safe to show."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def find(url: str | None, token: str | None) -> Address:
    """The current address of Studio, which may change when it is restarted.

    Raises `ConfigError` for an invalid URL.
    """
    known = places.known_place()
    chosen = url or os.environ.get(places.URL) or (known.url if known else places.default_url())
    parts, port = _parsed(chosen)
    host = parts.hostname or ""
    token = token or os.environ.get(places.TOKEN) or parse_qs(parts.fragment).get("publish", [None])[0]
    if token is None and known is not None and host in LOOPBACK:
        token = known.tokens.publish  # only for a Studio on this machine
    return Address(parts.scheme, host, port, parts.path.rstrip("/"), token)


def _parsed(url: str) -> tuple[SplitResult, int]:
    example = places.default_url()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as why:
        raise ConfigError(
            f"Sink 'studio': url={url!r} is not a valid URL ({why}); expected {example!r}."
        ) from why
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            f"Sink 'studio': url={url!r} is not a valid URL; expected something like {example!r}."
        )
    return parts, port or (443 if parts.scheme == "https" else 80)
