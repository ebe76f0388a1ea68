"""A reload, a crash of Studio, a tab that slept: what is shown in the end is the whole text."""

from __future__ import annotations

import threading


def look_at(studio, program):
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
    one = program(server, "reloaded")
    speech = one.speak("Narrator").say(*lines(0, 5))
    page = tab(look_at(server, one))
    page.locator(f"{speech.article} p", has_text="Line 4").wait_for()
    page.reload()
    speech.say(*lines(5, 10))
    page.locator(f"{speech.article} p", has_text="Line 9").wait_for()
    speech.end()
    page.wait_for_selector(f"{speech.article}[data-state=complete]")
    assert paragraphs(page, speech) == expected(0, 10)


def test_the_link_is_out_of_sight_at_once_and_survives_a_reload(server, program, tab):
    one = program(server, "hidden")
    one.speak("Someone")
    page = tab(look_at(server, one))
    page.wait_for_selector(".message")
    assert page.url == f"{server.url}/#run={one.run}"
    page.reload()
    page.wait_for_selector(".message")
    assert page.url == f"{server.url}/#run={one.run}"
    assert page.context.cookies() == []
    assert page.evaluate("() => localStorage.length") == 0


def test_studio_is_killed_and_comes_back(other_server, program, tab):
    one = program(other_server, "crash")
    speech = one.speak("Survivor").say(*lines(0, 20))
    page = tab(look_at(other_server, one), may_complain=["ERR_"])
    page.locator(f"{speech.article} p", has_text="Line 19").wait_for()
    other_server.kill()
    telling = threading.Thread(target=lambda: [speech.say(line) for line in lines(20, 30)])
    telling.start()
    page.locator("#toast[data-kind=away]", has_text="not to be reached").wait_for()
    assert page.locator(f"{speech.article} p", has_text="Line 19").is_visible()
    other_server.start()
    telling.join()
    page.locator(f"{speech.article} p", has_text="Line 29").wait_for()
    page.locator("#toast").wait_for(state="hidden")
    speech.end()
    page.wait_for_selector(f"{speech.article}[data-state=complete]")
    assert paragraphs(page, speech) == expected(0, 30)


def test_a_tab_that_was_frozen_catches_up(server, program, tab):
    one = program(server, "frozen")
    speech = one.speak("Sleeper").say(*lines(0, 5))
    page = tab(look_at(server, one))
    page.locator(f"{speech.article} p", has_text="Line 4").wait_for()
    session = page.context.new_cdp_session(page)
    session.send("Page.setWebLifecycleState", {"state": "frozen"})
    for line in lines(5, 40):
        speech.say(line)
    session.send("Page.setWebLifecycleState", {"state": "active"})
    page.locator(f"{speech.article} p", has_text="Line 39").wait_for()
    speech.end()
    page.wait_for_selector(f"{speech.article}[data-state=complete]")
    assert paragraphs(page, speech) == expected(0, 40)


def test_a_connection_that_falls_silent_is_replaced(server, program, tab):
    """The tab goes offline under the open stream, and comes back."""
    one = program(server, "offline")
    speech = one.speak("Traveller").say(*lines(0, 3))
    page = tab(look_at(server, one), may_complain=["ERR_"])
    page.locator(f"{speech.article} p", has_text="Line 2").wait_for()
    page.context.set_offline(True)
    speech.say(*lines(3, 6))
    page.context.set_offline(False)
    page.locator(f"{speech.article} p", has_text="Line 5").wait_for(timeout=20_000)
    assert paragraphs(page, speech)[:6] == expected(0, 6)


def test_a_studio_that_hangs_is_told_and_gone_on_with(other_server, program, tab):
    one = program(other_server, "hanging")
    speech = one.speak("Waiter").say(*lines(0, 3))
    page = tab(may_complain=["ERR_"])
    page.clock.install()
    page.goto(look_at(other_server, one))
    page.locator(f"{speech.article} p", has_text="Line 2").wait_for()
    other_server.freeze()
    try:
        page.clock.run_for(16_000)
        page.locator("#toast[data-kind=away]").wait_for()
    finally:
        other_server.thaw()
    page.clock.run_for(16_000)
    page.locator("#toast").wait_for(state="hidden")
    speech.say(*lines(3, 6))
    page.locator(f"{speech.article} p", has_text="Line 5").wait_for()
    assert paragraphs(page, speech)[:6] == expected(0, 6)


def test_a_hidden_tab_lets_go_and_goes_on_when_it_is_seen_again(server, program, tab):
    one = program(server, "unseen")
    speech = one.speak("Ghost").say(*lines(0, 3))
    page = tab()
    page.clock.install()
    page.add_init_script(
        "window.seen = 'visible'; Object.defineProperty(Document.prototype, 'visibilityState',"
        " {get: () => window.seen}); window.see = state => { window.seen = state;"
        " document.dispatchEvent(new Event('visibilitychange')) }"
    )
    page.goto(look_at(server, one))
    page.locator(f"{speech.article} p", has_text="Line 2").wait_for()
    page.evaluate("() => window.see('hidden')")
    with page.expect_event("requestfailed", lambda request: "/v1/events" in request.url):
        page.clock.run_for(61_000)
    speech.say(*lines(3, 6)).end()
    with page.expect_request(lambda request: "/v1/events" in request.url) as again:
        page.evaluate("() => window.see('visible')")
    page.wait_for_selector(f"{speech.article}[data-state=complete]")
    assert again.value.headers["last-event-id"]
    assert paragraphs(page, speech) == expected(0, 6)


def test_two_tabs_show_the_same(server, program, tab):
    one = program(server, "two tabs")
    one.report()
    first = tab(look_at(server, one))
    speech = one.speak("Twin").say(*lines(0, 5))
    second = tab(look_at(server, one))
    second.locator(f"{speech.article} p", has_text="Line 4").wait_for()
    speech.say(*lines(5, 12)).end()
    for page in (first, second):
        page.wait_for_selector(f"{speech.article}[data-state=complete]")
    assert html(first, speech) == html(second, speech)
    assert paragraphs(first, speech) == expected(0, 12)


def test_text_that_replaces_what_was_shown(server, program, tab):
    from modelstream_studio.frames import Fresh

    one = program(server, "afresh")
    one.report()
    page = tab(look_at(server, one))
    speech = one.speak("Waverer").say("No, ", "wait.\n\nMore.")
    page.locator(f"{speech.article} .prose", has_text="More.").wait_for()
    one.report(Fresh(speech.id, "Yes."))
    page.locator(f"{speech.article} .prose", has_text="Yes.").wait_for()
    assert page.locator(f"{speech.article} .prose").inner_text() == "Yes."


def test_from_run_to_run_and_back(server, program, tab):
    runs = [program(server, f"walk {n}", project="walking") for n in range(3)]
    speeches = [one.speak("Walker").say(f"This is {n}.") for n, one in enumerate(runs)]
    page = tab(look_at(server, runs[0]))
    for one, speech in zip(runs, speeches, strict=True):
        page.locator(f".run[data-run='{one.run}']").click()
        page.wait_for_selector(speech.article)
        assert page.locator(".message").count() == 1
    page.go_back()
    page.wait_for_selector(speeches[1].article)
    speeches[1].say(" And more.")
    page.locator(f"{speeches[1].article} .tail", has_text="And more.").wait_for()
