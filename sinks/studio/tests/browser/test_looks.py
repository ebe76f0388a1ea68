"""Themes, narrow screens and the keyboard."""

from __future__ import annotations

import json

import pytest

PHONE = {"width": 390, "height": 844}


def link_to(studio, program):
    return f"{studio.link}&run={program.run}"


def colours(page, selector):
    """The colours of an element's text and background, as sRGB from 0 to 255."""
    return page.locator(selector).first.evaluate(
        """element => {
          const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
          const rgb = colour => {
            canvas.clearRect(0, 0, 1, 1);
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
            return [...canvas.getImageData(0, 0, 1, 1).data];
          };
          let ground = element;
          while (ground.parentElement && rgb(getComputedStyle(ground).backgroundColor)[3] < 255)
            ground = ground.parentElement;
          const under = getComputedStyle(ground).backgroundColor;
          return [rgb(getComputedStyle(element).color).slice(0, 3), rgb(under).slice(0, 3)];
        }"""
    )


def contrast(first, second):
    def luminance(rgb):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_agents_are_legible_and_have_different_colours(server, program, tab, theme):
    from modelstream_studio.frames import Failure

    reporter = program(server, f"colours {theme}")
    speeches = [
        reporter.speak(f"Agent {n}").write("`code` and text, [link](https://example.org)").end()
        for n in range(12)
    ]
    reporter.speak("Bad").write("x").end("failed", error=Failure("ProviderError", "No."))
    reporter.ask("Which?")
    page = tab(link_to(server, reporter), color_scheme=theme)
    page.wait_for_selector(speeches[-1].article)
    pairs = [colours(page, f"{speech.article} .name") for speech in speeches]
    assert len({tuple(text) for text, _ in pairs}) == 12
    places = (
        ".model",
        ".figures span",
        ".prose code",
        ".prose a",
        ".trouble",
        "#run-facts",
        ".question .who b",
    )
    rail = (".run-label", ".run-detail", ".run time", "#totals dt", ".link-state", ".question small")
    pairs += [colours(page, place) for place in (*places, *rail, ".question .button.primary")]
    assert min(contrast(text, under) for text, under in pairs) >= 4.5
    _, paper = colours(page, "#log")
    assert (sum(paper) > 600) == (theme == "light")


def test_the_theme_is_switched_and_stored(server, program, tab):
    reporter = program(server, "themes")
    reporter.speak("Someone")
    page = tab(link_to(server, reporter), color_scheme="light")
    page.wait_for_selector(".message")
    page.keyboard.press("t")
    page.keyboard.press("t")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert sum(colours(page, "#log")[1]) < 150
    page.reload()
    page.wait_for_selector("html[data-theme=dark] .message")
    page.locator("#theme").click()
    assert page.locator("html").get_attribute("data-theme") is None
    assert sum(colours(page, "#log")[1]) > 600


WIDE = (
    "| "
    + " | ".join(f"column {n}" for n in range(12))
    + " |\n"
    + "|---" * 12
    + "|\n"
    + "| value " * 12
    + "|\n"
)
LONG = f"```python\n{'x = ' + 'very_long_name + ' * 30}1\n```\n\n{WIDE}\n\n{'Donaudampfschiff' * 20}\n\n"


def test_nothing_overflows_on_a_phone(server, program, tab):
    reporter = program(server, "a run with a rather long name that goes on and on " * 2)
    speech = reporter.speak("An agent with a long name, too " * 2).reason("h" * 400).write(LONG)
    speech.call("a_tool_of_a_long_name" * 3, json.dumps({"argument": "y" * 300}))
    reporter.ask(
        "W" * 200, {"type": "object", "properties": {"pick": {"enum": ["a" * 30, "b" * 30, "c" * 30]}}}
    )
    page = tab(link_to(server, reporter), viewport=PHONE, has_touch=True, is_mobile=True)
    page.wait_for_selector(f"{speech.article} .table")
    page.wait_for_selector("#dock .question")
    for element in ("html", "#scroller", "#dock", "#run-head"):
        excess = page.locator(element).evaluate("e => e.scrollWidth - e.clientWidth")
        assert excess <= 0, element
    for scrolls in (f"{speech.article} .table", f"{speech.article} pre"):
        room, inside = page.locator(scrolls).first.evaluate("e => [e.clientWidth, e.scrollWidth]")
        assert room < inside, scrolls
    for control in page.locator(".stop, .icon-button, #dock button").all():
        box = control.bounding_box() if control.is_visible() else None
        assert box is None or (box["height"] >= 32 and box["x"] >= 0 and box["x"] + box["width"] <= 390)


def test_the_list_of_runs_is_a_drawer_on_a_phone(server, program, tab):
    reporter, other = program(server, "drawer one"), program(server, "drawer two")
    reporter.speak("First").write("Here.")
    second = other.speak("Second").write("There.")
    page = tab(link_to(server, reporter), viewport=PHONE)
    page.wait_for_selector(".message")
    assert not page.locator("#rail").is_visible()
    page.locator("#menu").click()
    page.locator("#rail").wait_for()
    page.locator(f".run[data-run='{other.run}']").click()
    page.locator("#rail").wait_for(state="hidden")
    page.wait_for_selector(second.article)
    page.locator("#menu").click()
    page.locator("#rail").wait_for()
    page.keyboard.press("Escape")
    page.locator("#rail").wait_for(state="hidden")


def test_keyboard_shortcuts(server, program, tab):
    runs = [program(server, f"keys {n}", project="keyboard") for n in range(3)]
    speeches = [[reporter.speak("Key").write(f"{n}").end() for n in range(3)] for reporter in runs]
    page = tab(link_to(server, runs[2]))
    page.wait_for_selector(speeches[2][2].article)
    page.keyboard.press("/")
    page.keyboard.type("keyboard keys 1")
    page.locator(f".run[data-run='{runs[2].run}']").wait_for(state="detached")
    page.locator(f".run[data-run='{runs[1].run}']").wait_for()
    page.keyboard.press("Escape")
    page.locator(f".run[data-run='{runs[2].run}']").wait_for()
    page.keyboard.press("j")
    page.wait_for_selector(f".run[data-run='{runs[1].run}'][aria-current=true]")
    page.wait_for_selector(speeches[1][0].article)
    page.keyboard.press("k")
    page.wait_for_selector(speeches[2][0].article)
    page.keyboard.press("n")
    page.keyboard.press("n")
    page.wait_for_selector(f"{speeches[2][1].article}:focus")
    page.keyboard.press("p")
    page.wait_for_selector(f"{speeches[2][0].article}:focus")
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("j")
    page.wait_for_selector(f".run[data-run='{runs[2].run}'][aria-current=true]")
    page.keyboard.press("Escape")
    page.locator("#help").wait_for(state="hidden")


def test_the_help_names_every_shortcut():
    import re

    from browser_stage import PAGE

    script = (PAGE / "actions.js").read_text("utf-8")
    actions = re.search(r"const actions = \{(.*?)^  \};", script, re.DOTALL | re.MULTILINE)[1]
    keys = {key.strip('"') for key in re.findall(r'^    ("?[^\s"]"?):', actions, re.MULTILINE)}
    shown = set(re.findall(r"<dt>(.*?)</dt>", (PAGE / "index.html").read_text("utf-8")))
    named = {key for term in shown for key in re.findall(r"<kbd>(.)</kbd>", term)}
    assert len(keys) > 8
    assert keys == named


def test_runs_are_grouped_and_found(server, program, tab):
    finished = program(server, "needle in a haystack", project="group of its own")
    finished.speak("Pathfinder").write("x").end()
    finished.leave()
    live = program(server, "still here", project="group of its own")
    live.speak("Someone").write("y")
    page = tab(link_to(server, live))
    group = page.locator("#runs section", has_text="group of its own")
    group.locator(".run").nth(1).wait_for()
    assert group.locator(".run").count() == 2
    page.wait_for_selector(f".run[data-run='{finished.run}'][data-state=finished]")
    page.wait_for_selector(f".run[data-run='{live.run}'][data-state=live]")
    for words in ("pathfinder", "needle hay", "own haystack"):
        page.locator("#search").fill(words)
        page.locator(f".run[data-run='{live.run}']").wait_for(state="detached")
        assert page.locator(f".run[data-run='{finished.run}']").is_visible()
    page.locator("#search").fill("no such thing anywhere")
    page.locator("#runs .nothing").wait_for()


@pytest.mark.parametrize("kind", ["json", "md"])
def test_a_run_is_saved(server, program, tab, kind):
    reporter = program(server, "Saved: <run>/1")
    reporter.speak("Writer").write("Text with ünïcode.\n\n").end()
    page = tab(link_to(server, reporter))
    page.wait_for_selector(".message")
    page.locator("#export summary").click()
    with page.expect_download() as download:
        page.locator(f"#export [data-format={kind}]").click()
    assert download.value.suggested_filename == f"Saved-run-1.{kind}"
    text = download.value.path().read_text("utf-8")
    if kind == "json":
        assert json.loads(text)["messages"][0]["text"] == "Text with ünïcode.\n\n"
    else:
        assert "Text with ünïcode." in text
