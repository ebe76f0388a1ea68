"""The httpx clients of all wrappers, without a limit on connections."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from modelstream.wire.clients import Clients
from modelstream.wire.setup import proxy_arguments, setup_errors

if TYPE_CHECKING:
    from ssl import SSLContext

    import httpx

KEEPALIVE = 20
"""The number of idle connections that a client keeps for later calls."""


def uncapped_clients(**arguments: Any) -> Clients[httpx.Client, httpx.AsyncClient]:
    """Clients without a limit on connections; `arguments` are passed to httpx and override the defaults."""
    return Clients(
        lambda: _httpx().Client(**_with_defaults(arguments, is_async=False)),
        lambda: _httpx().AsyncClient(**_with_defaults(arguments, is_async=True)),
        close=lambda client: client.close(),
        aclose=lambda client: client.aclose(),
    )


def httpx_limits(library: Any = None) -> Any:
    """`Limits` without a maximum number of connections: a stream must not wait for others to end.

    `library` is httpx, or the fork of it that an SDK uses.
    """
    return (library or _httpx()).Limits(max_connections=None, max_keepalive_connections=KEEPALIVE)


def uncap(client: Any) -> None:
    """Remove the limit on connections from an httpx client that an SDK has created with its defaults.

    Custom transports without an httpcore pool are left unchanged.
    """
    mounted = getattr(client, "_mounts", {}).values()
    for transport in (getattr(client, "_transport", None), *mounted):
        pool: Any = getattr(transport, "_pool", None)
        if hasattr(pool, "_max_connections"):
            # httpcore reads this for every request and has no public name for it.
            pool._max_connections = _UNLIMITED  # noqa: SLF001


_UNLIMITED = 2**31


@cache
def certificates() -> SSLContext:
    """The trusted certificates, read once: reading them is the slowest part of creating a client."""
    with setup_errors():
        context: SSLContext = _httpx().create_ssl_context()
    return context


def _with_defaults(arguments: dict[str, Any], *, is_async: bool) -> dict[str, Any]:
    proxies = proxy_arguments(_httpx(), is_async=is_async)
    return {"verify": certificates(), "limits": httpx_limits(), **proxies, **arguments}


def _httpx() -> Any:
    import httpx

    return httpx
