"""After a reload, a crash of Studio or a frozen tab, the page shows the whole text."""

from __future__ import annotations

import threading


def link_to(studio, program):
    return f"{studio.link}&run={program.run}"


def html(page, speech):
    return page.locator(f"{speech.article} .prose").inner_html()


def paragraphs(page, speech):
    return page.locator(f"{speech.article} .prose > p").evaluate_all("all => all.map(one => one.textContent)")


def lines(first, last):
    return [f"Line **{n}** of many.\n\n" for n in range(first, last)]


def expected(first, last):
    return [f"Line {n} of many." for n in range(first, last)]


def test_a_reload_in_the_middle_loses_nothing_and_keeps_the_run(server, program, tab):
    reporter = program(server, "reloaded")
    speech = reporter.speak("Narrator").write(*lines(0, 5))
    page = tab(link_to(server, reporter))
    page.locator(f"{speech.article} p", has_text="Line 4").wait_for()
    page.reload()
    speech.write(*lines(5, 10))
    page.locator(f"{speech.article} p", has_text="Line 9").wait_for()
    speech.end()
    page.wait_for_selector(f"{speech.article}[data-state=complete]")
    assert paragraphs(page, speech) == expected(0, 10)


def test_the_tokens_are_removed_from_the_address_and_survive_a_reload(server, program, tab):
    reporter = program(server, "hidden")
    reporter.speak("Someone")
    page = tab(link_to(server, reporter))
    page.wait_for_selector(".message")
    assert page.url == f"{server.url}/#run={reporter.run}"
    page.reload()
    page.wait_for_selector(".message")
    assert page.url == f"{server.url}/#run={reporter.run}"
    assert page.context.cookies() == []
    assert page.evaluate("() => localStorage.length") == 0


def test_studio_is_killed_and_restarted(other_server, program, tab):
    reporter = program(other_server, "crash")
    speech = reporter.speak("Survivor").write(*lines(0, 20))
    page = tab(link_to(other_server, reporter), expected_errors=["ERR_"])
    page.locator(f"{speech.article} p", has_text="Line 19").wait_for()
    other_server.kill()
    thread = threading.Thread(target=lambda: [speech.write(line) for line in lines(20, 30)])
    thread.start()
    page.locator("#toast[data-kind=away]", has_text="not to be reached").wait_for()
    assert page.locator(f"{speech.article} p", has_text="Line 19").is_visible()
    other_server.start()
    thread.join()
    page.locator(f"{speech.article} p", has_text="Line 29").wait_for()
    page.locator("#toast").wait_for(state="hidden")
    speech.end()
    page.wait_for_selector(f"{speech.article}[data-state=complete]")
    assert paragraphs(page, speech) == expected(0, 30)


def test_a_tab_that_was_frozen_catches_up(server, program, tab):
    reporter = program(server, "frozen")
    speech = reporter.speak("Sleeper").write(*lines(0, 5))
    page = tab(link_to(server, reporter))
    page.locator(f"{speech.article} p", has_text="Line 4").wait_for()
    session = page.context.new_cdp_session(page)
    session.send("Page.setWebLifecycleState", {"state": "frozen"})
    for line in lines(5, 40):
        speech.write(line)
    session.send("Page.setWebLifecycleState", {"state": "active"})
    page.locator(f"{speech.article} p", has_text="Line 39").wait_for()
    speech.end()
    page.wait_for_selector(f"{speech.article}[data-state=complete]")
    assert paragraphs(page, speech) == expected(0, 40)


def test_a_connection_that_falls_silent_is_replaced(server, program, tab):
    """The tab goes offline under the open stream, and comes back."""
    reporter = program(server, "offline")
    speech = reporter.speak("Traveller").write(*lines(0, 3))
    page = tab(link_to(server, reporter), expected_errors=["ERR_"])
    page.locator(f"{speech.article} p", has_text="Line 2").wait_for()
    page.context.set_offline(True)
    speech.write(*lines(3, 6))
    page.context.set_offline(False)
    page.locator(f"{speech.article} p", has_text="Line 5").wait_for(timeout=20_000)
    assert paragraphs(page, speech)[:6] == expected(0, 6)


def test_a_hanging_studio_is_reported_and_reconnected(other_server, program, tab):
    reporter = program(other_server, "hanging")
    speech = reporter.speak("Waiter").write(*lines(0, 3))
    page = tab(expected_errors=["ERR_"])
    page.clock.install()
    page.goto(link_to(other_server, reporter))
    page.locator(f"{speech.article} p", has_text="Line 2").wait_for()
    other_server.freeze()
    try:
        page.clock.run_for(16_000)
        page.locator("#toast[data-kind=away]").wait_for()
    finally:
        other_server.thaw()
    page.clock.run_for(16_000)
    page.locator("#toast").wait_for(state="hidden")
    speech.write(*lines(3, 6))
    page.locator(f"{speech.article} p", has_text="Line 5").wait_for()
    assert paragraphs(page, speech)[:6] == expected(0, 6)


def test_a_hidden_tab_disconnects_and_reconnects_when_it_is_visible(server, program, tab):
    reporter = program(server, "unseen")
    speech = reporter.speak("Ghost").write(*lines(0, 3))
    page = tab()
    page.clock.install()
    page.add_init_script(
        "window.seen = 'visible'; Object.defineProperty(Document.prototype, 'visibilityState',"
        " {get: () => window.seen}); window.see = state => { window.seen = state;"
        " document.dispatchEvent(new Event('visibilitychange')) }"
    )
    page.goto(link_to(server, reporter))
    page.locator(f"{speech.article} p", has_text="Line 2").wait_for()
    page.evaluate("() => window.see('hidden')")
    with page.expect_event("requestfailed", lambda request: "/v1/events" in request.url):
        page.clock.run_for(61_000)
    speech.write(*lines(3, 6)).end()
    with page.expect_request(lambda request: "/v1/events" in request.url) as reconnected:
        page.evaluate("() => window.see('visible')")
    page.wait_for_selector(f"{speech.article}[data-state=complete]")
    assert reconnected.value.headers["last-event-id"]
    assert paragraphs(page, speech) == expected(0, 6)


def test_two_tabs_show_the_same(server, program, tab):
    reporter = program(server, "two tabs")
    reporter.report()
    first = tab(link_to(server, reporter))
    speech = reporter.speak("Twin").write(*lines(0, 5))
    second = tab(link_to(server, reporter))
    second.locator(f"{speech.article} p", has_text="Line 4").wait_for()
    speech.write(*lines(5, 12)).end()
    for page in (first, second):
        page.wait_for_selector(f"{speech.article}[data-state=complete]")
    assert html(first, speech) == html(second, speech)
    assert paragraphs(first, speech) == expected(0, 12)


def test_text_that_replaces_what_was_shown(server, program, tab):
    from modelstream_studio.frames import Fresh

    reporter = program(server, "replaced")
    reporter.report()
    page = tab(link_to(server, reporter))
    speech = reporter.speak("Waverer").write("No, ", "wait.\n\nMore.")
    page.locator(f"{speech.article} .prose", has_text="More.").wait_for()
    reporter.report(Fresh(speech.id, "Yes."))
    page.locator(f"{speech.article} .prose", has_text="Yes.").wait_for()
    assert page.locator(f"{speech.article} .prose").inner_text() == "Yes."


def test_switching_between_runs(server, program, tab):
    runs = [program(server, f"walk {n}", project="walking") for n in range(3)]
    speeches = [reporter.speak("Walker").write(f"This is {n}.") for n, reporter in enumerate(runs)]
    page = tab(link_to(server, runs[0]))
    for reporter, speech in zip(runs, speeches, strict=True):
        page.locator(f".run[data-run='{reporter.run}']").click()
        page.wait_for_selector(speech.article)
        assert page.locator(".message").count() == 1
    page.go_back()
    page.wait_for_selector(speeches[1].article)
    speeches[1].write(" And more.")
    page.locator(f"{speeches[1].article} .tail", has_text="And more.").wait_for()
