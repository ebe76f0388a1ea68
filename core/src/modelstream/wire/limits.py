"""How long the parts of an exchange may take until the headers are there; behind them clocks watch."""

from __future__ import annotations

LONGEST_CONNECT = 5.0
"""Seconds to wait for a connection; what answers at all has answered by then."""


def connect_limit(seconds: float | None) -> float:
    """Seconds that a connection may take where the headers may take `seconds`."""
    return LONGEST_CONNECT if seconds is None else min(seconds, LONGEST_CONNECT)


def httpx_timeout(seconds: float | None) -> dict[str, float | None]:
    """The extension `timeout` of an httpx request whose headers may take `seconds`."""
    return {"connect": connect_limit(seconds), "read": seconds, "write": seconds, "pool": seconds}
