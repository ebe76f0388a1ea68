"""Questions to the user, and messages that the user stops."""

from __future__ import annotations

import contextlib
import threading

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "title": "Your name", "minLength": 2, "maxLength": 40},
        "age": {"type": "integer", "minimum": 18},
        "height": {"type": "number"},
        "news": {"type": "boolean", "title": "Send me news", "default": True},
        "colour": {"enum": ["red", "green", "blue"]},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "address": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        "remark": {"type": "string", "description": "Anything else?"},
    },
    "required": ["name", "age", "colour", "tags", "address"],
}


def link_to(studio, program):
    return f"{studio.link}&run={program.run}"


def test_a_text_is_answered(server, program, tab):
    from modelstream_studio.frames import Answered

    reporter = program(server, "ask text")
    question = reporter.ask("What is your\nquest?")
    page = tab(link_to(server, reporter))
    box = page.locator(f"[id='ask-{question}']")
    assert box.locator(".prompt").inner_text() == "What is your\nquest?"
    assert page.title().startswith("?")
    assert page.locator(f".run[data-run='{reporter.run}'][data-state=waiting]").is_visible()
    box.locator("button[type=submit]").click()
    assert "needed" in box.locator(".field .fault").inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.keyboard.type("To seek the")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("grail")
    page.keyboard.press("Enter")
    assert reporter.answer() == "To seek the\ngrail"
    reporter.report(Answered(question, "To seek the\ngrail"))
    page.locator("#dock").wait_for(state="hidden")
    assert "grail" in page.locator(f"[id='q-{question}']").inner_text()


def test_a_form_shows_errors_and_returns_typed_values(server, program, tab):
    reporter = program(server, "ask form")
    question = reporter.ask("Who are you?", SCHEMA)
    page = tab(link_to(server, reporter))
    box = page.locator(f"[id='ask-{question}']")
    send = box.locator("button[type=submit]")
    send.click()
    assert len([text for text in box.locator(".fault").all_inner_texts() if text]) == 5
    box.get_by_label("Your name").fill("A")
    box.get_by_label("age").fill("17.5")
    box.get_by_label("height").fill("tall")
    send.click()
    faults = " ".join(box.locator(".fault").all_inner_texts())
    for words in ("At least 2 characters", "whole number", "not a number", "Choose one"):
        assert words in faults
    box.get_by_label("Your name").fill("Änne")
    box.get_by_label("age").fill("18")
    box.get_by_label("height").fill("1.75")
    box.get_by_text("green").click()
    box.get_by_label("tags").fill("one\n\n two \n")
    box.get_by_label("city").fill("京都")
    send.click()
    assert reporter.answer() == {
        "name": "Änne",
        "age": 18,
        "height": 1.75,
        "news": True,
        "colour": "green",
        "tags": ["one", "two"],
        "address": {"city": "京都"},
    }


def test_the_first_answer_wins_in_all_tabs(server, program, tab):
    from modelstream_studio.frames import Answered

    reporter = program(server, "ask two")
    question = reporter.ask("Yes or no?")
    first, second = (tab(link_to(server, reporter), expected_errors=["409"]) for _ in range(2))
    for page, word in ((first, "yes"), (second, "no")):
        page.locator("#dock textarea").fill(word)
    first.locator("#dock button[type=submit]").click()
    assert reporter.answer() == "yes"
    reporter.report(Answered(question, "yes"))
    for page in (first, second):
        page.locator("#dock").wait_for(state="hidden")
        assert page.locator(f"[id='q-{question}'] .what").inner_text().endswith("yes")


def test_a_question_that_is_answered_in_the_terminal_disappears(server, program, tab):
    from modelstream_studio.frames import Answered, Withdrawn

    reporter = program(server, "ask elsewhere")
    question, other = reporter.ask("Here?"), reporter.ask("There?")
    page = tab(link_to(server, reporter))
    page.wait_for_selector(f"[id='ask-{other}']")
    page.locator(f"[id='ask-{other}'] textarea").fill("half an ans")
    reporter.report(Answered(question, "over there", elsewhere=True))
    page.locator(f"[id='ask-{question}']").wait_for(state="detached")
    assert page.locator(f"[id='ask-{other}'] textarea").input_value() == "half an ans"
    reporter.report(Withdrawn(other))
    page.locator("#dock").wait_for(state="hidden")


def test_a_question_waits_through_a_restart_of_studio(other_server, program, tab):
    reporter = program(other_server, "ask through")
    question = reporter.ask("Still there?")
    page = tab(link_to(other_server, reporter), expected_errors=["ERR_"])
    page.locator("#dock textarea").fill("I wrote this bef")
    other_server.kill()
    page.locator("#toast").wait_for()
    other_server.start()
    page.locator("#toast").wait_for(state="hidden")
    assert page.locator("#dock textarea").input_value() == "I wrote this bef"
    page.locator("#dock textarea").fill("yes")
    page.locator(f"[id='ask-{question}'] button[type=submit]").click()
    page.locator("#dock button", has_text="Answered").or_(page.locator("#dock[hidden]")).first.wait_for(
        state="attached"
    )
    other_server.kill()
    other_server.start()
    assert reporter.answer(30) == "yes"


def test_a_message_is_stopped_by_button_and_by_key(server, program, tab):
    from modelstream_studio.frames import Cancel

    reporter = program(server, "stop")
    speech, other = (
        reporter.speak("Chatterbox").write("And then, and then"),
        reporter.speak("Other").write("Me too"),
    )
    page = tab(link_to(server, reporter))
    page.locator(f"{speech.article} .stop").click()
    assert reporter.command(Cancel).message == speech.id
    page.locator(f"{speech.article} .stop", has_text="Stopping").wait_for()
    speech.end("cancelled")
    page.wait_for_selector(f"{speech.article}[data-state=cancelled]")
    assert not page.locator(f"{speech.article} .stop").is_visible()
    page.keyboard.press(".")
    assert reporter.command(Cancel).message == other.id


def test_a_program_that_does_not_stop_is_reported(server, program, tab):
    from modelstream_studio.frames import Cancel

    reporter = program(server, "deaf")
    speech = reporter.speak("Deaf").write("On and on")
    page = tab()
    page.clock.install()
    page.goto(link_to(server, reporter))
    page.locator(f"{speech.article} .stop").click()
    page.locator(f"{speech.article} .stop:disabled").wait_for()
    assert reporter.command(Cancel).message == speech.id
    toast = page.locator("#toast", has_text="Deaf has not stopped")
    for _ in range(10):  # the timeout begins when Studio has received the request
        page.clock.run_for(11_000)
        if toast.is_visible():
            break
    assert toast.is_visible()
    assert page.locator(f"{speech.article} .stop").is_enabled()


def test_the_real_sink_is_stopped_from_the_page(server, tab, monkeypatch):
    """The button ends the stream of a model in this process."""
    import modelstream
    from modelstream_studio import Studio

    monkeypatch.setenv("XDG_STATE_HOME", str(server._folder))
    sink = Studio(url=server.url)
    closed = threading.Event()

    class Endless(modelstream.ModelWrapper):
        model_type = "endless_chat"

        def deltas(self, request):
            try:
                while not closed.wait(0.02):
                    yield "word "
            finally:
                closed.set()

    modelstream.init(project="real", name="endless", sinks=[sink])
    response = Endless({"config_name": "endless"})([{"role": "user", "content": "Go"}], stream=True)
    thread = threading.Thread(target=lambda: _show(modelstream, response))
    thread.start()
    try:
        page = tab(server.link)
        page.locator(".run", has_text="endless").click()
        page.locator(".message[data-state=live] .tail", has_text="word").wait_for()
        page.locator(".message .stop").click()
        page.wait_for_selector(".message[data-state=cancelled]")
        assert closed.wait(10)
    finally:
        closed.set()
        thread.join()
        modelstream.init(sinks=[])
        sink.shutdown()


def _show(modelstream, response):
    with contextlib.suppress(modelstream.StreamCancelledError):
        modelstream.show(response)


def test_with_the_watch_token_alone_one_can_neither_answer_nor_stop(server, program, tab):
    reporter = program(server, "watch only")
    question = reporter.ask("May I?")
    speech = reporter.speak("Talker").write("Talk")
    page = tab(f"{server.url}/#watch={server.tokens.watch}&run={reporter.run}")
    page.wait_for_selector(f"[id='ask-{question}']")
    assert page.locator(f"[id='ask-{question}'] .watching").is_visible()
    assert not page.locator(f"[id='ask-{question}'] form").is_visible()
    assert not page.locator(f"{speech.article} .stop").is_visible()
