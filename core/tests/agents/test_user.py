"""`UserAgent`: the terminal and the sinks that ask; the first answer wins."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pydantic
import pytest

import modelstream
from modelstream import Msg, UserAgent
from modelstream.agents import UserInputBase, UserInputData, user_input

SRC = Path(modelstream.__file__).parents[1]


@pytest.fixture
def typed(monkeypatch, capsys):
    """`typed("one", "two")`: the lines of the program's standard input."""

    def typed(*lines):
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))

    typed()
    return typed


def asking_sink(sink, do):
    """The program's only sink: one like `sink` that can ask, and calls `do`."""

    class AskingRecorder(type(sink)):
        def ask(self, question):
            self.questions.append(question)
            do(question)

    asking = AskingRecorder()
    asking.questions = []
    modelstream.init(sinks=[asking])
    return asking


def later(action):
    def do(question):
        threading.Thread(target=action, args=(question,)).start()

    return do


def test_what_is_typed_becomes_a_message(typed, sink, capsys):
    typed("Hello, you")
    agent = UserAgent("Ann", input_hint="You: ")
    before = Msg("Bob", "Hi", "assistant")
    msg = agent(before)
    assert (msg.name, msg.role, msg.content, msg.metadata) == ("Ann", "user", "Hello, you", None)
    assert agent.memory.get_memory() == [before, msg]
    assert (sink.only.text, sink.only.message.id) == ("Hello, you", msg.id)
    assert capsys.readouterr().out == "You: "


def test_an_empty_line_is_an_answer(typed, sink):
    typed("")
    assert UserAgent()().content == ""


def test_the_end_of_the_input(typed, sink):
    with pytest.raises(EOFError):
        UserAgent()()
    assert sink.records == []


def test_a_url(typed, sink):
    typed("Look", "https://example.org/cat.png", "Nothing", "")
    agent = UserAgent(require_url=True)
    assert agent().get_content_blocks("image") == [{"type": "image", "url": "https://example.org/cat.png"}]
    assert agent().content == "Nothing"


def test_required_keys(typed, sink):
    typed("Hi", "red", "big")
    assert UserAgent()(required_keys=["color", "size"]).metadata == {"color": "red", "size": "big"}
    typed("Hi", "red")
    assert UserAgent()(required_keys="color").metadata == {"color": "red"}


class Order(pydantic.BaseModel):
    dish: str
    number: int = pydantic.Field(gt=0)
    extras: list[str] = []
    note: str | None = None


def test_structured_output(typed, sink, capsys):
    typed("I'd like", "soup", "0", '["bread"]', "", "2")
    msg = UserAgent()(structured_output=Order)
    assert msg.content == "I'd like"
    assert msg.metadata == {"dish": "soup", "number": 2, "extras": ["bread"], "note": None}
    shown = capsys.readouterr().out
    assert "dish (string): number (integer): extras (array): note: " in shown
    assert "Input should be greater than 0. number (integer): " in shown


def test_structured_output_keeps_text_that_looks_like_a_number(typed, sink):
    typed("Hi", "7", "1", "", "8")
    metadata = UserAgent()(structured_output=Order).metadata
    assert (metadata["dish"], metadata["number"], metadata["note"]) == ("7", 1, "8")


def test_a_custom_input(sink):
    class Form(UserInputBase):
        def __call__(self, agent_id, agent_name, *, structured_schema=None):
            assert structured_schema is Order
            return UserInputData([{"type": "text", "text": f"I am {agent_name}"}], {"dish": "soup"})

    agent = UserAgent("Ann")
    agent.override_input_method(Form())
    msg = agent(structured_output=Order)
    assert (msg.content, msg.metadata) == ("I am Ann", {"dish": "soup"})


@pytest.mark.parametrize("plain", [True, False])
def test_a_custom_input_for_a_class(sink, plain):
    class Child(UserAgent):
        pass

    def answer(agent_id, agent_name, **kwargs):
        return UserInputData([{"type": "text", "text": agent_name}, {"type": "image", "url": "a.png"}])

    Child.override_class_input_method(
        answer if plain else type("F", (), {"__call__": lambda s, *a, **k: answer(*a)})()
    )
    assert len(Child("Ann")().content) == 2
    assert UserAgent._input_method is None


# With sinks that ask


@pytest.fixture
def quiet_stdin(monkeypatch):
    """A standard input without any input yet, and its other end."""
    reader, writer = os.pipe()
    with os.fdopen(reader) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(user_input, "_terminal", user_input._Terminal())
        type_in = os.fdopen(writer, "w", buffering=1)
        yield type_in
        type_in.close()


def test_a_sink_answers_first(sink, quiet_stdin, capsys):
    asking = asking_sink(sink, later(lambda question: question.answer("from afar")))
    msg = UserAgent("Ann", input_hint="You: ")()
    assert msg.content == "from afar"
    (question,) = asking.questions
    assert (question.name, question.prompt) == ("Ann", "You: ")
    assert asking.only.text == "from afar"
    assert capsys.readouterr().out == "You: \n"


def test_a_sink_that_answers_at_once(sink, quiet_stdin):
    asking_sink(sink, lambda question: question.answer("at once"))
    assert UserAgent()().content == "at once"


def test_the_terminal_answers_first(sink, quiet_stdin, capsys):
    asking = asking_sink(sink, later(lambda question: quiet_stdin.write("from here\n")))
    assert UserAgent(input_hint="You: ")().content == "from here"
    assert asking.questions[0].over
    assert capsys.readouterr().out == "You: "


def test_a_pending_read_serves_the_next_question(sink, quiet_stdin):
    agent = UserAgent()
    before = set(threading.enumerate())

    def reading():
        return [thread for thread in set(threading.enumerate()) - before if "terminal" in thread.name]

    asking_sink(sink, later(lambda question: question.answer("from afar")))
    assert agent().content == "from afar"
    (reader,) = reading()
    asking_sink(sink, later(lambda question: quiet_stdin.write("from here\n")))
    assert agent().content == "from here"
    reader.join(10)
    assert reading() == []


def test_after_the_end_of_the_input_the_sinks_may_still_answer(sink, quiet_stdin):
    terminal_done = threading.Event()

    class Watched(user_input._Terminal):
        def _read(self):
            super()._read()
            terminal_done.set()

    user_input._terminal = Watched()

    def answer(question):
        quiet_stdin.close()
        assert terminal_done.wait(10)
        assert not question.over
        question.answer("from afar")

    asking_sink(sink, later(answer))
    assert UserAgent()().content == "from afar"


def test_a_question_that_nothing_can_answer_raises(sink, quiet_stdin):
    def refuse(question):
        quiet_stdin.close()
        raise RuntimeError("no browser")

    asking_sink(sink, refuse)
    with pytest.raises(EOFError, match="Ann: no answer to 'You: ': the input has ended and no sink can ask"):
        UserAgent("Ann", "You: ")()


def test_a_sink_that_cannot_ask_leaves_it_to_the_terminal(sink, quiet_stdin):
    def refuse(question):
        later(lambda _: quiet_stdin.write("from here\n"))(question)
        raise RuntimeError("no browser")

    asking_sink(sink, refuse)
    assert UserAgent()().content == "from here"


# On a real terminal

PROGRAM = """
import signal, sys, threading
import modelstream
from modelstream import UserAgent

class Web(modelstream.StreamSink):
    delivery = "inline"
    def write(self, message, snapshot): pass

if "ask" in sys.argv:
    class Web(Web):
        def ask(self, question):
            question.when_over(lambda: print("web: over", flush=True))
            print("web: asked", flush=True)
            if "answer" in sys.argv:
                question.answer("from afar")

modelstream.init(sinks=[Web()])
user = UserAgent(input_hint="You: ")
try:
    print("got", repr(user().content), flush=True)
except BaseException as error:
    print("raised", type(error).__name__, flush=True)
"""


class Terminal:
    """A program on a pseudo-terminal."""

    def __init__(self, *arguments):
        self._fd, child = pty.openpty()
        environment = {**os.environ, "PYTHONPATH": str(SRC)}
        environment.pop("PYTHONUNBUFFERED", None)
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            stdin=child,
            stdout=child,
            stderr=child,
            env=environment,
            start_new_session=True,
        )
        os.close(child)
        self._read = b""

    @property
    def seen(self):
        return self._read.decode(errors="replace")  # the rest of a character may be on its way

    def until(self, text):
        while text not in self.seen:
            try:
                self._read += os.read(self._fd, 1000)
            except OSError:
                break
        assert text in self.seen

    def type(self, text):
        os.write(self._fd, text.encode())

    def interrupt(self):
        # Again while nothing happens: Python's input() misses a signal just before it begins to read.
        ready = []
        while not ready:
            self.process.send_signal(signal.SIGINT)
            ready, _, _ = select.select([self._fd], [], [], 1)

    def ends(self):
        return self.process.wait(10) == 0

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self._fd)


@pytest.fixture
def on_terminal():
    with contextlib.ExitStack() as stack:
        yield lambda *arguments: stack.enter_context(contextlib.closing(Terminal(*arguments)))


@pytest.mark.parametrize("arguments", [(), ("ask",)])
def test_a_line_on_a_terminal(on_terminal, arguments):
    terminal = on_terminal(*arguments)
    terminal.until("You: ")
    terminal.type("Grüße\n")
    terminal.until("got 'Grüße'\r\n")
    assert terminal.ends()


@pytest.mark.parametrize("arguments", [(), ("ask",)])
def test_ctrl_c_on_a_terminal(on_terminal, arguments):
    terminal = on_terminal(*arguments)
    terminal.until("You: web: asked\r\n" if arguments else "You: ")
    terminal.interrupt()
    terminal.until("\r\nraised KeyboardInterrupt\r\n")
    assert ("web: over" in terminal.seen) == bool(arguments)
    assert terminal.ends()


def test_ctrl_d_on_a_terminal(on_terminal):
    terminal = on_terminal()
    terminal.until("You: ")
    terminal.type("\x04")
    terminal.until("You: \r\nraised EOFError\r\n")
    assert terminal.ends()


def test_the_program_ends_while_the_terminal_is_still_read(on_terminal):
    terminal = on_terminal("ask", "answer")
    terminal.until("got 'from afar'\r\n")
    assert terminal.ends()
    assert "Fatal" not in terminal.seen
    assert "Traceback" not in terminal.seen
