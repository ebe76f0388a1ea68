"""The route of a request: the server, and the proxy that the environment sets for it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from modelstream.errors import BadRequestError, ConfigError

PORTS = {"http": 80, "https": 443}


class Proxy(NamedTuple):
    """A proxy that is reached by plain HTTP."""

    host: str
    port: int
    authorization: str | None


class Route(NamedTuple):
    """A server, with or without TLS, and the proxy to it. Requests with equal routes share connections."""

    secure: bool
    host: str
    port: int
    proxy: Proxy | None

    @property
    def host_header(self) -> str:
        """The server's name, and its port unless that is the default."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS["https" if self.secure else "http"] else f"{host}:{self.port}"


def route_to(url: str, environment: Mapping[str, str] | None = None) -> tuple[Route, str]:
    """The route to a URL, and the request target; `environment` defaults to that of this process.

    Raises `BadRequestError` for an invalid URL, `ConfigError` for an unsupported proxy.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        name = host.encode("idna").decode() if host and not host.isascii() else host
    except ValueError as error:
        why = "" if "@" in url else f" ({error})"
        raise BadRequestError(f"{shown_url(url)} is not a valid URL{why}") from None
    if parts.scheme not in PORTS or not name:
        raise BadRequestError(f"{shown_url(url)} is not a valid URL: it must begin with http:// or https://")
    target = parts.path or "/"
    if parts.query:
        target += f"?{parts.query}"
    if any(char <= " " or char > "~" for char in target):
        raise BadRequestError(f"{shown_url(url)} is not a valid URL: it has characters that must be escaped")
    environ = os.environ if environment is None else environment
    secure = parts.scheme == "https"
    route = Route(secure, name, PORTS[parts.scheme] if port is None else port, None)
    route = route._replace(proxy=_proxy_for(route, parts.scheme, environ))
    if route.proxy is not None and not secure:
        target = f"http://{route.host_header}{target}"
    return route, target


def authorization_in(url: str) -> str | None:
    """The Authorization header for a URL with a user name and a password (`https://name:password@host`)."""
    parts = urlsplit(url)
    return _basic(parts.username, parts.password)


def shown_url(url: str) -> str:
    """A URL for an error message, quoted, without the password and the query that may be in it."""
    try:
        parts = urlsplit(url)
        known = bool(parts.hostname) and parts.port != 0 and "@" not in "".join(parts[2:])
    except ValueError:
        parts, known = urlsplit(""), False
    if not known:
        return repr(_hidden(url) if set(url) & set("@?#") else url)
    _, user, server = parts.netloc.rpartition("@")
    hidden = "?…" if parts.query or parts.fragment else ""
    return repr(f"{parts.scheme}://{user and '…@'}{server}{parts.path}{hidden}")


def _hidden(url: str) -> str:
    """An invalid URL, in which a password may contain any character, as far as it is certainly no secret."""
    scheme, found, _ = url.partition("://")
    head, at, rest = url.rpartition("@")
    server = rest.partition("/")[0].partition("#")[0].partition("?")[0] if "?" not in head else ""
    return f"{scheme + found if found else ''}…{at and server and '@'}{server if at else ''}"


def proxy_of(url: str) -> tuple[str, str]:
    """The environment variable with the proxy for `url`, and its value; empty if none is used."""
    parts = urlsplit(url)
    name, value = _proxy_variable(os.environ, parts.scheme)
    route = Route(
        parts.scheme == "https", parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0), None
    )
    if not value or _bypassed(route, os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""):
        return "", ""
    return name, value


def _proxy_for(route: Route, scheme: str, environ: Mapping[str, str]) -> Proxy | None:
    name, value = _proxy_variable(environ, scheme)
    if not value or _bypassed(route, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return None
    parts, port = _split_proxy(name, value if "://" in value else f"http://{value}")
    if parts.scheme != "http" or not parts.hostname:
        raise ConfigError(
            f"{name} is a proxy that the native transport does not support: "
            f"{parts.scheme}://{parts.hostname or ''}."
            "\nIt supports http:// proxies; set 'transport' to 'sdk' for others, or NO_PROXY to use none."
        )
    return Proxy(parts.hostname, port or 80, _basic(parts.username, parts.password))


def _split_proxy(name: str, value: str) -> tuple[SplitResult, int | None]:
    """The parts of a proxy's URL, and its port. Raises a `ConfigError` that shows no password."""
    try:
        parts = urlsplit(value)
        if "@" not in parts.path + parts.query + parts.fragment:
            return parts, parts.port
    except ValueError:
        pass
    raise ConfigError(
        f"{name} is not the URL of a proxy (not shown here: it may contain a password)."
        "\nExpected: http://name:password@host:3128, with special characters escaped ('#' as %23)."
    )


def _proxy_variable(environ: Mapping[str, str], scheme: str) -> tuple[str, str]:
    """The environment variable with the proxy, and its value; two empty strings if there is none."""
    for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY"):
        # In a CGI program the client sets HTTP_PROXY, by its header "Proxy".
        if name == "HTTP_PROXY" and "REQUEST_METHOD" in environ:
            continue
        if name in environ:
            return name, environ[name].strip()
    return "", ""


def _bypassed(route: Route, no_proxy: str) -> bool:
    """Whether NO_PROXY includes the server: `*`, a domain (with its subdomains), an address, or a network."""
    host = route.host.lower()
    for item in no_proxy.lower().split(","):
        entry = item.strip()
        if entry in ("*", host, f"{host}:{route.port}", f"[{host}]", f"[{host}]:{route.port}"):
            return True
        name, colon, port = entry.lstrip("*").lstrip(".").rpartition(":")
        if not colon or not port.isdigit():
            name, port = entry.lstrip("*").lstrip("."), ""
        if name and port in ("", str(route.port)) and (host == name or host.endswith(f".{name}")):
            return True
        if "/" in entry and _in_network(host, entry):
            return True
    return False


def _in_network(host: str, network: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _basic(user: str | None, password: str | None) -> str | None:
    if user is None:
        return None
    from base64 import b64encode

    return "Basic " + b64encode(f"{unquote(user)}:{unquote(password or '')}".encode()).decode()
