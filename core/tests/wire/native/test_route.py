"""Where a request goes, and by which proxy."""

from __future__ import annotations

import pytest

from modelstream.errors import BadRequestError, ConfigError
from modelstream.wire.native.route import Proxy, Route, route_to, shown_url

PROXY = Proxy("proxy", 8080, None)


@pytest.mark.parametrize(
    ("url", "route", "target"),
    [
        ("http://host/v1/chat?a=1", Route(False, "host", 80, None), "/v1/chat?a=1"),
        ("https://HOST", Route(True, "host", 443, None), "/"),
        ("https://[::1]:8443/x", Route(True, "::1", 8443, None), "/x"),
        ("http://bücher.example/x", Route(False, "xn--bcher-kva.example", 80, None), "/x"),
    ],
)
def test_without_a_proxy(url, route, target):
    assert route_to(url, {}) == (route, target)


@pytest.mark.parametrize(
    "url", ["ftp://host/", "host/v1", "", "http://", "http://host:port/", "http://host/a b", "http://host/ä"]
)
def test_an_invalid_url(url):
    with pytest.raises(BadRequestError, match="is not a valid URL"):
        route_to(url, {})


@pytest.mark.parametrize("url", ["http://me:se#cret@box/", "http://me:se/cret@box/ä", "ftp://me:secret@box"])
def test_an_error_shows_no_password(url):
    with pytest.raises(BadRequestError, match=r"://…@box") as caught:
        route_to(url, {})
    assert "se" not in str(caught.value).replace("server", "")
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("url", "header"),
    [("http://host/", "host"), ("http://host:8080/", "host:8080"), ("https://[::1]:443/", "[::1]")],
)
def test_host_header(url, header):
    assert route_to(url, {})[0].host_header == header


@pytest.mark.parametrize(
    "environ",
    [
        {"https_proxy": "http://proxy:8080"},
        {"HTTPS_PROXY": "proxy:8080"},
        {"ALL_PROXY": "http://proxy:8080/"},
        {"https_proxy": "http://proxy:8080", "HTTPS_PROXY": "http://other:1", "ALL_PROXY": "http://other:2"},
    ],
)
def test_a_proxy_for_https(environ):
    assert route_to("https://host/x", environ) == (Route(True, "host", 443, PROXY), "/x")


def test_a_proxy_for_http_gets_the_whole_url():
    route, target = route_to("http://host:81/x?y=1", {"HTTP_PROXY": "http://proxy:8080"})
    assert (route.proxy, target) == (PROXY, "http://host:81/x?y=1")


def test_empty_variables_are_ignored():
    assert route_to("http://host/", {"HTTPS_PROXY": "http://proxy", "http_proxy": ""})[0].proxy is None


def test_the_proxy_header_of_a_cgi_program_is_ignored():
    assert route_to("http://host/", {"HTTP_PROXY": "http://evil", "REQUEST_METHOD": "GET"})[0].proxy is None


def test_a_proxy_that_wants_a_password():
    proxy = route_to("http://host/", {"http_proxy": "http://me:a%40b@proxy"})[0].proxy
    assert proxy == Proxy("proxy", 80, "Basic bWU6YUBi")


@pytest.mark.parametrize(
    "address", ["socks5://user:secret@proxy:1080", "https://user:secret@proxy", "http://"]
)
def test_an_unsupported_proxy(address):
    with pytest.raises(ConfigError, match=r"ALL_PROXY.*\n.*'transport' to 'sdk'") as caught:
        route_to("http://host/", {"ALL_PROXY": address})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "http://me:sec#ret@proxy:1",
        "http://me:sec/ret@proxy:1",
        "http://me:1/sec@proxy",
        "proxy:sec",
        "http://[::1",
    ],
)
def test_an_invalid_proxy_url(address):
    with pytest.raises(ConfigError, match=r"HTTPS_PROXY is not the URL of a proxy.*\n.*%23") as caught:
        route_to("https://host/", {"HTTPS_PROXY": address})
    assert "sec" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("no_proxy", "url", "bypassed"),
    [
        ("*", "http://host/", True),
        ("host", "http://host/", True),
        ("HOST", "http://host/", True),
        ("other, host", "http://host/", True),
        ("example.com", "http://api.example.com/", True),
        (".example.com", "http://api.example.com/", True),
        ("*.example.com", "http://api.example.com/", True),
        ("example.com", "http://notexample.com/", False),
        ("host:8080", "http://host:8080/", True),
        ("host:8080", "http://host/", False),
        ("127.0.0.1", "http://127.0.0.1:9/", True),
        ("10.0.0.0/8", "http://10.1.2.3/", True),
        ("10.0.0.0/8", "http://11.1.2.3/", False),
        ("10.0.0.0/8", "http://host/", False),
        ("::1", "http://[::1]:8080/", True),
        ("[::1]", "http://[::1]:8080/", True),
        ("", "http://host/", False),
        (",", "http://host/", False),
    ],
)
@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_no_proxy(name, no_proxy, url, bypassed):
    route, _ = route_to(url, {"http_proxy": "http://proxy:8080", name: no_proxy})
    assert (route.proxy is None) is bypassed


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ok.example/v1", "https://ok.example/v1"),
        ("http://u:s3cr3t@h:1/v1?key=s3cr3t#s3cr3t", "http://…@h:1/v1?…"),
        ("http://u:s3?cr3t@localhost:port", "http://…"),
        ("u:s3cr3t@127.0.0.1:9/v1", "…@127.0.0.1:9"),
        ("http://h/?email=a@b&key=s3cr3t", "http://…"),
        ("http://h:abc?key=s3cr3t", "http://…"),
        ("localhost:8000", "localhost:8000"),
        ("http://[::1", "http://[::1"),
    ],
)
def test_a_url_is_shown_without_secrets(url, shown):
    assert shown_url(url) == repr(shown)
