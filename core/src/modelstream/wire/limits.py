"""Time limits for the part of an exchange up to the headers; after that the call's timeouts apply."""

from __future__ import annotations

MAX_CONNECT = 5.0
"""Seconds to wait for a connection; a server that is reachable accepts well within them."""


def connect_limit(seconds: float | None) -> float:
    """The timeout for connecting, where the timeout for the headers is `seconds`."""
    return MAX_CONNECT if seconds is None else min(seconds, MAX_CONNECT)


def httpx_timeout(seconds: float | None) -> dict[str, float | None]:
    """The extension `timeout` of an httpx request with this timeout for the headers."""
    return {"connect": connect_limit(seconds), "read": seconds, "write": seconds, "pool": seconds}
