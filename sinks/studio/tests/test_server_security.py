"""Which requests are allowed. The tests of the page repeat this in a real browser."""

from __future__ import annotations

import os
import re
import stat

import pytest
from served import TOKENS, Reporter, Served

from modelstream_studio.places import Place
from modelstream_studio.server.tokens import announce, kept_tokens

ROUTES = {
    "watch": ["/v1/runs", "/v1/runs/run", "/v1/events", "/v1/runs/run/export.json", "/v1/whatever"],
    "publish": ["/v1/publish", "/v1/commands"],
    "answer": ["/v1/answer", "/v1/cancel"],
}
EACH = [(role, path) for role, paths in ROUTES.items() for path in paths]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """One Studio for all of these tests, which change nothing."""
    server = Served(tmp_path_factory.mktemp("studio"))
    Reporter(server).open()
    yield server
    server.stop()


@pytest.mark.parametrize(("role", "path"), EACH)
def test_each_route_requires_its_token(guarded, role, path):
    method = "POST" if path in {"/v1/publish", "/v1/answer", "/v1/cancel"} else "GET"
    wrong = [f"Bearer {getattr(TOKENS, other)}" for other in ROUTES if other != role]
    token = getattr(TOKENS, role)
    wrong += ["", "Bearer", "Bearer ", f"Basic {token}", token, f"Bearer {token}x", "Bearer \u00e9"]
    for value in wrong:
        headers = {"authorization": value} if value else {}
        assert guarded.request(method, path, role=None, body=b"", **headers)[0] == 401, value
    assert guarded.request(method, f"{path}?token={token}", role=None, body=b"")[0] == 401, (
        "not in the address"
    )
    assert guarded.request(method, path, role=None, body=b"", cookie=f"watch={token}")[0] == 401, "no cookies"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "", "127.0.0.1.evil.example", "192.168.1.5"]
)
@pytest.mark.parametrize("path", ["/", "/v1/runs", "/static/main.js"])
def test_a_foreign_host_name_is_rejected(guarded, host, path):
    assert guarded.request("GET", path, host=host)[0] == 421


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1234", "[::1]:80", "LOCALHOST"])
def test_the_names_of_this_machine_are_accepted(guarded, host):
    assert guarded.request("GET", "/v1/runs", host=host)[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/runs", "/v1/events", "/v1/commands?producer=p"])
def test_requests_of_foreign_pages_are_rejected(guarded, headers, path):
    assert guarded.request("GET", path, **headers)[0] == 403


def test_a_foreign_page_cannot_publish(guarded):
    program = Reporter(guarded, "evil", "evil")
    assert program.send(1, 0, origin="http://evil.example")[0] == 403
    assert guarded.request("GET", "/v1/runs/evil")[0] == 404


def test_requests_of_the_page_are_accepted(guarded):
    own = {"origin": f"http://127.0.0.1:{guarded.port}", "sec_fetch_site": "same-origin"}
    assert guarded.request("GET", "/v1/runs", **own)[0] == 200


def test_a_link_to_the_page_may_be_followed_from_anywhere(guarded):
    navigation = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert guarded.request("GET", "/", role=None, **navigation)[0] == 200
    assert guarded.request("GET", "/v1/runs", **navigation)[0] == 403
    framed = {**navigation, "sec_fetch_dest": "iframe"}
    assert guarded.request("GET", "/", role=None, **framed)[0] == 403


@pytest.mark.parametrize("path", ["/", "/static/main.js", "/v1/runs", "/v1/nothing", "/v1/answer"])
def test_every_response_has_security_headers(guarded, path):
    _, _, headers = guarded.request("GET", path)
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in headers
    assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server/app.py",
        "/static/%2e%2e/server/app.py",
        "/static/..%2fserver%2fapp.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/",
        "/static/index.html%00.js",
    ],
)
def test_only_files_of_the_page_are_served(guarded, path):
    assert guarded.request("GET", path, role=None)[0] in {400, 404}


def test_the_page_is_served_without_a_token(guarded):
    status, text, headers = guarded.request("GET", "/", role=None)
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<script" in text
    assert not re.search(r'(src|href)="(?![/#])', text), "the page loads only its own files"


def test_other_addresses_are_accepted_when_exposed(tmp_path):
    served = Served(tmp_path, hosts=("studio.internal",), any_address=True)
    try:
        for host, status in (
            ("studio.internal:7575", 200),
            ("192.168.1.5:7575", 200),
            ("[fe80::1]:7575", 200),
            ("evil.example", 421),
        ):
            assert served.request("GET", "/v1/runs", host=host)[0] == status
    finally:
        served.stop()


def test_the_tokens_are_private_and_persistent(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    tokens = kept_tokens()
    assert len({tokens.watch, tokens.answer, tokens.publish}) == 3
    assert min(map(len, (tokens.watch, tokens.answer, tokens.publish))) >= 32
    old = os.umask(0)
    try:
        file = announce("http://127.0.0.1:7575", tokens)
    finally:
        os.umask(old)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert kept_tokens() == tokens
    assert Place("http://127.0.0.1:7575", tokens)
    file.write_text("not JSON")
    assert kept_tokens() != tokens
