"""What is sent, as bytes: one POST."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from modelstream.errors import BadRequestError
from modelstream.wire.native.route import authorization_in

if TYPE_CHECKING:
    from modelstream.wire.native.route import Route


class HttpRequest(NamedTuple):
    """A POST. `headers` say nothing of connection, length or encoding: that is this package's business."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    document: Any = None
    """The same before it was written as JSON, or the arguments of an SDK that writes it by itself."""
    timeout: float | None = None
    """Seconds until the headers that the config or the call sets; None leaves it to the call's timeouts."""


def as_json(body: Mapping[str, Any]) -> bytes:
    """The body of a request. Raises `BadRequestError` for what JSON can't have."""
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise unsendable(error) from error


def unsendable(error: Exception) -> BadRequestError:
    """The error for a request that JSON can't hold, caused by what a JSON library or an SDK raised."""
    ours = BadRequestError(f"the request can't be sent as JSON ({error})")
    ours.__cause__ = error
    return ours


def with_query(base_url: str, path: str, query: Mapping[str, Any]) -> str:
    """`path` below `base_url`, whose own query is kept, with `query` added."""
    base, _, own = base_url.partition("?")
    url = f"{base.rstrip('/')}{path}"
    if query:
        from urllib.parse import urlencode

        own = "&".join(filter(None, (own, urlencode(query, doseq=True))))
    return f"{url}{'&' if '?' in path else '?'}{own}" if own else url


def merged(under: Mapping[str, str], over: Mapping[str, str]) -> dict[str, str]:
    """The headers of both; of those that differ in case alone the last one."""
    headers = dict(under)
    for name, value in over.items():
        for same in [one for one in headers if str(one).lower() == str(name).lower()]:
            del headers[same]
        headers[name] = value
    return headers


def to_bytes(request: HttpRequest, route: Route, target: str) -> bytes:
    """The request as it is sent along `route`. Raises `BadRequestError` for a header that can't be sent."""
    headers = {"Host": route.host_header, "User-Agent": "modelstream", "Accept-Encoding": "identity"}
    headers = merged(headers, merged(request.headers, {"Content-Length": str(len(request.body))}))
    if authorization := authorization_in(request.url):
        headers = merged(headers, {"Authorization": authorization})
    if route.proxy is not None and not route.secure and route.proxy.authorization:
        headers["Proxy-Authorization"] = route.proxy.authorization
    return _head(f"POST {target} HTTP/1.1", headers) + request.body


def connect_to(route: Route) -> bytes:
    """The request for a tunnel through the proxy of `route`."""
    host = f"[{route.host}]" if ":" in route.host else route.host
    there = f"{host}:{route.port}"
    headers = {"Host": there, "User-Agent": "modelstream"}
    if route.proxy is not None and route.proxy.authorization:
        headers["Proxy-Authorization"] = route.proxy.authorization
    return _head(f"CONNECT {there} HTTP/1.1", headers)


def _head(first: str, headers: Mapping[str, str]) -> bytes:
    for name, value in headers.items():
        # A caller may have put in anything.
        texts = type(name) is str and type(value) is str
        if not texts or not name.isascii() or any(char < " " for char in name + value):
            raise BadRequestError(f"the header {name!r} can't be sent: it must be one line of text")
    lines = [first, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    try:
        return "\r\n".join(lines).encode("latin-1")
    except UnicodeEncodeError as error:
        raise BadRequestError(f"a header can't be sent: {error.object[error.start]!r} is in it") from error
