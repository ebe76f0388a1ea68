"""Messages of programs are shown while they stream, complete and in order."""

from __future__ import annotations

import threading
import time


def normal(text):
    return " ".join(text.split())


def text_of(page, speech):
    # Not inner_text(), because elements outside of the viewport have no layout.
    blocks = "e => [...e.children].map(child => child.textContent).join(' ')"
    return normal(page.locator(f"{speech.article} .prose").evaluate(blocks))


def link_to(studio, program):
    return f"{studio.link}&run={program.run}"


def open_tab(tab, studio, program):
    """A tab that shows the run before its first message."""
    program.report()
    return tab(link_to(studio, program))


def test_a_message_is_shown_while_it_streams(server, program, tab):
    reporter = program(server)
    speech = reporter.speak("Poet")
    page = tab(link_to(server, reporter))
    page.wait_for_selector(f"{speech.article}[data-state=live][aria-busy=true]")
    for word in ("Roses ", "are ", "red"):
        speech.write(word)
        page.locator(f"{speech.article} .tail", has_text=word.strip()).wait_for()
    assert text_of(page, speech) == "Roses are red"
    speech.end()
    page.wait_for_selector(f"{speech.article}[data-state=complete][aria-busy=false]")
    assert text_of(page, speech) == "Roses are red"


def test_twenty_concurrent_messages_are_whole_and_in_order(server, program, tab):
    reporter = program(server, "twenty")
    page = open_tab(tab, server, reporter)
    speeches = [reporter.speak(f"Agent {n}") for n in range(20)]
    words = [f"word{n} " for n in range(40)] + ["\n\n**done**\n"]
    for word in words:
        reporter.report(*(speech.text_frame(f"{word}") for speech in speeches))
    for speech in speeches:
        speech.end()
    for speech in speeches:
        page.wait_for_selector(f"{speech.article}[data-state=complete]")
    shown = page.locator(".message").evaluate_all("all => all.map(one => one.id)")
    assert shown == [f"m-{speech.id}" for speech in speeches]
    expected = normal("".join(words).replace("*", ""))
    assert [text_of(page, speech) for speech in speeches] == [expected] * 20


RICH = """# Überschrift

Text with *stress*, `code`, [a link](https://example.org/a?b=c&d=e) and
漢字かな交じり文, 한국어, العربية, 👩‍🔬🏳️‍🌈.

1. one
2. two
   - inner

```python
def hello(name: str) -> str:
    return f"Hallo {name} <b>&amp;</b>"  # 注釈
```

| a | b |
|---|---|
| 1 | 2 |

> quoted

The end."""


def test_markdown_looks_the_same_streamed_and_reloaded(server, program, tab):
    reporter = program(server, "rich")
    page = open_tab(tab, server, reporter)
    speech = reporter.speak("Writer")
    for start in range(0, len(RICH), 7):
        speech.write(RICH[start : start + 7])
    speech.end()
    page.wait_for_selector(f"{speech.article}[data-state=complete]")
    prose = page.locator(f"{speech.article} .prose")
    streamed = prose.inner_html()
    page.reload()
    page.wait_for_selector(f"{speech.article}[data-state=complete]")
    assert prose.inner_html() == streamed
    assert prose.locator("h1").inner_text() == "Überschrift"
    assert prose.locator("a").get_attribute("href") == "https://example.org/a?b=c&d=e"
    assert prose.locator("li li").inner_text() == "inner"
    assert prose.locator(".table td").all_inner_texts() == ["1", "2"]
    code = prose.locator("pre")
    assert 'return f"Hallo {name} <b>&amp;</b>"  # 注釈' in code.inner_text()
    assert code.locator(".kn, .k").count() > 0
    assert "漢字かな交じり文, 한국어, العربية, 👩‍🔬🏳️‍🌈" in prose.inner_text()


def test_code_is_copied_as_it_was_written(server, program, tab):
    reporter = program(server, "copy")
    source = "for x in range(3):\n    print(f'<{x}>')\n"
    speech = reporter.speak("Coder").write(f"```python\n{source}```\n").end()
    page = tab(link_to(server, reporter))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(f"{speech.article} .copy").click()
    page.locator(f"{speech.article} .copy", has_text="Copied").wait_for()
    assert page.evaluate("() => navigator.clipboard.readText()") == source


def test_a_hundred_thousand_characters(server, program, tab):
    reporter = program(server, "long")
    page = open_tab(tab, server, reporter)
    speech = reporter.speak("Novelist")
    paragraph = "It was a dark and stormy night; the rain fell in torrents. " * 8 + "\n\n"
    text = "".join(f"{n}. {paragraph}" if n % 9 else f"## Chapter {n}\n\n{paragraph}" for n in range(220))
    assert len(text) > 100_000
    for start in range(0, len(text), 997):
        speech.write(text[start : start + 997])
    speech.end()
    page.wait_for_selector(f"{speech.article}[data-state=complete]")
    streamed = page.locator(f"{speech.article} .prose").inner_html()
    assert streamed.count("dark and stormy") == text.count("dark and stormy")
    page.reload()
    page.wait_for_selector(f"{speech.article}[data-state=complete]")
    assert page.locator(f"{speech.article} .prose").inner_html() == streamed


def test_reasoning_is_folded_and_tool_calls_are_shown_while_they_stream(server, program, tab):
    reporter = program(server, "thinking")
    page = open_tab(tab, server, reporter)
    speech = reporter.speak("Thinker").reason("First ").reason("things first.")
    thoughts = page.locator(f"{speech.article} .thoughts")
    thoughts.wait_for(state="attached")
    assert not thoughts.is_visible()
    page.locator(f"{speech.article} .reasoning summary").click()
    page.locator(f"{speech.article} .thoughts", has_text="First things first.").wait_for()
    speech.write("So:")
    speech.call("run_python", '{"code": "a = 1\\npr')
    tool = page.locator(f"{speech.article} .tool")
    tool.locator("pre", has_text="pr").wait_for()
    assert tool.locator("pre").inner_text() == '{\n  "code": "a = 1\n  pr'
    speech.call("run_python", 'int(\\"\\u00e9\\")", "n": [1, {}]}')
    speech.end(finish_reason="tool_calls")
    page.wait_for_selector(f"{speech.article}[data-state=complete]")
    assert tool.locator("pre").inner_text() == (
        '{\n  "code": "a = 1\n  print("é")",\n  "n": [\n    1,\n    {}\n  ]\n}'
    )
    assert tool.locator(".tool-name").inner_text() == "run_python"
    assert "calls tools" in page.locator(f"{speech.article} .figures").inner_text()


def test_states_and_figures_of_messages(server, program, tab):
    from modelstream_studio.frames import Counts, Failure

    reporter = program(server, "ends")
    at = time.time() - 60
    good = reporter.speak("Good", at=at).write("All of it.")
    good.end(usage=Counts(input_tokens=1200, output_tokens=100), at=at + 5, first_at=at + 1)
    bad = reporter.speak("Bad").write("Only a p")
    bad.end("failed", error=Failure("ConnectionLostError", "The line went dead."))
    stopped = reporter.speak("Stopped").write("Not al")
    stopped.end("cancelled")
    page = tab(link_to(server, reporter))
    figures = page.locator(f"{good.article} .figures").inner_text()
    for words in ("1 s to first token", "25 tokens/s", "1,200 in, 100 out", "5 s"):
        assert words in figures
    assert page.locator(f"{bad.article}[data-state=failed] .trouble").inner_text() == (
        "ConnectionLostError The line went dead."
    )
    assert text_of(page, bad) == "Only a p"
    assert "Stopped" in page.locator(f"{stopped.article}[data-state=cancelled] .figures").inner_text()
    totals = normal(page.locator("#totals").inner_text())
    assert "tokens in 1,200" in totals
    assert "tokens out 100" in totals


def test_messages_of_a_lost_program_are_cut(server, program, tab):
    reporter = program(server, "dying")
    speech = reporter.speak("Victim").write("I was about to")
    page = tab(link_to(server, reporter))
    page.wait_for_selector(f"{speech.article}[data-state=live]")
    reporter.stop()
    page.wait_for_selector(f"{speech.article}[data-state=cut] .trouble", timeout=25_000)
    assert text_of(page, speech) == "I was about to"
    assert "Lost" in page.locator("#run-facts").inner_text()


def test_the_page_follows_the_end_until_the_user_scrolls_up(server, program, tab):
    reporter = program(server, "following")
    page = open_tab(tab, server, reporter)
    speech = reporter.speak("Talker")
    scroller = page.locator("#scroller")

    def distance():
        return scroller.evaluate("e => e.scrollHeight - e.clientHeight - e.scrollTop")

    def top():
        return scroller.evaluate("e => e.scrollTop")

    def grow(name):
        speech.write(*(f"{name} line {n}\n\n" for n in range(40)), f"{name} is said.\n\n")
        page.locator(f"{speech.article} p", has_text=f"{name} is said.").wait_for(state="attached")

    grow("one")
    page.locator("p", has_text="one is said.").wait_for()
    assert top() > 0
    assert distance() < 40
    page.mouse.move(700, 400)
    page.mouse.wheel(0, -600)
    page.locator("#jump").wait_for()
    before = top()
    grow("two")
    assert abs(top() - before) < 2
    page.locator("#jump").click()
    page.locator("#jump").wait_for(state="hidden")
    assert distance() < 40
    grow("three")
    assert distance() < 40


def test_screen_readers_get_one_line_per_message(server, program, tab):
    reporter = program(server, "quiet")
    page = open_tab(tab, server, reporter)
    page.wait_for_selector("#log[role=log][aria-live=off]")
    speech = reporter.speak("Speaker").write("Much to say.")
    page.locator(f"{speech.article} .tail", has_text="Much").wait_for()
    assert page.locator("[aria-live=polite]#spoken").inner_text() == ""
    speech.end()
    page.locator("#spoken", has_text="Speaker finished.").wait_for(state="attached")


def test_the_first_run_is_shown_automatically(other_server, program, tab):
    page = tab(other_server.link)
    page.wait_for_selector("body[data-view=empty]")
    assert "Nothing has spoken yet" in page.locator("#empty").inner_text()
    reporter = program(other_server, "the first")
    speech = reporter.speak("First").write("Hello.")
    page.locator(f"{speech.article} .prose", has_text="Hello.").wait_for()
    assert page.locator("#run-name").inner_text() == "the first"


def test_older_messages_are_fetched_on_request(server, program, tab):
    from modelstream_studio.frames import Close, Open, Text

    reporter = program(server, "many")
    names = [f"old-{n}" for n in range(310)]
    at = time.time()
    messages = [(Open(m, "Agent", at), Text(m, 0, f"{m}."), Close(m, "complete", at)) for m in names]
    reporter.report(*(frame for message in messages for frame in message))
    page = tab(link_to(server, reporter))
    page.locator("#m-old-309").wait_for()
    assert page.locator(".message").count() == 300
    page.locator("#earlier").scroll_into_view_if_needed()
    page.locator("#earlier").click()
    page.locator("#m-old-0").wait_for(state="attached")
    shown = page.locator(".message").evaluate_all("all => all.map(one => one.id)")
    assert shown == [f"m-{m}" for m in names]
    assert not page.locator("#earlier").is_visible()


def test_the_page_is_drawn_while_many_messages_stream(server, program, tab):
    """Frames are still drawn while twenty messages get fifty words a second."""
    reporter = program(server, "rain")
    page = open_tab(tab, server, reporter)
    speeches = [reporter.speak(f"Rain {n}") for n in range(20)]
    stopped = threading.Event()

    def write_words():
        while not stopped.is_set():
            reporter.report(*(speech.text_frame("drop ") for speech in speeches))
            stopped.wait(0.02)

    thread = threading.Thread(target=write_words)
    thread.start()
    try:
        page.locator(f"{speeches[-1].article} .tail", has_text="drop").wait_for()
        drawn = page.evaluate(
            "() => new Promise(done => { let n = 0; const from = performance.now();"
            " const step = () => { n++; performance.now() - from > 2000 ? done(n) : next() };"
            " const next = () => requestAnimationFrame(step); next(); })"
        )
    finally:
        stopped.set()
        thread.join()
    assert drawn > 10


def test_content_that_shrinks_does_not_stop_following(server, program, tab):
    """An open list shrinks when it is rendered, while other messages grow."""
    reporter = program(server, "shrinking")
    speech = reporter.speak("Lister").write("One.")
    page = tab(link_to(server, reporter))
    page.wait_for_selector(speech.article)
    page.evaluate(
        """async () => {
          const frame = () => new Promise(requestAnimationFrame);
          const box = document.createElement("div");
          document.getElementById("log").append(box);
          const scroller = document.getElementById("scroller");
          box.style.height = "5000px";
          scroller.scrollTop = 9999;
          await frame(); await frame();
          box.style.height = "1000px";
          scroller.scrollHeight;
          box.style.height = "5000px";
          await frame(); await frame();
        }"""
    )
    assert not page.locator("#jump").is_visible()
    assert page.locator("#scroller").evaluate("e => e.scrollHeight - e.clientHeight - e.scrollTop") < 40


def test_line_breaks_are_kept(server, program, tab):
    reporter = program(server, "poem")
    poem = "Rain on the roof,\nrain on the road,  \nrain."
    speech = reporter.speak("Poet").write(poem).end()
    page = tab(link_to(server, reporter))
    lines = page.locator(f"{speech.article} .prose p").inner_text().split("\n")
    assert [line.strip() for line in lines] == ["Rain on the roof,", "rain on the road,", "rain."]


def test_the_tail_begins_without_a_blank_line(server, program, tab):
    """There is never an empty line between a closed block and the text after it."""
    reporter = program(server, "open end")
    page = open_tab(tab, server, reporter)
    speech = (
        reporter.speak("Coder").write("```python\nx = 1\n```\n").write("\n").write("\nThen ").write("this")
    )
    tail = page.locator(f"{speech.article} .tail", has_text="Then this")
    tail.wait_for()
    assert tail.text_content() == "Then this"
    speech.write(".\n\n").write("\n```sh\nls").write(" -l")
    page.locator(f"{speech.article} .tail[data-kind=code]", has_text="ls -l").wait_for()
    assert page.locator(f"{speech.article} .fence").text_content() == "```sh\n"
