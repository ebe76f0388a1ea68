"""Whole programs: the defaults without `init`, the end of sinks with the program, and forks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import modelstream

CORE = Path(modelstream.__file__).parents[1]

PROLOGUE = """
    import atexit, os, sys, threading, time
    import modelstream
    from modelstream import StreamSink, Finish, ModelWrapper

    def say(*words):  # not print(): a fork takes the lock of sys.stdout along, locked
        os.write(1, (" ".join(map(str, words)) + "\\n").encode())

    class Printing(StreamSink):
        sink_type = "printing"
        def __init__(self, tag="", slow=0.0):
            self.tag, self.slow = tag, slow
            self.busy = threading.Event()
        def say(self, *words): say(self.tag, *words)
        def open(self, message): self.say("open", message.name)
        def write(self, message, snapshot):
            self.busy.set()
            time.sleep(self.slow)
            self.say(snapshot.last, repr(snapshot.delta))
        def close(self, message, outcome): self.say("close", outcome.state)
        def shutdown(self): self.say("shutdown")

    class Inline(Printing):
        delivery = "inline"

    class Hanging(Printing):
        def write(self, message, snapshot): threading.Event().wait()

    class HangingAtTheEnd(Printing):
        def shutdown(self): threading.Event().wait()
"""


@pytest.fixture
def run(tmp_path):
    """Runs a program to its end; gives the lines of its output, and its errors."""

    def run(code, **environment):
        path = os.pathsep.join([str(tmp_path / "site"), str(CORE)])
        done = subprocess.run(
            # Since 3.12 a fork of a program with threads brings a warning.
            [sys.executable, "-W", "ignore::DeprecationWarning", "-c", dedent(PROLOGUE) + dedent(code)],
            env={**os.environ, "PYTHONPATH": path, **environment},
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines(), done.stderr

    return run


@pytest.fixture
def install(tmp_path):
    """Puts a distribution `modelstream-terminal` with this module before all installed ones."""

    def install(source):
        info = tmp_path / "site" / "modelstream_terminal-9.9.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: modelstream-terminal\nVersion: 9.9\n")
        (info / "entry_points.txt").write_text("[modelstream.sinks]\nterminal = our_terminal:Terminal\n")
        (tmp_path / "site" / "our_terminal.py").write_text(dedent(source))

    return install


TERMINAL = """
    from modelstream import StreamSink

    class Terminal(StreamSink):
        delivery = "inline"
        def write(self, message, snapshot): print("terminal:", snapshot.delta)
        def shutdown(self): print("terminal ends")
"""


# Without init


def test_without_init_it_is_the_terminal(install, run):
    install(TERMINAL)
    assert run("modelstream.show('Hello')")[0] == ["terminal: Hello", "terminal: ", "terminal ends"]
    assert run("modelstream.init(); modelstream.show('Hello')")[0] == [
        "terminal: Hello",
        "terminal: ",
        "terminal ends",
    ]


def test_a_blocked_terminal_is_not_used(install, run):
    install(TERMINAL)
    assert run("modelstream.show('Hello')", MODELSTREAM_BLOCK="terminal") == ([], "")


def test_a_terminal_that_does_not_load_is_logged_once_and_affects_nothing_else(install, run):
    install("import not_there_at_all")
    output, errors = run("modelstream.show('Hello'); modelstream.show('Hello'); print('on it goes')")
    assert output == ["on it goes"]
    assert errors.count("the sink 'terminal' is not used") == 1
    assert "not_there_at_all" in errors


def test_the_environment_may_set_a_studio(install, run):
    install(TERMINAL)
    code = """
        class Studio(Inline):
            sink_type = "studio"
            def __init__(self, url): super().__init__(url)
        modelstream.register(Studio, exist_ok=True)
        modelstream.show("Hello")
    """
    output = run(code, MODELSTREAM_STUDIO="http://127.0.0.1:5000")[0]
    assert "terminal: Hello" in output
    assert "http://127.0.0.1:5000 False 'Hello'" in output


# The end of the program


def test_the_end_of_the_program_waits_for_sinks(run):
    output, errors = run("""
        modelstream.init(sinks=[Printing("slow", 0.3), Inline("quick")])
        from modelstream.showing.broadcast import Broadcast
        from modelstream.snapshot import whole
        from modelstream import Message, Outcome
        broadcast = Broadcast(Message("Bob"), modelstream.program.current_sinks())
        broadcast.write(whole("Hello", False))
        broadcast.close(Outcome("complete", "stop"))
    """)
    assert [line for line in output if line.startswith("slow")] == [
        "slow open Bob",
        "slow False 'Hello'",
        "slow close complete",
        "slow shutdown",
    ]
    assert [line for line in output if line.startswith("quick")][-1] == "quick shutdown"
    assert not errors


def test_a_message_that_is_open_at_the_end_is_closed(run):
    output, _ = run("""
        from modelstream.showing.broadcast import Broadcast
        from modelstream import Message
        modelstream.init(sinks=[Printing("background"), Inline("inline")])
        broadcast = Broadcast(Message("Bob"), modelstream.program.current_sinks())
    """)
    for tag in ("background", "inline"):
        assert [line for line in output if line.startswith(tag)] == [
            f"{tag} open Bob",
            f"{tag} close cancelled",
            f"{tag} shutdown",
        ]


@pytest.mark.parametrize("sink", ["Hanging", "HangingAtTheEnd"])
def test_a_hanging_sink_delays_the_end_by_one_second(run, sink):
    output, errors = run(f"""
        atexit.register(lambda: say(time.monotonic() - end))
        modelstream.init(sinks=[{sink}("bad"), Printing("good")])
        modelstream.show("Hello")
        modelstream.show("bye", sinks=[{sink}("another"), {sink}("third")])
        end = time.monotonic()
    """)
    assert output[-2] == "good shutdown"
    assert "sink 'printing' did not finish in time: its output may be incomplete" in errors
    assert float(output[-1]) < 1.9


def test_sinks_passed_to_show_are_waited_for_but_not_shut_down(run):
    output, _ = run("""
        sink = Printing("own", 0.3)
        for _ in range(2):
            modelstream.show("Hello", sinks=sink)
    """)
    assert output.count("own close complete") == 2
    assert "own shutdown" not in output


def test_sinks_created_by_show_are_shut_down(run):
    output, _ = run("""
        modelstream.register(Printing)
        modelstream.show("Hello", sinks={"sink_type": "printing", "tag": "brief", "slow": 0.3})
    """)
    assert output[-2:] == ["brief close complete", "brief shutdown"]


def test_something_shown_while_the_program_ends(run):
    output, errors = run("""
        sink = Printing("late")
        modelstream.init(sinks=[])
        atexit.register(lambda: modelstream.show("Hello", sinks=sink))
    """)
    assert output == ["late open assistant", "late False 'Hello'", "late True ''", "late close complete"]
    assert not errors


def test_an_uncaught_error_and_ctrl_c_end_as_well(tmp_path):
    for error in ("ValueError", "KeyboardInterrupt"):
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                dedent(PROLOGUE)
                + "modelstream.init(sinks=Printing())\n"
                + "def generate():\n    yield False, 'Hel'\n"
                + f"    raise {error}\n"
                + "modelstream.show(generate())\n",
            ],
            env={**os.environ, "PYTHONPATH": str(CORE)},
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert done.returncode != 0
        state = "failed" if error == "ValueError" else "cancelled"
        assert done.stdout.split("\n") == [
            " open assistant",
            " False 'Hel'",
            f" close {state}",
            " shutdown",
            "",
        ]


# Forks


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_fork_begins_with_nothing_pending(run):
    output, errors = run("""
        sink = Printing("both", 0.2)
        modelstream.init(sinks=[sink])
        modelstream.show("before")
        sink.busy.clear()
        thread = threading.Thread(target=modelstream.show, args=("parent",))
        thread.start()
        sink.busy.wait()
        if os.fork() == 0:
            modelstream.show("child", name="child")
            modelstream.program.shutdown()
            say("child ends")
            os._exit(0)
        os.wait()
        thread.join()
        say("parent ends")
    """)
    assert not errors
    ends = output.index("child ends"), output.index("parent ends")
    assert ends[0] < ends[1]
    assert [output.count(f"both False {text!r}") for text in ("before", "parent", "child")] == [1, 1, 1]
    assert output.count("both close complete") == 3
    # What the sink holds belongs to the parent.
    assert output.count("both shutdown") == 1
    assert output[-1] == "both shutdown"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_fork_in_the_middle_of_a_message_affects_neither_process(run):
    output, _ = run("""
        sink = Printing("sink")
        sink.queue_limit = 5
        def generate():
            text = ""
            for number in range(200):
                if number == 50 and os.fork() == 0:
                    sink.tag = "child"
                text += "x"
                yield False, text
            yield True, text
        modelstream.show(generate(), sinks=sink)
        say(sink.tag, "ends")
        if sink.tag == "sink": os.wait()
    """)
    assert "sink ends" in output
    assert "child ends" in output
    assert "sink close complete" in output


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_forked_child_of_multiprocessing_lets_its_sinks_finish(run):
    output, errors = run("""
        import multiprocessing

        def work(own):
            sink = Printing("child", 0.2)
            if own:
                modelstream.init(sinks=[sink])
                sink = None
            from modelstream.showing.broadcast import Broadcast
            from modelstream.snapshot import whole
            from modelstream import Message, Outcome
            sinks = modelstream.program.current_sinks() if own else [sink]
            broadcast = Broadcast(Message("Bob"), sinks)
            broadcast.write(whole("Hello", False))
            broadcast.close(Outcome("complete", "stop"))

        modelstream.init(sinks=[Printing("parent")])
        for own in (False, True):
            process = multiprocessing.get_context("fork").Process(target=work, args=(own,))
            process.start()
            process.join()
        """)
    assert not errors
    assert [line for line in output if line.startswith("child")] == [
        *["child open Bob", "child False 'Hello'", "child close complete"] * 2,
        "child shutdown",
    ]
    assert output.count("parent shutdown") == 1


# The start


def test_a_program_that_only_shows_imports_neither_asyncio_nor_pydantic(run):
    output, _ = run("""
        modelstream.init(sinks=[Inline("a"), Printing("b")])
        modelstream.show("Hello")
        print({"asyncio", "pydantic", "modelstream.agents"} & set(sys.modules))
    """)
    assert "set()" in output
