"""HTTP without an HTTP library: a POST and its answer as bytes, for wrappers that speak to an API themselves.

    answer = post(HttpRequest(url, headers, body), timeout=30, on_cancel=request.on_cancel)
    answer = await apost(HttpRequest(url, headers, body), timeout=30)

Both give what `WireWrapper.open` and `aopen` have to return. All wrappers share one TLS context, one pool of
connections for threads, and one for each event loop.

Why nothing but the standard library: what a client of one API needs of HTTP/1.1 is little (a
POST; a body that is chunked, sized or ended by the close), while httpx costs 10 µs for every chunk that it
hands on and aiohttp 200 ms to import. `http.client` would do for threads, but not for event loops, and it
takes a call and two copies per chunk; so one parser (`parsing`), which never touches a socket, serves both.
TLS, name resolution and event loops are Python's own. What is given up: HTTP/2, redirects, proxies that are
reached by TLS or SOCKS, and answers compressed by anything but gzip and deflate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from modelstream.wire.native.message import HttpRequest as HttpRequest  # noqa: TC001
from modelstream.wire.native.message import as_json as as_json
from modelstream.wire.native.message import merged as merged
from modelstream.wire.native.message import with_query as with_query
from modelstream.wire.native.settings import check_client_args as check_client_args
from modelstream.wire.native.settings import check_no_retries as check_no_retries

if TYPE_CHECKING:
    from modelstream.wire.native.loops import AsyncNativeStream
    from modelstream.wire.native.threads import NativeStream


def post(
    request: HttpRequest,
    *,
    timeout: float | None,
    on_cancel: Callable[[Callable[[], None]], None] | None = None,
) -> NativeStream:
    """Send the request; return its answer once the headers are there.

    `timeout` is in seconds and ends with the headers. `on_cancel` is told, before anything is sent, what
    ends the exchange from another thread. Raises `StreamError`s that name the address, and `ConfigError`
    for a proxy that can't be used.
    """
    from modelstream.wire.native.threads import post

    return post(request, timeout, on_cancel)


async def apost(request: HttpRequest, *, timeout: float | None) -> AsyncNativeStream:  # noqa: ASYNC109
    """The same for coroutines of the running event loop."""
    from modelstream.wire.native.loops import apost

    return await apost(request, timeout)
