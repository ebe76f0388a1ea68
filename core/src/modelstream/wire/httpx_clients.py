"""The httpx clients of all wrappers: no cap on connections, certificates read once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from modelstream.wire.clients import Clients

if TYPE_CHECKING:
    from ssl import SSLContext

    import httpx

KEEPALIVE = 20
"""Idle connections that a client keeps for later calls."""


def uncapped_clients(**arguments: Any) -> Clients[httpx.Client, httpx.AsyncClient]:
    """Clients for threads and event loops; `arguments` go to httpx over the defaults."""
    return Clients(
        lambda: _httpx().Client(**_with_defaults(arguments)),
        lambda: _httpx().AsyncClient(**_with_defaults(arguments)),
        close=lambda client: client.close(),
        aclose=lambda client: client.aclose(),
    )


def httpx_limits(library: Any = None) -> Any:
    """As many connections as there are calls: a stream must not wait for the end of others.

    `library` is httpx, or the fork of it that an SDK stands on.
    """
    return (library or _httpx()).Limits(max_connections=None, max_keepalive_connections=KEEPALIVE)


def uncap(client: Any) -> None:
    """Lift the cap on connections of an httpx client that an SDK has made with its own defaults.

    Transports of the user's own, and proxies', keep what they were given if they have no such pool.
    """
    mounted = getattr(client, "_mounts", {}).values()
    for transport in (getattr(client, "_transport", None), *mounted):
        pool: Any = getattr(transport, "_pool", None)
        if hasattr(pool, "_max_connections"):
            # httpcore reads it for every request, and has no public name for it.
            pool._max_connections = _UNLIMITED  # noqa: SLF001


_UNLIMITED = 2**31


@cache
def certificates() -> SSLContext:
    """The certificates to trust, read once: that takes longer than all else of making a client."""
    context: SSLContext = _httpx().create_ssl_context()
    return context


def _with_defaults(arguments: dict[str, Any]) -> dict[str, Any]:
    return {"verify": certificates(), "limits": httpx_limits(), **arguments}


def _httpx() -> Any:
    import httpx

    return httpx
