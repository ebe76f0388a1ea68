"""HTTP without an HTTP library: a POST and its answer as bytes, for wrappers that call an API directly.

    answer = post(HttpRequest(url, headers, body), timeout=30, on_cancel=request.on_cancel)
    answer = await apost(HttpRequest(url, headers, body), timeout=30)

Both return what `WireWrapper.open` and `aopen` must return. All wrappers share one TLS context, one pool of
connections for threads, and one for each event loop.

It uses only the standard library. A client of one API needs little of HTTP/1.1 (a POST; a body that is
chunked, sized or ended by the close), while httpx costs 10 µs per chunk and aiohttp takes 200 ms to import.
`http.client` works for threads but not for event loops, and needs a call and two copies per chunk. So one
parser (`parsing`), which never touches a socket, serves both. TLS, name resolution and event loops are
Python's own. Not supported are HTTP/2, redirects, proxies over TLS or SOCKS, and compression other than gzip
and deflate.
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
    """Send the request; return the answer once its headers have arrived.

    `timeout` is in seconds and covers the time until the headers. Before anything is sent, `on_cancel` is
    called with a function that ends the exchange from another thread. Raises `StreamError`s with the URL in
    the message, and `ConfigError` for an unsupported proxy.
    """
    from modelstream.wire.native.threads import post

    return post(request, timeout, on_cancel)


async def apost(request: HttpRequest, *, timeout: float | None) -> AsyncNativeStream:  # noqa: ASYNC109
    """The same for coroutines of the running event loop."""
    from modelstream.wire.native.loops import apost

    return await apost(request, timeout)
