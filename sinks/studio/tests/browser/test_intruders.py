"""Foreign pages, other host names, and missing or wrong tokens, in a real browser."""

from __future__ import annotations

import pytest

ANY_ERROR = [
    "CORS",
    "Cross-Origin",
    "Failed to load",
    "ERR_",
    "WebSocket",
    "EventSource",
    "Content Security Policy",
    "form",
    "frame",
]


def foreign(tab, port, host="127.0.0.1"):
    page = tab(f"http://{host}:{port}/", expected_errors=ANY_ERROR)
    assert page.title() == "elsewhere"
    return page


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "evil.test"])
def test_a_foreign_page_reads_nothing_even_with_a_token(server, elsewhere, tab, host):
    page = foreign(tab, elsewhere.port, host)
    for path in ("/", "/static/main.js", "/v1/runs", "/v1/events"):
        outcome = page.evaluate(
            "([url, token]) => fetch(url, {headers: {Authorization: `Bearer ${token}`}})"
            ".then(reply => reply.text(), () => 'refused')",
            [server.url + path, server.tokens.watch],
        )
        assert outcome == "refused", path


def test_a_foreign_page_opens_no_stream_and_no_websocket(server, elsewhere, tab):
    page = foreign(tab, elsewhere.port)
    outcome = page.evaluate(
        "url => new Promise(done => { const source = new EventSource(url);"
        " source.onerror = () => { source.close(); done('refused') }; source.onopen = () => done('open') })",
        f"{server.url}/v1/events",
    )
    assert outcome == "refused"
    outcome = page.evaluate(
        "url => new Promise(done => { const socket = new WebSocket(url);"
        " socket.onerror = () => done('refused'); socket.onopen = () => done('open') })",
        f"{server.url}/v1/events".replace("http", "ws"),
    )
    assert outcome == "refused"


def test_a_foreign_page_cannot_publish_answer_or_stop(server, elsewhere, program, tab):
    reporter = program(server, "target")
    question = reporter.ask("Transfer the money?")
    speech = reporter.speak("Teller").write("One, two")
    page = foreign(tab, elsewhere.port)
    for path, body in (
        ("/v1/answer", f'{{"q":"{question}","value":"yes"}}'),
        ("/v1/cancel", f'{{"m":"{speech.id}"}}'),
        ("/v1/publish", '{"producer":"x","first":1,"run":{"id":"stolen"}}'),
    ):
        page.evaluate(
            "([url, body]) => fetch(url, {method: 'POST', mode: 'no-cors', body, credentials: 'include'})"
            ".catch(() => null)",
            [server.url + path, body],
        )
        page.evaluate(
            "([url, body]) => { const form = document.createElement('form'); form.method = 'POST';"
            " form.action = url; form.enctype = 'text/plain'; form.target = 'frame';"
            " const frame = document.createElement('iframe'); frame.name = 'frame';"
            " const field = document.createElement('input'); field.name = body; form.append(field);"
            " document.body.append(frame, form); form.submit(); }",
            [server.url + path, body],
        )
    own_page = tab(f"{server.link}&run={reporter.run}")
    own_page.wait_for_selector(f"[id='ask-{question}']")
    own_page.wait_for_selector(f"{speech.article}[data-state=live]")
    assert own_page.locator(".run[data-run=stolen]").count() == 0
    own_page.locator("#dock textarea").fill("no")
    own_page.locator("#dock button[type=submit]").click()
    assert [(type(command).__name__, command.value) for command in reporter.commands()] == [("Answer", "no")]


def test_a_foreign_page_cannot_frame_studio(server, elsewhere, tab):
    page = foreign(tab, elsewhere.port)
    with page.expect_event("framenavigated"):
        page.evaluate(
            "url => { const frame = document.createElement('iframe'); frame.src = url;"
            " document.body.append(frame) }",
            server.link,
        )
    inner = page.frames[-1]
    assert inner.url.startswith("chrome-error:")


def test_dns_rebinding(server, tab):
    page = tab(expected_errors=ANY_ERROR)
    reply = page.goto(f"http://evil.test:{server.port}/")
    assert reply.status == 421
    assert page.locator("#log").count() == 0
    outcome = page.evaluate(
        "token => fetch('/v1/runs', {headers: {Authorization: `Bearer ${token}`}})"
        ".then(reply => reply.status)",
        server.tokens.watch,
    )
    assert outcome == 421


def test_without_a_token_the_page_explains_how_to_get_one(server, program, tab):
    reporter = program(server, "secret")
    reporter.speak("Spy").write("The password is swordfish.")
    page = tab(server.url, expected_errors=["401"])
    page.wait_for_selector("body[data-view=locked] #locked-title")
    assert "modelstream studio" in page.locator("#locked").inner_text()
    assert "swordfish" not in page.content()
    page.locator("#unlock-link").fill("what?")
    page.locator("#unlock button").click()
    assert "no token" in page.locator("#unlock-fault").inner_text()
    page.locator("#unlock-link").fill(server.link)
    page.locator("#unlock button").click()
    page.locator(f".run[data-run='{reporter.run}']").click()
    page.locator(".message", has_text="swordfish").wait_for()
    assert server.tokens.watch not in page.url


@pytest.mark.parametrize("wrong", ["wrong-token-of-some-length", "publish", "answer"])
def test_a_wrong_token_shows_nothing(server, tab, wrong):
    token = getattr(server.tokens, wrong, wrong)
    page = tab(f"{server.url}/#watch={token}", expected_errors=["401"])
    page.wait_for_selector("body[data-view=locked]")
    assert "not valid" in page.locator("#locked-why").inner_text()


def test_the_watch_token_can_neither_answer_nor_publish(server, program, tab):
    reporter = program(server, "roles")
    question = reporter.ask("Sure?")
    page = tab(server.link, expected_errors=["401"])
    for path, kind in (("/v1/answer", "application/json"), ("/v1/publish", "application/x-ndjson")):
        status = page.evaluate(
            "([path, token, kind, q]) => fetch(path, {method: 'POST',"
            " body: JSON.stringify({q, value: 'yes'}),"
            " headers: {Authorization: `Bearer ${token}`, 'Content-Type': kind}})"
            ".then(reply => reply.status)",
            [path, server.tokens.watch, kind, question],
        )
        assert status == 401, path


def test_the_browser_stores_nothing(server, program, tab):
    reporter = program(server, "kept")
    reporter.speak("Someone").write("Private.")
    page = tab(f"{server.link}&run={reporter.run}")
    page.wait_for_selector(".message")
    reply = page.request.get(
        f"{server.url}/v1/runs", headers={"Authorization": f"Bearer {server.tokens.watch}"}
    )
    assert reply.headers["cache-control"] == "no-store"
    assert page.context.cookies() == []
