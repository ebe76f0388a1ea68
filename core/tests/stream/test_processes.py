"""Real processes: Ctrl-C as the terminal sends it, an exit in the middle of a stream, a fork."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent, indent

import pytest
from reading import ALL_FOUR
from scripted import LIMIT

HERE = Path(__file__).parent

BEGIN = """
import asyncio, os, sys, threading, time
from scripted import AsyncScripted, Gate, SyncScripted
from modelstream.deltas import Finish
from modelstream.errors import StreamCancelledError

def say(*words):
    print(*words, flush=True)

class AnnouncedGate(Gate):
    def __call__(self, request):
        say("waiting")
        super().__call__(request)

    async def wait(self, request):
        say("waiting")
        await super().wait(request)

def report_end(model):
    for name in ("cancelled", "closed"):
        say(name if getattr(model, name).wait(5) else f"not {name}")

model = {wrapper}(["a", AnnouncedGate(), "b", Finish()])
response = None
"""

every_way = pytest.mark.parametrize(
    ("wrapper", "is_async"), [(w.__name__, a) for w, a in ALL_FOUR.values()], ids=list(ALL_FOUR)
)


@contextmanager
def child(source: str, wrapper: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that runs `source` after `BEGIN`."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, sys.path)])}
    code = BEGIN.replace("{wrapper}", wrapper) + dedent(source)
    process = subprocess.Popen(
        [sys.executable, "-X", "dev", "-c", code],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_loop(is_async: bool, body: str) -> str:
    """The program that calls, reads and runs `body` for each text; `AFTER` prints what follows a Ctrl-C."""
    if not is_async:
        return dedent("""
            def main():
                global response
                response = model("hi")
                for last, text in response.stream:
            {body}
            start = main
        """).replace("{body}", indent(dedent(body), " " * 8))
    return dedent("""
        async def main():
            global response
            response = await model.acall("hi")
            async for last, text in response.stream:
        {body}
        start = lambda: asyncio.run(main())
    """).replace("{body}", indent(dedent(body), " " * 8))


def lines_until_exit(process: subprocess.Popen[str]) -> list[str]:
    out, err = process.communicate(timeout=LIMIT)
    # Development mode reports slow callbacks, and importing is one.
    assert [line for line in err.splitlines() if not line.startswith("Executing <")] == []
    return out.splitlines()


AFTER = """
since = 0.0
try:
    start()
except KeyboardInterrupt:
    say("interrupted")
    report_end(model)
    say(type(response.error).__name__, response.partial_text)
"""


@every_way
def test_ctrl_c_while_a_delta_is_awaited_ends_the_call(wrapper: str, is_async: bool) -> None:
    with child(read_loop(is_async, "say(text)") + AFTER, wrapper) as process:
        assert [process.stdout.readline().strip() for _ in range(2)] in (["a", "waiting"], ["waiting", "a"])
        time.sleep(0.05)  # for the reader to be where it waits
        process.send_signal(signal.SIGINT)
        since = time.monotonic()
        assert lines_until_exit(process) == ["interrupted", "cancelled", "closed", "StreamCancelledError a"]
        assert time.monotonic() - since < 3  # no thread of ours delays the exit


@every_way
def test_ctrl_c_while_the_call_starts_ends_it(wrapper: str, is_async: bool) -> None:
    source = """
        model.scripts = [[AnnouncedGate()]]
        try:
            start()
        except KeyboardInterrupt:
            say("interrupted")
            report_end(model)
    """
    with child(read_loop(is_async, "say(text)") + dedent(source), wrapper) as process:
        assert process.stdout.readline().strip() == "waiting"
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert lines_until_exit(process) == ["interrupted", "cancelled", "closed"]


@every_way
def test_ctrl_c_while_the_reader_works_ends_the_call_with_the_response(wrapper: str, is_async: bool) -> None:
    source = """
        try:
            start()
        except KeyboardInterrupt:
            say("interrupted")
        response = None
        if sys.version_info >= (3, 13):  # whose asyncio.run leaves the generator that it closed in a cycle
            import gc
            gc.collect()
        report_end(model)
    """
    body = """
        say("working")
        while True:
            WAIT
    """.replace("WAIT", "await asyncio.sleep(0.01)" if is_async else "time.sleep(0.01)")
    with child(read_loop(is_async, body) + dedent(source), wrapper) as process:
        while process.stdout.readline().strip() != "working":
            pass
        process.send_signal(signal.SIGINT)
        assert [line for line in lines_until_exit(process) if line != "waiting"] == [
            "interrupted",
            "cancelled",
            "closed",
        ]


@every_way
@pytest.mark.parametrize("how", ["return", "sys.exit(0)", "break"])
def test_an_exit_in_the_middle_of_a_stream_is_quiet(wrapper: str, is_async: bool, how: str) -> None:
    """Nothing on stderr, not even in development mode, and nothing that has to be waited for."""
    body = f"""
        say(text)
        {how}
    """
    with child(read_loop(is_async, body) + "\nstart()\nkept = response\n", wrapper) as process:
        since = time.monotonic()
        assert "a" in lines_until_exit(process)
        assert process.returncode == 0
        assert time.monotonic() - since < 5


@every_way
def test_an_exit_while_another_thread_reads_is_quiet(wrapper: str, is_async: bool) -> None:
    source = """
        thread = threading.Thread(target=start, daemon=True)
        thread.start()
        while not (response is not None and response.partial_text and model.requests):
            time.sleep(0.01)
        time.sleep(0.05)
    """
    with child(read_loop(is_async, "say(text)") + dedent(source), wrapper) as process:
        assert "a" in lines_until_exit(process)
        assert process.returncode == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@every_way
def test_a_fork_after_a_call_can_call_again(wrapper: str, is_async: bool) -> None:
    """Threads don't survive a fork; what they did for the parent, new ones do for the child."""
    source = """
        import warnings; warnings.simplefilter("ignore")
        model.scripts = [["a", Finish()]]
        model2 = {wrapper}([AnnouncedGate()], first_delta_timeout=0.2, max_retries=0)
        start()
        child = os.fork()
        if not child:
            start()
            try:
                model2("hi")
            except Exception as error:
                say(type(error).__name__)
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(child, 0)
    """.replace("{wrapper}", wrapper)
    with child(read_loop(is_async, "say(last)") + dedent(source), wrapper) as process:
        assert lines_until_exit(process) == [
            "False",
            "True",
            "False",
            "True",
            "waiting",
            "StreamTimeoutError",
        ]
