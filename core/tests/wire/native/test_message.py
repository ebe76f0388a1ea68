"""The exact bytes of a request."""

import pytest

from modelstream.errors import BadRequestError
from modelstream.wire.native.message import HttpRequest, to_bytes
from modelstream.wire.native.route import route_to


def sent(headers, body=b"{}", url="http://box/v1?a=1"):
    route, target = route_to(url, {})
    return to_bytes(HttpRequest(url, headers, body), route, target)


def test_a_post():
    assert sent({"X-Mine": "1"}) == (
        b"POST /v1?a=1 HTTP/1.1\r\nHost: box\r\nUser-Agent: modelstream\r\nAccept-Encoding: identity\r\n"
        b"X-Mine: 1\r\nContent-Length: 2\r\n\r\n{}"
    )


@pytest.mark.parametrize("name", ["host", "User-Agent", "ACCEPT-ENCODING"])
def test_a_header_of_the_caller_replaces_the_default(name):
    head = sent({name: "mine"}).decode()
    assert f"\r\n{name}: mine\r\n" in head
    assert head.lower().count(f"\r\n{name.lower()}:") == 1


def test_a_name_and_password_in_the_url_override_a_key():
    head = sent({"authorization": "Bearer k"}, url="http://me:a%40b@box/v1").decode()
    assert head.startswith("POST /v1 HTTP/1.1\r\nHost: box\r\n")
    assert "\r\nAuthorization: Basic bWU6YUBi\r\n" in head
    assert "Bearer" not in head


def test_the_length_is_that_of_the_body():
    head = sent({"content-length": "99"}).decode().lower()
    assert head.count("content-length") == 1
    assert "content-length: 2\r\n" in head


@pytest.mark.parametrize("value", ["a\r\nb: c", "\x00", 1, None, "\u20ac"])
def test_an_invalid_header_value(value):
    with pytest.raises(BadRequestError):
        sent({"X-Mine": value})


@pytest.mark.parametrize("name", ["a\nb", "\u00e4", 1])
def test_an_invalid_header_name(name):
    with pytest.raises(BadRequestError):
        sent({name: "1"})
