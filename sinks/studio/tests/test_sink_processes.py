"""Processes that end, fork and report concurrently."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest
from fake_studio import TOKEN

PRELUDE = """
    import modelstream
    from modelstream import Message, Outcome
    from modelstream.snapshot import whole

    modelstream.init(sinks=["studio"], project="tests", name="reporting")
    (sink,) = modelstream.program.current_sinks()

    def say(name, text):
        modelstream.show(text, name=name)
"""


def program(studio, code):
    """Starts a process that reports to this Studio; the code can call `say`."""
    environment = {**os.environ, "MODELSTREAM_STUDIO": studio.url, "MODELSTREAM_STUDIO_TOKEN": TOKEN}
    source = textwrap.dedent(PRELUDE) + textwrap.dedent(code)
    return subprocess.Popen(
        [sys.executable, "-c", source],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(studio, code):
    """Runs such a process, which must succeed, and returns its standard error."""
    process = program(studio, code)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    return errors


def test_all_is_sent_at_the_end_of_a_program(studio):
    assert run(studio, "say('A', 'the last word')") == ""
    assert studio.memory.text_of("A") == "the last word"
    assert studio.memory.kinds()[-1] == "bye"
    (info,) = studio.memory.runs.values()
    assert (info["project"], info["name"], info["program"]) == ("tests", "reporting", "-c")
    assert info["pid"] != os.getpid()


def test_a_sink_passed_to_show_sends_all_at_the_end(studio):
    run(
        studio,
        f"""
        from modelstream_studio import Studio
        modelstream.init(sinks=[])
        modelstream.show("x", name="A", sinks=[Studio(url={studio.url!r})])
        """,
    )
    assert studio.memory.text_of("A") == "x"
    assert studio.memory.is_over("A")


def test_open_messages_are_cancelled_at_the_end(studio):
    run(studio, "m = Message('A'); sink.open(m); sink.write(m, whole('half', last=False))")
    message = studio.memory.message_of("A")
    assert (message.text, message.closes[0]["state"]) == ("half", "cancelled")


def test_a_message_in_an_atexit_callback(studio):
    assert run(studio, "import atexit; atexit.register(say, 'A', 'at exit')") == ""
    assert studio.memory.text_of("A") == "at exit"


def test_a_program_without_a_studio_logs_a_warning_and_ends(studio):
    studio.close()
    errors = run(studio, "say('A', 'text')")
    assert errors.count("Studio at ") == 1
    assert "`modelstream studio` starts it" in errors


def test_a_studio_url_with_a_token(studio):
    run(
        studio,
        f"""
        import os
        os.environ.pop("MODELSTREAM_STUDIO_TOKEN")
        modelstream.init(sinks=[], studio_url="{studio.url}/#publish={TOKEN}")
        say("A", "x")
        """,
    )
    assert studio.memory.text_of("A") == "x"


def test_a_studio_from_the_environment(studio):
    process = program(studio, "modelstream.init(sinks=[]); say('A', 'x')")
    process.communicate(timeout=30)
    assert studio.memory.text_of("A") == "x"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
def test_children_of_a_fork_report_separately(studio):
    run(
        studio,
        """
        import os
        say("parent", "before")
        m = Message("open")
        sink.open(m)
        children = []
        for number in range(3):
            pid = os.fork()
            if not pid:
                sink.write(m, whole("not mine", last=False))
                say(f"child{number}", "x" * 1000)
                raise SystemExit
            children.append(pid)
        for pid in children:
            assert os.waitpid(pid, 0)[1] == 0
        sink.write(m, whole("mine", last=False))
        say("parent after", "after")
        """,
    )
    memory = studio.memory
    assert len(memory.frames) == 4
    assert len({run["pid"] for run in memory.runs.values()}) == 4
    assert len({run["id"] for run in memory.runs.values()}) == 1
    assert [memory.text_of(f"child{number}") for number in range(3)] == ["x" * 1000] * 3
    assert memory.text_of("open") == "mine"
    assert memory.text_of("parent after") == "after"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_of_multiprocessing_send_all_at_their_end(studio, tmp_path, method):
    script = tmp_path / "several.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import multiprocessing
            import modelstream

            def work(name):
                modelstream.show("done", name=name)

            if __name__ == "__main__":
                modelstream.init(sinks=["studio"])
                modelstream.show("x", name="parent")
                context = multiprocessing.get_context({method!r})
                processes = [context.Process(target=work, args=(f"child{{n}}",)) for n in range(2)]
                for process in processes:
                    process.start()
                for process in processes:
                    process.join()
                    assert process.exitcode == 0
            """
        )
    )
    environment = {**os.environ, "MODELSTREAM_STUDIO": studio.url, "MODELSTREAM_STUDIO_TOKEN": TOKEN}
    done = subprocess.run(
        [sys.executable, str(script)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [studio.memory.is_over(name) for name in ("parent", "child0", "child1")] == [True] * 3


def test_two_concurrent_processes(studio):
    code = "for n in range(500): say(f'NAME{n}', f'{n} ' * 10)"
    processes = [program(studio, code.replace("NAME", name)) for name in "AB"]
    for process in processes:
        assert process.communicate(timeout=50)
        assert process.returncode == 0
    memory = studio.memory
    assert [memory.text_of(f"{name}{n}") for name in "AB" for n in range(500)] == [
        f"{n} " * 10 for n in [*range(500)] * 2
    ]
    assert all(len(message.closes) == 1 for message in memory.messages.values())


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_killed_process_has_reported_all_but_the_last_moment(studio):
    process = program(
        studio,
        """
        m = Message("A")
        sink.open(m)
        sink.write(m, whole("so far", last=False))
        import time
        time.sleep(60)
        """,
    )
    studio.memory.wait_for(lambda: studio.memory.text_of("A") == "so far")
    process.kill()
    process.communicate()
    assert not studio.memory.is_over("A")
