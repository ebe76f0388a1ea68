"""What may be wrong with the set-up of an HTTP client: keys, headers, proxies, certificates, URLs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qs, urlsplit

from modelstream.errors import ConfigError
from modelstream.wire.native.route import proxy_of, shown_url

_HTTP = ("http", "https")
_HEADER_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+")


def check_proxy(url: str) -> None:
    """Raise a `ConfigError` if requests to `url` would use a proxy that httpx does not support."""
    name, value = proxy_of(url)
    if _supported(value):
        return
    parts = urlsplit(value)
    fix = "install it with `pip install 'httpx[socks]'`" if parts.scheme.startswith("socks5") else "change it"
    raise ConfigError(
        f"{name} is a proxy that httpx can't use here: {parts.scheme}://{parts.hostname or ''}"
        f"{' (the package socksio is not installed)' if 'install' in fix else ''}."
        f"\nTo use it, {fix}; to use none for this server, add the server to NO_PROXY."
    )


def proxy_arguments(library: Any, *, is_async: bool) -> dict[str, Any]:
    """Arguments for a client of `library` (httpx or a fork) in an environment with an unsupported proxy.

    httpx creates the transports for all proxies at once, also for those that no request uses, and would fail.
    """
    if all(map(_supported, map(os.environ.get, _proxy_names()))):
        return {}
    kind = library.AsyncHTTPTransport if is_async else library.HTTPTransport
    context = library.create_ssl_context()
    limits = library.Limits(max_connections=None, max_keepalive_connections=20)
    # httpx has no public name for the proxies that it would use.
    proxies = library._utils.get_environment_proxies()  # noqa: SLF001
    mounts = {
        pattern: None if url is None else kind(proxy=url, verify=context, limits=limits)
        for pattern, url in proxies.items()
        if _supported(url)
    }
    return {"trust_env": False, "mounts": mounts, "verify": context}


def _supported(proxy: str | None) -> bool:
    scheme = (proxy or "").strip().partition("://")[0].lower() if "://" in (proxy or "") else "http"
    return scheme in _HTTP or (scheme in ("socks5", "socks5h") and find_spec("socksio") is not None)


def setup_error(error: BaseException) -> ConfigError | None:
    """The error of the user's set-up that made an HTTP library raise `error`, if it is one."""
    if isinstance(error, ConfigError):
        return error
    if isinstance(error, ImportError) and "socksio" in str(error):
        name = next((one for one in _proxy_names() if "socks" in os.environ.get(one, "")), "a proxy variable")
        found: ConfigError | None = ConfigError(
            f"{name} is a SOCKS proxy, for which the package socksio is not installed."
            "\nInstall it with `pip install 'httpx[socks]'`, or unset the variable."
        )
    elif isinstance(error, OSError):  # ssl.SSLError is one
        found = _certificate_error()
    else:
        found = None
    if found is not None:
        found.__cause__ = error
    return found


@contextmanager
def setup_errors() -> Iterator[None]:
    """Raise a `ConfigError` for an error of the user's set-up while an HTTP client is created."""
    try:
        yield
    except Exception as error:
        if (found := setup_error(error)) is not None:
            raise found from error
        raise


def check_certificates() -> None:
    """Raise a `ConfigError` if `SSL_CERT_FILE` is not a file with certificates, which OpenSSL ignores."""
    if (error := _certificate_error()) is not None:
        raise error


def _certificate_error() -> ConfigError | None:
    path = os.environ.get("SSL_CERT_FILE")
    if not path:
        return None
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except OSError as error:
        why = "does not exist" if isinstance(error, FileNotFoundError) else f"can't be read ({error})"
        return ConfigError(
            f"SSL_CERT_FILE is {path!r}, which {why}."
            "\nSet it to a file with trusted certificates in PEM format, or unset it."
        )
    return None


def _proxy_names() -> list[str]:
    return [name for one in ("all", *_HTTP) for name in (f"{one}_proxy", f"{one}_proxy".upper())]


def check_headers(headers: Mapping[str, Any], where: str, kind: type[Exception]) -> None:
    """Raise `kind` for a header that can't be sent; `where` is where it was set."""
    for name, value in headers.items():
        if name.isascii() and _HEADER_NAME.fullmatch(name) is None:
            raise kind(f"{where}: {name!r} is not a valid name of a header.")
        for text in (name, value):
            if isinstance(text, str) and not (text.isascii() and text.isprintable()):
                wrong = next(char for char in text if not (char.isascii() and char.isprintable()))
                if wrong != "\t":
                    raise kind(
                        f"{where}: the header {name!r} has the character {wrong!r} (U+{ord(wrong):04X}), "
                        "which a header can't have."
                    )


def split_query(url: str) -> tuple[str, dict[str, Any]]:
    """A URL without its query, and the query's parameters: SDKs append the path after the query."""
    base, _, query = url.partition("?")
    parameters = parse_qs(query, keep_blank_values=True)
    return base, {name: values if len(values) > 1 else values[0] for name, values in parameters.items()}


def check_url(field: str, url: str, example: str) -> None:
    """Raise a `ConfigError` for a base URL to which no request can be sent."""
    wrong = next((char for char in url if char <= " " or char == "\x7f"), None)
    why = "it must begin with http:// or https://"
    if wrong is not None:
        why = f"it has the character {wrong!r}"
    elif "#" in url:
        why = "it has the character '#', which begins a fragment"
    else:
        try:
            parts = urlsplit(url)
            if parts.scheme in _HTTP and parts.hostname and parts.port != 0:
                return
        except ValueError as error:
            why = "its port or its host is invalid" if set(url) & set("@?") else str(error)
    raise ConfigError(f"{field}: {shown_url(url)} is not a valid URL ({why}).\nExample: {example}")


def check_endpoint(field: str, url: str, routes: tuple[str, ...], path: str) -> None:
    """Raise a `ConfigError` for a base URL that ends with the path of a request.

    `routes` are those of the dialect, and `path` is what a base URL usually ends with.
    """
    found = url.partition("?")[0].rstrip("/")
    for route in routes:
        endpoint = route.partition(" ")[2].removeprefix(path)
        pattern = "[^/]+".join(re.escape(one) for one in re.split(r"\{\w+\}", endpoint))
        if (ending := re.search(f"{pattern}$", found)) is not None:
            raise ConfigError(f"{field} is {shown_url(url)}: omit {ending[0]!r}, which is appended.")
