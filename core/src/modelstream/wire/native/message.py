"""Requests as bytes: a POST, and a CONNECT to a proxy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from modelstream.errors import BadRequestError
from modelstream.wire.native.route import authorization_in

if TYPE_CHECKING:
    from modelstream.wire.native.route import Route


class HttpRequest(NamedTuple):
    """A POST. `headers` omit Host, Content-Length and Accept-Encoding, which are added when it is sent."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    document: Any = None
    """The body before it was encoded as JSON, or the arguments for an SDK that encodes it itself."""
    timeout: float | None = None
    """Seconds until the response's headers, as the config or the call sets them; None if neither does."""


def as_json(body: Mapping[str, Any]) -> bytes:
    """The body of a request. Raises `BadRequestError` for values that JSON can't represent."""
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise unsendable(error) from error


def unsendable(error: Exception) -> BadRequestError:
    """The error for a request that can't be encoded as JSON; `error` is what the encoder raised."""
    failure = BadRequestError(f"the request can't be sent as JSON ({error})")
    failure.__cause__ = error
    return failure


def with_query(base_url: str, path: str, query: Mapping[str, Any]) -> str:
    """The URL of `path` below `base_url`, whose query is kept, with `query` added."""
    base, _, own_query = base_url.partition("?")
    url = f"{base.rstrip('/')}{path}"
    if query:
        from urllib.parse import urlencode

        own_query = "&".join(filter(None, (own_query, urlencode(query, doseq=True))))
    return f"{url}{'&' if '?' in path else '?'}{own_query}" if own_query else url


def merged(under: Mapping[str, str], over: Mapping[str, str]) -> dict[str, str]:
    """Both headers; `over` replaces headers of `under` with the same name, in any case."""
    headers = dict(under)
    for name, value in over.items():
        for same in [one for one in headers if str(one).lower() == str(name).lower()]:
            del headers[same]
        headers[name] = value
    return headers


def to_bytes(request: HttpRequest, route: Route, target: str) -> bytes:
    """The bytes of the request for `route`. Raises `BadRequestError` for an invalid header."""
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
    authority = f"{host}:{route.port}"
    headers = {"Host": authority, "User-Agent": "modelstream"}
    if route.proxy is not None and route.proxy.authorization:
        headers["Proxy-Authorization"] = route.proxy.authorization
    return _head(f"CONNECT {authority} HTTP/1.1", headers)


def _head(first: str, headers: Mapping[str, str]) -> bytes:
    for name, value in headers.items():
        # Headers come from the user's config or call: a line break in one would inject others.
        texts = type(name) is str and type(value) is str
        if not texts or not name.isascii() or any(char < " " for char in name + value):
            raise BadRequestError(f"the header {name!r} can't be sent: it must be one line of text")
    lines = [first, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    try:
        return "\r\n".join(lines).encode("latin-1")
    except UnicodeEncodeError as error:
        raise BadRequestError(
            f"a header can't be sent: it has the character {error.object[error.start]!r}"
        ) from error
