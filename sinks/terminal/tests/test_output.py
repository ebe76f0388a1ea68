"""The files and pipes that the sink writes to: encodings, limits, and readers that leave."""

from __future__ import annotations

import io
import json
import os
import select
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from modelstream_terminal import TerminalSink
from modelstream_terminal.style import name_color, wants_color

TALKER = Path(__file__).with_name("talker.py")


def pipe_to(environment, reader, commands, tmp_path):
    """Runs `talker | reader` in a shell; the last line of the output has both exit codes."""
    script = tmp_path / "commands"
    script.write_text("".join(json.dumps(command) + "\n" for command in commands))
    return subprocess.run(
        [
            "bash",
            "-c",
            f'"$1" "$2" {{}} < "$3" | {reader}; echo "${{PIPESTATUS[@]}}"',
            "-",
            sys.executable,
            TALKER,
            script,
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )


def test_a_reader_that_ends_early(environment, tmp_path):
    commands = [["Bob", "text", *(f"line {i}\n" for i in range(20_000))], ["Bob", "done"]]
    result = pipe_to(environment, "head -1", commands, tmp_path)
    assert result.stdout == "Bob: line 0\n0 0\n"
    assert result.stderr == "no reader\n"  # the talker ran to its end


def test_a_reader_that_reads_nothing(environment, tmp_path):
    result = pipe_to(environment, "true", [["Bob", "text", "x" * 100_000], ["Bob", "done"]], tmp_path)
    assert result.stdout == "0 0\n"
    assert result.stderr == "no reader\n"


def test_closed_is_true_without_a_reader(talk):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", encoding="utf-8") as file:
        sink = TerminalSink(file=file)
        assert not sink.closed
        talk(sink).text("a", "b").done()
        assert sink.closed


def test_a_full_disk_raises_an_error(talk):
    with Path("/dev/full").open("w", encoding="utf-8") as file:
        try:
            with pytest.raises(OSError, match="No space"):
                talk(TerminalSink(file=file)).text("lost")
        finally:
            os.dup2(os.open(os.devnull, os.O_WRONLY), file.fileno())


def test_a_full_non_blocking_pipe_loses_nothing(talk, monkeypatch):
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    full = threading.Event()
    wait = select.select
    monkeypatch.setattr(select, "select", lambda *files: (full.set(), wait(*files))[1])
    texts = []

    def read():
        full.wait()
        with os.fdopen(reader, encoding="utf-8") as file:
            texts.append(file.read())

    text = "".join(f"{i} ü\n" for i in range(20_000))
    thread = threading.Thread(target=read)
    with os.fdopen(writer, "w", encoding="utf-8") as file:
        thread.start()
        talk(TerminalSink(file=file)).text(text[:100_000], *text[100_000:].splitlines(keepends=True)).done()
        full.set()
    thread.join()
    assert texts == [f"Bob: {text}"]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_characters_that_the_encoding_lacks_are_replaced(talk, encoding):
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    sink = TerminalSink(file=file)
    talk(sink, "B").reasoning("a\nb").call("f", "{}").text("naïve 你 \x1b[2J", "plain").done()
    shown = raw.getvalue().decode(encoding)
    assert shown.startswith("B (thinking): a\nb\nB -> f({})\nB: na")
    assert shown.endswith("ve ? ?[2Jplain\n")


def test_half_a_character_can_be_written(talk):
    raw = io.BytesIO()
    talk(TerminalSink(file=io.TextIOWrapper(raw, encoding="utf-8"))).text("half \ud83d").done()
    assert raw.getvalue().decode() == "Bob: half \ufffd\n"


def test_standard_output_is_looked_up_for_each_write(talk, capsys, monkeypatch):
    sink = TerminalSink()
    talk(sink).text("one").done()
    assert capsys.readouterr().out == "Bob: one\n"
    other = io.StringIO()
    monkeypatch.setattr(sys, "stdout", other)
    talk(sink).text("two").done()
    assert other.getvalue() == "Bob: two\n"


def test_no_standard_output_at_all(talk, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    talk(TerminalSink()).call("f", "{}").text("x").done()


class Tty(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("platform", "environ", "wanted"),
    [
        ("linux", {}, True),
        ("linux", {"NO_COLOR": "1"}, False),
        ("linux", {"TERM": "dumb"}, False),
        ("win32", {}, False),
        ("win32", {"WT_SESSION": "1"}, True),
        ("win32", {"WT_SESSION": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_when_color_is_used(platform, environ, wanted):
    assert wants_color(Tty(), environ, platform) is wanted
    assert not wants_color(io.StringIO(), environ, platform)


def test_a_name_always_has_the_same_one_of_eight_colors():
    assert name_color("Bob") == "\x1b[91m"  # as in AgentScope 0.1
    assert {name_color(str(number)) for number in range(200)} == {f"\x1b[9{digit}m" for digit in range(8)}
